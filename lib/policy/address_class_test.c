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
	{ "behind carrier grade NAT", V4(100, 128, 0, 0), ADDRESS_PUBLIC },
	{ "before 10/8", V4(9, 255, 255, 255), ADDRESS_PUBLIC },
	{ "behind 10/8", V4(11, 0, 0, 0), ADDRESS_PUBLIC },
	{ "the end of this network", V4(0, 255, 255, 255),
		ADDRESS_UNSPECIFIED },
	{ "behind this network", V4(1, 0, 0, 0), ADDRESS_PUBLIC },
	{ "behind 192.168/16", V4(192, 169, 0, 0), ADDRESS_PUBLIC },
	{ "benchmarks", V4(198, 19, 255, 255), ADDRESS_RESERVED },
	{ "behind benchmarks", V4(198, 20, 0, 0), ADDRESS_PUBLIC },
	{ "before multicast", V4(223, 255, 255, 255), ADDRESS_PUBLIC },
	{ "the end of multicast", V4(239, 255, 255, 255), ADDRESS_MULTICAST },
	{ "the future", V4(240, 0, 0, 0), ADDRESS_RESERVED },
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
	{ "the end of fc00::/7", { 0xfd, 0xff, [15] = 0xff },
		ADDRESS_PRIVATE },
	{ "the end of fe80::/10", { 0xfe, 0xbf, [15] = 1 },
		ADDRESS_LINK_LOCAL },
	{ "site local, deprecated", { 0xfe, 0xc0, [15] = 1 }, ADDRESS_PRIVATE },
	{ "ff02::1", { 0xff, 0x02, [15] = 1 }, ADDRESS_MULTICAST },
	{ "2001:db8::", { 0x20, 0x01, 0x0d, 0xb8, [15] = 7 }, ADDRESS_RESERVED },
	{ "Teredo", { 0x20, 0x01, 0, 0, 127, 0, 0, 1, [15] = 1 },
		ADDRESS_RESERVED },
	{ "3fff::/20, documentation", { 0x3f, 0xff, 0x0f, [15] = 1 },
		ADDRESS_RESERVED },
	{ "behind 3fff::/20", { 0x3f, 0xff, 0x10, [15] = 1 }, ADDRESS_PUBLIC },
	{ "not given out yet", { 0x40, [15] = 1 }, ADDRESS_RESERVED },
	{ "IPv4-compatible, deprecated", { [12] = 8, 8, 8, 8 },
		ADDRESS_RESERVED },
	{ "local NAT64", { 0, 0x64, 0xff, 0x9b, 0, 1, [15] = 1 },
		ADDRESS_RESERVED },
	{ "NAT64 of a public address",
		{ 0, 0x64, 0xff, 0x9b, [12] = 8, 8, 8, 8 }, ADDRESS_PUBLIC },
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
