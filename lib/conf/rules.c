#include "lib/conf/rules.h"

#include "lib/base/ip.h"
#include "lib/base/number.h"
#include "lib/conf/telling.h"

#define PERMIT_LONGEST DAYS(366)
#define PERMIT_SOON    DAYS(30)

/* Is the rule broken, by permit or domain `i` where it is about one? */
typedef bool broken(const struct site *s, uint32_t i, struct instant now);

enum subject { THE_SITE, EACH_PERMIT, EACH_DOMAIN };

/* clang-format off */
static const bool letters[256] = {
	['a' ... 'z'] = true, ['A' ... 'Z'] = true,
};
/* clang-format on */

/* The part of the host's name before a represented domain: that one was not
 * chosen for this host. */
static struct span
own_labels(const struct site *s)
{
	struct span host = SITE_TEXT(s->host);

	for (uint32_t i = 0; i < s->domains_count; i++) {
		struct span domain = SITE_TEXT(s->domains[i].name);
		size_t rest = host.len - domain.len;

		if (domain.len < host.len && host.at[rest - 1] == '.' &&
			span_equals(span_at(host.at + rest, domain.len),
				domain))
			return span_at(host.at, rest);
	}
	return host;
}

static bool
host_tells_product(const struct site *s, uint32_t i, struct instant now)
{
	struct span name = own_labels(s);

	(void)i, (void)now;
	while (name.len > 0) {
		struct span start = name;

		if (span_skip(&name, letters) == 0)
			span_shift(&name);
		else if (telling_is_word(span_before(start, name)))
			return true;
	}
	return false;
}

static bool
permit_expired(const struct site *s, uint32_t i, struct instant now)
{
	return s->permits[i].expires_us > 0 &&
		s->permits[i].expires_us <= now.us;
}

static bool
permit_expires_soon(const struct site *s, uint32_t i, struct instant now)
{
	return s->permits[i].expires_us > now.us &&
		s->permits[i].expires_us - now.us <= PERMIT_SOON;
}

static bool
permit_too_long(const struct site *s, uint32_t i, struct instant now)
{
	return s->permits[i].expires_us > 0 &&
		s->permits[i].expires_us - now.us > PERMIT_LONGEST;
}

static bool
is_any(const struct site_permit *p)
{
	static const uint8_t none[4];
	static const uint8_t none6[16];

	return ip_is_v4(p->address)
		? memcmp(p->address + 12, none, sizeof none) == 0
		: memcmp(p->address, none6, sizeof none6) == 0;
}

/* Would the second bind fail?  Addresses of two families never clash: IPv6
 * sockets are bound with IPV6_V6ONLY. */
static bool
clash(const struct site_permit *a, const struct site_permit *b)
{
	if (a->port == 0 || a->port != b->port ||
		ip_is_v4(a->address) != ip_is_v4(b->address))
		return false;
	return is_any(a) || is_any(b) ||
		memcmp(a->address, b->address, sizeof a->address) == 0;
}

static bool
permit_port_taken(const struct site *s, uint32_t i, struct instant now)
{
	(void)now;
	for (uint32_t j = 0; j < i; j++)
		if (clash(&s->permits[i], &s->permits[j]))
			return true;
	return false;
}

static bool
permit_needs_tls(const struct site *s, uint32_t i, struct instant now)
{
	(void)now;
	return s->permits[i].service > SERVICE_MX &&
		s->permits[i].service < SERVICE_LOCAL &&
		(s->certificate[0] == 0 || s->key[0] == 0);
}

static bool
certificate_lonely(const struct site *s, uint32_t i, struct instant now)
{
	(void)i, (void)now;
	return (s->certificate[0] == 0) != (s->key[0] == 0);
}

static bool
mx_without_tls(const struct site *s, uint32_t i, struct instant now)
{
	(void)now;
	return s->permits[i].service == SERVICE_MX && s->certificate[0] == 0;
}

static bool
domain_twice(const struct site *s, uint32_t i, struct instant now)
{
	(void)now;
	for (uint32_t j = 0; j < i; j++)
		if (memcmp(s->domains[i].name, s->domains[j].name,
			    sizeof s->domains[i].name) == 0)
			return true;
	return false;
}

/* Is `inner` the directory `outer` or below it? */
static bool
is_within(struct span inner, struct span outer)
{
	return span_starts(inner, outer) &&
		(inner.len == outer.len || inner.at[outer.len] == '/');
}

/* The mailbox volume is for mailboxes, NC-2.2.b: whoever fills another
 * directory must not fill this one. */
static bool
mailbox_shared(const struct site *s, uint32_t i, struct instant now)
{
	struct span mail = SITE_TEXT(s->mailbox_directory);

	(void)i, (void)now;
	return is_within(SITE_TEXT(s->queue_directory), mail) ||
		is_within(SITE_TEXT(s->log_directory), mail) ||
		is_within(SITE_TEXT(s->run_directory), mail) ||
		is_within(SITE_TEXT(s->limits_directory), mail) ||
		is_within(SITE_TEXT(s->users), mail) ||
		is_within(SITE_TEXT(s->key), mail);
}

static bool
directories_equal(const struct site *s, uint32_t i, struct instant now)
{
	struct span queue = SITE_TEXT(s->queue_directory);
	struct span log = SITE_TEXT(s->log_directory);
	struct span run = SITE_TEXT(s->run_directory);
	struct span limits = SITE_TEXT(s->limits_directory);

	(void)i, (void)now;
	return span_equals(queue, log) || span_equals(queue, run) ||
		span_equals(log, run) || span_equals(limits, queue) ||
		span_equals(limits, log) || span_equals(limits, run);
}

static bool
notice_after_expiry(const struct site *s, uint32_t i, struct instant now)
{
	(void)i, (void)now;
	return s->delay_notice_us >= s->expire_us;
}

static bool
source_above_sessions(const struct site *s, uint32_t i, struct instant now)
{
	(void)i, (void)now;
	return s->max_per_source > s->max_sessions;
}

static bool
net_below_source(const struct site *s, uint32_t i, struct instant now)
{
	(void)i, (void)now;
	return s->max_per_net < s->max_per_source ||
		s->max_per_net > s->max_sessions;
}

static bool
few_above_source(const struct site *s, uint32_t i, struct instant now)
{
	(void)i, (void)now;
	return s->few_sessions > s->max_per_source;
}

/* What one message may be must fit into every limit, or it never gets in. */
static bool
message_above_rates(const struct site *s, uint32_t i, struct instant now)
{
	(void)i, (void)now;
	for (enum limit_number n = 0; n < LIMITS; n++)
		if (limit_row(n)->unit == UNIT_OCTETS &&
			s->rates[n] < s->max_message)
			return true;
	return false;
}

static bool
recipients_above_rates(const struct site *s, uint32_t i, struct instant now)
{
	(void)i, (void)now;
	for (enum limit_number n = 0; n < LIMITS; n++)
		if (limit_row(n)->unit == UNIT_RECIPIENTS &&
			s->rates[n] < s->max_recipients)
			return true;
	return false;
}

static bool
host_above_connections(const struct site *s, uint32_t i, struct instant now)
{
	(void)i, (void)now;
	return s->relay_per_host > s->relay_connections;
}

static bool
message_above_mailbox(const struct site *s, uint32_t i, struct instant now)
{
	(void)i, (void)now;
	return s->max_message > s->max_mailbox;
}

static bool
faked_names(const struct site *s, uint32_t i, struct instant now)
{
	(void)i, (void)now;
	return s->production && s->records_count > 0;
}

static bool
login_lonely(const struct site *s, uint32_t i, struct instant now)
{
	(void)i, (void)now;
	return (s->relay_login[0] == 0) != (s->password_file[0] == 0);
}

/* NC-2.1.4: a password goes to whom we know, under TLS. */
static bool
login_to_anybody(const struct site *s, uint32_t i, struct instant now)
{
	(void)i, (void)now;
	return s->relay_login[0] != 0 && (s->smarthosts_count == 0 ||
		s->relay_tls != SITE_TLS_REQUIRED);
}

/* --- one host is never both (NC-2.1.9) ------------------------------------- */

static bool
permit_of_other_role(const struct site *s, uint32_t i, struct instant now)
{
	bool local = s->permits[i].service == SERVICE_LOCAL ||
		s->permits[i].service == SERVICE_LMTP;

	(void)now;
	return local != (s->role == SITE_LOCAL);
}

static bool
permit_off_host(const struct site *s, uint32_t i, struct instant now)
{
	(void)now;
	return s->role == SITE_LOCAL &&
		!address_is_loopback(s->permits[i].address);
}

static bool
sender_for_nothing(const struct site *s, uint32_t i, struct instant now)
{
	(void)i, (void)now;
	return s->role == SITE_MAIL &&
		(s->sender[0] != 0 || s->operator[0] != 0);
}

static bool
serves_nobody(const struct site *s, uint32_t i, struct instant now)
{
	(void)i, (void)now;
	return s->role == SITE_LOCAL &&
		(s->certificate[0] != 0 || s->key[0] != 0);
}

static bool
nowhere_to_send(const struct site *s, uint32_t i, struct instant now)
{
	(void)i, (void)now;
	return s->role == SITE_LOCAL && s->smarthosts_count == 0;
}

static bool
sends_elsewhere(const struct site *s, uint32_t i, struct instant now)
{
	(void)i, (void)now;
	return s->role == SITE_LOCAL && s->routes_count > 0;
}

static bool
sends_in_clear(const struct site *s, uint32_t i, struct instant now)
{
	(void)i, (void)now;
	return s->role == SITE_LOCAL && s->relay_tls != SITE_TLS_REQUIRED;
}

/* The domain of a mailbox that take_mailbox took. */
static struct span
domain_of(struct span mailbox)
{
	while (span_find_octet(mailbox, '@') < mailbox.len)
		span_shift_upto(&mailbox, span_find_octet(mailbox, '@') + 1);
	return mailbox;
}

static bool
sender_not_represented(const struct site *s, uint32_t i, struct instant now)
{
	(void)i, (void)now;
	return s->role == SITE_LOCAL &&
		!site_represents(s, domain_of(SITE_TEXT(s->sender)));
}

static const struct rule {
	broken *broken;
	enum subject subject;
	enum weight weight;
	enum section section;
	const char *key;
	const char *sentence;
} rules[] = {
	{ host_tells_product, THE_SITE, WEIGHT_ERROR, SECTION_TOP, "host",
		"the name contains the word of a product or operating system; "
		"choose a neutral one such as mail (NC-2.1.3)" },
	{ permit_expired, EACH_PERMIT, WEIGHT_WARNING, SECTION_PERMIT,
		"expires",
		"the permit has expired, its socket stays closed; review the "
		"service and set a new date, or remove the permit "
		"(NC-2.1.1)" },
	{ permit_expires_soon, EACH_PERMIT, WEIGHT_WARNING, SECTION_PERMIT,
		"expires",
		"the permit expires within 30 days; review the service and "
		"set a new date (NC-2.1.1)" },
	{ permit_too_long, EACH_PERMIT, WEIGHT_ERROR, SECTION_PERMIT,
		"expires",
		"the permit is for more than 366 days; choose a nearer date "
		"(NC-2.1.1)" },
	{ permit_port_taken, EACH_PERMIT, WEIGHT_ERROR, SECTION_PERMIT, "port",
		"an earlier permit has this address and port; choose another "
		"port or remove one" },
	{ permit_needs_tls, EACH_PERMIT, WEIGHT_ERROR, SECTION_PERMIT,
		"permit",
		"the service needs TLS; set certificate and key (NC-2.1.4)" },
	{ mx_without_tls, EACH_PERMIT, WEIGHT_WARNING, SECTION_PERMIT,
		"permit",
		"mail will arrive unencrypted; set certificate and key" },
	{ certificate_lonely, THE_SITE, WEIGHT_ERROR, SECTION_TOP,
		"certificate",
		"certificate and key belong together; set both or none" },
	{ domain_twice, EACH_DOMAIN, WEIGHT_ERROR, SECTION_TOP, "domain",
		"the domain stands here a second time; remove the line" },
	{ mailbox_shared, THE_SITE, WEIGHT_ERROR, SECTION_TOP,
		"mailbox-directory",
		"another directory or file is inside it; mailboxes need a "
		"volume for themselves (NC-2.2.b)" },
	{ directories_equal, THE_SITE, WEIGHT_ERROR, SECTION_TOP,
		"queue-directory",
		"queue-directory, log-directory, limits-directory and "
		"run-directory must differ; change one" },
	{ notice_after_expiry, THE_SITE, WEIGHT_ERROR, SECTION_RELAY,
		"delay-notice",
		"it would come after `expire`; choose a shorter time" },
	{ source_above_sessions, THE_SITE, WEIGHT_ERROR, SECTION_LIMITS,
		"sessions-per-source",
		"more than `sessions`; one source could take them all, "
		"choose a smaller number (NC-2.1.8)" },
	{ net_below_source, THE_SITE, WEIGHT_ERROR, SECTION_LIMITS,
		"sessions-per-net",
		"must be at least `sessions-per-source` and at most `sessions` "
		"(NC-2.1.8)" },
	{ few_above_source, THE_SITE, WEIGHT_ERROR, SECTION_LIMITS,
		"sessions-few",
		"more than `sessions-per-source`; choose a smaller number "
		"(NC-2.1.8)" },
	{ message_above_rates, THE_SITE, WEIGHT_ERROR, SECTION_LIMITS,
		"message",
		"larger than a limit of octets in an hour: such a message "
		"could never come in; raise that or choose a smaller size "
		"(NC-2.1.8)" },
	{ recipients_above_rates, THE_SITE, WEIGHT_ERROR, SECTION_LIMITS,
		"recipients",
		"more than a limit of recipients in an hour: such a message "
		"could never come in; raise that or choose fewer (NC-2.1.8)" },
	{ host_above_connections, THE_SITE, WEIGHT_ERROR, SECTION_RELAY,
		"per-host", "more than `connections`; choose a smaller number" },
	{ message_above_mailbox, THE_SITE, WEIGHT_ERROR, SECTION_LIMITS,
		"message",
		"larger than `mailbox`; choose a smaller size or a larger "
		"mailbox" },
	{ permit_of_other_role, EACH_PERMIT, WEIGHT_ERROR, SECTION_PERMIT,
		"permit",
		"the service is not of this host's role; with `role local` "
		"there are only local and lmtp, and without it neither "
		"(NC-2.1.9)" },
	{ permit_off_host, EACH_PERMIT, WEIGHT_ERROR, SECTION_PERMIT,
		"address",
		"a host that only sends listens on 127.0.0.1 and ::1 and "
		"nowhere else (NC-2.1.9)" },
	{ sender_for_nothing, THE_SITE, WEIGHT_ERROR, SECTION_SEND, "sender",
		"the section is for hosts that only send; remove it, or set "
		"role local" },
	{ serves_nobody, THE_SITE, WEIGHT_ERROR, SECTION_TOP, "certificate",
		"a host that only sends serves nobody; remove certificate "
		"and key (NC-2.1.9)" },
	{ nowhere_to_send, THE_SITE, WEIGHT_ERROR, SECTION_RELAY, "smarthost",
		"a host that only sends needs the name and port of the "
		"primary mail server (NC-2.1.9)" },
	{ sends_elsewhere, THE_SITE, WEIGHT_ERROR, SECTION_RELAY, "route",
		"a host that only sends has smarthosts and no other way; "
		"remove the routes (NC-2.1.9)" },
	{ sends_in_clear, THE_SITE, WEIGHT_ERROR, SECTION_RELAY, "tls",
		"a host that only sends proves whom it sends to; set tls "
		"required (NC-2.1.9)" },
	{ login_lonely, THE_SITE, WEIGHT_ERROR, SECTION_RELAY, "login",
		"login and password-file belong together; set both or none" },
	{ login_to_anybody, THE_SITE, WEIGHT_ERROR, SECTION_RELAY, "login",
		"a password is said to a smarthost that proved its name and "
		"to nobody else; set smarthost and tls required (NC-2.1.4)" },
	{ sender_not_represented, THE_SITE, WEIGHT_ERROR, SECTION_SEND,
		"sender",
		"a host that only sends needs an address for reports, in a "
		"represented domain (NC-2.1.9)" },
	{ faked_names, THE_SITE, WEIGHT_ERROR, SECTION_DNS, "local-data",
		"made-up DNS answers are for tests; remove them or set "
		"production no" },
};

static uint32_t
line_of(const struct conf_lines *lines, const struct rule *r, uint32_t i)
{
	const struct setting *row;

	if (r->subject == EACH_PERMIT)
		return lines->permit[i];
	if (r->subject == EACH_DOMAIN)
		return lines->domain[i];
	row = setting_find(r->section, span_of(r->key));
	return row ? lines->setting[row - setting_row(0)] : 0;
}

static uint32_t
subjects(const struct site *s, enum subject subject)
{
	if (subject == EACH_PERMIT)
		return s->permits_count;
	return subject == EACH_DOMAIN ? s->domains_count : 1;
}

void
conf_judge(const struct site *s, const struct conf_lines *lines,
	struct instant now, struct conf_errors *errors)
{
	for (const struct rule *r = rules; r < rules + COUNT_OF(rules); r++)
		for (uint32_t i = 0; i < subjects(s, r->subject); i++)
			if (r->broken(s, i, now))
				conf_errors_add(errors, r->weight,
					line_of(lines, r, i), span_of(r->key),
					span_of(r->sentence));
}
