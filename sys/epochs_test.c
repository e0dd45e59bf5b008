#include "sys/epochs.h"

#include "lib/base/number.h"
#include "lib/base/test.h"
#include "sys/fd.h"

static const struct account_epoch some[] = { { 2, 1 }, { 3, 7 }, { 9, 2 } };

static const struct {
	const char *what;
	uint32_t account, epoch;
	bool ended;
} rows[] = {
	{ "the first account, now", 2, 1, false },
	{ "one in the middle, now", 3, 7, false },
	{ "the same, before", 3, 6, true },
	{ "the last account, now", 9, 2, false },
	{ "the same, before", 9, 1, true },
	{ "newer than the table says", 3, 8, false },
	{ "an account that is gone", 1, 1, true },
	{ "another that is gone", 10, 1, true },
	{ "an account that is newer than the table", 11, 1, false },
};

static void
take(struct epochs *e, const struct account_epoch *at, uint32_t count)
{
	struct epochs_given m = { .count = count, .highest = 10 };
	OWNED(fd_close) int fd = -1;

	CHECK_OK(fd_memory_of("epochs", span_at(at, count * sizeof *at), &fd));
	CHECK_OK(epochs_take(e, &m, fd));
}

TEST(epochs_end_what_is_older)
{
	struct epochs e = { 0 };

	CHECK(!e.told);
	take(&e, some, COUNT_OF(some));
	CHECK(e.told);
	EACH_CASE(c, rows)
		CHECK(epochs_ended(&e, c->account, c->epoch) == c->ended);
}

TEST(epochs_are_replaced_whole)
{
	static const struct account_epoch fresh[] = { { 3, 8 } };
	struct epochs e = { 0 };

	take(&e, some, COUNT_OF(some));
	take(&e, fresh, COUNT_OF(fresh));
	CHECK(epochs_ended(&e, 3, 7) && !epochs_ended(&e, 3, 8));
	CHECK(epochs_ended(&e, 9, 2));
	take(&e, fresh, 0);
	CHECK(epochs_ended(&e, 3, 8));
}

TEST(epochs_that_are_not_sealed_change_nothing)
{
	struct epochs_given m = { .count = 1, .highest = 10 };
	OWNED(fd_close) int open = -1, little = -1;
	struct epochs e = { 0 };

	take(&e, some, COUNT_OF(some));
	CHECK_OK(fd_memory("open", &open));
	CHECK_OK(fd_append(open, span_at(some, sizeof some)));
	CHECK_FAULT(epochs_take(&e, &m, open), &fault_ipc_malformed);
	CHECK_OK(fd_memory_of("little", SPAN("1234567"), &little));
	CHECK_FAULT(epochs_take(&e, &m, little), &fault_ipc_malformed);
	CHECK(!epochs_ended(&e, 3, 7));
}
