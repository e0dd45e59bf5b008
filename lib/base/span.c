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

size_t
span_find_nocase(struct span s, struct span needle)
{
	struct span rest = s;

	for (size_t i = 0; i + needle.len <= s.len; i++) {
		if (span_starts_nocase(rest, needle))
			return i;
		if (rest.len > 0)
			span_shift(&rest);
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
