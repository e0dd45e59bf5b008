/* tls_ends.h -- for the tests of TLS: a site with its certificate, and two ends
 * of a connection in one process. */
#pragma once

#include <unistd.h>

#include "lib/base/number.h"
#include "lib/base/test.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/keys.h"
#include "sys/signing.h"
#include "sys/tls.h"
#include "sys/x509.h"

#define HOST       "mail.agency.example"
#define OTHER_HOST "imap.agency.example"
#define KEY        7

static uint8_t authority_room[X509_PEM_MAX], chain_room[X509_PEM_MAX];
static struct span authority, chain;
static struct signing_key *private_key;
static unsigned signatures; /* that were asked for */

static const struct span hosts[] = { { (const uint8_t *)HOST,
					     sizeof HOST - 1 },
	{ (const uint8_t *)OTHER_HOST, sizeof OTHER_HOST - 1 } };

/* `keys` in the same process; knows one number. */
static inline void
sign_here(void *owner, const struct sign_request *ask,
	struct sign_answer *answer)
{
	(void)owner;
	signatures++;
	signing_answer(ask->key == KEY ? private_key : NULL, ask, answer);
}

static inline void
make_site(enum x509_key kind)
{
	static uint8_t key_room[X509_PEM_MAX], authority_key_room[X509_PEM_MAX];
	struct buf key = BUF(key_room), authority_key = BUF(authority_key_room);
	struct buf certificate = BUF(chain_room), top = BUF(authority_room);
	struct instant now = clock_instant();
	struct x509_subject of_ca = { (struct span[]){ SPAN("Test-CA") }, 1,
		{ now.us - DAYS(1) }, { now.us + DAYS(2) } };
	struct x509_subject of_host = { hosts, COUNT_OF(hosts),
		{ now.us - HOURS(1) }, { now.us + DAYS(1) } };

	CHECK_OK(tls_start());
	CHECK_OK(x509_make_key(X509_EC_P256, &authority_key));
	CHECK_OK(x509_make_authority(buf_view(&authority_key), &of_ca, &top));
	CHECK_OK(x509_make_key(kind, &key));
	CHECK_OK(x509_make_certificate(buf_view(&authority_key), buf_view(&top),
		buf_view(&key), &of_host, &certificate));
	signing_close(&private_key);
	CHECK_OK(signing_open(buf_view(&key), &private_key));
	authority = buf_view(&top);
	chain = buf_view(&certificate);
	keys_use(sign_here, NULL);
	signatures = 0;
}

static inline struct tls_context *
server_for(uint32_t key, struct span protocol, bool binding)
{
	struct tls_service s = { chain, key, protocol, hosts, COUNT_OF(hosts),
		binding, SPAN_NONE };
	struct tls_context *c = NULL;

	CHECK_OK(tls_context_server(&s, &c));
	return c;
}

struct ends {
	int fd[2];
	struct tls_context *contexts[2];
	struct tls server, client;
};

static inline void
ends_open(struct ends *e, bool verify, struct span host)
{
	*e = (struct ends){ .fd = { -1, -1 } };
	CHECK_OK(fd_stream_pair(e->fd));
	e->contexts[0] = server_for(KEY, SPAN("imap"), true);
	CHECK_OK(tls_context_client(verify, authority, &e->contexts[1]));
	CHECK_OK(tls_accept_start(&e->server, e->contexts[0], e->fd[0]));
	CHECK_OK(tls_connect_start(&e->client, e->contexts[1], e->fd[1], host));
	/* connections outlive the caller's hold on their contexts */
	tls_context_close(&e->contexts[0]);
	tls_context_close(&e->contexts[1]);
}

static inline void
ends_close(struct ends *e)
{
	tls_done(&e->server);
	tls_done(&e->client);
	fd_close(&e->fd[0]);
	fd_close(&e->fd[1]);
}

static inline bool
is_over(enum tls_status s)
{
	return s != TLS_WANT_READ && s != TLS_WANT_WRITE;
}

/* Both sides in turn until neither waits, or one fails. */
static inline void
shake(struct ends *e, enum tls_status *server, enum tls_status *client)
{
	*server = *client = TLS_WANT_READ;
	for (int i = 0; i < 100; i++) {
		if (!is_over(*client))
			*client = tls_step(&e->client);
		if (!is_over(*server))
			*server = tls_step(&e->server);
		if (is_over(*server) && is_over(*client))
			return;
	}
}

static inline void
ends_shake(struct ends *e)
{
	enum tls_status server, client;

	shake(e, &server, &client);
	CHECK_NUMBER(server, TLS_DONE);
	CHECK_NUMBER(client, TLS_DONE);
}

static inline void
send_text(struct tls *from, struct tls *to, const char *text)
{
	struct span out = span_of(text);
	uint8_t room[64];
	struct buf in = BUF(room);

	CHECK_NUMBER(tls_write(from, &out), TLS_DONE);
	CHECK_NUMBER(out.len, 0);
	CHECK_NUMBER(tls_read(to, &in), TLS_DONE);
	CHECK_SPAN(buf_view(&in), text);
	CHECK_NUMBER(tls_read(to, &in), TLS_WANT_READ);
}
