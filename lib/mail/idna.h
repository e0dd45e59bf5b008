/* idna.h -- labels of a domain beyond ASCII, RFC 5890: a U-label is what people
 * read, its A-label is what is looked up and compared.
 *
 * An A-label is "xn--" and the Punycode (RFC 3492) of its U-label.  What has no
 * U-label of IDNA2008 in it matches no domain that could be registered, so the
 * tables of RFC 5892 are not needed here: only what deceives or does damage is
 * refused.  A represented domain is checked in full when the settings are read
 * (sys/settings.c).
 */
#pragma once

#include "lib/base/buf.h"

#define A_LABEL_MAX 63 /* octets, RFC 1035 section 2.3.4 */

/* Append the A-label of a label in UTF-8; one of ASCII only is not changed but
 * for its case.
 *
 * False, and nothing appended: not UTF-8, a character that no U-label has, or
 * too long. */
bool put_a_label(struct buf *b, struct span label);

/* "xn--" and more: is that the A-label of a U-label, in its one spelling?  True
 * for labels that do not begin so. */
bool a_label_is_sound(struct span label);
