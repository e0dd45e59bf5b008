/* dns -- a validating resolver for the roles that need names. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/number.h"
#include "sys/dns.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/pool.h"
#include "sys/role.h"

#define QUESTIONS_MAX 1024
#define ANCHORS_MAX   KiB(64)

struct dns_process {
	struct role_process *role;
	struct dns *resolver;
	struct pool *questions;
	struct buf anchors;
	uint8_t anchors_room[ANCHORS_MAX];
};

struct question {
	struct dns_process *process;
	struct channel *asker; /* NULL: gone */
	struct dns_query query;
	uint32_t slot;
};

static void
answer(struct question *q, const struct dns_answer *a)
{
	static struct dns_answer m;

	m = *a;
	m.head = (struct head){ .type = DNS_ANSWER,
		.serial = q->query.head.serial,
		.session = q->query.head.session };
	if (m.bogus)
		LOG(EV_DNS_BOGUS, m.head.session,
			log_text(span_at(q->query.name, q->query.name_len)),
			log_number(q->query.kind));
	else if (m.fault)
		LOG(EV_DNS_FAILED, m.head.session,
			log_text(span_at(q->query.name, q->query.name_len)),
			log_number(q->query.kind), log_text(SPAN("no answer")));
	/* whoever is gone does not need it */
	if (channel_send(q->asker, &m, -1))
		q->asker = NULL;
	pool_give(q->process->questions, q->slot);
}

static void
answered(void *arg, const struct dns_answer *a)
{
	answer(arg, a);
}

static void
take_query(void *owner, struct channel *c, const void *message, int fd)
{
	static const struct dns_answer failed = { .fault = 1 };
	struct dns_process *p = owner;
	struct question *q;
	uint32_t slot;

	(void)fd;
	q = pool_take(p->questions, &slot);
	if (!q)
		return; /* the asker's own patience ends it */
	*q = (struct question){ .process = p, .asker = c, .slot = slot };
	memcpy(&q->query, message, sizeof q->query);
	if (dns_ask(p->resolver, &q->query, answered, q))
		answer(q, &failed);
}

static const struct handlers handlers = { .on = { [DNS_QUERY] = take_query } };

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
