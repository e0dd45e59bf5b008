#include "lib/policy/bucket.h"

#include "lib/base/must.h"

#define FULL 256

/* How long `amount` takes to drain, rounded up: rounding never gives away. */
static int64_t
time_of(struct rate r, uint64_t amount)
{
	uint64_t window = (uint64_t)r.window_ms;

	return (int64_t)((amount * window + r.most - 1) / r.most);
}

static void
drain(struct bucket *b, struct rate r, int64_t now_ms)
{
	int64_t elapsed = now_ms - b->at_ms;
	uint64_t drained;

	if (elapsed > 0 && elapsed < 2 * r.window_ms) {
		drained = (uint64_t)elapsed * r.most / (uint64_t)r.window_ms;
		if (drained < b->used) {
			b->used -= drained;
			b->at_ms += time_of(r, drained);
			return;
		}
	}
	if (elapsed > 0)
		b->used = 0;
	b->at_ms = now_ms;
}

bool
bucket_has_room(
	struct bucket *b, struct rate r, uint64_t amount, int64_t now_ms)
{
	MUST(r.most > 0 && r.window_ms > 0);
	drain(b, r, now_ms);
	return b->used <= r.most && amount <= r.most - b->used;
}

void
bucket_charge(struct bucket *b, struct rate r, uint64_t amount, int64_t now_ms)
{
	uint64_t limit = 2 * r.most;

	MUST(r.most > 0 && r.window_ms > 0);
	drain(b, r, now_ms);
	if (b->used > limit)
		b->used = limit;
	b->used += amount < limit - b->used ? amount : limit - b->used;
}

unsigned
bucket_heat(struct bucket *b, struct rate r, int64_t now_ms)
{
	drain(b, r, now_ms);
	if (b->used >= 2 * r.most)
		return 2 * FULL;
	return (unsigned)(b->used * FULL / r.most);
}
