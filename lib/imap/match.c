#include "lib/imap/match.h"

#define NAME_OCTETS 255

/* places[i] says: what was read of the pattern can match the first i octets
 * of the name. */
struct matcher {
	struct span name;
	size_t inbox; /* octets of the name that match in any case */
	bool places[NAME_OCTETS + 1];
};

static void
wildcard(struct matcher *m, bool across)
{
	bool on = false;

	for (size_t i = 0; i <= m->name.len; i++) {
		on = on || m->places[i];
		m->places[i] = on;
		if (i < m->name.len && m->name.at[i] == '/' && !across)
			on = false;
	}
}

static bool
same(const struct matcher *m, size_t i, uint8_t c)
{
	return i < m->inbox ? octet_upper(c) == octet_upper(m->name.at[i])
			    : c == m->name.at[i];
}

static bool
literal(struct matcher *m, uint8_t c)
{
	bool any = false;

	for (size_t i = m->name.len; i > 0; i--) {
		m->places[i] = m->places[i - 1] && same(m, i - 1, c);
		any = any || m->places[i];
	}
	m->places[0] = false;
	return any;
}

static bool
feed(struct matcher *m, struct span pattern)
{
	for (size_t i = 0; i < pattern.len; i++) {
		uint8_t c = pattern.at[i];

		if (c == '*' || c == '%')
			wildcard(m, c == '*');
		else if (!literal(m, c))
			return false;
	}
	return true;
}

bool
list_match(struct span reference, struct span pattern, struct span name)
{
	struct matcher m = { .name = name, .places = { true } };

	if (name.len > NAME_OCTETS)
		return false;
	if (span_starts(name, SPAN("INBOX")) &&
		(name.len == 5 || name.at[5] == '/'))
		m.inbox = 5;
	return feed(&m, reference) && feed(&m, pattern) && m.places[name.len];
}
