/* NC-2.1.1: only what is permitted is open. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/number.h"
#include "standard/checks.h"
#include "standard/programs.h"
#include "standard/talk.h"
#include "sys/fd.h"
#include "sys/sockets.h"
#include "trust/roles.h"

static uint32_t
expired_permits(const struct inspection *i)
{
	uint32_t n = 0;

	for (uint32_t k = 0; k < i->site->permits_count; k++)
		n += !site_permit_open(&i->site->permits[k], i->now);
	return n;
}

/* How many sockets are judged so; their names, as far as they fit. */
static uint32_t
count_sockets(const struct inspection *i, const struct sockets_scan *s,
	enum socket_verdict verdict, struct buf *names)
{
	uint32_t n = 0;

	for (uint32_t k = 0; k < s->count; k++) {
		if (socket_judge(&s->at[k], i->site, i->now) != verdict)
			continue;
		n++;
		if (names && (names->len == 0 || buf_put_text(names, ", ")))
			(void)put_socket(names, &s->at[k]);
	}
	return n;
}

/* SVC-01 from the inside: the kernel's list is complete, a scan is not. */
void
permits_and_sockets(const struct inspection *i, struct proof *p)
{
	static struct sockets_scan scan;
	pid_t master = site_master(i->site);
	char storage[200] = "", more[64];
	struct buf names = { (uint8_t *)storage, 0, sizeof storage - 1 };
	uint32_t bad, foreign;

	proof_looked(p, "sockets of all kinds and networks against %u permits of "
			"%s; programs installed",
		i->site->permits_count, i->settings);
	if (master == 0 || !programs_more(master, more)) {
		proof_missing(p, "the site does not run, or you are not root");
		return;
	}
	if (sockets_scan(master, &scan) ||
		(site_owns_host(i->site) && scan.unseen > 0)) {
		proof_missing(p, "the kernel does not tell all; are you root?");
		return;
	}
	bad = count_sockets(i, &scan, SOCKET_UNPERMITTED, &names);
	foreign = count_sockets(i, &scan, SOCKET_FOREIGN, NULL);
	if (bad > 0)
		proof_bad(p, "reload, stop what listens there, or use another "
			     "host",
			"%u sockets without a permit: %s", bad, storage);
	else if (more[0])
		proof_bad(p, "remove it: what is not permitted is not installed",
			"there is a program that no role is: %s", more);
	else if (expired_permits(i) > 0)
		proof_remark(p, "review them; renew or remove",
			"%u permits have expired, their sockets are closed",
			expired_permits(i));
	else
		proof_good(p, "%u sockets in %u networks, each of the site's with "
			      "its permit; %u of others%s",
			scan.count, scan.namespaces, foreign,
			site_owns_host(i->site)
				? ""
				: " not judged, for the host is not the site's "
				  "alone");
}

/* SVC-02, SVC-03: what this issue of the program decided on. */
static const char *const smtp_words[] = { "PIPELINING", "SIZE", "8BITMIME",
	"ENHANCEDSTATUSCODES", "STARTTLS", "CHUNKING", "SMTPUTF8", "DSN",
	"LIMITS" };
static const char *const login_words[] = { "PIPELINING", "SIZE", "8BITMIME",
	"ENHANCEDSTATUSCODES", "CHUNKING", "SMTPUTF8", "DSN", "LIMITS", "AUTH" };
static const char *const imap_words[] = { "IMAP4rev1", "LITERAL-", "SASL-IR",
	"ID", "AUTH=PLAIN", "AUTH=SCRAM-SHA-256", "AUTH=SCRAM-SHA-256-PLUS" };

static const struct offer {
	enum service service;
	const char *question;
	const char *const *words;
	size_t count;
} offers[] = {
	{ SERVICE_MX, "EHLO probe.invalid", smtp_words, COUNT_OF(smtp_words) },
	{ SERVICE_SUBMISSION, "EHLO probe.invalid", smtp_words,
		COUNT_OF(smtp_words) },
	{ SERVICE_SUBMISSIONS, "EHLO probe.invalid", login_words,
		COUNT_OF(login_words) },
	{ SERVICE_IMAPS, "CAPABILITY", imap_words, COUNT_OF(imap_words) },
};

static bool
is_decided(const struct offer *o, struct span word)
{
	for (size_t n = 0; n < o->count; n++)
		if (span_equals_nocase(word, span_of(o->words[n])))
			return true;
	return false;
}

static struct span
take_upto(struct span *in, uint8_t end)
{
	struct span s = span_shift_upto(in, span_find_octet(*in, end));

	span_take(in, end);
	return s;
}

/* A word that is offered and was not decided on; SPAN_NONE: there is none.
 * SMTP offers a word a line, its first; IMAP all in one line. */
static struct span
find_undecided(const struct offer *o, const struct talk *t)
{
	struct span lines = span_at(t->reply, t->len);

	if (!t->imap)
		take_upto(&lines, '\n'); /* the name of the host */
	while (lines.len > 0) {
		struct span line = take_upto(&lines, '\n');

		line.len = span_find_octet(line, '\r');
		if (!t->imap) {
			span_shift_upto(&line, 4);
			line.len = span_find_octet(line, ' ');
		} else if (!span_take_nocase(&line, SPAN("* CAPABILITY "))) {
			continue;
		}
		while (line.len > 0) {
			struct span word = take_upto(&line, ' ');

			if (!is_decided(o, word))
				return word;
		}
	}
	return SPAN_NONE;
}

/* The reply to the question in a connection of its own. */
static bool
ask(const struct inspection *i, const struct offer *o,
	const struct site_permit *permit, struct talk *t)
{
	if (!talk_open(t, permit, SITE_TEXT(i->site->host)))
		return false;
	talk_say(t, "%s", o->question);
	talk_close(t);
	return t->code == 250;
}

void
offered_words(const struct inspection *i, struct proof *p)
{
	static struct talk t;
	size_t asked = 0;

	proof_looked(p, "%sEHLO on mx and submission and inside TLS, CAPABILITY of "
			"IMAP, asked from this host",
		site_owns_host(i->site) ? "every TCP port and 12 of UDP; " : "");
	if (!ports_are_permitted(i, p))
		return;
	for (size_t n = 0; n < COUNT_OF(offers); n++) {
		const struct offer *o = &offers[n];
		const struct site_permit *permit = talk_permit(i->site,
			o->service, i->now);
		struct span word;

		if (!permit)
			continue;
		if (!ask(i, o, permit, &t)) {
			proof_missing(p, "%s does not answer",
				service_name(o->service));
			return;
		}
		word = find_undecided(o, &t);
		if (span_is_set(word)) {
			proof_bad(p, "report it: the word has no permit",
				"%s offers %.*s", service_name(o->service),
				(int)word.len, (const char *)word.at);
			return;
		}
		asked++;
	}
	if (asked > 0)
		proof_good(p, "%zu services offer words that were decided on, and "
			      "no other",
			asked);
	else
		proof_missing(p, "no service is open");
}
