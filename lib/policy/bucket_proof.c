#include "lib/base/property.h"
#include "lib/policy/bucket.h"

/* However it is asked, a bucket admits no more than `most` and what drained
 * since it was asked first. */
PROPERTY(bucket_admits_no_more_than_its_rate)
{
	ANY(uint32_t, most);
	ANY(uint32_t, window);
	struct rate r = { most % 100000 + 1, window % 86400000 + 1 };
	struct bucket b = { 0, 0 };
	int64_t start = 1764000000000, now = start;
	uint64_t admitted = 0;

	for (int i = 0; i < 12; i++) {
		ANY(uint32_t, pause);
		ANY(uint32_t, amount);
		uint64_t want = amount % (r.most + 2);

		now += pause % (2 * r.window_ms + 1);
		if (bucket_has_room(&b, r, want, now)) {
			bucket_charge(&b, r, want, now);
			admitted += want;
		}
		MUST(admitted <= r.most +
				r.most * (uint64_t)(now - start) /
					(uint64_t)r.window_ms);
		MUST(b.used <= r.most);
	}
}
