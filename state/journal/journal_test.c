#include "state/journal/journal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/test.h"
#include "state/journal/segments.h"
#include "sys/crypto.h"
#include "sys/fd.h"
#include "sys/file.h"

#define SMALL (64u << 10) /* octets of a segment */

static struct {
	char path[64];
	int directory;
	struct journal *j;
	uint64_t digest, records;
	uint64_t lsn;
} t;

/* --- a journal in a directory of its own --------------------------------- */

static const struct fault *
note(void *arg, const struct journal_record *r)
{
	(void)arg;
	CHECK_NUMBER(r->lsn, ++t.lsn);
	t.records++;
	t.digest = t.digest * 31 + r->type + r->head.len + r->body_size;
	for (size_t i = 0; i < r->head.len; i++)
		t.digest = t.digest * 31 + r->head.at[i];
	return OK;
}

static const struct fault *
reopen(void)
{
	struct journal_setup setup = { .directory = t.directory,
		.segment_size = SMALL };

	journal_close(&t.j);
	t.digest = t.records = t.lsn = 0;
	return journal_open(&setup, note, NULL, &t.j);
}

static void
begin(void)
{
	CHECK_OK(crypto_start());
	memset(&t, 0, sizeof t);
	strncpy(t.path, "/var/tmp/journal-test-XXXXXX", sizeof t.path - 1);
	CHECK(mkdtemp(t.path) != NULL);
	t.directory = open(t.path, O_RDONLY | O_DIRECTORY);
	CHECK_OK(reopen());
}

static void
remove_name(void *arg, const char *name)
{
	(void)arg;
	unlinkat(t.directory, name, 0);
}

static void
end(void)
{
	file_set_hook(NULL, NULL);
	journal_close(&t.j);
	CHECK_OK(file_each(t.directory, remove_name, NULL));
	close(t.directory);
	rmdir(t.path);
}

static void
append(const char *text)
{
	CHECK_OK(journal_append(t.j, 7, span_of(text), NULL, NULL));
}

static int
body_of(size_t size)
{
	uint8_t *at = malloc(size);
	int fd;

	for (size_t i = 0; i < size; i++)
		at[i] = (uint8_t)(i * 7 + size);
	CHECK_OK(fd_memory_of("body", span_at(at, size), &fd));
	free(at);
	return fd;
}

/* --- tests --------------------------------------------------------------- */

TEST(what_was_committed_comes_back_in_order)
{
	struct journal_facts facts;

	begin();
	append("one");
	append("two");
	CHECK_OK(journal_commit(t.j));
	append("three");
	CHECK_OK(journal_commit(t.j));
	CHECK_OK(reopen());
	CHECK_NUMBER(t.records, 3);
	journal_facts(t.j, &facts);
	CHECK_NUMBER(facts.end, JOURNAL_CLEAN);
	append("four");
	CHECK_OK(journal_commit(t.j));
	CHECK_OK(reopen());
	CHECK_NUMBER(t.records, 4);
	end();
}

TEST(records_go_on_over_many_segments)
{
	static uint8_t text[3000];

	begin();
	for (int i = 0; i < 200; i++) {
		CHECK_OK(journal_append(t.j, 7, span_at(text, sizeof text),
			NULL, NULL));
		if (i % 7 == 0)
			CHECK_OK(journal_commit(t.j));
	}
	CHECK_OK(journal_commit(t.j));
	CHECK_OK(reopen());
	CHECK_NUMBER(t.records, 200);
	end();
}

static const struct {
	const char *what;
	size_t size;
} bodies[] = {
	{ "an empty body", 0 },
	{ "one octet", 1 },
	{ "inside a segment", 30000 },
	{ "a file of its own", JOURNAL_INLINE_MAX + 1 },
	{ "a large file", 3 << 20 },
};

TEST(a_body_is_copied_hashed_and_read_back)
{
	static uint8_t got[3 << 20], want[3 << 20];

	EACH_CASE(c, bodies) {
		uint8_t hash[32], expected[32];
		struct place place;
		size_t len;
		int fd = body_of(c->size);

		begin();
		CHECK_OK(file_read(fd, 0, want, c->size, &len));
		sha256(span_at(want, c->size), expected);
		CHECK_OK(journal_append_body(t.j, 3, SPAN("head"), fd, c->size,
			hash, NULL, &place));
		CHECK(!memcmp(hash, expected, 32));
		CHECK_OK(journal_read_body(t.j, place, 0, got, c->size));
		CHECK_OK(journal_commit(t.j));
		CHECK_OK(reopen());
		CHECK_NUMBER(t.records, 1);
		CHECK_OK(journal_read_body(t.j, place, 0, got, c->size));
		CHECK(!memcmp(got, want, c->size));
		CHECK_OK(journal_verify(t.j, place));
		if (c->size > 0)
			CHECK_FAULT(journal_read_body(t.j, place, 1, got,
					    c->size),
				&fault_record_unknown);
		close(fd);
		end();
	}
}

TEST(a_short_descriptor_appends_nothing)
{
	uint8_t hash[32];
	int fd = body_of(100);

	begin();
	CHECK_FAULT(journal_append_body(t.j, 3, SPAN("h"), fd, 101, hash, NULL,
			    NULL),
		&fault_sys_failed);
	CHECK_OK(journal_commit(t.j));
	CHECK_OK(reopen());
	CHECK_NUMBER(t.records, 0);
	close(fd);
	end();
}

TEST(an_undone_record_leaves_no_trace)
{
	uint8_t hash[32];
	int fd = body_of(JOURNAL_INLINE_MAX + 5);

	begin();
	append("one");
	append("wrong");
	journal_undo(t.j);
	CHECK_OK(journal_append_body(t.j, 3, SPAN("h"), fd,
		JOURNAL_INLINE_MAX + 5, hash, NULL, NULL));
	journal_undo(t.j);
	append("two");
	CHECK_OK(journal_commit(t.j));
	CHECK_OK(reopen());
	CHECK_NUMBER(t.records, 2);
	close(fd);
	end();
}

TEST(released_segments_go_from_the_front_only)
{
	static uint8_t text[20000];
	struct place places[9];
	struct journal_facts facts;

	begin();
	for (int i = 0; i < 9; i++) { /* three a segment */
		CHECK_OK(journal_append(t.j, 7, span_at(text, sizeof text),
			NULL, &places[i]));
		journal_keep(t.j, places[i]);
		CHECK_OK(journal_commit(t.j));
	}
	for (int i = 1; i < 9; i++)
		journal_release(t.j, places[i]);
	append("they are gone");
	CHECK_OK(journal_commit(t.j));
	journal_facts(t.j, &facts);
	CHECK_NUMBER(facts.segments, 3);
	journal_release(t.j, places[0]);
	append("and so is it");
	journal_facts(t.j, &facts);
	CHECK_NUMBER(facts.segments, 3); /* not durable yet */
	CHECK_OK(journal_commit(t.j));
	journal_facts(t.j, &facts);
	CHECK_NUMBER(facts.segments, 1);
	end();
}

TEST(a_directory_has_one_owner)
{
	struct journal_setup setup = { .directory = t.directory,
		.segment_size = SMALL };
	struct journal *second;

	begin();
	setup.directory = t.directory;
	CHECK_FAULT(journal_open(&setup, note, NULL, &second),
		&fault_file_busy);
	end();
}

/* --- damage -------------------------------------------------------------- */

static void
flip(uint64_t offset)
{
	int fd = openat(t.directory, "0000000000000001.seg", O_RDWR);
	uint8_t c;

	CHECK_NUMBER(pread(fd, &c, 1, (off_t)offset), 1);
	c ^= 0x40;
	CHECK_NUMBER(pwrite(fd, &c, 1, (off_t)offset), 1);
	close(fd);
}

TEST(every_flipped_octet_is_noticed)
{
	uint64_t digest;

	begin();
	append("first");
	CHECK_OK(journal_commit(t.j));
	append("second");
	CHECK_OK(journal_commit(t.j));
	CHECK_OK(reopen());
	digest = t.digest;
	for (uint64_t at = 0; at < 64 + 2 * 56; at++) {
		const struct fault *f;

		if (at >= 44 && at < 64)
			continue; /* the zeros behind a segment's head */
		journal_close(&t.j);
		flip(at);
		f = reopen();
		CHECK(f || t.digest != digest);
		journal_close(&t.j);
		/* a recovery that took it for a torn end began a segment */
		unlinkat(t.directory, "0000000000000002.seg", 0);
		unlinkat(t.directory, "0000000000000003.seg", 0);
		flip(at);
	}
	end();
}

TEST(a_flipped_octet_of_a_large_body_is_noticed)
{
	size_t size = JOURNAL_INLINE_MAX + 100;
	uint8_t hash[32], octet = 0;
	struct place place;
	int body = body_of(size), fd;

	begin();
	CHECK_OK(journal_append_body(t.j, 3, SPAN("h"), body, size, hash, NULL,
		&place));
	CHECK_OK(journal_commit(t.j));
	CHECK_OK(journal_verify(t.j, place));
	fd = openat(t.directory, "0000000000000001.blob", O_RDWR);
	CHECK_NUMBER(pread(fd, &octet, 1, (off_t)size - 1), 1);
	octet ^= 1;
	CHECK_NUMBER(pwrite(fd, &octet, 1, (off_t)size - 1), 1);
	CHECK_FAULT(journal_verify(t.j, place), &fault_record_damaged);
	CHECK(ftruncate(fd, (off_t)size - 1) == 0);
	CHECK_FAULT(journal_verify(t.j, place), &fault_record_damaged);
	close(fd);
	close(body);
	end();
}

/* The disk kept the second record of a commit and lost the first. */
TEST(what_is_left_of_a_commit_never_comes_back)
{
	uint8_t zeros[56] = { 0 };
	int fd;

	begin();
	append("lost");
	append("left");
	CHECK_OK(journal_commit(t.j));
	journal_close(&t.j);
	fd = openat(t.directory, "0000000000000001.seg", O_RDWR);
	CHECK_NUMBER(pwrite(fd, zeros, sizeof zeros, 64), sizeof zeros);
	close(fd);
	CHECK_OK(reopen());
	CHECK_NUMBER(t.records, 0);
	append("here");
	CHECK_OK(journal_commit(t.j));
	CHECK_OK(reopen());
	CHECK_NUMBER(t.records, 1);
	end();
}

TEST(damage_before_an_acknowledged_record_stops_the_start)
{
	begin();
	append("first");
	CHECK_OK(journal_commit(t.j));
	append("second");
	CHECK_OK(journal_commit(t.j));
	append("third");
	CHECK_OK(journal_commit(t.j));
	journal_close(&t.j);
	flip(64 + 50);
	CHECK_FAULT(reopen(), &fault_record_damaged);
	end();
}

/* --- faults of the disk -------------------------------------------------- */

static struct {
	enum file_call call;
	int at, seen;
	const struct fault *fault;
} plan;

static const struct fault *
fail_planned(void *arg, enum file_call call, int fd, uint64_t offset,
	struct span octets)
{
	(void)arg;
	(void)fd;
	(void)offset;
	(void)octets;
	return call == plan.call && plan.seen++ == plan.at ? plan.fault : OK;
}

TEST(a_failed_sync_is_never_tried_again)
{
	begin();
	append("kept");
	CHECK_OK(journal_commit(t.j));
	plan.call = FILE_SYNC;
	plan.at = plan.seen = 0;
	plan.fault = &fault_storage_failed;
	file_set_hook(fail_planned, NULL);
	append("lost");
	CHECK_FAULT(journal_commit(t.j), &fault_storage_failed);
	CHECK_FAULT(journal_commit(t.j), &fault_storage_failed);
	CHECK_FAULT(journal_append(t.j, 7, SPAN("x"), NULL, NULL),
		&fault_storage_failed);
	CHECK_FAULT(journal_has_room(t.j), &fault_storage_failed);
	file_set_hook(NULL, NULL);
	CHECK_OK(reopen());
	CHECK(t.records >= 1);
	end();
}

/* --- the next segment ---------------------------------------------------- */

static uint64_t zeros_written;

static const struct fault *
count_zeros(void *arg, enum file_call call, int fd, uint64_t offset,
	struct span octets)
{
	size_t i = 0;

	(void)arg;
	(void)fd;
	(void)offset;
	while (i < octets.len && octets.at[i] == 0)
		i++;
	if (call == FILE_WRITE && i == octets.len)
		zeros_written += i;
	return OK;
}

TEST(segments_are_filled_before_they_are_used)
{
	begin();
	journal_close(&t.j);
	CHECK_OK(file_each(t.directory, remove_name, NULL));
	zeros_written = 0;
	file_set_hook(count_zeros, NULL);
	CHECK_OK(reopen());
	CHECK_NUMBER(zeros_written, SMALL); /* the first: at once */
	for (uint64_t i = 1; i <= 4; i++) {
		append("x");
		CHECK_OK(journal_commit(t.j));
		CHECK_OK(journal_commit(t.j)); /* of nothing */
		CHECK_NUMBER(zeros_written, SMALL + i * (SMALL / 4));
	}
	append("x"); /* the next one: with the commits, once */
	CHECK_OK(journal_commit(t.j));
	CHECK_NUMBER(zeros_written, 2 * SMALL);
	file_set_hook(NULL, NULL);
	CHECK_OK(reopen());
	CHECK_NUMBER(t.records, 5);
	end();
}

TEST(a_segment_that_cannot_be_filled_is_used_as_it_is)
{
	static uint8_t text[20000];

	begin();
	plan.call = FILE_WRITE;
	plan.at = 1; /* after the commit's own */
	plan.seen = 0;
	plan.fault = &fault_storage_full;
	file_set_hook(fail_planned, NULL);
	for (int i = 0; i < 5; i++) { /* three a segment */
		CHECK_OK(journal_append(t.j, 7, span_at(text, sizeof text),
			NULL, NULL));
		CHECK_OK(journal_commit(t.j));
	}
	file_set_hook(NULL, NULL);
	CHECK_OK(reopen());
	CHECK_NUMBER(t.records, 5);
	end();
}

static const struct {
	const char *what;
	uint64_t octet; /* that is not zero, behind the records */
	enum journal_end end;
} ends[] = {
	{ "zeros alone", UINT64_MAX, JOURNAL_CLEAN },
	{ "the first octet", 0, JOURNAL_TORN },
	{ "the last octet of a word", 7, JOURNAL_TORN },
	{ "somewhere", 4711, JOURNAL_TORN },
	{ "the last octet of the segment", SMALL - 64 - 56 - 1, JOURNAL_TORN },
};

TEST(zeros_alone_are_the_end)
{
	EACH_CASE(c, ends) {
		struct journal_facts facts;

		begin();
		append("first");
		CHECK_OK(journal_commit(t.j));
		journal_close(&t.j);
		if (c->octet != UINT64_MAX)
			flip(64 + 56 + c->octet);
		CHECK_OK(reopen());
		CHECK_NUMBER(t.records, 1);
		journal_facts(t.j, &facts);
		CHECK_NUMBER(facts.end, c->end);
		end();
	}
}

/* --- room ---------------------------------------------------------------- */

#define GIB (1ull << 30)

static const struct {
	const char *what;
	struct file_room room;
	uint64_t min_free;
	bool is_short;
} rooms[] = {
	{ "an empty volume", { 100 * GIB, 100 * GIB, 1000, 1000 }, 1, false },
	{ "as much as must stay", { 40 * GIB, 2 * GIB, 1000, 50 }, 2 * GIB,
		false },
	{ "less than the setting", { 100 * GIB, 6 * GIB, 1000, 50 },
		6 * GIB + 1, true },
	{ "less than 5 % of the octets", { 40 * GIB, 2 * GIB - 4, 1000, 1000 },
		1, true },
	{ "much less than 5 % of a large volume", { 1000 * GIB, 4 * GIB, 0, 0 },
		1, false },
	{ "too little of a large volume", { 1000 * GIB, 4 * GIB - 1, 0, 0 }, 1,
		true },
	{ "less than 5 % of the files", { 100 * GIB, 100 * GIB, 1000, 49 }, 1,
		true },
	{ "a volume that does not count files", { 100 * GIB, 6 * GIB, 0, 0 },
		1, false },
	{ "nothing at all", { 0, 0, 0, 0 }, 1, true },
};

TEST(a_reserve_is_a_part_of_the_volume_too)
{
	EACH_CASE(c, rooms)
		CHECK(room_is_short(&c->room, c->min_free) == c->is_short);
}

TEST(a_reserve_is_kept_free)
{
	struct journal_setup setup = { .segment_size = SMALL,
		.min_free = UINT64_MAX };

	begin();
	journal_close(&t.j);
	setup.directory = t.directory;
	CHECK_OK(journal_open(&setup, note, NULL, &t.j));
	CHECK_FAULT(journal_has_room(t.j), &fault_storage_full);
	/* what is in work can still be finished */
	append("state");
	CHECK_OK(journal_commit(t.j));
	end();
}
