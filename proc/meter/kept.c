/* kept.c -- the counters in their file. */
#include "lib/base/number.h"
#include "proc/meter/meter.h"
#include "sys/crypto.h"
#include "sys/log.h"
#include "sys/mapping.h"

#define SOURCE_SETS 8192    /* 65,536 addresses and networks     */
#define NAME_SETS 2048      /* 16,384 accounts, domains          */
#define FAMILIAR_SETS 32768 /* 262,144 pairs of account and recipient */
#define MAGIC 0x7265746d    /* "mter" */
#define VERSION 3
#define LATEST_MS (86400 * 1000) /* a counter of tomorrow is damage */

struct kept {
	uint32_t magic, version;
	uint64_t meter_size;
	struct headroom headroom;
	struct siphash_key sources_key, names_key, familiar_key;
	struct meter sources[SOURCE_SETS * METERS_WAYS];
	struct meter names[NAME_SETS * METERS_WAYS];
	struct familiar_pair familiar[FAMILIAR_SETS * FAMILIAR_WAYS];
};

static bool
is_sound(const struct meter *m, int64_t now_ms)
{
	for (int u = 0; u < METERS_UNITS; u++)
		if (m->buckets[u].at_ms < 0 ||
			m->buckets[u].at_ms > now_ms + LATEST_MS)
			return false;
	return m->dim < LIMIT_DIMS && m->held <= 1 && m->told_ms >= 0 &&
		m->told_ms <= now_ms + LATEST_MS;
}

/* What cannot be is forgotten. */
static void
clean(struct meter *at, size_t count, int64_t now_ms)
{
	for (size_t i = 0; i < count; i++)
		if (!is_sound(&at[i], now_ms))
			at[i] = (struct meter){ .dim = DIM_NONE };
}

static bool
is_ours(const struct kept *k)
{
	return k->magic == MAGIC && k->version == VERSION &&
		k->meter_size == sizeof(struct meter);
}

static void
begin(struct kept *k)
{
	memset(k, 0, sizeof *k);
	k->version = VERSION;
	k->meter_size = sizeof(struct meter);
	random_octets(&k->sources_key, sizeof k->sources_key);
	random_octets(&k->names_key, sizeof k->names_key);
	random_octets(&k->familiar_key, sizeof k->familiar_key);
	k->magic = MAGIC;
}

FALLIBLE
kept_open(int directory, struct limits *l, struct headroom **headroom,
	int64_t now_ms)
{
	struct kept *k;
	void *at;
	bool fresh;

	TRY(mapping_open(directory, "counters", sizeof *k, &at, &fresh));
	k = at;
	if (fresh || !is_ours(k)) {
		LOG(EV_METER_FRESH, 0,
			log_text(fresh ? SPAN("no file") : SPAN("other file")));
		begin(k);
	}
	clean(k->sources, COUNT_OF(k->sources), now_ms);
	clean(k->names, COUNT_OF(k->names), now_ms);
	if (k->headroom.since_ms < 0)
		k->headroom = (struct headroom){ .since_ms = 0 };
	*headroom = &k->headroom;
	l->peaks = k->headroom.peaks;
	l->sources = (struct meters){ k->sources, SOURCE_SETS, k->sources_key };
	l->names = (struct meters){ k->names, NAME_SETS, k->names_key };
	l->familiar = (struct familiar){ k->familiar, FAMILIAR_SETS,
		k->familiar_key };
	return OK;
}
