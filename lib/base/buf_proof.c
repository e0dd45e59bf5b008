#include "lib/base/buf.h"
#include "lib/base/property.h"

/* A push stays inside the storage, and a refused push changes nothing. */
PROPERTY(buf_push_is_bounded)
{
	uint8_t storage[8] = { 0 };
	ANY(uint8_t, len);
	ANY(uint8_t, octet);
	struct buf b = { storage, len, sizeof storage };
	bool fits;

	ASSUME(len <= sizeof storage);
	fits = buf_push(&b, octet);

	MUST(fits == (len < sizeof storage));
	MUST(b.len == len + (size_t)fits);
	MUST(!fits || storage[len] == octet);
}
