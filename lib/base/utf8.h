/* utf8.h -- UTF-8 as RFC 3629 section 4 has it: no overlong form, no
 * surrogate, nothing above U+10FFFF. */
#pragma once

#include "lib/base/span.h"

/* Remove one code point from the front of *s.  False, with nothing changed,
 * when *s is empty or does not begin with a whole valid one. */
bool take_code_point(struct span *s, uint32_t *out);

/* Is all of `s` valid?  ASCII goes eight octets a turn. */
bool utf8_is_valid(struct span s);
