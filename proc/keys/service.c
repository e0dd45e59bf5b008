#include "proc/keys/service.h"

/* Who may use a key; a number without a row belongs to nobody. */
static const uint32_t users[KEY_NUMBERS] = {
	[KEY_HOST] = ROLE_BIT(MX) | ROLE_BIT(SUBMISSION) | ROLE_BIT(LOGIN),
};

FALLIBLE
service_take_key(struct key_service *s, uint32_t number, struct span pem,
	struct tick now)
{
	struct signing_key *fresh = NULL;
	struct held_key *h;

	if (number >= KEY_NUMBERS)
		return &fault_key_unusable;
	TRY(signing_open(pem, &fresh));
	h = &s->held[number];
	signing_close(&h->before);
	*h = (struct held_key){ fresh, h->now, now };
	return OK;
}

static bool
take_allowance(struct allowance *a, uint32_t signatures, struct tick now)
{
	const int64_t one = SECONDS(1) / SIGNATURES_A_SECOND;
	const int64_t most = one * SIGNATURES_AT_ONCE;
	const int64_t cost = one * signatures;
	int64_t passed = now.us - a->filled.us;

	a->left_us = passed > most - a->left_us ? most : a->left_us + passed;
	a->filled = now;
	if (a->left_us < cost)
		return false;
	a->left_us -= cost;
	return true;
}

static bool
may_use(enum role peer, uint32_t number)
{
	return number < KEY_NUMBERS && (users[number] & ROLE_BIT(peer));
}

static bool
is_meant(const struct signing_key *k, const struct sign_request *ask)
{
	uint8_t half[KEY_HALF];

	if (!k)
		return false;
	signing_half(k, half);
	return memcmp(half, ask->half, sizeof half) == 0;
}

static const struct signing_key *
find_key(struct held_key *h, const struct sign_request *ask, struct tick now)
{
	if (now.us - h->replaced.us > KEY_OVERLAP_US)
		signing_close(&h->before);
	if (is_meant(h->now, ask))
		return h->now;
	return is_meant(h->before, ask) ? h->before : NULL;
}

void
service_answer(struct key_service *s, enum role peer,
	const struct sign_request *ask, struct tick now,
	struct sign_answer *answer)
{
	const struct signing_key *k;

	*answer = (struct sign_answer){ .head = ask->head };
	answer->head.type = SIGN_ANSWER;
	if (!may_use(peer, ask->key)) {
		answer->fault = fault_number(&fault_key_refused);
		return;
	}
	k = find_key(&s->held[ask->key], ask, now);
	if (take_allowance(&s->allowances[peer], k ? signing_cost(k) : 1, now))
		signing_answer(k, ask, answer);
	else
		answer->fault = fault_number(&fault_ipc_busy);
}
