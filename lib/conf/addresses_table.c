#include "lib/conf/addresses_table.h"

#include "lib/conf/kinds.h"

#define OF(member) offsetof(struct entry, member), \
			sizeof(((struct entry *)0)->member)
#define LEADING (IN(ENTRY_ALIAS) | IN(ENTRY_GROUP) | IN(ENTRY_CATCH_ALL))
#define PERMITS (IN(ENTRY_CATCH_ALL) | IN(ENTRY_SEND_AS) | IN(ENTRY_RELAY))

const struct entry_row entry_rows[ENTRY_KINDS] = {
	[ENTRY_ALIAS] = { "alias", "ADDRESS",
		"An address that leads to others." },
	[ENTRY_GROUP] = { "group", "ADDRESS",
		"The same, with a say in who may send to it.  Who may not reads "
		"550 5.7.2.  The rule holds also for mail that comes by an "
		"alias." },
	[ENTRY_CATCH_ALL] = { "catch-all", "DOMAIN",
		"Where mail for addresses of the domain goes that nobody has: a "
		"permit, which does nothing once it expired." },
	[ENTRY_SEND_AS] = { "send-as", "ADDRESS",
		"An address that logins may use besides their own, as sender "
		"and in every return field of the header: a permit.  A login "
		"that begins after the permit expired has it no more." },
	[ENTRY_RELAY] = { "relay", "NAME",
		"A host that relays by its address, without a login, on mx or, "
		"with TLS, on submission (NC-2.1.5, footnote 3): a permit.  It may send as its "
		"sender addresses only; reports about its mail go to the first "
		"of them, which must be an account's." },
};

const struct line_row line_rows[LINE_ROWS] = {
	{ LEADING, LEADING, LINE_TARGET,
		{ .name = "to",
			.help = "The address of an account, an alias or a "
				"group; once for each.  Programs, files and "
				"other domains are no targets." } },
	{ IN(ENTRY_SEND_AS), IN(ENTRY_SEND_AS), LINE_LOGIN,
		{ .name = "login",
			.help = "Who may; once for each, 12 addresses for a login "
				"at most." } },
	{ IN(ENTRY_GROUP), IN(ENTRY_GROUP), LINE_VALUE,
		{ .name = "senders", .kind = KIND_CHOICE, OF(senders),
			.unit = "anybody|logins|members|listed",
			.help = "Who may send to the group: anybody; any "
				"login; the logins it leads to; the logins "
				"that bear an address of its sender lines.  "
				"Mail from outside proves no login." } },
	{ IN(ENTRY_RELAY), IN(ENTRY_RELAY), LINE_FROM,
		{ .name = "from",
			.help = "Its address, or a few: a prefix of at least 29 "
				"bits (IPv6: 120), never loopback." } },
	{ IN(ENTRY_GROUP) | IN(ENTRY_RELAY), IN(ENTRY_RELAY), LINE_SENDER,
		{ .name = "sender",
			.help = "Group: an account's address that may send to a "
				"group with senders listed.  Relay: an address "
				"that it may send as, 16 at most.  Once for "
				"each." } },
	{ PERMITS, PERMITS, LINE_VALUE,
		{ .name = "reason", .kind = KIND_TEXT, OF(reason), .min = 3,
			.max = 127,
			.help = "Why the permit is there, for the auditor." } },
	{ PERMITS, PERMITS, LINE_VALUE,
		{ .name = "owner", .kind = KIND_TEXT, OF(owner), .min = 2,
			.max = 63, .help = "Who answers for it." } },
	{ PERMITS, PERMITS, LINE_VALUE,
		{ .name = "expires", .kind = KIND_DATE, OF(expires_us),
			.help = "The first day on which it does nothing, at "
				"most 366 days away." } },
};

/* --- manual ---------------------------------------------------------------- */

static const char manual_head[] =
	".TH POSTHOLD\\-ADDRESSES 5\n"
	".SH NAME\n"
	"posthold\\-addresses \\- aliases, groups and catch\\-alls of a mail site\n"
	".SH DESCRIPTION\n"
	"The file that the setting\n.B addresses\n"
	"names.  It has the syntax of\n.BR posthold.conf (5):\n"
	"sections with a label, a name and a value on each line, # before a\n"
	"comment.\n"
	".PP\n"
	"An address is looked for in this order: an account's; an alias or group;\n"
	"the same without \"+detail\" before the @; postmaster and abuse, which the\n"
	"first account gets if nobody else does; the catch\\-all of the domain.\n"
	".PP\n"
	"A loop, more than 10 aliases behind one another and more than 1000\n"
	"mailboxes behind one address are errors of the file.\n"
	".B posthold conf check\n"
	"lists them with their lines, and\n"
	".B posthold reload\n"
	"brings a good file into force.\n";

static const char manual_tail[] =
	".SH EXAMPLE\n"
	".EX\n"
	"alias postmaster@agency.example {\n"
	"    to  roe@agency.example\n"
	"}\n"
	"\n"
	"group staff@agency.example {\n"
	"    to       roe@agency.example\n"
	"    to       poe@agency.example\n"
	"    senders  members\n"
	"}\n"
	"\n"
	"catch\\-all board.agency.example {\n"
	"    to       roe@agency.example\n"
	"    reason   \"old letterhead\"\n"
	"    owner    \"J. Roe\"\n"
	"    expires  2027\\-06\\-01\n"
	"}\n"
	".EE\n"
	".SH SEE ALSO\n"
	".BR posthold.conf (5),\n"
	".BR posthold (8)\n";

static bool
put_line(struct buf *b, const struct line_row *row)
{
	return buf_put_text(b, ".TP\n.B ") &&
		buf_put_text(b, row->value.name) && buf_push(b, '\n') &&
		buf_put_text(b, row->value.help) && buf_push(b, '\n') &&
		(row->value.kind != KIND_CHOICE || row->kind != LINE_VALUE ||
			(buf_put_text(b, "(") &&
				buf_put_text(b, row->value.unit) &&
				buf_put_text(b, ")\n")));
}

static bool
put_entry(struct buf *b, uint32_t kind)
{
	const struct entry_row *e = &entry_rows[kind];
	bool fits = buf_put_text(b, ".SH ") && buf_put_text(b, e->noun) &&
		buf_push(b, ' ') && buf_put_text(b, e->label) &&
		buf_push(b, '\n') && buf_put_text(b, e->help) &&
		buf_push(b, '\n');

	for (size_t i = 0; fits && i < LINE_ROWS; i++)
		if (line_rows[i].kinds & IN(kind))
			fits = put_line(b, &line_rows[i]);
	return fits;
}

bool
put_addresses_manual(struct buf *b)
{
	bool fits = buf_put_text(b, manual_head);

	for (uint32_t kind = 0; fits && kind < ENTRY_KINDS; kind++)
		fits = put_entry(b, kind);
	return fits && buf_put_text(b, manual_tail);
}
