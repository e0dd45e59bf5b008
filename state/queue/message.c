#include <stdlib.h>
#include <string.h>

#include "state/queue/core.h"

/* A copy at *text, which moves behind it. */
static struct span
keep(uint8_t **text, struct span s)
{
	struct span copy = span_at(*text, s.len);

	if (s.len > 0)
		memcpy(*text, s.at, s.len);
	*text += s.len;
	return copy;
}

/* One allocation: the message, its recipients, and all their text. */
FALLIBLE
message_new(const struct message_record *r, uint64_t id, struct queued **out)
{
	size_t fixed = sizeof(struct queued) +
		r->count * sizeof(struct queue_rcpt);
	struct queued *m = malloc(
		fixed + r->sender.len + r->envid.len + r->rcpts.len);
	struct span rest;
	uint8_t *text;

	if (!m)
		return &fault_queue_full;
	*m = (struct queued){ .id = id,
		.session = r->session,
		.arrived_us = r->arrived_us,
		.account = r->account,
		.count = r->count,
		.open = r->count,
		.eight_bit = r->eight_bit,
		.utf8 = r->utf8,
		.ret = r->ret,
		.heap = NOT_PLANNED };
	text = (uint8_t *)m + fixed;
	m->sender = keep(&text, r->sender);
	m->envid = keep(&text, r->envid);
	rest = keep(&text, r->rcpts);
	for (uint32_t i = 0; i < m->count; i++) {
		struct rcpt_record rcpt;

		if (!take_rcpt_record(&rest, &rcpt)) {
			free(m);
			return &fault_record_damaged;
		}
		m->rcpts[i] = (struct queue_rcpt){ .address = rcpt.address,
			.orcpt = rcpt.orcpt,
			.notify = rcpt.notify,
			.state = RCPT_PENDING,
			.next_us = r->arrived_us };
	}
	*out = m;
	return OK;
}

void
message_free(struct queued *m)
{
	for (uint32_t i = 0; i < m->count; i++)
		free(m->rcpts[i].text);
	free(m->route);
	free(m);
}

FALLIBLE
message_set_route(struct queued *m, struct span host, uint16_t port)
{
	struct queue_route *route = NULL;

	if (host.len > 0) {
		route = malloc(sizeof *route + host.len);
		if (!route)
			return &fault_queue_full;
		route->port = port;
		route->len = (uint16_t)host.len;
		memcpy(route->host, host.at, host.len);
	}
	free(m->route);
	m->route = route;
	return OK;
}

static bool
is_open(uint32_t state)
{
	return state <= RCPT_DEFERRED;
}

FALLIBLE
message_set_state(struct queued *m, const struct state_record *s)
{
	struct queue_rcpt *r;

	if (s->rcpt >= m->count)
		return &fault_record_damaged;
	r = &m->rcpts[s->rcpt];
	m->open -= is_open(r->state);
	m->open += is_open(s->state);
	r->state = s->state;
	r->attempts = s->attempts;
	r->next_us = s->next_us;
	r->code = s->code;
	memset(r->enhanced, 0, sizeof r->enhanced);
	memcpy(r->enhanced, s->enhanced.at, s->enhanced.len);
	free(r->text);
	r->text_len = 0;
	r->text = s->text.len > 0 ? malloc(s->text.len) : NULL;
	if (r->text) { /* without memory the text is left out */
		memcpy(r->text, s->text.at, s->text.len);
		r->text_len = (uint16_t)s->text.len;
	}
	return OK;
}
