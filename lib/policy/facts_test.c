#include "lib/policy/facts.h"

#include "lib/base/test.h"

static const struct {
	const char *what;
	struct span message;
	bool date, id, utf8, report;
} cases[] = {
	{ "nothing", SPAN("\r\nDate: x\r\n"), false, false, false, false },
	{ "all there", SPAN("date: x\r\nMESSAGE-ID: <x@y>\r\n\r\n"), true, true,
		false, false },
	{ "beyond ASCII in a fold",
		SPAN("Subject: a\r\n \xd0\xb4\r\n\r\nbody"), false, false, true,
		false },
	{ "beyond ASCII in the body", SPAN("Subject: a\r\n\r\n\xd0\xb4"), false,
		false, false, false },
	{ "a report on a reading",
		SPAN("Content-Type: multipart/report;\r\n"
		     " report-type=disposition-notification; boundary=x\r\n"),
		false, false, false, true },
	{ "a report on a delivery, quoted",
		SPAN("content-type: Multipart/Report; boundary=x;\r\n"
		     "\treport-type=\"Delivery-Status\"\r\n"),
		false, false, false, true },
	{ "another report", SPAN("Content-Type: multipart/report;"
				 " report-type=feedback-report\r\n"),
		false, false, false, false },
	{ "two types of report",
		SPAN("Content-Type: multipart/report; report-type="
		     "delivery-status; report-type=feedback-report\r\n"),
		false, false, false, false },
	{ "two contents",
		SPAN("Content-Type: text/plain\r\nContent-Type: multipart/report;"
		     " report-type=delivery-status\r\n"),
		false, false, false, false },
	{ "two contents, the other way round",
		SPAN("Content-Type: multipart/report;"
		     " report-type=delivery-status\r\nContent-Type: text/plain\r\n"),
		false, false, false, false },
	{ "a report in a comment",
		SPAN("Content-Type: text/plain (multipart/report;"
		     " report-type=delivery-status)\r\n"),
		false, false, false, false },
	{ "a parameter that does not end",
		SPAN("Content-Type: multipart/report; report-type="
		     "delivery-status; x=\"\r\n"),
		false, false, false, false },
};

TEST(header_facts_says_what_is_there)
{
	EACH_CASE(c, cases) {
		struct header_facts f = header_facts(c->message);

		CHECK(f.has_date == c->date);
		CHECK(f.has_id == c->id);
		CHECK(f.utf8 == c->utf8);
		CHECK(f.report == c->report);
	}
}

TEST(the_first_field_has_a_length)
{
	test_row = "with its fold";
	CHECK_NUMBER(header_facts(SPAN("A: b\r\n c\r\nD: e\r\n")).first, 10);
	CHECK_NUMBER(header_facts(SPAN("\r\n")).first, 0);
}
