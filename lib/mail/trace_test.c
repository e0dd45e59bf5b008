#include "lib/mail/trace.h"

#include "lib/base/test.h"

#define V4 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff

static const uint8_t ipv4[16] = { V4, 192, 0, 2, 1 };
static const uint8_t ipv6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 7 };

static const struct {
	const char *what;
	struct trace trace;
	const char *field;
} cases[] = {
	{ "a server",
		{ SPAN("c.test"), ipv4, SPAN("mx.test"), SPAN("ESMTPS"),
			SPAN("1a"), { 1795508330000000 } },
		"Received: from c.test ([192.0.2.1])\r\n"
		"\tby mx.test with ESMTPS id 1a;\r\n"
		"\tTue, 24 Nov 2026 08:18:50 +0000\r\n" },
	{ "a server with IPv6",
		{ SPAN("c.test"), ipv6, SPAN("mx.test"), SPAN("SMTP"),
			SPAN("1a"), { 0 } },
		"Received: from c.test "
		"([IPv6:2001:db8::7])\r\n"
		"\tby mx.test with SMTP id 1a;\r\n"
		"\tThu, 1 Jan 1970 00:00:00 +0000\r\n" },
	{ "a user, who is not told to the world",
		{ SPAN("laptop"), NULL, SPAN("mx.test"), SPAN("ESMTPSA"),
			SPAN("1a"), { 0 } },
		"Received: by mx.test with ESMTPSA id 1a;\r\n"
		"\tThu, 1 Jan 1970 00:00:00 +0000\r\n" },
};

TEST(put_received_tells_where_a_message_came_from)
{
	EACH_CASE(c, cases) {
		uint8_t room[TRACE_MAX];
		struct buf b = BUF(room);

		CHECK(put_received(&b, &c->trace));
		CHECK_SPAN(buf_view(&b), c->field);
	}
}

TEST(put_received_leaves_nothing_behind_when_it_does_not_fit)
{
	EACH_CASE(c, cases) {
		uint8_t room[TRACE_MAX];

		for (size_t cap = 0; cap < strlen(c->field); cap++) {
			struct buf b = { room, 0, cap };

			CHECK(!put_received(&b, &c->trace));
			CHECK_NUMBER(b.len, 0);
		}
	}
}

TEST(the_longest_names_fit)
{
	static uint8_t helo[255], host[255];
	uint8_t room[TRACE_MAX];
	struct buf b = BUF(room);
	struct trace t = { span_at(helo, 255), ipv6, span_at(host, 255),
		SPAN("ESMTPSA"), SPAN("0123456789abcdef01234567"), { 0 } };

	test_row = "255 octets of each";
	memset(helo, 'c', sizeof helo);
	memset(host, 'h', sizeof host);
	CHECK(put_received(&b, &t));
}
