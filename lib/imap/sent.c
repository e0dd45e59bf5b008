#include "lib/imap/sent.h"

#include "lib/base/number.h"
#include "lib/mime/content.h"

bool
sent_day(struct span value, struct instant *out)
{
	static const bool letters[256] = { ['A' ... 'Z'] = true,
		['a' ... 'z'] = true };
	struct civil c = { 0 };
	uint64_t day, year;

	if (!skip_cfws(&value))
		return false;
	if (span_skip(&value, letters) > 0 &&
		(!skip_cfws(&value) || !span_take(&value, ',')))
		return false;
	if (!skip_cfws(&value) || number_take(&value, 2, 1, 31, &day) ||
		!skip_cfws(&value) || (c.month = (uint8_t)take_month(&value)) == 0 ||
		!skip_cfws(&value) || number_take(&value, 4, 0, 9999, &year))
		return false;
	if (year < 100) /* RFC 5322 section 4.3 */
		year += year < 50 ? 2000 : 1900;
	c.day = (uint8_t)day;
	c.year = (int32_t)year;
	return civil_instant(&c, out);
}
