/* change.c -- what a session asks to change; the answers are held. */
#include "proc/store/keeper.h"
#include "sys/fd.h"

static uint8_t range_room[STORE_RANGES * sizeof(struct uid_span)];

static struct box
box_of(struct channel *c, uint32_t mailbox)
{
	const struct session *s = session_of(c);

	return (struct box){ s->box.account, mailbox };
}

static void
hold_done(struct keeper *k, struct channel *c, const struct head *asked,
	const struct fault *f, uint64_t modseq)
{
	struct store_done m = { .head = *asked,
		.modseq = f ? 0 : modseq,
		.fault = fault_number(f) };

	m.head.type = STORE_DONE;
	answer_hold(k, c, &m, sizeof m);
}

static void
hold_added(struct keeper *k, struct channel *c, const struct head *asked,
	const struct fault *f, struct store_added *m)
{
	if (f)
		*m = (struct store_added){ .fault = fault_number(f) };
	m->head = *asked;
	m->head.type = STORE_ADDED;
	answer_hold(k, c, m, sizeof *m);
}

static FALLIBLE
edit(struct store *s, uint32_t account, const struct mailbox_edit *ask)
{
	struct span name = name_of(&ask->name);

	switch (ask->verb) {
	case MAILBOX_CREATE:
		return store_create(s, account, name);
	case MAILBOX_DELETE:
		return store_delete(s, account, name);
	case MAILBOX_RENAME:
		return store_rename(s, account, name, name_of(&ask->to));
	case MAILBOX_SUBSCRIBE:
	case MAILBOX_UNSUBSCRIBE:
		return store_subscribe(s, account, name,
			ask->verb == MAILBOX_SUBSCRIBE);
	default:
		return &fault_ipc_malformed;
	}
}

void
session_edit(void *keeper, struct channel *c, const void *message, int fd)
{
	const struct mailbox_edit *ask = message;
	struct keeper *k = keeper;

	(void)fd;
	if (session_asks(k, c))
		hold_done(k, c, &ask->head,
			edit(k->store, box_of(c, 0).account, ask), 0);
}

void
session_mark(void *keeper, struct channel *c, const void *message, int fd)
{
	OWNED(fd_close) int memory = fd;
	const struct store_flags *ask = message;
	struct store_marks marks = { (enum flags_how)ask->how, ask->flags,
		&ask->keywords };
	struct keeper *k = keeper;
	struct buf ranges = BUF(range_room);
	const struct fault *f;
	uint64_t modseq = 0;

	if (!session_asks(k, c))
		return;
	f = take_ranges(&ask->uids, memory, &ranges);
	if (!f)
		f = store_mark(k->store, box_of(c, ask->mailbox),
			buf_view(&ranges), &marks, &modseq);
	hold_done(k, c, &ask->head, f, modseq);
}

void
session_expunge(void *keeper, struct channel *c, const void *message, int fd)
{
	OWNED(fd_close) int memory = fd;
	const struct store_expunge *ask = message;
	struct keeper *k = keeper;
	struct buf ranges = BUF(range_room);
	const struct fault *f;
	uint64_t modseq = 0;

	if (!session_asks(k, c))
		return;
	f = take_ranges(&ask->uids, memory, &ranges);
	if (!f)
		f = store_expunge(k->store, box_of(c, ask->mailbox),
			buf_view(&ranges), &modseq);
	hold_done(k, c, &ask->head, f, modseq);
}

void
session_copy(void *keeper, struct channel *c, const void *message, int fd)
{
	OWNED(fd_close) int memory = fd;
	const struct store_copy *ask = message;
	struct keeper *k = keeper;
	struct store_added added = { .count = 0 };
	struct buf ranges = BUF(range_room);
	const struct fault *f;

	if (!session_asks(k, c))
		return;
	f = take_ranges(&ask->uids, memory, &ranges);
	if (!f && ask->move > 1)
		f = &fault_ipc_malformed;
	if (!f)
		f = store_copy(k->store, box_of(c, ask->mailbox),
			buf_view(&ranges), name_of(&ask->to), ask->move,
			&added);
	hold_added(k, c, &ask->head, f, &added);
}

void
session_append(void *keeper, struct channel *c, const void *message, int fd)
{
	OWNED(fd_close) int body = fd;
	const struct store_append *ask = message;
	struct store_message m = { .fd = body,
		.size = ask->size,
		.idate_us = ask->idate_us,
		.verdict = &ask->verdict };
	struct keeper *k = keeper;
	struct store_added added = { .count = 0 };
	const struct fault *f;

	if (!session_asks(k, c))
		return;
	f = store_append(k->store, box_of(c, 0).account, name_of(&ask->to), &m,
		ask->flags, &ask->keywords, &added);
	hold_added(k, c, &ask->head, f, &added);
}
