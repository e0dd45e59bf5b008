/* address_class.h -- what kind of place an address is (security rule N1).
 *
 * Mail goes out to public addresses only, unless the settings name the host: a
 * stranger's MX record must not make us speak to our own machines. */
#pragma once

#include "lib/base/span.h"

enum address_class {
	ADDRESS_PUBLIC,
	ADDRESS_UNSPECIFIED,
	ADDRESS_LOOPBACK,
	ADDRESS_PRIVATE,    /* RFC 1918, RFC 4193, RFC 6598 */
	ADDRESS_LINK_LOCAL,
	ADDRESS_MULTICAST,
	ADDRESS_RESERVED,   /* documentation, benchmarks, the future */
};

/* 16 octets; IPv4 mapped into IPv6, or embedded by 6to4 and NAT64, is judged
 * as IPv4. */
enum address_class address_class(const uint8_t address[16]);
const char *address_class_name(enum address_class c);
