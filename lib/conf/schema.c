#include "lib/conf/schema.h"

#include "lib/base/must.h"
#include "lib/base/number.h"

#define OF(member)     offsetof(struct site, member), \
			sizeof(((struct site *)0)->member)
#define ALSO(member)   offsetof(struct site, member)
#define EACH(member)   offsetof(struct site, member), \
			sizeof(((struct site *)0)->member[0])
#define PERMIT(member) offsetof(struct site_permit, member), \
			sizeof(((struct site_permit *)0)->member)

#define TOP    SECTION_TOP
#define PER    SECTION_PERMIT
#define REL    SECTION_RELAY
#define SND    SECTION_SEND
#define LIM    SECTION_LIMITS
#define LIVE   RELOAD_LIVE
#define SOCKET RELOAD_SOCKETS
#define START  RELOAD_START
#define MAX32  UINT32_MAX

static const struct section_row sections[SECTIONS] = {
	[SECTION_TOP] = { "", "Names and places of the site." },
	[SECTION_PERMIT] = { "permit",
		"Opens one service.  What has no permit has no socket; the "
		"socket closes by itself when the permit expires." },
	[SECTION_RELAY] = { "relay",
		"How mail for other domains leaves." },
	[SECTION_SEND] = { "send",
		"How a host that only sends (role local) speaks for its "
		"programs." },
	[SECTION_LIMITS] = { "limits",
		"What a peer can use up.  No limit can be switched off." },
	[SECTION_DNS] = { "dns", "How names are looked up." },
};

/* clang-format off */
static const struct setting settings[] = {
{ TOP, "host", KIND_HOST, OF(host), 0, 0, NULL, 0, 0, "", START,
  "NC-2.1.3, RFC 5321 section 4.1.1.1",
  "The name this host announces.  Its address records should lead here and "
  "back; it must not name a product or an operating system." },
{ TOP, "domain", KIND_HOST, EACH(domains), ALSO(domains_count), SITE_DOMAINS,
  NULL, 0, 0, "", LIVE, "NC-2.1.6",
  "A domain that is represented here: mail for it is received.  Give the "
  "setting once for each domain." },
{ TOP, "role", KIND_CHOICE, OF(role), 0, 0, "mail", 0, 0, "mail|local", START,
  "NC-2.1.9",
  "mail is a mail server; local only sends mail of this host's own programs to "
  "the smarthosts.  One host is never both." },
{ TOP, "production", KIND_YESNO, OF(production), 0, 0, "yes", 0, 0, "", START,
  "NC-2.2.a",
  "With yes, a missing protection (own account for each process, sandbox, own "
  "mailbox volume) stops the start; with no, it is reported only." },
{ TOP, "operator-uid", KIND_NUMBER, OF(operator_uid), 0, 0, "0", 0, MAX32 - 1,
  "", START, "NC-2.1.1",
  "The numeric user id that may give orders to the running site, besides "
  "root." },
{ TOP, "certificate", KIND_PATH, OF(certificate), 0, 0, "", 0, 0, "", LIVE,
  "NC-2.1.4, RFC 8314 section 3",
  "PEM file, no link, with the certificate of `host`, then its issuers." },
{ TOP, "key", KIND_PATH, OF(key), 0, 0, "", 0, 0, "", LIVE,
  "NC-2.1.4", "PEM file, no link, with the private key; only `keys` reads it." },
{ TOP, "client-ca", KIND_PATH, OF(client_ca), 0, 0, "", 0, 0, "", LIVE,
  "NC-2.1.4, RFC 4422 appendix A",
  "PEM file with the authorities whose certificates clients may log in with "
  "(EXTERNAL), each as the account that `posthold user certificate` gave it to.  "
  "Without it no client is asked for one." },
{ TOP, "users", KIND_PATH, OF(users), 0, 0, "/etc/posthold/users", 0, 0, "",
  LIVE, "NC-2.1.2", "The file of accounts that `posthold user` writes." },
{ TOP, "addresses", KIND_PATH, OF(addresses), 0, 0, "", 0, 0, "", LIVE,
  "NC-2.1.6, RFC 5321 section 3.9",
  "The file of aliases, groups and catch-alls; see posthold-addresses(5) for its "
  "syntax.  Without it only accounts have addresses." },
{ TOP, "password-policy", KIND_CHOICE, OF(passwords), 0, 0, "sp800-63b", 0, 0,
  "sp800-63b|nc-2008", LIVE, "NC-2.0.fn2, NIST SP 800-63B, IA-5, AC-7",
  "sp800-63b: at least 15 characters, none of them prescribed, no expiry, and "
  "not in `breached-passwords`; 20 wrong passwords lock a source.  nc-2008: at "
  "least 8 characters of 3 kinds, none of the last 6, for 90 days; 3 wrong "
  "passwords lock a source.  A lock ends 15 minutes after the last of them." },
{ TOP, "breached-passwords", KIND_PATH, OF(breached), 0, 0, "", 0, 0, "", LIVE,
  "NIST SP 800-63B section 5.1.1.2",
  "A list of SHA-1 hashes in order, as Have I Been Pwned hands it out: no "
  "password that is in it is taken." },
{ TOP, "mailbox-directory", KIND_PATH, OF(mailbox_directory), 0, 0,
  "/var/lib/posthold/mailboxes", 0, 0, "", START, "NC-2.2.b",
  "Where mail is kept.  It must be on a block device of its own." },
{ TOP, "queue-directory", KIND_PATH, OF(queue_directory), 0, 0,
  "/var/lib/posthold/queue", 0, 0, "", START, "RFC 5321 section 4.5.4.1",
  "Where mail waits that goes elsewhere." },
{ TOP, "log-directory", KIND_PATH, OF(log_directory), 0, 0,
  "/var/log/posthold", 0, 0, "", START, "NC-2.4.3",
  "Where events are recorded." },
{ TOP, "limits-directory", KIND_PATH, OF(limits_directory), 0, 0,
  "/var/lib/posthold/limits", 0, 0, "", START, "NC-2.1.8",
  "Where the counters of the limits are kept over a restart." },
{ TOP, "evidence-directory", KIND_PATH, OF(evidence_directory), 0, 0,
  "/var/lib/posthold/evidence", 0, 0, "", LIVE, "NC-2.0",
  "Where `posthold check` keeps what it proved, and when." },
{ TOP, "performance-standard", KIND_PATH, OF(standard), 0, 0,
  "/etc/posthold/performance.standard", 0, 0, "", LIVE, "NC-2.1.8",
  "What this machine was measured to do, signed: `posthold calibrate` writes it. "
  "No limit may be above 70 % of it." },
{ TOP, "run-directory", KIND_PATH, OF(run_directory), 0, 0, "/run/posthold",
  0, 0, "", START, "NC-2.1.1", "Where the control sockets are." },
{ TOP, "clamd", KIND_PATH, OF(clamd), 0, 0, "/run/clamav/clamd.ctl", 0, 0, "",
  LIVE, "NC-2.3.2",
  "Local socket of the virus engine.  While it does not answer, mail is "
  "refused for now (451) and nothing is let through." },

{ PER, "address", KIND_ADDRESS, PERMIT(address), 0, 0, NULL, 0, 0, "", SOCKET,
  "NC-2.1.1", "The address to listen on: 0.0.0.0 or :: for every one." },
{ PER, "port", KIND_NUMBER, PERMIT(port), 0, 0, NULL, 1, 65535, "", SOCKET,
  "NC-2.1.1", "The TCP port." },
{ PER, "reason", KIND_TEXT, PERMIT(reason), 0, 0, NULL, 3, 127, "", LIVE,
  "NC-2.1.1", "Why the service is open, for the auditor." },
{ PER, "owner", KIND_TEXT, PERMIT(owner), 0, 0, NULL, 2, 63, "", LIVE,
  "NC-2.1.1", "Who answers for it." },
{ PER, "approved-by", KIND_TEXT, PERMIT(approved_by), 0, 0, "", 2, 63, "",
  LIVE, "NC-2.1.1", "Who approved it." },
{ PER, "expires", KIND_DATE, PERMIT(expires_us), 0, 0, NULL, 0, 0, "", SOCKET,
  "NC-2.1.1",
  "The first day on which the service is closed, from 00:00 UTC; at most 366 "
  "days away, so that each permit is looked at once a year." },

{ REL, "smarthost", KIND_SMARTHOST, EACH(smarthosts), ALSO(smarthosts_count),
  SITE_SMARTHOSTS, "", 0, 0, "", LIVE, "NC-2.1.9, RFC 7671 section 5.1",
  "name:port or address:port ([address]:port for IPv6) that takes all outgoing "
  "mail.  With sha256=... behind it the server is whoever has that public key, "
  "as a TLSA record 3 1 1 names it.  May be repeated: the next one is tried "
  "when one does not take the mail.  Without any, mail is delivered to the MX "
  "of each domain." },
{ REL, "route", KIND_ROUTE, EACH(routes), ALSO(routes_count), SITE_ROUTES, "", 0,
  0, "", LIVE, "NC-2.1.4, RFC 5321 section 5.1",
  "Sends some mail another way: \"from agency.example to example.org attempt 3 "
  "via relay.example:25 tls required\".  All that is said must hold, and the "
  "first route that fits counts; only via must be said.  from names a sender or "
  "a domain, to a recipient's domain (.example.org: the domains below it), "
  "attempt the first one that goes this way.  via mx is the servers of the "
  "domain, another host is dialled wherever it is.  May be repeated." },
{ REL, "tls", KIND_CHOICE, OF(relay_tls), 0, 0, "opportunistic", 0, 0,
  "opportunistic|required", LIVE, "NC-2.1.4, RFC 7435",
  "opportunistic encrypts when the peer offers it; required delivers only to a "
  "peer whose certificate proves its name." },
{ REL, "ca-file", KIND_PATH, OF(ca_file), 0, 0,
  "/etc/ssl/certs/ca-certificates.crt", 0, 0, "", LIVE,
  "NC-2.1.4, RFC 7817", "PEM file with the authorities that relay trusts." },
{ REL, "login", KIND_TEXT, OF(relay_login), 0, 0, "", 1, 127, "", LIVE,
  "NC-2.1.4, NC-2.1.5, RFC 4954",
  "Our login at the smarthosts, said under TLS only.  Without it they take what "
  "they take from anybody, or list this host." },
{ REL, "password-file", KIND_PATH, OF(password_file), 0, 0, "", 0, 0, "", LIVE,
  "NC-2.1.4",
  "File whose first line is the password of `login`; mode 0600, only `relay` "
  "is given it." },
{ REL, "schedule", KIND_SCHEDULE, OF(schedule_us), ALSO(schedule_count), 0,
  "5m 10m 20m 30m 1h 2h 4h", 1, 86400, "", LIVE,
  "RFC 5321 section 4.5.4.1",
  "Waits between attempts; the last one repeats." },
{ REL, "expire", KIND_TIME, OF(expire_us), 0, 0, "5d", 60, 30 * 86400, "", LIVE,
  "RFC 5321 section 4.5.4.1",
  "After this time without success the sender gets a report." },
{ REL, "delay-notice", KIND_TIME, OF(delay_notice_us), 0, 0, "4h", 60,
  30 * 86400, "", LIVE, "RFC 3461 section 4.1",
  "After this time the sender is told once that the mail still waits." },
{ REL, "connections", KIND_NUMBER, OF(relay_connections), 0, 0, "100", 1, 2000,
  "", LIVE, "NC-2.1.8", "Outgoing connections at one moment." },
{ REL, "per-host", KIND_NUMBER, OF(relay_per_host), 0, 0, "10", 1, 100, "",
  LIVE, "NC-2.1.8", "Outgoing connections to one host: the most.  It begins with "
  "2; one that does not answer gets fewer, then one attempt now and then." },

{ SND, "sender", KIND_MAILBOX, OF(sender), 0, 0, "", 0, 0, "", LIVE,
  "NC-2.1.9.d",
  "The address that all mail of this host is sent from, and that reports come "
  "back to.  It must exist at the smarthost." },
{ SND, "operator", KIND_MAILBOX, OF(operator), 0, 0, "", 0, 0, "", LIVE,
  "NC-2.1.9.a",
  "Who gets what is addressed to users of this host: there are no mailboxes "
  "here.  Without it, the sender's address." },
{ SND, "from", KIND_CHOICE, OF(from), 0, 0, "rewrite", 0, 0,
  "rewrite|refuse|sender", LIVE,
  "NC-2.1.9.e",
  "What happens to a message whose From is not in a represented domain: it "
  "gets the sender's address and keeps the other as X-Original-From, or it is "
  "refused (550).  With sender every From but the sender's address is rewritten, "
  "as a smarthost wants it that knows this host by a login." },

{ LIM, "message", KIND_SIZE, OF(max_message), 0, 0, "25M", KiB(64), MiB(512),
  "", LIVE, "RFC 1870, RFC 5321 section 4.5.3.1.7", "Octets of one message." },
{ LIM, "recipients", KIND_NUMBER, OF(max_recipients), 0, 0, "100", 100, 1000,
  "", LIVE, "RFC 5321 section 4.5.3.1.8", "Recipients of one message." },
{ LIM, "sessions", KIND_NUMBER, OF(max_sessions), 0, 0, "1000", 1, 16000, "",
  START, "NC-2.1.8", "Sessions of one service at one moment." },
{ LIM, "sessions-per-source", KIND_NUMBER, OF(max_per_source), 0, 0, "20", 1,
  16000, "", LIVE, "NC-2.1.8",
  "Sessions of one address (IPv6: of one /64) at one moment." },
{ LIM, "sessions-per-net", KIND_NUMBER, OF(max_per_net), 0, 0, "100", 1, 16000,
  "", LIVE, "NC-2.1.8",
  "Sessions of one IPv4 /24 (IPv6: of one /48) at one moment." },
{ LIM, "sessions-few", KIND_NUMBER, OF(few_sessions), 0, 0, "5", 1, 1000, "",
  LIVE, "NC-2.1.8",
  "When half of the sessions are taken, only an address that holds fewer than so "
  "many (and a network that holds fewer than four times as many) gets one." },
{ LIM, "messages", KIND_NUMBER, OF(max_messages), 0, 0, "100", 1, 100000, "",
  LIVE, "NC-2.1.8", "Messages in one SMTP session." },
{ LIM, "imap-sessions", KIND_NUMBER, OF(max_imap), 0, 0, "500", 1, 10000, "",
  LIVE, "NC-2.1.8", "IMAP sessions at one moment; each is a process." },
{ LIM, "imap-per-account", KIND_NUMBER, OF(max_imap_account), 0, 0, "16", 1,
  100, "", LIVE, "NC-2.1.8", "IMAP sessions of one account; "
  "one that ends sooner counts for five seconds." },
{ LIM, "queue", KIND_NUMBER, OF(max_queue), 0, 0, "100000", 1, 1000000, "",
  LIVE, "NC-2.1.8", "Messages that wait; more are refused for now (452)." },
{ LIM, "mailbox", KIND_SIZE, OF(max_mailbox), 0, 0, "2G", MiB(1), GiB(1024),
  "", LIVE, "NC-2.2.b", "Octets of one account's mail, and a message for each 2 KiB "
  "of them at most." },
{ LIM, "free", KIND_SIZE, OF(min_free), 0, 0, "64M", MiB(1), GiB(1024), "",
  LIVE, "NC-2.2.b", "What stays free on each volume, and 5 % of it (at most 4G) "
  "whatever is set; below, mail is refused for now (452)." },
{ LIM, "idle", KIND_TIME, OF(idle_us), 0, 0, "5m", 5, 3600, "", LIVE,
  "RFC 5321 section 4.5.3.2.7",
  "Wait for a whole command; octets of it do not prolong the wait." },
{ LIM, "data-idle", KIND_TIME, OF(data_us), 0, 0, "3m", 5, 3600, "", LIVE,
  "RFC 5321 section 4.5.3.2.5", "Wait between two blocks of a message." },
{ LIM, "data-rate", KIND_NUMBER, OF(data_rate), 0, 0, "500", 1, 1000000, "",
  LIVE, "NC-2.1.8",
  "Octets a second that a message brings on average, once `data-idle` is "
  "over." },
{ LIM, "data", KIND_TIME, OF(message_us), 0, 0, "1h", 60, 86400, "", LIVE,
  "NC-2.1.8", "From the go-ahead to the end of one message." },
{ LIM, "session", KIND_TIME, OF(session_us), 0, 0, "2h", 60, 86400, "", LIVE,
  "NC-2.1.8", "One SMTP session, whatever happens in it." },
{ LIM, "login", KIND_TIME, OF(login_us), 0, 0, "1m", 5, 600, "", LIVE,
  "NC-2.1.8", "From connection to proven credential." },
{ LIM, "imap-idle", KIND_TIME, OF(imap_idle_us), 0, 0, "30m", 1800, 86400, "",
  LIVE, "RFC 3501 section 5.4", "Wait for a command of a reader." },
{ LIM, "slow", KIND_TIME, OF(slow_us), 0, 0, "5s", 1, 300, "", LIVE, "NC-2.1.8",
  "When every message of a service waits longer than this for its 250, a rising "
  "share of new connections is refused (421) until it is better." },
#define LIMIT(dim, unit, kind, name, initial, least, most, window, help)      \
	{ LIM, name, KIND_##kind, OF(rates[LIMIT_##dim##_##unit]), 0, 0,       \
	initial, least, most, "", LIVE, "NC-2.1.8", help },
#include "lib/policy/limits.def"
#undef LIMIT

{ SECTION_DNS, "trust-anchor", KIND_PATH, OF(trust_anchor), 0, 0,
  "/usr/share/dns/root.key", 0, 0, "", START, "RFC 4035 section 4.4",
  "File with the root key that DNSSEC answers are checked against." },
{ SECTION_DNS, "stub", KIND_STUB, EACH(stubs), ALSO(stubs_count), SITE_STUBS,
  "", 0, 0, "", START, "RFC 1034 section 4.3.1",
  "\"zone address\" or \"zone address port\": a server that answers for the "
  "zone; \".\" is every zone.  May be repeated." },
{ SECTION_DNS, "local-data", KIND_TEXT, EACH(records), ALSO(records_count),
  SITE_RECORDS, "", 3, 255, "", START, "RFC 1035 section 5.1",
  "A record in presentation form that is answered without a look-up, for "
  "tests.  May be repeated." },
};
/* clang-format on */

size_t
settings_count(void)
{
	return COUNT_OF(settings);
}

const struct setting *
setting_row(size_t i)
{
	MUST(i < COUNT_OF(settings));
	return &settings[i];
}

const struct setting *
setting_find(enum section section, struct span name)
{
	for (size_t i = 0; i < COUNT_OF(settings); i++)
		if (settings[i].section == section &&
			span_equals(span_of(settings[i].name), name))
			return &settings[i];
	return NULL;
}

const struct section_row *
section_row(enum section section)
{
	MUST(section < SECTIONS);
	return &sections[section];
}

enum section
section_find(struct span name)
{
	for (enum section s = SECTION_TOP + 1; s < SECTIONS; s++)
		if (span_equals(span_of(sections[s].name), name))
			return s;
	return SECTIONS;
}

enum section
setting_elsewhere(enum section section, struct span name)
{
	for (enum section s = 0; s < SECTIONS; s++)
		if (s != section && setting_find(s, name))
			return s;
	return SECTIONS;
}
