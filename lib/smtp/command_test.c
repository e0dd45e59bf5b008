/* Command lines one by one; group EN of the hostile cases. */
#include "lib/smtp/command.h"

#include "lib/base/test.h"

static const struct {
	const char *what;
	struct span line;
	const char *verb, *argument;
	const struct fault *fault;
} splits[] = {
	{ "a verb alone", SPAN("NOOP"), "NOOP", "", OK },
	{ "a verb and its argument", SPAN("EHLO c.test"), "EHLO", "c.test",
		OK },
	{ "trailing blanks", SPAN("DATA  "), "DATA", "", OK },
	{ "blanks in the argument stay", SPAN("HELP a  b "), "HELP", "a  b",
		OK },
	{ "a second blank is the argument's", SPAN("EHLO  c"), "EHLO", " c",
		OK },
	{ "nothing", SPAN(""), NULL, NULL, &fault_verb_unknown },
	{ "a blank first", SPAN(" NOOP"), NULL, NULL, &fault_verb_unknown },
	{ "no blank behind the verb", SPAN("MAIL<a@b>"), NULL, NULL,
		&fault_verb_unknown },
	{ "a digit in the verb", SPAN("EHL0 c"), NULL, NULL,
		&fault_verb_unknown },
	{ "EN-D04: NUL", SPAN("EHLO a\0b"), NULL, NULL,
		&fault_verb_argument },
	{ "EN-D04: a control", SPAN("NOOP \x01"), NULL, NULL,
		&fault_verb_argument },
	{ "EN-D03: NUL at the end", SPAN("MAIL FROM:<x@att.test>\0"), NULL,
		NULL, &fault_verb_argument },
	{ "DEL", SPAN("NOOP \x7f"), NULL, NULL, &fault_verb_argument },
	{ "a tab", SPAN("EHLO\tc"), NULL, NULL, &fault_verb_argument },
};

TEST(command_split_finds_verb_and_argument)
{
	EACH_CASE(c, splits) {
		struct span verb, argument;

		CHECK_FAULT(command_split(c->line, &verb, &argument),
			c->fault);
		if (c->fault)
			continue;
		CHECK_SPAN(verb, c->verb);
		CHECK_SPAN(argument, c->argument);
	}
}

static const struct {
	const char *what;
	struct span argument;
	const char *path; /* NULL: the null sender */
	uint64_t size;
	const struct fault *fault;
} mails[] = {
	{ "a sender", SPAN("FROM:<a@b>"), "a@b", 0, OK },
	{ "the null sender", SPAN("FROM:<>"), NULL, 0, OK },
	{ "a blank before the path", SPAN("from: <a@b>"), "a@b", 0,
		OK },
	{ "a blank before the null sender", SPAN("FROM: <>"), NULL, 0,
		OK },
	{ "parameters", SPAN("FROM:<a@b> SIZE=10 BODY=8BITMIME AUTH=<>"),
		"a@b", 10, OK },
	{ "in any case and order", SPAN("FROM:<a@b> body=7bit size=10"),
		"a@b", 10, OK },
	{ "the greatest size", SPAN("FROM:<> SIZE=18446744073709551615"),
		NULL, UINT64_MAX, OK },
	{ "EN-D13: a quoted local part is opaque",
		SPAN("FROM:<\"x'/**/UNION/**/SELECT/**/X'00'--\"@att.test>"),
		"\"x'/**/UNION/**/SELECT/**/X'00'--\"@att.test", 0,
		OK },
	{ "two blanks", SPAN("FROM:  <a@b>"), NULL, 0,
		&fault_address_syntax },
	{ "no brackets", SPAN("FROM:a@b"), NULL, 0,
		&fault_address_syntax },
	{ "no colon", SPAN("FROM<a@b>"), NULL, 0,
		&fault_verb_argument },
	{ "nothing", SPAN(""), NULL, 0, &fault_verb_argument },
	{ "something behind the path", SPAN("FROM:<a@b>x"), NULL, 0,
		&fault_verb_argument },
	{ "something behind the null sender", SPAN("FROM:<>x"), NULL, 0,
		&fault_verb_argument },
	{ "an address is not closed", SPAN("FROM:<a@b"), NULL, 0,
		&fault_address_syntax },
	{ "EN-D01: a shell's words",
		SPAN("FROM:<;for i in 0 1 2 3;do read r;done;sh;exit 0;>"),
		NULL, 0, &fault_address_syntax },
	{ "EN-D08: a size beyond 64 bits",
		SPAN("FROM:<> SIZE=18446744073709551616"), NULL, 0,
		&fault_verb_argument },
	{ "EN-D08: a negative size", SPAN("FROM:<> SIZE=-1"), NULL, 0,
		&fault_verb_argument },
	{ "EN-D08: a size twice", SPAN("FROM:<> SIZE=1 SIZE=2"), NULL, 0,
		&fault_verb_argument },
	{ "EN-D08: a size of nothing", SPAN("FROM:<> SIZE="), NULL, 0,
		&fault_verb_argument },
	{ "a size without a value", SPAN("FROM:<> SIZE"), NULL, 0,
		&fault_verb_argument },
	{ "a body type that is unknown", SPAN("FROM:<> BODY=BINARYMIME"), NULL,
		0, &fault_verb_argument },
	{ "EN-D10: xtext with NUL", SPAN("FROM:<> ENVID=a+00b"), NULL, 0,
		&fault_verb_argument },
	{ "an envelope's name", SPAN("FROM:<> ENVID=QQ314159 RET=FULL"), NULL, 0,
		OK },
	{ "nothing for a name", SPAN("FROM:<> ENVID="), NULL, 0,
		&fault_verb_argument },
	{ "another part to return", SPAN("FROM:<> RET=BODY"), NULL, 0,
		&fault_verb_argument },
	{ "AUTH of somebody, as xtext",
		SPAN("FROM:<e=mc2@b> AUTH=e+3Dmc2@b"), "e=mc2@b", 0, OK },
	{ "EN-D10: xtext with LF", SPAN("FROM:<> AUTH=a+0Ab"), NULL, 0,
		&fault_verb_argument },
	{ "EN-D10: xtext that does not end", SPAN("FROM:<> AUTH=+"), NULL, 0,
		&fault_verb_argument },
	{ "EN-D10: xtext that is none", SPAN("FROM:<> AUTH=+G1"), NULL, 0,
		&fault_verb_argument },
	{ "AUTH of somebody", SPAN("FROM:<> AUTH=<alice@l>"), NULL, 0,
		&fault_verb_argument },
	{ "EN-D11: an address beyond ASCII",
		SPAN("FROM:<\xd0\xb4" "a@att.test>"), NULL, 0,
		&fault_address_8bit },
	{ "with SMTPUTF8", SPAN("FROM:<\xd0\xb4" "a@att.test> SMTPUTF8"),
		"\xd0\xb4" "a@att.test", 0, OK },
	{ "SMTPUTF8 with a value", SPAN("FROM:<a@b> SMTPUTF8=1"), NULL, 0,
		&fault_verb_argument },
	{ "a value beyond ASCII", SPAN("FROM:<a@b> SMTPUTF8 ENVID=\xd0\xb4"),
		NULL, 0, &fault_verb_argument },
	{ "a parameter that is none", SPAN("FROM:<a@b> =1"), NULL, 0,
		&fault_verb_argument },
	{ "two blanks between parameters", SPAN("FROM:<a@b>  SIZE=1"), NULL, 0,
		&fault_verb_argument },
};

TEST(command_mail_reads_sender_and_parameters)
{
	EACH_CASE(c, mails) {
		struct command_mail m;

		CHECK_FAULT(command_mail(c->argument, &m), c->fault);
		if (c->fault)
			continue;
		CHECK_SPAN(m.path, c->path);
		CHECK(m.size == c->size);
	}
}

TEST(command_mail_keeps_what_is_carried_on)
{
	struct command_mail m;

	CHECK_OK(command_mail(SPAN("FROM:<a@b> ret=hdrs ENVID=a+2Bb smtputf8"),
		&m));
	CHECK_NUMBER(m.ret, RETURN_HEADERS);
	CHECK_SPAN(m.envid, "a+2Bb");
	CHECK(m.utf8);
	CHECK_OK(command_mail(SPAN("FROM:<a@b>"), &m));
	CHECK(m.ret == RETURN_UNSAID && !span_is_set(m.envid) && !m.utf8);
}

static const struct {
	const char *what;
	struct span argument;
	const char *path;
	bool postmaster;
	const struct fault *fault;
} rcpts[] = {
	{ "a recipient", SPAN("TO:<v@vic.test>"), "v@vic.test", false, OK },
	{ "a blank before the path", SPAN("to: <v@vic.test>"), "v@vic.test",
		false, OK },
	{ "postmaster", SPAN("TO:<postMASTER>"), "postMASTER", true, OK },
	{ "postmaster of a domain", SPAN("TO:<postmaster@b>"), "postmaster@b",
		false, OK },
	{ "EN-D06: an address literal", SPAN("TO:<v@[127.0.0.1]>"),
		"v@[127.0.0.1]", false, OK },
	{ "EN-D02: a shell's words", SPAN("TO:<\"v$(id)\"@vic.test>"),
		"\"v$(id)\"@vic.test", false, OK },
	{ "EN-D02: not quoted", SPAN("TO:<v$(id)@vic.test>"), NULL, false,
		&fault_address_syntax },
	{ "EN-D07: a final dot", SPAN("TO:<v@vic.test.>"), NULL, false,
		&fault_address_syntax },
	{ "EN-D09: ORCPT", SPAN("TO:<v@b> ORCPT=rfc822;a+0Abcc:+20z@x"), NULL,
		false, &fault_verb_argument },
	{ "what to hear of it",
		SPAN("TO:<v@b> NOTIFY=DELAY,FAILURE ORCPT=rfc822;v@b"), "v@b",
		false, OK },
	{ "for postmaster too", SPAN("TO:<postmaster> NOTIFY=NEVER"),
		"postmaster", true, OK },
	{ "NOTIFY twice", SPAN("TO:<v@b> NOTIFY=NEVER NOTIFY=NEVER"), NULL,
		false, &fault_verb_argument },
	{ "NOTIFY of nothing", SPAN("TO:<v@b> NOTIFY"), NULL, false,
		&fault_verb_argument },
	{ "a parameter of MAIL", SPAN("TO:<v@b> SIZE=1"), NULL, false,
		&fault_parameter_unknown },
	{ "EN-D11: beyond ASCII", SPAN("TO:<\xd0\xb4@b>"), NULL, false,
		&fault_address_8bit },
	{ "nobody", SPAN("TO:<>"), NULL, false, &fault_address_syntax },
	{ "another name without a domain", SPAN("TO:<root>"), NULL, false,
		&fault_address_syntax },
	{ "a list", SPAN("TO:<a@b,c@d>"), NULL, false,
		&fault_address_syntax },
	{ "two paths", SPAN("TO:<a@b> <c@d>"), NULL, false,
		&fault_verb_argument },
	{ "a source route", SPAN("TO:<@a:v@b>"), NULL, false,
		&fault_address_syntax },
	{ "a sender", SPAN("FROM:<a@b>"), NULL, false, &fault_verb_argument },
	{ "something behind postmaster", SPAN("TO:<postmaster>x"), NULL, false,
		&fault_verb_argument },
};

TEST(command_rcpt_reads_a_recipient)
{
	EACH_CASE(c, rcpts) {
		struct command_rcpt r;

		CHECK_FAULT(command_rcpt(c->argument, false, &r), c->fault);
		if (c->fault)
			continue;
		CHECK_SPAN(r.path, c->path);
		CHECK(r.postmaster == c->postmaster);
	}
}

TEST(command_rcpt_keeps_what_is_carried_on)
{
	struct command_rcpt r;

	CHECK_OK(command_rcpt(SPAN("TO:<v@b> notify=success ORCPT=x;y"), false,
		&r));
	CHECK_NUMBER(r.notify, NOTIFY_SUCCESS);
	CHECK_SPAN(r.orcpt, "x;y");
	CHECK_OK(command_rcpt(SPAN("TO:<\xd0\xb4@b> ORCPT=utf-8;\xd0\xb4@b"),
		true, &r));
	CHECK(r.address.utf8 && r.notify == 0);
	CHECK_SPAN(r.orcpt, "utf-8;\xd0\xb4@b");
}

static const struct {
	const char *what;
	struct span argument;
	bool binding;
	enum smtp_mechanism mechanism;
	const char *initial;
	const struct fault *fault;
} auths[] = {
	{ "PLAIN", SPAN("PLAIN"), false, SMTP_PLAIN, NULL, OK },
	{ "PLAIN in any case", SPAN("plain AA=="), false, SMTP_PLAIN, "AA==",
		OK },
	{ "SCRAM", SPAN("SCRAM-SHA-256 biws"), false, SMTP_SCRAM_SHA_256,
		"biws", OK },
	{ "an initial response of nothing", SPAN("PLAIN ="), false, SMTP_PLAIN,
		"=", OK },
	{ "PLUS with a binding", SPAN("SCRAM-SHA-256-PLUS cA=="), true,
		SMTP_SCRAM_SHA_256_PLUS, "cA==", OK },
	{ "PLUS without one", SPAN("SCRAM-SHA-256-PLUS cA=="), false, 0, NULL,
		&fault_auth_mechanism },
	{ "LOGIN", SPAN("LOGIN"), false, 0, NULL, &fault_auth_mechanism },
	{ "nothing", SPAN(""), false, 0, NULL, &fault_verb_argument },
	{ "a third word", SPAN("PLAIN AA== x"), false, 0, NULL,
		&fault_verb_argument },
};

TEST(command_auth_reads_mechanism_and_response)
{
	EACH_CASE(c, auths) {
		enum smtp_mechanism mechanism;
		struct span initial;

		CHECK_FAULT(command_auth(c->argument, c->binding, &mechanism,
				    &initial),
			c->fault);
		if (c->fault)
			continue;
		CHECK_NUMBER(mechanism, c->mechanism);
		CHECK_SPAN(initial, c->initial);
	}
}
