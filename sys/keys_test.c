#include "sys/keys.h"

#include <sys/wait.h>

#include "lib/base/must.h"
#include "sys/loop.h"
#include "sys/tls_ends.h"

/* --- keys ----------------------------------------------------------------- */

TEST(a_key_that_is_not_ours_ends_the_handshake)
{
	enum tls_status server, client;
	struct tls_context *c;
	struct ends e;

	make_site(X509_EC_P256);
	ends_open(&e, true, SPAN(HOST));
	tls_done(&e.server);
	c = server_for(KEY + 1, SPAN_NONE, false);
	CHECK_OK(tls_accept_start(&e.server, c, e.fd[0]));
	shake(&e, &server, &client);
	CHECK_NUMBER(server, TLS_BROKEN);
	CHECK_NUMBER(signatures, 1);
	tls_context_close(&c);
	ends_close(&e);
}

TEST(nobody_to_sign_ends_the_handshake)
{
	enum tls_status server, client;
	struct ends e;

	make_site(X509_EC_P256);
	keys_use(NULL, NULL);
	ends_open(&e, true, SPAN(HOST));
	shake(&e, &server, &client);
	CHECK_NUMBER(server, TLS_BROKEN);
	ends_close(&e);
}

/* A signature by another key than the certificate's is no handshake: the
 * client, not only we, would notice a mixed-up key. */
TEST(another_private_key_does_not_fit)
{
	enum tls_status server, client;
	struct ends e;

	make_site(X509_EC_P256);
	ends_open(&e, true, SPAN(HOST));
	make_site(X509_EC_P256);
	shake(&e, &server, &client);
	CHECK(client != TLS_DONE || server != TLS_DONE);
	ends_close(&e);
}

static const struct {
	const char *what;
	struct span chain;
} chains[] = {
	{ "nothing", { (const uint8_t *)"", 0 } },
	{ "no certificate", SPAN("-----BEGIN PUBLIC KEY-----\nAAAA\n"
				 "-----END PUBLIC KEY-----\n") },
	{ "a damaged one", SPAN("-----BEGIN CERTIFICATE-----\nAAAA\n"
				"-----END CERTIFICATE-----\n") },
};

TEST(a_chain_must_parse)
{
	CHECK_OK(tls_start());
	EACH_CASE(c, chains) {
		struct tls_service s = { .chain = c->chain, .key = KEY };
		struct tls_context *made = NULL;

		CHECK(tls_context_server(&s, &made) != OK);
		CHECK(!made);
	}
}

/* --- keys in another process ---------------------------------------------- */

static void
answer(void *owner, struct channel *c, const void *message, int fd)
{
	struct sign_answer a = { 0 };

	(void)fd;
	sign_here(owner, message, &a);
	a.head = ((const struct sign_request *)message)->head;
	a.head.type = SIGN_ANSWER;
	MUST(channel_send(c, &a, -1) == OK);
}

static void
leave(void *owner, struct channel *c)
{
	(void)owner, (void)c;
	_exit(0);
}

static const struct handlers of_keys = { .on = { [SIGN_REQUEST] = answer },
	.gone = leave };
static const struct handlers of_mx = {
	.on = { [SIGN_ANSWER] = keys_late_answer } };

/* A child that has the key; returns our end of its channel. */
static int
start_keys(pid_t *child)
{
	struct loop *loop;
	struct channel *c;
	int pair[2];

	CHECK_OK(fd_channel_pair(pair));
	*child = fork();
	if (*child != 0) {
		close(pair[1]);
		return pair[0];
	}
	close(pair[0]);
	MUST(loop_open(&loop) == OK);
	MUST(channel_open(loop, pair[1], KEYS, MX, 0, &of_keys, NULL, &c) ==
		OK);
	_exit(loop_run(loop));
}

TEST(a_handshake_asks_the_other_process)
{
	enum tls_status server, client;
	struct channel *c = NULL;
	struct loop *loop;
	struct ends e;
	pid_t child;
	int fd;

	make_site(X509_EC_P256);
	fd = start_keys(&child);
	signing_close(&private_key);
	CHECK_OK(loop_open(&loop));
	CHECK_OK(channel_open(loop, fd, MX, KEYS, 0, &of_mx, NULL, &c));
	keys_use(keys_over_channel, &c);
	for (int i = 0; i < 3; i++) {
		ends_open(&e, true, SPAN(HOST));
		ends_shake(&e);
		ends_close(&e);
	}
	CHECK_NUMBER(signatures, 0);
	channel_close(&c);
	loop_close(&loop);
	CHECK(waitpid(child, NULL, 0) == child);

	/* and without it there is no handshake */
	ends_open(&e, true, SPAN(HOST));
	shake(&e, &server, &client);
	CHECK_NUMBER(server, TLS_BROKEN);
	ends_close(&e);
}
