/* keys -- has the private keys and answers one question: sign this handshake.
 *
 * No network, no files, no octet of a stranger except the bounded text that a
 * TLS role wants signed, which must have the shape of a handshake.
 */
#include "lib/base/number.h"
#include "proc/keys/service.h"
#include "sys/clock.h"
#include "sys/crypto.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/role.h"

#define KEY_FILE_MAX KiB(16)

static void
sign(void *owner, struct channel *c, const void *message, int fd)
{
	const struct sign_request *ask = message;
	enum role peer = channel_peer(c);
	struct sign_answer answer;

	(void)fd;
	service_answer(owner, peer, ask, clock_tick(), &answer);
	if (fault_row(answer.fault) == &fault_key_refused)
		LOG(EV_SIGN_REFUSED, ask->head.session,
			log_text(span_of(role_name(peer))),
			log_number(ask->key));

	/* a peer that does not read or is gone has given up its handshake */
	if (channel_send(c, &answer, -1))
		return;
}

static void
take_key(void *owner, enum file_purpose purpose, uint32_t number, int fd)
{
	static uint8_t room[KEY_FILE_MAX];
	OWNED(fd_close) int file = fd;
	struct buf pem = BUF(room);
	const struct fault *f;

	if (purpose != FILE_KEY)
		return;
	f = fd_read_whole(file, &pem);
	if (!f)
		f = service_take_key(owner, number, buf_view(&pem),
			clock_tick());
	explicit_bzero(room, sizeof room);
	LOG(f ? EV_KEY_UNUSABLE : EV_KEY_TAKEN, 0, log_number(number));
}

static const struct handlers handlers = { .on = { [SIGN_REQUEST] = sign } };
static const struct role_hooks hooks = { .file = take_key };

int
main(void)
{
	static struct key_service keys;
	struct role_process *r;

	if (crypto_start())
		return EXIT_FAULT;
	r = role_start(KEYS, &handlers, &hooks, &keys);
	if (signing_lock() && site_of(r)->production)
		return EXIT_SANDBOX;
	role_sandbox(r);
	return role_run(r);
}
