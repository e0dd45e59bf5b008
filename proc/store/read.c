/* read.c -- what a session asks to see. */
#include "proc/store/keeper.h"
#include "sys/fd.h"
#include "sys/log.h"

/* Answers go out in the order of the questions: what is held goes first. */
static struct session *
begin(struct keeper *k, struct channel *c)
{
	struct session *s = session_asks(k, c);

	if (s && s->held > 0)
		answers_send(k);
	return k->store ? s : NULL; /* it may have failed just now */
}

/* A session that does not read its answers has ended. */
static void
reply(struct channel *c, const void *m, int fd)
{
	if (channel_send(c, m, fd))
		channel_end(c);
}

void
session_list(void *keeper, struct channel *c, const void *message, int fd)
{
	const struct plain *ask = message;
	struct keeper *k = keeper;
	struct session *s = begin(k, c);
	struct mailboxes_told m = { .head = ask->head };
	OWNED(fd_close) int memory = fd;
	const struct fault *f;

	if (!s)
		return;
	m.head.type = MAILBOXES_TOLD;
	f = store_list(k->store, s->box.account, &m, &memory);
	if (f)
		m = (struct mailboxes_told){ .head = m.head,
			.fault = fault_number(f) };
	reply(c, &m, memory);
}

void
session_status(void *keeper, struct channel *c, const void *message, int fd)
{
	const struct mailbox_ask *ask = message;
	struct keeper *k = keeper;
	struct session *s = begin(k, c);
	struct mailbox_told m = { .head = ask->head };
	const struct fault *f;

	(void)fd;
	if (!s)
		return;
	m.head.type = MAILBOX_TOLD;
	f = store_status(k->store, s->box.account, name_of(&ask->name), &m);
	if (f)
		m = (struct mailbox_told){ .head = m.head,
			.fault = fault_number(f) };
	reply(c, &m, -1);
}

static void
send_view(struct keeper *k, struct session *s, const struct head *asked,
	struct box b)
{
	OWNED(fd_close) int memory = -1;
	struct view_told m = { .head = *asked };
	const struct fault *f;

	m.head.type = VIEW_TOLD;
	f = store_view(k->store, b, &m, &memory);
	if (f) {
		m = (struct view_told){ .head = m.head,
			.fault = fault_number(f) };
		fd_close(&memory);
	} else {
		s->box = b;
		s->changed = s->told = false;
	}
	reply(s->channel, &m, memory);
}

void
session_open(void *keeper, struct channel *c, const void *message, int fd)
{
	const struct mailbox_ask *ask = message;
	struct keeper *k = keeper;
	struct session *s = begin(k, c);
	struct mailbox_told status = { 0 };
	struct view_told refused = { .head = ask->head };
	const struct fault *f;
	struct box b;

	(void)fd;
	if (!s)
		return;
	s->box.mailbox = 0;
	f = store_status(k->store, s->box.account, name_of(&ask->name),
		&status);
	b = (struct box){ s->box.account, status.mailbox };
	if (!f) {
		LOG(EV_MAILBOX_OPENED, ask->head.session,
			log_text(name_of(&ask->name)),
			log_number(status.messages));
		send_view(k, s, &ask->head, b);
		return;
	}
	refused.head.type = VIEW_TOLD;
	refused.fault = fault_number(f);
	reply(c, &refused, -1);
}

/* The session's own account, whatever mailbox it names. */
static struct box
box_of(const struct session *s, uint32_t mailbox)
{
	return (struct box){ s->box.account, mailbox };
}

void
session_view(void *keeper, struct channel *c, const void *message, int fd)
{
	const struct view_ask *ask = message;
	struct keeper *k = keeper;
	struct session *s = begin(k, c);

	(void)fd;
	if (s)
		send_view(k, s, &ask->head, box_of(s, ask->mailbox));
}

void
session_close(void *keeper, struct channel *c, const void *message, int fd)
{
	const struct view_ask *ask = message;
	struct keeper *k = keeper;
	struct session *s = begin(k, c);
	struct store_done m = { .head = ask->head };

	(void)fd;
	if (!s)
		return;
	s->box.mailbox = 0;
	s->changed = s->told = false;
	m.head.type = STORE_DONE;
	reply(c, &m, -1);
}

static void
send_fetched(struct channel *c, struct store_fetched *m, const struct fault *f,
	int memory)
{
	m->head.type = STORE_FETCHED;
	if (f)
		*m = (struct store_fetched){ .head = m->head,
			.fault = fault_number(f) };
	reply(c, m, memory);
}

void
session_fetch(void *keeper, struct channel *c, const void *message, int fd)
{
	static uint8_t room[STORE_RANGES * sizeof(struct uid_span)];
	OWNED(fd_close) int ranges_memory = fd, memory = -1;
	const struct store_fetch *ask = message;
	struct keeper *k = keeper;
	struct session *s = begin(k, c);
	struct store_fetched m = { .head = ask->head };
	struct buf ranges = BUF(room);
	const struct fault *f;

	if (!s)
		return;
	f = take_ranges(&ask->uids, ranges_memory, &ranges);
	if (!f && ask->what != FETCH_INDEX && ask->what != FETCH_MESSAGE)
		f = &fault_ipc_malformed;
	if (!f)
		f = store_fetch(k->store, box_of(s, ask->mailbox),
			(enum fetch_what)ask->what, buf_view(&ranges), &m,
			&memory);
	send_fetched(c, &m, f, memory);
}

void
session_piece(void *keeper, struct channel *c, const void *message, int fd)
{
	OWNED(fd_close) int memory = fd;
	const struct store_piece *ask = message;
	struct keeper *k = keeper;
	struct session *s = begin(k, c);
	struct store_fetched m = { .head = ask->head };
	const struct fault *f;

	if (!s)
		return;
	f = store_piece(k->store, box_of(s, ask->mailbox), ask->uid,
		ask->offset, ask->len, &m, &memory);
	send_fetched(c, &m, f, memory);
}
