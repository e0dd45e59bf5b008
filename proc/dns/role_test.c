#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "lib/base/codec.h"
#include "sys/fake_master.h"
#include "sys/role.h"

#define A      1
#define MX     15
#define AAAA   28
#define DNSKEY 48

#define NXDOMAIN 3

/* Records of an answer in wire form; the name is that of the question, or its
 * parent behind a first label of `n` octets (RFC 1035 section 4.1.4). */
#define RR(type, ttl, length, rdata) \
	"\xc0\x0c\0" type "\0\1" ttl length rdata
#define HOUR "\0\0\x0e\x10"

/* Of the zone secure.example: its key (Ed25519, RFC 8080), the signature of the
 * key by itself and that of host's address; until 2080. */
#define KEY \
	"\x01\x01\x03\x0f\xea\x4a\x6c\x63\xe2\x9c\x52\x0a\xbe\xf5\x50\x7b" \
	"\x13\x2e\xc5\xf9\x95\x47\x76\xae\xbe\xbe\x7b\x92\x42\x1e\xea\x69" \
	"\x14\x46\xd2\x2c"
#define KEY_SIGNED \
	"\x00\x30\x0f\x02\x00\x00\x0e\x10\xce\xe7\xb9\x80\x5e\x0b\xe1\x00" \
	"\xd1\x40\x06\x73\x65\x63\x75\x72\x65\x07\x65\x78\x61\x6d\x70\x6c" \
	"\x65\x00\x15\xcb\x00\x28\x70\xdf\x4f\x5c\xe6\x07\x8a\x87\x92\x7b" \
	"\x4e\x2f\x2f\x54\xbf\x26\xc3\x3b\x3b\xcc\xab\x18\xc3\x6e\x74\x94" \
	"\x05\x1e\x03\x75\x9e\x33\x12\xb9\x35\x74\x25\xaf\x22\x25\xcd\xb5" \
	"\x51\xfd\xa2\xa2\x9f\xf0\x44\xb2\x16\xd7\x41\x34\x82\xb7\xc6\xe0" \
	"\xc2\x00"
#define HOST_SIGNED \
	"\x00\x01\x0f\x03\x00\x00\x0e\x10\xce\xe7\xb9\x80\x5e\x0b\xe1\x00" \
	"\xd1\x40\x06\x73\x65\x63\x75\x72\x65\x07\x65\x78\x61\x6d\x70\x6c" \
	"\x65\x00\xe8\xe0\x65\xda\xc1\x13\x43\x97\xb8\x48\xe8\x21\x68\x02" \
	"\xd8\xe9\x89\xee\xe7\xe8\x0f\xbc\x7b\xd3\x26\x34\x3f\x9f\x45\x29" \
	"\xab\x42\x3a\x85\x4a\x6c\x05\xac\x74\x9d\xb9\x22\x16\x5c\xee\xa6" \
	"\x71\xf2\x8a\x24\x07\xd9\xec\x47\xb7\x49\xcd\xbe\x88\x9b\xd3\xcb" \
	"\x60\x0c"

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
	{ MX, "\3far\4zone\4test", 0, 1,
		SPAN(RR("\x0f", HOUR, "\0\4", "\0\1\xff\xff")) },
	{ A, "\6length\4zone\4test", 0, 1,
		SPAN(RR("\1", HOUR, "\xff\xff", "\x08\x08\x08\1")) },
	{ A, "\5count\4zone\4test", 0, 200,
		SPAN(RR("\1", HOUR, "\0\4", "\x08\x08\x08\1")) },
	{ A, "\4open\7example", 0, 1,
		SPAN(RR("\1", HOUR, "\0\4", "\x08\x08\x08\6")) },
	{ DNSKEY, "\6secure\7example", 0, 2,
		SPAN(RR("\x30", HOUR, "\0\x24", KEY)
				RR("\x2e", HOUR, "\0\x62", KEY_SIGNED)) },
	{ A, "\4host\6secure\7example", 0, 2,
		SPAN(RR("\1", HOUR, "\0\4", "\x08\x08\x08\x08")
				RR("\x2e", HOUR, "\0\x62", HOST_SIGNED)) },
	{ A, "\4fake\6secure\7example", 0, 2,
		SPAN(RR("\1", HOUR, "\0\4", "\x08\x08\x08\x08")
				RR("\x2e", HOUR, "\0\x62", HOST_SIGNED)) },
	{ A, "\4bare\6secure\7example", 0, 1,
		SPAN(RR("\1", HOUR, "\0\4", "\x08\x08\x08\x08")) },
	{ A, "\6signed\7example", 0, 1,
		SPAN(RR("\1", HOUR, "\0\4", "\x08\x08\x08\7")) },
};

enum how {
	ANSWER,
	SECURE, /* an answer that was validated */
	FAULT,  /* no usable answer             */
	BOGUS,  /* forged, so none              */
};

static const struct {
	const char *what;
	const char *name;
	uint16_t kind;
	enum how how;
	uint16_t rcode, count; /* of records */
	uint32_t ttl;          /* at most    */
	struct span first;     /* RDATA      */
} cases[] = {
	{ "local data", "local.test", MX, ANSWER, 0, 1, 3600,
		SPAN("\0\x0a\1b\4test\0") },
	{ "local name, other kind", "local.test", A, ANSWER, 0, 0, 0,
		SPAN_NONE },
	{ "a name that nobody has", "x.invalid", A, ANSWER, NXDOMAIN, 0, 0,
		SPAN_NONE },
	{ "two addresses", "host.zone.test", A, ANSWER, 0, 2, 3600, SPAN_NONE },
	{ "the case of letters", "HOST.zone.TEST", A, ANSWER, 0, 2, 3600,
		SPAN_NONE },
	{ "IPv6", "host.zone.test", AAAA, ANSWER, 0, 1, 3600,
		SPAN("\x26\6\0\0\0\0\0\0\0\0\0\0\0\0\0\1") },
	{ "a compressed name", "zone.test", MX, ANSWER, 0, 1, 3600,
		SPAN("\0\x0a\2mx\4zone\4test\0") },
	{ "an alias", "alias.zone.test", A, ANSWER, 0, 1, 3600,
		SPAN("\x08\x08\x08\3") },
	{ "a long time to live", "long.zone.test", A, ANSWER, 0, 1, 86400,
		SPAN("\x08\x08\x08\4") },
	{ "no time to live", "short.zone.test", A, ANSWER, 0, 1, 0,
		SPAN("\x08\x08\x08\5") },
	{ "no record", "none.zone.test", A, ANSWER, 0, 0, 0, SPAN_NONE },
	{ "no name", "gone.zone.test", A, ANSWER, NXDOMAIN, 0, 0, SPAN_NONE },
	{ "the server failed", "fail.zone.test", A, FAULT, 0, 0, 0, SPAN_NONE },
	{ "the server refused", "refuse.zone.test", A, FAULT, 0, 0, 0,
		SPAN_NONE },
	{ "an alias of itself", "self.zone.test", A, FAULT, 0, 0, 0,
		SPAN_NONE },
	{ "MX of no octet", "mx0.zone.test", MX, FAULT, 0, 0, 0, SPAN_NONE },
	{ "MX of one octet", "mx1.zone.test", MX, FAULT, 0, 0, 0, SPAN_NONE },
	{ "MX without name", "mx2.zone.test", MX, FAULT, 0, 0, 0, SPAN_NONE },
	{ "compression in a circle", "circle.zone.test", MX, FAULT, 0, 0, 0,
		SPAN_NONE },
	{ "compression behind the end", "far.zone.test", MX, FAULT, 0, 0, 0,
		SPAN_NONE },
	{ "a record behind the end", "length.zone.test", A, FAULT, 0, 0, 0,
		SPAN_NONE },
	{ "fewer records than announced", "count.zone.test", A, FAULT, 0, 0,
		0, SPAN_NONE },
	{ "through the resolver of every zone", "open.example", A, ANSWER, 0, 1,
		3600, SPAN("\x08\x08\x08\6") },
	{ "a signed address", "host.secure.example", A, SECURE, 0, 1, 3600,
		SPAN("\x08\x08\x08\x08") },
	{ "the signature of another name", "fake.secure.example", A, BOGUS, 0,
		0, 0, SPAN_NONE },
	{ "a signed zone without signature", "bare.secure.example", A, BOGUS, 0,
		0, 0, SPAN_NONE },
	{ "a signed zone denies without signature", "gone.secure.example", A,
		BOGUS, 0, 0, 0, SPAN_NONE },
	{ "a zone that must be signed and is not", "signed.example", A, BOGUS,
		0, 0, 0, SPAN_NONE },
	{ "no name at all", "", A, FAULT, 0, 0, 0, SPAN_NONE },
	{ "two dots", "a..test", A, FAULT, 0, 0, 0, SPAN_NONE },
	{ "an octet of another alphabet", "\xff.test", A, FAULT, 0, 0, 0,
		SPAN_NONE },
	{ "a blank", "a b.test", A, FAULT, 0, 0, 0, SPAN_NONE },
};

/* Of signed.example, which nobody signs, and of secure.example. */
static const struct span anchors =
	SPAN("; a comment\n\n"
	     "signed.example. IN DS 12345 15 2 "
	     "00112233445566778899aabbccddeeff"
	     "00112233445566778899aabbccddeeff\n"
	     "secure.example. IN DNSKEY 257 3 15 "
	     "6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=\n");

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

static struct span anchors_given;

static void
give(void)
{
	fake_give_file(FILE_TRUST_ANCHOR, anchors_given);
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
	anchors_given = anchors;
	fake_start(DNS, &site, give);
	CHECK_OK(watch_open(fake.loop, server, LOOP_READ, serve, NULL, &watch));
	EACH_CASE(c, cases) {
		const struct dns_answer *m = ask(c->name, c->kind);
		struct span data = span_at(m->data, m->data_len), first;

		CHECK_NUMBER(m->bogus, c->how == BOGUS);
		CHECK_NUMBER(m->secure, c->how == SECURE);
		CHECK_NUMBER(m->count, c->count);
		CHECK(m->ttl <= c->ttl);
		CHECK_NUMBER(m->fault != 0, c->how > SECURE);
		CHECK(m->fault || m->rcode == c->rcode);
		if (span_is_set(c->first))
			CHECK(take_block(&data, &first) &&
				span_equals(first, c->first));
	}
	watch_close(&watch);
	fake_expect_event(EV_DNS_BOGUS);
	fake_stop();
	fd_close(&server);
}

static const struct {
	const char *what;
	struct span anchors;
	const char *record;
} unusable[] = {
	{ "a record without data", SPAN(""), "a.test. IN MX" },
	{ "an address of five octets", SPAN(""), "a.test. IN A 1.2.3.4.5" },
	{ "no record at all", SPAN(""), "what is this" },
	{ "an anchor that is a number", SPAN("12345\n"), "" },
	{ "an anchor that is an address", SPAN(". IN A 8.8.8.8\n"), "" },
	{ "a key that is cut off", SPAN(". IN DNSKEY 257 3\n"), "" },
};

TEST(dns_does_not_start_with_what_it_cannot_use)
{
	if (!fake_is_built(DNS))
		return;
	EACH_CASE(c, unusable) {
		site = *fake_site();
		site.records_count = c->record[0] != 0;
		memcpy(site.records[0].text, c->record, strlen(c->record));
		anchors_given = c->anchors;
		fake_begin(DNS, &site, give);
		fake_ends(EXIT_SITE);
	}
}
