/* Keys of SEARCH that need the message: its header, its body in windows, its
 * encoded text parts. */
#include "lib/imap/state.h"

#include "lib/imap/sent.h"

#define WINDOW 65536 /* octets of a message looked at together */

static void
ask_octets(struct imap_session *s, uint64_t at, uint64_t len)
{
	s->ask.offset = at;
	s->ask.len = len;
	ask_host(s, IMAP_ASK_OCTETS, search_step);
}

/* Nothing more can be read of this message: what is unknown is false. */
static void
give_up(struct imap_session *s)
{
	s->search.known = UINT64_MAX;
	search_decided(s, search_judge(s) == SEARCH_TRUE);
}

static void
decide(struct imap_session *s, const struct search_key *k, bool holds)
{
	s->search.known |= (uint64_t)1 << k->slow;
	if (holds)
		s->search.holds |= (uint64_t)1 << k->slow;
}

static bool
contains(struct span in, struct span text)
{
	return text.len == 0 || span_find_nocase(in, text) < in.len;
}

/* The field as it stands, or as people read it. */
static bool
field_contains(struct imap_session *s, struct span value, struct span text)
{
	struct buf *b = &s->search.text;

	if (contains(value, text))
		return true;
	*b = BUF(s->search.text_storage);
	return put_words(b, value) && contains(buf_view(b), text);
}

static bool
header_key(struct imap_session *s, const struct search_key *k,
	struct span header)
{
	struct header_field f;
	unsigned strays = 0;
	struct instant day;

	if (k->op != SEARCH_HEADER_HAS) {
		if (!sent_day(header_find(header, SPAN("Date")), &day))
			return false;
		return k->op == SEARCH_SENT_SINCE ? day.us >= k->day.us
						  : day.us < k->day.us;
	}
	while (header_next(&header, &f, &strays))
		if (span_equals_nocase(f.name, k->name) &&
			field_contains(s, f.value, k->text))
			return true;
	return false;
}

/* Go on with the body, then with its parts, or to the next message when this
 * one is decided. */
static void
read_on(struct imap_session *s)
{
	uint64_t size = s->seen.at[s->search.at].size;
	enum search_value v = search_judge(s);

	if (v != SEARCH_UNKNOWN)
		return search_decided(s, v == SEARCH_TRUE);
	if (s->search.offset >= size) {
		s->search.phase = SEARCH_PARTS;
		s->search.part = 0;
		return ask_host(s, IMAP_ASK_INDEX, search_step);
	}
	s->search.phase = SEARCH_BODY;
	size -= s->search.offset;
	ask_octets(s, s->search.offset, size < WINDOW ? size : WINDOW);
}

static void
take_header(struct imap_session *s)
{
	const struct search_program *p = &s->search_program;

	if (s->got.fault)
		return give_up(s);
	for (size_t i = 0; i < p->keys; i++)
		if (search_is_slow(&p->key[i]) && p->key[i].op < SEARCH_IN_BODY)
			decide(s, &p->key[i],
				header_key(s, &p->key[i], s->got.octets));
	read_on(s);
}

static bool
has_op(const struct search_program *p, enum search_op op)
{
	for (size_t i = 0; i < p->keys; i++)
		if (p->key[i].op == op)
			return true;
	return false;
}

static bool
reads_header(const struct search_program *p)
{
	return has_op(p, SEARCH_HEADER_HAS) || has_op(p, SEARCH_SENT_SINCE) ||
		has_op(p, SEARCH_SENT_BEFORE);
}

static void
take_index(struct imap_session *s)
{
	const struct search_program *p = &s->search_program;
	struct index x;

	if (s->got.fault || index_open(s->got.octets, &x) ||
		x.size != s->seen.at[s->search.at].size)
		return give_up(s);
	s->search.header_len = x.header_len;
	s->search.offset = has_op(p, SEARCH_IN_TEXT) ? 0 : x.header_len;
	if (!reads_header(p) || x.header_len == 0)
		return read_on(s);
	s->search.phase = SEARCH_HEADER;
	ask_octets(s, 0, x.header_len < IMAP_PIECE_MAX ? x.header_len
						       : IMAP_PIECE_MAX);
}

static bool
reads_body(const struct search_key *k)
{
	return k->op == SEARCH_IN_TEXT || k->op == SEARCH_IN_BODY;
}

/* Texts in one window.  The next one begins so that no text can lie across
 * the border unseen. */
static void
take_window(struct imap_session *s)
{
	const struct search_program *p = &s->search_program;
	struct span all = s->got.octets, body = all;
	uint64_t end = s->search.offset + all.len;

	if (s->got.fault)
		return give_up(s);
	if (s->search.offset < s->search.header_len)
		span_shift_upto(&body,
			(size_t)(s->search.header_len - s->search.offset));
	for (size_t i = 0; i < p->keys; i++) {
		const struct search_key *k = &p->key[i];
		struct span in = k->op == SEARCH_IN_TEXT ? all : body;

		if (reads_body(k) && contains(in, k->text))
			decide(s, k, true);
	}
	s->search.offset = end;
	if (end < s->seen.at[s->search.at].size)
		s->search.offset -= SEARCH_NEEDLE;
	read_on(s);
}

/* Read on in the part; at its end look for the next one. */
static void
read_part(struct imap_session *s)
{
	uint64_t left = s->search.end - s->search.offset;

	if (left > 0) {
		s->search.phase = SEARCH_PART;
		return ask_octets(s, s->search.offset,
			left < WINDOW ? left : WINDOW);
	}
	s->search.phase = SEARCH_PARTS;
	ask_host(s, IMAP_ASK_INDEX, search_step);
}

/* The next text part whose encoding hides what it says. */
static void
next_part(struct imap_session *s)
{
	struct search_job *job = &s->search;
	struct index x;

	if (s->got.fault || index_open(s->got.octets, &x) ||
		x.size != s->seen.at[job->at].size)
		return give_up(s);
	while (job->part < x.parts) {
		struct index_part p = index_part(&x, job->part++);

		if (p.kind != INDEX_TEXT || (p.encoding != ENCODING_QP &&
			p.encoding != ENCODING_BASE64))
			continue;
		decoder_init(&job->decoder, p.encoding);
		job->text = BUF(job->text_storage);
		job->offset = p.body_at;
		job->end = (uint64_t)p.body_at + p.body_len;
		return read_part(s);
	}
	give_up(s);
}

/* Look into the decoded text; keep as much as a text may need that goes on. */
static void
look_at_text(struct imap_session *s)
{
	const struct search_program *p = &s->search_program;
	struct buf *b = &s->search.text;

	for (size_t i = 0; i < p->keys; i++)
		if (reads_body(&p->key[i]) &&
			contains(buf_view(b), p->key[i].text))
			decide(s, &p->key[i], true);
	if (b->len > SEARCH_NEEDLE)
		buf_drop(b, b->len - SEARCH_NEEDLE);
}

static void
take_part(struct imap_session *s)
{
	struct span in = s->got.octets;
	enum search_value v;

	if (s->got.fault)
		return give_up(s);
	s->search.offset += in.len;
	while (in.len > 0) {
		decode(&s->search.decoder, &in, &s->search.text);
		look_at_text(s);
	}
	v = search_judge(s);
	if (v != SEARCH_UNKNOWN)
		return search_decided(s, v == SEARCH_TRUE);
	read_part(s);
}

void
search_read(struct imap_session *s)
{
	switch (s->search.phase) {
	case SEARCH_INDEX:
		return take_index(s);
	case SEARCH_HEADER:
		return take_header(s);
	case SEARCH_BODY:
		return take_window(s);
	case SEARCH_PARTS:
		return next_part(s);
	default:
		return take_part(s);
	}
}
