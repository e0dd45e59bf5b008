#include "lib/conf/explain.h"

#include "lib/base/test.h"

static uint8_t storage[65536];

static size_t
widest(struct span s)
{
	size_t most = 0, column = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] == '\n')
			column = 0;
		else
			column += s.at[i] == '\t' ? 8 : 1;
		most = column > most ? column : most;
	}
	return most;
}

TEST(an_explanation_fits_80_columns)
{
	for (size_t i = 0; i < settings_count(); i++) {
		struct buf b = BUF(storage);

		test_row = setting_row(i)->name;
		CHECK(put_explanation(&b, setting_row(i)));
		CHECK(widest(buf_view(&b)) <= 80);
	}
}

TEST(the_manual_names_every_setting)
{
	struct buf b = BUF(storage);

	CHECK(put_manual(&b));
	for (size_t i = 0; i < settings_count(); i++) {
		const char *help = setting_row(i)->help;
		size_t len = span_find_octet(span_of(help), '-');

		test_row = setting_row(i)->name;
		CHECK(span_find(buf_view(&b), span_at(help, len)) < b.len);
	}
}
