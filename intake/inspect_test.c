#include "intake/inspect.h"

#include "lib/base/test.h"

static const struct {
	const char *what, *replies;
	bool sampled;
	uint32_t words;
	bool looked;
} cases[] = {
	{ "as they are", "220 mail.agency.example ESMTP\r\n", true, 0, true },
	{ "a product", "220 mail.agency.example Exim\r\n", true, 1, true },
	{ "in the second line", "250-a\r\n250 Postfix\r\n", true, 1, true },
	{ "one for each line", "250-Exim 4\r\n250-Exim\r\n250 Linux\r\n", true, 3,
		true },
	{ "chance", "334 win+WIN/win=\r\n", true, 0, false },
	{ "another session", "220 Exim\r\n", false, 0, false },
};

TEST(one_session_in_some_looks_at_its_replies)
{
	EACH_CASE(c, cases) {
		struct inspected i = { .sampled = c->sampled };

		inspect_replies(&i, span_of(c->replies), SPAN("h"));
		CHECK_NUMBER(i.words, c->words);
		CHECK((i.octets > 0) == c->looked);
		inspect_done(&i);
	}
}

TEST(the_first_session_is_looked_at_and_one_in_some)
{
	struct inspected i;

	for (uint64_t n = 0; n < 2 * INSPECT_EACH; n++) {
		inspect_init(&i, n);
		CHECK(i.sampled == (n % INSPECT_EACH == 0));
		CHECK_NUMBER(i.session, n);
	}
}

static const struct {
	const char *what, *header;
	uint32_t words;
} headers[] = {
	{ "ours",
		"Received: from postfix.test ([192.0.2.1])\r\n\tby h with ESMTPS "
		"(TLSv1.3) id 4b-1;\r\n\tTue, 24 Nov 2026 08:30:00 +0000\r\n", 0 },
	{ "with our product", "Received: from a ([192.0.2.1])\r\n\tby h (Postfix) "
		"with ESMTP;\r\n", 1 },
	{ "with a version", "Received: from a ([192.0.2.1])\r\n\tby h (8.15) "
		"with ESMTP;\r\n", 1 },
};

TEST(what_a_header_says_of_us_is_looked_at)
{
	EACH_CASE(c, headers) {
		struct inspected i = { .sampled = true };

		inspect_received(&i, span_of(c->header), SPAN("h"));
		CHECK_NUMBER(i.words, c->words);
	}
}
