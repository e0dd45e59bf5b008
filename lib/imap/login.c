#include "lib/imap/login.h"

#include "lib/base/base64.h"
#include "lib/base/must.h"
#include "lib/base/number.h"
#include "lib/imap/session.h"
#include "lib/imap/syntax.h"
#include "lib/mime/imap_text.h"

typedef void command(struct imap_login *l, struct span args);
static command do_capability, do_noop, do_logout, do_id, do_login,
	do_authenticate;

static const struct {
	struct span name;
	command *run;
} commands[] = {
	{ SPAN("CAPABILITY"), do_capability },
	{ SPAN("NOOP"), do_noop },
	{ SPAN("LOGOUT"), do_logout },
	{ SPAN("ID"), do_id },
	{ SPAN("LOGIN"), do_login },
	{ SPAN("AUTHENTICATE"), do_authenticate },
};

static const struct span mechanisms[] = {
	[LOGIN_PLAIN] = SPAN("PLAIN"),
	[LOGIN_SCRAM_SHA_256] = SPAN("SCRAM-SHA-256"),
	[LOGIN_SCRAM_SHA_256_PLUS] = SPAN("SCRAM-SHA-256-PLUS"),
	[LOGIN_EXTERNAL] = SPAN("EXTERNAL"),
};

static bool
has_mechanism(const struct imap_login *l, enum login_mechanism m)
{
	if (m == LOGIN_EXTERNAL)
		return l->setup.certified;
	return m == LOGIN_PLAIN ||
		(l->setup.scram && (m == LOGIN_SCRAM_SHA_256 ||
			l->setup.binding));
}

static void
say(struct imap_login *l, const char *text)
{
	MUST(buf_put_text(&l->out, text));
}

/* The session's capabilities come with the login; before it, only the way in
 * is told. */
static void
say_capability(struct imap_login *l)
{
	say(l, "CAPABILITY IMAP4rev1 LITERAL- SASL-IR ID");
	for (size_t m = 0; m < COUNT_OF(mechanisms); m++)
		if (has_mechanism(l, (enum login_mechanism)m)) {
			say(l, " AUTH=");
			MUST(buf_put(&l->out, mechanisms[m]));
		}
}

/* The last line of the command. */
static void
end(struct imap_login *l, const char *line)
{
	MUST(buf_put(&l->out, span_at(l->tag, l->tag_len)));
	say(l, " ");
	say(l, line);
	say(l, "\r\n");
	l->state = LOGIN_COMMANDS;
}

void
imap_login_bye(struct imap_login *l, const char *text)
{
	if (l->state == LOGIN_OVER)
		return;
	say(l, "* BYE ");
	say(l, text);
	say(l, "\r\n");
	l->state = LOGIN_OVER;
}

static void
end_bad(struct imap_login *l, const char *line)
{
	end(l, line);
	if (++l->bad >= LOGIN_BAD_MAX)
		imap_login_bye(l, "Too many errors");
}

/* What was secret leaves no copy. */
static void
wipe(struct imap_login *l)
{
	explicit_bzero(l->blob_storage, sizeof l->blob_storage);
	buf_clear(&l->blob);
	explicit_bzero(l->frame_storage, l->frame.text.len);
}

static void
do_capability(struct imap_login *l, struct span args)
{
	if (args.len > 0)
		return end_bad(l, "BAD Nothing more expected");
	say(l, "* ");
	say_capability(l);
	say(l, "\r\n");
	end(l, "OK CAPABILITY done");
}

static void
do_noop(struct imap_login *l, struct span args)
{
	if (args.len > 0)
		return end_bad(l, "BAD Nothing more expected");
	end(l, "OK NOOP done");
}

static void
do_logout(struct imap_login *l, struct span args)
{
	if (args.len > 0)
		return end_bad(l, "BAD Nothing more expected");
	say(l, "* BYE Until next time\r\n");
	end(l, "OK LOGOUT done");
	l->state = LOGIN_OVER;
}

static void
do_id(struct imap_login *l, struct span args)
{
	if (!take_sp(&args) || !take_value_imap(&args) || args.len > 0)
		return end_bad(l, "BAD Parameter list expected");
	say(l, "* ID NIL\r\n");
	end(l, "OK ID done");
}

static void
ask(struct imap_login *l, enum login_what what, bool has_blob)
{
	l->ask.what = what;
	l->ask.has_blob = has_blob;
	l->ask.blob = buf_view(&l->blob);
	l->asking = true;
	l->state = LOGIN_IN_SASL;
}

/* Control characters have no place in a credential (P3). */
static bool
is_printable(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] < ' ' || s.at[i] == 0x7f)
			return false;
	return true;
}

/* login = "LOGIN" SP userid SP password.  It becomes the one message of
 * SASL PLAIN, RFC 4616: nobody else has to know of LOGIN. */
static void
do_login(struct imap_login *l, struct span args)
{
	uint8_t storage[LOGIN_BLOB_MAX];
	struct buf scratch = BUF(storage);
	struct span user, password;

	if (!take_sp(&args) || !take_astring(&args, &scratch, &user) ||
		!take_sp(&args) || !take_astring(&args, &scratch, &password) ||
		args.len > 0)
		return end_bad(l, "BAD User and password expected");
	buf_clear(&l->blob);
	if (!is_printable(user) || !is_printable(password) ||
		!buf_push(&l->blob, 0) || !buf_put(&l->blob, user) ||
		!buf_push(&l->blob, 0) || !buf_put(&l->blob, password))
		return end_bad(l, "BAD User or password not possible");
	explicit_bzero(storage, sizeof storage);
	l->ask.mechanism = LOGIN_PLAIN;
	ask(l, LOGIN_START, true);
}

/* base64, or "=" for an empty initial response (RFC 4959) */
static bool
take_blob(struct imap_login *l, struct span text, bool initial)
{
	buf_clear(&l->blob);
	if (initial && span_equals(text, SPAN("=")))
		return true;
	return (text.len > 0 || !initial) && !base64_decode(text, &l->blob);
}

/* authenticate = "AUTHENTICATE" SP auth-type [SP initial-response] */
static void
do_authenticate(struct imap_login *l, struct span args)
{
	struct span name;
	size_t m = 0;
	bool initial;

	if (!take_sp(&args) || !take_atom(&args, &name))
		return end_bad(l, "BAD Mechanism expected");
	while (m < COUNT_OF(mechanisms) &&
		!(has_mechanism(l, (enum login_mechanism)m) &&
			span_equals_nocase(name, mechanisms[m])))
		m++;
	if (m == COUNT_OF(mechanisms))
		return end_bad(l, "NO [CANNOT] Unknown mechanism");
	initial = take_sp(&args);
	if (initial ? !take_blob(l, args, true) : args.len > 0)
		return end_bad(l, "BAD Cannot decode");
	if (!initial)
		buf_clear(&l->blob);
	l->ask.mechanism = (enum login_mechanism)m;
	ask(l, LOGIN_START, initial);
}

static void
run_command(struct imap_login *l)
{
	struct span in = frame_text(&l->frame), tag, name;

	l->tag_len = 1;
	l->tag[0] = '*';
	if (!take_tag(&in, &tag))
		return end_bad(l, "BAD Tag expected");
	memcpy(l->tag, tag.at, tag.len);
	l->tag_len = tag.len;
	if (!take_sp(&in) || !take_atom(&in, &name))
		return end_bad(l, "BAD Command expected");
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		if (span_equals_nocase(name, commands[i].name))
			return commands[i].run(l, in);
	end_bad(l, "BAD Unknown command, or not before login");
}

static void
done(struct imap_login *l)
{
	MUST(buf_put(&l->out, span_at(l->tag, l->tag_len)));
	say(l, " OK [");
	MUST(put_capabilities(&l->out, l->setup.permits));
	say(l, "] Logged in\r\n");
	wipe(l);
	l->state = LOGIN_IN;
}

/* The client is in: the host has its session, so there is no way back. */
static void
run_last_response(struct imap_login *l)
{
	if (frame_text(&l->frame).len > 0)
		return imap_login_bye(l, "Empty response expected");
	done(l);
}

/* A line within the exchange: base64, or "*" to give up. */
static void
run_response(struct imap_login *l)
{
	struct span text = frame_text(&l->frame);

	if (span_equals(text, SPAN("*")))
		return end_bad(l, "BAD Authentication given up");
	if (!take_blob(l, text, false))
		return end_bad(l, "BAD Cannot decode");
	ask(l, LOGIN_RESPONSE, true);
}

/* Literals are for LOGIN and ID; a big one ends the stream, sent or not. */
static void
literal_announced(struct imap_login *l)
{
	bool sync = l->frame.sync;

	if (l->state != LOGIN_COMMANDS || frame_collect(&l->frame))
		return imap_login_bye(l, "Literal not allowed");
	if (sync)
		say(l, "+ Go on\r\n");
}

static void
read_line(struct imap_login *l, struct span *in)
{
	enum frame_event event;
	const struct fault *f = frame_next(&l->frame, in, &event);

	if (f)
		return imap_login_bye(l, f->text);
	if (event == FRAME_LITERAL)
		return literal_announced(l);
	if (event == FRAME_MORE)
		return;
	if (l->state == LOGIN_COMMANDS)
		run_command(l);
	else if (l->state == LOGIN_IN_SASL)
		run_response(l);
	else
		run_last_response(l);
}

enum login_turn
imap_login_run(struct imap_login *l, struct span *in)
{
	for (;;) {
		if (l->state == LOGIN_OVER)
			return LOGIN_CLOSE;
		if (l->state == LOGIN_IN)
			return LOGIN_DONE;
		if (l->asking)
			return LOGIN_ASK;
		if (in->len == 0 || buf_room(&l->out) < LOGIN_OUTPUT_MAX / 2)
			return LOGIN_READ;
		read_line(l, in);
	}
}

void
imap_login_init(struct imap_login *l, const struct login_setup *setup)
{
	memset(l, 0, sizeof *l);
	l->setup = *setup;
	frame_init(&l->frame, l->frame_storage, sizeof l->frame_storage);
	l->blob = BUF(l->blob_storage);
	l->out = BUF(l->out_storage);
	say(l, "* OK [");
	say_capability(l);
	say(l, "] ready\r\n");
}

struct span
imap_login_output(const struct imap_login *l)
{
	return buf_view(&l->out);
}

void
imap_login_sent(struct imap_login *l, size_t n)
{
	buf_drop(&l->out, n);
}

static void
say_challenge(struct imap_login *l, struct span blob)
{
	say(l, "+ ");
	MUST(put_base64(&l->out, blob));
	say(l, "\r\n");
}

void
imap_login_challenge(struct imap_login *l, struct span blob)
{
	MUST(l->asking && blob.len <= LOGIN_BLOB_MAX);
	l->asking = false;
	if (l->state == LOGIN_IN_SASL)
		say_challenge(l, blob);
}

void
imap_login_success(struct imap_login *l, struct span last)
{
	MUST(l->asking && last.len <= LOGIN_BLOB_MAX);
	l->asking = false;
	if (l->state != LOGIN_IN_SASL)
		return;
	if (last.len == 0)
		return done(l);
	say_challenge(l, last);
	l->state = LOGIN_LAST_WORD;
}

void
imap_login_failure(struct imap_login *l, const struct fault *f)
{
	MUST(l->asking);
	l->asking = false;
	if (l->state != LOGIN_IN_SASL)
		return;
	wipe(l);
	if (f->blame == BLAME_PEER)
		end_bad(l, "NO [AUTHENTICATIONFAILED] Authentication failed");
	else
		end(l, "NO [UNAVAILABLE] Try again later");
}
