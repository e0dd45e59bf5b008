/* submit.c -- over the Unix socket of `local`, as an SMTP client. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/smtp/client.h"
#include "sendmail/sendmail.h"
#include "sys/fd.h"

#define PIECE (12 << 10)

struct submission {
	const struct letter *letter;
	int socket, code;
	bool verbose;
	struct smtp_client client;
	uint8_t room[4096];
	struct span in;
};

static int
connect_local(const struct site *site)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	OWNED(fd_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int n = snprintf(at.sun_path, sizeof at.sun_path, "%s/smtp.sock",
		site->run_directory);

	if (fd < 0 || n < 0 || (size_t)n >= sizeof at.sun_path ||
		connect(fd, (struct sockaddr *)&at, sizeof at) != 0)
		return -1;
	return fd_give(&fd);
}

static bool
send_all(int fd, struct span octets)
{
	while (octets.len > 0) {
		ssize_t n = send(fd, octets.at, octets.len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		span_shift_upto(&octets, (size_t)n);
	}
	return true;
}

static void
lose(struct submission *s)
{
	struct response why;

	response_make(&why, 451, "4.4.2", SPAN("the connection ended"));
	smtp_client_lost(&s->client, &why);
}

static void
flush(struct submission *s)
{
	struct span out = smtp_client_output(&s->client);

	if (!send_all(s->socket, out))
		lose(s);
	smtp_client_sent(&s->client, out.len);
}

static void
receive(struct submission *s)
{
	ssize_t n;

	flush(s);
	n = recv(s->socket, s->room, sizeof s->room, 0);
	s->in = span_at(s->room, n > 0 ? (size_t)n : 0);
	if (n <= 0)
		lose(s);
}

/* --- answers ------------------------------------------------------------- */

static int
code_of(const struct response *r)
{
	if (response_class(r) == 2)
		return 0;
	if (response_class(r) != 5)
		return EX_TEMPFAIL;
	return r->code == 501 || r->code == 553 ? EX_DATAERR : EX_UNAVAILABLE;
}

static void
take_result(struct submission *s)
{
	const struct client_ask *ask = &s->client.ask;
	struct span rcpt = s->letter->rcpts[ask->rcpt];
	const struct response *r = ask->response;
	int code = code_of(r);

	if (code || s->verbose)
		fprintf(code ? stderr : stdout, "sendmail: %.*s: %u %.*s\n",
			(int)rcpt.len, (const char *)rcpt.at, r->code,
			(int)r->text_len, (const char *)r->text);
	/* a try again is worth it if it is for one of them */
	if (code == EX_TEMPFAIL || s->code == 0)
		s->code = code;
	smtp_client_noted(&s->client);
}

static struct client_job
job_of(const struct letter *l)
{
	static struct client_rcpt rcpts[RCPTS_MAX];

	for (size_t i = 0; i < l->count; i++)
		rcpts[i] = (struct client_rcpt){ .address = l->rcpts[i],
			.orcpt = SPAN("") };
	return (struct client_job){ .sender = span_is_set(l->sender)
			? l->sender
			: SITE_TEXT(l->site->sender),
		.rcpts = rcpts,
		.count = l->count,
		.size = l->text.len,
		.eight_bit = l->eight_bit,
		.envid = SPAN("") };
}

static void
give_octets(struct submission *s)
{
	struct span rest = buf_view(&s->letter->text), piece;

	span_shift_upto(&rest, (size_t)s->client.ask.offset);
	piece = span_at(rest.at, rest.len < PIECE ? rest.len : PIECE);
	smtp_client_octets(&s->client, piece, piece.len == rest.len);
}

static void
answer(struct submission *s)
{
	switch (s->client.ask.verb) {
	case CLIENT_ASK_TLS:
		lose(s);
		return;
	case CLIENT_ASK_JOB:
		smtp_client_quit(&s->client); /* there was one */
		return;
	case CLIENT_ASK_OCTETS:
		give_octets(s);
		return;
	case CLIENT_ASK_RESULT:
		take_result(s);
		return;
	}
}

int
submit(const struct letter *l, bool verbose)
{
	static struct submission s;
	OWNED(fd_close) int fd = connect_local(l->site);
	const struct client_setup setup = { .host = SPAN("localhost") };
	const struct client_job job = job_of(l);

	if (fd < 0)
		return complain(EX_TEMPFAIL,
			"the mail system does not answer; try again later",
			SITE_TEXT(l->site->run_directory));
	s = (struct submission){ .letter = l, .socket = fd, .verbose = verbose };
	smtp_client_init(&s.client, &setup);
	smtp_client_job(&s.client, &job);
	for (;;)
		switch (smtp_client_run(&s.client, &s.in)) {
		case CLIENT_READ:
			receive(&s);
			break;
		case CLIENT_WRITE:
			flush(&s);
			break;
		case CLIENT_ASK:
			answer(&s);
			break;
		case CLIENT_CLOSE:
			flush(&s);
			return s.code;
		}
}

/* --- -bs ----------------------------------------------------------------- */

/* What came at `from` goes to `to`; false at the end. */
static bool
pass(int from, int to)
{
	uint8_t room[2048];
	struct span octets;
	ssize_t n = read(from, room, sizeof room);

	octets = span_at(room, n > 0 ? (size_t)n : 0);
	while (octets.len > 0) {
		ssize_t written = write(to, octets.at, octets.len);

		if (written <= 0)
			return false;
		span_shift_upto(&octets, (size_t)written);
	}
	return n > 0;
}

int
submit_session(const struct site *site)
{
	OWNED(fd_close) int fd = connect_local(site);
	struct pollfd p[2] = { { 0, POLLIN, 0 }, { fd, POLLIN, 0 } };

	if (fd < 0)
		return complain(EX_TEMPFAIL,
			"the mail system does not answer; try again later",
			SITE_TEXT(site->run_directory));
	while (poll(p, 2, -1) > 0) {
		if (p[1].revents && !pass(fd, 1))
			return 0;
		if (p[0].revents && !pass(0, fd)) {
			shutdown(fd, SHUT_WR);
			p[0].fd = -1;
		}
	}
	return EX_IOERR;
}
