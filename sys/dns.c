#include "sys/dns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/nameser.h>
#include <resolv.h>
#include <unbound.h>
#include <unbound-event.h>

#include "lib/base/codec.h"
#include "lib/base/ip.h"
#include "lib/base/must.h"
#include "lib/base/number.h"

#define TTL_MAX 86400u

struct dns {
	struct ub_ctx *context;
};

struct question {
	on_dns_answer *f;
	void *arg;
	uint16_t kind;
};

/* --- settings ------------------------------------------------------------ */

static const struct {
	const char *name, *value;
} options[] = {
	{ "module-config:", "validator iterator" },
	{ "use-syslog:", "no" },
	{ "trust-anchor-signaling:", "no" },
	{ "msg-cache-size:", "8m" },
	{ "rrset-cache-size:", "16m" },
	{ "outgoing-range:", "256" },
	{ "num-queries-per-thread:", "512" },
	{ "unwanted-reply-threshold:", "10000000" },
	/* bounds, security case DN-D16 */
	{ "cache-max-ttl:", "86400" },
	{ "cache-max-negative-ttl:", "3600" },
	/* hardening, beyond what is on by itself */
	{ "harden-glue:", "yes" },
	{ "harden-dnssec-stripped:", "yes" },
	{ "harden-below-nxdomain:", "yes" },
	{ "harden-algo-downgrade:", "yes" },
	{ "qname-minimisation:", "yes" },
	{ "aggressive-nsec:", "yes" },
};

static FALLIBLE
set(struct dns *d, const char *name, const char *value)
{
	return ub_ctx_set_option(d->context, name, value) == 0
		? OK
		: &fault_sys_failed;
}

static FALLIBLE
set_options(struct dns *d, const char **why)
{
	for (size_t i = 0; i < COUNT_OF(options); i++) {
		*why = options[i].name;
		TRY(set(d, options[i].name, options[i].value));
	}
	return OK;
}

static FALLIBLE
add_anchor(struct dns *d, struct span text)
{
	char line[2048];

	if (text.len == 0 || *text.at == ';')
		return OK;
	if (text.len >= sizeof line)
		return &fault_sys_failed;
	memcpy(line, text.at, text.len);
	line[text.len] = 0;
	return ub_ctx_add_ta(d->context, line) == 0 ? OK : &fault_sys_failed;
}

static FALLIBLE
add_anchors(struct dns *d, struct span anchors, const char **why)
{
	*why = "trust anchor";
	while (anchors.len > 0) {
		TRY(add_anchor(d, span_shift_upto(&anchors,
				span_find_octet(anchors, '\n'))));
		span_take(&anchors, '\n');
	}
	return OK;
}

static bool
is_root(const struct site_stub *stub)
{
	return strcmp(stub->zone, ".") == 0;
}

/* The zone is looked up even if it is one for special use. */
static FALLIBLE
set_open(struct dns *d, const char *zone)
{
	uint8_t text[sizeof ((struct site_stub *)0)->zone + 16];
	struct buf b = BUF(text);

	MUST(buf_put_text(&b, zone) && buf_put_text(&b, " transparent") &&
		buf_push(&b, 0));
	return set(d, "local-zone:", (const char *)text);
}

/* Whoever answers for every zone is a resolver, and what it says is checked;
 * whoever answers for one is its name server, and the zone is private: no
 * signature leads to it. */
static FALLIBLE
add_stub(struct dns *d, const struct site_stub *stub)
{
	char at[64];
	uint8_t text[48];
	struct buf b = BUF(text);

	MUST(put_ip(&b, stub->address) && buf_push(&b, 0));
	snprintf(at, sizeof at, "%s@%u", (const char *)text, stub->port);
	TRY(set(d, "do-not-query-localhost:", "no"));
	if (is_root(stub))
		return ub_ctx_set_fwd(d->context, at) == 0 ? OK
							   : &fault_sys_failed;
	TRY(set(d, "domain-insecure:", stub->zone));
	TRY(set_open(d, stub->zone));
	return ub_ctx_set_stub(d->context, stub->zone, at, 0) == 0
		? OK
		: &fault_sys_failed;
}

static FALLIBLE
add_stubs(struct dns *d, const struct site *s, const char **why)
{
	for (uint32_t i = 0; i < s->stubs_count; i++) {
		*why = s->stubs[i].zone;
		TRY(add_stub(d, &s->stubs[i]));
	}
	return OK;
}

/* Answered without asking, like the names for special use (RFC 6761) that the
 * library has by itself.  Options, not ub_ctx_data_add: zones that are added
 * later hide the library's own. */
static FALLIBLE
add_records(struct dns *d, const struct site *s, const char **why)
{
	for (uint32_t i = 0; i < s->records_count; i++) {
		*why = s->records[i].text;
		TRY(set(d, "local-data:", s->records[i].text));
	}
	return OK;
}

static void
primed(void *arg, int rcode, void *packet, int len, int security,
	char *why_bogus, int limited)
{
	bool *done = arg;

	(void)len;
	(void)security;
	(void)why_bogus;
	(void)limited;
	*done = rcode == ns_r_noerror && packet;
}

/* A first question, which needs no network, has the library make and open all
 * that it will ever need: no file can be opened in the sandbox. */
static FALLIBLE
prime(struct dns *d, const char **why)
{
	bool done = false;

	*why = "trust anchor, stub or local data";
	if (ub_resolve_event(d->context, "localhost.", ns_t_a, ns_c_in, &done,
		    primed, NULL) != 0 ||
		!done)
		return &fault_sys_failed;
	return OK;
}

FALLIBLE
dns_open(struct loop *l, const struct site *site, struct span anchors,
	struct dns **out, const char **why)
{
	struct dns *d = calloc(1, sizeof *d);

	*why = "memory";
	if (!d)
		return &fault_sys_failed;
	d->context = ub_ctx_create_event(loop_base(l));
	if (!d->context)
		return &fault_sys_failed;
	ub_ctx_debugout(d->context, NULL);
	TRY(set_options(d, why));
	TRY(add_anchors(d, anchors, why));
	TRY(add_stubs(d, site, why));
	TRY(add_records(d, site, why));
	TRY(prime(d, why));
	*out = d;
	return OK;
}

/* --- answers ------------------------------------------------------------- */

/* The domain name inside an MX or the like, uncompressed. */
static bool
put_wire_name(struct buf *b, ns_msg *message, const uint8_t *at)
{
	uint8_t name[NS_MAXCDNAME];
	int n = ns_name_unpack(ns_msg_base(*message), ns_msg_end(*message), at,
		name, sizeof name);
	size_t len = 0;

	if (n < 0)
		return false;
	while (name[len] != 0)
		len += name[len] + 1u;
	return buf_put(b, span_at(name, len + 1));
}

static bool
put_rdata(struct buf *b, ns_msg *message, const ns_rr *rr)
{
	const uint8_t *at = ns_rr_rdata(*rr);
	size_t len = ns_rr_rdlen(*rr);

	if (ns_rr_type(*rr) != ns_t_mx)
		return buf_put(b, span_at(at, len));
	return len > 2 && buf_put(b, span_at(at, 2)) &&
		put_wire_name(b, message, at + 2);
}

static bool
add_record(struct dns_answer *a, ns_msg *message, const ns_rr *rr)
{
	uint8_t room[NS_MAXCDNAME + 512];
	struct buf rdata = BUF(room);
	struct buf data = { a->data, a->data_len, sizeof a->data };

	if (!put_rdata(&rdata, message, rr) ||
		!put_block(&data, buf_view(&rdata)))
		return false;
	a->data_len = (uint16_t)data.len;
	a->count++;
	if (ns_rr_ttl(*rr) < a->ttl)
		a->ttl = ns_rr_ttl(*rr);
	return true;
}

/* The records of the kind that was asked for; aliases were followed by the
 * resolver.  What does not fit is left out; false when nothing can be used, for
 * that is no proof that there is no record. */
static bool
take_records(struct dns_answer *a, uint16_t kind, ns_msg *message)
{
	bool seen = false;

	a->ttl = TTL_MAX;
	for (int i = 0; i < ns_msg_count(*message, ns_s_an); i++) {
		ns_rr rr;

		if (ns_parserr(message, ns_s_an, i, &rr) != 0)
			return false;
		if (ns_rr_type(rr) != kind || ns_rr_class(rr) != ns_c_in)
			continue;
		seen = true;
		if (!add_record(a, message, &rr))
			break;
	}
	if (a->count == 0)
		a->ttl = 0;
	return !seen || a->count > 0;
}

static bool
take_packet(struct dns_answer *a, uint16_t kind, const uint8_t *packet, int len)
{
	ns_msg message;

	if (ns_initparse(packet, len, &message) != 0)
		return false;
	a->rcode = (uint16_t)ns_msg_getflag(message, ns_f_rcode);
	if (a->rcode == ns_r_nxdomain)
		return true;
	return a->rcode == ns_r_noerror && take_records(a, kind, &message);
}

/* rcode is the library's own; that of the answer is in the packet, which is
 * there only when the first is no error. */
static void
answered(void *arg, int rcode, void *packet, int len, int security,
	char *why_bogus, int limited)
{
	static struct dns_answer a;
	struct question *q = arg;

	(void)why_bogus;
	a = (struct dns_answer){ .rcode = (uint16_t)rcode,
		.secure = security == 2,
		.bogus = security == 1 };
	if (limited || a.bogus || rcode != ns_r_noerror || !packet ||
		!take_packet(&a, q->kind, packet, len))
		a.fault = fault_number(&fault_sys_failed);
	q->f(q->arg, &a);
	free(q);
}

FALLIBLE
dns_ask(struct dns *d, const struct dns_query *m, on_dns_answer *f, void *arg)
{
	struct question *q;
	char name[NAME_MAX_ + 1];

	if (m->name_len > NAME_MAX_ ||
		memchr(m->name, 0, m->name_len) != NULL)
		return &fault_sys_failed;
	memcpy(name, m->name, m->name_len);
	name[m->name_len] = 0;
	q = malloc(sizeof *q);
	if (!q)
		return &fault_sys_failed;
	*q = (struct question){ f, arg, m->kind };
	if (ub_resolve_event(d->context, name, m->kind, ns_c_in, q, answered,
		    NULL) != 0) {
		free(q);
		return &fault_sys_failed;
	}
	return OK;
}
