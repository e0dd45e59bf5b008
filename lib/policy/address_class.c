#include "lib/policy/address_class.h"

#include "lib/base/number.h"

struct range {
	uint8_t at[16];
	unsigned bits;
	enum address_class class;
};

/* IANA special-purpose registries, RFC 6890; first match counts. */
static const struct range four[] = {
	{ { 0 }, 8, ADDRESS_UNSPECIFIED },
	{ { 10 }, 8, ADDRESS_PRIVATE },
	{ { 100, 64 }, 10, ADDRESS_PRIVATE },
	{ { 127 }, 8, ADDRESS_LOOPBACK },
	{ { 169, 254 }, 16, ADDRESS_LINK_LOCAL },
	{ { 172, 16 }, 12, ADDRESS_PRIVATE },
	{ { 192, 0, 0 }, 24, ADDRESS_RESERVED },
	{ { 192, 0, 2 }, 24, ADDRESS_RESERVED },
	{ { 192, 88, 99 }, 24, ADDRESS_RESERVED },
	{ { 192, 168 }, 16, ADDRESS_PRIVATE },
	{ { 198, 18 }, 15, ADDRESS_RESERVED },
	{ { 198, 51, 100 }, 24, ADDRESS_RESERVED },
	{ { 203, 0, 113 }, 24, ADDRESS_RESERVED },
	{ { 224 }, 4, ADDRESS_MULTICAST },
	{ { 240 }, 4, ADDRESS_RESERVED },
};

static const struct range six[] = {
	{ { 0 }, 128, ADDRESS_UNSPECIFIED },
	{ { [15] = 1 }, 128, ADDRESS_LOOPBACK },
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32, ADDRESS_RESERVED },
	{ { 0x20, 0x01, 0 }, 23, ADDRESS_RESERVED },
	{ { 0x3f, 0xff }, 20, ADDRESS_RESERVED },
	{ { 0xfc }, 7, ADDRESS_PRIVATE },
	{ { 0xfe, 0x80 }, 10, ADDRESS_LINK_LOCAL },
	{ { 0xfe, 0xc0 }, 10, ADDRESS_PRIVATE },
	{ { 0xff }, 8, ADDRESS_MULTICAST },
	/* nothing else is given out, RFC 4291 section 2.4 */
	{ { 0x20 }, 3, ADDRESS_PUBLIC },
	{ { 0 }, 0, ADDRESS_RESERVED },
};

static bool
is_in(const uint8_t *address, const struct range *r)
{
	for (unsigned bit = 0; bit < r->bits; bit++) {
		uint8_t mask = (uint8_t)(0x80 >> (bit % 8));

		if ((address[bit / 8] ^ r->at[bit / 8]) & mask)
			return false;
	}
	return true;
}

static enum address_class
find(const uint8_t *address, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_in(address, &ranges[i]))
			return ranges[i].class;
	return ADDRESS_PUBLIC;
}

/* Where an IPv4 address hides in an IPv6 one; NULL when none does. */
static const uint8_t *
embedded(const uint8_t address[16])
{
	static const struct range mapped = { { [10] = 0xff, [11] = 0xff }, 96,
		ADDRESS_PUBLIC };
	static const struct range nat64 = { { 0, 0x64, 0xff, 0x9b }, 96,
		ADDRESS_PUBLIC };
	static const struct range to4 = { { 0x20, 0x02 }, 16, ADDRESS_PUBLIC };

	if (is_in(address, &mapped) || is_in(address, &nat64))
		return address + 12;
	return is_in(address, &to4) ? address + 2 : NULL;
}

enum address_class
address_class(const uint8_t address[16])
{
	const uint8_t *v4 = embedded(address);

	return v4 ? find(v4, four, COUNT_OF(four))
		  : find(address, six, COUNT_OF(six));
}

const char *
address_class_name(enum address_class c)
{
	static const char *const names[] = { "public", "unspecified",
		"loopback", "private", "link-local", "multicast", "reserved" };

	return names[c];
}
