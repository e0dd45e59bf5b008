#include "lib/smtp/proxy.h"

#include "lib/base/ip.h"
#include "lib/base/test.h"

#define SIGNED "\r\n\r\n\0\r\nQUIT\n"
#define IPV4   "\xc0\x00\x02\x01\xc6\x33\x64\x07\x04\xd2\x00\x19"
#define IPV6                                                               \
	"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"                       \
	"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02\x04\xd2\x00\x19"

static const struct {
	const char *what;
	struct span in;
	const char *client; /* NULL: refused; "": the peer itself */
	const char *rest;
} cases[] = {
	{ "IPv4", SPAN(SIGNED "\x21\x11\0\x0c" IPV4 "EHLO"), "192.0.2.1",
		"EHLO" },
	{ "IPv6", SPAN(SIGNED "\x21\x21\0\x24" IPV6), "2001:db8::1", "" },
	{ "the peer itself", SPAN(SIGNED "\x20\0\0\0EHLO"), "", "EHLO" },
	{ "the peer itself, with addresses that do not count",
		SPAN(SIGNED "\x20\x11\0\x0c" IPV4), "", "" },
	{ "with a TLV", SPAN(SIGNED "\x21\x11\0\x10" IPV4 "\x05\0\x01x"),
		"192.0.2.1", "" },
	{ "with an empty one", SPAN(SIGNED "\x21\x11\0\x0f" IPV4 "\x04\0\0"),
		"192.0.2.1", "" },
	{ "with its checksum",
		SPAN(SIGNED "\x21\x11\0\x13" IPV4 "\x03\0\x04" "\x94\xc8\x6f\x8e"),
		"192.0.2.1", "" },
	{ "with another's",
		SPAN(SIGNED "\x21\x11\0\x13" IPV4 "\x03\0\x04" "\0\0\0\0"),
		NULL, NULL },
	{ "with a checksum too short",
		SPAN(SIGNED "\x21\x11\0\x11" IPV4 "\x03\0\x02xx"), NULL, NULL },
	{ "a TLV that is longer than the header",
		SPAN(SIGNED "\x21\x11\0\x10" IPV4 "\x05\0\x02x"), NULL, NULL },
	{ "half a TLV", SPAN(SIGNED "\x21\x11\0\x0e" IPV4 "\x05\0"), NULL,
		NULL },
	{ "no room for the addresses",
		SPAN(SIGNED "\x21\x21\0\x0c" IPV4), NULL, NULL },
	{ "UDP", SPAN(SIGNED "\x21\x12\0\x0c" IPV4), NULL, NULL },
	{ "a socket of the file system", SPAN(SIGNED "\x21\x31\0\x0c" IPV4),
		NULL, NULL },
	{ "no family", SPAN(SIGNED "\x21\x00\0\x0c" IPV4), NULL, NULL },
	{ "version 1", SPAN("PROXY TCP4 192.0.2.1 198.51.100.7 1 25\r\n"), NULL,
		NULL },
	{ "version 3", SPAN(SIGNED "\x31\x11\0\x0c" IPV4), NULL, NULL },
	{ "another command", SPAN(SIGNED "\x22\x11\0\x0c" IPV4), NULL, NULL },
	{ "a header without end", SPAN(SIGNED "\x21\x11\xff\xff" IPV4), NULL,
		NULL },
	{ "a client that knows of no proxy", SPAN("EHLO c\r\n"), NULL, NULL },
};

/* The first `cut` octets come alone. */
static const struct fault *
read_cut(struct span in, size_t cut, struct proxy_source *s, struct span *rest)
{
	static struct proxy_reader r;
	struct span head = span_shift_upto(&in, cut);
	const struct fault *f;
	bool done;

	proxy_reader_init(&r);
	f = proxy_next(&r, &head, s, &done);
	*rest = span_at(head.at, head.len + in.len);
	if (f || done)
		return f;
	*rest = in;
	f = proxy_next(&r, rest, s, &done);
	CHECK(f || done);
	return f;
}

TEST(a_header_tells_the_client_wherever_the_network_cuts)
{
	EACH_CASE(c, cases) {
		for (size_t cut = 0; cut <= c->in.len; cut++) {
			struct proxy_source s = { .local = true };
			struct span rest;
			uint8_t room[64];
			struct buf b = BUF(room);

			CHECK_FAULT(read_cut(c->in, cut, &s, &rest),
				c->client ? OK : &fault_proxy_syntax);
			if (!c->client)
				continue;
			CHECK_SPAN(rest, c->rest);
			CHECK(s.local == (c->client[0] == 0));
			if (s.local)
				continue;
			CHECK(put_ip(&b, s.client));
			CHECK_SPAN(buf_view(&b), c->client);
			CHECK_NUMBER(s.client_port, 1234);
			CHECK_NUMBER(s.server_port, 25);
		}
	}
}
