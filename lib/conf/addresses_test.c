#include "lib/conf/addresses.h"

#include "lib/base/number.h"
#include "lib/base/test.h"

#define DAY(n) ((struct instant){ SECONDS(1795509000) + DAYS(n) })
#define PERMIT "reason \"old letterhead\"\n owner \"J. Roe\"\n"

static struct site site = { .domains_count = 2,
	.domains = { { "agency.example" }, { "board.agency.example" } } };
static struct addresses a;
static struct conf_errors errors;

/* --- what is wrong with a file ------------------------------------------- */

static const struct {
	const char *what, *text;
	uint32_t line; /* of the first error; 0: the file is good */
	const char *key;
} files[] = {
	{ "nothing", "", 0, NULL },
	{ "an alias", "alias a@agency.example {\n to b@agency.example\n}\n", 0,
		NULL },
	{ "on one line", "alias a@agency.example { to b@agency.example }", 0,
		NULL },
	{ "a group", "group a@agency.example {\n to b@agency.example\n"
		     "senders listed\n sender c@agency.example\n}\n", 0, NULL },
	{ "a catch-all", "catch-all agency.example {\n to b@agency.example\n"
			 PERMIT "expires 2027-06-01\n}\n", 0, NULL },
	{ "an alias of an alias", "alias a@agency.example { to b@agency.example }\n"
		"alias b@agency.example { to c@agency.example }\n", 0, NULL },
	{ "no target", "alias a@agency.example {\n}\n", 1, "to" },
	{ "a target elsewhere", "alias a@agency.example {\n to b@other.example\n}\n",
		2, "b@other.example" },
	{ "a target in a domain below ours",
		"alias a@agency.example {\n to b@x.agency.example\n}\n", 2,
		"b@x.agency.example" },
	{ "a target that is a program",
		"alias a@agency.example {\n to \"|/bin/sh\"\n}\n", 2,
		"|/bin/sh" },
	{ "a target that is a file",
		"alias a@agency.example {\n to /etc/passwd\n}\n", 2,
		"/etc/passwd" },
	{ "an address elsewhere", "\nalias a@other.example {\n"
		"to b@agency.example\n}\n", 2, "a@other.example" },
	{ "a loop of one", "alias a@agency.example {\n to a@agency.example\n}\n",
		2, "a@agency.example" },
	{ "the same in other letters", "alias a@agency.example {\n"
		"to \"A@AGENCY.example\"\n}\n", 2, "a@agency.example" },
	{ "a loop of three", "alias a@agency.example { to b@agency.example }\n"
		"alias b@agency.example { to c@agency.example }\n"
		"group c@agency.example { to x@agency.example\n"
		"to a@agency.example\n senders anybody }\n", 4,
		"a@agency.example" },
	{ "a loop behind the catch-all",
		"catch-all agency.example {\n to a@agency.example\n" PERMIT
		"expires 2027-06-01\n}\n"
		"alias a@agency.example { to a@agency.example }", 7,
		"a@agency.example" },
	{ "a group without senders",
		"group a@agency.example {\n to b@agency.example\n}\n", 1,
		"senders" },
	{ "senders that are no word of ours", "group a@agency.example {\n"
		"to b@agency.example\n senders all\n}\n", 3, "senders" },
	{ "senders of an alias", "alias a@agency.example {\n"
		"to b@agency.example\n senders logins\n}\n", 3, "senders" },
	{ "a catch-all without a permit",
		"catch-all agency.example {\n to b@agency.example\n}\n", 1,
		"reason" },
	{ "a catch-all for more than a year",
		"catch-all agency.example {\n to b@agency.example\n" PERMIT
		"expires 2028-06-01\n}\n", 1, "expires" },
	{ "a catch-all of another domain",
		"catch-all other.example {\n to b@agency.example\n" PERMIT
		"expires 2027-06-01\n}\n", 1, "other.example" },
	{ "a delegation", "send-as a@agency.example {\n login bob\n" PERMIT
		"expires 2027-06-01\n}\n", 0, NULL },
	{ "beside an alias of the address", "alias a@agency.example "
		"{ to b@agency.example }\n"
		"send-as a@agency.example {\n login bob\n" PERMIT
		"expires 2027-06-01\n}\n", 0, NULL },
	{ "a delegation to nobody", "send-as a@agency.example {\n" PERMIT
		"expires 2027-06-01\n}\n", 1, "login" },
	{ "a delegation for ever", "send-as a@agency.example {\n login bob\n"
		PERMIT "}\n", 1, "expires" },
	{ "a delegation of a foreign address",
		"send-as a@other.example {\n login bob\n" PERMIT
		"expires 2027-06-01\n}\n", 1, "a@other.example" },
	{ "a delegation that leads somewhere",
		"send-as a@agency.example {\n login bob\n"
		"to b@agency.example\n" PERMIT "expires 2027-06-01\n}\n", 3,
		"to" },
	{ "a relay", "relay scanner {\n from 192.0.2.8/32\n"
		"sender a@agency.example\n" PERMIT "expires 2027-06-01\n}\n",
		0, NULL },
	{ "one address", "relay scanner {\n from 192.0.2.9\n"
		"sender a@agency.example\n" PERMIT "expires 2027-06-01\n}\n",
		0, NULL },
	{ "eight", "relay scanner {\n from 192.0.2.8/29\n"
		"sender a@agency.example\n" PERMIT "expires 2027-06-01\n}\n",
		0, NULL },
	{ "a few of IPv6", "relay scanner {\n from 2001:db8::100/120\n"
		"sender a@agency.example\n" PERMIT "expires 2027-06-01\n}\n",
		0, NULL },
#define FROM(text) "relay scanner {\n from " text "\n" \
		"sender a@agency.example\n" PERMIT "expires 2027-06-01\n}\n", \
		2, "from"
	{ "sixteen", FROM("192.0.2.16/28") },
	{ "too many of IPv6", FROM("2001:db8::/119") },
	{ "everybody", FROM("0.0.0.0/0") },
	{ "everybody of IPv6", FROM("::/0") },
	{ "this host", FROM("127.0.0.1") },
	{ "another name of it", FROM("127.8.0.8/29") },
	{ "this host by IPv6", FROM("::1") },
	{ "and with IPv4 in it", FROM("::ffff:127.0.0.1") },
	{ "no host", FROM("0.0.0.0/32") },
	{ "a group of hosts", FROM("224.0.0.1") },
	{ "bits behind the prefix", FROM("192.0.2.9/29") },
	{ "a name", FROM("scanner.agency.example") },
	{ "no length", FROM("192.0.2.8/") },
	{ "a long one", FROM("192.0.2.8/33") },
#undef FROM
	{ "a relay without senders", "relay scanner {\n from 192.0.2.9\n"
		PERMIT "expires 2027-06-01\n}\n", 1, "sender" },
	{ "a relay without an address", "relay scanner {\n"
		"sender a@agency.example\n" PERMIT "expires 2027-06-01\n}\n",
		1, "from" },
	{ "a relay for ever", "relay scanner {\n from 192.0.2.9\n"
		"sender a@agency.example\n" PERMIT "}\n", 1, "expires" },
	{ "a relay of two addresses", "relay scanner {\n from 192.0.2.9\n"
		"from 192.0.2.10\n sender a@agency.example\n" PERMIT
		"expires 2027-06-01\n}\n", 3, "from" },
	{ "twice", "alias a@agency.example { to b@agency.example }\n"
		"alias A@agency.example { to c@agency.example }\n", 2,
		"A@agency.example" },
	{ "a section that is none", "list a@agency.example {\n}\n", 1, "list" },
	{ "not closed", "alias a@agency.example {\n to b@agency.example\n", 3,
		"file" },
	{ "not opened", "alias a@agency.example\n", 1, "alias" },
	{ "a value missing", "alias a@agency.example {\n to\n}\n", 2, "to" },
	{ "one inside another", "alias a@agency.example { to b@agency.example\n"
		"alias c@agency.example { to d@agency.example }\n", 2, "alias" },
	{ "two reasons", "catch-all agency.example {\n to b@agency.example\n"
		PERMIT "reason \"another\"\nexpires 2027-06-01\n}\n", 5,
		"reason" },
	{ "an octet that is none", "alias a@agency.example {\n to \x01\n}\n", 2,
		"to" },
};

static const struct conf_error *
first_error(void)
{
	for (uint32_t i = 0; i < errors.count; i++)
		if (errors.at[i].weight == WEIGHT_ERROR)
			return &errors.at[i];
	return NULL;
}

TEST(addresses_say_what_is_wrong_and_where)
{
	EACH_CASE(c, files) {
		const struct fault *f = addresses_parse(span_of(c->text), &site,
			DAY(0), &a, &errors);
		const struct conf_error *e = first_error();

		CHECK_FAULT(f, c->line ? &fault_conf_refused : OK);
		if (c->line == 0)
			continue;
		CHECK(e != NULL);
		CHECK_NUMBER(e->line, c->line);
		CHECK_SPAN(span_of(e->key), c->key);
		CHECK_NUMBER(a.entries_count, 0);
	}
}

/* a0 -> a1 -> ... */
static const struct fault *
parse_chain(unsigned links)
{
	static uint8_t room[8192];
	struct buf b = BUF(room);

	for (unsigned i = 0; i < links; i++)
		CHECK(buf_put_text(&b, "alias a") && buf_put_number(&b, i) &&
			buf_put_text(&b, "@agency.example { to a") &&
			buf_put_number(&b, i + 1) &&
			buf_put_text(&b, "@agency.example }\n"));
	return addresses_parse(buf_view(&b), &site, DAY(0), &a, &errors);
}

/* Groups of `width`, each behind the other. */
static const struct fault *
parse_wide(unsigned groups, unsigned width)
{
	static uint8_t room[200000];
	struct buf b = BUF(room);

	for (unsigned i = 0; i < groups; i++) {
		CHECK(buf_put_text(&b, "group g") && buf_put_number(&b, i) &&
			buf_put_text(&b, "@agency.example { senders logins\n"));
		for (unsigned n = 0; n < width; n++)
			CHECK(buf_put_text(&b, "to ") &&
				buf_put_text(&b, i == 0 ? "m" : "g") &&
				buf_put_number(&b, i == 0 ? n : i - 1) &&
				buf_put_text(&b, "@agency.example\n"));
		CHECK(buf_put_text(&b, "}\n"));
	}
	return addresses_parse(buf_view(&b), &site, DAY(0), &a, &errors);
}

TEST(addresses_are_bounded)
{
	CHECK_OK(parse_chain(10));
	CHECK_FAULT(parse_chain(11), &fault_conf_refused);
	CHECK_FAULT(parse_chain(60), &fault_conf_refused);
	CHECK_OK(parse_wide(1, 1000));
	CHECK_FAULT(parse_wide(1, 1001), &fault_conf_refused);
	CHECK_OK(parse_wide(2, 31));
	CHECK_FAULT(parse_wide(2, 32), &fault_conf_refused);
	test_row = "too wide by multiplication, and soon judged";
	CHECK_FAULT(parse_wide(10, 100), &fault_conf_refused);
}

/* --- what is delegated --------------------------------------------------- */

static uint8_t given_room[512];
static struct buf given;

static void
note_given(void *owner, struct span address)
{
	(void)owner;
	CHECK(buf_put(&given, address) && buf_push(&given, ' '));
}

static const struct {
	const char *what, *login;
	int day;
	const char *addresses;
} delegations[] = {
	{ "two", "bob", 1, "info@agency.example desk@agency.example " },
	{ "one", "ann", 1, "info@agency.example " },
	{ "nothing", "bo", 1, "" },
	{ "one of them expired", "bob", 100, "desk@agency.example " },
	{ "both", "bob", 300, "" },
};

TEST(addresses_are_lent_until_a_day)
{
	CHECK_OK(addresses_parse(SPAN(
		"send-as Info@agency.example { login bob\n login Ann\n"
		PERMIT "expires 2026-12-31 }\n"
		"send-as desk@agency.example { login BOB\n"
		PERMIT "expires 2027-06-01 }\n"),
		&site, DAY(0), &a, &errors));
	EACH_CASE(c, delegations) {
		given = BUF(given_room);
		addresses_delegated(&a, span_of(c->login), DAY(c->day),
			note_given, NULL);
		CHECK_SPAN(buf_view(&given), c->addresses);
	}
	test_row = "it gets no mail by that";
	CHECK(!addresses_find(&a, SPAN("info@agency.example")));
}

/* --- hosts --------------------------------------------------------------- */

#define V4(d) { [10] = 0xff, 0xff, 192, 0, 2, d }

static const struct {
	const char *what;
	uint8_t peer[16];
	int day;
	const char *name;
} hosts[] = {
	{ "the first", V4(8), 1, "scanner" },
	{ "the last", V4(15), 1, "scanner" },
	{ "before it", V4(7), 1, NULL },
	{ "behind it", V4(16), 1, NULL },
	{ "the other", { 0x20, 1, 0xd, 0xb8, [15] = 7 }, 1, "Printer" },
	{ "beside it", { 0x20, 1, 0xd, 0xb8, [15] = 6 }, 1, NULL },
	{ "the same octets at the end", { [12] = 192, 0, 2, 8 }, 1, NULL },
	{ "expired", V4(8), 100, NULL },
	{ "not expired", { 0x20, 1, 0xd, 0xb8, [15] = 7 }, 100, "Printer" },
};

TEST(addresses_of_hosts_relay_until_a_day)
{
	CHECK_OK(addresses_parse(SPAN(
		"relay scanner { from 192.0.2.8/29 sender a@agency.example\n"
		PERMIT "expires 2026-12-31 }\n"
		"relay Printer { from 2001:db8::7 sender a@agency.example\n"
		PERMIT "expires 2027-06-01 }\n"),
		&site, DAY(0), &a, &errors));
	EACH_CASE(c, hosts) {
		const struct entry *e = addresses_relay(&a, c->peer,
			DAY(c->day));

		CHECK((e != NULL) == (c->name != NULL));
		if (e)
			CHECK(span_equals_nocase(relay_name(e),
				span_of(c->name)));
	}
}

/* --- what is found ------------------------------------------------------- */

static uint8_t seen_room[512];
static struct buf seen;

static void
note(void *owner, struct span address)
{
	(void)owner;
	CHECK(buf_put(&seen, address) && buf_push(&seen, ' '));
}

static bool
any(void *owner, const struct entry *group)
{
	(void)owner;
	return group->kind == ENTRY_GROUP;
}

static void
check_expands(const char *address, const char *want)
{
	const struct entry *e = addresses_find(&a, span_of(address));

	seen = BUF(seen_room);
	CHECK((e != NULL) == (want != NULL));
	if (!e)
		return;
	CHECK(addresses_expand(&a, e, note, any, NULL));
	CHECK_SPAN(buf_view(&seen), want);
}

TEST(addresses_lead_to_mailboxes)
{
	const struct entry *e;

	CHECK_OK(addresses_parse(SPAN(
		"alias postmaster@agency.example { to staff@agency.example }\n"
		"group staff@agency.example { to Ann@agency.example\n"
		"to bob@agency.example\n senders listed\n"
		"sender boss@agency.example }\n"
		"catch-all board.agency.example { to ann@agency.example\n"
		PERMIT "expires 2026-12-01 }\n"),
		&site, DAY(0), &a, &errors));
	check_expands("staff@agency.example",
		"ann@agency.example bob@agency.example ");
	check_expands("postmaster@agency.example",
		"ann@agency.example bob@agency.example ");
	check_expands("ann@agency.example", NULL);
	test_row = "a catch-all is no address";
	check_expands("@board.agency.example", NULL);
	seen = BUF(seen_room);
	addresses_senders(&a, addresses_find(&a, SPAN("staff@agency.example")),
		note, NULL);
	CHECK_SPAN(buf_view(&seen), "boss@agency.example ");
	test_row = "a permit in force";
	e = addresses_catch_all(&a, SPAN("board.agency.example"), DAY(1));
	CHECK(e && e->kind == ENTRY_CATCH_ALL);
	test_row = "another domain";
	CHECK(!addresses_catch_all(&a, SPAN("agency.example"), DAY(1)));
	test_row = "expired";
	CHECK(!addresses_catch_all(&a, SPAN("board.agency.example"), DAY(30)));
}
