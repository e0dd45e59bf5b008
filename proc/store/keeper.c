/* keeper.c -- what serves whom, and the memory for it. */
#include "proc/store/keeper.h"

#include "sys/clock.h"
#include "sys/crypto.h"
#include "sys/log.h"

static void
status(void *owner, struct channel *c, const void *message, int fd)
{
	const struct plain *ask = message;
	struct keeper *k = owner;
	struct ctl_done m = { .head = ask->head,
		.fault = k->store ? 0 : fault_number(&fault_storage_failed) };

	(void)fd;
	m.head.type = CTL_DONE;
	/* an operator who went away does not want to know */
	if (channel_send(c, &m, -1))
		return;
}

const struct handlers keeper_handlers = {
	.on = {
		[DELIVER_OPEN] = delivery_open,
		[DELIVER_RCPT] = delivery_rcpt,
		[MAILBOXES_ASK] = session_list,
		[MAILBOX_EDIT] = session_edit,
		[MAILBOX_STATUS] = session_status,
		[MAILBOX_OPEN] = session_open,
		[MAILBOX_VIEW] = session_view,
		[MAILBOX_CLOSE] = session_close,
		[STORE_FETCH] = session_fetch,
		[STORE_PIECE] = session_piece,
		[STORE_FLAGS] = session_mark,
		[STORE_EXPUNGE] = session_expunge,
		[STORE_COPY] = session_copy,
		[STORE_APPEND] = session_append,
		[EPOCHS_GIVEN] = sessions_judge,
		[STORE_STATUS] = status,
	},
};

/* --- channels ------------------------------------------------------------ */

static bool
delivers(enum role r)
{
	return r == MX || r == SUBMISSION || r == QUEUE;
}

void
keeper_linked(void *keeper, struct channel *c, const struct link_given *m)
{
	if (channel_peer(c) == IMAP)
		session_begin(keeper, c, m);
	else if (delivers(channel_peer(c)))
		sender_begin(keeper, c);
}

void
keeper_unlinked(void *keeper, struct channel *c)
{
	answers_forget(keeper, c);
	if (channel_peer(c) == IMAP)
		session_end(keeper, c);
	else if (delivers(channel_peer(c)))
		sender_end(keeper, c);
}

/* --- start --------------------------------------------------------------- */

void
keeper_rest(void *keeper)
{
	struct keeper *k = keeper;
	const struct fault *f = k->store ? store_rest(k->store) : OK;

	if (!f)
		return;
	LOG(EV_STORE_FAILED, 0, log_fault(f), log_text(SPAN("index")));
	loop_stop(role_loop(k->role), EXIT_FAULT);
}

static void
overdue(void *keeper)
{
	deliveries_give_up(keeper, clock_tick());
}

static struct span
key_at(const void *deliveries, uint32_t i)
{
	const struct delivery *d = deliveries;

	return span_at(&d[i].key, sizeof d[i].key);
}

FALLIBLE
keeper_open(struct keeper *k, struct role_process *r, struct loop *l)
{
	void *memory = pool_storage(RCPTS_MEMORY);
	struct siphash_key key;

	if (!memory)
		return &fault_sys_failed;
	k->role = r;
	k->directory = -1;
	random_octets(&key, sizeof key);
	table_init(&k->delivery_table, k->delivery_slots, DELIVERIES_MAX, &key,
		key_at, k->deliveries);
	list_init(&k->begun);
	list_init(&k->greedy);
	arena_pool_init(&k->rcpt_memory, memory, RCPTS_MEMORY);
	k->blocks_left = DELIVERIES_MAX;
	TRY(pool_open(sizeof(struct sender), SENDERS_MAX, &k->senders));
	TRY(pool_open(sizeof(struct session), SESSIONS_MAX, &k->sessions));
	TRY(timer_open(l, overdue, k, &k->overdue));
	return timer_open(l, keeper_rest, k, &k->rest);
}
