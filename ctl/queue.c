/* posthold queue: ask and order the process `queue`. */
#include <stdio.h>
#include <string.h>

#include "ctl/command.h"
#include "ctl/control.h"
#include "ctl/queue_row.h"
#include "lib/base/number.h"
#include "lib/base/time.h"
#include "lib/conf/units.h"
#include "lib/mail/address.h"
#include "sys/fd.h"

static struct site site;

bool
queue_id_parse(const char *text, uint64_t *out)
{
	static const char digits[] = "0123456789abcdef";
	size_t len = strlen(text);

	*out = 0;
	for (size_t i = 0; i < len; i++) {
		const char *d = strchr(digits, octet_lower((uint8_t)text[i]));

		if (!d || len > 16)
			return false;
		*out = *out << 4 | (uint64_t)(d - digits);
	}
	return len > 0 && *out > 0;
}

FALLIBLE
queue_ask(const struct site *s, const struct queue_order *o, on_row *row,
	void *owner, uint64_t *count)
{
	OWNED(fd_close) int fd = -1;
	static union control_answer a;

	TRY(control_open(s, QUEUE, &fd));
	TRY(control_send(fd, o, -1));
	do {
		TRY(control_receive(fd, QUEUE, &a));
		if (a.head.type == QUEUE_ROW && row)
			row(owner, &a.row);
	} while (a.head.type != CTL_DONE);
	*count = a.done.count;
	return a.done.fault ? fault_row(a.done.fault) : OK;
}

static int
explain(const struct fault *f)
{
	if (f == &fault_ipc_closed)
		return complain(EX_UNAVAILABLE, "the site does not run",
			"start it with `posthold run`");
	if (f == &fault_ipc_busy)
		return complain(EX_TEMPFAIL, "it is at work",
			"try again in a moment");
	return complain_fault(f, "queue", "are you root?");
}

/* --- whom it is about ------------------------------------------------------ */

struct filter {
	const char *sender, *rcpt, *domain, *age, *reason;
};

#define FILTER_OPTIONS(f)                                                  \
	{ "--sender", "ADDRESS", &(f)->sender, NULL,                       \
		"only from it; @DOMAIN, or <> for reports" },              \
	{ "--rcpt", "ADDRESS", &(f)->rcpt, NULL, "only to it" },           \
	{ "--domain", "DOMAIN", &(f)->domain, NULL, "only to it" },        \
	{ "--older", "TIME", &(f)->age, NULL, "only as old: 90s 2h 3d" },  \
	{ "--reason", "TEXT", &(f)->reason, NULL,                          \
		"only for this: greylisted, busy, unreached, name, loop,\n" \
		"                       tls, full, unknown, refused, or a "      \
		"part of the reply" }

static bool
copy(const char *text, uint8_t *at, size_t cap, uint16_t *len)
{
	size_t n = text ? strlen(text) : 0;

	if (n > cap)
		return false;
	*len = (uint16_t)n;
	if (n > 0)
		memcpy(at, text, n);
	return true;
}

static int
read_filter(const struct filter *f, struct queue_order *o)
{
	char domain[ADDRESS_MAX];
	uint64_t seconds = 0;

	if (f->rcpt && f->domain)
		return complain(EX_USAGE, "--rcpt and --domain",
			"name the one or the other");
	if (f->age && !units_parse(UNITS_TIME, span_of(f->age), &seconds))
		return complain(EX_USAGE, f->age,
			"a time is a number and one of s, m, h, d");
	if (f->domain && !domain_is_valid(span_of(f->domain)))
		return complain(EX_USAGE, f->domain, "it is no domain");
	snprintf(domain, sizeof domain, "@%.300s", f->domain ? f->domain : "");
	o->age_us = SECONDS((int64_t)seconds);
	if (!copy(f->sender, o->sender, sizeof o->sender, &o->sender_len) ||
		!copy(f->domain ? domain : f->rcpt, o->rcpt, sizeof o->rcpt,
			&o->rcpt_len) ||
		!copy(f->reason, o->reason, sizeof o->reason, &o->reason_len))
		return complain(EX_USAGE, "too long",
			"no address or reason is");
	return -1;
}

static int
read_operand(const struct call *c, struct queue_order *o)
{
	if (c->count > 0 && strcmp(c->words[0], "all") != 0 &&
		!queue_id_parse(c->words[0], &o->id))
		return complain(EX_USAGE, c->words[0],
			"an id is hexadecimal, as `posthold queue list` "
			"prints it");
	return -1;
}

/* Take the options; `format` NULL: the verb prints no rows. */
static int
start(struct call *c, const char **format, struct queue_order *o)
{
	struct where where = { 0 };
	struct filter filter = { 0 };
	const struct option options[] = { WHERE_OPTIONS(&where),
		FILTER_OPTIONS(&filter),
		{ "--format", "FORMAT", format, NULL, "text or json" } };
	int code = options_take(c, options, COUNT_OF(options) - !format);

	if (code < 0)
		code = where_load(&where, false, &site);
	if (code < 0)
		code = read_filter(&filter, o);
	return code < 0 ? read_operand(c, o) : code;
}

/* --- verbs ----------------------------------------------------------------- */

static void
print_row(void *owner, const struct queue_row *r)
{
	queue_row_print(owner, r);
}

static void
add_row(void *owner, const struct queue_row *r)
{
	queue_row_json(owner, r);
}

static int
show(struct call *c, enum queue_verb what)
{
	OWNED(json_drop) struct json j = { 0 };
	struct queue_order o = { .head = { .type = QUEUE_ORDER },
		.verb = what };
	struct queue_printer printer = { 0 };
	const char *format = "text";
	int code = start(c, &format, &o);
	bool json = strcmp(format, "json") == 0;
	uint64_t count = 0;
	const struct fault *f;

	if (code >= 0)
		return code;
	if (!json && strcmp(format, "text") != 0)
		return complain(EX_USAGE, format, "a format is text or json");
	json_start(&j);
	json_open_array(&j, "queue");
	f = json ? queue_ask(&site, &o, add_row, &j, &count)
		 : queue_ask(&site, &o, print_row, &printer, &count);
	json_close(&j);
	if (f && f != &fault_record_unknown)
		return explain(f);
	if (json)
		return json_print(&j) ? EX_OK : EX_IOERR;
	if (count == 0 && o.id > 0)
		return complain(EX_DATAERR, c->words[0], "no such message");
	if (count == 0)
		puts("the queue is empty");
	return EX_OK;
}

static int
act(struct call *c, const struct queue_order *o, const char *done)
{
	uint64_t count = 0;
	const struct fault *f = queue_ask(&site, o, NULL, NULL, &count);

	if (f == &fault_record_unknown)
		return complain(EX_DATAERR, c->words[0], "no such message");
	if (f)
		return explain(f);
	printf("%llu %s\n", (unsigned long long)count, done);
	return EX_OK;
}

static int
command(struct call *c, enum queue_verb what, const char *done)
{
	struct queue_order o = { .head = { .type = QUEUE_ORDER },
		.verb = what };
	int code = start(c, NULL, &o);

	return code < 0 ? act(c, &o, done) : code;
}

int
queue_list(struct call *c)
{
	return show(c, QUEUE_LIST);
}

int
queue_show(struct call *c)
{
	return show(c, QUEUE_SHOW);
}

int
queue_retry(struct call *c)
{
	return command(c, QUEUE_RETRY, "will be tried now");
}

int
queue_drop(struct call *c)
{
	return command(c, QUEUE_DROP, "dropped");
}

int
queue_hold(struct call *c)
{
	return command(c, QUEUE_HOLD, "held");
}

int
queue_release(struct call *c)
{
	return command(c, QUEUE_RELEASE, "released");
}

/* HOST, HOST:PORT, [ADDRESS]:PORT, or `default`. */
static int
read_host(const char *text, struct queue_order *o)
{
	struct span host = span_of(text), port;
	size_t colon = host.len;
	uint64_t n = 25;

	if (strcmp(text, "default") == 0)
		return -1;
	while (colon > 0 && host.at[colon - 1] != ':' &&
		host.at[colon - 1] != ']')
		colon--;
	if (colon > 0 && host.at[colon - 1] == ':') {
		port = span_at(host.at + colon, host.len - colon);
		host.len = colon - 1;
		if (number_parse(port, 1, 65535, &n))
			return complain(EX_USAGE, text, "not name:port");
	}
	if (host.len > 2 && host.at[0] == '[')
		host = span_at(host.at + 1, host.len - 2);
	else if (!domain_is_valid(host))
		return complain(EX_USAGE, text, "not a host");
	o->port = (uint16_t)n;
	o->host_len = (uint16_t)host.len;
	memcpy(o->host, host.at, host.len < sizeof o->host ? host.len : 0);
	return -1;
}

int
queue_route(struct call *c)
{
	struct queue_order o = { .head = { .type = QUEUE_ORDER },
		.verb = QUEUE_ROUTE };
	int code = start(c, NULL, &o);

	if (code < 0)
		code = read_host(c->words[1], &o);
	return code < 0 ? act(c, &o, "go there from now on") : code;
}
