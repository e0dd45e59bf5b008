/* service.h -- which keys there are, who may use them and how often. */
#pragma once

#include "lib/base/time.h"
#include "sys/signing.h"

/* What one role may ask for, in signatures of P-256 (signing_cost): a busy
 * server's handshakes, and not enough to keep this process from answering the
 * others. */
#define SIGNATURES_A_SECOND 5000
#define SIGNATURES_AT_ONCE  5000

/* How long a key that was replaced still signs for handshakes with the
 * certificate before. */
#define KEY_OVERLAP_US SECONDS(60)

struct allowance {
	int64_t left_us;    /* each signature costs a share of a second */
	struct tick filled; /* when it was brought up to date           */
};

struct held_key {
	struct signing_key *now, *before;
	struct tick replaced; /* when `before` was the one in use */
};

/* Zero is a service without keys. */
struct key_service {
	struct held_key held[KEY_NUMBERS];
	struct allowance allowances[ROLES];
};

/* Put a key in use, in PEM; the one before serves for KEY_OVERLAP_US.
 *
 * key_unusable  it does not parse or there is no such number; nothing
 *               changes */
FALLIBLE service_take_key(struct key_service *s, uint32_t number,
	struct span pem, struct tick now);

/* Answer role `peer`.  The answer is complete in any case; its fault is
 *
 * key_refused  not this role's key, or not a handshake
 * ipc_busy     more than the allowance */
void service_answer(struct key_service *s, enum role peer,
	const struct sign_request *ask, struct tick now,
	struct sign_answer *answer);
