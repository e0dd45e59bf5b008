/* session.c -- session processes and what they must hear. */
#include "lib/base/must.h"
#include "proc/store/keeper.h"

static struct session **
bucket_of(struct keeper *k, uint32_t account)
{
	return &k->bucket[(account * 0x9e3779b1u) >> 22 & (BUCKETS - 1)];
}

struct session *
session_of(struct channel *c)
{
	return channel_peer(c) == IMAP ? channel_data(c) : NULL;
}

void
session_begin(struct keeper *k, struct channel *c, uint32_t account)
{
	struct session **bucket = bucket_of(k, account), *s;
	uint32_t slot;

	s = pool_take(k->sessions, &slot);
	if (!s) {
		channel_close(&c); /* master limits sessions to fewer */
		return;
	}
	*s = (struct session){ .next = *bucket,
		.link = bucket,
		.channel = c,
		.box = { account, 0 },
		.slot = slot };
	if (*bucket)
		(*bucket)->link = &s->next;
	*bucket = s;
	channel_set_data(c, s);
}

void
session_end(struct keeper *k, struct channel *c)
{
	struct session *s = session_of(c);

	if (!s)
		return;
	*s->link = s->next;
	if (s->next)
		s->next->link = s->link;
	channel_set_data(c, NULL);
	pool_give(k->sessions, s->slot);
}

void
session_changed(void *keeper, struct box b, uint64_t modseq)
{
	struct keeper *k = keeper;

	for (struct session *s = *bucket_of(k, b.account); s; s = s->next) {
		if (s->box.account != b.account ||
			s->box.mailbox != b.mailbox || s->told)
			continue;
		s->changed = k->some_changed = true;
		s->modseq = modseq;
	}
}

static bool
tell(struct session *s)
{
	struct mailbox_changed m = { .head = { .type = MAILBOX_CHANGED },
		.modseq = s->modseq,
		.mailbox = s->box.mailbox };

	if (channel_send(s->channel, &m, -1))
		return false; /* again at the end of the next turn */
	s->changed = false;
	s->told = true;
	return true;
}

void
sessions_tell(struct keeper *k)
{
	if (!k->some_changed)
		return;
	k->some_changed = false;
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct session *s = k->bucket[i]; s; s = s->next)
			if (s->changed && !tell(s))
				k->some_changed = true;
}
