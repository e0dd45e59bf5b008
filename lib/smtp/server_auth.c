#include "lib/smtp/server_part.h"

/* A SASL message takes the place of its line, so that one wipe is enough. */
static FALLIBLE
take_blob(struct smtp_server *s, struct span text)
{
	struct buf blob = { s->line.storage, 0, SMTP_BLOB_MAX };

	if (base64_decode(text, &blob))
		return &fault_auth_blob;
	s->ask.has_blob = true;
	s->ask.blob = buf_view(&blob);
	return OK;
}

/* The client reads nothing but that it was wrong; the host is given what it can
 * find the owner by. */
void
smtp_burn(struct smtp_server *s, struct span argument)
{
	struct span initial;

	s->ask = (struct smtp_ask){ 0 };
	if (command_auth(argument, true, &s->ask.mechanism, &initial) ||
		s->ask.mechanism != SMTP_PLAIN || !span_is_set(initial) ||
		take_blob(s, initial))
		s->ask = (struct smtp_ask){ 0 };
	smtp_ask(s, SMTP_ASK_BURN, s->state);
}

FALLIBLE
smtp_auth(struct smtp_server *s, struct span argument)
{
	struct span initial;

	if (!s->secured)
		return &fault_auth_in_clear;
	if (s->logged_in || s->state == SMTP_CONNECTED)
		return &fault_verb_too_early;
	s->ask = (struct smtp_ask){ 0 };
	TRY(command_auth(argument, s->binding, &s->ask.mechanism, &initial));
	if (s->ask.mechanism == SMTP_EXTERNAL && !s->certified)
		return &fault_auth_mechanism;
	if (span_is_set(initial))
		TRY(take_blob(s, span_equals(initial, SPAN("="))
				? SPAN("")
				: initial));
	smtp_ask(s, SMTP_ASK_LOGIN, SMTP_READY);
	return OK;
}

/* The client does not go on: the host forgets how far the login came. */
static void
drop_login(struct smtp_server *s, const struct fault *f)
{
	smtp_refuse(s, f);
	if (s->state != SMTP_OVER)
		smtp_ask(s, SMTP_ASK_LOGIN_DROP, SMTP_READY);
}

static void
log_in(struct smtp_server *s)
{
	smtp_wipe_line(s);
	s->state = SMTP_READY;
	s->logged_in = true;
	smtp_say(s, 235, "2.7.0", "Authentication succeeded");
}

void
smtp_sasl_line(struct smtp_server *s, struct span line)
{
	bool last_word = s->last_word;

	s->last_word = false;
	s->state = SMTP_READY;
	s->ask = (struct smtp_ask){ 0 };
	if (s->line.lost > 0)
		drop_login(s, &fault_auth_too_long);
	else if (span_equals(line, SPAN("*")))
		drop_login(s, &fault_auth_aborted);
	else if (last_word && line.len == 0) /* SCRAM's end */
		log_in(s);
	else if (last_word || take_blob(s, line))
		drop_login(s, &fault_auth_blob);
	else
		smtp_ask(s, SMTP_ASK_LOGIN_STEP, SMTP_READY);
}

static void
put_challenge(struct smtp_server *s, struct span blob)
{
	smtp_wipe_line(s);
	MUST(buf_put_text(&s->out, "334 ") && put_base64(&s->out, blob) &&
		buf_put_text(&s->out, "\r\n"));
	s->state = SMTP_IN_AUTH;
}

void
smtp_challenge(struct smtp_server *s, struct span blob)
{
	MUST(s->asking && blob.len <= SMTP_CHALLENGE_MAX);
	s->asking = false;
	put_challenge(s, blob);
}

void
smtp_login_done(struct smtp_server *s, const struct fault *f, struct span last)
{
	MUST(s->asking && last.len <= SMTP_CHALLENGE_MAX);
	s->asking = false;
	if (f) {
		s->state = SMTP_READY;
		smtp_refuse(s, f);
	} else if (span_is_set(last)) {
		s->last_word = true;
		put_challenge(s, last);
	} else {
		log_in(s);
	}
}
