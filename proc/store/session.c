/* session.c -- session processes and what they must hear. */
#include "lib/base/must.h"
#include "proc/store/keeper.h"
#include "sys/fd.h"

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

struct session *
session_asks(struct keeper *k, struct channel *c)
{
	struct session *s = session_of(c);

	k->busy = true;
	if (!s)
		return NULL;
	if (s->turn != k->turn)
		s->asked = 0;
	s->turn = k->turn;
	if (++s->asked == QUESTIONS_MAX) {
		list_append(&k->greedy, &s->greedy);
		channel_pause(c, true);
	}
	return k->store ? s : NULL;
}

void
sessions_go_on(struct keeper *k)
{
	k->turn++;
	EACH_LINK(at, &k->greedy) {
		struct session *s = HOLDER(at, struct session, greedy);

		list_remove(at);
		channel_pause(s->channel, false);
	}
}

void
session_begin(struct keeper *k, struct channel *c, const struct link_given *m)
{
	struct session **bucket = bucket_of(k, m->account), *s = NULL;
	uint32_t slot;

	if (!epochs_ended(&k->epochs, m->account, m->epoch))
		s = pool_take(k->sessions, &slot);
	if (!s) { /* master limits sessions to fewer */
		channel_close(&c);
		return;
	}
	*s = (struct session){ .next = *bucket,
		.link = bucket,
		.channel = c,
		.box = { m->account, 0 },
		.epoch = m->epoch,
		.slot = slot };
	list_init(&s->greedy);
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
	list_remove(&s->greedy);
	*s->link = s->next;
	if (s->next)
		s->next->link = s->link;
	channel_set_data(c, NULL);
	pool_give(k->sessions, s->slot);
}

void
sessions_judge(void *keeper, struct channel *c, const void *message, int fd)
{
	OWNED(fd_close) int table = fd;
	struct keeper *k = keeper;

	(void)c;
	if (epochs_take(&k->epochs, message, table))
		return; /* auth is broken: what it said before holds */
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct session *s = k->bucket[i]; s; s = s->next)
			if (epochs_ended(&k->epochs, s->box.account, s->epoch))
				channel_end(s->channel);
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
