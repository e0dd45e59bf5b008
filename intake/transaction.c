#include "intake/transaction.h"

void
transaction_init(struct transaction *t, struct arena_pool *pool, size_t limit)
{
	*t = (struct transaction){ .body = BODY_CLOSED };
	arena_init(&t->arena, pool, limit);
	t->last = &t->first;
}

FALLIBLE
transaction_set_sender(struct transaction *t, struct span sender,
	bool eight_bit)
{
	TRY(arena_copy(&t->arena, sender, &t->sender));
	t->eight_bit = eight_bit;
	return OK;
}

FALLIBLE
transaction_begin_rcpt(struct transaction *t, struct span address)
{
	t->mark = t->last;
	return arena_copy(&t->arena, address, &t->rcpt);
}

static FALLIBLE
add(struct transaction *t, uint32_t account, bool remote)
{
	struct rcpt *r;
	void *at;

	if (t->local + t->remote == TXN_RCPTS)
		return &fault_rcpt_too_many;
	TRY(arena_take(&t->arena, sizeof *r, &at));
	r = at;
	*r = (struct rcpt){ .address = t->rcpt, .account = account,
		.remote = remote };
	*t->last = r;
	t->last = &r->next;
	*(remote ? &t->remote : &t->local) += 1;
	return OK;
}

FALLIBLE
transaction_add_local(struct transaction *t, uint32_t account)
{
	for (const struct rcpt *r = t->first; r; r = r->next)
		if (!r->remote && r->account == account)
			return OK;
	return add(t, account, false);
}

FALLIBLE
transaction_add_remote(struct transaction *t)
{
	return add(t, 0, true);
}

void
transaction_undo_rcpt(struct transaction *t)
{
	for (const struct rcpt *r = *t->mark; r; r = r->next)
		*(r->remote ? &t->remote : &t->local) -= 1;
	*t->mark = NULL;
	t->last = t->mark;
}

void
transaction_reset(struct transaction *t)
{
	struct arena arena = t->arena;

	body_close(&t->body);
	arena_reset(&arena);
	*t = (struct transaction){ .arena = arena, .body = BODY_CLOSED };
	t->last = &t->first;
}
