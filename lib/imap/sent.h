/* sent.h -- the day in a Date field, for SENTSINCE and its like. */
#pragma once

#include "lib/base/time.h"

/* [day-name ","] day month year; time and zone do not count, RFC 3501 section
 * 6.4.4.  False when the value does not begin so. */
bool sent_day(struct span value, struct instant *out);
