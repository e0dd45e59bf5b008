/* span_find_nocase finds what looking everywhere finds. */
#include "lib/base/property.h"
#include "lib/base/span.h"

#define MOST 12

static bool
starts_nocase(struct span s, struct span start)
{
	for (size_t i = 0; i < start.len; i++)
		if (octet_upper(s.at[i]) != octet_upper(start.at[i]))
			return false;
	return true;
}

static size_t
look_everywhere(struct span s, struct span needle)
{
	for (size_t i = 0; i + needle.len <= s.len; i++)
		if (starts_nocase(span_at(s.at + i, s.len - i), needle))
			return i;
	return s.len;
}

/* Few letters, so that parts of the needle repeat and occur. */
static struct span
word(uint64_t draw, size_t len, uint8_t room[MOST])
{
	static const uint8_t letters[4] = { 'a', 'A', 'b', 'a' };

	for (size_t i = 0; i < len; i++)
		room[i] = letters[draw >> (2 * i) & 3];
	return span_at(room, len);
}

PROPERTY(find_nocase_finds_the_first)
{
	uint8_t text_room[MOST], needle_room[MOST];
	ANY(uint64_t, text_draw);
	ANY(uint64_t, needle_draw);
	ANY(uint8_t, lens);
	size_t text_len = lens % (MOST + 1), needle_len = lens / 16 % 9;
	struct span text = word(text_draw, text_len, text_room);
	struct span needle = word(needle_draw, needle_len, needle_room);

	MUST(span_find_nocase(text, needle) == look_everywhere(text, needle));
}
