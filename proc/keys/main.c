/* keys -- has the private keys and answers one question: sign this handshake.
 *
 * No network, no files, no octet of a stranger except the bounded text that a
 * TLS role wants signed, which must have the shape of a handshake.
 */
#include "lib/base/number.h"
#include "lib/base/time.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/role.h"
#include "sys/signing.h"

#define KEY_FILE_MAX KiB(16)

/* What one role may ask for: a busy server's handshakes, and not enough to
 * keep this process from answering the others. */
#define SIGNATURES_A_SECOND 5000
#define SIGNATURES_AT_ONCE  5000

/* Who may use a key; a number without a row belongs to nobody. */
static const uint32_t users[KEY_NUMBERS] = {
	[KEY_HOST] = ROLE_BIT(MX) | ROLE_BIT(SUBMISSION) | ROLE_BIT(LOGIN),
};

struct allowance {
	int64_t left_us;    /* each signature costs a share of a second */
	struct tick filled; /* when it was brought up to date           */
};

struct keys {
	struct signing_key *held[KEY_NUMBERS];
	struct allowance allowances[ROLES];
};

static bool
take_allowance(struct allowance *a, struct tick now)
{
	const int64_t cost = SECONDS(1) / SIGNATURES_A_SECOND;
	const int64_t most = cost * SIGNATURES_AT_ONCE;
	int64_t passed = now.us - a->filled.us;

	a->left_us = passed > most - a->left_us ? most : a->left_us + passed;
	a->filled = now;
	if (a->left_us < cost)
		return false;
	a->left_us -= cost;
	return true;
}

static bool
may_use(enum role peer, uint32_t key)
{
	return key < KEY_NUMBERS && (users[key] & ROLE_BIT(peer));
}

static void
refuse(enum role peer, const struct sign_request *ask,
	struct sign_answer *answer)
{
	answer->fault = fault_number(&fault_key_refused);
	LOG(EV_SIGN_REFUSED, ask->head.session,
		log_text(span_of(role_name(peer))), log_number(ask->key));
}

static void
answer_sign(void *owner, struct channel *c, const void *message, int fd)
{
	const struct sign_request *ask = message;
	struct keys *k = owner;
	enum role peer = channel_peer(c);
	struct sign_answer answer = { .head = ask->head };

	(void)fd;
	answer.head.type = SIGN_ANSWER;
	if (!may_use(peer, ask->key))
		refuse(peer, ask, &answer);
	else if (!take_allowance(&k->allowances[peer], clock_tick()))
		answer.fault = fault_number(&fault_ipc_busy);
	else
		signing_answer(k->held[ask->key], ask, &answer);

	/* a peer that does not read or is gone has given up its handshake */
	if (channel_send(c, &answer, -1))
		return;
}

/* A key that does not parse leaves the one before in use. */
static void
take_key(void *owner, enum file_purpose purpose, uint32_t number, int fd)
{
	static uint8_t room[KEY_FILE_MAX];
	OWNED(fd_close) int file = fd;
	struct keys *k = owner;
	struct signing_key *fresh = NULL;
	struct buf pem = BUF(room);
	const struct fault *f;

	if (purpose != FILE_KEY || number >= KEY_NUMBERS)
		return;
	f = fd_read_whole(file, &pem);
	if (!f)
		f = signing_open(buf_view(&pem), &fresh);
	explicit_bzero(room, sizeof room);
	if (f) {
		LOG(EV_KEY_UNUSABLE, 0, log_number(number));
		return;
	}
	signing_close(&k->held[number]);
	k->held[number] = fresh;
	LOG(EV_KEY_TAKEN, 0, log_number(number));
}

static const struct handlers handlers = {
	.on = { [SIGN_REQUEST] = answer_sign },
};

static const struct role_hooks hooks = { .file = take_key };

int
main(void)
{
	static struct keys keys;
	const struct fault *unlocked = signing_start();
	struct role_process *r = role_start(KEYS, &handlers, &hooks, &keys);

	if (unlocked && site_of(r)->production)
		return EXIT_SANDBOX;
	role_sandbox(r);
	return role_run(r);
}
