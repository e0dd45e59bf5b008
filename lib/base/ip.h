/* ip.h -- internet addresses as text: 16 octets, IPv4 mapped into IPv6
 * (::ffff:0:0/96, RFC 4291 section 2.5.5.2).
 */
#pragma once

#include "lib/base/buf.h"

/* The whole of `text` is "192.0.2.1" (no leading zeros) or an IPv6 address in
 * a form of RFC 4291 section 2.2; a gap stands for one group or more. */
bool ip_parse(struct span text, uint8_t out[16]);

/* The form of RFC 5952, or dotted when IPv4 is mapped. */
bool put_ip(struct buf *b, const uint8_t address[16]);

bool ip_is_v4(const uint8_t address[16]);
