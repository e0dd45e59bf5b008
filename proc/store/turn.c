/* turn.c -- one sync for everything that a turn brought. */
#include "lib/base/must.h"
#include "proc/store/keeper.h"
#include "sys/log.h"

void
answer_hold(struct keeper *k, struct channel *to, const void *m, size_t size)
{
	struct answer *a;
	struct session *s = session_of(to);

	MUST(size <= sizeof a->m);
	if (k->answer_count == ANSWERS_MAX)
		answers_send(k);
	a = &k->answers[k->answer_count++];
	a->to = to;
	memcpy(&a->m, m, size);
	if (s)
		s->held++;
	k->busy = true;
}

/* Nothing of what was done is true. */
static void
spoil(struct answer *a, const struct fault *f)
{
	struct head head = a->m.head;
	uint16_t fault = fault_number(f);

	switch (head.type) {
	case DELIVER_DONE:
		a->m.deliver = (struct deliver_done){ .fault = fault };
		break;
	case STORE_ADDED:
		a->m.added = (struct store_added){ .fault = fault };
		break;
	default:
		a->m.done = (struct store_done){ .fault = fault };
		break;
	}
	a->m.head = head;
}

/* After a failed sync nobody knows what the disk holds: say so and start again,
 * from what it holds (rule D3). */
static void
give_up(struct keeper *k, const struct fault *f)
{
	LOG(EV_STORE_FAILED, 0, log_fault(f), log_text(SPAN("commit")));
	store_close(&k->store);
	loop_stop(role_loop(k->role), EXIT_FAULT);
}

static void
log_delivered(struct keeper *k)
{
	for (size_t i = 0; i < k->delivered_count; i++) {
		const struct delivered *d = &k->delivered[i];

		LOG(EV_DELIVERED, d->session, log_id(d->id),
			log_number(d->account), log_number(d->uid),
			log_number(d->size));
	}
	k->delivered_count = 0;
}

void
answers_send(struct keeper *k)
{
	const struct fault *f = store_commit(k->store);

	for (size_t i = 0; i < k->answer_count; i++) {
		struct answer *a = &k->answers[i];
		struct session *s = a->to ? session_of(a->to) : NULL;

		if (!a->to)
			continue;
		if (f)
			spoil(a, f);
		if (s)
			s->held--;
		/* one that is gone or does not read will ask again */
		if (channel_send(a->to, &a->m, -1))
			continue;
	}
	k->answer_count = 0;
	if (f)
		give_up(k, f);
	else
		log_delivered(k);
}

void
answers_forget(struct keeper *k, struct channel *c)
{
	for (size_t i = 0; i < k->answer_count; i++)
		if (k->answers[i].to == c)
			k->answers[i].to = NULL;
}

void
turn_end(void *keeper)
{
	struct keeper *k = keeper;
	const struct fault *f;

	if (!k->store || !k->busy)
		return;
	k->busy = false;
	sessions_go_on(k);
	answers_send(k);
	if (!k->store)
		return;
	sessions_tell(k);
	f = store_tend(k->store);
	if (f) {
		give_up(k, f);
		return;
	}
	timer_set(k->rest, REST_US);
	if (k->stopping)
		role_stop(k->role);
}
