#include "state/store/names.h"

#include "trust/messages.h"

#define INBOX SPAN("INBOX")

bool
name_is_inbox(struct span name)
{
	return span_equals(name, INBOX);
}

/* INBOX is one mailbox in whatever letters; here and above others it is written
 * in one way, so that no second one can come to be. */
static bool
writes_inbox_rightly(struct span name)
{
	struct span top = span_at(name.at, span_find_octet(name, '/'));

	return name_is_inbox(top) || !span_equals_nocase(top, INBOX);
}

bool
name_is_sound(struct span name)
{
	uint8_t before = '/';

	if (name.len == 0 || name.len > MAILBOX_NAME_MAX ||
		!writes_inbox_rightly(name))
		return false;
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.at[i];

		if (c < ' ' || c == 0x7f || (c == '/' && before == '/'))
			return false;
		before = c;
	}
	return before != '/';
}

bool
name_is_below(struct span name, struct span above)
{
	return name.len > above.len && span_starts(name, above) &&
		name.at[above.len] == '/';
}

struct span
name_parent(struct span name)
{
	while (name.len > 0)
		if (name.at[--name.len] == '/')
			return name;
	return SPAN_NONE;
}
