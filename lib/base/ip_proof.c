/* Law: every address survives its own text. */
#include "lib/base/ip.h"
#include "lib/base/property.h"

PROPERTY(ip_round_trip)
{
	uint8_t storage[64], address[16], again[16];
	struct buf b = BUF(storage);

	ANY(uint64_t, high);
	ANY(uint64_t, low);
	memcpy(address, &high, sizeof high);
	memcpy(address + 8, &low, sizeof low);
	MUST(put_ip(&b, address));
	MUST(ip_parse(buf_view(&b), again));
	MUST(memcmp(address, again, sizeof again) == 0);
}
