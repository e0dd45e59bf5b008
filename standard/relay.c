/* NC-2.1.5 and NC-2.1.6: for whom mail is taken, and from whom. */
#include <stdio.h>
#include <string.h>

#include "lib/base/number.h"
#include "standard/checks.h"
#include "standard/talk.h"
#include "sys/settings.h"
#include "trust/rights.h"

/* O is a foreign domain that cannot exist; in the texts %L stands for a domain
 * that is represented, %H for our name, %U for %L in upper case, %0 for NUL. */
#define O "relay-probe.invalid"
#define A "<a@" O ">"

struct question {
	const char *helo, *sender, *rcpt;
};

/* REL-01 to REL-58 of clauses.md section 5.4, without those that need another
 * host or a certificate. */
static const struct question relays[] = {
	/* senders */
	{ NULL, "<>", "<t@" O ">" },
	{ NULL, A, "<t@" O ">" },
	{ NULL, "<postmaster@%L>", "<t@" O ">" },
	{ NULL, "<a@%H>", "<t@" O ">" },
	{ NULL, "<a@[127.0.0.1]>", "<t@" O ">" },
	{ NULL, "<a@localhost>", "<t@" O ">" },
	{ NULL, "<a>", "<t@" O ">" },
	/* percent */
	{ NULL, A, "<t%%" O "@%L>" },
	{ NULL, A, "<t%%" O "@[127.0.0.1]>" },
	{ NULL, A, "<t%%" O "@%H>" },
	{ NULL, A, "<t%%" O ">" },
	/* quoted */
	{ NULL, A, "<\"t@" O "\">" },
	{ NULL, A, "<\"t@" O "\"@%L>" },
	{ NULL, A, "<\"t%%" O "\">" },
	{ NULL, A, "<\"t@" O "\"@[127.0.0.1]>" },
	/* double at */
	{ NULL, A, "<t@" O "@%L>" },
	{ NULL, A, "<t@" O "@[127.0.0.1]>" },
	{ NULL, A, "<t@" O "@>" },
	/* source routes */
	{ NULL, A, "<@%L:t@" O ">" },
	{ NULL, A, "<@[127.0.0.1]:t@" O ">" },
	{ NULL, A, "<@%L,@%H:t@" O ">" },
	{ NULL, A, "<@localhost:t@" O ">" },
	/* bang paths */
	{ NULL, A, "<" O "!t>" },
	{ NULL, A, "<" O "!t@%L>" },
	{ NULL, A, "<" O "!t@[127.0.0.1]>" },
	{ NULL, A, "<%L!" O "!t>" },
	/* forms of a domain */
	{ NULL, A, "<t@" O ".>" },
	{ NULL, A, "<t@sub.%L>" },
	{ NULL, A, "<t@%L." O ">" },
	{ NULL, A, "<t@x%L>" },
	{ NULL, A, "<t@[198.51.100.7]>" },
	{ NULL, A, "<t@[IPv6:2001:db8::7]>" },
	{ NULL, A, "<t@198.51.100.7>" },
	/* syntax */
	{ NULL, A, "t@" O },
	{ NULL, A, "< t@" O " >" },
	{ NULL, A, "<t@" O "> ORCPT=rfc822;postmaster@%L" },
	{ NULL, A, "<postmaster@%L,t@" O ">" },
	{ NULL, A, "<postmaster@%L> <t@" O ">" },
	{ NULL, A, "<postmaster@" O "\\@%L>" },
	/* hostile */
	{ NULL, A, "<t@" O "%0@%L>" },
	{ NULL, A " AUTH=<postmaster@%L>", "<t@" O ">" },
	{ NULL, A, "<|/bin/true@%L>" },
	{ NULL, A, "</tmp/x@%L>" },
	{ NULL, A, "<\"|/bin/true\"@%L>" },
	/* who the client says that it is */
	{ "EHLO %L", A, "<t@" O ">" },
	{ "EHLO localhost", A, "<t@" O ">" },
	{ "EHLO [127.0.0.1]", A, "<t@" O ">" },
	{ "EHLO %H", A, "<t@" O ">" },
	{ "PROXY TCP4 127.0.0.1 127.0.0.1 1 25", A, "<t@" O ">" },
	{ "XCLIENT ADDR=127.0.0.1", A, "<t@" O ">" },
	{ "XFORWARD ADDR=127.0.0.1", A, "<t@" O ">" },
	/* letters */
	{ NULL, A, "<t\xef\xbc\xa0" O ">" },
	{ NULL, A, "<=?utf-8?q?t=40" O "?=>" },
	{ NULL, A, "<t@" O "\t>" },
};

/* NC-2.1.6: near to a represented domain or mailbox, and not it. */
static const struct question strangers[] = {
	{ NULL, A, "<t@sub.%L>" },
	{ NULL, A, "<t@x%L>" },
	{ NULL, A, "<t@%L." O ">" },
	{ NULL, A, "<t@%L..>" },
	{ NULL, A, "<no-such-user-9f2c@%L>" },
	{ NULL, A, "<t@[127.0.0.1]>" },
	{ NULL, A, "<t@localhost>" },
};

/* RCP-01, RCP-06: what every server must take, however the domain is
 * written. */
static const struct question ours[] = {
	{ NULL, A, "<postmaster>" },
	{ NULL, A, "<postmaster@%L>" },
	{ NULL, A, "<PostMaster@%U>" },
	{ NULL, A, "<abuse@%L>" },
	{ NULL, "<>", "<postmaster@%L>" },
};

static bool
put_upper(struct buf *b, const char *text)
{
	bool fits = true;

	for (; fits && *text; text++)
		fits = buf_push(b, octet_upper((uint8_t)*text));
	return fits;
}

static void
expand(const char *in, const struct site *s, struct buf *out)
{
	const char *domain = s->domains[0].name;
	bool fits = true;

	for (; fits && *in; in++) {
		if (in[0] != '%') {
			fits = buf_push(out, (uint8_t)*in);
			continue;
		}
		in++;
		fits = *in == 'L'   ? buf_put_text(out, domain)
			: *in == 'U' ? put_upper(out, domain)
			: *in == 'H' ? buf_put_text(out, s->host)
			: *in == '0' ? buf_push(out, 0)
				     : buf_push(out, '%');
	}
}

/* Say "WORD text" with what stands for something put in. */
static int
say(const struct inspection *i, struct talk *t, const char *word,
	const char *text)
{
	uint8_t room[900];
	struct buf line = BUF(room);

	buf_put_text(&line, word);
	expand(text, i->site, &line);
	t->code = 0;
	if (!buf_put_text(&line, "\r\n") || !talk_send(t, buf_view(&line)))
		return 0;
	return talk_hear(t, 5);
}

/* The code of RCPT, or of MAIL when that is refused; 0: no answer. */
static int
try_one(const struct inspection *i, const struct site_permit *mx,
	const struct question *q)
{
	static struct talk t;

	if (!talk_open(&t, mx, SITE_TEXT(i->site->host)))
		return 0;
	talk_say(&t, "EHLO probe.invalid");
	if (q->helo)
		say(i, &t, "", q->helo);
	if (say(i, &t, "MAIL FROM:", q->sender) == 250)
		say(i, &t, "RCPT TO:", q->rcpt);
	/* a server may hang up on what it takes for an attack */
	if (t.code == 0 && q->helo)
		t.code = 554;
	talk_close(&t);
	return t.code;
}

/* All must be refused for good; a refusal for now is a remark. */
static bool
are_refused(const struct inspection *i, const struct question *questions,
	size_t count, struct proof *p)
{
	const struct site_permit *mx = talk_permit(i->site, SERVICE_MX, i->now);
	size_t later = 0;

	for (size_t n = 0; n < count; n++) {
		int code = mx ? try_one(i, mx, &questions[n]) : 0;

		if (code == 0) {
			proof_missing(p, "the service does not answer");
			return false;
		}
		if (code < 400) {
			proof_bad(p, "report it: there is no setting for it",
				"RCPT TO:%s is answered with %d",
				questions[n].rcpt, code);
			return false;
		}
		later += code < 500;
	}
	if (later == 0)
		return true;
	proof_remark(p, "is every process of the site up?",
		"%zu of %zu are refused for now only", later, count);
	return false;
}

static bool
are_taken(const struct inspection *i, struct proof *p)
{
	const struct site_permit *mx = talk_permit(i->site, SERVICE_MX, i->now);

	for (size_t n = 0; n < COUNT_OF(ours); n++) {
		int code = mx ? try_one(i, mx, &ours[n]) : 0;

		if (code / 100 == 2)
			continue;
		if (code / 100 == 5)
			proof_bad(p, "make an account that has the address",
				"RCPT TO:%s is answered with %d", ours[n].rcpt,
				code);
		else
			proof_missing(p, "RCPT TO:%s is answered with %d",
				ours[n].rcpt, code);
		return false;
	}
	return true;
}

/* --- smuggling ------------------------------------------------------------ */

#define END(octets) { (const uint8_t *)("" octets), sizeof(octets) - 1 }

/* SMG-01 to SMG-09: what is no end of a message, RFC 5321 section 4.1.1.4 */
static const struct span ends[] = { END("\n.\n"), END("\n.\r\n"),
	END("\r\n.\n"), END("\r.\r"), END("\r\n.\r"), END("\r.\r\n"),
	END("\r\n\0.\r\n"), END("\r\n.\0\r\n"), END("\n.\r") };

/* Is a message for postmaster that ends so taken?  Nothing is delivered by a
 * server that knows where a message ends: the connection closes before. */
static int
try_end(const struct inspection *i, const struct site_permit *mx,
	struct span end)
{
	static const struct span body = END("From: <probe@probe.invalid>\r\n"
		"Date: Tue, 24 Nov 2026 08:30:00 +0000\r\nSubject: probe\r\n\r\nx");
	static struct talk t;
	uint8_t room[256];
	struct buf message = BUF(room);
	int code = 0;

	if (!talk_open(&t, mx, SITE_TEXT(i->site->host)))
		return 0;
	talk_say(&t, "EHLO probe.invalid");
	say(i, &t, "MAIL FROM:", A);
	say(i, &t, "RCPT TO:", "<postmaster@%L>");
	if (talk_say(&t, "DATA") == 354 && buf_put(&message, body) &&
		buf_put(&message, end) && talk_send(&t, buf_view(&message))) {
		code = talk_hear(&t, 1);
		/* silence: it waits for the true end; and what it says of
		 * octets behind the end does not matter */
		code = code == 0 ? 550 : t.reply[0] == '2' ? 250 : code;
	}
	talk_close(&t);
	return code;
}

static bool
ends_are_none(const struct inspection *i, struct proof *p)
{
	const struct site_permit *mx = talk_permit(i->site, SERVICE_MX, i->now);

	for (size_t n = 0; n < COUNT_OF(ends); n++) {
		int code = mx ? try_end(i, mx, ends[n]) : 0;

		if (code >= 400)
			continue;
		if (code == 0)
			proof_missing(p, "the service takes no message for "
					 "postmaster");
		else
			proof_bad(p, "report it: there is no setting for it",
				"ending %zu of 9 that is none ends a message",
				n + 1);
		return false;
	}
	return true;
}

/* --- checks --------------------------------------------------------------- */

/* Hosts that relay by their address, footnote 3; *widest bits of a prefix. */
static uint32_t
count_hosts(const struct addresses *a, uint32_t *widest)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < a->entries_count; i++) {
		const struct entry *e = &a->entries[i];

		if (e->kind != ENTRY_RELAY)
			continue;
		n++;
		if (e->bits < *widest)
			*widest = e->bits;
	}
	return n;
}

static void
tell_hosts(const struct inspection *i, struct proof *p)
{
	static struct conf_errors errors;
	static struct addresses book;
	uint32_t widest = 128, hosts;

	if (settings_load_addresses(i->site, i->now, &book, &errors)) {
		proof_missing(p, "the file of addresses is not sound: "
				 "`posthold conf check`");
		return;
	}
	hosts = count_hosts(&book, &widest);
	if (hosts == 0)
		proof_good(p, "only submission hands the queue a message, with "
			      "a login; no address is trusted");
	else
		proof_good(p, "a message for others needs a login, or one of "
			      "%u permits for an address; the widest is of %u "
			      "hosts",
			hosts, 1u << (128 - widest));
}

/* Who could hand the queue a message for others, by the gate itself; it wants a
 * grant of auth with each. */
void
nobody_listed(const struct inspection *i, struct proof *p)
{
	static const struct enqueue_open message = {
		.head = { .type = ENQUEUE_OPEN } };
	const struct packet packet = { &message, sizeof message, 0 };

	proof_looked(p, "trust/messages.def; settings of %s and its addresses",
		i->settings);
	for (enum role r = LOG; r < CTL; r++)
		if (r != SUBMISSION && r != LOCAL && r != MX &&
			!rights_admit(r, QUEUE, &packet)) {
			proof_bad(p, "report it: there is no setting for it",
				"%s can hand the queue a message",
				role_name(r));
			return;
		}
	tell_hosts(i, p);
}

void
relay_refused(const struct inspection *i, struct proof *p)
{
	proof_looked(p, "%zu forms of a foreign recipient and %zu of an end that "
			"is none, on the mx port, asked from this host",
		COUNT_OF(relays), COUNT_OF(ends));
	if (are_refused(i, relays, COUNT_OF(relays), p) && ends_are_none(i, p))
		proof_good(p, "%zu of %zu are refused; no end is taken for one",
			COUNT_OF(relays), COUNT_OF(relays));
}

void
domain_list(const struct inspection *i, struct proof *p)
{
	proof_looked(p, "domain of %s", i->settings);
	proof_good(p, "%u domains by name; there are no patterns",
		i->site->domains_count);
}

void
foreign_domains(const struct inspection *i, struct proof *p)
{
	proof_looked(p, "%zu recipients near to %s, and %zu that every server has, "
			"on the mx port, asked from this host",
		COUNT_OF(strangers), i->site->domains[0].name, COUNT_OF(ours));
	if (are_refused(i, strangers, COUNT_OF(strangers), p) &&
		are_taken(i, p))
		proof_good(p, "%zu are refused, postmaster and abuse are taken",
			COUNT_OF(strangers));
}
