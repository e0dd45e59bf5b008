/* NC-2.1.3 and NC-2.2.c: what a stranger is told. */
#include <stdio.h>
#include <string.h>

#include "standard/checks.h"
#include "standard/talk.h"

/* BAN-01..: product and system words.  A version is a number with a dot that
 * is neither an enhanced status code nor an address. */
static const char *const telling[] = { "posthold", "postfix", "exim",
	"sendmail", "exchange", "microsoft", "dovecot", "qmail", "opensmtpd",
	"linux", "ubuntu", "debian", "centos", "red hat", "fedora", "suse",
	"windows", "freebsd", "openbsd", "openssl", "gsasl", "version" };

static const char *
find_telling(const struct talk *t, struct span host)
{
	struct span text = span_at(t->reply, t->len);

	for (size_t i = 0; i < sizeof telling / sizeof telling[0]; i++) {
		struct span word = span_of(telling[i]);

		if (span_find_nocase(text, word) < text.len &&
			span_find_nocase(host, word) == host.len)
			return telling[i];
	}
	return NULL;
}

void
host_name(const struct inspection *i, struct proof *p)
{
	proof_looked(p, "host of %s", i->settings);
	proof_good(p, "%s: the settings refuse names with words of products "
		      "and systems",
		i->site->host);
}

/* Does every reply to `lines` hold no telling word?  The connection is made
 * anew for each, for a server may close after an error. */
void
replies(const struct inspection *i, struct proof *p)
{
	static const char *const lines[] = { "", "EHLO probe.invalid",
		"HELO probe.invalid", "HELP", "NOOP", "XYZZY", "VRFY root",
		"MAIL FROM:<", "RSET", "QUIT" };
	const struct site_permit *mx = talk_permit(i->site, SERVICE_MX, i->now);
	const char *word = NULL;
	struct talk t;

	proof_looked(p, "greeting and replies to 9 commands on the mx port, "
			"asked from this host");
	for (size_t n = 0; n < sizeof lines / sizeof lines[0]; n++) {
		if (!mx || !talk_open(&t, mx)) {
			proof_missing(p, "the service does not answer");
			return;
		}
		if (*lines[n])
			talk_say(&t, "%s", lines[n]);
		word = find_telling(&t, SITE_TEXT(i->site->host));
		talk_close(&t);
		if (word) {
			proof_bad(p, "report it: there is no setting for it",
				"\"%s\" in the reply to \"%s\"", word,
				lines[n]);
			return;
		}
	}
	proof_good(p, "no word of a product, a system or a version");
}

/* --- NC-2.2.c -------------------------------------------------------------- */

/* Reply to one command after EHLO, in a connection of its own. */
static bool
ask(const struct site_permit *mx, const char *line, struct talk *t)
{
	if (!mx || !talk_open(t, mx))
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
	struct talk t;

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
