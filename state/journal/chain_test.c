/* Records and segments follow each other without a gap, or the start is refused:
 * what is missing in the middle had been acknowledged. */
#include "state/journal/format.h"
#include "state/journal/journal.h"
#include "state/journal/power_test.h"
#include "sys/crypto.h"

#define SEGMENT 4096
#define TEXT    1000 /* three records a segment */
#define RECORD  (RECORD_HEAD + TEXT)
#define RECORDS 12

static struct {
	struct power power;
	uint64_t records;
} x;

static const struct fault *
note(void *arg, const struct journal_record *r)
{
	(void)arg;
	x.records++;
	CHECK_NUMBER(r->lsn, x.records);
	return OK;
}

static const struct fault *
start(struct journal **j)
{
	struct journal_setup setup = { .directory = x.power.directory,
		.segment_size = SEGMENT };

	x.records = 0;
	return journal_open(&setup, note, NULL, j);
}

/* Four full segments, every record acknowledged by itself. */
static void
fill(void)
{
	static uint8_t text[TEXT];
	struct journal *j;

	memset(&x, 0, sizeof x);
	CHECK_OK(crypto_start());
	power_make(&x.power);
	CHECK_OK(start(&j));
	for (int i = 0; i < RECORDS; i++) {
		memset(text, 'a' + i, sizeof text);
		CHECK_OK(journal_append(j, 1, span_at(text, sizeof text), NULL,
			NULL));
		CHECK_OK(journal_commit(j));
	}
	journal_close(&j);
}

static int
open_file(const char *name)
{
	int fd = openat(x.power.directory, name, O_RDWR | O_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

static void
put(int fd, uint64_t offset, const uint8_t *octets, size_t len)
{
	CHECK_NUMBER(pwrite(fd, octets, len, (off_t)offset), len);
}

/* --- what may happen to it ----------------------------------------------- */

#define SECOND "0000000000000002.seg"

static void
segment_is_missing(void)
{
	CHECK(unlinkat(x.power.directory, SECOND, 0) == 0);
}

static void
head_is_damaged(void)
{
	OWNED(fd_close) int fd = open_file(SECOND);

	put(fd, 8, (const uint8_t *)"x", 1);
}

static void
segment_is_anothers(void)
{
	struct segment_head h = { .seed.epoch = 2, .first_lsn = 4 };
	OWNED(fd_close) int fd = open_file(SECOND);
	uint8_t head[SEGMENT_HEAD];

	put_segment_head(head, &h);
	put(fd, 0, head, sizeof head);
}

static void
last_record_is_missing(void)
{
	OWNED(fd_close) int fd = open_file(SECOND);
	static const uint8_t zeros[RECORD];

	put(fd, SEGMENT_HEAD + 2 * RECORD, zeros, sizeof zeros);
}

static void
first_record_is_missing(void)
{
	OWNED(fd_close) int fd = open_file(SECOND);
	static const uint8_t zeros[RECORD];

	put(fd, SEGMENT_HEAD, zeros, sizeof zeros);
}

static void
record_stands_twice(void)
{
	OWNED(fd_close) int fd = open_file(SECOND);
	uint8_t record[RECORD];

	CHECK_NUMBER(pread(fd, record, RECORD, SEGMENT_HEAD), RECORD);
	put(fd, SEGMENT_HEAD + RECORD, record, sizeof record);
}

static void
records_are_anothers(void)
{
	OWNED(fd_close) int from = open_file("0000000000000001.seg");
	OWNED(fd_close) int to = open_file(SECOND);
	uint8_t record[RECORD];

	CHECK_NUMBER(pread(from, record, RECORD, SEGMENT_HEAD), RECORD);
	put(to, SEGMENT_HEAD, record, sizeof record);
}

static void
name_is_missing(void)
{
	CHECK(unlinkat(x.power.directory, "journal.id", 0) == 0);
}

static const struct {
	const char *what;
	void (*happens)(void);
} accidents[] = {
	{ "a segment is missing", segment_is_missing },
	{ "the head of a segment is damaged", head_is_damaged },
	{ "a segment is of another journal", segment_is_anothers },
	{ "the last record of a segment is missing", last_record_is_missing },
	{ "the first record of a segment is missing",
		first_record_is_missing },
	{ "a record stands where the next one was", record_stands_twice },
	{ "a record is of another segment", records_are_anothers },
	{ "the journal's name is missing", name_is_missing },
};

TEST(nothing_is_missing_in_the_middle)
{
	struct journal *j = NULL;

	EACH_CASE(c, accidents) {
		fill();
		c->happens();
		CHECK_FAULT(start(&j), &fault_record_damaged);
		CHECK(x.records < RECORDS);
		/* refused for good: nothing was changed by the first try */
		CHECK_FAULT(start(&j), &fault_record_damaged);
		power_remove(&x.power);
	}
}

TEST(what_is_whole_comes_back)
{
	struct journal *j;

	fill();
	CHECK_OK(start(&j));
	CHECK_NUMBER(x.records, RECORDS);
	journal_close(&j);
	power_remove(&x.power);
}
