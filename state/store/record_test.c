#include "lib/base/test.h"
#include "state/store/record.h"

static const uint8_t two_ranges[] = { 1, 0, 0, 0, 3, 0, 0, 0, 5, 0, 0, 0, 5, 0,
	0, 0 };
static const uint8_t backwards[] = { 5, 0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 3, 0,
	0, 0 };
static const uint8_t zero_uid[] = { 0, 0, 0, 0, 3, 0, 0, 0 };
static const uint8_t map[58] = { 1, 2, 58 };
static const uint8_t bad_map[58] = { 59 };

#define OCTETS(array) { array, sizeof array }
#define TEXT(text)    { (const uint8_t *)(text), sizeof(text) - 1 }

static const struct {
	const char *what;
	struct record r;
	const struct fault *fault;
} cases[] = {
	{ "an account", { RECORD_ACCOUNT, .account = 7, .uidvalidity = 9 }, OK },
	{ "flags", { RECORD_FLAGS, .account = 7, .mailbox = 1, .modseq = 5,
			.bits = FLAGS_ADD, .flags = 8,
			.ranges = OCTETS(two_ranges) }, OK },
	{ "flags in no known way", { RECORD_FLAGS, .bits = 4 },
		&fault_record_damaged },
	{ "ranges that do not ascend", { RECORD_EXPUNGE,
			.ranges = OCTETS(backwards) }, &fault_record_damaged },
	{ "half a range", { RECORD_EXPUNGE, .ranges = { two_ranges, 12 } },
		&fault_record_damaged },
	{ "uid 0", { RECORD_EXPUNGE, .ranges = OCTETS(zero_uid) },
		&fault_record_damaged },
	{ "a move", { RECORD_COPY, .mailbox = 1, .to = 2, .first = 1, .bits = 1,
			.keywords = OCTETS(map), .ranges = OCTETS(two_ranges) },
		OK },
	{ "a move onto itself", { RECORD_COPY, .mailbox = 2, .to = 2,
			.first = 1, .bits = 1, .keywords = OCTETS(map),
			.ranges = OCTETS(two_ranges) }, &fault_record_damaged },
	{ "a keyword bit that is none", { RECORD_COPY, .mailbox = 1, .to = 2,
			.first = 1, .keywords = OCTETS(bad_map) },
		&fault_record_damaged },
	{ "a mailbox", { RECORD_MAILBOX, .name = TEXT("a/b") }, OK },
	{ "a mailbox with a control", { RECORD_MAILBOX, .name = TEXT("a\n") },
		&fault_record_damaged },
	{ "a name below itself", { RECORD_RENAMED, .name = TEXT("a"),
			.new_name = TEXT("a/b") }, &fault_record_damaged },
	{ "a message without recipients", { RECORD_MESSAGE,
			.sha256 = { map, 32 } }, &fault_record_damaged },
	{ "a type nobody has", { RECORD_RELOCATE, .account = 7 }, &fault_record_unknown },
};

TEST(records_come_back_or_are_refused)
{
	uint8_t room[1024];
	struct record got;

	EACH_CASE(c, cases) {
		struct buf b = BUF(room);

		CHECK(put_record(&b, &c->r));
		CHECK_FAULT(record_parse(c->r.type, buf_view(&b), &got),
			c->fault);
		if (c->fault)
			continue;
		CHECK_NUMBER(got.account, c->r.account);
		CHECK(span_equals(got.ranges, c->r.ranges));
		CHECK(b.len == 0 || record_parse(c->r.type,
					    span_at(room, b.len - 1), &got));
	}
}

TEST(recipients_come_back)
{
	uint8_t room[256], all[512];
	struct buf rcpts = BUF(room), b = BUF(all);
	struct record_rcpt a = { .account = 7, .mailbox = 1, .uid = 9,
		.has_dkey = 1, .dkey = { 1 }, .modseq = 5, .flags = 8,
		.prefix = SPAN("Return-Path: <>\r\n") }, got;
	struct record r = { RECORD_MESSAGE, .count = 2, .size = 45,
		.sha256 = { map, 32 } };

	CHECK(put_rcpt(&rcpts, &a) && put_rcpt(&rcpts, &a));
	r.rcpts = buf_view(&rcpts);
	CHECK(put_record(&b, &r));
	CHECK_OK(record_parse(RECORD_MESSAGE, buf_view(&b), &r));
	CHECK(rcpt_take(&r.rcpts, &got));
	CHECK_NUMBER(got.uid, 9);
	CHECK_SPAN(got.prefix, "Return-Path: <>\r\n");
	CHECK(rcpt_take(&r.rcpts, &got) && !rcpt_take(&r.rcpts, &got));

	r.count = 3;
	buf_clear(&b);
	r.rcpts = buf_view(&rcpts);
	CHECK(put_record(&b, &r));
	CHECK_FAULT(record_parse(RECORD_MESSAGE, buf_view(&b), &r),
		&fault_record_damaged);
}
