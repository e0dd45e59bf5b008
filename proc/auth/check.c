#include <string.h>

#include "lib/base/codec.h"
#include "lib/base/must.h"
#include "proc/auth/auth.h"
#include "sys/clock.h"

static void
mac_of(const struct auth *a, const struct user *u, struct span password,
	uint8_t mac[MAC_OCTETS])
{
	uint8_t room[4 + 8 + 2 + SASL_BLOB_MAX];
	struct buf b = BUF(room);

	MUST(put_u32(&b, u->account) &&
		put_u64(&b, (uint64_t)u->changed_us) &&
		put_block(&b, password));
	mac_make(&a->proven_key, buf_view(&b), mac);
	explicit_bzero(room, sizeof room);
}

static struct proven *
place_of(struct auth *a, const struct user *u)
{
	return &a->proven[u->account % PROVEN];
}

static bool
is_proven(struct auth *a, const struct user *u, struct span password)
{
	struct proven *p = place_of(a, u);
	uint8_t mac[MAC_OCTETS];

	mac_of(a, u, password, mac);
	return p->at.us != 0 && clock_tick().us - p->at.us < PROVEN_US &&
		memcmp(p->mac, mac, sizeof mac) == 0;
}

bool
check_password(struct auth *a, const struct user *u, struct span password)
{
	bool enabled = u && u->state == USER_ENABLED;

	if (enabled && is_proven(a, u, password))
		return true;
	if (!password_holds(enabled ? u->verifier : password_nobody(),
		    password) || !enabled)
		return false;
	mac_of(a, u, password, place_of(a, u)->mac);
	place_of(a, u)->at = clock_tick();
	return true;
}

void
check_forget_all(struct auth *a)
{
	explicit_bzero(a->proven, sizeof a->proven);
}
