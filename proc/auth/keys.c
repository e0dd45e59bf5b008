#include <string.h>

#include "lib/base/must.h"
#include "proc/auth/auth.h"
#include "sys/crypto.h"

/* The same salt at every try and after every restart, as a real one has
 * (AU-D02): it is made from what only this process and the file know.  No
 * password fits the keys. */
static void
make_keys(const struct auth *a, struct span login, struct scram_keys *k)
{
	uint8_t made[SHA256_OCTETS], room[SASL_BLOB_MAX];
	struct buf lower = BUF(room);

	for (size_t i = 0; i < login.len && i < sizeof room; i++)
		MUST(buf_push(&lower, octet_lower(login.at[i])));
	hmac_sha256(users_secret(a->users), buf_view(&lower), made);
	memcpy(k->salt, made, sizeof k->salt);
	k->iterations = SCRAM_ITERATIONS;
	random_octets(k->stored, sizeof k->stored);
	random_octets(k->server, sizeof k->server);
}

/* A disabled account has its own: exchange.c refuses it in the end. */
void
keys_find(struct exchange *e, struct span login, struct scram_keys *out)
{
	struct credential c;

	e->epoch = 0;
	if (!users_credential(e->auth->users, login, &c)) {
		make_keys(e->auth, login, out);
		return;
	}
	e->epoch = c.user->epoch;
	*out = *credential_scram(&c);
}
