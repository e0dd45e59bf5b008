/* idn.h -- internationalised domain names by the tables of IDNA2008 (libidn2),
 * for names that the operator gives.  What peers say is read by
 * lib/mail/idna.h. */
#pragma once

#include <stdbool.h>

#include "lib/base/buf.h"

/* Append the A-labels of a domain in UTF-8, mapped as a person may write it
 * (UTS #46, non-transitional).  False, and nothing appended: no such domain. */
bool idn_put_ascii(struct buf *b, const char *domain);

/* Has each "xn--" label of this domain a U-label that may be registered? */
bool idn_is_sound(const char *domain);
