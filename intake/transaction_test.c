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

static const struct fault *
add_local(struct transaction *t, struct span address, uint32_t account)
{
	TRY(transaction_begin_rcpt(t, address));
	return transaction_add_local(t, account);
}

static const struct fault *
add_remote(struct transaction *t, struct span address)
{
	TRY(transaction_begin_rcpt(t, address));
	return transaction_add_remote(t, NOTIFY_NEVER, SPAN("rfc822;x"));
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
	CHECK_OK(transaction_set_sender(&t, SPAN("s@b")));
	CHECK_OK(add_local(&t, span_at(said, 3), 7));
	CHECK_OK(add_remote(&t, SPAN("c@d")));
	memset(said, 'x', sizeof said); /* the line it stood in is gone */
	CHECK_SPAN(t.sender, "s@b");
	CHECK_SPAN(t.first->address, "a@b");
	CHECK_NUMBER(t.first->account, 7);
	CHECK_SPAN(t.first->next->address, "c@d");
	CHECK(t.first->next->remote && !t.first->next->next);
	CHECK_NUMBER(t.first->next->notify, NOTIFY_NEVER);
	CHECK_SPAN(t.first->next->orcpt, "rfc822;x");
	CHECK_NUMBER(t.local, 1);
	CHECK_NUMBER(t.remote, 1);
	transaction_reset(&t);
}

TEST(a_reset_leaves_nothing)
{
	struct transaction t;

	test_row = "everything is set, then reset, many times over";
	begin(&t, KiB(16));
	for (int i = 0; i < 100; i++) {
		CHECK_OK(transaction_set_sender(&t, SPAN("s@b")));
		CHECK_OK(i & 1 ? add_remote(&t, SPAN("c@d"))
			      : add_local(&t, SPAN("c@d"), 1));
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
		f = add_local(&t, SPAN("somebody@vic.test"), taken);
		taken += !f;
	}
	CHECK_FAULT(f, &fault_arena_full);
	CHECK_NUMBER(t.local, taken);
	transaction_reset(&t);
	CHECK_OK(add_local(&t, SPAN("a@b"), 1));
	transaction_reset(&t);
}

TEST(a_mailbox_gets_a_message_once)
{
	struct transaction t;

	begin(&t, KiB(16));
	CHECK_OK(add_local(&t, SPAN("a@b"), 1));
	CHECK_OK(transaction_begin_rcpt(&t, SPAN("group@b")));
	CHECK_OK(transaction_add_local(&t, 1));
	CHECK_OK(transaction_add_local(&t, 2));
	CHECK_OK(transaction_add_local(&t, 2));
	CHECK_OK(add_remote(&t, SPAN("c@d")));
	CHECK_NUMBER(t.local, 2);
	CHECK_NUMBER(t.remote, 1);
	CHECK_SPAN(t.first->address, "a@b");
	CHECK_SPAN(t.first->next->address, "group@b");
	transaction_reset(&t);
}

TEST(a_refused_recipient_leaves_nothing)
{
	struct transaction t;

	begin(&t, KiB(16));
	CHECK_OK(add_local(&t, SPAN("a@b"), 1));
	CHECK_OK(transaction_begin_rcpt(&t, SPAN("group@b")));
	CHECK_OK(transaction_add_local(&t, 2));
	CHECK_OK(transaction_add_local(&t, 3));
	transaction_undo_rcpt(&t);
	test_row = "before anything was added";
	CHECK_OK(transaction_begin_rcpt(&t, SPAN("other@b")));
	transaction_undo_rcpt(&t);
	test_row = "the one before is still there, and others can follow";
	CHECK_OK(add_remote(&t, SPAN("c@d")));
	CHECK_NUMBER(t.local, 1);
	CHECK_NUMBER(t.remote, 1);
	CHECK_NUMBER(t.first->account, 1);
	CHECK(t.first->next->remote && !t.first->next->next);
	CHECK_NUMBER(t.first->next->notify, NOTIFY_NEVER);
	CHECK_SPAN(t.first->next->orcpt, "rfc822;x");
	transaction_reset(&t);
}

TEST(mailboxes_are_bounded)
{
	static uint8_t room[KiB(256)] __attribute__((aligned(16)));
	struct transaction t;

	arena_pool_init(&pool, room, sizeof room);
	transaction_init(&t, &pool, sizeof room);
	CHECK_OK(transaction_begin_rcpt(&t, SPAN("all@b")));
	for (uint32_t i = 0; i < TXN_RCPTS; i++)
		CHECK_OK(transaction_add_local(&t, i));
	CHECK_OK(transaction_add_local(&t, 0));
	CHECK_FAULT(transaction_add_local(&t, TXN_RCPTS), &fault_rcpt_too_many);
	CHECK_FAULT(transaction_add_remote(&t, 0, SPAN("")), &fault_rcpt_too_many);
	transaction_reset(&t);
}
