/* mailgen.c -- the load of `make bench`: so many messages over so many
 * sessions to a port of 127.0.0.1, with or without TLS and login.
 *
 * A thread for each session, one command at a time as simple clients do.
 * Prints one line of JSON: seconds, and the percentiles of the time from MAIL
 * to the reply that accepts the message.  Any other reply ends the run: a
 * figure with failures in it is none.
 */
#include <arpa/inet.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 512, SESSIONS_MAX = 2000, NAME = 256 };

static struct {
	unsigned port, sessions, messages, size;
	const char *from, *to, *login;
	bool implicit, starttls, reconnect;
	char *body;
	size_t body_len;
	SSL_CTX *tls;
	int64_t *took; /* microseconds, one for each message */
} run = { .sessions = 5,
	.messages = 1000,
	.size = 10240,
	.from = "sender@other.test",
	.to = "alice@agency.example" };

static atomic_uint next_message;

struct session {
	int fd;
	SSL *ssl;
	char input[1024];
	size_t from, len;
};

static int64_t
now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static _Noreturn void
die(const char *what, const char *detail)
{
	fprintf(stderr, "mailgen: %s: %s\n", what, detail);
	exit(1);
}

static void
send_all(struct session *s, const char *at, size_t len)
{
	while (len > 0) {
		ssize_t n = s->ssl ? SSL_write(s->ssl, at, (int)len)
				   : write(s->fd, at, len);
		if (n <= 0)
			die("write", "the server went away");
		at += n;
		len -= (size_t)n;
	}
}

static char
next_octet(struct session *s)
{
	if (s->from == s->len) {
		ssize_t n = s->ssl
			? SSL_read(s->ssl, s->input, (int)sizeof(s->input))
			: read(s->fd, s->input, sizeof(s->input));
		if (n <= 0)
			die("read", "the server went away");
		s->from = 0;
		s->len = (size_t)n;
	}
	return s->input[s->from++];
}

/* Read one reply of any number of lines; it must be `code`. */
static void
expect(struct session *s, const char *code)
{
	char line[LINE];
	size_t len;
	do {
		len = 0;
		char c;
		while ((c = next_octet(s)) != '\n')
			if (len < sizeof(line) - 1)
				line[len++] = c;
		line[len] = '\0';
	} while (len > 3 && line[3] == '-');
	if (strncmp(line, code, 3) != 0)
		die(code, line);
}

static void
say(struct session *s, const char *command, const char *code)
{
	send_all(s, command, strlen(command));
	expect(s, code);
}

static void
start_tls(struct session *s)
{
	s->ssl = SSL_new(run.tls);
	SSL_set_fd(s->ssl, s->fd);
	if (SSL_connect(s->ssl) != 1)
		die("TLS", "handshake failed");
}

static void
log_in(struct session *s)
{
	unsigned char plain[NAME], text[2 * NAME];
	size_t len = strlen(run.login);
	const char *colon = strchr(run.login, ':');
	if (len + 2 > sizeof(plain) || !colon)
		die("--login", "NAME:PASSWORD, please");
	plain[0] = '\0';
	for (size_t i = 0; i < len; i++)
		plain[i + 1] = run.login[i] == ':' && run.login + i == colon
			? '\0'
			: (unsigned char)run.login[i];
	EVP_EncodeBlock(text, plain, (int)len + 1);
	char command[3 * NAME];
	snprintf(command, sizeof(command), "AUTH PLAIN %s\r\n", text);
	say(s, command, "235");
}

static void
begin(struct session *s)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)run.port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	const int one = 1;
	*s = (struct session){ .fd = socket(AF_INET, SOCK_STREAM, 0) };
	if (connect(s->fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		die("connect", "nobody listens");
	setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (run.implicit)
		start_tls(s);
	expect(s, "220");
	say(s, "EHLO load.test\r\n", "250");
	if (run.starttls) {
		say(s, "STARTTLS\r\n", "220");
		start_tls(s);
		say(s, "EHLO load.test\r\n", "250");
	}
	if (run.login)
		log_in(s);
}

static void
end(struct session *s)
{
	say(s, "QUIT\r\n", "221");
	SSL_free(s->ssl);
	close(s->fd);
}

static void
send_message(struct session *s)
{
	char command[LINE];
	snprintf(command, sizeof(command), "MAIL FROM:<%s>\r\n", run.from);
	say(s, command, "250");
	snprintf(command, sizeof(command), "RCPT TO:<%s>\r\n", run.to);
	say(s, command, "250");
	say(s, "DATA\r\n", "354");
	send_all(s, run.body, run.body_len);
	expect(s, "250");
}

static void *
drive(void *unused)
{
	struct session s;
	bool open = false;
	(void)unused;
	for (unsigned n;
		(n = atomic_fetch_add(&next_message, 1)) < run.messages;) {
		const int64_t at = now_us();
		if (!open)
			begin(&s);
		send_message(&s);
		run.took[n] = now_us() - at;
		open = !run.reconnect;
		if (!open)
			end(&s);
	}
	if (open)
		end(&s);
	return NULL;
}

/* A header and lines of text, run.size octets in all, and the end. */
static void
make_body(void)
{
	char head[LINE];
	const int len = snprintf(head, sizeof(head),
		"From: <%s>\r\nTo: <%s>\r\nSubject: load\r\n"
		"Date: Tue, 24 Nov 2026 10:00:00 +0000\r\n"
		"Message-ID: <load@load.test>\r\n\r\n",
		run.from, run.to);
	run.body = malloc(run.size + LINE);
	memcpy(run.body, head, (size_t)len);
	size_t n = (size_t)len;
	for (unsigned column = 0; n < run.size; n++)
		if (++column == 78) {
			run.body[n++] = '\r';
			run.body[n] = '\n';
			column = 0;
		} else {
			run.body[n] = (char)('a' + column % 26);
		}
	memcpy(run.body + n, "\r\n.\r\n", 5);
	run.body_len = n + 5;
}

static int
by_size(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

static void
parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "port", required_argument, NULL, 'p' },
		{ "sessions", required_argument, NULL, 's' },
		{ "messages", required_argument, NULL, 'm' },
		{ "size", required_argument, NULL, 'l' },
		{ "from", required_argument, NULL, 'f' },
		{ "to", required_argument, NULL, 't' },
		{ "login", required_argument, NULL, 'u' },
		{ "implicit-tls", no_argument, NULL, 'i' },
		{ "starttls", no_argument, NULL, 'S' },
		{ "reconnect", no_argument, NULL, 'r' },
		{ 0 },
	};
	unsigned *number = NULL;
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (c) {
		case 'p':
			number = &run.port;
			break;
		case 's':
			number = &run.sessions;
			break;
		case 'm':
			number = &run.messages;
			break;
		case 'l':
			number = &run.size;
			break;
		case 'f':
			run.from = optarg;
			continue;
		case 't':
			run.to = optarg;
			continue;
		case 'u':
			run.login = optarg;
			continue;
		case 'i':
			run.implicit = true;
			continue;
		case 'S':
			run.starttls = true;
			continue;
		case 'r':
			run.reconnect = true;
			continue;
		default:
			exit(64);
		}
		*number = (unsigned)strtoul(optarg, NULL, 10);
	}
	if (run.port == 0 || run.messages == 0 || run.sessions == 0 ||
		run.sessions > SESSIONS_MAX)
		die("arguments", "--port, --messages and --sessions, please");
}

int
main(int argc, char **argv)
{
	static pthread_t threads[SESSIONS_MAX];
	pthread_attr_t small;
	parse(argc, argv);
	make_body();
	run.took = calloc(run.messages, sizeof(*run.took));
	run.tls = SSL_CTX_new(TLS_client_method());
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 128 * 1024);
	const int64_t at = now_us();
	for (unsigned i = 0; i < run.sessions; i++)
		if (pthread_create(&threads[i], &small, drive, NULL) != 0)
			die("threads", "no more of them");
	for (unsigned i = 0; i < run.sessions; i++)
		pthread_join(threads[i], NULL);
	const int64_t took = now_us() - at;
	qsort(run.took, run.messages, sizeof(*run.took), by_size);
	printf("{\"seconds\": %.6f, \"p50_us\": %lld, \"p99_us\": %lld}\n",
		(double)took / 1e6, (long long)run.took[run.messages / 2],
		(long long)run.took[(uint64_t)run.messages * 99 / 100]);
	return 0;
}
