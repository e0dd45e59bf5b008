#include "lib/base/escape.h"
#include "lib/mail/trace.h"
#include "proc/scan/scan.h"
#include "sys/clock.h"
#include "sys/crypto.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/log.h"

#define PIECE 65536

/* --- lists --------------------------------------------------------------- */

void
list_init(struct request_list *l)
{
	l->first = NULL;
	l->last = &l->first;
}

void
list_add(struct request_list *l, struct request *r)
{
	r->next = NULL;
	*l->last = r;
	l->last = &r->next;
}

static struct request *
unlink_at(struct request_list *l, struct request **at)
{
	struct request *r = *at;

	*at = r->next;
	if (l->last == &r->next)
		l->last = at;
	return r;
}

struct request *
list_take_first(struct request_list *l)
{
	return l->first ? unlink_at(l, &l->first) : NULL;
}

struct request *
list_take_number(struct request_list *l, uint64_t number)
{
	for (struct request **at = &l->first; *at; at = &(*at)->next)
		if ((*at)->number == number)
			return unlink_at(l, at);
	return NULL;
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
		mac_make(&s->key, span_at(&r->verdict,
				TOKEN_SIGNED(struct verdict)), r->verdict.mac);
		m.verdict = r->verdict;
		log_verdict(r);
	}
	/* whoever is gone or does not read has given the message up */
	if (channel_send(r->asker, &m, -1))
		r->asker = NULL;
	fd_close(&r->body);
	pool_give(s->requests, r->slot);
}

/* --- requests ------------------------------------------------------------ */

static FALLIBLE
hash_body(int fd, uint64_t size, uint8_t out[SHA256_OCTETS])
{
	static uint8_t piece[PIECE];
	OWNED(sha256_drop) struct sha256 h = { 0 };

	sha256_begin(&h);
	for (uint64_t at = 0; at < size;) {
		size_t want = size - at < PIECE ? (size_t)(size - at) : PIECE;
		size_t len;

		TRY(file_read(fd, at, piece, want, &len));
		if (len != want)
			return &fault_ipc_malformed;
		sha256_add(&h, span_at(piece, len));
		at += len;
	}
	sha256_end(&h, out);
	return OK;
}

/* The engine looks at the whole of the descriptor: it must be just the body. */
static FALLIBLE
look_at_body(struct request *r, uint64_t size, uint64_t most)
{
	uint64_t whole;

	TRY(fd_size(r->body, &whole));
	if (whole != size || size > most)
		return &fault_ipc_malformed;
	r->verdict = (struct verdict){ .size = size };
	return hash_body(r->body, size, r->verdict.sha256);
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
	const struct fault *f;

	r = pool_take(s->requests, &slot);
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
	f = look_at_body(r, m->size,
		site_of(s->role)->max_message + TRACE_MAX);
	if (f) {
		request_answer(s, r, &fault_verdict_missing);
		return;
	}
	list_add(&s->waiting, r);
	engine_feed(s);
}

static void
forget_in(struct request_list *l, struct channel *c)
{
	for (struct request *r = l->first; r; r = r->next)
		if (r->asker == c)
			r->asker = NULL;
}

void
request_forget_asker(struct scan *s, struct channel *c)
{
	forget_in(&s->waiting, c);
	forget_in(&s->given, c);
}
