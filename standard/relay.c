/* NC-2.1.5 and NC-2.1.6: for whom mail is taken, and from whom. */
#include <stdio.h>
#include <string.h>

#include "standard/checks.h"
#include "standard/talk.h"

/* L a represented domain, O a foreign one that cannot exist, H our name. */
#define O "relay-probe.invalid"

struct question {
	const char *sender, *rcpt; /* %L and %H stand for the names */
};

/* REL-01 and the like of clauses.md section 5.4. */
static const struct question relays[] = {
	{ "<>", "<t@" O ">" },
	{ "<a@" O ">", "<t@" O ">" },
	{ "<postmaster@%L>", "<t@" O ">" },
	{ "<a@%H>", "<t@" O ">" },
	{ "<a@" O ">", "<t%%" O "@%L>" },
	{ "<a@" O ">", "<t%%" O "@%H>" },
	{ "<a@" O ">", "<t%%" O ">" },
	{ "<a@" O ">", "<\"t@" O "\">" },
	{ "<a@" O ">", "<\"t@" O "\"@%H>" },
	{ "<a@" O ">", "<t@" O "@%L>" },
	{ "<a@" O ">", "<@%L:t@" O ">" },
	{ "<a@" O ">", "<@%L,@%H:t@" O ">" },
	{ "<a@" O ">", "<" O "!t>" },
	{ "<a@" O ">", "<" O "!t@%L>" },
	{ "<a@" O ">", "<t@" O ".>" },
	{ "<a@" O ">", "<t@%L." O ">" },
	{ "<a@" O ">", "<t@x%L>" },
	{ "<a@" O ">", "<t@[198.51.100.7]>" },
	{ "<a@" O ">", "<t@[IPv6:2001:db8::7]>" },
	{ "<a@" O ">", "t@" O },
	{ "<a@" O ">", "< t@" O " >" },
	{ "<a@" O ">", "<postmaster@%L,t@" O ">" },
	{ "<a@" O ">", "<|/bin/true@%L>" },
};

/* NC-2.1.6: near to a represented domain, and not it. */
static const struct question domains[] = {
	{ "<a@" O ">", "<t@sub.%L>" },
	{ "<a@" O ">", "<t@x%L>" },
	{ "<a@" O ">", "<t@%L." O ">" },
	{ "<a@" O ">", "<no-such-user-9f2c@%L>" },
	{ "<a@" O ">", "<t@[127.0.0.1]>" },
};

static void
expand(const char *in, const struct site *s, char out[700])
{
	struct buf b = { (uint8_t *)out, 0, 699 };
	bool fits = true;

	for (; fits && *in; in++) {
		if (in[0] != '%') {
			fits = buf_push(&b, (uint8_t)*in);
			continue;
		}
		in++;
		fits = *in == 'L'   ? buf_put_text(&b, s->domains[0].name)
			: *in == 'H' ? buf_put_text(&b, s->host)
				     : buf_push(&b, '%');
	}
	out[b.len] = 0;
}

/* The code of RCPT, or of MAIL when that is refused; 0: no answer. */
static int
try_one(const struct inspection *i, const struct site_permit *mx,
	const struct question *q)
{
	char sender[700], rcpt[700];
	struct talk t;

	expand(q->sender, i->site, sender);
	expand(q->rcpt, i->site, rcpt);
	if (!talk_open(&t, mx))
		return 0;
	talk_say(&t, "EHLO probe.invalid");
	if (talk_say(&t, "MAIL FROM:%s", sender) == 250)
		talk_say(&t, "RCPT TO:%s", rcpt);
	talk_close(&t);
	return t.code;
}

/* All must be refused for good; a refusal for now is a remark. */
static void
try_all(const struct inspection *i, const struct question *questions,
	size_t count, struct proof *p)
{
	const struct site_permit *mx = talk_permit(i->site, SERVICE_MX, i->now);
	size_t later = 0;

	for (size_t n = 0; n < count; n++) {
		int code = mx ? try_one(i, mx, &questions[n]) : 0;

		if (code == 0) {
			proof_missing(p, "the service does not answer");
			return;
		}
		if (code < 400) {
			proof_bad(p, "report it: there is no setting for it",
				"RCPT TO:%s is answered with %d",
				questions[n].rcpt, code);
			return;
		}
		later += code < 500;
	}
	if (later > 0)
		proof_remark(p, "is every process of the site up?",
			"%zu of %zu are refused for now only", later, count);
	else
		proof_good(p, "%zu of %zu are refused", count, count);
}

void
nobody_listed(const struct inspection *i, struct proof *p)
{
	proof_looked(p, "settings of %s", i->settings);
	proof_good(p, "no source is trusted by its address: there is no such "
		      "setting");
}

void
relay_refused(const struct inspection *i, struct proof *p)
{
	proof_looked(p, "%zu forms of a foreign recipient on the mx port, asked "
			"from this host",
		sizeof relays / sizeof relays[0]);
	try_all(i, relays, sizeof relays / sizeof relays[0], p);
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
	proof_looked(p, "%zu recipients near to %s on the mx port, asked from "
			"this host",
		sizeof domains / sizeof domains[0], i->site->domains[0].name);
	try_all(i, domains, sizeof domains / sizeof domains[0], p);
}
