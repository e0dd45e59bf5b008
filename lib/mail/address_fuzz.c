/* What is read once is read the same ever after: canonical is idempotent, a
 * view lies inside what was given, and nothing is left over. */
#include "lib/mail/address.h"

#include "lib/base/fuzz.h"

static void
check_inside(struct span whole, struct span part)
{
	MUST(part.at >= whole.at);
	MUST(part.at + part.len <= whole.at + whole.len);
}

FUZZ(struct span input)
{
	uint8_t room[2][MAILBOX_MAX + 1];
	struct buf first = BUF(room[0]), second = BUF(room[1]);
	struct address a, again;

	if (address_parse_utf8(input, &a)) {
		MUST(address_parse(input, &a));
		return;
	}
	MUST(a.utf8 == (address_parse(input, &again) != OK));
	check_inside(input, a.local);
	check_inside(input, a.domain);
	MUST(a.local.len > 0 && a.local.len <= LOCAL_MAX);
	MUST(a.domain.len > 0 && a.domain.len <= DOMAIN_MAX);
	MUST(input.len == a.local.len + 1 + a.domain.len + 2 * a.is_literal);
	MUST(!address_canonical(&a, &first));
	MUST(first.len <= MAILBOX_MAX);
	MUST(!address_parse_utf8(buf_view(&first), &again));
	MUST(again.is_literal == a.is_literal);
	MUST(!address_canonical(&again, &second));
	MUST(span_equals(buf_view(&first), buf_view(&second)));
}
