#include "lib/policy/reason.h"

#include "lib/base/test.h"

static const struct {
	const char *what;
	unsigned code;
	const char *enhanced, *text;
	enum reason reason;
} cases[] = {
	{ "nothing was said", 0, "", "", REASON_NONE },
	{ "taken", 250, "2.0.0", "ok", REASON_NONE },
	{ "Postfix with postgrey", 450, "4.2.0",
		"Recipient address rejected: Greylisted, see http://...",
		REASON_GREYLISTED },
	{ "rspamd", 451, "4.7.1", "Greylisting in effect, try again later",
		REASON_GREYLISTED },
	{ "another spelling", 451, "", "graylisted", REASON_GREYLISTED },
	{ "a code alone does not greylist", 450, "4.2.0", "mailbox is locked",
		REASON_TEMPORARY },
	{ "a policy of rates", 421, "4.7.0", "Rate limit exceeded",
		REASON_BUSY },
	{ "no room for a connection", 421, "", "bye", REASON_BUSY },
	{ "the system is not accepting", 421, "4.3.2", "try later",
		REASON_BUSY },
	{ "nobody answers", 451, "4.4.1", "No answer from host",
		REASON_UNREACHED },
	{ "it broke", 451, "4.4.2", "Connection lost", REASON_UNREACHED },
	{ "no name", 451, "4.4.3", "Domain has no answer now", REASON_NAME },
	{ "it is us", 451, "4.4.6", "Peer is this host", REASON_LOOP },
	{ "no TLS", 451, "4.7.5", "TLS failed", REASON_TLS },
	{ "not offered", 451, "4.7.4", "Peer does not offer TLS", REASON_TLS },
	{ "mailbox full", 452, "4.2.2", "over quota", REASON_FULL },
	{ "no enhanced code", 452, "", "insufficient storage", REASON_FULL },
	{ "no such user", 550, "5.1.1", "unknown", REASON_UNKNOWN },
	{ "blocked", 554, "5.7.1", "blocked using a list", REASON_REFUSED },
	{ "subject 70 is not subject 7", 554, "5.70.1", "x",
		REASON_PERMANENT },
	{ "detail 10 is not detail 1", 550, "5.1.10", "null MX",
		REASON_UNKNOWN },
	{ "our own restart", 451, "4.3.2", "Service restarting", REASON_HERE },
	{ "nobody connected", 451, "4.4.0", "No connection", REASON_HERE },
	{ "a damaged body", 451, "4.3.0", "Message cannot be read",
		REASON_HERE },
	{ "anything", 451, "", "", REASON_TEMPORARY },
	{ "anything for good", 554, "", "", REASON_PERMANENT },
};

TEST(a_reply_says_why)
{
	EACH_CASE(c, cases)
		CHECK_NUMBER(reason_of(c->code, span_of(c->enhanced),
				     span_of(c->text)),
			c->reason);
}

TEST(every_reason_has_its_words)
{
	for (enum reason r = 0; r < REASONS; r++) {
		CHECK(*reason_name(r) && *reason_words(r));
		for (enum reason s = 0; s < r; s++)
			CHECK(!span_equals(span_of(reason_name(r)),
				span_of(reason_name(s))));
	}
}
