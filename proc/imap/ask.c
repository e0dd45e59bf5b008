/* ask.c -- what the engine asks for becomes a question to the store. */
#include "proc/imap/imap.h"
#include "sys/clock.h"
#include "sys/fd.h"

_Static_assert(sizeof(struct uid_range) == sizeof(struct uid_span),
	"a set is the same array to the engine and to the store");

/* Whole messages are fetched ahead up to this size; larger ones in pieces. */
#define AHEAD_MESSAGE (64u << 10)

struct head
ask_head(struct imap *i, uint32_t type)
{
	i->asked = ++i->serial;
	i->whom = type == SCAN_REQUEST ? i->scan
		: type == SPOOL_WANTED ? i->queue
				       : i->store;
	return (struct head){ .type = type, .serial = i->serial,
		.session = i->session };
}

bool
ask_is_answered(struct imap *i, const struct head *head)
{
	if (i->asked == 0 || head->serial != i->asked)
		return false;
	i->asked = 0;
	return true;
}

/* --- parts of questions -------------------------------------------------- */

static struct mailbox_name
name_of(struct span s)
{
	struct mailbox_name n = { .len = (uint8_t)s.len };

	memcpy(n.octets, s.at, n.len);
	return n;
}

/* Up to STORE_INLINE ranges inside the question, more beside it. */
static FALLIBLE
put_set(struct uid_spans *out, const struct uid_range *at, size_t len, int *fd)
{
	if (len > STORE_RANGES)
		return &fault_imap_too_big;
	out->count = (uint32_t)len;
	if (len > STORE_INLINE)
		return fd_memory_of("uids", span_at(at, len * sizeof *at), fd);
	if (len > 0)
		memcpy(out->at, at, len * sizeof *at);
	return OK;
}

static FALLIBLE
put_keywords(struct keyword_names *out, const struct imap_ask *ask)
{
	_Static_assert(IMAP_NEW_FLAGS <= STORE_KEYWORDS, "all fit");
	for (size_t i = 0; i < ask->keywords; i++) {
		if (ask->keyword[i].len > STORE_KEYWORD)
			return &fault_imap_too_big;
		out->at[i].len = (uint8_t)ask->keyword[i].len;
		memcpy(out->at[i].octets, ask->keyword[i].at,
			ask->keyword[i].len);
	}
	out->count = (uint32_t)ask->keywords;
	return OK;
}

/* --- one function for each question -------------------------------------- */

static FALLIBLE
edit_mailbox(struct imap *i, const struct imap_ask *ask)
{
	static const uint32_t verbs[] = {
		[IMAP_ASK_CREATE] = MAILBOX_CREATE,
		[IMAP_ASK_DELETE] = MAILBOX_DELETE,
		[IMAP_ASK_RENAME] = MAILBOX_RENAME,
		[IMAP_ASK_SUBSCRIBE] = MAILBOX_SUBSCRIBE,
		[IMAP_ASK_UNSUBSCRIBE] = MAILBOX_UNSUBSCRIBE,
	};
	struct mailbox_edit m = { .head = ask_head(i, MAILBOX_EDIT),
		.verb = verbs[ask->verb],
		.name = name_of(ask->mailbox[0]) };

	if (ask->verb == IMAP_ASK_RENAME)
		m.to = name_of(ask->mailbox[1]);
	return channel_send(i->store, &m, -1);
}

static FALLIBLE
list_mailboxes(struct imap *i, const struct imap_ask *ask)
{
	struct plain m = { .head = ask_head(i, MAILBOXES_ASK) };

	(void)ask;
	return channel_send(i->store, &m, -1);
}

static FALLIBLE
ask_by_name(struct imap *i, uint32_t type, struct span name)
{
	struct mailbox_ask m = { .head = ask_head(i, type),
		.name = name_of(name) };

	return channel_send(i->store, &m, -1);
}

static FALLIBLE
ask_status(struct imap *i, const struct imap_ask *ask)
{
	return ask_by_name(i, MAILBOX_STATUS, ask->mailbox[0]);
}

static void
forget_ahead(struct imap *i)
{
	ahead_forget(&i->ahead[FETCH_INDEX]);
	ahead_forget(&i->ahead[FETCH_MESSAGE]);
}

static FALLIBLE
open_mailbox(struct imap *i, const struct imap_ask *ask)
{
	forget_ahead(i);
	return ask_by_name(i, MAILBOX_OPEN, ask->mailbox[0]);
}

static FALLIBLE
ask_view(struct imap *i, uint32_t type)
{
	struct view_ask m = { .head = ask_head(i, type), .mailbox = i->mailbox };

	return channel_send(i->store, &m, -1);
}

static FALLIBLE
view_mailbox(struct imap *i, const struct imap_ask *ask)
{
	(void)ask;
	return ask_view(i, MAILBOX_VIEW);
}

static FALLIBLE
close_mailbox(struct imap *i, const struct imap_ask *ask)
{
	(void)ask;
	forget_ahead(i);
	return ask_view(i, MAILBOX_CLOSE);
}

/* The part of the command's set from `uid` on, as far as it is inline: what
 * will be asked for next. */
static void
set_from(const struct imap_ask *ask, struct uid_spans *out)
{
	out->at[0] = (struct uid_span){ ask->uid, ask->uid };
	out->count = 1;
	for (size_t n = 0; n < ask->set.len; n++) {
		struct uid_range r = ask->set.at[n];

		if (r.last <= ask->uid)
			continue;
		if (r.first <= ask->uid + 1) {
			out->at[0].last = r.last;
			continue;
		}
		if (out->count == STORE_INLINE)
			return;
		out->at[out->count++] = (struct uid_span){ r.first, r.last };
	}
}

static FALLIBLE
fetch(struct imap *i, const struct imap_ask *ask, uint32_t what)
{
	struct store_fetch m = { .head = ask_head(i, STORE_FETCH),
		.mailbox = i->mailbox,
		.what = what };

	set_from(ask, &m.uids);
	return channel_send(i->store, &m, -1);
}

static FALLIBLE
ask_index(struct imap *i, const struct imap_ask *ask)
{
	struct span s = ahead_find(&i->ahead[FETCH_INDEX], i->mailbox, ask->uid);

	if (!span_is_set(s))
		return fetch(i, ask, FETCH_INDEX);
	imap_answer_octets(i->engine, s);
	return OK;
}

FALLIBLE
ask_piece(struct imap *i, const struct imap_ask *ask)
{
	struct store_piece m = { .head = ask_head(i, STORE_PIECE),
		.offset = ask->offset,
		.len = (uint32_t)ask->len,
		.mailbox = i->mailbox,
		.uid = ask->uid };

	return channel_send(i->store, &m, -1);
}

static FALLIBLE
ask_octets(struct imap *i, const struct imap_ask *ask)
{
	struct span s = ahead_find(&i->ahead[FETCH_MESSAGE], i->mailbox,
		ask->uid);

	if (span_is_set(s)) {
		if (ask->offset > s.len || ask->len > s.len - ask->offset)
			return &fault_imap_gone;
		imap_answer_octets(i->engine,
			span_at(s.at + ask->offset, ask->len));
		return OK;
	}
	/* the end of a small message: the rest of the set will be small too */
	if (ask->offset + ask->len > AHEAD_MESSAGE || ask->set.len == 0)
		return ask_piece(i, ask);
	return fetch(i, ask, FETCH_MESSAGE);
}

static FALLIBLE
store_flags(struct imap *i, const struct imap_ask *ask)
{
	static const uint32_t hows[] = {
		[IMAP_FLAGS_SET] = FLAGS_SET,
		[IMAP_FLAGS_ADD] = FLAGS_ADD,
		[IMAP_FLAGS_REMOVE] = FLAGS_REMOVE,
	};
	OWNED(fd_close) int fd = -1;
	struct store_flags m = { .head = ask_head(i, STORE_FLAGS),
		.flags = ask->flags,
		.mailbox = i->mailbox,
		.how = hows[ask->how] };

	TRY(put_set(&m.uids, ask->set.at, ask->set.len, &fd));
	TRY(put_keywords(&m.keywords, ask));
	return channel_send(i->store, &m, fd);
}

static FALLIBLE
expunge(struct imap *i, const struct imap_ask *ask)
{
	OWNED(fd_close) int fd = -1;
	struct store_expunge m = { .head = ask_head(i, STORE_EXPUNGE),
		.mailbox = i->mailbox };

	TRY(put_set(&m.uids, ask->set.at, ask->set.len, &fd));
	return channel_send(i->store, &m, fd);
}

static FALLIBLE
copy(struct imap *i, const struct imap_ask *ask)
{
	OWNED(fd_close) int fd = -1;
	struct store_copy m = { .head = ask_head(i, STORE_COPY),
		.mailbox = i->mailbox,
		.move = ask->verb == IMAP_ASK_MOVE,
		.to = name_of(ask->mailbox[0]) };

	TRY(put_set(&m.uids, ask->set.at, ask->set.len, &fd));
	return channel_send(i->store, &m, fd);
}

static FALLIBLE
begin_append(struct imap *i, const struct imap_ask *ask)
{
	return append_begin(i, ask->len);
}

static FALLIBLE
add_append(struct imap *i, const struct imap_ask *ask)
{
	TRY(body_add(&i->append, ask->octets));
	imap_answer(i->engine, OK);
	return OK;
}

static FALLIBLE
end_append(struct imap *i, const struct imap_ask *ask)
{
	(void)ask;
	return append_end(i);
}

static FALLIBLE
drop_append(struct imap *i, const struct imap_ask *ask)
{
	(void)ask;
	body_close(&i->append);
	imap_answer(i->engine, OK);
	return OK;
}

typedef const struct fault *asker(struct imap *i, const struct imap_ask *ask);

static asker *const askers[] = {
	[IMAP_ASK_CREATE] = edit_mailbox,
	[IMAP_ASK_DELETE] = edit_mailbox,
	[IMAP_ASK_RENAME] = edit_mailbox,
	[IMAP_ASK_SUBSCRIBE] = edit_mailbox,
	[IMAP_ASK_UNSUBSCRIBE] = edit_mailbox,
	[IMAP_ASK_LIST] = list_mailboxes,
	[IMAP_ASK_STATUS] = ask_status,
	[IMAP_ASK_SELECT] = open_mailbox,
	[IMAP_ASK_VIEW] = view_mailbox,
	[IMAP_ASK_CLOSE] = close_mailbox,
	[IMAP_ASK_INDEX] = ask_index,
	[IMAP_ASK_OCTETS] = ask_octets,
	[IMAP_ASK_STORE] = store_flags,
	[IMAP_ASK_EXPUNGE] = expunge,
	[IMAP_ASK_COPY] = copy,
	[IMAP_ASK_MOVE] = copy,
	[IMAP_ASK_APPEND_BEGIN] = begin_append,
	[IMAP_ASK_APPEND_OCTETS] = add_append,
	[IMAP_ASK_APPEND_END] = end_append,
	[IMAP_ASK_APPEND_DROP] = drop_append,
};

FALLIBLE
ask_for(struct imap *i, const struct imap_ask *ask)
{
	const struct fault *f = askers[ask->verb](i, ask);

	if (f)
		i->asked = 0;
	return f;
}
