#include "lib/mail/idna.h"

#include "lib/base/test.h"

static const struct {
	const char *what, *label, *a_label; /* NULL: refused */
} cases[] = {
	{ "ASCII", "agency", "agency" },
	{ "ASCII in another case", "AGENCY", "agency" },
	{ "one letter", "\xc3\x9f", "xn--zca" },
	{ "letters among ASCII", "b\xc3\xbc" "cher", "xn--bcher-kva" },
	{ "upper case ASCII among them", "B\xc3\xbc" "cher", "xn--bcher-kva" },
	{ "Cyrillic", "\xd0\xbf\xd1\x80\xd0\xb8\xd0\xbc\xd0\xb5\xd1\x80",
		"xn--e1afmkfd" },
	{ "Greek", "\xce\xb4\xce\xbf\xce\xba\xce\xb9\xce\xbc\xce\xae",
		"xn--jxalpdlp" },
	{ "Chinese", "\xe4\xbd\xa0\xe5\xa5\xbd", "xn--6qq79v" },
	{ "digits and Japanese", "3\xe5\xb9\xb4" "b\xe7\xb5\x84",
		"xn--3b-w52dz04i" },
	{ "hyphens", "a-\xc3\xbc", "xn--a--yka" },
	{ "no UTF-8", "b\xfc" "cher", NULL },
	{ "an overlong form", "b\xc0\xaf", NULL },
	{ "a surrogate", "\xed\xa0\x80", NULL },
	{ "upper case beyond ASCII", "B\xc3\x9c" "CHER", NULL },
	{ "a full-width at sign", "a\xef\xbc\xa0" "b", NULL },
	{ "a full-width dot", "a\xef\xbc\x8e" "b", NULL },
	{ "an ideographic dot", "a\xe3\x80\x82" "b", NULL },
	{ "text that runs backwards", "a\xe2\x80\xae" "b", NULL },
	{ "a blank of no width", "a\xe2\x80\x8b" "b", NULL },
	{ "a soft hyphen", "a\xc2\xad" "b", NULL },
	{ "a control", "a\xc2\x85" "b", NULL },
	{ "a mark of byte order", "\xef\xbb\xbf" "a", NULL },
	{ "an underscore beside them", "_\xc3\xbc", NULL },
	{ "a hyphen first", "-\xc3\xbc", NULL },
	{ "a hyphen last", "\xc3\xbc-", NULL },
	{ "nothing", "", NULL },
};

TEST(a_label_has_one_form_for_comparison)
{
	EACH_CASE(c, cases) {
		uint8_t room[64];
		struct buf b = BUF(room);

		CHECK(put_a_label(&b, span_of(c->label)) ==
			(c->a_label != NULL));
		CHECK_SPAN(buf_view(&b), c->a_label ? c->a_label : "");
		if (c->a_label)
			CHECK(a_label_is_sound(buf_view(&b)));
	}
}

static const struct {
	const char *what, *label;
	bool sound;
} labels[] = {
	{ "no A-label", "agency", true },
	{ "an A-label", "xn--bcher-kva", true },
	{ "in another case", "XN--Bcher-KVA", true },
	{ "nothing behind the prefix", "xn--", false },
	{ "ASCII only", "xn--abc-", false },
	{ "ASCII that is none", "xn---abc", false },
	{ "no Punycode", "xn--\xc3\xbc", false },
	{ "a number that does not end", "xn--bcher-zz", false },
	{ "a character beyond all", "xn--99999999", false },
	{ "an at sign of full width", "xn--ab-iw3n", false },
	{ "upper case beyond ASCII", "xn--BCHER-2pa", false },
	{ "more than 63 octets",
		"XN--NXN--BBBfyyyyyyyyyyyyy-N-XN--N--yyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
		false },
};

TEST(an_a_label_has_a_u_label)
{
	EACH_CASE(c, labels)
		CHECK(a_label_is_sound(span_of(c->label)) == c->sound);
}

TEST(an_a_label_has_63_octets_at_most)
{
	uint8_t text[130], room[64];
	struct buf label = BUF(text), b = BUF(room);

	test_row = "the longest, then one more";
	for (int i = 0; i < 55; i++)
		CHECK(buf_push(&label, 'a'));
	CHECK(buf_put_text(&label, "\xc3\xbc"));
	CHECK(put_a_label(&b, buf_view(&label)));
	CHECK_NUMBER(b.len, 63);
	b.len = 0;
	label.len = 0;
	for (int i = 0; i < 56; i++)
		CHECK(buf_push(&label, 'a'));
	CHECK(buf_put_text(&label, "\xc3\xbc"));
	CHECK(!put_a_label(&b, buf_view(&label)));
	CHECK_NUMBER(b.len, 0);
}
