/* Whatever a program wrote: what comes out passes the checker that NC-2.1.7 has,
 * and mending it again changes nothing. */
#include "lib/policy/mend.h"

#include "lib/base/fuzz.h"

static bool
represents(const void *site, struct span domain)
{
	return span_equals_nocase(domain, span_of(site));
}

static uint8_t first_room[HEADER_MAX + FIELD_MAX + MEND_GROWTH];
static uint8_t second_room[HEADER_MAX + FIELD_MAX + MEND_GROWTH];

FUZZ(struct span input)
{
	struct buf first = BUF(first_room), second = BUF(second_room);
	struct mend m = {
		.rights = { .whole_domains = true, .represents = represents,
			.site = "l.test" },
		.sender = SPAN("app@l.test"),
		.date = SPAN("NOW"),
		.id = SPAN("1@h"),
	};
	struct span field;

	m.refuse = input.len > 0 && (*input.at & 1);
	span_shift_upto(&input, 1);
	if (mend_header(input, &m, &first, &field))
		return;
	MUST(first.len <= HEADER_MAX);
	MUST(!sender_check_header(buf_view(&first), &m.rights, &field));
	MUST(!mend_header(buf_view(&first), &m, &second, &field));
	MUST(!span_is_set(field));
	MUST(span_equals(buf_view(&first), buf_view(&second)));
}
