#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "lib/base/codec.h"
#include "proc/dial/route.h"
#include "sys/fake_master.h"

#define NXDOMAIN 3
#define SERVFAIL 2
#define JOB      77

/* What the fake name service knows. */
static const struct {
	uint16_t kind;
	const char *name;
	uint16_t rcode, fault;
	uint8_t bogus;
	struct span record;
} zone[] = {
	{ DNS_MX, "plain.test", .record = SPAN("\0\1\2mx\4test\0") },
	{ DNS_MX, "gone.test", .rcode = NXDOMAIN },
	{ DNS_MX, "dead.test", .rcode = SERVFAIL, .fault = 1 },
	{ DNS_MX, "forged.test", .bogus = 1,
		.record = SPAN("\0\1\2mx\4test\0") },
	{ DNS_MX, "null.test", .record = SPAN("\0\0\0") },
	{ DNS_MX, "junk.test", .record = SPAN("\0\1\xc0") },
	{ DNS_MX, "loop.test", .record = SPAN("\0\1\2me\4test\0") },
	{ DNS_MX, "bare.test", .record = SPAN("\0\1\4bare\4test\0") },
	{ DNS_MX, "unsure.test", .record = SPAN("\0\1\4dead\4test\0") },
	{ DNS_A, "dead.test", .fault = 1 },
	{ DNS_A, "mx.test", .record = SPAN("\x7f\0\0\1") },
	{ DNS_A, "implicit.test", .record = SPAN("\x7f\0\0\1") },
	{ DNS_AAAA, "six.test",
		.record = SPAN("\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\1") },
};

static const struct {
	const char *what;
	const char *host;
	bool by_mx, named, open; /* does somebody listen there? */
	uint16_t code;           /* 0: connected */
	const char *enhanced;
	const char *connected_to; /* the name that the certificate must have */
} cases[] = {
	{ "the settings name an address", "127.0.0.1", false, true, true, 0, "",
		"127.0.0.1" },
	{ "nobody listens", "127.0.0.1", false, true, false, 451, "4.4.1", "" },
	{ "loopback by a stranger", "127.0.0.1", true, false, true, 554,
		"5.4.6", "" },
	{ "mapped loopback by a stranger", "::ffff:7f00:1", true, false,
		true, 554, "5.4.6", "" },
	{ "the settings name a host", "mx.test", false, true, true, 0, "",
		"mx.test" },
	{ "a host without address may get one", "bare.test", false, true, true,
		451, "4.4.4", "" },
	{ "a domain with MX", "plain.test", true, true, true, 0, "",
		"mx.test" },
	{ "a domain without MX", "implicit.test", true, true, true, 0, "",
		"implicit.test" },
	{ "loopback behind an MX", "plain.test", true, false, true, 554,
		"5.4.6", "" },
	{ "loopback behind an AAAA", "six.test", true, false, true, 554,
		"5.4.6", "" },
	{ "no such domain", "gone.test", true, false, true, 550, "5.1.2", "" },
	{ "no answer", "dead.test", true, false, true, 451, "4.4.3", "" },
	{ "a forged answer", "forged.test", true, false, true, 451, "4.4.3",
		"" },
	{ "no answer about the host", "unsure.test", true, false, true, 451,
		"4.4.3", "" },
	{ "null MX", "null.test", true, false, true, 556, "5.1.10", "" },
	{ "no usable MX", "junk.test", true, false, true, 550, "5.4.4", "" },
	{ "we are its MX", "loop.test", true, false, true, 554, "5.4.6", "" },
	{ "no address at all", "bare.test", true, false, true, 550, "5.4.4",
		"" },
	{ "no host", "a b.test", true, false, true, 550, "5.1.2", "" },
	{ "an empty host", "", false, true, true, 550, "5.1.2", "" },
};

/* A socket on a free port of 127.0.0.1; it listens if `open`. */
static int
bind_somewhere(bool open, uint16_t *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&at, len) == 0);
	CHECK(!open || listen(fd, 1) == 0);
	CHECK(getsockname(fd, (struct sockaddr *)&at, &len) == 0);
	*port = ntohs(at.sin_port);
	return fd;
}

static void
answer(const struct dns_query *q)
{
	struct span name = span_at(q->name, q->name_len);
	static struct dns_answer m;
	struct buf data = BUF(m.data);

	m = (struct dns_answer){ .head = { .type = DNS_ANSWER,
					 .serial = q->head.serial,
					 .session = q->head.session } };
	for (size_t i = 0; i < sizeof zone / sizeof zone[0]; i++) {
		if (zone[i].kind != q->kind ||
			!span_equals(name, span_of(zone[i].name)))
			continue;
		m.rcode = zone[i].rcode;
		m.fault = zone[i].fault;
		m.bogus = zone[i].bogus;
		if (span_is_set(zone[i].record))
			CHECK(put_block(&data, zone[i].record));
	}
	m.count = data.len > 0;
	m.data_len = (uint16_t)data.len;
	CHECK_OK(channel_send(fake.links[DNS], &m, -1));
}

static void
request(const char *host, uint16_t port, bool by_mx, bool named)
{
	struct dial_request m = { .head = { .type = DIAL_REQUEST,
					  .session = JOB },
		.port = port,
		.by_mx = by_mx,
		.named = named,
		.tls = TLS_REQUIRED,
		.host_len = (uint16_t)strlen(host) };

	memcpy(m.host, host, m.host_len);
	CHECK_OK(channel_send(fake.links[QUEUE], &m, -1));
}

/* Answer questions until dial says how it went. */
static void
converse(void)
{
	for (;;) {
		fake_expect_any(DNS_QUERY, DIAL_FAILED, DIAL_CONNECTED);
		if (fake.message.head.type != DNS_QUERY)
			return;
		answer((const struct dns_query *)&fake.message);
	}
}

static void
check_failed(uint16_t code, const char *enhanced)
{
	const struct dial_failed *m = (const void *)&fake.message;

	CHECK_NUMBER(m->head.type, DIAL_FAILED);
	CHECK_NUMBER(m->head.session, JOB);
	CHECK_NUMBER(m->reply.code, code);
	CHECK_SPAN(span_of((const char *)m->reply.enhanced), enhanced);
	CHECK(m->reply.text_len > 0);
}

static void
check_connected(uint16_t port, const char *host)
{
	const struct dial_connected *m = (const void *)&fake.message;
	struct sockaddr_in there;
	socklen_t len = sizeof there;

	CHECK_NUMBER(m->head.type, DIAL_CONNECTED);
	CHECK_NUMBER(m->head.session, JOB);
	CHECK_NUMBER(m->tls, TLS_REQUIRED);
	CHECK_NUMBER(m->port, port);
	CHECK_SPAN(span_at(m->host, m->host_len), host);
	CHECK(getpeername(fake.fd, (struct sockaddr *)&there, &len) == 0);
	CHECK_NUMBER(ntohs(there.sin_port), port);
	CHECK(memcmp(m->address + 12, &there.sin_addr, 4) == 0);
	fd_close(&fake.fd);
}

static void
give(void)
{
	fake_link(QUEUE, DIAL);
	fake_link(RELAY, DIAL);
	fake_link(DNS, DIAL);
	fake_link(LOG, DIAL);
}

TEST(dial_connects_or_says_why_not)
{
	if (!fake_is_built(DIAL))
		return;
	fake_start(DIAL, fake_site(), give);
	EACH_CASE(c, cases) {
		OWNED(fd_close) int listener = -1;
		uint16_t port;

		listener = bind_somewhere(c->open, &port);
		request(c->host, port, c->by_mx, c->named);
		converse();
		if (c->code)
			check_failed(c->code, c->enhanced);
		else
			check_connected(port, c->connected_to);
	}
	fake_expect_event(EV_DIAL_REFUSED);
	fake_stop();
}

/* NC-2.1.9.b: whatever a queue that was taken over asks for. */
static const struct {
	const char *what, *host;
	int port; /* beside the smarthost's */
	bool by_mx;
	uint16_t code;
} listed[] = {
	{ "the smarthost", "mx.test", 0, false, 0 },
	{ "its domain", "plain.test", 0, true, 451 },
	{ "the smarthost as a domain", "mx.test", 0, true, 451 },
	{ "another host", "implicit.test", 0, false, 451 },
	{ "its address", "127.0.0.1", 0, false, 451 },
	{ "another port of it", "mx.test", 1, false, 451 },
};

TEST(dial_of_a_host_that_only_sends_reaches_the_smarthosts_only)
{
	OWNED(fd_close) int listener = -1;
	struct site *s;
	uint16_t port;

	if (!fake_is_built(DIAL))
		return;
	listener = bind_somewhere(true, &port);
	s = fake_site();
	s->role = SITE_LOCAL;
	s->smarthosts_count = 1;
	s->smarthosts[0] = (struct site_smarthost){ .name = "mx.test",
		.port = port };
	fake_start(DIAL, s, give);
	EACH_CASE(c, listed) {
		request(c->host, (uint16_t)(port + c->port), c->by_mx, true);
		converse();
		if (c->code)
			check_failed(c->code, "4.4.4");
		else
			check_connected(port, c->host);
	}
	fake_expect_event(EV_DIAL_REFUSED);
	fake_stop();
}

TEST(dial_does_not_wait_for_a_name_service_that_ended)
{
	if (!fake_is_built(DIAL))
		return;
	fake_start(DIAL, fake_site(), give);
	test_row = "it ends before it answers";
	request("plain.test", 25, true, false);
	fake_expect(DNS_QUERY);
	channel_close(&fake.links[DNS]);
	converse();
	check_failed(451, "4.4.3");
	test_row = "it is away";
	request("plain.test", 25, true, false);
	converse();
	check_failed(451, "4.4.3");
	test_row = "an address needs none";
	request("127.0.0.1", 1, false, false);
	converse();
	check_failed(554, "5.4.6");
	fake_stop();
}

TEST(dial_takes_no_answer_that_it_did_not_ask_for)
{
	const struct dns_query *q = (const void *)&fake.message;
	struct dns_query late;

	if (!fake_is_built(DIAL))
		return;
	fake_start(DIAL, fake_site(), give);
	test_row = "an answer twice";
	request("plain.test", 25, true, false);
	fake_expect(DNS_QUERY);
	CHECK_NUMBER(q->kind, DNS_MX);
	late = *q;
	answer(&late);
	fake_expect(DNS_QUERY);
	CHECK_NUMBER(q->kind, DNS_AAAA);
	answer(&late);
	answer(q);
	fake_expect(DNS_QUERY);
	CHECK_NUMBER(q->kind, DNS_A);
	answer(&late);
	answer(q);
	converse();
	check_failed(554, "5.4.6");
	fake_stop();
}

TEST(dial_tells_what_it_leaves_undone)
{
	if (!fake_is_built(DIAL))
		return;
	fake_start(DIAL, fake_site(), give);
	test_row = "stopped while it waits for an answer";
	request("plain.test", 25, true, false);
	fake_expect(DNS_QUERY);
	fake_say(STOP);
	fake_expect(DIAL_FAILED);
	check_failed(451, "4.3.2");
	fake_stop();
}

TEST(dial_speaks_ipv6)
{
	const struct dial_connected *m = (const void *)&fake.message;
	struct sockaddr_in6 at = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	socklen_t len = sizeof at;
	OWNED(fd_close) int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC,
		0);

	if (!fake_is_built(DIAL))
		return;
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) != 0) {
		test_skip("this machine has no IPv6");
		return;
	}
	CHECK(listen(fd, 1) == 0);
	CHECK(getsockname(fd, (struct sockaddr *)&at, &len) == 0);
	fake_start(DIAL, fake_site(), give);
	request("::1", ntohs(at.sin6_port), false, true);
	fake_expect(DIAL_CONNECTED);
	CHECK(memcmp(m->address, &at.sin6_addr, 16) == 0);
	CHECK(getpeername(fake.fd, (struct sockaddr *)&at, &len) == 0);
	CHECK_NUMBER(ntohs(at.sin6_port), m->port);
	fd_close(&fake.fd);
	fake_stop();
}

/* Give this machine, in a network of its own, a public address. */
static bool
become_public(const char *address)
{
	OWNED(fd_close) int fd = -1;
	struct ifreq r = { .ifr_name = "lo" };
	struct sockaddr_in at = { .sin_family = AF_INET };

	if (unshare(CLONE_NEWNET) != 0)
		return false;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	r.ifr_flags = IFF_UP | IFF_LOOPBACK;
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &r) != 0)
		return false;
	CHECK(inet_pton(AF_INET, address, &at.sin_addr) == 1);
	r = (struct ifreq){ .ifr_name = "lo:1" };
	memcpy(&r.ifr_addr, &at, sizeof at);
	return ioctl(fd, SIOCSIFADDR, &r) == 0;
}

/* A stranger's MX that leads back to us, by an address like any other. */
TEST(dial_does_not_dial_this_host)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	OWNED(fd_close) int listener = -1;
	socklen_t len = sizeof at;

	if (!fake_is_built(DIAL))
		return;
	if (!become_public("9.9.9.10")) {
		test_skip("no network of its own");
		return;
	}
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(bind(listener, (struct sockaddr *)&at, len) == 0);
	CHECK(listen(listener, 2) == 0);
	CHECK(getsockname(listener, (struct sockaddr *)&at, &len) == 0);
	fake_start(DIAL, fake_site(), give);
	test_row = "by a stranger";
	request("9.9.9.10", ntohs(at.sin_port), true, false);
	converse();
	check_failed(554, "5.4.6");
	fake_expect_event(EV_DIAL_REFUSED);
	test_row = "named by the settings";
	request("9.9.9.10", ntohs(at.sin_port), false, true);
	fake_expect(DIAL_CONNECTED);
	fd_close(&fake.fd);
	fake_stop();
}
