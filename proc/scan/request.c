#include "lib/base/escape.h"
#include "lib/base/must.h"
#include "lib/mail/trace.h"
#include "proc/scan/scan.h"
#include "sys/clock.h"
#include "sys/crypto.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/log.h"

#define PIECE 65536

/* --- askers -------------------------------------------------------------- */

static struct asker *
asker_of(struct channel *c)
{
	struct asker *a = channel_data(c);

	MUST(a);
	return a;
}

void
request_asker_begin(struct scan *s, struct channel *c)
{
	uint32_t slot;
	struct asker *a = pool_take(s->askers, &slot);

	if (!a) {
		channel_close(&c); /* there are fewer sessions */
		return;
	}
	a->slot = slot;
	channel_set_data(c, a);
}

static void
forget_in(struct list *l, const struct channel *c)
{
	EACH_LINK(at, l) {
		struct request *r = HOLDER(at, struct request, link);

		if (r->asker == c)
			r->asker = NULL;
	}
}

void
request_asker_end(struct scan *s, struct channel *c)
{
	forget_in(&s->hashing, c);
	forget_in(&s->waiting, c);
	forget_in(&s->given, c);
	pool_give(s->askers, asker_of(c)->slot);
	channel_set_data(c, NULL);
}

/* A place for one more request; NULL: as many are its already as are left. */
static struct request *
take_place(struct scan *s, struct channel *c, uint32_t *slot)
{
	struct asker *a = asker_of(c);
	struct request *r = NULL;

	if (a->requests < REQUESTS_MAX - pool_used(s->requests))
		r = pool_take(s->requests, slot);
	if (r)
		a->requests++;
	return r;
}

/* --- answers ------------------------------------------------------------- */

static struct span
name_of(const struct verdict *v)
{
	return span_at(v->name,
		strnlen((const char *)v->name, sizeof v->name));
}

static void
log_verdict(const struct request *r)
{
	static const char *const outcomes[] = { "none", "clean", "infected",
		"unscannable" };
	const struct verdict *v = &r->verdict;
	uint8_t text[64];
	struct buf hash = BUF(text);

	if (buf_put_hex(&hash, span_at(v->sha256, sizeof v->sha256)))
		LOG(EV_VERDICT, r->head.session, log_number(v->size),
			log_text(span_of(outcomes[v->outcome])),
			log_text(name_of(v)), log_number(v->engines),
			log_text(buf_view(&hash)));
}

void
request_answer(struct scan *s, struct request *r, const struct fault *f)
{
	struct scan_answer m = { .head = { .type = SCAN_ANSWER,
					 .serial = r->head.serial,
					 .session = r->head.session },
		.fault = fault_number(f) };

	if (!f) {
		r->verdict.time_us = clock_instant().us;
		mac_make(role_secret(s->role, SECRET_VERDICT),
			span_at(&r->verdict, TOKEN_SIGNED(struct verdict)),
			r->verdict.mac);
		m.verdict = r->verdict;
		log_verdict(r);
	}
	if (r->asker)
		asker_of(r->asker)->requests--;
	/* whoever is gone or does not read has given the message up */
	if (channel_send(r->asker, &m, -1))
		r->asker = NULL;
	if (s->streamed == r)
		s->streamed = NULL;
	list_remove(&r->link);
	sha256_drop(&r->hash);
	fd_close(&r->body);
	pool_give(s->requests, r->slot);
}

/* --- reading ------------------------------------------------------------- */

bool
request_is_read(const struct request *r)
{
	return !r->hash.state;
}

void
request_rewind(struct request *r)
{
	sha256_drop(&r->hash);
	sha256_begin(&r->hash);
	r->hashed = 0;
}

FALLIBLE
request_read(struct request *r, uint8_t *at, size_t cap, size_t *len)
{
	uint64_t left = r->verdict.size - r->hashed;

	if (left < cap)
		cap = (size_t)left;
	TRY(file_read(r->body, r->hashed, at, cap, len));
	if (*len < cap)
		return &fault_ipc_malformed;
	sha256_add(&r->hash, span_at(at, cap));
	r->hashed += cap;
	if (r->hashed == r->verdict.size)
		sha256_end(&r->hash, r->verdict.sha256);
	return OK;
}

/* A piece of a request, then of the next one: a long body does not hold up the
 * short ones. */
static size_t
hash_piece(struct scan *s, struct request *r)
{
	static uint8_t piece[PIECE];
	size_t len = 0;
	const struct fault *f = request_read(r, piece, sizeof piece, &len);

	list_remove(&r->link);
	if (f)
		request_answer(s, r, &fault_verdict_missing);
	else if (!request_is_read(r))
		list_append(&s->hashing, &r->link);
	else if (r->verdict.outcome == OUTCOME_NONE)
		list_append(&s->waiting, &r->link);
	else
		request_answer(s, r, OK);
	return len;
}

void
requests_hash(void *scan)
{
	struct scan *s = scan;
	size_t done = 0;

	while (done < SLICE && !list_is_empty(&s->hashing))
		done += hash_piece(s,
			HOLDER(s->hashing.next, struct request, link));
	if (!list_is_empty(&s->hashing))
		timer_set(s->more, 0);
	engine_feed(s);
}

/* --- requests ------------------------------------------------------------ */

/* The engine looks at the whole of the descriptor: it must be just the body. */
static FALLIBLE
look_at_body(struct scan *s, struct request *r)
{
	uint64_t whole;

	TRY(fd_size(r->body, &whole));
	if (whole != r->verdict.size ||
		whole > site_of(s->role)->max_message + TRACE_MAX)
		return &fault_ipc_malformed;
	r->sealed = fd_is_sealed(r->body);
	return OK;
}

void
request_take(struct scan *s, struct channel *c, const struct scan_request *m,
	int body)
{
	OWNED(fd_close) int fd = body;
	struct scan_answer refusal = { .head = { .type = SCAN_ANSWER,
					       .serial = m->head.serial,
					       .session = m->head.session },
		.fault = fault_number(&fault_verdict_missing) };
	struct request *r;
	uint32_t slot;

	r = take_place(s, c, &slot);
	if (!r) {
		if (channel_send(c, &refusal, -1))
			return;
		return;
	}
	r->asker = c;
	r->head = m->head;
	r->body = fd_give(&fd);
	r->slot = slot;
	r->came = clock_tick();
	r->verdict.size = m->size;
	list_init(&r->link);
	if (look_at_body(s, r)) {
		request_answer(s, r, &fault_verdict_missing);
		return;
	}
	request_rewind(r);
	if (r->sealed) {
		list_append(&s->hashing, &r->link);
		timer_set(s->more, 0);
	} else {
		list_append(&s->waiting, &r->link);
		engine_feed(s);
	}
}

void
requests_give_up(struct scan *s, struct list *l, int64_t patience)
{
	int64_t now = clock_tick().us;

	EACH_LINK(at, l) {
		struct request *r = HOLDER(at, struct request, link);

		if (now - r->came.us < patience)
			continue;
		if (l == &s->given)
			s->given_count--;
		request_answer(s, r, &fault_verdict_missing);
	}
}
