#include "lib/policy/familiar.h"

#define RCPT_MAX 320

static uint64_t
hash_of(const struct familiar *f, uint32_t account, struct span rcpt)
{
	uint8_t name[sizeof account + RCPT_MAX];
	size_t len = rcpt.len < RCPT_MAX ? rcpt.len : RCPT_MAX;
	uint64_t hash;

	memcpy(name, &account, sizeof account);
	for (size_t i = 0; i < len; i++)
		name[sizeof account + i] = octet_lower(rcpt.at[i]);
	hash = siphash(&f->key, span_at(name, sizeof account + len));
	return hash ? hash : 1;
}

bool
familiar_knows(const struct familiar *f, uint32_t account, struct span rcpt)
{
	uint64_t hash = hash_of(f, account, rcpt);
	const struct familiar_pair *set =
		&f->places[hash % f->sets * FAMILIAR_WAYS];

	for (int i = 0; i < FAMILIAR_WAYS; i++)
		if (set[i].hash == hash)
			return true;
	return false;
}

/* Its own place, a free one, or that of the one not seen for longest. */
static struct familiar_pair *
place_for(struct familiar_pair *set, uint64_t hash)
{
	struct familiar_pair *found = set;

	for (int i = 0; i < FAMILIAR_WAYS; i++) {
		if (set[i].hash == hash)
			return &set[i];
		if (found->hash != 0 &&
			(set[i].hash == 0 || set[i].seen_ms < found->seen_ms))
			found = &set[i];
	}
	return found;
}

void
familiar_meet(
	struct familiar *f, uint32_t account, struct span rcpt, int64_t now_ms)
{
	uint64_t hash = hash_of(f, account, rcpt);
	struct familiar_pair *set = &f->places[hash % f->sets * FAMILIAR_WAYS];

	*place_for(set, hash) = (struct familiar_pair){ hash, now_ms };
}
