#include "lib/smtp/server_part.h"

/* --- replies ------------------------------------------------------------- */

void
smtp_say(struct smtp_server *s, unsigned code, const char *enhanced,
	const char *text)
{
	MUST(put_reply(&s->out, code, enhanced, span_of(text)));
}

static void
ok(struct smtp_server *s, const char *enhanced)
{
	smtp_say(s, 250, enhanced, "OK");
}

void
smtp_close_with(struct smtp_server *s, const struct fault *f)
{
	MUST(put_reply_fault(&s->out, f));
	s->state = SMTP_OVER;
	s->asking = false;
}

/* --- transaction --------------------------------------------------------- */

void
smtp_txn_reset(struct smtp_server *s)
{
	s->txn = (struct smtp_txn){ 0 };
	data_reader_init(&s->txn.data);
}

void
smtp_ask(struct smtp_server *s, enum smtp_ask_verb verb, enum smtp_state next)
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
		s->state == SMTP_HAS_CHUNKS || s->state == SMTP_IN_DATA;
}

void
smtp_forget_for(struct smtp_server *s, enum smtp_state next)
{
	bool tell = has_txn(s);

	smtp_txn_reset(s);
	s->ask = (struct smtp_ask){ 0 };
	if (tell)
		smtp_ask(s, SMTP_ASK_FORGET, next);
	else
		s->state = next;
}

/* --- refusals ------------------------------------------------------------ */

void
smtp_wipe_line(struct smtp_server *s)
{
	explicit_bzero(s->line.storage, sizeof s->line.storage);
}

bool
smtp_is_idle(struct smtp_server *s)
{
	if (++s->idle <= SMTP_IDLE_MAX)
		return false;
	smtp_close_with(s, &fault_session_errors);
	return true;
}

/* Well said, only not now or not so much: it leads nowhere, but is no bad
 * command. */
static bool
is_well_said(const struct fault *f)
{
	return f == &fault_message_too_large || f == &fault_login_needed ||
		f == &fault_tls_needed;
}

void
smtp_refuse(struct smtp_server *s, const struct fault *f)
{
	bool counts = f != &fault_rcpt_too_many && !is_well_said(f);
	bool burn = s->asking; /* the host hears of it all the same */

	if (!burn)
		smtp_wipe_line(s);
	if (counts && ++s->bad >= SMTP_BAD_MAX) {
		smtp_close_with(s, &fault_session_errors);
		s->asking = burn;
		s->next = SMTP_OVER;
		return;
	}
	if (is_well_said(f) && smtp_is_idle(s))
		return;
	MUST(put_reply_fault(&s->out, f));
}

/* --- verbs --------------------------------------------------------------- */

static void
put_word(struct smtp_server *s, struct span word)
{
	MUST(put_reply_line(&s->out, 250, word, false));
}

static void
put_mechanisms(struct smtp_server *s)
{
	uint8_t text[64];
	struct buf b = BUF(text);

	MUST(buf_put_text(&b, "AUTH") &&
		(!s->certified || buf_put_text(&b, " EXTERNAL")) &&
		(!s->binding || buf_put_text(&b, " SCRAM-SHA-256-PLUS")) &&
		buf_put_text(&b, " SCRAM-SHA-256 PLAIN"));
	put_word(s, buf_view(&b));
}

static void
put_size(struct smtp_server *s)
{
	uint8_t text[32];
	struct buf b = BUF(text);

	MUST(buf_put_text(&b, "SIZE ") &&
		buf_put_number(&b, s->profile->max_message));
	put_word(s, buf_view(&b));
}

/* RFC 9422 */
static void
put_limits(struct smtp_server *s)
{
	uint8_t text[64];
	struct buf b = BUF(text);

	MUST(buf_put_text(&b, "LIMITS MAILMAX=") &&
		buf_put_number(&b, s->profile->max_messages) &&
		buf_put_text(&b, " RCPTMAX=") &&
		buf_put_number(&b, s->profile->max_rcpts));
	put_word(s, buf_view(&b));
}

static void
put_capabilities(struct smtp_server *s)
{
	const struct smtp_profile *p = s->profile;

	put_word(s, p->host);
	put_word(s, SPAN("PIPELINING"));
	put_size(s);
	put_word(s, SPAN("8BITMIME"));
	put_word(s, SPAN("SMTPUTF8"));
	if (!p->lmtp)
		put_word(s, SPAN("CHUNKING"));
	if (p->submission)
		put_word(s, SPAN("DSN"));
	put_limits(s);
	if (p->tls_offered && !s->secured)
		put_word(s, SPAN("STARTTLS"));
	if (p->submission && s->secured && !s->logged_in)
		put_mechanisms(s);
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
	smtp_forget_for(s, SMTP_READY);
	return OK;
}

static FALLIBLE
helo(struct smtp_server *s, struct span argument)
{
	TRY(take_helo(s, argument));
	s->extended = false;
	MUST(put_reply(&s->out, 250, NULL, s->profile->host));
	smtp_forget_for(s, SMTP_READY);
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
		smtp_close_with(s, &fault_data_pipelined);
		return OK;
	}
	smtp_say(s, 220, "2.0.0", "Ready to start TLS");
	s->ask = (struct smtp_ask){ 0 };
	smtp_ask(s, SMTP_ASK_TLS, SMTP_CONNECTED);
	return OK;
}

static FALLIBLE
mail(struct smtp_server *s, struct span argument)
{
	struct command_mail m;

	if (s->profile->submission && !s->secured)
		return &fault_tls_needed;
	if (s->profile->submission && !s->logged_in && !s->listed)
		return &fault_login_needed;
	TRY(command_mail(argument, &m));
	if (!s->profile->submission && (m.ret || span_is_set(m.envid)))
		return &fault_parameter_unknown; /* DSN is not offered */
	if (m.size > s->profile->max_message)
		return &fault_message_too_large;
	if (s->messages >= s->profile->max_messages) {
		smtp_close_with(s, &fault_session_messages);
		return OK;
	}
	smtp_txn_reset(s);
	s->ask = (struct smtp_ask){ .path = m.path,
		.address = m.address,
		.size = m.size,
		.utf8 = m.utf8,
		.ret = m.ret,
		.envid = m.envid };
	smtp_ask(s, SMTP_ASK_MAIL, SMTP_HAS_SENDER);
	return OK;
}

static FALLIBLE
rcpt(struct smtp_server *s, struct span argument)
{
	struct command_rcpt r;

	TRY(command_rcpt(argument, s->txn.utf8, &r));
	if (!s->profile->submission && (r.notify || span_is_set(r.orcpt)))
		return &fault_parameter_unknown;
	if (s->txn.rcpts >= s->profile->max_rcpts)
		return &fault_rcpt_too_many;
	s->ask = (struct smtp_ask){ .path = r.path,
		.address = r.address,
		.postmaster = r.postmaster,
		.notify = r.notify,
		.orcpt = r.orcpt };
	smtp_ask(s, SMTP_ASK_RCPT, SMTP_HAS_RCPT);
	return OK;
}

static FALLIBLE
rset(struct smtp_server *s, struct span argument)
{
	if (argument.len > 0)
		return &fault_verb_argument;
	ok(s, "2.0.0");
	smtp_forget_for(s, s->state == SMTP_CONNECTED ? SMTP_CONNECTED : SMTP_READY);
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
	smtp_say(s, 221, "2.0.0", "Bye");
	smtp_txn_reset(s);
	s->state = SMTP_OVER;
	return OK;
}

/* RFC 5321 section 7.3: the same words whoever is asked for. */
static FALLIBLE
vrfy(struct smtp_server *s, struct span argument)
{
	(void)argument;
	smtp_say(s, 252, "2.5.2",
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
	smtp_say(s, 214, "2.0.0", "See RFC 5321");
	return OK;
}

/* --- the table ----------------------------------------------------------- */

enum verb { EHLO, HELO, LHLO, STARTTLS, AUTH, MAIL, RCPT, DATA, BDAT, RSET,
	NOOP, QUIT, VRFY, EXPN, HELP, VERBS };

static const char *const verb_names[VERBS] = { "EHLO", "HELO", "LHLO",
	"STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "NOOP",
	"QUIT", "VRFY", "EXPN", "HELP" };

const char *
smtp_verb(size_t i)
{
	return i < VERBS ? verb_names[i] : NULL;
}

typedef const struct fault *action(struct smtp_server *s, struct span argument);

/* What a verb does in a state.  The state moves only if the action (and, when
 * it asks, the answer) succeeds; an empty cell is "503 bad sequence of
 * commands".  IN_DATA, IN_CHUNK, IN_AUTH and OVER read no verbs; BDAT is at home
 * everywhere, for its octets have to be read wherever it comes. */
/* clang-format off */
static action *const moves[SMTP_STATES][VERBS] = {
	[SMTP_CONNECTED] = {
		[EHLO] = ehlo, [HELO] = helo, [LHLO] = ehlo,
		[AUTH] = smtp_auth,
		[BDAT] = smtp_bdat, [RSET] = rset, [NOOP] = noop,
		[QUIT] = quit, [VRFY] = vrfy, [EXPN] = expn, [HELP] = help,
	},
	[SMTP_READY] = {
		[EHLO] = ehlo, [HELO] = helo, [LHLO] = ehlo,
		[STARTTLS] = starttls,
		[AUTH] = smtp_auth, [MAIL] = mail, [BDAT] = smtp_bdat,
		[RSET] = rset, [NOOP] = noop,
		[QUIT] = quit, [VRFY] = vrfy, [EXPN] = expn, [HELP] = help,
	},
	[SMTP_HAS_SENDER] = {
		[EHLO] = ehlo, [HELO] = helo, [LHLO] = ehlo,
		[STARTTLS] = starttls,
		[RCPT] = rcpt, [BDAT] = smtp_bdat, [RSET] = rset,
		[NOOP] = noop,
		[QUIT] = quit, [VRFY] = vrfy, [EXPN] = expn, [HELP] = help,
	},
	[SMTP_HAS_RCPT] = {
		[EHLO] = ehlo, [HELO] = helo, [LHLO] = ehlo,
		[STARTTLS] = starttls,
		[RCPT] = rcpt, [DATA] = smtp_data, [BDAT] = smtp_bdat,
		[RSET] = rset, [NOOP] = noop,
		[QUIT] = quit, [VRFY] = vrfy, [EXPN] = expn, [HELP] = help,
	},
	[SMTP_HAS_CHUNKS] = {
		[EHLO] = ehlo, [HELO] = helo, [LHLO] = ehlo,
		[STARTTLS] = starttls,
		[BDAT] = smtp_bdat, [RSET] = rset, [NOOP] = noop,
		[QUIT] = quit, [VRFY] = vrfy, [EXPN] = expn, [HELP] = help,
	},
};
/* clang-format on */

/* Verbs that lead to no message.  A session that says little else holds a place
 * that others need (EN-D19). */
static const bool idle_verbs[VERBS] = {
	[EHLO] = true, [HELO] = true, [LHLO] = true, [RSET] = true,
	[NOOP] = true,
	[VRFY] = true, [HELP] = true,
};

/* Verbs that a service does not have are unknown in every state. */
static bool
is_offered(const struct smtp_server *s, enum verb v)
{
	if (v == EHLO || v == HELO || v == BDAT)
		return !s->profile->lmtp;
	if (v == LHLO)
		return s->profile->lmtp;
	if (v == AUTH)
		return s->profile->submission;
	if (v == STARTTLS)
		return s->profile->tls_offered && !s->profile->tls_from_start;
	return true;
}

static enum verb
find_verb(struct span name)
{
	for (enum verb v = 0; v < VERBS; v++)
		if (span_equals_nocase(name, span_of(verb_names[v])))
			return v;
	return VERBS;
}

static FALLIBLE
obey(struct smtp_server *s, struct span line)
{
	struct span name, argument;
	enum verb v;

	TRY(command_split(line, &name, &argument));
	v = find_verb(name);
	if (v == AUTH && s->profile->burns && !s->secured)
		smtp_burn(s, argument);
	if (v == VERBS || !is_offered(s, v))
		return &fault_verb_unknown;
	if (!moves[s->state][v])
		return &fault_verb_too_early;
	if (idle_verbs[v] && smtp_is_idle(s))
		return OK;
	return moves[s->state][v](s, argument);
}

static void
command(struct smtp_server *s, struct span line)
{
	const struct fault *f = obey(s, line);

	if (f)
		smtp_refuse(s, f);
}

/* --- answers ------------------------------------------------------------- */

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
		smtp_close_with(s, &fault_session_refusals);
	else
		MUST(put_reply_fault(&s->out, f));
}

void
smtp_answer(struct smtp_server *s, const struct fault *f)
{
	enum smtp_ask_verb verb = s->ask.verb;
	size_t start = s->out.len;

	MUST(s->asking);
	s->asking = false;
	if (verb == SMTP_ASK_BURN)
		smtp_wipe_line(s);
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
		smtp_close_with(s, f);
		return;
	case SMTP_ASK_KEEP:
		MUST(f); /* success is smtp_kept */
		MUST(put_reply_fault(&s->out, f));
		smtp_answered_data(s, start);
		smtp_end_txn(s);
		return;
	case SMTP_ASK_BURN:
	case SMTP_ASK_FORGET:
	case SMTP_ASK_LOGIN_DROP:
		s->state = s->next;
		return;
	default:
		break;
	}
	if (verb == SMTP_ASK_BODY && s->next == SMTP_IN_CHUNK) {
		smtp_chunk_begin(s, f);
		return;
	}
	if (f) {
		if (f == &fault_data_pipelined)
			smtp_close_with(s, f);
		else if (f->blame == BLAME_PEER)
			smtp_refuse(s, f);
		else
			MUST(put_reply_fault(&s->out, f));
		return;
	}
	s->state = s->next;
	if (verb == SMTP_ASK_MAIL) {
		s->txn.utf8 = s->ask.utf8;
		ok(s, "2.1.0");
	}
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
	s->logged_in = s->extended = s->certified = s->listed = false;
	s->helo_len = 0;
	smtp_txn_reset(s);
	line_reader_init(&s->line);
	s->state = SMTP_CONNECTED;
	if (first)
		greet(s);
}

void
smtp_certified(struct smtp_server *s)
{
	MUST(s->secured);
	s->certified = true;
}

void
smtp_listed(struct smtp_server *s)
{
	MUST(s->secured);
	s->listed = true;
}

void
smtp_bye(struct smtp_server *s, const struct fault *f)
{
	if (s->state == SMTP_OVER)
		return;
	if (buf_room(&s->out) >= SMTP_ROOM)
		smtp_close_with(s, f);
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
	smtp_txn_reset(s);
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
		smtp_wipe_line(s);
		smtp_close_with(s, f);
		return true;
	}
	if (!span_is_set(line))
		return false;
	s->lines++;
	s->more = in->len > 0;
	if (s->state == SMTP_IN_AUTH)
		smtp_sasl_line(s, line);
	else if (s->line.lost > 0)
		smtp_refuse(s, &fault_line_too_long);
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
		if (buf_room(&s->out) < SMTP_ROOM)
			return SMTP_WRITE;
		if (s->echoes > 0) {
			s->echoes--;
			MUST(buf_put(&s->out, span_at(s->echo, s->echo_len)));
			continue;
		}
		switch (s->state) {
		case SMTP_IN_DATA:
			went_on = in->len > 0 && smtp_read_data(s, in);
			break;
		case SMTP_IN_CHUNK:
			went_on = smtp_read_chunk(s, in);
			break;
		default:
			went_on = read_line(s, in);
		}
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

/* S for TLS, A for a login (RFC 3848); UTF8 for SMTPUTF8 (RFC 6531 section
 * 4.3). */
struct span
smtp_protocol(const struct smtp_server *s)
{
	static const char *const names[2][2][2] = {
		{ { "ESMTP", "ESMTPA" }, { "ESMTPS", "ESMTPSA" } },
		{ { "UTF8SMTP", "UTF8SMTPA" }, { "UTF8SMTPS", "UTF8SMTPSA" } },
	};

	if (s->profile->lmtp)
		return s->txn.utf8 ? SPAN("UTF8LMTP") : SPAN("LMTP");
	if (!s->extended)
		return SPAN("SMTP");
	return span_of(names[s->txn.utf8][s->secured][s->logged_in]);
}
