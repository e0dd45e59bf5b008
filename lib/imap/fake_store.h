/* fake_store.h -- a store in memory behind a session, for tests and fuzzers.
 *
 * It answers each ask at once, keeps every view that a session may still hold,
 * and checks what session.h promises a host.  Everything is static: one store
 * per program, emptied by fake_open. */
#pragma once

#include "lib/base/must.h"
#include "lib/imap/session.h"
#include "lib/mime/index.h"

#define FAKE_BOXES    16
#define FAKE_MESSAGES 64
#define FAKE_OCTETS   (1 << 20) /* of all messages */
#define FAKE_VIEWS    8

struct fake_message {
	struct span text, blob;
	struct view_entry entry;
	bool gone;
};

struct fake_box {
	uint8_t name[IMAP_NAME_MAX];
	size_t name_len;
	bool exists, subscribed;
	uint32_t uidnext;
	struct fake_message message[FAKE_MESSAGES];
	size_t messages;
};

struct fake_view {
	struct view_entry at[FAKE_MESSAGES];
	bool used;
};

static struct fake {
	struct fake_box box[FAKE_BOXES];
	size_t boxes;
	struct fake_box *selected, *target;
	struct fake_view view[FAKE_VIEWS];
	uint8_t keyword[KEYWORDS_MAX][KEYWORD_LENGTH];
	struct span keyword_name[KEYWORDS_MAX];
	size_t keywords;
	size_t octets_used, append_from;
	struct part parts[64];
	size_t slice; /* at most this many mailboxes in one answer */
	size_t octets_asked;
	unsigned turns; /* of the others */
	unsigned asks, fail; /* every fail-th ask is answered with a fault */
	void (*others)(struct imap_session *s); /* called by SUBSCRIBE */
} fake;

static uint8_t fake_octets_storage[FAKE_OCTETS];
static _Alignas(16) uint8_t fake_session[160 * 1024];

static struct span
fake_name(const struct fake_box *b)
{
	return span_at(b->name, b->name_len);
}

static struct fake_box *
fake_find(struct span name)
{
	for (size_t i = 0; i < fake.boxes; i++)
		if (span_equals(fake_name(&fake.box[i]), name))
			return &fake.box[i];
	return NULL;
}

/* Existing mailboxes stay sorted by name. */
static struct fake_box *
fake_create(struct span name)
{
	struct fake_box *b;

	if (fake.boxes == FAKE_BOXES)
		return NULL;
	for (b = &fake.box[fake.boxes]; b > fake.box &&
		span_compare(fake_name(b - 1), name) > 0; b--)
		*b = b[-1];
	fake.boxes++;
	if (fake.selected >= b)
		fake.selected++;
	memset(b, 0, sizeof *b);
	b->name_len = name.len;
	b->exists = true;
	b->uidnext = 1;
	memcpy(b->name, name.at, name.len);
	return b;
}

static const struct fault *
fake_add(struct fake_box *b, struct span text, uint64_t flags, int64_t idate)
{
	static uint8_t blob[INDEX_MAX];
	struct buf out = BUF(blob);
	struct tree tree = { fake.parts, 0, 64, 0 };
	struct fake_message *m = &b->message[b->messages];

	index_make(text, &tree, &out);
	if (b->messages == FAKE_MESSAGES ||
		out.len > FAKE_OCTETS - fake.octets_used)
		return &fault_storage_full;
	memcpy(fake_octets_storage + fake.octets_used, out.at, out.len);
	m->blob = span_at(fake_octets_storage + fake.octets_used, out.len);
	fake.octets_used += out.len;
	m->text = text;
	m->gone = false;
	m->entry = (struct view_entry){ b->uidnext++, (uint32_t)text.len,
		flags, 1, idate };
	b->messages++;
	return OK;
}

static uint64_t
fake_bits(const struct imap_ask *a)
{
	uint64_t bits = a->flags;

	for (size_t i = 0; i < a->keywords; i++) {
		size_t k = 0;

		while (k < fake.keywords && !span_equals_nocase(a->keyword[i],
			fake.keyword_name[k]))
			k++;
		if (k == KEYWORDS_MAX)
			continue;
		if (k == fake.keywords) {
			MUST(a->keyword[i].len <= KEYWORD_LENGTH);
			memcpy(fake.keyword[k], a->keyword[i].at,
				a->keyword[i].len);
			fake.keyword_name[k] = span_at(fake.keyword[k],
				a->keyword[i].len);
			fake.keywords++;
		}
		bits |= (uint64_t)1 << (FLAG_KEYWORD_0 + k);
	}
	return bits;
}

/* A new view of the selected mailbox; those that nobody holds are reused. */
static void
fake_answer_view(struct imap_session *s)
{
	struct fake_box *b = fake.selected;
	struct imap_view v = { .uidvalidity = 77, .uidnext = b->uidnext,
		.keywords = fake.keywords, .keyword = fake.keyword_name };
	struct fake_view *f = fake.view;
	size_t n = 0;

	while (f < fake.view + FAKE_VIEWS && imap_holds(s, f->at))
		f++;
	MUST(f < fake.view + 4); /* a session holds three at most */
	for (size_t i = 0; i < b->messages; i++)
		if (!b->message[i].gone)
			f->at[n++] = b->message[i].entry;
	v.messages = (struct view){ f->at, n };
	imap_answer_view(s, &v);
}

static struct fake_message *
fake_message_of(uint32_t uid)
{
	struct fake_box *b = fake.selected;
	size_t i = 0;

	/* a session asks for messages of its views only */
	while (i < b->messages && b->message[i].entry.uid != uid)
		i++;
	MUST(i < b->messages);
	return &b->message[i];
}

static void
fake_store_flags(const struct imap_ask *a)
{
	struct fake_box *b = fake.selected;
	uint64_t bits = fake_bits(a);

	for (size_t i = 0; i < b->messages; i++) {
		struct view_entry *e = &b->message[i].entry;

		if (!set_has(&a->set, e->uid))
			continue;
		e->modseq++;
		if (a->how == IMAP_FLAGS_SET)
			e->flags = bits;
		else if (a->how == IMAP_FLAGS_ADD)
			e->flags |= bits;
		else
			e->flags &= ~bits;
	}
}

static void
fake_expunge(const struct imap_ask *a)
{
	struct fake_box *b = fake.selected;

	for (size_t i = 0; i < b->messages; i++)
		if (set_has(&a->set, b->message[i].entry.uid) &&
			(b->message[i].entry.flags & FLAG_DELETED))
			b->message[i].gone = true;
}

static void
fake_copy(struct imap_session *s, const struct imap_ask *a)
{
	struct fake_box *to = fake_find(a->mailbox[0]), *b = fake.selected;
	uint32_t first, count = 0;
	size_t n = b->messages;

	if (!to)
		return imap_answer(s, &fault_mailbox_unknown);
	first = to->uidnext;
	for (size_t i = 0; i < n; i++) {
		struct fake_message *m = &b->message[i];

		if (m->gone || !set_has(&a->set, m->entry.uid))
			continue;
		if (fake_add(to, m->text, m->entry.flags, m->entry.idate_us))
			return imap_answer(s, &fault_storage_full);
		count++;
		if (a->verb == IMAP_ASK_MOVE)
			m->gone = true;
	}
	imap_answer_uids(s, 77, first, count);
}

static void
fake_list(struct imap_session *s, const struct imap_ask *a)
{
	struct imap_mailbox rows[FAKE_BOXES];
	size_t n = 0, max = fake.slice ? fake.slice : FAKE_BOXES;

	for (size_t i = a->cursor; i < fake.boxes && n < max; i++) {
		const struct fake_box *b = &fake.box[i];
		struct span name = fake_name(b), next = SPAN("");

		if (i + 1 < fake.boxes)
			next = fake_name(b + 1);
		rows[n++] = (struct imap_mailbox){ name, b->exists,
			b->subscribed, span_starts(next, name) &&
				next.at[name.len] == '/' };
	}
	imap_answer_mailboxes(s, rows, n, a->cursor + n < fake.boxes);
}

static void
fake_status(struct imap_session *s, const struct imap_ask *a)
{
	struct fake_box *b = fake_find(a->mailbox[0]);
	struct imap_status st = { .uidvalidity = 77 };

	if (!b || !b->exists)
		return imap_answer(s, &fault_mailbox_unknown);
	st.uidnext = b->uidnext;
	for (size_t i = 0; i < b->messages; i++) {
		if (b->message[i].gone)
			continue;
		st.messages++;
		st.unseen += !(b->message[i].entry.flags & FLAG_SEEN);
	}
	imap_answer_status(s, &st);
}

static const struct fault *
fake_name_work(const struct imap_ask *a)
{
	struct fake_box *b = fake_find(a->mailbox[0]);

	switch (a->verb) {
	case IMAP_ASK_CREATE:
		return b ? &fault_mailbox_exists
			: fake_create(a->mailbox[0]) ? OK : &fault_storage_full;
	case IMAP_ASK_DELETE:
		if (!b)
			return &fault_mailbox_unknown;
		if (b == fake.selected)
			return &fault_mailbox_busy;
		memmove(b, b + 1, (size_t)((uint8_t *)&fake.box[--fake.boxes] -
			(uint8_t *)b));
		if (fake.selected > b)
			fake.selected--;
		return OK;
	case IMAP_ASK_RENAME:
		if (!b || fake_find(a->mailbox[1]))
			return b ? &fault_mailbox_exists
				 : &fault_mailbox_unknown;
		memcpy(b->name, a->mailbox[1].at, a->mailbox[1].len);
		b->name_len = a->mailbox[1].len;
		return OK;
	default:
		if (!b)
			return &fault_mailbox_unknown;
		b->subscribed = a->verb == IMAP_ASK_SUBSCRIBE;
		return OK;
	}
}

static const struct fault *
fake_append_octets(const struct imap_ask *a)
{
	if (a->octets.len > FAKE_OCTETS - fake.octets_used)
		return &fault_storage_full;
	memcpy(fake_octets_storage + fake.octets_used, a->octets.at, a->octets.len);
	fake.octets_used += a->octets.len;
	return OK;
}

static void
fake_append_end(struct imap_session *s, const struct imap_ask *a)
{
	struct fake_box *b = fake.target;
	const struct fault *f = fake_add(b,
		span_at(fake_octets_storage + fake.append_from,
			fake.octets_used - fake.append_from),
		fake_bits(a), a->has_date ? a->date.us : 0);

	if (f)
		imap_answer(s, f);
	else
		imap_answer_uids(s, 77, b->uidnext - 1, 1);
}

static void
fake_octets(struct imap_session *s, const struct imap_ask *a)
{
	struct span text = fake_message_of(a->uid)->text;

	MUST(a->len > 0 && a->len <= IMAP_PIECE_MAX && a->offset <= text.len &&
		a->len <= text.len - a->offset);
	fake.octets_asked += a->len;
	imap_answer_octets(s, span_at(text.at + a->offset, (size_t)a->len));
}

static void
fake_select(struct imap_session *s, const struct imap_ask *a)
{
	struct fake_box *b = fake_find(a->mailbox[0]);

	MUST(!fake.selected);
	if (!b || !b->exists)
		return imap_answer(s, &fault_mailbox_unknown);
	fake.selected = b;
	fake_answer_view(s);
}

static void
fake_answer(struct imap_session *s)
{
	const struct imap_ask *a = imap_asked(s);

	if (fake.fail && ++fake.asks % fake.fail == 0 &&
		a->verb != IMAP_ASK_CLOSE)
		return imap_answer(s, &fault_storage_failed);
	switch (a->verb) {
	case IMAP_ASK_CREATE ... IMAP_ASK_UNSUBSCRIBE:
		if (fake.others && a->verb == IMAP_ASK_SUBSCRIBE)
			fake.others(s);
		return imap_answer(s, fake_name_work(a));
	case IMAP_ASK_LIST:
		return fake_list(s, a);
	case IMAP_ASK_STATUS:
		return fake_status(s, a);
	case IMAP_ASK_SELECT:
		return fake_select(s, a);
	case IMAP_ASK_VIEW:
		return fake_answer_view(s);
	case IMAP_ASK_CLOSE:
		fake.selected = NULL;
		return imap_answer(s, OK);
	case IMAP_ASK_INDEX:
		return imap_answer_octets(s, fake_message_of(a->uid)->blob);
	case IMAP_ASK_OCTETS:
		return fake_octets(s, a);
	case IMAP_ASK_STORE:
		fake_store_flags(a);
		return imap_answer(s, OK);
	case IMAP_ASK_EXPUNGE:
		fake_expunge(a);
		return imap_answer(s, OK);
	case IMAP_ASK_COPY:
	case IMAP_ASK_MOVE:
		return fake_copy(s, a);
	case IMAP_ASK_APPEND_BEGIN:
		fake.target = fake_find(a->mailbox[0]);
		fake.append_from = fake.octets_used;
		return imap_answer(s, fake.target ? OK
				: &fault_mailbox_unknown);
	case IMAP_ASK_APPEND_OCTETS:
		return imap_answer(s, fake_append_octets(a));
	case IMAP_ASK_APPEND_END:
		return fake_append_end(s, a);
	case IMAP_ASK_APPEND_DROP:
		return imap_answer(s, OK);
	}
}

/* An empty store with INBOX, and a session that may use everything. */
static struct imap_session *
fake_open(void)
{
	static const struct imap_setup setup = { IMAP_PERMIT_ALL, 100000 };
	struct imap_session *s = (void *)fake_session;

	MUST(imap_session_size() <= sizeof fake_session);
	memset(&fake, 0, sizeof fake);
	fake_create(SPAN("INBOX"));
	imap_session_init(s, &setup);
	return s;
}

/* Run until the client must speak or the session is over; output goes to
 * `out`, at most `piece` octets at a time.  False when it is over, or when
 * `out` is full. */
static bool
fake_run(struct imap_session *s, struct span in, struct buf *out, size_t piece)
{
	for (;;) {
		enum imap_turn turn = imap_run(s, &in);
		struct span text = imap_output(s);

		if (turn == IMAP_ASK)
			fake_answer(s);
		if (turn == IMAP_ASK)
			continue;
		text = span_shift_upto(&text, piece);
		if (!buf_put(out, text))
			return false;
		imap_sent(s, text.len);
		if (imap_output(s).len > 0)
			continue;
		if (turn == IMAP_CLOSE)
			return false;
		if (turn == IMAP_READ) {
			MUST(in.len == 0);
			return true;
		}
	}
}
