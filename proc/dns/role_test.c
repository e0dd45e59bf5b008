#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "lib/base/codec.h"
#include "sys/fake_master.h"

#define A     1
#define NS    2
#define CNAME 5
#define MX    15
#define AAAA  28

#define NXDOMAIN 3

/* Records of an answer in wire form; the name is that of the question, or its
 * parent behind a first label of `n` octets (RFC 1035 section 4.1.4). */
#define RR(type, ttl, length, rdata) \
	"\xc0\x0c\0" type "\0\1" ttl length rdata
#define HOUR "\0\0\x0e\x10"

/* What the fake name server says; it knows no other name. */
static const struct {
	uint16_t kind;
	const char *name; /* wire form */
	uint8_t rcode, count;
	struct span records;
} zone[] = {
	{ A, "\4host\4zone\4test", 0, 2,
		SPAN(RR("\1", HOUR, "\0\4", "\x08\x08\x08\1")
				RR("\1", HOUR, "\0\4", "\x08\x08\x08\2")) },
	{ AAAA, "\4host\4zone\4test", 0, 1,
		SPAN(RR("\x1c", HOUR, "\0\x10",
			"\x26\6\0\0\0\0\0\0\0\0\0\0\0\0\0\1")) },
	{ MX, "\4zone\4test", 0, 1,
		SPAN(RR("\x0f", HOUR, "\0\7", "\0\x0a\2mx\xc0\x0c")) },
	{ A, "\5alias\4zone\4test", 0, 2,
		SPAN(RR("\5", HOUR, "\0\7", "\4real\xc0\x12")
			"\xc0\x2d\0\1\0\1" HOUR "\0\4\x08\x08\x08\3") },
	{ A, "\4real\4zone\4test", 0, 1,
		SPAN(RR("\1", HOUR, "\0\4", "\x08\x08\x08\3")) },
	{ A, "\4long\4zone\4test", 0, 1,
		SPAN(RR("\1", "\x7f\xff\xff\xff", "\0\4", "\x08\x08\x08\4")) },
	{ A, "\5short\4zone\4test", 0, 1,
		SPAN(RR("\1", "\0\0\0\0", "\0\4", "\x08\x08\x08\5")) },
	{ A, "\4none\4zone\4test", 0, 0, SPAN("") },
	{ A, "\4fail\4zone\4test", 2, 0, SPAN("") },
	{ A, "\6refuse\4zone\4test", 5, 0, SPAN("") },
	{ A, "\4self\4zone\4test", 0, 1,
		SPAN(RR("\5", HOUR, "\0\2", "\xc0\x0c")) },
	{ MX, "\3mx0\4zone\4test", 0, 1, SPAN(RR("\x0f", HOUR, "\0\0", "")) },
	{ MX, "\3mx1\4zone\4test", 0, 1,
		SPAN(RR("\x0f", HOUR, "\0\1", "\0")) },
	{ MX, "\3mx2\4zone\4test", 0, 1,
		SPAN(RR("\x0f", HOUR, "\0\2", "\0\1")) },
	{ MX, "\6circle\4zone\4test", 0, 1,
		SPAN(RR("\x0f", HOUR, "\0\4", "\0\1\xc0\x30")) },
	{ MX, "\4far\4zone\4test", 0, 1,
		SPAN(RR("\x0f", HOUR, "\0\4", "\0\1\xff\xff")) },
	{ A, "\6length\4zone\4test", 0, 1,
		SPAN(RR("\1", HOUR, "\xff\xff", "\x08\x08\x08\1")) },
	{ A, "\5count\4zone\4test", 0, 200,
		SPAN(RR("\1", HOUR, "\0\4", "\x08\x08\x08\1")) },
	{ A, "\4open\7example", 0, 1,
		SPAN(RR("\1", HOUR, "\0\4", "\x08\x08\x08\6")) },
	{ A, "\6signed\7example", 0, 1,
		SPAN(RR("\1", HOUR, "\0\4", "\x08\x08\x08\7")) },
};

#define FAULT_OR_NOTHING UINT16_MAX

static const struct {
	const char *what;
	const char *name;
	uint16_t kind, rcode;
	uint16_t count; /* of records; FAULT_OR_NOTHING */
	uint32_t ttl;
	struct span first; /* RDATA */
	bool fault, bogus;
} cases[] = {
	{ "local data", "local.test", MX, 0, 1, 3600,
		SPAN("\0\x0a\1b\4test\0"), false, false },
	{ "local name, other kind", "local.test", A, 0, 0, 0, SPAN(""), false,
		false },
	{ "a name that nobody has", "x.invalid", A, NXDOMAIN, 0, 0, SPAN(""),
		false, false },
	{ "two addresses", "host.zone.test", A, 0, 2, 3600, SPAN(""), false,
		false },
	{ "the case of letters", "HOST.zone.TEST", A, 0, 2, 3600, SPAN(""),
		false, false },
	{ "IPv6", "host.zone.test", AAAA, 0, 1, 3600,
		SPAN("\x26\6\0\0\0\0\0\0\0\0\0\0\0\0\0\1"), false, false },
	{ "a compressed name", "zone.test", MX, 0, 1, 3600,
		SPAN("\0\x0a\2mx\4zone\4test\0"), false, false },
	{ "an alias", "alias.zone.test", A, 0, 1, 3600, SPAN("\x08\x08\x08\3"),
		false, false },
	{ "a long time to live", "long.zone.test", A, 0, 1, 86400,
		SPAN("\x08\x08\x08\4"), false, false },
	{ "no time to live", "short.zone.test", A, 0, 1, 0,
		SPAN("\x08\x08\x08\5"), false, false },
	{ "no record", "none.zone.test", A, 0, 0, 0, SPAN(""), false, false },
	{ "no name", "gone.zone.test", A, NXDOMAIN, 0, 0, SPAN(""), false,
		false },
	{ "the server failed", "fail.zone.test", A, 0, 0, 0, SPAN(""), true,
		false },
	{ "the server refused", "refuse.zone.test", A, 0, 0, 0, SPAN(""), true,
		false },
	{ "an alias of itself", "self.zone.test", A, 0, FAULT_OR_NOTHING, 0,
		SPAN(""), true, false },
	{ "MX of no octet", "mx0.zone.test", MX, 0, FAULT_OR_NOTHING, 0,
		SPAN(""), true, false },
	{ "MX of one octet", "mx1.zone.test", MX, 0, FAULT_OR_NOTHING, 0,
		SPAN(""), true, false },
	{ "MX without name", "mx2.zone.test", MX, 0, FAULT_OR_NOTHING, 0,
		SPAN(""), true, false },
	{ "compression in a circle", "circle.zone.test", MX, 0,
		FAULT_OR_NOTHING, 0, SPAN(""), true, false },
	{ "compression behind the end", "far.zone.test", MX, 0,
		FAULT_OR_NOTHING, 0, SPAN(""), true, false },
	{ "a record behind the end", "length.zone.test", A, 0, FAULT_OR_NOTHING,
		0, SPAN(""), true, false },
	{ "fewer records than announced", "count.zone.test", A, 0,
		FAULT_OR_NOTHING, 0, SPAN(""), true, false },
	{ "through the resolver of every zone", "open.example", A, 0, 1, 3600,
		SPAN("\x08\x08\x08\6"), false, false },
	{ "a zone that must be signed and is not", "signed.example", A, 0, 0, 0,
		SPAN(""), true, true },
	{ "no name at all", "", A, 0, FAULT_OR_NOTHING, 0, SPAN(""), true,
		false },
	{ "two dots", "a..test", A, 0, FAULT_OR_NOTHING, 0, SPAN(""), true,
		false },
	{ "an octet of another alphabet", "\xff.test", A, 0, FAULT_OR_NOTHING,
		0, SPAN(""), true, false },
	{ "a blank", "a b.test", A, 0, FAULT_OR_NOTHING, 0, SPAN(""), true,
		false },
};

/* Of the zone signed.example, which nobody signs. */
static const struct span anchors =
	SPAN("; a comment\n\n"
	     "signed.example. IN DS 12345 15 2 "
	     "00112233445566778899aabbccddeeff"
	     "00112233445566778899aabbccddeeff\n");

/* --- the fake name server ------------------------------------------------ */

static struct site site;
static int server = -1;

/* header, question: RFC 1035 section 4.1; the question has one name. */
static void
serve(void *arg, unsigned what)
{
	uint8_t packet[1024];
	struct sockaddr_in from;
	socklen_t len = sizeof from;
	ssize_t n = recvfrom(server, packet, 512, MSG_DONTWAIT,
		(struct sockaddr *)&from, &len);
	size_t name_len = n > 12 ? strnlen((char *)packet + 12,
					  (size_t)n - 12)
				 : 0;
	size_t end = 12 + name_len + 5;
	struct buf out = { packet, end, sizeof packet };
	uint16_t kind;

	(void)arg;
	(void)what;
	if (n < (ssize_t)end)
		return;
	kind = (uint16_t)(packet[end - 4] << 8 | packet[end - 3]);
	packet[2] = 0x84; /* an answer with authority */
	packet[3] = NXDOMAIN;
	memset(packet + 6, 0, 6);
	for (size_t i = 0; i < COUNT_OF(zone); i++) {
		if (strcasecmp(zone[i].name, (char *)packet + 12))
			continue;
		packet[3] = 0;
		if (zone[i].kind != kind)
			continue;
		packet[3] = zone[i].rcode;
		packet[7] = zone[i].count;
		CHECK(buf_put(&out, zone[i].records));
		break;
	}
	CHECK(sendto(server, packet, out.len, 0, (struct sockaddr *)&from,
		      len) == (ssize_t)out.len);
}

static void
open_server(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof at;

	server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	CHECK(server >= 0 && bind(server, (struct sockaddr *)&at, len) == 0);
	CHECK(getsockname(server, (struct sockaddr *)&at, &len) == 0);
	site = *fake_site();
	site.stubs_count = 2;
	site.stubs[0] = (struct site_stub){ .zone = ".",
		.address = { [10] = 0xff, 0xff, 127, 0, 0, 1 },
		.port = ntohs(at.sin_port) };
	site.stubs[1] = site.stubs[0];
	memcpy(site.stubs[1].zone, "zone.test", sizeof "zone.test");
	site.records_count = 1;
	site.records[0] = (struct site_record){
		"local.test. 3600 IN MX 10 b.test."
	};
}

/* --- asking -------------------------------------------------------------- */

static void
give(void)
{
	fake_give_file(FILE_TRUST_ANCHOR, anchors);
	fake_link(DIAL, DNS);
	fake_link(LOG, DNS);
}

static const struct dns_answer *
ask(const char *name, uint16_t kind)
{
	static uint32_t serial;
	struct dns_query q = { .head = { DNS_QUERY, ++serial, 5 },
		.kind = kind,
		.name_len = (uint16_t)strlen(name) };
	const struct dns_answer *m = (const void *)&fake.message;

	memcpy(q.name, name, q.name_len);
	CHECK_OK(channel_send(fake.links[DIAL], &q, -1));
	fake_expect(DNS_ANSWER);
	CHECK_NUMBER(m->head.serial, serial);
	CHECK_NUMBER(m->head.session, 5);
	return m;
}

TEST(dns_answers_what_the_servers_say)
{
	struct watch *watch;

	if (!fake_is_built(DNS))
		return;
	open_server();
	fake_start(DNS, &site, give);
	CHECK_OK(watch_open(fake.loop, server, LOOP_READ, serve, NULL, &watch));
	EACH_CASE(c, cases) {
		const struct dns_answer *m = ask(c->name, c->kind);
		struct span data = span_at(m->data, m->data_len), first;

		CHECK(c->count != FAULT_OR_NOTHING || m->fault ||
			m->count == 0);
		if (c->count == FAULT_OR_NOTHING)
			continue;
		CHECK_NUMBER(m->fault != 0, c->fault);
		CHECK_NUMBER(m->bogus, c->bogus);
		CHECK_NUMBER(m->secure, 0);
		CHECK(m->fault || m->rcode == c->rcode);
		CHECK_NUMBER(m->count, c->count);
		CHECK(m->ttl <= c->ttl);
		if (c->first.len > 0)
			CHECK(take_block(&data, &first) &&
				span_equals(first, c->first));
	}
	watch_close(&watch);
	fake_expect_event(EV_DNS_BOGUS);
	fake_stop();
	fd_close(&server);
}
