/* NC-2.1.3 and NC-2.2.c: what a stranger is told. */
#include <stdio.h>
#include <string.h>

#include "lib/base/number.h"
#include "lib/conf/telling.h"
#include "lib/smtp/server.h"
#include "standard/checks.h"
#include "standard/talk.h"

void
host_name(const struct inspection *i, struct proof *p)
{
	proof_looked(p, "host of %s", i->settings);
	proof_good(p, "%s: the settings refuse names with words of products "
		      "and systems",
		i->site->host);
}

/* BAN-01 to 04, BAN-07: a service, and what is said to it.  The connection is
 * made anew for each, for a server may close after an error. */
static const struct {
	enum service service;
	const char *lines[11];
} surfaces[] = {
	{ SERVICE_MX, { "", "EHLO probe.invalid", "HELO probe.invalid", "HELP",
		"NOOP", "XYZZY", "VRFY root", "MAIL FROM:<", "RSET", "QUIT" } },
	{ SERVICE_SUBMISSION, { "", "EHLO probe.invalid", "HELP", "XYZZY",
		"QUIT" } },
	{ SERVICE_SUBMISSIONS, { "", "EHLO probe.invalid", "HELP", "XYZZY",
		"AUTH XYZZY", "QUIT" } },
	{ SERVICE_IMAPS, { "", "CAPABILITY", "ID NIL", "XYZZY", "LOGIN",
		"LOGOUT" } },
};

/* Does the reply to the line tell something?  False when there is none. */
static bool
look_at_reply(const struct inspection *i, const struct site_permit *permit,
	const char *line, struct span *word)
{
	static struct talk t;
	struct span host = SITE_TEXT(i->site->host);

	if (!talk_open(&t, permit, host))
		return false;
	if (*line)
		talk_say(&t, "%s", line);
	*word = telling_find(span_at(t.reply, t.len), host);
	talk_close(&t);
	return t.len > 0;
}

void
replies(const struct inspection *i, struct proof *p)
{
	size_t asked = 0;

	proof_looked(p, "greeting and replies of all services, errors included, "
			"asked from this host");
	for (size_t n = 0; n < COUNT_OF(surfaces); n++) {
		const struct site_permit *permit = talk_permit(i->site,
			surfaces[n].service, i->now);
		const char *name = service_name(surfaces[n].service);

		for (size_t k = 0; permit && surfaces[n].lines[k]; k++) {
			const char *line = surfaces[n].lines[k];
			struct span word;

			if (!look_at_reply(i, permit, line, &word)) {
				proof_missing(p, "%s does not answer \"%s\"",
					name, line);
				return;
			}
			if (span_is_set(word)) {
				proof_bad(p, "report it: there is no setting "
					     "for it",
					"%s tells \"%.*s\" in the reply to "
					"\"%s\"",
					name, (int)word.len,
					(const char *)word.at, line);
				return;
			}
			asked++;
		}
	}
	if (asked > 0)
		proof_good(p, "no word of a product or a system and no version in "
			      "%zu replies",
			asked);
	else
		proof_missing(p, "no service is open");
}

/* --- NC-2.2.c -------------------------------------------------------------- */

/* Whatever the program obeys, NC-2.2.c; LHLO is for programs of this host and
 * refused elsewhere. */
void
command_table(const struct inspection *i, struct proof *p)
{
	static const char *const needed[] = { "EHLO", "HELO", "LHLO", "STARTTLS",
		"AUTH", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "NOOP", "QUIT",
		"VRFY", "EXPN", "HELP" };
	const char *verb;
	size_t n = 0;

	(void)i;
	proof_looked(p, "table of commands of the program");
	for (; (verb = smtp_verb(n)); n++) {
		size_t k = 0;

		while (k < COUNT_OF(needed) && strcmp(verb, needed[k]) != 0)
			k++;
		if (k == COUNT_OF(needed)) {
			proof_bad(p, "report it: there is no setting for it",
				"%s is obeyed", verb);
			return;
		}
	}
	proof_good(p, "%zu commands, each of which SMTP needs or answers alike",
		n);
}

/* Reply to one command after EHLO, in a connection of its own. */
static bool
ask(const struct site_permit *mx, const char *line, struct talk *t)
{
	if (!mx || !talk_open(t, mx, SPAN("probe.invalid")))
		return false;
	talk_say(t, "EHLO probe.invalid");
	talk_say(t, "%s", line);
	talk_close(t);
	return t->code != 0;
}

/* CMD-01, CMD-02: one answer for whatever is asked. */
static bool
is_constant(const struct site_permit *mx, const char *const *lines,
	size_t count, struct proof *p)
{
	static struct talk first, other;

	for (size_t n = 0; n < count; n++) {
		struct talk *t = n == 0 ? &first : &other;

		if (!ask(mx, lines[n], t)) {
			proof_missing(p, "\"%s\" is not answered", lines[n]);
			return false;
		}
		if (t->code == 250 || t->code == 251 ||
			strcmp(first.reply, t->reply) != 0) {
			proof_bad(p, "report it: there is no setting for it",
				"\"%s\" is answered differently: %.120s",
				lines[n], t->reply);
			return false;
		}
	}
	return true;
}

/* CMD-03..17: commands that must not be there. */
static bool
is_refused(const struct site_permit *mx, const char *line, struct proof *p)
{
	static struct talk t;

	if (!ask(mx, line, &t)) {
		proof_missing(p, "\"%s\" is not answered", line);
		return false;
	}
	if (t.code == 500 || t.code == 502 || t.code == 503 || t.code == 550)
		return true;
	proof_bad(p, "report it: there is no setting for it",
		"\"%s\" is answered with %d", line, t.code);
	return false;
}

void
silent_commands(const struct inspection *i, struct proof *p)
{
	static const char *const vrfy[] = { "VRFY postmaster", "VRFY nosuch",
		"VRFY root", "VRFY a@b.invalid" };
	static const char *const expn[] = { "EXPN postmaster", "EXPN all" };
	static const char *const gone[] = { "ETRN probe.invalid", "ATRN",
		"TURN", "SEND FROM:<>", "SOML FROM:<>", "SAML FROM:<>", "DEBUG",
		"WIZ", "XCLIENT ADDR=127.0.0.1", "XFORWARD ADDR=127.0.0.1",
		"XEXCH50 1 2", "BURL imap://x LAST" };
	const struct site_permit *mx = talk_permit(i->site, SERVICE_MX, i->now);

	proof_looked(p, "VRFY, EXPN and 12 commands more on the mx port, asked "
			"from this host");
	if (!is_constant(mx, vrfy, 4, p) || !is_constant(mx, expn, 2, p))
		return;
	for (size_t n = 0; n < sizeof gone / sizeof gone[0]; n++)
		if (!is_refused(mx, gone[n], p))
			return;
	proof_good(p, "one answer for every argument; the others are refused");
}
