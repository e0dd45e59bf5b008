/* Files of large bodies: those of records stay, no other does. */
#include "state/journal/journal.h"
#include "state/journal/power_test.h"
#include "sys/crypto.h"

#define LARGE (JOURNAL_INLINE_MAX + 5)

static struct {
	struct power power;
	struct journal *j;
	uint64_t records;
	int body;
} x;

static const struct fault *
note(void *arg, const struct journal_record *r)
{
	(void)arg;
	(void)r;
	x.records++;
	return OK;
}

static void
reopen(void)
{
	struct journal_setup setup = { .directory = x.power.directory,
		.segment_size = 64u << 10 };

	journal_close(&x.j);
	x.records = 0;
	CHECK_OK(journal_open(&setup, note, NULL, &x.j));
}

static void
begin(void)
{
	static uint8_t octets[LARGE];

	memset(&x, 0, sizeof x);
	CHECK_OK(crypto_start());
	power_make(&x.power);
	CHECK_OK(fd_memory_of("body", span_at(octets, sizeof octets), &x.body));
	reopen();
}

static void
end(void)
{
	fd_close(&x.body);
	journal_close(&x.j);
	power_remove(&x.power);
}

static void
count(void *arg, const char *name)
{
	*(size_t *)arg += strstr(name, ".blob") != NULL;
}

static size_t
blobs(void)
{
	size_t n = 0;

	CHECK_OK(file_each(x.power.directory, count, &n));
	return n;
}

static const struct fault *
append(uint64_t size)
{
	uint8_t hash[32];

	return journal_append_body(x.j, 3, SPAN("head"), x.body, size, hash,
		NULL, NULL);
}

static void
append_small(void)
{
	CHECK_OK(journal_append(x.j, 7, SPAN("small"), NULL, NULL));
	CHECK_OK(journal_commit(x.j));
}

static const struct {
	const char *what;
	enum power_loss loss;
} ends[] = {
	{ "the process ends", LOSE_NOTHING },
	{ "the power fails", LOSE_ALL },
};

TEST(the_files_of_records_stay)
{
	EACH_CASE(c, ends) {
		begin();
		power_begin(&x.power, UINT64_MAX);
		CHECK_OK(append(LARGE));
		CHECK_OK(append(LARGE));
		append_small();
		journal_close(&x.j);
		power_fails(&x.power, c->loss);
		reopen();
		CHECK_NUMBER(x.records, 3);
		CHECK_NUMBER(blobs(), 2);
		end();
	}
}

TEST(a_body_that_was_too_short_leaves_no_file)
{
	begin();
	CHECK_FAULT(append(LARGE + 1), &fault_sys_failed);
	CHECK_NUMBER(blobs(), 0);
	append_small();
	end();
}

/* Or nothing would make room again. */
TEST(a_body_that_did_not_fit_on_the_disk_leaves_no_file)
{
	for (uint64_t more = 0;; more++) {
		const struct fault *f;

		begin();
		x.power.fault = &fault_storage_full;
		x.power.fail_at = x.power.calls + more;
		power_begin(&x.power, UINT64_MAX);
		f = append(LARGE);
		if (!x.power.failed) {
			CHECK(more > 6);
			end();
			break;
		}
		CHECK_FAULT(f, &fault_storage_full);
		CHECK_NUMBER(blobs(), 0);
		append_small();
		CHECK_OK(append(LARGE));
		CHECK_OK(journal_commit(x.j));
		reopen();
		CHECK_NUMBER(x.records, 2);
		CHECK_NUMBER(blobs(), 1);
		end();
	}
}

/* Its number has gone to a record that has no file. */
TEST(an_undone_body_whose_file_came_back_is_removed)
{
	EACH_CASE(c, ends) {
		begin();
		power_begin(&x.power, UINT64_MAX);
		CHECK_OK(append(LARGE));
		journal_undo(x.j);
		append_small();
		journal_close(&x.j);
		power_fails(&x.power, c->loss);
		reopen();
		CHECK_NUMBER(x.records, 1);
		CHECK_NUMBER(blobs(), 0);
		end();
	}
}
