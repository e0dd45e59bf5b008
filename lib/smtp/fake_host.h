/* fake_host.h -- a host of the SMTP server that decides by the words alone, and
 * writes down what it was asked.  For tests and fuzz targets.
 *
 *	recipients  "nobody..." is unknown, "away..." lives elsewhere, "busy..."
 *	            comes later
 *	senders     "never..." is refused
 *	logins      a message that has "bad" in it fails
 *	SCRAM       two steps, the second with a last word
 *	bodies      one that begins with "full" cannot be stored, one with
 *	            "virus" is not kept
 */
#pragma once

#include "lib/base/crc.h"
#include "lib/base/must.h"
#include "lib/smtp/server.h"

struct fake_host {
	struct smtp_server *s;
	struct buf asked;   /* a letter for each ask but octets */
	struct buf said;    /* what the server said             */
	struct buf message; /* the one that is coming in        */
	uint32_t kept;      /* digest of all that was kept      */
};

static const char fake_letters[] = {
	[SMTP_ASK_TLS] = 'T',
	[SMTP_ASK_LOGIN] = 'L',
	[SMTP_ASK_LOGIN_STEP] = 'l',
	[SMTP_ASK_LOGIN_DROP] = 'D',
	[SMTP_ASK_BURN] = 'X',
	[SMTP_ASK_MAIL] = 'M',
	[SMTP_ASK_RCPT] = 'R',
	[SMTP_ASK_BODY] = 'B',
	[SMTP_ASK_KEEP] = 'K',
	[SMTP_ASK_FORGET] = 'F',
};

static inline void
fake_login(struct fake_host *h)
{
	struct smtp_ask *ask = &h->s->ask;
	bool scram = ask->mechanism != SMTP_PLAIN;
	bool step = ask->verb == SMTP_ASK_LOGIN_STEP;

	if (span_find(ask->blob, SPAN("bad")) < ask->blob.len)
		smtp_login_done(h->s, &fault_auth_failed, SPAN_NONE);
	else if (!step && (scram || !ask->has_blob))
		smtp_challenge(h->s, scram ? SPAN("r=1") : SPAN(""));
	else /* the mechanism is not told again */
		smtp_login_done(h->s, OK,
			span_starts(ask->blob, SPAN("c=")) ? SPAN("v=1")
							   : SPAN_NONE);
}

static inline void
fake_keep(struct fake_host *h)
{
	struct span m = buf_view(&h->message);

	if (span_starts(m, SPAN("virus"))) {
		smtp_answer(h->s, &fault_message_infected);
	} else {
		h->kept = crc32c(h->kept, m);
		smtp_kept(h->s, SPAN("1"));
	}
}

static inline const struct fault *
fake_octets(struct fake_host *h)
{
	if (!buf_put(&h->message, h->s->ask.octets))
		return &fault_storage_full;
	return span_starts(buf_view(&h->message), SPAN("full"))
		? &fault_storage_full
		: OK;
}

static inline const struct fault *
fake_judgement(struct fake_host *h)
{
	const struct smtp_ask *ask = &h->s->ask;

	if (ask->verb == SMTP_ASK_OCTETS)
		return fake_octets(h);
	if (ask->verb == SMTP_ASK_MAIL &&
		span_starts(ask->path, SPAN("never")))
		return &fault_sender_not_owned;
	if (ask->verb == SMTP_ASK_RCPT &&
		span_starts(ask->path, SPAN("nobody")))
		return &fault_mailbox_unknown;
	if (ask->verb == SMTP_ASK_RCPT && span_starts(ask->path, SPAN("away")))
		return &fault_relay_denied;
	if (ask->verb == SMTP_ASK_RCPT && span_starts(ask->path, SPAN("busy")))
		return &fault_mailbox_busy;
	return OK;
}

static inline void
fake_answer(struct fake_host *h)
{
	enum smtp_ask_verb verb = h->s->ask.verb;

	if (verb != SMTP_ASK_OCTETS) /* as many as the network makes */
		MUST(buf_push(&h->asked, (uint8_t)fake_letters[verb]));
	if (verb == SMTP_ASK_BODY)
		buf_clear(&h->message);
	if (verb == SMTP_ASK_TLS)
		smtp_secured(h->s, false);
	else if (verb == SMTP_ASK_LOGIN || verb == SMTP_ASK_LOGIN_STEP)
		fake_login(h);
	else if (verb == SMTP_ASK_KEEP)
		fake_keep(h);
	else
		smtp_answer(h->s, fake_judgement(h));
}

/* Give octets; false when the session is over. */
static inline bool
fake_give(struct fake_host *h, struct span in)
{
	for (;;) {
		enum smtp_turn turn = smtp_run(h->s, &in);

		MUST(buf_put(&h->said, smtp_output(h->s)));
		smtp_sent(h->s, smtp_output(h->s).len);
		if (turn == SMTP_ASK)
			fake_answer(h);
		else if (turn != SMTP_WRITE)
			return turn == SMTP_READ;
	}
}
