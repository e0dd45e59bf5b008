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
transaction_add_rcpt(struct transaction *t, struct span address,
	uint32_t account, bool remote)
{
	struct span copy;
	struct rcpt *r;
	void *at;

	TRY(arena_copy(&t->arena, address, &copy));
	TRY(arena_take(&t->arena, sizeof *r, &at));
	r = at;
	*r = (struct rcpt){ .address = copy, .account = account,
		.remote = remote };
	*t->last = r;
	t->last = &r->next;
	if (remote)
		t->remote++;
	else
		t->local++;
	return OK;
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
