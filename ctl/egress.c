/* posthold conf egress: rules for nft(8), so that the kernel too knows where mail
 * of this host may go (NC-2.1.9.b). */
#include <stdio.h>

#include "ctl/command.h"
#include "lib/base/number.h"
#include "lib/base/ip.h"
#include "sys/account.h"

static struct site site;

/* The address of a smarthost that the settings name by address; a name is left
 * to dial, and who answers there to its certificate. */
static void
print_address(const struct site_smarthost *h)
{
	uint8_t address[16];

	if (!ip_parse(SITE_TEXT(h->name), address))
		return;
	printf("%s daddr %s ", ip_is_v4(address) ? "ip" : "ip6", h->name);
}

static void
print_rules(uid_t dial)
{
	printf("# Made by `posthold conf egress`; load it with nft -f.\n"
	       "table inet posthold_egress\n"
	       "delete table inet posthold_egress\n"
	       "table inet posthold_egress {\n"
	       "\tchain output {\n"
	       "\t\ttype filter hook output priority 0; policy accept;\n"
	       "\t\toif \"lo\" accept\n");
	for (uint32_t i = 0; i < site.smarthosts_count; i++) {
		const struct site_smarthost *h = &site.smarthosts[i];

		printf("\t\tmeta skuid %u ", dial);
		print_address(h);
		printf("tcp dport %u accept\n", h->port);
	}
	printf("\t\tmeta skuid %u counter reject\n"
	       "\t\ttcp dport { 25, 465, 587 } counter reject\n"
	       "\t}\n}\n",
		dial);
}

int
conf_egress(struct call *c)
{
	struct where where = { 0 };
	const struct option options[] = { WHERE_OPTIONS(&where) };
	int code = options_take(c, options, COUNT_OF(options));
	uid_t dial;

	if (code < 0)
		code = where_load(&where, false, &site);
	if (code >= 0)
		return code;
	if (site.role != SITE_LOCAL)
		return complain(EX_CONFIG, "not a host that only sends",
			"set role local");
	if (account_of(DIAL, site.production, &dial))
		return complain(EX_CONFIG, role_row(DIAL)->user,
			"there is no such account; run systemd-sysusers");
	print_rules(dial);
	return EX_OK;
}
