/* NC-2.3.2: viruses and attachments. */
#include <stdio.h>

#include "standard/checks.h"
#include "standard/talk.h"

/* The EICAR test file, in two halves so that this file is not one. */
#define EICAR_1 "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-"
#define EICAR_2 "ANTIVIRUS-TEST-FILE!$H+H*"

/* AVS-01: the test file as a body.  Attachments of dangerous types are not
 * filtered yet, so a refusal alone does not prove the clause. */
void
virus_refused(const struct inspection *i, struct proof *p)
{
	const struct site_permit *mx = talk_permit(i->site, SERVICE_MX, i->now);
	struct talk t;

	proof_looked(p, "the EICAR test file to postmaster on the mx port, "
			"from this host");
	if (!mx || !talk_open(&t, mx, SPAN("probe.invalid"))) {
		proof_missing(p, "the service does not answer");
		return;
	}
	talk_say(&t, "EHLO probe.invalid");
	talk_say(&t, "MAIL FROM:<>");
	talk_say(&t, "RCPT TO:<postmaster@%s>", i->site->domains[0].name);
	if (talk_say(&t, "DATA") == 354)
		talk_say(&t, "From: probe@probe.invalid\r\nSubject: probe\r\n"
			     "Date: Tue, 24 Nov 2026 08:30:00 +0000\r\n\r\n"
			     "%s%s\r\n.", EICAR_1, EICAR_2);
	talk_close(&t);
	if (t.code / 100 == 2)
		proof_bad(p, "look at clamd and its signatures",
			"the virus was taken");
	else
		proof_missing(p, "the virus was refused with %d, but attachments "
				 "of dangerous types were not tried", t.code);
}
