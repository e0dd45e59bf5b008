/* NC-2.1.4: no credential without encryption. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/number.h"
#include "standard/checks.h"
#include "standard/talk.h"
#include "sys/fd.h"
#include "sys/x509.h"

#define SOON     DAYS(14)
#define PATIENCE 5 /* seconds */

/* When it ends, and is it for us?  ACC-05, TLS-04: one that came with a system is
 * for "localhost" or a vendor's name. */
static const struct fault *
read_certificate(const struct site *s, struct instant *end, bool *ours)
{
	static uint8_t storage[65536];
	struct buf b = BUF(storage);
	OWNED(fd_close) int fd = open(s->certificate, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return &fault_sys_failed;
	TRY(fd_read_whole(fd, &b));
	TRY(x509_is_for(buf_view(&b), SITE_TEXT(s->host), ours));
	return x509_expires(buf_view(&b), end);
}

/* That every service but mx encrypts before it reads a login is how they are
 * built; a valid certificate is what it takes. */
void
tls_everywhere(const struct inspection *i, struct proof *p)
{
	struct instant end;
	struct civil day;
	bool ours;

	proof_looked(p, "certificate %s", i->site->certificate);
	if (i->site->certificate[0] == 0) {
		proof_missing(p, "the site has no certificate");
		return;
	}
	if (read_certificate(i->site, &end, &ours)) {
		proof_missing(p, "the certificate cannot be read");
		return;
	}
	day = civil_of(end);
	if (!ours)
		proof_bad(p, "get one from your authority",
			"it is not for %s", i->site->host);
	else if (end.us <= i->now.us)
		proof_bad(p, "get a new one from your authority",
			"it ended on %04d-%02d-%02d", (int)day.year, day.month,
			day.day);
	else if (end.us - i->now.us < SOON)
		proof_remark(p, "get a new one from your authority",
			"it ends on %04d-%02d-%02d", (int)day.year, day.month,
			day.day);
	else
		proof_good(p, "implicit TLS or STARTTLS before any login; valid "
			      "until %04d-%02d-%02d",
			(int)day.year, day.month, day.day);
}

/* AUT-01: not offered; AUT-02: refused without a look at the credential. */
static bool
refuses_login(const struct inspection *i, const struct site_permit *permit,
	struct proof *p)
{
	static const int refusals[] = { 500, 502, 503, 504, 530, 538 };
	static struct talk t;
	const char *name = service_name(permit->service);
	bool offered, refused = false;

	if (!talk_open(&t, permit, SITE_TEXT(i->site->host))) {
		proof_missing(p, "%s does not answer", name);
		return false;
	}
	talk_say(&t, "EHLO probe.invalid");
	offered = strstr(t.reply, "AUTH") != NULL;
	talk_say(&t, "AUTH PLAIN AGEAYg==");
	talk_close(&t);
	if (t.code == 0) {
		proof_missing(p, "%s hangs up", name);
		return false;
	}
	for (size_t n = 0; n < COUNT_OF(refusals); n++)
		refused = refused || t.code == refusals[n];
	if (!offered && refused)
		return true;
	proof_bad(p, "report it: there is no setting for it",
		"%s %s AUTH before TLS and answers it with %d", name,
		offered ? "offers" : "does not offer", t.code);
	return false;
}

/* TLS-01: what came in clear behind STARTTLS is not answered inside TLS. */
static bool
drops_what_was_clear(const struct inspection *i,
	const struct site_permit *permit, struct proof *p)
{
	static struct talk t;
	struct span host = SITE_TEXT(i->site->host);
	bool inside;

	if (!talk_open(&t, permit, host)) {
		proof_missing(p, "%s does not answer",
			service_name(permit->service));
		return false;
	}
	talk_say(&t, "EHLO probe.invalid");
	inside = talk_send(&t, SPAN("STARTTLS\r\nNOOP\r\n")) &&
		talk_hear(&t, PATIENCE) == 220 && talk_secure(&t, host) &&
		talk_hear(&t, 1) != 0;
	talk_close(&t);
	if (inside)
		proof_bad(p, "report it: there is no setting for it",
			"%s obeys inside TLS what was said in clear",
			service_name(permit->service));
	return !inside;
}

/* A ClientHello of TLS 1.1 with suites of its time, RFC 4346 section 7.4.1.2. */
static const uint8_t old_hello[] = { 0x16, 0x03, 0x01, 0x00, 0x31, 0x01, 0x00,
	0x00, 0x2d, 0x03, 0x02, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32,
	0x00, 0x00, 0x06, 0x00, 0x2f, 0xc0, 0x13, 0xc0, 0x09, 0x01, 0x00 };

#define ALERT 0x15

/* TLS-02: an alert or the end of the connection, never a ServerHello. */
static bool
refuses_old_tls(const struct inspection *i, const struct site_permit *permit,
	struct proof *p)
{
	static struct talk t;
	bool old;

	(void)i;
	if (!talk_connect(&t, permit) ||
		!talk_send(&t, span_at(old_hello, sizeof old_hello))) {
		talk_close(&t);
		proof_missing(p, "%s does not answer",
			service_name(permit->service));
		return false;
	}
	talk_hear(&t, PATIENCE);
	old = t.len > 0 && t.reply[0] != ALERT;
	talk_close(&t);
	if (old)
		proof_bad(p, "report it: there is no setting for it",
			"%s begins TLS 1.1", service_name(permit->service));
	return !old;
}

/* AUT-03: inside TLS, too, no mechanism that shows what it should hide. */
static bool
offers_good_logins(const struct inspection *i, const struct site_permit *permit,
	struct proof *p)
{
	static const char *const weak[] = { "LOGIN", "CRAM-MD5", "DIGEST-MD5",
		"NTLM", "ANONYMOUS" };
	static struct talk t;

	for (size_t n = 0; n < COUNT_OF(weak); n++) {
		if (!talk_open(&t, permit, SITE_TEXT(i->site->host))) {
			proof_missing(p, "%s does not answer inside TLS",
				service_name(permit->service));
			return false;
		}
		if (!t.imap)
			talk_say(&t, "EHLO probe.invalid");
		talk_say(&t, t.imap ? "AUTHENTICATE %s" : "AUTH %s", weak[n]);
		talk_close(&t);
		if (t.code >= 500)
			continue;
		if (t.len == 0)
			proof_missing(p, "%s does not answer AUTH %s",
				service_name(permit->service), weak[n]);
		else
			proof_bad(p, "report it: there is no setting for it",
				"%s takes logins by %s",
				service_name(permit->service), weak[n]);
		return false;
	}
	return true;
}

typedef bool trial(const struct inspection *i, const struct site_permit *permit,
	struct proof *p);

static const struct {
	enum service service;
	trial *trials[2];
} probes[] = {
	{ SERVICE_MX, { refuses_login, drops_what_was_clear } },
	{ SERVICE_SUBMISSION, { refuses_login, drops_what_was_clear } },
	{ SERVICE_SUBMISSIONS, { refuses_old_tls, offers_good_logins } },
	{ SERVICE_IMAPS, { refuses_old_tls, offers_good_logins } },
};

void
no_login_in_clear(const struct inspection *i, struct proof *p)
{
	size_t asked = 0;

	proof_looked(p, "AUTH before TLS, STARTTLS with a command behind it, TLS "
			"1.1, weak mechanisms; asked from this host");
	for (size_t n = 0; n < COUNT_OF(probes); n++) {
		const struct site_permit *permit = talk_permit(i->site,
			probes[n].service, i->now);

		if (!permit)
			continue;
		for (size_t k = 0; k < 2; k++)
			if (!probes[n].trials[k](i, permit, p))
				return;
		asked++;
	}
	if (asked > 0)
		proof_good(p, "refused unread by %zu services, and nothing said in "
			      "clear counts inside TLS",
			asked);
	else
		proof_missing(p, "no such service is open");
}
