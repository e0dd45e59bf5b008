/* answer.c -- what the store and scan say becomes the engine's answer. */
#include "lib/base/number.h"
#include "proc/imap/imap.h"
#include "sys/fd.h"

#define ROWS_AT_ONCE 128

static void
done(struct imap *i, const struct fault *f)
{
	imap_answer(i->engine, f);
	imap_pump(i);
}

static void
take_done(void *owner, struct channel *c, const void *message, int fd)
{
	const struct store_done *m = message;
	struct imap *i = owner;

	(void)c;
	(void)fd;
	if (ask_is_answered(i, &m->head))
		done(i, fault_row(m->fault));
}

static void
take_added(void *owner, struct channel *c, const void *message, int fd)
{
	const struct store_added *m = message;
	struct imap *i = owner;

	(void)c;
	(void)fd;
	if (!ask_is_answered(i, &m->head))
		return;
	body_close(&i->append);
	if (m->fault) {
		done(i, fault_row(m->fault));
		return;
	}
	imap_answer_uids(i->engine, m->uidvalidity, m->first, m->count);
	imap_pump(i);
}

static void
take_status(void *owner, struct channel *c, const void *message, int fd)
{
	const struct mailbox_told *m = message;
	struct imap *i = owner;
	struct imap_status st = { m->messages, m->unseen, m->uidnext,
		m->uidvalidity };

	(void)c;
	(void)fd;
	if (!ask_is_answered(i, &m->head))
		return;
	if (m->fault) {
		done(i, fault_row(m->fault));
		return;
	}
	imap_answer_status(i->engine, &st);
	imap_pump(i);
}

static struct imap_mailbox
describe(const struct mailbox_row *row)
{
	return (struct imap_mailbox){
		.name = span_at(row->name.octets, row->name.len),
		.exists = row->bits & MAILBOX_EXISTS,
		.subscribed = row->bits & MAILBOX_SUBSCRIBED,
		.has_children = row->bits & MAILBOX_CHILDREN,
	};
}

static const struct fault *
answer_mailboxes(struct imap *i, const struct mailboxes_told *m, int fd)
{
	static struct imap_mailbox rows[ROWS_AT_ONCE];
	size_t size = m->count * sizeof(struct mailbox_row);
	size_t from = imap_asked(i->engine)->cursor, n = 0;
	const struct mailbox_row *all;
	const void *at;

	if (m->fault)
		return fault_row(m->fault);
	if (m->count == 0 || m->count > MAILBOXES_MAX)
		return &fault_ipc_malformed;
	TRY(fd_map_sealed(fd, size, &at));
	all = at;
	while (n < ROWS_AT_ONCE && from + n < m->count) {
		rows[n] = describe(&all[from + n]);
		n++;
	}
	imap_answer_mailboxes(i->engine, rows, n, from + n < m->count);
	fd_unmap(at, size);
	return OK;
}

static void
take_mailboxes(void *owner, struct channel *c, const void *message, int fd)
{
	OWNED(fd_close) int memory = fd;
	const struct mailboxes_told *m = message;
	struct imap *i = owner;
	const struct fault *f;

	(void)c;
	if (!ask_is_answered(i, &m->head))
		return;
	f = answer_mailboxes(i, m, memory);
	if (f)
		imap_answer(i->engine, f);
	imap_pump(i);
}

static void
take_view(void *owner, struct channel *c, const void *message, int fd)
{
	OWNED(fd_close) int memory = fd;
	const struct view_told *m = message;
	struct span keyword[KEYWORDS_MAX];
	struct imap *i = owner;
	struct imap_view view;
	const struct fault *f = fault_row(m->fault);

	(void)c;
	if (!ask_is_answered(i, &m->head))
		return;
	if (!f)
		f = shown_view_map(&i->views, m, memory, &view, keyword);
	if (f) {
		done(i, f);
		return;
	}
	i->mailbox = m->mailbox;
	imap_answer_view(i->engine, &view);
	imap_pump(i);
}

/* The piece that was asked for, or the message found in what came ahead. */
static const struct fault *
answer_fetched(struct imap *i, const struct store_fetched *m, int fd)
{
	const struct imap_ask *ask = imap_asked(i->engine);
	uint32_t what = ask->verb == IMAP_ASK_INDEX ? FETCH_INDEX
						    : FETCH_MESSAGE;
	struct span s;

	if (m->fault)
		return fault_row(m->fault);
	if (m->count == 0 && m->size > 0) { /* store_piece */
		const void *at;

		if (m->size != ask->len)
			return &fault_ipc_malformed;
		TRY(fd_map_sealed(fd, m->size, &at));
		imap_answer_octets(i->engine, span_at(at, m->size));
		fd_unmap(at, m->size);
		return OK;
	}
	TRY(ahead_keep(&i->ahead[what], m, fd, i->mailbox));
	s = ahead_find(&i->ahead[what], i->mailbox, ask->uid);
	if (!span_is_set(s))
		return ask->verb == IMAP_ASK_OCTETS ? ask_piece(i, ask)
						    : &fault_imap_gone;
	if (ask->verb == IMAP_ASK_OCTETS) {
		if (ask->offset > s.len || ask->len > s.len - ask->offset)
			return &fault_imap_gone;
		s = span_at(s.at + ask->offset, ask->len);
	}
	imap_answer_octets(i->engine, s);
	return OK;
}

static void
take_fetched(void *owner, struct channel *c, const void *message, int fd)
{
	OWNED(fd_close) int memory = fd;
	const struct store_fetched *m = message;
	struct imap *i = owner;
	const struct fault *f;

	(void)c;
	if (!ask_is_answered(i, &m->head))
		return;
	f = answer_fetched(i, m, memory);
	if (f)
		imap_answer(i->engine, f);
	imap_pump(i);
}

static void
take_changed(void *owner, struct channel *c, const void *message, int fd)
{
	const struct mailbox_changed *m = message;
	struct imap *i = owner;

	(void)c;
	(void)fd;
	if (m->mailbox != i->mailbox)
		return;
	imap_changed(i->engine);
	imap_pump(i);
}

static void
take_spool(void *owner, struct channel *c, const void *message, int fd)
{
	(void)c;
	append_spool_came(owner, message, fd);
}

static void
take_verdict(void *owner, struct channel *c, const void *message, int fd)
{
	(void)c;
	(void)fd;
	append_verdict_came(owner, message);
}

const struct handlers imap_handlers = {
	.on = {
		[STORE_DONE] = take_done,
		[STORE_ADDED] = take_added,
		[STORE_FETCHED] = take_fetched,
		[MAILBOX_TOLD] = take_status,
		[MAILBOXES_TOLD] = take_mailboxes,
		[MAILBOX_CHANGED] = take_changed,
		[VIEW_TOLD] = take_view,
		[SPOOL_FILE] = take_spool,
		[SCAN_ANSWER] = take_verdict,
	},
};
