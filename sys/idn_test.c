#include "sys/idn.h"

#include "lib/base/test.h"

static const struct {
	const char *what, *domain, *ascii; /* NULL: refused */
} cases[] = {
	{ "ASCII", "Agency.example", "agency.example" },
	{ "beyond it", "b\xc3\xbc" "cher.example", "xn--bcher-kva.example" },
	{ "upper case", "B\xc3\x9c" "CHER.example", "xn--bcher-kva.example" },
	{ "sharp s stays", "fa\xc3\x9f.example", "xn--fa-hia.example" },
	{ "a full-width dot", "b\xc3\xbc" "cher\xef\xbc\x8e" "example",
		"xn--bcher-kva.example" },
	{ "a snowman", "\xe2\x98\x83.example", NULL },
	{ "text that runs backwards", "a\xe2\x80\xae" "b.example", NULL },
	{ "no UTF-8", "b\xfc" "cher.example", NULL },
};

TEST(a_domain_is_looked_up_in_ascii)
{
	EACH_CASE(c, cases) {
		uint8_t room[256];
		struct buf b = BUF(room);

		CHECK(idn_put_ascii(&b, c->domain) == (c->ascii != NULL));
		CHECK_SPAN(buf_view(&b), c->ascii ? c->ascii : "");
	}
}

static const struct {
	const char *what, *domain;
	bool sound;
} labels[] = {
	{ "ASCII", "agency.example", true },
	{ "an A-label", "xn--bcher-kva.example", true },
	{ "a snowman's", "xn--n3h.example", false },
	{ "none", "xn--99999999.example", false },
	{ "of upper case", "xn--BCHER-2pa.example", false },
};

TEST(an_a_label_stands_for_what_may_be_registered)
{
	EACH_CASE(c, labels)
		CHECK(idn_is_sound(c->domain) == c->sound);
}
