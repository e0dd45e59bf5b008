/* A mailbox that is read lies inside the field, moves it on, is an address by
 * itself, and is read the same when it stands alone. */
#include "lib/mail/from.h"

#include "lib/base/fuzz.h"

static void
check_alone(struct span spec)
{
	struct span value = spec;
	struct address a;
	struct span again;
	bool more;

	MUST(!address_parse_utf8(spec, &a));
	MUST(!a.is_literal);
	MUST(!mailbox_next(&value, true, &a, &again, &more));
	MUST(!more && value.len == 0);
	MUST(again.at == spec.at && again.len == spec.len);
}

FUZZ(struct span input)
{
	struct span value = input;
	bool more = true;

	while (more) {
		struct span before = value, spec;
		struct address a;

		if (mailbox_next(&value, true, &a, &spec, &more)) {
			MUST(value.at == before.at && value.len == before.len);
			return;
		}
		MUST(value.at + value.len == input.at + input.len);
		MUST(value.len < before.len);
		MUST(spec.at >= before.at && spec.at + spec.len <= value.at);
		MUST(a.local.at == spec.at);
		MUST(a.domain.at + a.domain.len == spec.at + spec.len);
		check_alone(spec);
	}
	MUST(value.len == 0);
}
