#include "sys/dns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/nameser.h>
#include <resolv.h>
#include <unbound.h>
#include <unbound-event.h>

#include "lib/base/codec.h"
#include "lib/base/must.h"
#include "lib/base/number.h"
#include "lib/conf/ip.h"

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
	{ "cache-max-ttl:", "86400" },
	{ "msg-cache-size:", "8m" },
	{ "rrset-cache-size:", "16m" },
	{ "harden-below-nxdomain:", "yes" },
	{ "harden-referral-path:", "no" },
	{ "aggressive-nsec:", "yes" },
	{ "outgoing-range:", "256" },
	{ "num-queries-per-thread:", "512" },
};

static FALLIBLE
set_options(struct dns *d, const char **why)
{
	for (size_t i = 0; i < COUNT_OF(options); i++)
		if (ub_ctx_set_option(d->context, options[i].name,
			    options[i].value) != 0) {
			*why = options[i].name;
			return &fault_sys_failed;
		}
	return OK;
}

static FALLIBLE
add_anchors(struct dns *d, struct span anchors, const char **why)
{
	while (anchors.len > 0) {
		char line[2048];
		struct span text = span_shift_upto(&anchors,
			span_find_octet(anchors, '\n'));

		span_take(&anchors, '\n');
		if (text.len == 0 || *text.at == ';')
			continue;
		if (text.len >= sizeof line) {
			*why = "trust anchor is too long";
			return &fault_sys_failed;
		}
		memcpy(line, text.at, text.len);
		line[text.len] = 0;
		if (ub_ctx_add_ta(d->context, line) != 0) {
			*why = "trust anchor";
			return &fault_sys_failed;
		}
	}
	return OK;
}

/* A stub zone is private: its answers are not signed by the root's chain. */
static FALLIBLE
add_stubs(struct dns *d, const struct site *s, const char **why)
{
	for (uint32_t i = 0; i < s->stubs_count; i++) {
		const struct site_stub *stub = &s->stubs[i];
		char at[64];
		uint8_t text[48];
		struct buf b = BUF(text);

		MUST(put_ip(&b, stub->address) && buf_push(&b, 0));
		snprintf(at, sizeof at, "%s@%u", (const char *)text, stub->port);
		if (ub_ctx_set_option(d->context, "domain-insecure:",
			    stub->zone) != 0 ||
			ub_ctx_set_option(d->context, "do-not-query-localhost:",
				"no") != 0 ||
			ub_ctx_set_stub(d->context, stub->zone, at, 0) != 0) {
			*why = stub->zone;
			return &fault_sys_failed;
		}
	}
	return OK;
}

static FALLIBLE
add_records(struct dns *d, const struct site *s, const char **why)
{
	for (uint32_t i = 0; i < s->records_count; i++)
		if (ub_ctx_data_add(d->context, s->records[i].text) != 0) {
			*why = s->records[i].text;
			return &fault_sys_failed;
		}
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
	TRY(set_options(d, why));
	TRY(add_anchors(d, anchors, why));
	TRY(add_stubs(d, site, why));
	TRY(add_records(d, site, why));
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
 * resolver.  What does not fit or is broken is left out. */
static void
read_packet(struct dns_answer *a, uint16_t kind, const uint8_t *packet, int len)
{
	ns_msg message;

	a->ttl = TTL_MAX;
	if (ns_initparse(packet, len, &message) != 0) {
		a->fault = fault_number(&fault_sys_failed);
		return;
	}
	for (int i = 0; i < ns_msg_count(message, ns_s_an); i++) {
		ns_rr rr;

		if (ns_parserr(&message, ns_s_an, i, &rr) != 0)
			return;
		if (ns_rr_type(rr) == kind && ns_rr_class(rr) == ns_c_in)
			add_record(a, &message, &rr);
	}
}

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
	if (limited || (rcode != ns_r_noerror && rcode != ns_r_nxdomain))
		a.fault = fault_number(&fault_sys_failed);
	else if (!a.bogus)
		read_packet(&a, q->kind, packet, len);
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
