#include "lib/imap/set.h"

#include "lib/base/property.h"

/* A set holds what was put in and nothing else, in ascending ranges that do
 * not touch. */
PROPERTY(set_take_keeps_the_numbers)
{
	struct uid_range ranges[3];
	struct set_maker m = { ranges, 0, 3 };
	ANY(uint8_t, a);
	ANY(uint8_t, b);
	ANY(uint8_t, c);
	ANY(uint8_t, d);
	ANY(uint8_t, n);
	uint8_t storage[32];
	struct buf text = BUF(storage);
	struct span in;
	struct uid_set s;

	ASSUME(a > 0 && b > 0 && c > 0 && d > 0 && n > 0);
	/* "a,b:c,d" */
	buf_put_number(&text, a);
	buf_push(&text, ',');
	buf_put_number(&text, b);
	buf_push(&text, ':');
	buf_put_number(&text, c);
	buf_push(&text, ',');
	buf_put_number(&text, d);
	in = buf_view(&text);
	MUST(!set_take(&in, 1, &m) && in.len == 0);

	s = set_view(&m);
	MUST(set_has(&s, n) == (n == a || n == d ||
		(n >= (b < c ? b : c) && n <= (b < c ? c : b))));
	for (size_t i = 0; i < s.len; i++) {
		MUST(s.at[i].first <= s.at[i].last);
		MUST(i == 0 || s.at[i].first > s.at[i - 1].last + 1);
	}
}
