/* The small parts of lib/imap: names, sets, patterns, words and frames. */
#include "lib/base/test.h"
#include "lib/imap/frame.h"
#include "lib/imap/match.h"
#include "lib/imap/mutf7.h"
#include "lib/imap/sent.h"
#include "lib/imap/set.h"
#include "lib/imap/syntax.h"

static const struct {
	const char *what, *wire, *name;
} names[] = {
	{ "ASCII", "foo", "foo" },
	{ "ampersand", "a&-b", "a&b" },
	{ "one letter", "&AOQ-", "\303\244" },
	{ "RFC 3501 section 5.1.3", "~peter/mail/&U,BTFw-/&ZeVnLIqe-", NULL },
	{ "the same without a home", "mail/&U,BTFw-/&ZeVnLIqe-",
	  "mail/\345\217\260\345\214\227/\346\227\245\346\234\254\350\252\236" },
	{ "outside the first plane", "&2D3eAA-", "\360\237\230\200" },
	{ "INBOX", "inBox", "INBOX" },
	{ "below INBOX", "inbox/a", "INBOX/a" },
	{ "begins as INBOX", "inboxes", "inboxes" },
	{ "no end of the run", "&AOQ", NULL },
	{ "an ASCII letter in a run", "&AGE-", NULL },
	{ "two runs that are one", "&AOQ-&AOQ-", NULL },
	{ "bits that nobody reads", "&AOR-", NULL },
	{ "an octet more", "&AOQA-", NULL },
	{ "half a pair", "&2D0-", NULL },
	{ "a NUL", "&AAA-", NULL },
	{ "a control character", "&AB8-", NULL },
	{ "another one", "&AIU-", NULL },
	{ "a slash in disguise", "&AC8-", NULL },
	{ "8 bit", "\303\244", NULL },
	{ "empty", "", NULL },
	{ "only a slash", "/", NULL },
	{ "slash in front", "/a", NULL },
	{ "slash behind", "a/", NULL },
	{ "nothing between", "a//b", NULL },
	{ "up", "a/../b", NULL },
	{ "here", "a/.", NULL },
	{ "dots in a name", "a..b/...", "a..b/..." },
	{ "star", "a*", NULL },
	{ "percent", "a%", NULL },
	{ "namespace", "#news", NULL },
};

TEST(mailbox_name_has_one_spelling)
{
	uint8_t storage[256];

	EACH_CASE(c, names) {
		struct buf b = BUF(storage);

		CHECK_FAULT(mailbox_name(span_of(c->wire), &b),
			c->name ? OK : &fault_imap_name);
		CHECK_SPAN(buf_view(&b), c->name ? c->name : "");
	}
}

static const struct {
	const char *what, *text;
	uint32_t star;
	const char *want; /* "first-last " for each range */
	const struct fault *fault;
} sets[] = {
	{ "one", "7", 9, "7-7 ", OK },
	{ "range", "2:4", 9, "2-4 ", OK },
	{ "range backwards", "4:2", 9, "2-4 ", OK },
	{ "star", "*", 9, "9-9 ", OK },
	{ "to the star", "12:*", 9, "9-12 ", OK },
	{ "in order", "5,1,3", 9, "1-1 3-3 5-5 ", OK },
	{ "touching", "1:2,3,4:5", 9, "1-5 ", OK },
	{ "overlapping", "1:5,3:9,2", 9, "1-9 ", OK },
	{ "the gap is filled", "1,3,2", 9, "1-3 ", OK },
	{ "all", "1:4294967295", 9, "1-4294967295 ", OK },
	{ "IM-D06 the last twice", "4294967295,4294967295:1", 9,
	  "1-4294967295 ", OK },
	{ "the last first", "4294967295,1", 9,
	  "1-1 4294967295-4294967295 ", OK },
	{ "IM-D06 zero", "0", 9, "", &fault_imap_syntax },
	{ "IM-D06 too great", "4294967296", 9, "", &fault_imap_syntax },
	{ "no number", "a", 9, "", &fault_imap_syntax },
	{ "half a range", "1:", 9, "1-1 ", &fault_imap_syntax },
	{ "comma behind", "1,", 9, "1-1 ", &fault_imap_syntax },
	{ "too many", "1,3,5,7,9", 9, "1-1 3-3 5-5 7-7 ", &fault_imap_too_big },
};

TEST(set_take_merges)
{
	struct uid_range ranges[4];

	EACH_CASE(c, sets) {
		struct set_maker m = { ranges, 0, 4 };
		struct span in = span_of(c->text);
		uint8_t storage[128];
		struct buf b = BUF(storage);

		CHECK_FAULT(set_take(&in, c->star, &m), c->fault);
		for (size_t i = 0; i < m.len; i++) {
			buf_put_number(&b, m.at[i].first);
			buf_push(&b, '-');
			buf_put_number(&b, m.at[i].last);
			buf_push(&b, ' ');
		}
		if (!c->fault)
			CHECK_SPAN(buf_view(&b), c->want);
	}
}

static const struct view_entry some[] = {
	{ .uid = 2 }, { .uid = 3 }, { .uid = 7 }, { .uid = UINT32_MAX },
};
static const struct view view = { some, 4 };

static const struct {
	const char *what, *text, *uids;
	size_t count;
	bool all;
} numbers[] = {
	{ "first", "1", "2", 1, true },
	{ "a run", "1:2", "2:3", 2, true },
	{ "a hole", "2:3", "3,7", 2, true },
	{ "all", "1:*", "2:3,7,4294967295", 4, true },
	{ "half outside", "4:9", "4294967295", 1, false },
	{ "outside", "5", "", 0, false },
};

TEST(sequence_numbers_become_uids)
{
	struct uid_range ranges[4];

	EACH_CASE(c, numbers) {
		struct set_maker m = { ranges, 0, 4 };
		struct span in = span_of(c->text);
		struct uid_set s;
		uint8_t storage[64];
		struct buf b = BUF(storage);

		CHECK_OK(set_take(&in, 4, &m));
		CHECK(set_to_uids(&m, &view) == c->all);
		s = set_view(&m);
		CHECK_NUMBER(set_count(&s, &view), c->count);
		CHECK(put_uids_in(&b, &s, &view));
		CHECK_SPAN(buf_view(&b), c->uids);
		b = (struct buf){ storage, 0, 3 };
		CHECK(put_uids_in(&b, &s, &view) == (strlen(c->uids) <= 3));
	}
	CHECK(view_find(&view, 7) == &some[2]);
	CHECK(!view_find(&view, 4));
	CHECK_NUMBER(view_lower(&view, 8), 3);
}

static const struct {
	const char *what, *pattern, *name;
	bool matches;
} patterns[] = {
	{ "itself", "foo", "foo", true },
	{ "case counts", "foo", "Foo", false },
	{ "but not of INBOX", "inbox", "INBOX", true },
	{ "nor in front of a slash", "inbox/a", "INBOX/a", true },
	{ "below it, it does", "INBOX/A", "INBOX/a", false },
	{ "star", "*", "a/b/c", true },
	{ "star in the middle", "a*c", "a/b/c", true },
	{ "two stars", "*b*", "a/b/c", true },
	{ "percent", "%", "abc", true },
	{ "percent stops", "%", "a/b", false },
	{ "percent between", "a/%/c", "a/b/c", true },
	{ "percent may be nothing", "a%", "a", true },
	{ "star then percent", "*%", "a/b", true },
	{ "too short", "ab", "a", false },
	{ "too long", "a", "ab", false },
};

TEST(list_match_knows_wildcards)
{
	uint8_t stars[255];

	EACH_CASE(c, patterns)
		CHECK(list_match(SPAN(""), span_of(c->pattern),
			      span_of(c->name)) == c->matches);
	CHECK(list_match(SPAN("a/"), SPAN("%"), SPAN("a/b")));
	memset(stars, '*', sizeof stars);
	stars[254] = 'x';
	CHECK(!list_match(span_at(stars, 254), span_at(stars, 255),
		SPAN("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")));
}

static const struct {
	const char *what, *text;
	bool good;
	int64_t seconds;
} dates[] = {
	{ "plain", "\"01-Jan-1970 00:00:01 +0000\"", true, 1 },
	{ "blank day", "\" 1-Jan-1970 00:00:00 +0000\"", true, 0 },
	{ "east", "\"01-Jan-1970 01:00:00 +0100\"", true, 0 },
	{ "west", "\"31-Dec-1969 23:30:00 -0030\"", true, 0 },
	{ "no such day", "\"30-Feb-2020 00:00:00 +0000\"", false, 0 },
	{ "no such hour", "\"01-Jan-1970 24:00:00 +0000\"", false, 0 },
	{ "no zone", "\"01-Jan-1970 00:00:00\"", false, 0 },
	{ "zone of 99 minutes", "\"01-Jan-1970 00:00:00 +0099\"", false, 0 },
	{ "one digit", "\"1-Jan-1970 00:00:00 +0000\"", false, 0 },
};

TEST(take_date_time_reads_rfc_3501)
{
	EACH_CASE(c, dates) {
		struct span in = span_of(c->text);
		struct instant t = { 0 };

		CHECK(take_date_time(&in, &t) == c->good);
		CHECK_NUMBER(c->good ? t.us : 0, SECONDS(c->seconds));
	}
}

static const struct {
	const char *what, *value;
	bool good;
	int64_t days;
} sent[] = {
	{ "with the weekday", " Fri, 2 Jan 1970 23:00:00 -0500", true, 1 },
	{ "without", "02 jan 70", true, 1 },
	{ "after a comment", " (x) Fri (y), 2 Jan 1970", true, 1 },
	{ "no date", " yesterday", false, 0 },
	{ "no value", "", false, 0 },
};

TEST(sent_day_reads_date_fields)
{
	EACH_CASE(c, sent) {
		struct instant t = { 0 };

		CHECK(sent_day(span_of(c->value), &t) == c->good);
		CHECK_NUMBER(c->good ? t.us : 0, DAYS(c->days));
	}
}

static const struct {
	const char *what, *text, *value;
} strings[] = {
	{ "atom", "a.b]", "a.b]" },
	{ "quoted", "\"a b\"", "a b" },
	{ "empty", "\"\"", "" },
	{ "pairs", "\"a\\\"\\\\b\"", "a\"\\b" },
	{ "literal", "{3}\r\na\r\n", "a\r\n" },
	{ "literal that does not wait", "{1+}\r\na", "a" },
	{ "not closed", "\"a", NULL },
	{ "unknown pair", "\"\\a\"", NULL },
	{ "8 bit in quotes", "\"\344\"", NULL },
	{ "literal too short", "{3}\r\nab", NULL },
	{ "nothing", "", NULL },
	{ "parenthesis", "(", NULL },
	{ "percent", "%", NULL },
};

TEST(take_astring_reads_three_forms)
{
	uint8_t storage[8];

	EACH_CASE(c, strings) {
		struct buf scratch = BUF(storage);
		struct span in = span_of(c->text), out = SPAN_NONE;

		CHECK(take_astring(&in, &scratch, &out) == !!c->value);
		if (c->value)
			CHECK_SPAN(out, c->value);
	}
}

static const struct {
	const char *what, *in, *text;
	enum frame_event event;
	const struct fault *fault;
} frames[] = {
	{ "a line", "a NOOP\r\n", "a NOOP", FRAME_COMMAND, OK },
	{ "a literal", "a {12}\r\n", "a {12}", FRAME_LITERAL, OK },
	{ "braces without number", "a {x}\r\n", "a {x}", FRAME_COMMAND, OK },
	{ "a brace", "a }\r\n", "a }", FRAME_COMMAND, OK },
	{ "no digits", "a {}\r\n", "a {}", FRAME_MORE, &fault_imap_syntax },
	{ "only a plus", "a {+}\r\n", "a {+}", FRAME_MORE,
	  &fault_imap_syntax },
	{ "too great", "a {4294967296}\r\n", "", FRAME_MORE,
	  &fault_imap_syntax },
	{ "bare LF", "a\n", "", FRAME_MORE, &fault_imap_line_ends },
	{ "bare CR", "a\rb", "", FRAME_MORE, &fault_imap_line_ends },
	{ "too long", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "", FRAME_MORE,
	  &fault_imap_too_big },
};

TEST(frame_next_cuts_commands)
{
	uint8_t storage[32];

	EACH_CASE(c, frames) {
		struct span in = span_of(c->in);
		struct frame f;
		enum frame_event event;

		frame_init(&f, storage, sizeof storage);
		CHECK_FAULT(frame_next(&f, &in, &event), c->fault);
		if (c->fault)
			continue;
		CHECK_NUMBER(event, c->event);
		CHECK_SPAN(frame_text(&f), c->text);
	}
}

/* What stands in a literal announces nothing. */
TEST(frame_keeps_literals_apart)
{
	uint8_t storage[64];
	struct span in = SPAN("a {3}\r\n{9}\r\nb\r\n");
	struct frame f;
	enum frame_event event;

	frame_init(&f, storage, sizeof storage);
	CHECK_OK(frame_next(&f, &in, &event));
	CHECK_NUMBER(event, FRAME_LITERAL);
	CHECK(f.sync);
	CHECK_OK(frame_collect(&f));
	CHECK_OK(frame_next(&f, &in, &event));
	CHECK_NUMBER(event, FRAME_COMMAND);
	CHECK_SPAN(frame_text(&f), "a {3}\r\n{9}");
	CHECK_OK(frame_next(&f, &in, &event));
	CHECK_SPAN(frame_text(&f), "b");
}
