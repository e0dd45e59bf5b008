#include "lib/base/span.h"

#include "lib/base/must.h"

bool
span_equals(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || !memcmp(a.at, b.at, a.len));
}

bool
span_equals_nocase(struct span a, struct span b)
{
	return a.len == b.len && span_starts_nocase(a, b);
}

bool
span_starts(struct span s, struct span head)
{
	return s.len >= head.len &&
		(head.len == 0 || !memcmp(s.at, head.at, head.len));
}

bool
span_starts_nocase(struct span s, struct span head)
{
	if (s.len < head.len)
		return false;
	for (size_t i = 0; i < head.len; i++)
		if (octet_upper(s.at[i]) != octet_upper(head.at[i]))
			return false;
	return true;
}

int
span_compare(struct span a, struct span b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common > 0 ? memcmp(a.at, b.at, common) : 0;

	if (order != 0)
		return order;
	return a.len < b.len ? -1 : a.len > b.len;
}

size_t
span_find_octet(struct span s, uint8_t octet)
{
	const uint8_t *at = s.len > 0 ? memchr(s.at, octet, s.len) : NULL;

	return at ? (size_t)(at - s.at) : s.len;
}

size_t
span_find(struct span s, struct span needle)
{
	const uint8_t *at;

	if (needle.len == 0 || s.len == 0)
		return needle.len == 0 ? 0 : s.len;
	at = memmem(s.at, s.len, needle.at, needle.len);
	return at ? (size_t)(at - s.at) : s.len;
}

/* --- without case -------------------------------------------------------- */

/* The largest suffix of the needle in the order of octets, or in the opposite
 * one: where it starts, and its period. */
static size_t
largest_suffix(struct span n, bool opposite, size_t *period)
{
	size_t start = 0, at = 1, k = 0;

	*period = 1;
	while (at + k < n.len) {
		uint8_t a = octet_upper(n.at[start + k]);
		uint8_t b = octet_upper(n.at[at + k]);

		if (a == b) {
			k++;
			if (k == *period) {
				at += k;
				k = 0;
			}
		} else if (opposite ? a < b : a > b) {
			at += k + 1;
			k = 0;
			*period = at - start;
		} else {
			start = at++;
			k = 0;
			*period = 1;
		}
	}
	return start;
}

/* How the needle is searched for: Crochemore and Perrin, "Two-way
 * string-matching", 1991.  Its right part is compared first, then the left one;
 * a mismatch on the right says how far to go on, so no octet of the text is
 * looked at more than twice. */
struct two_way {
	size_t left;   /* octets of the left part                     */
	size_t period; /* to go on after a match on the right         */
	size_t known;  /* octets that match already after that        */
};

static struct two_way
split(struct span n)
{
	size_t a_period, b_period;
	size_t a = largest_suffix(n, false, &a_period);
	size_t b = largest_suffix(n, true, &b_period);
	struct two_way w = { .left = a > b ? a : b,
		.period = a > b ? a_period : b_period };

	if (span_equals_nocase(span_at(n.at, w.left),
		    span_at(n.at + w.period, w.left))) {
		w.known = n.len - w.period;
		return w;
	}
	w.period = (w.left > n.len - w.left ? w.left : n.len - w.left) + 1;
	return w;
}

size_t
span_find_nocase(struct span s, struct span needle)
{
	struct two_way w;
	size_t known = 0;

	if (needle.len == 0 || needle.len > s.len)
		return needle.len == 0 ? 0 : s.len;
	w = split(needle);
	for (size_t at = 0; at + needle.len <= s.len;) {
		const uint8_t *here = s.at + at;
		size_t k = w.left > known ? w.left : known;

		while (k < needle.len &&
			octet_upper(needle.at[k]) == octet_upper(here[k]))
			k++;
		if (k < needle.len) {
			at += k - w.left + 1;
			known = 0;
			continue;
		}
		for (k = w.left; k > known &&
			octet_upper(needle.at[k - 1]) == octet_upper(here[k - 1]);)
			k--;
		if (k <= known)
			return at;
		at += w.period;
		known = w.known;
	}
	return s.len;
}

uint8_t
span_shift(struct span *s)
{
	MUST(s->len > 0);
	s->len--;
	return *s->at++;
}

struct span
span_shift_upto(struct span *s, size_t n)
{
	struct span head = { s->at, n < s->len ? n : s->len };

	s->at += head.len;
	s->len -= head.len;
	return head;
}

bool
span_take(struct span *s, uint8_t octet)
{
	if (s->len == 0 || *s->at != octet)
		return false;
	span_shift(s);
	return true;
}

bool
span_take_nocase(struct span *s, struct span head)
{
	if (!span_starts_nocase(*s, head))
		return false;
	span_shift_upto(s, head.len);
	return true;
}

size_t
span_skip(struct span *s, const bool class[256])
{
	size_t n = 0;

	while (n < s->len && class[s->at[n]])
		n++;
	span_shift_upto(s, n);
	return n;
}

struct span
span_before(struct span whole, struct span rest)
{
	MUST(rest.len <= whole.len);
	return (struct span){ whole.at, whole.len - rest.len };
}

struct span
span_trim(struct span s)
{
	while (s.len > 0 && (s.at[0] == ' ' || s.at[0] == '\t'))
		span_shift(&s);
	while (s.len > 0 && (s.at[s.len - 1] == ' ' || s.at[s.len - 1] == '\t'))
		s.len--;
	return s;
}

bool
span_is_ascii(struct span s)
{
	uint8_t all = 0;

	for (size_t i = 0; i < s.len; i++)
		all |= s.at[i];
	return all < 0x80;
}

bool
span_has_control(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] < 32 || s.at[i] == 127)
			return true;
	return false;
}
