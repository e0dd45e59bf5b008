/* Each probe against a server that behaves and one that does not: a probe that
 * takes silence for a refusal would pass both. */
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/number.h"
#include "lib/base/test.h"
#include "standard/checks.h"
#include "sys/performance.h"

/* The reply to the first rule whose words begin the command. */
struct rule {
	const char *command, *reply;
};

static const struct rule behaves[] = {
	{ "EHLO", "250-mail.agency.example\r\n250-PIPELINING\r\n"
		  "250-SIZE 26214400\r\n250 STARTTLS\r\n" },
	{ "HELO", "250 mail.agency.example\r\n" },
	{ "VRFY", "252 2.5.2 Cannot VRFY\r\n" },
	{ "EXPN", "502 5.7.0 Not available\r\n" },
	{ "HELP", "214 2.0.0 See RFC 5321\r\n" },
	{ "NOOP", "250 2.0.0 OK\r\n" },
	{ "MAIL FROM:<\r", "501 5.1.7 Bad sender\r\n" },
	{ "MAIL", "250 2.1.0 OK\r\n" },
	{ "RCPT TO:<postmaster>", "250 2.1.5 OK\r\n" },
	{ "RCPT TO:<postmaster@agency.example>\r", "250 2.1.5 OK\r\n" },
	{ "RCPT TO:<PostMaster@AGENCY.EXAMPLE>", "250 2.1.5 OK\r\n" },
	{ "RCPT TO:<abuse@agency.example>", "250 2.1.5 OK\r\n" },
	{ "RCPT", "550 5.7.1 Relaying denied\r\n" },
	{ "DATA", "354 Go on\r\n" },
	{ "From", "554 5.7.1 Refused\r\n" },
	{ "AUTH", "503 5.5.1 Not available\r\n" },
	{ "QUIT", "221 2.0.0 Bye\r\n" },
	{ "", "502 5.5.1 Unknown command\r\n" },
};

/* What breaks one rule of the above. */
static const struct rule wordy[] = { { "XYZZY",
	"502 5.5.2 Postfix: command not recognized\r\n" } };
static const struct rule banner[] = { { "HELP",
	"214 2.0.0 This is Exim on Debian\r\n" } };
static const struct rule offers[] = { { "EHLO",
	"250-mail.agency.example\r\n250 AUTH PLAIN\r\n" } };
static const struct rule takes_login[] = { { "AUTH",
	"535 5.7.8 Bad credentials\r\n" } };
static const struct rule open_relay[] = { { "RCPT TO:<t%relay",
	"250 2.1.5 OK\r\n" } };
static const struct rule delays[] = { { "RCPT TO:<t@relay",
	"454 4.7.1 Relay access denied\r\n" } };
static const struct rule catches_all[] = { { "RCPT TO:<no-such",
	"250 2.1.5 OK\r\n" } };
static const struct rule oracle[] = { { "VRFY nosuch",
	"550 5.1.1 User unknown\r\n" } };
static const struct rule expands[] = { { "EXPN all",
	"250 alice\r\n" } };
static const struct rule has_etrn[] = { { "ETRN", "458 Unable\r\n" } };
static const struct rule has_virus[] = { { "From", "250 OK\r\n" } };
static const struct rule ends_early[] = { { "From",
	"250 OK\r\n500 5.5.1 Unknown command\r\n" } };
static const struct rule has_etrn_word[] = { { "EHLO",
	"250-mail.agency.example\r\n250-SIZE 1\r\n250 ETRN\r\n" } };
static const struct rule trusts_names[] = { { "RCPT TO:<t@relay",
	"250 2.1.5 OK\r\n" } };
static const struct rule no_postmaster[] = { { "RCPT TO:<postmaster>",
	"550 5.1.1 Unknown user\r\n" } };
static const struct rule no_case[] = { { "RCPT TO:<PostMaster",
	"550 5.1.1 Unknown user\r\n" } };
static const struct rule version[] = { { "QUIT",
	"221 2.0.0 server 4.96 closing\r\n" } };
static const struct rule turns_off_checks[] = { { "AUTH",
	"334 \r\n" } };
static const struct rule mute[] = { { "", "" } };

static const struct {
	const char *what;
	check *check;
	const struct rule *breaks;
	enum mark want;
} probes[] = {
	{ "words: good", offered_words, NULL, MARK_GOOD },
	{ "words: AUTH", offered_words, offers, MARK_BAD },
	{ "words: ETRN", offered_words, has_etrn_word, MARK_BAD },
	{ "words: mute", offered_words, mute, MARK_MISSING },
	{ "banner: good", replies, NULL, MARK_GOOD },
	{ "banner: in an error", replies, wordy, MARK_BAD },
	{ "banner: in HELP", replies, banner, MARK_BAD },
	{ "banner: a version in the farewell", replies, version, MARK_BAD },
	{ "banner: mute", replies, mute, MARK_MISSING },
	{ "login: good", no_login_in_clear, NULL, MARK_GOOD },
	{ "login: offered", no_login_in_clear, offers, MARK_BAD },
	{ "login: judged", no_login_in_clear, takes_login, MARK_BAD },
	{ "login: begun", no_login_in_clear, turns_off_checks, MARK_BAD },
	{ "login: mute", no_login_in_clear, mute, MARK_MISSING },
	{ "relay: good", relay_refused, NULL, MARK_GOOD },
	{ "relay: percent", relay_refused, open_relay, MARK_BAD },
	{ "relay: everything", relay_refused, trusts_names, MARK_BAD },
	{ "relay: an end that is none", relay_refused, has_virus, MARK_BAD },
	{ "relay: an end that is none, and more behind it", relay_refused,
		ends_early, MARK_BAD },
	{ "relay: for now", relay_refused, delays, MARK_REMARK },
	{ "relay: mute", relay_refused, mute, MARK_MISSING },
	{ "domains: good", foreign_domains, NULL, MARK_GOOD },
	{ "domains: catch-all", foreign_domains, catches_all, MARK_BAD },
	{ "domains: no postmaster", foreign_domains, no_postmaster, MARK_BAD },
	{ "domains: by its letters", foreign_domains, no_case, MARK_BAD },
	{ "commands: good", silent_commands, NULL, MARK_GOOD },
	{ "commands: oracle", silent_commands, oracle, MARK_BAD },
	{ "commands: EXPN", silent_commands, expands, MARK_BAD },
	{ "commands: ETRN", silent_commands, has_etrn, MARK_BAD },
	{ "commands: mute", silent_commands, mute, MARK_MISSING },
	{ "virus: refused is half a proof", virus_refused, NULL,
		MARK_MISSING },
	{ "virus: taken", virus_refused, has_virus, MARK_BAD },
};

static const char *
reply_to(const char *line, const struct rule *breaks)
{
	if (breaks &&
		strncmp(line, breaks->command, strlen(breaks->command)) == 0)
		return breaks->reply;
	for (size_t i = 0; i < COUNT_OF(behaves); i++)
		if (strncmp(line, behaves[i].command,
			    strlen(behaves[i].command)) == 0)
			return behaves[i].reply;
	return "";
}

/* One client at a time; a packet is a command, which holds on loopback for a
 * client that waits for each reply. */
static void
serve(int listener, const struct rule *breaks)
{
	static const char greeting[] = "220 mail.agency.example ESMTP\r\n";
	char line[2048];

	for (;;) {
		int fd = accept(listener, NULL, NULL);
		ssize_t n;

		if (fd < 0)
			_exit(0);
		if (send(fd, greeting, sizeof greeting - 1, MSG_NOSIGNAL) < 0)
			_exit(1);
		while ((n = recv(fd, line, sizeof line - 1, 0)) > 0) {
			const char *reply;

			line[n] = 0;
			reply = reply_to(line, breaks);
			if (!*reply) /* mute: it hangs up */
				break;
			if (send(fd, reply, strlen(reply), MSG_NOSIGNAL) < 0)
				break;
		}
		close(fd);
	}
}

static int
listen_somewhere(uint16_t *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&at, len) == 0);
	CHECK(listen(fd, 8) == 0);
	CHECK(getsockname(fd, (struct sockaddr *)&at, &len) == 0);
	*port = ntohs(at.sin_port);
	return fd;
}

static void
fill_site(struct site *s, uint16_t port)
{
	static const uint8_t loopback[16] = { [10] = 0xff, [11] = 0xff,
		[12] = 127, [15] = 1 };

	s->permits_count = 1;
	s->domains_count = 1;
	strncpy(s->host, "mail.agency.example", sizeof s->host);
	strncpy(s->domains[0].name, "agency.example",
		sizeof s->domains[0].name);
	s->permits[0] = (struct site_permit){ .service = SERVICE_MX,
		.port = port, .expires_us = INT64_MAX };
	memcpy(s->permits[0].address, loopback, sizeof loopback);
}

TEST(each_probe_tells_good_from_bad)
{
	static struct site site;
	const struct inspection i = { .site = &site, .settings = "test" };

	EACH_CASE(k, probes) {
		struct proof p = { 0 };
		uint16_t port;
		int listener = listen_somewhere(&port);
		pid_t server = fork();

		if (server == 0)
			serve(listener, k->breaks);
		fill_site(&site, port);
		k->check(&i, &p);
		kill(server, SIGKILL);
		waitpid(server, NULL, 0);
		close(listener);
		if (p.mark != k->want)
			fprintf(stderr, "%s: %s\n", p.looked, p.found);
		CHECK_NUMBER(p.mark, k->want);
		CHECK(p.looked[0] != 0 && p.found[0] != 0);
		CHECK((p.remedy[0] != 0) ==
			(p.mark == MARK_BAD || p.mark == MARK_REMARK));
	}
}

/* How a server may treat the connections beyond the third. */
enum excess { REFUSES, GREETS, HANGS_UP };

static void
serve_many(int listener, enum excess excess)
{
	static const char greeting[] = "220 mail.agency.example ESMTP\r\n",
			  refusal[] = "421 4.7.0 Too many\r\n";

	for (int n = 1;; n++) {
		int fd = accept(listener, NULL, NULL);
		bool more = n > 3 && excess != GREETS;

		if (more && excess == HANGS_UP)
			close(fd);
		else if (send(fd, more ? refusal : greeting,
				 more ? sizeof refusal - 1
				      : sizeof greeting - 1,
				 MSG_NOSIGNAL) < 0)
			_exit(1);
	}
}

static const struct {
	const char *what;
	enum excess excess;
	enum mark want;
} floods[] = {
	{ "the refusal is read", REFUSES, MARK_GOOD },
	{ "everybody is greeted", GREETS, MARK_BAD },
	{ "not greeted is no refusal", HANGS_UP, MARK_MISSING },
};

TEST(a_flood_must_be_refused_in_words)
{
	static struct site site;
	const struct inspection i = { .site = &site, .settings = "test" };

	EACH_CASE(k, floods) {
		struct proof p = { 0 };
		uint16_t port;
		int listener = listen_somewhere(&port);
		pid_t server = fork();

		if (server == 0)
			serve_many(listener, k->excess);
		fill_site(&site, port);
		site.max_per_source = 3;
		flood_refused(&i, &p);
		kill(server, SIGKILL);
		waitpid(server, NULL, 0);
		close(listener);
		CHECK_NUMBER(p.mark, k->want);
	}
}

/* Limits against a measured machine. */
static const struct {
	const char *what;
	bool measured, changed;
	uint64_t messages;
	enum mark want;
} derivations[] = {
	{ "at 70 %", true, false, 70 * 3600, MARK_GOOD },
	{ "above", true, false, 70 * 3600 + 1, MARK_BAD },
	{ "changed afterwards", true, true, 1, MARK_BAD },
	{ "never measured", false, false, 1, MARK_MISSING },
};

static void
change(const char *path)
{
	FILE *f = fopen(path, "r+");

	CHECK(f && fseek(f, 40, SEEK_SET) == 0 && fputc('x', f) == 'x');
	fclose(f);
}

TEST(limits_must_follow_from_what_was_measured)
{
	static struct site site;
	const struct inspection i = { .site = &site, .settings = "test",
		.now = { SECONDS(1000000000) } };
	const struct capacity c = { .values = { [CAPACITY_MESSAGES] = 100,
		[CAPACITY_CONNECTIONS] = 100, [CAPACITY_OCTETS] = 100,
		[CAPACITY_TIME] = 999999999 } };
	char directory[] = "/tmp/posthold-standard-XXXXXX";

	CHECK(mkdtemp(directory) != NULL);
	EACH_CASE(k, derivations) {
		static const char *const made[] = { "", ".key", ".pub" };
		struct proof p = { 0 };

		snprintf(site.standard, sizeof site.standard, "%s/standard",
			directory);
		memset(site.rates, 0, sizeof site.rates);
		site.rates[LIMIT_SITE_MESSAGES] = k->messages;
		if (k->measured)
			CHECK_OK(performance_save(site.standard, &c,
				SPAN("mail.agency.example"), i.now));
		if (k->changed)
			change(site.standard);
		limits_derived(&i, &p);
		CHECK_NUMBER(p.mark, k->want);
		for (size_t n = 0; n < COUNT_OF(made); n++) {
			char path[300];

			snprintf(path, sizeof path, "%s%s", site.standard,
				made[n]);
			unlink(path);
		}
	}
	rmdir(directory);
}

TEST(a_silent_port_is_no_evidence)
{
	static struct site site;
	const struct inspection i = { .site = &site, .settings = "test" };
	uint16_t port;

	close(listen_somewhere(&port));
	fill_site(&site, port);
	EACH_CASE(k, probes) {
		struct proof p = { 0 };

		k->check(&i, &p);
		CHECK_NUMBER(p.mark, MARK_MISSING);
	}
}

/* --- ports ---------------------------------------------------------------- */

/* A network that nobody else has; false where that cannot be. */
static bool
own_network(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	if (unshare(CLONE_NEWNET) != 0)
		return false;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &lo) == 0 && close(fd) == 0;
}

static int
open_udp(uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0);
	return fd;
}

/* In a child: the numbers of the cases that went wrong, as a set. */
static int
knock_at_all(void)
{
	static struct site site;
	const struct inspection i = { .site = &site, .settings = "test" };
	struct proof p = { 0 };
	uint16_t port, other;
	int wrong = 0, udp;

	close(listen_somewhere(&port));
	fill_site(&site, port);
	site.production = 1;
	wrong |= !ports_are_permitted(&i, &p) << 0;
	wrong |= (listen_somewhere(&other) < 0) << 1;
	wrong |= ports_are_permitted(&i, &p) << 2;
	wrong |= (p.mark != MARK_BAD || !strstr(p.found, "tcp")) << 3;
	site.permits[1] = site.permits[0];
	site.permits[1].port = other;
	site.permits_count = 2;
	wrong |= !ports_are_permitted(&i, &p) << 4;
	udp = open_udp(161);
	wrong |= ports_are_permitted(&i, &p) << 5;
	wrong |= !strstr(p.found, "udp 161") << 6;
	site.production = 0; /* the host of others */
	wrong |= !ports_are_permitted(&i, &p) << 7;
	close(udp);
	return wrong;
}

TEST(every_port_is_knocked_at_where_the_host_is_ours)
{
	int status = -1;
	pid_t child;

	if (geteuid() != 0) {
		test_skip("needs root");
		return;
	}
	child = fork();
	if (child == 0)
		_exit(own_network() ? knock_at_all() : 77);
	CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		test_skip("no network of its own");
	else
		CHECK_NUMBER(WEXITSTATUS(status), 0);
}
