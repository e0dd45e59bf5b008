#include "lib/policy/address_class.h"

#include "lib/base/test.h"

#define V4(a, b, c, d)                                                    \
	{                                                                 \
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, (a), (b), (c), (d) \
	}

static const struct {
	const char *what;
	uint8_t address[16];
	enum address_class want;
} cases[] = {
	{ "a public IPv4", V4(8, 8, 8, 8), ADDRESS_PUBLIC },
	{ "unspecified", V4(0, 0, 0, 0), ADDRESS_UNSPECIFIED },
	{ "loopback", V4(127, 0, 0, 1), ADDRESS_LOOPBACK },
	{ "the end of loopback", V4(127, 255, 255, 255), ADDRESS_LOOPBACK },
	{ "behind loopback", V4(128, 0, 0, 1), ADDRESS_PUBLIC },
	{ "10/8", V4(10, 1, 2, 3), ADDRESS_PRIVATE },
	{ "before 172.16/12", V4(172, 15, 255, 255), ADDRESS_PUBLIC },
	{ "172.16/12", V4(172, 31, 255, 255), ADDRESS_PRIVATE },
	{ "behind 172.16/12", V4(172, 32, 0, 0), ADDRESS_PUBLIC },
	{ "192.168/16", V4(192, 168, 0, 1), ADDRESS_PRIVATE },
	{ "carrier grade NAT", V4(100, 127, 0, 1), ADDRESS_PRIVATE },
	{ "link local", V4(169, 254, 169, 254), ADDRESS_LINK_LOCAL },
	{ "documentation", V4(192, 0, 2, 1), ADDRESS_RESERVED },
	{ "multicast", V4(224, 0, 0, 1), ADDRESS_MULTICAST },
	{ "broadcast", V4(255, 255, 255, 255), ADDRESS_RESERVED },
	{ "a public IPv6", { 0x26, 0x06, [15] = 1 }, ADDRESS_PUBLIC },
	{ "::", { 0 }, ADDRESS_UNSPECIFIED },
	{ "::1", { [15] = 1 }, ADDRESS_LOOPBACK },
	{ "::2", { [15] = 2 }, ADDRESS_RESERVED },
	{ "fd00::", { 0xfd, [15] = 1 }, ADDRESS_PRIVATE },
	{ "fe80::", { 0xfe, 0x80, [15] = 1 }, ADDRESS_LINK_LOCAL },
	{ "ff02::1", { 0xff, 0x02, [15] = 1 }, ADDRESS_MULTICAST },
	{ "2001:db8::", { 0x20, 0x01, 0x0d, 0xb8, [15] = 7 }, ADDRESS_RESERVED },
	{ "NAT64 of loopback",
		{ 0, 0x64, 0xff, 0x9b, [12] = 127, [15] = 1 },
		ADDRESS_LOOPBACK },
	{ "6to4 of 10/8", { 0x20, 0x02, 10, 0, 0, 1, [15] = 1 },
		ADDRESS_PRIVATE },
};

TEST(address_class_follows_the_registries)
{
	EACH_CASE(c, cases)
		CHECK_NUMBER(address_class(c->address), c->want);
}
