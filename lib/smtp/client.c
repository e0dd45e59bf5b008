#include "lib/smtp/client.h"

#include "lib/base/base64.h"
#include "lib/base/must.h"
#include "lib/base/number.h"

#define COMMAND_ROOM 1024 /* a command with the longest path and ORCPT fits */

/* --- commands ------------------------------------------------------------ */

static void
put_command(struct smtp_client *c, const char *verb, struct span argument)
{
	MUST(buf_put_text(&c->out, verb) && buf_put(&c->out, argument) &&
		buf_put_text(&c->out, "\r\n"));
}

static void
put_mail(struct smtp_client *c)
{
	MUST(buf_put_text(&c->out, "MAIL FROM:<") &&
		buf_put(&c->out, c->job.sender) && buf_push(&c->out, '>'));
	if (c->peer.has_size)
		MUST(buf_put_text(&c->out, " SIZE=") &&
			buf_put_number(&c->out, c->job.size));
	if (c->peer.eight_bit && c->job.eight_bit)
		MUST(buf_put_text(&c->out, " BODY=8BITMIME"));
	if (c->job.utf8)
		MUST(buf_put_text(&c->out, " SMTPUTF8"));
	if (c->peer.dsn && c->job.ret != RETURN_UNSAID)
		MUST(buf_put_text(&c->out,
			c->job.ret == RETURN_FULL ? " RET=FULL" : " RET=HDRS"));
	if (c->peer.dsn && c->job.envid.len > 0)
		MUST(buf_put_text(&c->out, " ENVID=") &&
			buf_put(&c->out, c->job.envid));
	MUST(buf_put_text(&c->out, "\r\n"));
}

static void
put_rcpt(struct smtp_client *c)
{
	const struct client_rcpt *r = &c->job.rcpts[c->sent++];

	MUST(buf_put_text(&c->out, "RCPT TO:<") &&
		buf_put(&c->out, r->address) && buf_push(&c->out, '>'));
	if (c->peer.dsn && r->notify)
		MUST(buf_put_text(&c->out, " NOTIFY=") &&
			put_notify(&c->out, r->notify));
	if (c->peer.dsn && r->orcpt.len > 0)
		MUST(buf_put_text(&c->out, " ORCPT=") &&
			buf_put(&c->out, r->orcpt));
	MUST(buf_put_text(&c->out, "\r\n"));
}

/* Recipients that may go out now: all with PIPELINING (RFC 2920), else one at
 * a time. */
static void
put_rcpts(struct smtp_client *c)
{
	while (c->sent < c->job.count && buf_room(&c->out) >= COMMAND_ROOM &&
		(c->peer.pipelining || c->sent == c->answered))
		put_rcpt(c);
}

/* --- results ------------------------------------------------------------- */

static bool
is_told(const struct smtp_client *c, size_t rcpt)
{
	return c->told[rcpt / 8] >> (rcpt % 8) & 1;
}

/* Everybody who has no result yet gets `r`; then IDLE, or the end. */
static void
conclude(struct smtp_client *c, const struct response *r, bool over)
{
	c->last = *r;
	c->result = 0;
	c->over_after = over;
	c->state = CLIENT_RESULTS;
}

static void
conclude_with(struct smtp_client *c, unsigned code, const char *enhanced,
	const char *text, bool over)
{
	struct response r;

	response_make(&r, code, enhanced, span_of(text));
	conclude(c, &r, over);
}

static void
ask(struct smtp_client *c, struct client_ask a)
{
	c->ask = a;
	c->asking = true;
}

/* One recipient has a result that others need not have. */
static void
tell_alone(struct smtp_client *c, size_t rcpt, const struct response *r)
{
	c->told[rcpt / 8] |= (uint8_t)(1u << (rcpt % 8));
	c->rcpt = *r;
	ask(c, (struct client_ask){ .verb = CLIENT_ASK_RESULT,
		       .rcpt = rcpt,
		       .response = &c->rcpt });
}

/* Tell the host the next result; false when there is none left. */
static bool
tell_result(struct smtp_client *c)
{
	while (c->result < c->job.count && is_told(c, c->result))
		c->result++;
	if (c->result == c->job.count)
		return false;
	ask(c, (struct client_ask){ .verb = CLIENT_ASK_RESULT,
		       .rcpt = c->result++,
		       .response = &c->last });
	return true;
}

static void
end_job(struct smtp_client *c)
{
	c->job = (struct client_job){ 0 };
	if (c->lost) {
		c->state = CLIENT_OVER;
	} else if (c->over_after) {
		put_command(c, "QUIT", SPAN(""));
		c->state = CLIENT_QUIT;
	} else {
		c->state = CLIENT_IDLE;
	}
}

/* --- the session's opening ----------------------------------------------- */

static void
say_hello(struct smtp_client *c)
{
	c->peer = (struct client_peer){ 0 };
	put_command(c, c->setup.lmtp ? "LHLO " : "EHLO ", c->setup.host);
	c->state = CLIENT_EHLO;
}

static const struct {
	const char *name;
	size_t flag; /* a bool of struct client_peer */
} keywords[] = {
	{ "PIPELINING", offsetof(struct client_peer, pipelining) },
	{ "8BITMIME", offsetof(struct client_peer, eight_bit) },
	{ "SMTPUTF8", offsetof(struct client_peer, utf8) },
	{ "CHUNKING", offsetof(struct client_peer, chunking) },
	{ "DSN", offsetof(struct client_peer, dsn) },
	{ "STARTTLS", offsetof(struct client_peer, starttls) },
	{ "SIZE", offsetof(struct client_peer, has_size) },
};

static bool
has_word(struct span text, struct span word)
{
	while (span_take(&text, ' '))
		if (span_equals_nocase(span_shift_upto(&text,
					       span_find_octet(text, ' ')),
			    word))
			return true;
	return false;
}

/* One line of the answer to EHLO, RFC 5321 section 4.1.1.1. */
static void
take_keyword(void *arg, struct span text)
{
	struct client_peer *p = arg;
	struct span name = span_shift_upto(&text, span_find_octet(text, ' '));

	for (size_t i = 0; i < COUNT_OF(keywords); i++)
		if (span_equals_nocase(name, span_of(keywords[i].name)))
			*(bool *)((char *)p + keywords[i].flag) = true;
	if (span_equals_nocase(name, SPAN("AUTH")))
		p->plain = has_word(text, SPAN("PLAIN"));
	if (span_equals_nocase(name, SPAN("SIZE"))) {
		span_take(&text, ' ');
		if (number_parse(text, 0, UINT64_MAX, &p->size))
			p->size = 0;
	}
}

/* A session that did not come about: the job, when one waits, is deferred or
 * refused as the server says. */
static void
refused_session(struct smtp_client *c, const struct response *r)
{
	conclude(c, r, true);
}

/* Who greets in our name is us, by whatever way: mail would come back. */
static bool
is_ourselves(const struct smtp_client *c, const struct response *r)
{
	struct span text = span_at(r->text, r->text_len);

	return span_equals_nocase(c->setup.host,
		span_at(text.at, span_find_octet(text, ' ')));
}

static void
after_greeting(struct smtp_client *c, const struct response *r)
{
	if (is_ourselves(c, r))
		conclude_with(c, 451, "4.4.6", "Peer is this host", true);
	else if (response_class(r) == 2)
		say_hello(c);
	else
		refused_session(c, r);
}

/* What is refused here is our settings' fault, not the message's. */
static void
log_in(struct smtp_client *c)
{
	if (!c->peer.plain) {
		conclude_with(c, 451, "4.7.0", "Peer offers no login", true);
		return;
	}
	MUST(buf_put_text(&c->out, "AUTH PLAIN ") &&
		put_base64(&c->out, c->setup.login) &&
		buf_put_text(&c->out, "\r\n"));
	c->state = CLIENT_AUTH;
}

static void
after_auth(struct smtp_client *c, const struct response *r)
{
	if (response_class(r) == 2)
		c->state = CLIENT_IDLE;
	else
		conclude_with(c, 451, "4.7.8", "Peer refused our login", true);
}

static void
opened(struct smtp_client *c)
{
	if (c->peer.starttls && !c->secured &&
		c->setup.tls != CLIENT_TLS_NONE) {
		put_command(c, "STARTTLS", SPAN(""));
		c->state = CLIENT_STARTTLS;
	} else if (c->setup.tls == CLIENT_TLS_REQUIRED && !c->secured) {
		conclude_with(c, 451, "4.7.4", "Peer does not offer TLS", true);
	} else if (c->setup.login.len > 0 && c->secured) {
		log_in(c);
	} else {
		c->state = CLIENT_IDLE;
	}
}

static void
after_ehlo(struct smtp_client *c, const struct response *r)
{
	if (response_class(r) == 2) {
		opened(c);
	} else if (response_class(r) == 5 && !c->secured && !c->setup.lmtp) {
		put_command(c, "HELO ", c->setup.host);
		c->state = CLIENT_HELO;
	} else {
		refused_session(c, r);
	}
}

static void
after_helo(struct smtp_client *c, const struct response *r)
{
	c->peer = (struct client_peer){ 0 };
	if (response_class(r) == 2)
		opened(c);
	else
		refused_session(c, r);
}

static void
after_starttls(struct smtp_client *c, const struct response *r)
{
	if (response_class(r) == 2) {
		c->state = CLIENT_SHAKING;
		ask(c, (struct client_ask){ .verb = CLIENT_ASK_TLS });
	} else if (c->setup.tls == CLIENT_TLS_REQUIRED) {
		conclude_with(c, 451, "4.7.4", "Peer refused TLS", true);
	} else {
		c->state = CLIENT_IDLE;
	}
}

/* --- a message ----------------------------------------------------------- */

static bool
fits_peer(struct smtp_client *c)
{
	if (c->peer.size > 0 && c->job.size > c->peer.size) {
		conclude_with(c, 552, "5.3.4",
			"Message is larger than the peer takes", false);
		return false;
	}
	if (c->job.utf8 && !c->peer.utf8) {
		conclude_with(c, 553, "5.6.7",
			"Peer does not take internationalized mail", false);
		return false;
	}
	if (c->job.eight_bit && !c->peer.eight_bit) {
		conclude_with(c, 554, "5.6.3",
			"Peer does not take 8-bit content", false);
		return false;
	}
	return true;
}

static void
begin_job(struct smtp_client *c)
{
	c->sent = c->answered = c->accepted = 0;
	c->offset = 0;
	c->stuffer = (struct stuffer){ 0 };
	memset(c->told, 0, sizeof c->told);
	c->result = 0;
	if (!fits_peer(c))
		return;
	put_mail(c);
	c->state = CLIENT_MAIL;
	if (c->peer.pipelining)
		put_rcpts(c);
}

static void
after_mail(struct smtp_client *c, const struct response *r)
{
	if (response_class(r) == 2) {
		c->state = CLIENT_RCPT;
		put_rcpts(c);
		return;
	}
	if (c->sent > 0) { /* answers to pipelined recipients still come */
		c->last = *r;
		c->accepted = 0;
		c->state = CLIENT_RCPT;
		c->over_after = true;
		return;
	}
	conclude(c, r, false);
}

/* RFC 3030: one chunk, whose size is known; nothing is waited for. */
static void
put_bdat(struct smtp_client *c)
{
	MUST(buf_put_text(&c->out, "BDAT ") &&
		buf_put_number(&c->out, c->job.size) &&
		buf_put_text(&c->out, " LAST\r\n"));
}

/* All recipients are answered: go on, or give the transaction up. */
static void
after_rcpts(struct smtp_client *c)
{
	if (c->over_after) { /* MAIL was refused */
		conclude(c, &c->last, true);
	} else if (c->accepted > 0 && c->peer.chunking) {
		put_bdat(c);
		c->state = CLIENT_BODY;
	} else if (c->accepted > 0) {
		put_command(c, "DATA", SPAN(""));
		c->state = CLIENT_DATA;
	} else {
		put_command(c, "RSET", SPAN(""));
		c->state = CLIENT_RSET;
	}
}

static void
after_rcpt(struct smtp_client *c, const struct response *r)
{
	size_t rcpt = c->answered++;

	if (response_class(r) == 2) {
		c->accepted++;
	} else if (!c->over_after) {
		tell_alone(c, rcpt, r);
	}
	put_rcpts(c);
	if (c->answered == c->sent &&
		(c->sent == c->job.count || c->over_after))
		after_rcpts(c);
}

static void
after_data(struct smtp_client *c, const struct response *r)
{
	if (r->code == 354)
		c->state = CLIENT_BODY;
	else
		conclude(c, r, true);
}

static void
after_final(struct smtp_client *c, const struct response *r)
{
	if (!c->setup.lmtp) {
		conclude(c, r, false);
		return;
	}
	/* RFC 2033 section 4.2: the accepted ones, in the order of RCPT */
	while (is_told(c, c->result))
		c->result++;
	tell_alone(c, c->result, r);
	if (--c->accepted == 0)
		conclude(c, r, false);
}

/* Nobody was accepted: every recipient has its own result. */
static void
after_rset(struct smtp_client *c, const struct response *r)
{
	conclude(c, r, response_class(r) != 2);
}

static void
after_quit(struct smtp_client *c, const struct response *r)
{
	(void)r;
	c->state = CLIENT_OVER;
}

typedef void after(struct smtp_client *c, const struct response *r);

/* What an answer means in the state that waits for it. */
static after *const answers[] = {
	[CLIENT_GREETING] = after_greeting,
	[CLIENT_EHLO] = after_ehlo,
	[CLIENT_HELO] = after_helo,
	[CLIENT_STARTTLS] = after_starttls,
	[CLIENT_AUTH] = after_auth,
	[CLIENT_MAIL] = after_mail,
	[CLIENT_RCPT] = after_rcpt,
	[CLIENT_DATA] = after_data,
	[CLIENT_FINAL] = after_final,
	[CLIENT_RSET] = after_rset,
	[CLIENT_QUIT] = after_quit,
	[CLIENT_OVER] = NULL,
};

/* --- running ------------------------------------------------------------- */

void
smtp_client_init(struct smtp_client *c, const struct client_setup *setup)
{
	*c = (struct smtp_client){ .setup = *setup, .state = CLIENT_GREETING };
	c->out = BUF(c->out_storage);
	response_reader_init(&c->reader);
}

static void
broke_protocol(struct smtp_client *c, const struct fault *f)
{
	struct response r;

	response_make(&r, f->smtp, f->enhanced, span_of(f->text));
	smtp_client_lost(c, &r);
}

/* Only DATA is answered by 354, and nothing by another 3yz (RFC 5321 section
 * 4.3.2).  A 2yz before the message was sent would be taken for its success. */
static bool
is_in_place(const struct smtp_client *c, const struct response *r)
{
	if (response_class(r) > 3)
		return true;
	return c->state == CLIENT_DATA ? r->code == 354
				       : response_class(r) == 2;
}

/* Read one answer; false when none is complete. */
static bool
read_answer(struct smtp_client *c, struct span *in)
{
	struct response r;
	bool done;
	const struct fault *f = response_next(&c->reader, in,
		c->state == CLIENT_EHLO ? take_keyword : NULL, &c->peer, &r,
		&done);

	if (!f && !done)
		return false;
	if (!f && !is_in_place(c, &r))
		f = &fault_response_syntax;
	if (f) {
		broke_protocol(c, f);
		return true;
	}
	answers[c->state](c, &r);
	return true;
}

enum client_turn
smtp_client_run(struct smtp_client *c, struct span *in)
{
	for (;;) {
		/* behind the answer to STARTTLS: said in clear, heard as if it
		 * came under TLS (security rule T2) */
		if (c->state == CLIENT_SHAKING && in->len > 0)
			broke_protocol(c, &fault_response_syntax);
		if (c->asking)
			return CLIENT_ASK;
		if (c->state == CLIENT_OVER)
			return CLIENT_CLOSE;
		if (buf_room(&c->out) < COMMAND_ROOM)
			return CLIENT_WRITE;
		switch (c->state) {
		case CLIENT_RESULTS:
			if (!tell_result(c))
				end_job(c);
			break;
		case CLIENT_IDLE:
			if (in->len > 0) { /* nobody asked */
				broke_protocol(c, &fault_response_syntax);
				break;
			}
			if (c->job.count > 0)
				begin_job(c);
			else
				ask(c, (struct client_ask){
					       .verb = CLIENT_ASK_JOB });
			break;
		case CLIENT_BODY:
			if (in->len > 0) { /* the message is not whole yet */
				broke_protocol(c, &fault_response_syntax);
				break;
			}
			ask(c, (struct client_ask){ .verb = CLIENT_ASK_OCTETS,
				       .offset = c->offset });
			break;
		default:
			if (!read_answer(c, in))
				return CLIENT_READ;
		}
	}
}

struct span
smtp_client_output(const struct smtp_client *c)
{
	return buf_view(&c->out);
}

void
smtp_client_sent(struct smtp_client *c, size_t n)
{
	buf_drop(&c->out, n);
}

void
smtp_client_secured(struct smtp_client *c)
{
	MUST(c->state == CLIENT_SHAKING);
	c->asking = false;
	c->secured = true;
	response_reader_init(&c->reader);
	say_hello(c);
}

void
smtp_client_job(struct smtp_client *c, const struct client_job *job)
{
	MUST(!smtp_client_is_busy(c) && job->count > 0 &&
		job->count <= CLIENT_RCPTS_MAX);
	c->job = *job;
	if (c->asking && c->ask.verb == CLIENT_ASK_JOB)
		c->asking = false;
}

void
smtp_client_quit(struct smtp_client *c)
{
	MUST(c->asking && c->ask.verb == CLIENT_ASK_JOB);
	c->asking = false;
	put_command(c, "QUIT", SPAN(""));
	c->state = CLIENT_QUIT;
}

/* As much as fits. */
static void
put_upto(struct buf *out, struct span *in)
{
	size_t room = buf_room(out);

	MUST(buf_put(out, span_shift_upto(in, room)));
}

void
smtp_client_octets(struct smtp_client *c, struct span octets, bool last)
{
	struct span rest = octets;
	bool counted = c->peer.chunking;

	MUST(c->asking && c->ask.verb == CLIENT_ASK_OCTETS);
	c->asking = false;
	if (counted)
		put_upto(&c->out, &rest);
	else
		stuff(&c->stuffer, &rest, &c->out);
	c->offset += octets.len - rest.len;
	if (rest.len == 0 && last &&
		(counted || stuff_end(&c->stuffer, &c->out)))
		c->state = CLIENT_FINAL;
	MUST(!counted || c->state != CLIENT_FINAL ||
		c->offset == c->job.size);
}

void
smtp_client_noted(struct smtp_client *c)
{
	MUST(c->asking && c->ask.verb == CLIENT_ASK_RESULT);
	c->asking = false;
}

void
smtp_client_lost(struct smtp_client *c, const struct response *why)
{
	bool telling = c->state == CLIENT_RESULTS;

	c->lost = true;
	if (c->asking && c->ask.verb != CLIENT_ASK_RESULT)
		c->asking = false;
	if (c->state == CLIENT_OVER)
		return;
	if (!telling)
		conclude(c, why, true);
}

bool
smtp_client_is_busy(const struct smtp_client *c)
{
	return c->job.count > 0;
}
