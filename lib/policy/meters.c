#include "lib/policy/meters.h"

#include "lib/base/must.h"

#define HEAT_HELD 1024

static struct meter *
set_of(const struct meters *m, uint32_t dim, const uint64_t key[2])
{
	uint64_t name[3] = { dim, key[0], key[1] };
	uint64_t hash = siphash(&m->key, span_at(name, sizeof name));

	return &m->places[hash % m->sets * METERS_WAYS];
}

static bool
is(const struct meter *m, uint32_t dim, const uint64_t key[2])
{
	return m->dim == dim && m->key[0] == key[0] && m->key[1] == key[1];
}

struct meter *
meters_find(const struct meters *m, uint32_t dim, const uint64_t key[2])
{
	struct meter *set = set_of(m, dim, key);

	MUST(dim > 0 && dim < METERS_DIMS);
	for (int i = 0; i < METERS_WAYS; i++)
		if (is(&set[i], dim, key))
			return &set[i];
	return NULL;
}

unsigned
meter_heat(struct meter *m, const struct rates *rates, int64_t now_ms)
{
	unsigned most = 0;

	MUST(m->dim < METERS_DIMS);
	if (m->held)
		return HEAT_HELD;
	for (int u = 0; u < METERS_UNITS; u++) {
		struct rate r = rates->at[m->dim][u];
		unsigned heat =
			r.most > 0 ? bucket_heat(&m->buckets[u], r, now_ms) : 0;

		most = heat > most ? heat : most;
	}
	return most;
}

/* The free place, or the coldest; NULL when all are held. */
static struct meter *
coldest(struct meter *set, const struct rates *rates, int64_t now_ms)
{
	struct meter *found = NULL;
	unsigned least = HEAT_HELD;

	for (int i = 0; i < METERS_WAYS; i++) {
		unsigned heat;

		if (set[i].dim == 0)
			return &set[i];
		heat = meter_heat(&set[i], rates, now_ms);
		if (heat < least) {
			least = heat;
			found = &set[i];
		}
	}
	return found;
}

struct meter *
meters_take(struct meters *m, const struct rates *rates, uint32_t dim,
	const uint64_t key[2], int64_t now_ms)
{
	struct meter *p = meters_find(m, dim, key);

	if (p)
		return p;
	p = coldest(set_of(m, dim, key), rates, now_ms);
	if (!p)
		return NULL;
	*p = (struct meter){ .dim = dim, .key = { key[0], key[1] } };
	return p;
}
