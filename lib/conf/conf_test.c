#include "lib/conf/conf.h"

#include "lib/base/test.h"
#include "lib/conf/schema.h"

#define PERMIT \
	"permit mx { address 0.0.0.0 port 25 reason \"receive mail\" " \
	"owner \"J. Roe\" expires 2027-11-24 }\n"
#define NAMES "host mail.agency.example\ndomain agency.example\n"
#define LOCAL \
	NAMES "role local\nsend { sender app@agency.example }\n" \
	"relay { smarthost a.b:25 tls required }\n"
#define TLS   "certificate /etc/c.pem\nkey /etc/k.pem\n"

/* 2026-11-24T08:30:00Z */
static const struct instant now = { 1795509000 * SECONDS(1) };

static struct site site, again;
static struct conf_errors errors;

static FALLIBLE
parse(const char *text)
{
	return conf_parse(span_of(text), now, &site, &errors);
}

TEST(a_small_file_is_a_site)
{
	uint8_t v4_any[16] = { [10] = 0xff, [11] = 0xff };

	CHECK_OK(parse("# our site\n" NAMES TLS PERMIT
		       "relay { smarthost 127.0.0.1:2526 tls required }\n"));
	CHECK_NUMBER(errors.count, 0);
	CHECK(site_is_sound(&site));
	CHECK_SPAN(SITE_TEXT(site.host), "mail.agency.example");
	CHECK_NUMBER(site.permits_count, 1);
	CHECK_NUMBER(site.permits[0].port, 25);
	CHECK_NUMBER(site.permits[0].service, SERVICE_MX);
	CHECK(memcmp(site.permits[0].address, v4_any, 16) == 0);
	CHECK_SPAN(SITE_TEXT(site.permits[0].owner), "J. Roe");
	CHECK_NUMBER(site.smarthosts_count, 1);
	CHECK_SPAN(SITE_TEXT(site.smarthosts[0].name), "127.0.0.1");
	CHECK_NUMBER(site.smarthosts[0].port, 2526);
	CHECK_NUMBER(site.smarthosts[0].pinned, 0);
	CHECK_NUMBER(site.relay_tls, SITE_TLS_REQUIRED);
	CHECK_NUMBER(site.max_message, 25 << 20);
	CHECK_NUMBER(site.idle_us, MINUTES(5));
	CHECK_NUMBER(site.schedule_count, 7);
	CHECK_NUMBER(site.schedule_us[4], HOURS(1));
	CHECK_NUMBER(site.production, 1);
	CHECK(site_represents(&site, SPAN("Agency.EXAMPLE")));
	CHECK(!site_represents(&site, SPAN("sub.agency.example")));
}

TEST(a_permit_opens_until_its_day)
{
	struct site_permit p = { .service = SERVICE_MX, .expires_us = 100 };

	CHECK(site_permit_open(&p, (struct instant){ 99 }));
	CHECK(!site_permit_open(&p, (struct instant){ 100 }));
	p.service = SERVICE_NONE;
	CHECK(!site_permit_open(&p, (struct instant){ 99 }));
}

TEST(a_domain_may_be_called_like_a_product)
{
	CHECK_OK(parse("host mail.exim.example\ndomain exim.example\n" TLS
			PERMIT));
	CHECK_OK(parse("host postfixed.exim.example\ndomain exim.example\n" TLS
			PERMIT));
	CHECK_FAULT(parse("host exim.exim.example\ndomain exim.example\n" TLS
			PERMIT), &fault_conf_refused);
}

/* Each file has exactly one error, on that line, about that key. */
static const struct {
	const char *what, *text;
	uint32_t line;
	const char *key, *says;
} refusals[] = {
	{ "unknown name", NAMES "hots a.b\n" PERMIT, 3, "hots",
		"unknown setting; did you mean \"host\"?" },
	{ "unknown and like nothing", NAMES "zzzzzzzz 1\n" PERMIT, 3,
		"zzzzzzzz", "unknown setting; `posthold conf explain` lists" },
	{ "name of another section", NAMES PERMIT "schedule 1m\n", 4,
		"schedule", "unknown setting; it belongs into section relay" },
	{ "top setting in a section", NAMES PERMIT "relay { host a.b }\n", 4,
		"host", "unknown setting; it belongs outside of every" },
	{ "no value", NAMES PERMIT "clamd\n", 4, "clamd",
		"its value is missing; give an absolute path" },
	{ "two values", NAMES PERMIT "clamd /a /b\n", 4, "clamd",
		"more than one value on the line" },
	{ "set twice", NAMES PERMIT "clamd /a\nclamd /b\n", 5, "clamd",
		"set a second time" },
	{ "not a number", NAMES PERMIT "limits { messages ten }\n", 4, "messages",
		"not a number; give a number from 1 to 100000" },
	{ "out of range", NAMES PERMIT "limits { messages 0 }\n", 4, "messages",
		"out of range; give a number from 1 to 100000" },
	{ "no unlimited size", NAMES PERMIT "limits {\nmessage 0\n}\n", 5,
		"message", "out of range; give a size" },
	{ "time without unit", NAMES PERMIT "limits { idle 300 }\n", 4, "idle",
		"not a time; give a time such as" },
	{ "two units", NAMES PERMIT "limits { idle 1h5m }\n", 4, "idle",
		"not a time" },
	{ "relative path", NAMES PERMIT "clamd clamd.ctl\n", 4, "clamd",
		"not a clean absolute path" },
	{ "path with dots", NAMES PERMIT "clamd /a/../b\n", 4, "clamd",
		"not a clean absolute path" },
	{ "a choice", NAMES PERMIT "relay { tls never }\n", 4, "tls",
		"not one of the words; give one of opportunistic|required" },
	{ "yes or no", NAMES PERMIT "production maybe\n", 4, "production",
		"neither yes nor no" },
	{ "host with one label", "host mail\ndomain a.example\n" PERMIT, 1,
		"host", "not a full domain name" },
	{ "host is an address", "host 192.0.2.1\ndomain a.example\n" PERMIT, 1,
		"host", "not a full domain name" },
	{ "domain with final dot", NAMES "domain b.example.\n" PERMIT, 3,
		"domain", "not a full domain name" },
	{ "missing host", "domain a.example\n" PERMIT, 3, "host",
		"missing; give a full domain name" },
	{ "missing permit", NAMES, 3, "permit", "missing: without a permit" },
	{ "permit without owner", NAMES "permit mx {\naddress ::\nport 25\n"
		"reason \"mail\"\nexpires 2027-01-01 }\n", 3, "owner",
		"missing; give a text in quotes of 2 to 63 octets" },
	{ "permit without reason", NAMES "permit mx { address ::1 port 25 "
		"owner ab expires 2027-01-01 }\n", 3, "reason", "missing" },
	{ "permit without end", NAMES "permit mx { address ::1 port 25 "
		"owner ab reason abc }\n", 3, "expires", "missing" },
	{ "permit for ever", NAMES "permit mx { address ::1 port 25 owner ab "
		"reason abc expires 2099-01-01 }\n", 3, "expires",
		"the permit is for more than 366 days" },
	{ "day that is none", NAMES "permit mx { address ::1 port 25 owner ab "
		"reason abc expires 2027-02-29 }\n", 3, "expires",
		"not a day of the calendar" },
	{ "unknown service", NAMES "permit pop3 { address ::1 port 25 owner ab "
		"reason abc expires 2027-02-01 }\n", 3, "permit",
		"names no service" },
	{ "port taken", NAMES PERMIT "permit mx { address 127.0.0.1 port 25 "
		"owner ab reason abc expires 2027-02-01 }\n", 4, "port",
		"an earlier permit has this address and port" },
	{ "submission without TLS", NAMES "permit submission { address ::1 "
		"port 587 owner ab reason abc expires 2027-02-01 }\n", 3,
		"permit", "the service needs TLS" },
	{ "certificate without key", NAMES PERMIT "certificate /c\n", 4,
		"certificate", "certificate and key belong together" },
	{ "host names a product", "host postfix.agency.example\n"
		"domain agency.example\n" PERMIT, 1, "host",
		"the name contains the word of a product" },
	{ "host names a system", "host mx-ubuntu22.agency.example\n"
		"domain agency.example\n" PERMIT, 1, "host",
		"the name contains the word of a product" },
	{ "domain twice", NAMES "domain AGENCY.example\n" PERMIT, 3, "domain",
		"the domain stands here a second time" },
	{ "queue inside of mailboxes", NAMES PERMIT
		"mailbox-directory /m\nqueue-directory /m/q\n", 4,
		"mailbox-directory", "another directory or file is inside" },
	{ "same directory", NAMES PERMIT "log-directory /l\n"
		"queue-directory /l\n", 5, "queue-directory",
		"queue-directory, log-directory, limits-directory and run-directory must differ" },
	{ "made-up names in production", NAMES PERMIT
		"dns { local-data \"a.example. A 192.0.2.1\" }\n", 4,
		"local-data", "made-up DNS answers are for tests" },
	{ "section not closed", NAMES PERMIT "relay {\n tls required\n", 4,
		"relay", "the section is not closed" },
	{ "close without open", NAMES PERMIT "}\n", 4, "}", "closes nothing" },
	{ "open without name", NAMES PERMIT "{\n", 4, "{",
		"opens a section without a name" },
	{ "section in a section", NAMES PERMIT "relay {\ndns {\n}\n", 5, "dns",
		"a section cannot stand inside another" },
	{ "section twice", NAMES PERMIT "relay { }\nrelay { }\n", 5, "relay",
		"the section stands here a second time" },
	{ "quoted name", NAMES PERMIT "\"clamd\" /a\n", 4, "\"\"",
		"a quoted text where the name of a setting belongs" },
	{ "text not closed", NAMES PERMIT "clamd \"/a\n", 4, "clamd",
		"a quoted text is not closed" },
	{ "tab in a text", NAMES PERMIT "clamd \"/a\tb\"\n", 4, "clamd",
		"a quoted text is not closed" },
	{ "escape in a text", NAMES PERMIT "clamd \"/a\\b\"\n", 4, "clamd",
		"a quoted text is not closed" },
	{ "CR", NAMES PERMIT "\r\n", 4, "file", "a CR" },
	{ "NUL-like control", NAMES PERMIT "\001\n", 4, "file",
		"an octet that is not printable" },
	{ "smarthost without port", NAMES PERMIT "relay { smarthost a.b }\n", 4,
		"smarthost", "not name:port" },
	{ "half a pin", NAMES PERMIT
		"relay { smarthost \"a.b:25 sha256=00ff\" }\n", 4,
		"smarthost", "what follows is not sha256=" },
	{ "a mail server with a permit for local programs", NAMES PERMIT
		"permit local { address ::1 port 26 owner ab reason abc "
		"expires 2027-11-24 }\n", 4, "permit",
		"the service is not of this host's role" },
	{ "a mail server with a forced sender", NAMES PERMIT
		"send { sender a@agency.example }\n", 4, "sender",
		"the section is for hosts that only send" },
	{ "only sends, and receives", LOCAL PERMIT, 6, "permit",
		"the service is not of this host's role" },
	{ "only sends, listens off-host", LOCAL
		"permit local { address 0.0.0.0 port 25 owner ab reason abc "
		"expires 2027-11-24 }\n", 6, "address",
		"a host that only sends listens on 127.0.0.1" },
	{ "only sends, with a certificate", LOCAL TLS, 6, "certificate",
		"a host that only sends serves nobody" },
	{ "only sends, to nobody", NAMES "role local\n"
		"send { sender a@agency.example }\nrelay { tls required }\n",
		1, "smarthost", "a host that only sends needs the name" },
	{ "only sends, in clear", NAMES "role local\n"
		"send { sender a@agency.example }\n"
		"relay { smarthost a.b:25 }\n", 1, "tls",
		"a host that only sends proves whom" },
	{ "only sends, in nobody's name", NAMES "role local\n"
		"relay { smarthost a.b:25 tls required }\n", 1, "sender",
		"a host that only sends needs an address" },
	{ "only sends, in another's name", NAMES "role local\n"
		"relay { smarthost a.b:25 tls required }\n"
		"send { sender a@other.example }\n", 5, "sender",
		"a host that only sends needs an address" },
	{ "a login without a password", NAMES PERMIT
		"relay { smarthost a.b:25 tls required login app }\n", 4, "login",
		"login and password-file belong together" },
	{ "a login that is said in clear", NAMES PERMIT
		"relay { smarthost a.b:25 login app password-file /etc/p }\n", 4,
		"login", "a password is said to a smarthost" },
	{ "a login for everybody's MX", NAMES PERMIT
		"relay { tls required login app password-file /etc/p }\n", 4,
		"login", "a password is said to a smarthost" },
	{ "a sender without a domain", NAMES "role local\n"
		"send { sender root }\nrelay { smarthost a.b:25 tls required }\n", 4, "sender", "not an address" },
	{ "a route to nowhere", NAMES PERMIT
		"relay { route \"to example.org\" }\n", 4, "route",
		"via is missing" },
	{ "a route with a word too many", NAMES PERMIT
		"relay { route \"via mx now\" }\n", 4, "route",
		"its words are not in this order" },
	{ "a route in another order", NAMES PERMIT
		"relay { route \"to b.example from a.example via mx\" }\n", 4,
		"route", "via is missing" },
	{ "a route from nobody", NAMES PERMIT
		"relay { route \"from a@ via mx\" }\n", 4, "route",
		"behind from stands neither" },
	{ "a route to no domain", NAMES PERMIT
		"relay { route \"to ..example.org via mx\" }\n", 4, "route",
		"behind to stands neither" },
	{ "a route without an attempt", NAMES PERMIT
		"relay { route \"attempt 0 via mx\" }\n", 4, "route",
		"an attempt is a number" },
	{ "a route without encryption", NAMES PERMIT
		"relay { route \"via mx tls none\" }\n", 4, "route",
		"tls is opportunistic or required" },
	{ "a route by a host without a port", NAMES PERMIT
		"relay { route \"via mail.example\" }\n", 4, "route",
		"not name:port" },
	{ "only sends, another way", NAMES "role local\n"
		"send { sender a@agency.example }\n"
		"relay { smarthost a.b:25 tls required\nroute \"via mx\" }\n", 6,
		"route", "a host that only sends has smarthosts" },
	{ "empty schedule", NAMES PERMIT "relay { schedule \"\" }\n", 4,
		"schedule", "empty" },
	{ "schedule of nothing", NAMES PERMIT "relay { schedule \"0s\" }\n", 4,
		"schedule", "out of range" },
};

static uint32_t
first_error(void)
{
	uint32_t i = 0;

	while (i < errors.count && errors.at[i].weight != WEIGHT_ERROR)
		i++;
	return i;
}

TEST(each_mistake_has_line_key_and_remedy)
{
	EACH_CASE(c, refusals) {
		const struct conf_error *e;

		CHECK_FAULT(parse(c->text), &fault_conf_refused);
		CHECK(first_error() < errors.count);
		e = &errors.at[first_error()];
		CHECK_SPAN(span_of(e->key), c->key);
		CHECK_NUMBER(e->line, c->line);
		CHECK_SPANS(span_shift_upto(&(struct span){
				(const uint8_t *)e->text, strlen(e->text) },
				strlen(c->says)),
			span_of(c->says));
		CHECK(!site_is_sound(&site));
	}
}

TEST(all_errors_are_listed_in_order)
{
	CHECK_FAULT(parse("hots a\nclamd b\nlimits { messages x\nidle 1 }\n"),
		&fault_conf_refused);
	CHECK_NUMBER(errors.refused, 7);
	CHECK_NUMBER(errors.count, 7);
	for (uint32_t i = 1; i < errors.count; i++)
		CHECK(errors.at[i - 1].line <= errors.at[i].line);
}

TEST(the_list_of_errors_is_bounded)
{
	static uint8_t storage[4096];
	struct buf text = BUF(storage);

	for (int i = 0; i < 200; i++)
		CHECK(buf_put_text(&text, "nonsense 1\n"));
	CHECK_FAULT(conf_parse(buf_view(&text), now, &site, &errors),
		&fault_conf_refused);
	CHECK_NUMBER(errors.count, CONF_ERRORS);
	CHECK_NUMBER(errors.refused, errors.count + errors.dropped);
}

static const struct {
	const char *what, *text, *key;
} warnings[] = {
	{ "expired", NAMES TLS "permit mx { address ::1 port 25 owner ab "
		"reason abc expires 2026-11-24 }\n", "expires" },
	{ "soon", NAMES TLS "permit mx { address ::1 port 25 owner ab "
		"reason abc expires 2026-12-01 }\n", "expires" },
	{ "mail in clear", NAMES PERMIT, "permit" },
};

TEST(a_warning_does_not_refuse)
{
	EACH_CASE(c, warnings) {
		CHECK_OK(parse(c->text));
		CHECK_NUMBER(errors.count, 1);
		CHECK_NUMBER(errors.at[0].weight, WEIGHT_WARNING);
		CHECK_SPAN(span_of(errors.at[0].key), c->key);
	}
}

TEST(a_site_survives_its_own_text)
{
	static uint8_t storage[65536];
	struct buf text = BUF(storage);

	CHECK_OK(parse(NAMES "domain b.example\nproduction no\n" TLS PERMIT
		       "permit imaps { address 2001:db8::1 port 993 "
		       "reason \"read mail # not a comment\" "
		       "owner \"A B\" expires 2027-02-28 }\n"
		       "relay { smarthost [2001:DB8:0:0::1]:25\n"
		       "route \"from Boss@b.example to .Example.org attempt 3 "
		       "via [2001:db8::2]:26 sha256=AB00000000000000000000000000"
		       "0000000000000000000000000000000000cd tls required\"\n"
		       "route \"to example.org via mx tls opportunistic\"\n"
		       "route \"via relay.example:25\"\n"
		       "schedule \"1m 90s 1d\" }\n"
		       "dns { stub \"zone.example 192.0.2.1 5353\"\n"
		       "stub \". ::1\"\n"
		       "local-data \"a.example. IN A 192.0.2.7\" }\n"));
	CHECK(put_site(&text, &site));
	CHECK_OK(conf_parse(buf_view(&text), now, &again, &errors));
	CHECK(memcmp(&site, &again, sizeof site) == 0);
	CHECK_NUMBER(site.routes_count, 3);
	CHECK_SPAN(SITE_TEXT(site.routes[0].from), "boss@b.example");
	CHECK_SPAN(SITE_TEXT(site.routes[0].to), ".example.org");
	CHECK_NUMBER(site.routes[0].attempt, 3);
	CHECK_NUMBER(site.routes[0].tls, SITE_TLS_REQUIRED);
	CHECK(site_route_host(&site, SPAN("2001:db8::2"), 26) ==
		&site.routes[0].host);
	CHECK(site.routes[0].host.pinned && !site.routes[2].host.pinned);
	CHECK(site.routes[1].host.name[0] == 0);
	CHECK_NUMBER(site.routes[2].tls, SITE_TLS_UNSAID);
}

TEST(a_host_that_only_sends_needs_no_permit)
{
	static uint8_t storage[65536];
	struct buf text = BUF(storage);
	const uint8_t pin[32] = { [0] = 0xab, [31] = 0xcd };

	CHECK_OK(parse(NAMES "role local\n"
		"permit local { address 127.0.0.1 port 25 owner ab reason abc "
		"expires 2027-11-24 }\n"
		"permit lmtp { address ::1 port 24 owner ab reason abc "
		"expires 2027-11-24 }\n"
		"send { sender app@agency.example operator ops@agency.example "
		"from refuse }\n"
		"relay { tls required smarthost \"mail.agency.example:587 sha256="
		"AB000000000000000000000000000000000000000000000000000000000000"
		"cd\"\nsmarthost [2001:DB8::1]:25 }\n"));
	CHECK(site_is_sound(&site));
	CHECK_NUMBER(site.smarthosts_count, 2);
	CHECK(site.smarthosts[0].pinned &&
		memcmp(site.smarthosts[0].pin, pin, sizeof pin) == 0);
	CHECK(site_smarthost(&site, SPAN("MAIL.agency.example"), 587) ==
		&site.smarthosts[0]);
	CHECK(!site_smarthost(&site, SPAN("mail.agency.example"), 25));
	CHECK(put_site(&text, &site));
	CHECK_OK(conf_parse(buf_view(&text), now, &again, &errors));
	CHECK(memcmp(&site, &again, sizeof site) == 0);
	CHECK_OK(parse(LOCAL));
	CHECK_NUMBER(errors.count, 0);
	CHECK_NUMBER(site.permits_count, 0);
	CHECK(site_is_sound(&site));
}

TEST(every_default_is_a_value_of_its_setting)
{
	CHECK_OK(parse(NAMES TLS PERMIT));
	for (size_t i = 0; i < settings_count(); i++) {
		const struct setting *row = setting_row(i);

		CHECK(strlen(row->help) > 10 && strlen(row->reference) > 3);
		CHECK(strlen(row->name) <= 24);
		CHECK(setting_find(row->section, span_of(row->name)) == row);
	}
}
