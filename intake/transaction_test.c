#include "intake/transaction.h"

#include "lib/base/number.h"
#include "lib/base/test.h"

static uint8_t storage[KiB(64)] __attribute__((aligned(16)));
static struct arena_pool pool;

static void
begin(struct transaction *t, size_t limit)
{
	arena_pool_init(&pool, storage, sizeof storage);
	transaction_init(t, &pool, limit);
}

static bool
is_empty(const struct transaction *t)
{
	return t->sender.len == 0 && !t->first && t->last == &t->first &&
		t->local == 0 && t->remote == 0 && !t->eight_bit &&
		!t->committing && t->body.fd == -1 && t->body.size == 0 &&
		t->queued == 0 && t->verdict.size == 0 &&
		t->arena.blocks == NULL;
}

TEST(an_envelope_keeps_its_order)
{
	struct transaction t;
	uint8_t said[] = "a@b";

	test_row = "two recipients, one of them remote";
	begin(&t, KiB(16));
	CHECK(is_empty(&t));
	CHECK_OK(transaction_set_sender(&t, SPAN("s@b"), true));
	CHECK_OK(transaction_add_rcpt(&t, span_at(said, 3), 7, false));
	CHECK_OK(transaction_add_rcpt(&t, SPAN("c@d"), 0, true));
	memset(said, 'x', sizeof said); /* the line it stood in is gone */
	CHECK_SPAN(t.sender, "s@b");
	CHECK_SPAN(t.first->address, "a@b");
	CHECK_NUMBER(t.first->account, 7);
	CHECK_SPAN(t.first->next->address, "c@d");
	CHECK(t.first->next->remote && !t.first->next->next);
	CHECK_NUMBER(t.local, 1);
	CHECK_NUMBER(t.remote, 1);
	CHECK(t.eight_bit);
	transaction_reset(&t);
}

TEST(a_reset_leaves_nothing)
{
	struct transaction t;

	test_row = "everything is set, then reset, many times over";
	begin(&t, KiB(16));
	for (int i = 0; i < 100; i++) {
		CHECK_OK(transaction_set_sender(&t, SPAN("s@b"), true));
		CHECK_OK(transaction_add_rcpt(&t, SPAN("c@d"), 1, i & 1));
		CHECK_OK(body_open(&t.body));
		CHECK_OK(body_add(&t.body, SPAN("hello")));
		t.committing = true;
		t.queued = 9;
		t.verdict.size = 5;
		transaction_reset(&t);
		CHECK(is_empty(&t));
	}
}

TEST(an_envelope_has_bounds)
{
	struct transaction t;
	const struct fault *f = OK;
	uint32_t taken = 0;

	test_row = "recipients until the arena is full";
	begin(&t, KiB(16));
	while (!f && taken < 10000) {
		f = transaction_add_rcpt(&t, SPAN("somebody@vic.test"), 1,
			false);
		taken += !f;
	}
	CHECK_FAULT(f, &fault_arena_full);
	CHECK_NUMBER(t.local, taken);
	transaction_reset(&t);
	CHECK_OK(transaction_add_rcpt(&t, SPAN("a@b"), 1, false));
	transaction_reset(&t);
}
