#include "lib/smtp/server.h"

#include "lib/base/base64.h"
#include "lib/base/must.h"
#include "lib/smtp/command.h"
#include "lib/smtp/reply.h"

/* --- replies ------------------------------------------------------------- */

/* smtp_run goes on only while a whole reply fits, so a put cannot fail.  The
 * longest is a SASL message. */
#define ROOM (BASE64_LENGTH(SMTP_BLOB_MAX) + 64)

static void
say(struct smtp_server *s, unsigned code, const char *enhanced,
	const char *text)
{
	MUST(put_reply(&s->out, code, enhanced, span_of(text)));
}

static void
ok(struct smtp_server *s, const char *enhanced)
{
	say(s, 250, enhanced, "OK");
}

/* End the session; what is in the output still goes out. */
static void
close_with(struct smtp_server *s, const struct fault *f)
{
	MUST(put_reply_fault(&s->out, f));
	s->state = SMTP_OVER;
	s->asking = false;
}

/* --- transaction --------------------------------------------------------- */

/* The only place that ends a transaction. */
static void
txn_reset(struct smtp_server *s)
{
	s->txn = (struct smtp_txn){ 0 };
	data_reader_init(&s->txn.data);
}

static void
ask(struct smtp_server *s, enum smtp_ask_verb verb, enum smtp_state next)
{
	s->ask.verb = verb;
	s->next = next;
	s->asking = true;
}

/* Was there something that the host has to forget? */
static bool
has_txn(const struct smtp_server *s)
{
	return s->state == SMTP_HAS_SENDER || s->state == SMTP_HAS_RCPT ||
		s->state == SMTP_IN_DATA;
}

/* Leave the transaction, if any, for `next`; the host hears of it. */
static void
forget_for(struct smtp_server *s, enum smtp_state next)
{
	bool tell = has_txn(s);

	txn_reset(s);
	s->ask = (struct smtp_ask){ 0 };
	if (tell)
		ask(s, SMTP_ASK_FORGET, next);
	else
		s->state = next;
}

/* --- verbs --------------------------------------------------------------- */

static void
put_capabilities(struct smtp_server *s)
{
	const struct smtp_profile *p = s->profile;
	uint8_t size[32];
	struct buf b = BUF(size);

	MUST(put_reply_line(&s->out, 250, p->host, false));
	MUST(put_reply_line(&s->out, 250, SPAN("PIPELINING"), false));
	MUST(buf_put_text(&b, "SIZE ") && buf_put_number(&b, p->max_message));
	MUST(put_reply_line(&s->out, 250, buf_view(&b), false));
	MUST(put_reply_line(&s->out, 250, SPAN("8BITMIME"), false));
	if (p->tls_offered && !s->secured)
		MUST(put_reply_line(&s->out, 250, SPAN("STARTTLS"), false));
	if (p->submission && s->secured && !s->logged_in)
		MUST(put_reply_line(&s->out, 250,
			s->binding ? SPAN("AUTH SCRAM-SHA-256-PLUS "
					  "SCRAM-SHA-256 PLAIN")
				   : SPAN("AUTH SCRAM-SHA-256 PLAIN"),
			false));
	MUST(put_reply_line(&s->out, 250, SPAN("ENHANCEDSTATUSCODES"), true));
}

/* What EHLO and HELO share: a name that fits into a Received field. */
static FALLIBLE
take_helo(struct smtp_server *s, struct span argument)
{
	if (argument.len == 0 || argument.len > SMTP_HELO_MAX ||
		!command_is_graphic(argument))
		return &fault_verb_argument;
	memcpy(s->helo, argument.at, argument.len);
	s->helo_len = argument.len;
	return OK;
}

static FALLIBLE
ehlo(struct smtp_server *s, struct span argument)
{
	TRY(take_helo(s, argument));
	s->extended = true;
	put_capabilities(s);
	forget_for(s, SMTP_READY);
	return OK;
}

static FALLIBLE
helo(struct smtp_server *s, struct span argument)
{
	TRY(take_helo(s, argument));
	s->extended = false;
	MUST(put_reply(&s->out, 250, NULL, s->profile->host));
	forget_for(s, SMTP_READY);
	return OK;
}

static FALLIBLE
starttls(struct smtp_server *s, struct span argument)
{
	if (!s->profile->tls_offered || s->profile->tls_from_start)
		return &fault_verb_unknown;
	if (s->secured)
		return &fault_verb_too_early;
	if (argument.len > 0)
		return &fault_verb_argument;
	if (s->more) {
		close_with(s, &fault_data_pipelined);
		return OK;
	}
	say(s, 220, "2.0.0", "Ready to start TLS");
	s->ask = (struct smtp_ask){ 0 };
	ask(s, SMTP_ASK_TLS, SMTP_CONNECTED);
	return OK;
}

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

static FALLIBLE
auth(struct smtp_server *s, struct span argument)
{
	struct span initial;

	if (!s->profile->submission)
		return &fault_verb_unknown;
	if (!s->secured) {
		s->ask = (struct smtp_ask){ 0 };
		ask(s, SMTP_ASK_BURN, s->state);
		return &fault_auth_in_clear;
	}
	if (s->logged_in || s->state == SMTP_CONNECTED)
		return &fault_verb_too_early;
	s->ask = (struct smtp_ask){ 0 };
	TRY(command_auth(argument, s->binding, &s->ask.mechanism, &initial));
	if (span_is_set(initial))
		TRY(take_blob(s, span_equals(initial, SPAN("="))
				? SPAN("")
				: initial));
	ask(s, SMTP_ASK_LOGIN, SMTP_READY);
	return OK;
}

static FALLIBLE
mail(struct smtp_server *s, struct span argument)
{
	struct command_mail m;

	if (s->profile->submission && !s->secured)
		return &fault_tls_needed;
	if (s->profile->submission && !s->logged_in)
		return &fault_login_needed;
	TRY(command_mail(argument, &m));
	if (m.size > s->profile->max_message)
		return &fault_message_too_large;
	if (s->messages >= s->profile->max_messages) {
		close_with(s, &fault_session_messages);
		return OK;
	}
	txn_reset(s);
	s->ask = (struct smtp_ask){ .path = m.path,
		.address = m.address,
		.size = m.size,
		.eight_bit = m.eight_bit };
	ask(s, SMTP_ASK_MAIL, SMTP_HAS_SENDER);
	return OK;
}

static FALLIBLE
rcpt(struct smtp_server *s, struct span argument)
{
	struct command_rcpt r;

	TRY(command_rcpt(argument, &r));
	if (s->txn.rcpts >= s->profile->max_rcpts)
		return &fault_rcpt_too_many;
	s->ask = (struct smtp_ask){ .path = r.path,
		.address = r.address,
		.postmaster = r.postmaster };
	ask(s, SMTP_ASK_RCPT, SMTP_HAS_RCPT);
	return OK;
}

static FALLIBLE
data(struct smtp_server *s, struct span argument)
{
	if (argument.len > 0)
		return &fault_verb_argument;
	if (s->more) {
		close_with(s, &fault_data_pipelined);
		return OK;
	}
	s->ask = (struct smtp_ask){ 0 };
	ask(s, SMTP_ASK_BODY, SMTP_IN_DATA);
	return OK;
}

static FALLIBLE
rset(struct smtp_server *s, struct span argument)
{
	if (argument.len > 0)
		return &fault_verb_argument;
	ok(s, "2.0.0");
	forget_for(s, s->state == SMTP_CONNECTED ? SMTP_CONNECTED : SMTP_READY);
	return OK;
}

static FALLIBLE
noop(struct smtp_server *s, struct span argument)
{
	(void)argument;
	ok(s, "2.0.0");
	return OK;
}

static FALLIBLE
quit(struct smtp_server *s, struct span argument)
{
	(void)argument;
	say(s, 221, "2.0.0", "Bye");
	txn_reset(s);
	s->state = SMTP_OVER;
	return OK;
}

/* RFC 5321 section 7.3: the same words whoever is asked for. */
static FALLIBLE
vrfy(struct smtp_server *s, struct span argument)
{
	(void)argument;
	say(s, 252, "2.5.2",
		"Cannot VRFY user, but will accept message and attempt delivery");
	return OK;
}

static FALLIBLE
expn(struct smtp_server *s, struct span argument)
{
	(void)s;
	(void)argument;
	return &fault_expn_disabled;
}

static FALLIBLE
help(struct smtp_server *s, struct span argument)
{
	(void)argument;
	say(s, 214, "2.0.0", "See RFC 5321");
	return OK;
}

/* --- the table ----------------------------------------------------------- */

enum verb { EHLO, HELO, STARTTLS, AUTH, MAIL, RCPT, DATA, RSET, NOOP, QUIT,
	VRFY, EXPN, HELP, VERBS };

static const char *const verb_names[VERBS] = { "EHLO", "HELO", "STARTTLS",
	"AUTH", "MAIL", "RCPT", "DATA", "RSET", "NOOP", "QUIT", "VRFY", "EXPN",
	"HELP" };

typedef const struct fault *action(struct smtp_server *s, struct span argument);

/* What a verb does in a state.  The state moves only if the action (and, when
 * it asks, the answer) succeeds; an empty cell is "503 bad sequence of
 * commands".  IN_DATA, IN_AUTH and OVER read no verbs. */
/* clang-format off */
static action *const moves[SMTP_STATES][VERBS] = {
	[SMTP_CONNECTED] = {
		[EHLO] = ehlo, [HELO] = helo, [AUTH] = auth, [RSET] = rset,
		[NOOP] = noop, [QUIT] = quit, [VRFY] = vrfy, [EXPN] = expn,
		[HELP] = help,
	},
	[SMTP_READY] = {
		[EHLO] = ehlo, [HELO] = helo, [STARTTLS] = starttls,
		[AUTH] = auth, [MAIL] = mail, [RSET] = rset, [NOOP] = noop,
		[QUIT] = quit, [VRFY] = vrfy, [EXPN] = expn, [HELP] = help,
	},
	[SMTP_HAS_SENDER] = {
		[EHLO] = ehlo, [HELO] = helo, [STARTTLS] = starttls,
		[RCPT] = rcpt, [RSET] = rset, [NOOP] = noop,
		[QUIT] = quit, [VRFY] = vrfy, [EXPN] = expn, [HELP] = help,
	},
	[SMTP_HAS_RCPT] = {
		[EHLO] = ehlo, [HELO] = helo, [STARTTLS] = starttls,
		[RCPT] = rcpt, [DATA] = data, [RSET] = rset, [NOOP] = noop,
		[QUIT] = quit, [VRFY] = vrfy, [EXPN] = expn, [HELP] = help,
	},
};
/* clang-format on */

/* Verbs that lead to no message.  A session that says little else holds a place
 * that others need (EN-D19). */
static const bool idle_verbs[VERBS] = {
	[EHLO] = true, [HELO] = true, [RSET] = true, [NOOP] = true,
	[VRFY] = true, [HELP] = true,
};

/* Verbs that a service does not have are unknown in every state. */
static bool
is_offered(const struct smtp_server *s, enum verb v)
{
	if (v == AUTH)
		return s->profile->submission;
	if (v == STARTTLS)
		return s->profile->tls_offered && !s->profile->tls_from_start;
	return true;
}

static enum verb
find_verb(const struct smtp_server *s, struct span name)
{
	for (enum verb v = 0; v < VERBS; v++)
		if (span_equals_nocase(name, span_of(verb_names[v])))
			return is_offered(s, v) ? v : VERBS;
	return VERBS;
}

static FALLIBLE
obey(struct smtp_server *s, struct span line)
{
	struct span name, argument;
	enum verb v;

	TRY(command_split(line, &name, &argument));
	v = find_verb(s, name);
	if (v == VERBS)
		return &fault_verb_unknown;
	if (!moves[s->state][v])
		return &fault_verb_too_early;
	if (idle_verbs[v] && ++s->idle > SMTP_IDLE_MAX) {
		close_with(s, &fault_session_errors);
		return OK;
	}
	return moves[s->state][v](s, argument);
}

/* The line may have been a password, or a SASL message; nobody needs it any
 * more. */
static void
wipe_line(struct smtp_server *s)
{
	explicit_bzero(s->line.storage, sizeof s->line.storage);
}

/* A refused command: say why; too many end the session. */
static void
refuse(struct smtp_server *s, const struct fault *f)
{
	bool counts = f != &fault_rcpt_too_many &&
		f != &fault_message_too_large && f != &fault_login_needed &&
		f != &fault_tls_needed;

	wipe_line(s);
	if (counts && ++s->bad >= SMTP_BAD_MAX) {
		bool burn = s->asking; /* the host hears of it all the same */

		close_with(s, &fault_session_errors);
		s->asking = burn;
		s->next = SMTP_OVER;
		return;
	}
	MUST(put_reply_fault(&s->out, f));
}

static void
command(struct smtp_server *s, struct span line)
{
	const struct fault *f = obey(s, line);

	if (f)
		refuse(s, f);
}

/* --- SASL ---------------------------------------------------------------- */

/* The client does not go on: the host forgets how far the login came. */
static void
drop_login(struct smtp_server *s, const struct fault *f)
{
	refuse(s, f);
	if (s->state != SMTP_OVER)
		ask(s, SMTP_ASK_LOGIN_DROP, SMTP_READY);
}

static void
log_in(struct smtp_server *s)
{
	wipe_line(s);
	s->state = SMTP_READY;
	s->logged_in = true;
	say(s, 235, "2.7.0", "Authentication succeeded");
}

static void
sasl_line(struct smtp_server *s, struct span line)
{
	bool last_word = s->last_word;

	s->last_word = false;
	s->state = SMTP_READY;
	s->ask = (struct smtp_ask){ 0 };
	if (span_equals(line, SPAN("*")))
		drop_login(s, &fault_auth_aborted);
	else if (last_word && line.len == 0) /* SCRAM's end */
		log_in(s);
	else if (last_word || take_blob(s, line))
		drop_login(s, &fault_auth_blob);
	else
		ask(s, SMTP_ASK_LOGIN_STEP, SMTP_READY);
}

static void
put_challenge(struct smtp_server *s, struct span blob)
{
	wipe_line(s);
	MUST(buf_put_text(&s->out, "334 ") && put_base64(&s->out, blob) &&
		buf_put_text(&s->out, "\r\n"));
	s->state = SMTP_IN_AUTH;
}

void
smtp_challenge(struct smtp_server *s, struct span blob)
{
	MUST(s->asking && blob.len <= SMTP_BLOB_MAX);
	s->asking = false;
	put_challenge(s, blob);
}

void
smtp_login_done(struct smtp_server *s, const struct fault *f, struct span last)
{
	MUST(s->asking && last.len <= SMTP_BLOB_MAX);
	s->asking = false;
	if (f) {
		s->state = SMTP_READY;
		refuse(s, f);
	} else if (span_is_set(last)) {
		s->last_word = true;
		put_challenge(s, last);
	} else {
		log_in(s);
	}
}

/* --- data ---------------------------------------------------------------- */

/* Octets of the message that may come before something changes: first it is
 * too large, then the session ends. */
static uint64_t
data_room(const struct smtp_server *s)
{
	uint64_t max = s->profile->max_message;

	return (s->txn.received < max ? max : SMTP_DRAIN_MAX * max) -
		s->txn.received;
}

/* The next octets of the message, so many that the limits fall between two
 * pieces: wherever the network cuts, the host sees the same octets.  What is
 * too large is read so that the client hears of it, but not for ever. */
static FALLIBLE
take_data(struct smtp_server *s, struct span *in, struct span *piece, bool *end)
{
	uint64_t room = data_room(s);
	struct span part = span_at(in->at, in->len < room ? in->len : room);
	size_t len = part.len;

	TRY(data_next(&s->txn.data, &part, piece, end));
	span_shift_upto(in, len - part.len);
	s->txn.received += piece->len;
	return data_room(s) > 0 ? OK : &fault_message_too_large;
}

/* One step of the message; false when there is nothing to do. */
static bool
read_data(struct smtp_server *s, struct span *in)
{
	struct span piece;
	bool end;
	const struct fault *f = take_data(s, in, &piece, &end);

	if (f) { /* the stream has no next command */
		close_with(s, f);
		return true;
	}
	if (s->txn.received > s->profile->max_message && !s->txn.failed)
		s->txn.failed = &fault_message_too_large;
	if (end) {
		s->messages++;
		if (s->txn.failed) {
			MUST(put_reply_fault(&s->out, s->txn.failed));
			forget_for(s, SMTP_READY);
		} else {
			s->ask = (struct smtp_ask){ 0 };
			ask(s, SMTP_ASK_KEEP, SMTP_READY);
		}
		return true;
	}
	if (piece.len > 0 && !s->txn.failed) {
		s->ask = (struct smtp_ask){ .octets = piece };
		ask(s, SMTP_ASK_OCTETS, SMTP_IN_DATA);
		return true;
	}
	return in->len > 0;
}

/* --- answers ------------------------------------------------------------- */

/* The transaction is over, kept or refused: the host has forgotten it. */
static void
end_txn(struct smtp_server *s)
{
	txn_reset(s);
	s->state = SMTP_READY;
}

void
smtp_kept(struct smtp_server *s, struct span id)
{
	uint8_t text[80];
	struct buf b = BUF(text);

	MUST(s->asking && s->ask.verb == SMTP_ASK_KEEP);
	MUST(buf_put_text(&b, "Accepted ") && buf_put(&b, id));
	s->asking = false;
	MUST(put_reply(&s->out, 250, "2.0.0", buf_view(&b)));
	s->idle = 0;
	end_txn(s);
}

static void
answer_rcpt(struct smtp_server *s, const struct fault *f)
{
	if (!f) {
		s->txn.rcpts++;
		s->state = SMTP_HAS_RCPT;
		ok(s, "2.1.5");
		return;
	}
	if (f->blame == BLAME_PEER && ++s->refused >= SMTP_REFUSED_MAX)
		close_with(s, &fault_session_refusals);
	else
		MUST(put_reply_fault(&s->out, f));
}

void
smtp_answer(struct smtp_server *s, const struct fault *f)
{
	enum smtp_ask_verb verb = s->ask.verb;

	MUST(s->asking);
	s->asking = false;
	switch (verb) {
	case SMTP_ASK_RCPT:
		answer_rcpt(s, f);
		return;
	case SMTP_ASK_OCTETS:
		if (f && !s->txn.failed)
			s->txn.failed = f;
		return;
	case SMTP_ASK_TLS:
		MUST(f); /* success is smtp_secured */
		close_with(s, f);
		return;
	case SMTP_ASK_KEEP:
		MUST(f); /* success is smtp_kept */
		MUST(put_reply_fault(&s->out, f));
		end_txn(s);
		return;
	case SMTP_ASK_BURN:
	case SMTP_ASK_FORGET:
	case SMTP_ASK_LOGIN_DROP:
		s->state = s->next;
		return;
	default:
		break;
	}
	if (f) {
		if (f == &fault_data_pipelined)
			close_with(s, f);
		else if (f->blame == BLAME_PEER)
			refuse(s, f);
		else
			MUST(put_reply_fault(&s->out, f));
		return;
	}
	s->state = s->next;
	if (verb == SMTP_ASK_MAIL)
		ok(s, "2.1.0");
	if (verb == SMTP_ASK_BODY)
		MUST(put_reply(&s->out, 354, NULL,
			SPAN("End data with <CR><LF>.<CR><LF>")));
}

static void
greet(struct smtp_server *s)
{
	MUST(buf_put_text(&s->out, "220 ") && buf_put(&s->out, s->profile->host) &&
		buf_put_text(&s->out, " ESMTP\r\n"));
}

void
smtp_secured(struct smtp_server *s, bool binding)
{
	bool first = s->profile->tls_from_start;

	/* RFC 3207 section 4.2: all that was known before is forgotten. */
	s->asking = false;
	s->secured = true;
	s->binding = binding;
	s->logged_in = s->extended = false;
	s->helo_len = 0;
	txn_reset(s);
	line_reader_init(&s->line);
	s->state = SMTP_CONNECTED;
	if (first)
		greet(s);
}

void
smtp_bye(struct smtp_server *s, const struct fault *f)
{
	if (s->state == SMTP_OVER)
		return;
	if (buf_room(&s->out) >= ROOM)
		close_with(s, f);
	s->state = SMTP_OVER;
	s->asking = false;
}

/* --- running ------------------------------------------------------------- */

void
smtp_server_init(struct smtp_server *s, const struct smtp_profile *p)
{
	*s = (struct smtp_server){ .profile = p, .state = SMTP_CONNECTED };
	s->out = BUF(s->out_storage);
	line_reader_init(&s->line);
	txn_reset(s);
	if (!p->tls_from_start)
		greet(s);
}

/* One line; false when none is complete. */
static bool
read_line(struct smtp_server *s, struct span *in)
{
	struct span line;
	const struct fault *f = line_next(&s->line, in, &line);

	if (f) {
		wipe_line(s);
		close_with(s, f);
		return true;
	}
	if (!span_is_set(line))
		return false;
	s->lines++;
	s->more = in->len > 0;
	if (s->state == SMTP_IN_AUTH)
		sasl_line(s, line);
	else
		command(s, line);
	return true;
}

enum smtp_turn
smtp_run(struct smtp_server *s, struct span *in)
{
	for (;;) {
		bool went_on;

		if (s->asking)
			return SMTP_ASK;
		if (s->state == SMTP_OVER)
			return SMTP_CLOSE;
		if (buf_room(&s->out) < ROOM)
			return SMTP_WRITE;
		went_on = s->state == SMTP_IN_DATA ? in->len > 0 &&
				read_data(s, in)
						   : read_line(s, in);
		if (!went_on)
			return SMTP_READ;
	}
}

struct span
smtp_output(const struct smtp_server *s)
{
	return buf_view(&s->out);
}

void
smtp_sent(struct smtp_server *s, size_t n)
{
	buf_drop(&s->out, n);
}

struct span
smtp_helo(const struct smtp_server *s)
{
	return span_at(s->helo, s->helo_len);
}

/* RFC 3848: S for TLS, A for a login. */
struct span
smtp_protocol(const struct smtp_server *s)
{
	if (!s->extended)
		return SPAN("SMTP");
	if (s->secured && s->logged_in)
		return SPAN("ESMTPSA");
	return s->secured ? SPAN("ESMTPS") : SPAN("ESMTP");
}
