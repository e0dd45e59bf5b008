#include "lib/base/fault.h"

#include "lib/base/number.h"
#include "lib/base/test.h"

static const struct fault *const rows[] = {
#define FAULT(name, ...) &fault_##name,
#include "lib/base/faults.def"
#undef FAULT
};

#define EACH_ROW(f)                                                      \
	for (size_t i_ = 0; i_ < COUNT_OF(rows); i_++)                   \
		for (const struct fault *f = (test_row = rows[i_]->name, \
					     rows[i_]);                  \
			f; f = NULL)

static const bool name_octets[256] = { ['a' ... 'z'] = true,
	['0' ... '9'] = true, ['_'] = true };
static const bool text_octets[256] = { [' ' ... '~'] = true };

TEST(a_text_is_one_short_line_of_ascii)
{
	EACH_ROW(f) {
		struct span name = span_of(f->name), text = span_of(f->text);

		CHECK(text.len > 0 && text.len <= 60);
		CHECK(text.at[0] != ' ' && text.at[text.len - 1] != ' ');
		span_skip(&text, text_octets);
		CHECK_NUMBER(text.len, 0);
		span_skip(&name, name_octets);
		CHECK_NUMBER(name.len, 0);
	}
}

/* "4.7.11": the class of the reply, then two numbers, RFC 3463 section 2. */
TEST(the_enhanced_code_is_of_the_class_of_the_reply)
{
	EACH_ROW(f) {
		struct span in = span_of(f->enhanced);
		uint64_t n;

		CHECK(f->smtp >= 421 && f->smtp <= 555);
		CHECK_OK(number_take(&in, 1, 4, 5, &n));
		CHECK_NUMBER(n, f->smtp / 100);
		CHECK(span_take(&in, '.'));
		CHECK_OK(number_take(&in, 1, 0, 7, &n));
		CHECK(span_take(&in, '.'));
		CHECK_OK(number_parse(in, 0, 999, &n));
	}
}

/* Who is to blame decides whether trying again can help.  A handshake that
 * fails is the peer's doing, but RFC 3207 section 4 has only 454 for it. */
TEST(the_class_of_the_reply_follows_from_the_blame)
{
	EACH_ROW(f) {
		if (f->blame == BLAME_LATER || f->blame == BLAME_BUG)
			CHECK_NUMBER(f->smtp / 100, 4);
		if (f->blame == BLAME_PEER)
			CHECK_NUMBER(f->smtp / 100,
				f == &fault_tls_failed ? 4 : 5);
	}
}

TEST(no_text_names_a_product)
{
	static const char *const words[] = { "posthold", "linux", "debian",
		"gnu", "unix", "openssl", "clam", "libevent", "sodium", "lmdb",
		"gsasl", "unbound", "version" };

	EACH_ROW(f)
		for (size_t i = 0; i < COUNT_OF(words); i++) {
			struct span text = span_of(f->text);

			CHECK_NUMBER(span_find_nocase(text, span_of(words[i])),
				text.len);
		}
}

TEST(a_number_is_one_row)
{
	CHECK_NUMBER(fault_number(OK), 0);
	CHECK_FAULT(fault_row(0), OK);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CHECK_NUMBER(fault_number(rows[i]), i + 1);
		CHECK_FAULT(fault_row((uint16_t)(i + 1)), rows[i]);
	}
	CHECK_FAULT(fault_row(COUNT_OF(rows) + 1), &fault_ipc_malformed);
	CHECK_FAULT(fault_row(UINT16_MAX), &fault_ipc_malformed);
}

TEST(a_foreign_row_is_malformed)
{
	static const struct fault foreign = { "foreign", BLAME_PEER, 550,
		"5.0.0", "Foreign" };

	CHECK_NUMBER(fault_number(&foreign), fault_number(&fault_ipc_malformed));
}
