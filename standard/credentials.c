/* NC-2.1.4: no credential without encryption. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "standard/checks.h"
#include "standard/talk.h"
#include "sys/fd.h"
#include "sys/x509.h"

#define SOON DAYS(14)

static const struct fault *
certificate_end(const char *path, struct instant *out)
{
	static uint8_t storage[65536];
	struct buf b = BUF(storage);
	OWNED(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return &fault_sys_failed;
	TRY(fd_read_whole(fd, &b));
	return x509_expires(buf_view(&b), out);
}

/* That every service but mx encrypts before it reads a login is how they are
 * built; a valid certificate is what it takes. */
void
tls_everywhere(const struct inspection *i, struct proof *p)
{
	struct instant end;
	struct civil day;

	proof_looked(p, "certificate %s", i->site->certificate);
	if (i->site->certificate[0] == 0) {
		proof_missing(p, "the site has no certificate");
		return;
	}
	if (certificate_end(i->site->certificate, &end)) {
		proof_missing(p, "the certificate cannot be read");
		return;
	}
	day = civil_of(end);
	if (end.us <= i->now.us)
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
refuses_login(const struct site_permit *permit, struct proof *p)
{
	static const int refusals[] = { 500, 502, 503, 504, 530, 538 };
	const char *name = service_name(permit->service);
	struct talk t;
	bool offered, refused = false;

	if (!talk_open(&t, permit)) {
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
	for (size_t n = 0; n < sizeof refusals / sizeof refusals[0]; n++)
		refused = refused || t.code == refusals[n];
	if (!offered && refused)
		return true;
	proof_bad(p, "report it: there is no setting for it",
		"%s %s AUTH before TLS and answers it with %d", name,
		offered ? "offers" : "does not offer", t.code);
	return false;
}

void
no_login_in_clear(const struct inspection *i, struct proof *p)
{
	static const enum service clear[] = { SERVICE_MX, SERVICE_SUBMISSION };
	size_t asked = 0;

	proof_looked(p, "EHLO and AUTH PLAIN before TLS on mx and submission, "
			"asked from this host");
	for (size_t n = 0; n < sizeof clear / sizeof clear[0]; n++) {
		const struct site_permit *permit = talk_permit(i->site,
			clear[n], i->now);

		if (!permit)
			continue;
		if (!refuses_login(permit, p))
			return;
		asked++;
	}
	if (asked > 0)
		proof_good(p, "not offered, and refused unread, by %zu services",
			asked);
	else
		proof_missing(p, "no such service is open");
}
