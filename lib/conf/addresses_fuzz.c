/* Laws: every error has a line of the file; what is accepted has no loop and
 * leads to no more mailboxes than it says; a relay is a few hosts and never this
 * one; what is refused is empty. */
#include "lib/base/fuzz.h"
#include "lib/conf/addresses.h"
#include "lib/policy/address_class.h"

static struct site site = { .domains_count = 1,
	.domains = { { "a.example" } } };
static struct addresses a;
static struct conf_errors errors;

static void
count(void *owner, struct span address)
{
	uint32_t *n = owner;

	MUST(address.len > 0 && site_represents(&site,
		span_at(address.at + span_find_octet(address, '@') + 1,
			address.len - span_find_octet(address, '@') - 1)));
	++*n;
}

static bool
any(void *owner, const struct entry *group)
{
	(void)owner;
	return group->kind == ENTRY_GROUP;
}

static void
check_relay(const struct entry *e)
{
	uint8_t last[16];

	MUST(e->bits >= 120 && e->bits <= 128 && e->count >= 1);
	memcpy(last, e->from, sizeof last);
	last[15] |= (uint8_t)(0xff >> (e->bits - 120));
	MUST(address_class(e->from) != ADDRESS_LOOPBACK &&
		address_class(last) != ADDRESS_LOOPBACK);
}

FUZZ(struct span input)
{
	const struct instant now = { SECONDS(1795509000) };
	uint32_t lines = 1;

	for (size_t i = 0; i < input.len; i++)
		lines += input.at[i] == '\n';
	if (addresses_parse(input, &site, now, &a, &errors)) {
		MUST(errors.refused > 0 && a.entries_count == 0);
		for (uint32_t i = 0; i < errors.count; i++)
			MUST(errors.at[i].line >= 1 &&
				errors.at[i].line <= lines);
		return;
	}
	for (uint32_t i = 0; i < a.entries_count; i++) {
		uint32_t n = 0;

		if (a.entries[i].kind == ENTRY_RELAY)
			check_relay(&a.entries[i]);
		if (a.entries[i].kind > ENTRY_CATCH_ALL)
			continue; /* they lead nowhere */
		MUST(addresses_expand(&a, &a.entries[i], count, any, &n));
		MUST(n == a.entries[i].reach && n <= TARGETS_WIDE);
		MUST(a.entries[i].height <= TARGETS_DEEP);
	}
}
