#include "intake/transaction.h"

void
transaction_init(struct transaction *t, struct arena_pool *pool, size_t limit)
{
	*t = (struct transaction){ .body = BODY_CLOSED };
	arena_init(&t->arena, pool, limit);
	t->last = &t->first;
}

FALLIBLE
transaction_set_sender(struct transaction *t, struct span sender)
{
	return arena_copy(&t->arena, sender, &t->sender);
}

FALLIBLE
transaction_set_reports(struct transaction *t, enum dsn_return ret,
	struct span envid)
{
	t->ret = ret;
	return arena_copy(&t->arena, envid, &t->envid);
}

FALLIBLE
transaction_begin_rcpt(struct transaction *t, struct span address)
{
	t->mark = t->last;
	t->refusal = OK;
	return arena_copy(&t->arena, address, &t->rcpt);
}

static FALLIBLE
add(struct transaction *t, struct rcpt like)
{
	struct rcpt *r;
	void *at;

	if (t->local + t->remote == TXN_RCPTS)
		return &fault_rcpt_too_many;
	TRY(arena_take(&t->arena, sizeof *r, &at));
	r = at;
	*r = like;
	r->address = t->rcpt;
	*t->last = r;
	t->last = &r->next;
	*(like.remote ? &t->remote : &t->local) += 1;
	return OK;
}

FALLIBLE
transaction_add_local(struct transaction *t, uint32_t account)
{
	for (const struct rcpt *r = t->first; r; r = r->next)
		if (!r->remote && r->account == account)
			return OK;
	return add(t, (struct rcpt){ .account = account });
}

FALLIBLE
transaction_add_remote(struct transaction *t, unsigned notify,
	struct span orcpt)
{
	struct span copy;

	TRY(arena_copy(&t->arena, orcpt, &copy));
	TRY(add(t, (struct rcpt){ .remote = true,
			       .notify = notify,
			       .orcpt = copy }));
	return OK;
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
