/* NC-2.1.1: only what is permitted is open; NC-2.1.9: who is no local MTA. */
#include <stdio.h>

#include "lib/base/ip.h"
#include "standard/checks.h"
#include "sys/sockets.h"
#include "standard/talk.h"

#define SOCKETS 1024

static bool
is_permitted(const struct inspection *i, const struct listening *l)
{
	for (uint32_t n = 0; n < i->site->permits_count; n++) {
		const struct site_permit *p = &i->site->permits[n];

		if (site_permit_open(p, i->now) && p->port == l->port &&
			memcmp(p->address, l->address, 16) == 0)
			return true;
	}
	return false;
}

static bool
put_socket(struct buf *b, const struct listening *l)
{
	return (b->len == 0 || buf_put_text(b, ", ")) &&
		put_ip(b, l->address) && buf_put_text(b, " port ") &&
		buf_put_number(b, l->port);
}

static uint32_t
expired_permits(const struct inspection *i)
{
	uint32_t n = 0;

	for (uint32_t k = 0; k < i->site->permits_count; k++)
		n += !site_permit_open(&i->site->permits[k], i->now);
	return n;
}

/* SVC-01 from the inside: the kernel's list is complete, a scan is not. */
void
permits_and_sockets(const struct inspection *i, struct proof *p)
{
	static struct listening all[SOCKETS];
	char storage[200] = "";
	struct buf foreign = { (uint8_t *)storage, 0, sizeof storage - 1 };
	size_t count = 0, others = 0;

	proof_looked(p, "/proc/net/tcp, tcp6 against %u permits of %s",
		i->site->permits_count, i->settings);
	if (!sockets_listening(all, SOCKETS, &count)) {
		proof_missing(p, "the kernel's tables cannot be read");
		return;
	}
	for (size_t n = 0; n < count; n++)
		if (!is_permitted(i, &all[n])) {
			others++;
			(void)put_socket(&foreign, &all[n]);
		}
	if (others > 0)
		proof_bad(p, "stop what listens there, or use another host",
			"%zu sockets without a permit: %s", others, storage);
	else if (expired_permits(i) > 0)
		proof_remark(p, "review them; renew or remove",
			"%u permits have expired, their sockets are closed",
			expired_permits(i));
	else
		proof_good(p, "every one of %zu sockets has its permit", count);
}

/* SVC-02: words of RFC 5321 section 4.1.1.1 that this issue of the program
 * decided on. */
static bool
is_decided(struct span word)
{
	static const char *const words[] = { "PIPELINING", "SIZE", "8BITMIME",
		"ENHANCEDSTATUSCODES", "STARTTLS", "CHUNKING", "SMTPUTF8" };

	for (size_t n = 0; n < sizeof words / sizeof words[0]; n++)
		if (span_equals_nocase(word, span_of(words[n])))
			return true;
	return false;
}

static struct span
next_word(struct span *lines)
{
	struct span line = span_shift_upto(lines,
		span_find_octet(*lines, '\n'));

	span_take(lines, '\n');
	span_shift_upto(&line, 4);
	line.len = span_find_octet(line, '\r');
	line.len = span_find_octet(line, ' ');
	return line;
}

void
offered_words(const struct inspection *i, struct proof *p)
{
	const struct site_permit *mx = talk_permit(i->site, SERVICE_MX, i->now);
	struct talk t;
	struct span lines, word;

	proof_looked(p, "EHLO on the mx port, asked from this host");
	if (!mx || !talk_open(&t, mx)) {
		proof_missing(p, "the service does not answer");
		return;
	}
	talk_say(&t, "EHLO probe.invalid");
	lines = span_at(t.reply, t.len);
	next_word(&lines);
	while (word = next_word(&lines), word.len > 0)
		if (!is_decided(word)) {
			proof_bad(p, "report it: the word has no permit",
				"%.*s is offered", (int)word.len,
				(const char *)word.at);
			talk_close(&t);
			return;
		}
	if (t.code == 250)
		proof_good(p, "only words that were decided on");
	else
		proof_missing(p, "EHLO is answered with %d", t.code);
	talk_close(&t);
}

void
not_local_only(const struct inspection *i, struct proof *p)
{
	proof_looked(p, "the permits of %s", i->settings);
	for (uint32_t n = 0; n < i->site->permits_count; n++)
		if (i->site->permits[n].service == SERVICE_MX) {
			proof_absent(p, "this site receives mail: it is not "
					"solely for local programs");
			return;
		}
	proof_missing(p, "the site receives no mail, but a local-only profile "
			 "does not exist yet");
}
