#include "lib/base/ip.h"

#include "lib/base/test.h"

static const struct {
	const char *what, *text, *canonical; /* NULL: refused */
} addresses[] = {
	{ "IPv4", "192.0.2.1", "192.0.2.1" },
	{ "every IPv4", "0.0.0.0", "0.0.0.0" },
	{ "leading zero", "192.0.2.01", NULL },
	{ "three parts", "192.0.2", NULL },
	{ "five parts", "192.0.2.1.1", NULL },
	{ "256", "192.0.2.256", NULL },
	{ "empty part", "192..2.1", NULL },
	{ "blank", "192.0.2.1 ", NULL },
	{ "empty", "", NULL },
	{ "every IPv6", "::", "::" },
	{ "loopback", "::1", "::1" },
	{ "upper case", "2001:DB8::A", "2001:db8::a" },
	{ "leading zeros", "2001:0db8:0000::0001", "2001:db8::1" },
	{ "one zero group stays", "2001:db8:0:1:1:1:1:1",
		"2001:db8:0:1:1:1:1:1" },
	{ "the longest gap", "2001:0:0:1:0:0:0:1", "2001:0:0:1::1" },
	{ "the first of equal gaps", "2001:db8:0:0:1:0:0:1",
		"2001:db8::1:0:0:1" },
	{ "gap at the end", "fe80::", "fe80::" },
	{ "mapped IPv4 is IPv4", "::ffff:c000:201", "192.0.2.1" },
	{ "mapped, dotted", "::ffff:192.0.2.1", "192.0.2.1" },
	{ "dotted behind six groups", "64:ff9b:0:0:0:0:192.0.2.1",
		"64:ff9b::c000:201" },
	{ "dotted behind seven groups", "1:2:3:4:5:6:7:192.0.2.1", NULL },
	{ "dotted first", "192.0.2.1::", NULL },
	{ "dotted in the middle", "::192.0.2.1:1", NULL },
	{ "dotted that is none", "::192.0.2", NULL },
	{ "dotted with a leading zero", "::192.0.2.01", NULL },
	{ "two gaps", "1::2::3", NULL },
	{ "three colons", ":::", NULL },
	{ "nine groups", "1:2:3:4:5:6:7:8:9", NULL },
	{ "seven groups", "1:2:3:4:5:6:7", NULL },
	{ "gap for nothing", "1:2:3:4::5:6:7:8", NULL },
	{ "five digits", "12345::", NULL },
	{ "no digit", "g::", NULL },
	{ "zone", "fe80::1%eth0", NULL },
	{ "colon first", ":1:2:3:4:5:6:7", NULL },
};

TEST(an_address_has_one_canonical_form)
{
	EACH_CASE(c, addresses) {
		uint8_t a[16] = { 7 }, storage[64];
		struct buf b = BUF(storage);
		bool good = ip_parse(span_of(c->text), a);

		CHECK(good == (c->canonical != NULL));
		CHECK(good || a[0] == 7);
		if (good && put_ip(&b, a))
			CHECK_SPAN(buf_view(&b), c->canonical);
	}
}
