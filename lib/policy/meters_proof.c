#include "lib/base/property.h"
#include "lib/policy/meters.h"

#define SETS 2
#define NOW 1764000000000

static const struct rates rates = { .at = { [1] = { { 100, 60000 } } } };

static struct meter *
use(struct meters *m, uint64_t name, uint64_t amount)
{
	const uint64_t key[2] = { name, 0 };
	struct meter *p = meters_take(m, &rates, 1, key, NOW);

	MUST(p && p->key[0] == name);
	bucket_charge(&p->buckets[0], rates.at[1][0], amount, NOW);
	return p;
}

/* However many newcomers come, whoever used more than each of them keeps his
 * place and his count. */
PROPERTY(meters_keep_the_busy)
{
	struct meter places[SETS * METERS_WAYS];
	ANY(uint64_t, secret);
	ANY(uint8_t, used);
	struct meters m = { .places = places, .sets = SETS };
	uint64_t busy = 2 + used % 99;
	const uint64_t key[2] = { 1, 0 };
	struct meter *p;

	memset(places, 0, sizeof places);
	memcpy(m.key.octets, &secret, sizeof secret);
	use(&m, 1, busy);
	for (uint64_t i = 2; i < 60; i++) {
		ANY(uint64_t, name);
		ANY(uint8_t, amount);

		use(&m, name | 2, amount % (busy - 1));
		p = meters_find(&m, 1, key);
		MUST(p && p->buckets[0].used == busy);
		/* the same newcomer twice may become as busy */
		for (int k = 0; k < SETS * METERS_WAYS; k++)
			if (places[k].key[0] != 1 &&
				places[k].buckets[0].used >= busy)
				memset(&places[k], 0, sizeof places[k]);
	}
}
