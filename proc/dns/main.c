/* dns -- a validating resolver for the roles that need names. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/number.h"
#include "sys/dns.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/pool.h"
#include "sys/role.h"

#define QUESTIONS_MAX 4096 /* dial gives up after PATIENCE_US, the look-up minutes
			    * later: domains that never answer take no place
			    * of others */
#define ANCHORS_MAX   KiB(64)
#define PATIENCE_US   SECONDS(20)

struct dns_process {
	struct role_process *role;
	struct dns *resolver;
	struct pool *questions;
	struct buf anchors;
	uint8_t anchors_room[ANCHORS_MAX];
};

struct question {
	struct dns_process *process;
	struct channel *asker; /* NULL: gone, or was told that it failed */
	struct timer *patience;
	struct dns_query query;
	uint32_t slot;
};

/* --- answering ----------------------------------------------------------- */

static void
tell(struct channel *asker, const struct dns_query *q,
	const struct dns_answer *a)
{
	static struct dns_answer m;

	m = *a;
	m.head = (struct head){ .type = DNS_ANSWER,
		.serial = q->head.serial,
		.session = q->head.session };
	if (m.bogus)
		LOG(EV_DNS_BOGUS, m.head.session,
			log_text(span_at(q->name, q->name_len)),
			log_number(q->kind));
	else if (m.fault)
		LOG(EV_DNS_FAILED, m.head.session,
			log_text(span_at(q->name, q->name_len)),
			log_number(q->kind), log_text(SPAN("no answer")));
	/* whoever is gone does not need it, and whoever is busy has patience
	 * of its own */
	if (channel_send(asker, &m, -1))
		return;
}

static void
tell_failed(struct channel *asker, const struct dns_query *q)
{
	static struct dns_answer failed;

	failed.fault = fault_number(&fault_sys_failed);
	tell(asker, q, &failed);
}

static void
forget(struct question *q)
{
	timer_close(&q->patience);
	pool_give(q->process->questions, q->slot);
}

static void
answered(void *arg, const struct dns_answer *a)
{
	struct question *q = arg;

	if (q->asker)
		tell(q->asker, &q->query, a);
	forget(q);
}

/* The look-up goes on: its result is in the cache when they ask again. */
static void
patience_over(void *arg)
{
	struct question *q = arg;

	if (q->asker)
		tell_failed(q->asker, &q->query);
	q->asker = NULL;
}

/* --- asking -------------------------------------------------------------- */

static const bool name_octets[256] = {
	['a' ... 'z'] = true,
	['A' ... 'Z'] = true,
	['0' ... '9'] = true,
	['-'] = true,
	['_'] = true,
	['.'] = true,
};

/* Names of hosts and of services (RFC 8552): no octet that the library or a log
 * could read as something else.  Labels are its business. */
static bool
is_name(struct span s)
{
	return span_skip(&s, name_octets) > 0 && s.len == 0;
}

static FALLIBLE
ask(struct question *q)
{
	if (!is_name(span_at(q->query.name, q->query.name_len)))
		return &fault_sys_failed;
	TRY(timer_open(role_loop(q->process->role), patience_over, q,
		&q->patience));
	timer_set(q->patience, PATIENCE_US);
	return dns_ask(q->process->resolver, &q->query, answered, q);
}

/* A length that cannot be becomes the empty name, which has no answer. */
static void
copy(struct dns_query *to, const struct dns_query *from)
{
	*to = *from;
	if (to->name_len > sizeof to->name)
		to->name_len = 0;
}

static void
take_query(void *owner, struct channel *c, const void *message, int fd)
{
	struct dns_process *p = owner;
	struct dns_query query;
	struct question *q;
	uint32_t slot;

	(void)fd;
	copy(&query, message);
	q = pool_take(p->questions, &slot);
	if (!q) {
		tell_failed(c, &query);
		return;
	}
	q->process = p;
	q->asker = c;
	q->slot = slot;
	q->query = query;
	if (ask(q)) {
		tell_failed(c, &q->query);
		forget(q);
	}
}

static const struct handlers handlers = { .on = { [DNS_QUERY] = take_query } };

/* --- life ---------------------------------------------------------------- */

static void
prepare(void *owner, struct role_process *r)
{
	struct dns_process *p = owner;

	p->role = r;
	p->anchors = BUF(p->anchors_room);
	if (pool_open(sizeof(struct question), QUESTIONS_MAX, &p->questions))
		exit(EXIT_FAULT);
}

static void
take_file(void *owner, enum file_purpose purpose, uint32_t number, int fd)
{
	OWNED(fd_close) int file = fd;
	struct dns_process *p = owner;

	(void)number;
	if (purpose == FILE_TRUST_ANCHOR && fd_read_whole(file, &p->anchors))
		LOG(EV_DNS_FAILED, 0, log_text(SPAN(".")), log_number(0),
			log_text(SPAN("trust anchor cannot be read")));
}

static void
unlinked(void *owner, struct channel *c)
{
	struct dns_process *p = owner;

	for (uint32_t i = 0; i < pool_size(p->questions); i++) {
		struct question *q = pool_at(p->questions, i);

		if (q && q->asker == c)
			q->asker = NULL;
	}
}

static const struct role_hooks hooks = {
	.prepare = prepare,
	.file = take_file,
	.unlinked = unlinked,
};

int
main(void)
{
	static struct dns_process process;
	struct dns_process *p = &process;
	struct role_process *r = role_start(DNS, &handlers, &hooks, p);
	const char *why;

	if (dns_open(role_loop(r), site_of(r), buf_view(&p->anchors),
		    &p->resolver, &why)) {
		LOG(EV_DNS_FAILED, 0, log_text(span_of(why)), log_number(0),
			log_text(SPAN("not usable")));
		return EXIT_SITE;
	}
	role_sandbox(r);
	return role_run(r);
}
