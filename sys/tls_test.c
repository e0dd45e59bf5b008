#include "sys/tls.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "lib/base/must.h"
#include "lib/base/number.h"
#include "lib/base/test.h"
#include "sys/clock.h"
#include "sys/crypto.h"
#include "sys/fd.h"
#include "sys/keys.h"
#include "sys/loop.h"
#include "sys/signing.h"
#include "sys/x509.h"

#define HOST       "mail.agency.example"
#define OTHER_HOST "imap.agency.example"
#define KEY        7

/* --- a site's certificate, key and authority ------------------------------- */

static uint8_t authority_room[X509_PEM_MAX], chain_room[X509_PEM_MAX];
static struct span authority, chain;
static struct signing_key *private_key;
static unsigned signatures; /* that were asked for */

static const struct span hosts[] = { { (const uint8_t *)HOST,
					     sizeof HOST - 1 },
	{ (const uint8_t *)OTHER_HOST, sizeof OTHER_HOST - 1 } };

/* `keys` in the same process; knows one number. */
static void
sign_here(void *owner, const struct sign_request *ask,
	struct sign_answer *answer)
{
	(void)owner;
	signatures++;
	signing_answer(ask->key == KEY ? private_key : NULL, ask, answer);
}

static void
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

static struct tls_context *
server_for(uint32_t key, struct span protocol, bool binding)
{
	struct tls_service s = { chain, key, protocol, hosts, COUNT_OF(hosts),
		binding };
	struct tls_context *c = NULL;

	CHECK_OK(tls_context_server(&s, &c));
	return c;
}

/* --- two ends in one process ----------------------------------------------- */

struct ends {
	int fd[2];
	struct tls_context *contexts[2];
	struct tls server, client;
};

static void
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

static void
ends_close(struct ends *e)
{
	tls_done(&e->server);
	tls_done(&e->client);
	fd_close(&e->fd[0]);
	fd_close(&e->fd[1]);
}

static bool
is_over(enum tls_status s)
{
	return s != TLS_WANT_READ && s != TLS_WANT_WRITE;
}

/* Both sides in turn until neither waits, or one fails. */
static void
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

static void
ends_shake(struct ends *e)
{
	enum tls_status server, client;

	shake(e, &server, &client);
	CHECK_NUMBER(server, TLS_DONE);
	CHECK_NUMBER(client, TLS_DONE);
}

static void
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

/* --- the handshake --------------------------------------------------------- */

static const struct {
	const char *what;
	enum x509_key kind;
} kinds[] = {
	{ "EC P-256", X509_EC_P256 },
	{ "Ed25519", X509_ED25519 },
	{ "RSA 2048", X509_RSA_2048 },
};

TEST(handshake_uses_a_key_that_is_elsewhere)
{
	EACH_CASE(c, kinds) {
		struct tls_info info;
		struct ends e;

		make_site(c->kind);
		ends_open(&e, true, SPAN(HOST));
		ends_shake(&e);
		CHECK_NUMBER(signatures, 1);
		tls_info(&e.client, &info);
		CHECK_NUMBER(info.version, 0x0304);
		CHECK(info.verified);
		tls_info(&e.server, &info);
		CHECK_NUMBER(info.bits, 256);
		CHECK_SPAN(span_of(info.cipher_name), "TLS_AES_256_GCM_SHA384");
		CHECK(info.extended_master);
		CHECK_NUMBER(e.server.name, 0);
		send_text(&e.client, &e.server, "EHLO there\r\n");
		send_text(&e.server, &e.client, "250 hello\r\n");
		ends_close(&e);
	}
}

/* What a peer of any quality offers; driven through the library itself. */
struct foreign {
	int version;          /* highest it knows                      */
	const char *ciphers;  /* of TLS 1.2 and before                 */
	const char *suites;   /* of TLS 1.3                            */
	const char *protocol; /* ALPN list on the wire, NULL: no offer */
	const char *name;     /* SNI, NULL: none                       */
	unsigned long options;
};

static SSL *
foreign_open(const struct foreign *f, int fd)
{
	SSL_CTX *c = SSL_CTX_new(TLS_client_method());
	SSL *ssl;

	SSL_CTX_set_security_level(c, 0);
	SSL_CTX_set_min_proto_version(c, TLS1_VERSION);
	SSL_CTX_set_max_proto_version(c, f->version);
	SSL_CTX_set_options(c, f->options);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_CLIENT);
	CHECK(SSL_CTX_set_cipher_list(c, f->ciphers ? f->ciphers : "ALL") == 1);
	CHECK(!f->suites || SSL_CTX_set_ciphersuites(c, f->suites) == 1);
	ssl = SSL_new(c);
	SSL_CTX_free(c);
	if (f->protocol)
		CHECK(SSL_set_alpn_protos(ssl, (const uint8_t *)f->protocol,
			      (unsigned)strlen(f->protocol)) == 0);
	if (f->name)
		CHECK(SSL_set_tlsext_host_name(ssl, f->name) == 1);
	CHECK(SSL_set_fd(ssl, fd) == 1);
	SSL_set_connect_state(ssl);
	return ssl;
}

/* Handshake of our server with such a peer. */
static enum tls_status
meet(struct ends *e, SSL *peer)
{
	enum tls_status status = TLS_WANT_READ;
	int result = 0;

	for (int i = 0; i < 100 && !(is_over(status) && result == 1); i++) {
		if (result != 1)
			result = SSL_do_handshake(peer);
		if (!is_over(status))
			status = tls_step(&e->server);
		if (status == TLS_BROKEN || status == TLS_CUT)
			break;
	}
	return status;
}

static const struct {
	const char *what;
	struct foreign peer;
	enum tls_status ends;
	uint16_t version; /* when it is agreed */
} peers[] = {
	{ "TLS 1.3", { .version = TLS1_3_VERSION }, TLS_DONE, 0x0304 },
	{ "TLS 1.3 with AES-128",
	  { .version = TLS1_3_VERSION, .suites = "TLS_AES_128_GCM_SHA256" },
	  TLS_DONE, 0x0304 },
	{ "TLS 1.3 with CCM, which is not ours",
	  { .version = TLS1_3_VERSION, .suites = "TLS_AES_128_CCM_SHA256" },
	  TLS_BROKEN, 0 },
	{ "TLS 1.2", { .version = TLS1_2_VERSION }, TLS_DONE, 0x0303 },
	{ "TLS 1.2 with ECDHE and AES-128-GCM",
	  { TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256:"
			    "ECDHE-RSA-AES128-GCM-SHA256",
	    NULL, NULL, NULL, 0 }, TLS_DONE, 0x0303 },
	{ "TLS 1.2 with ECDHE and CBC",
	  { TLS1_2_VERSION, "ECDHE-ECDSA-AES256-SHA384:"
			    "ECDHE-RSA-AES256-SHA384:ECDHE-ECDSA-AES128-SHA",
	    NULL, NULL, NULL, 0 }, TLS_BROKEN, 0 },
	{ "TLS 1.2 with static RSA",
	  { TLS1_2_VERSION, "AES256-GCM-SHA384:AES128-SHA",
	    NULL, NULL, NULL, 0 }, TLS_BROKEN, 0 },
	{ "TLS 1.2 with DHE",
	  { TLS1_2_VERSION, "DHE-RSA-AES256-GCM-SHA384",
	    NULL, NULL, NULL, 0 }, TLS_BROKEN, 0 },
	{ "TLS 1.2 without authentication",
	  { TLS1_2_VERSION, "AECDH-AES256-SHA:ADH-AES256-GCM-SHA384",
	    NULL, NULL, NULL, 0 }, TLS_BROKEN, 0 },
	{ "TLS 1.2 without encryption",
	  { TLS1_2_VERSION, "ECDHE-ECDSA-NULL-SHA:ECDHE-RSA-NULL-SHA:eNULL",
	    NULL, NULL, NULL, 0 }, TLS_BROKEN, 0 },
	{ "TLS 1.2 with CCM",
	  { TLS1_2_VERSION, "ECDHE-ECDSA-AES256-CCM",
	    NULL, NULL, NULL, 0 }, TLS_BROKEN, 0 },
	{ "TLS 1.2 without extended master secret",
	  { TLS1_2_VERSION, NULL, NULL, NULL, NULL,
	    SSL_OP_NO_EXTENDED_MASTER_SECRET }, TLS_BROKEN, 0 },
	{ "TLS 1.1", { .version = TLS1_1_VERSION }, TLS_BROKEN, 0 },
	{ "TLS 1.0", { .version = TLS1_VERSION }, TLS_BROKEN, 0 },
	{ "the protocol of this service",
	  { .version = TLS1_3_VERSION, .protocol = "\4imap" },
	  TLS_DONE, 0x0304 },
	{ "the protocol of this service among others",
	  { .version = TLS1_2_VERSION, .protocol = "\2h2\4imap" },
	  TLS_DONE, 0x0303 },
	{ "ST-D12: protocols of the web",
	  { .version = TLS1_3_VERSION, .protocol = "\2h2\x08http/1.1" },
	  TLS_BROKEN, 0 },
	{ "ST-D12: a protocol that begins like ours",
	  { .version = TLS1_3_VERSION, .protocol = "\5imap4" },
	  TLS_BROKEN, 0 },
};

TEST(server_agrees_only_to_what_is_safe)
{
	static const enum x509_key used[] = { X509_EC_P256, X509_RSA_2048 };

	for (size_t i = 0; i < COUNT_OF(used); i++) {
		make_site(used[i]);
		EACH_CASE(c, peers) {
			struct tls_info info;
			struct ends e;
			SSL *peer;

			ends_open(&e, true, SPAN(HOST));
			peer = foreign_open(&c->peer, e.fd[1]);
			CHECK_NUMBER(meet(&e, peer), c->ends);
			if (c->ends == TLS_DONE) {
				tls_info(&e.server, &info);
				CHECK_NUMBER(info.version, c->version);
				CHECK_NUMBER(info.protocol_agreed,
					c->peer.protocol != NULL);
			} else {
				CHECK(e.server.reason != NULL);
				CHECK_NUMBER(tls_step(&e.server), TLS_BROKEN);
			}
			SSL_free(peer);
			ends_close(&e);
		}
	}
}

/* The table above can fail: the same peers meet a server without our policy. */
TEST(refused_peers_are_able_to_connect_elsewhere)
{
	static const int versions[] = { TLS1_VERSION, TLS1_1_VERSION };

	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		struct foreign old = { .version = versions[i] };
		SSL_CTX *lax = SSL_CTX_new(TLS_server_method());
		SSL *server, *peer;
		int fd[2], done = 0;

		make_site(X509_EC_P256);
		CHECK_OK(fd_stream_pair(fd));
		SSL_CTX_set_security_level(lax, 0);
		SSL_CTX_set_min_proto_version(lax, TLS1_VERSION);
		CHECK(SSL_CTX_set_cipher_list(lax, "aNULL") == 1);
		SSL_CTX_set_dh_auto(lax, 1);
		server = SSL_new(lax);
		SSL_set_fd(server, fd[0]);
		SSL_set_accept_state(server);
		peer = foreign_open(&old, fd[1]);
		for (int turn = 0; turn < 20 && done != 1; turn++) {
			SSL_do_handshake(peer);
			done = SSL_do_handshake(server);
		}
		CHECK_NUMBER(done, 1);
		SSL_free(server);
		SSL_free(peer);
		SSL_CTX_free(lax);
		close(fd[0]);
		close(fd[1]);
	}
}

static const struct {
	const char *what;
	const char *name; /* that the client asks for */
	int index;        /* of ours                  */
} wanted[] = {
	{ "the first name", HOST, 0 },
	{ "the second name", OTHER_HOST, 1 },
	{ "case does not count", "MAIL.Agency.Example", 0 },
	{ "no name", NULL, -1 },
	{ "a name that is not ours", "www.agency.example", -1 },
	{ "the beginning of a name", "mail", -1 },
	{ "ST-D11: a trailing backslash", HOST "\\", -1 },
	{ "ST-D11: a path", "../../etc/passwd", -1 },
	{ "ST-D11: a trailing dot", HOST ".", -1 },
};

TEST(sni_is_only_compared_with_our_names)
{
	make_site(X509_EC_P256);
	EACH_CASE(c, wanted) {
		struct foreign f = { .version = TLS1_3_VERSION,
			.name = c->name };
		struct ends e;
		SSL *peer;

		ends_open(&e, true, SPAN(HOST));
		peer = foreign_open(&f, e.fd[1]);
		CHECK_NUMBER(meet(&e, peer), TLS_DONE);
		CHECK_NUMBER(e.server.name, c->index);
		SSL_free(peer);
		ends_close(&e);
	}
}

TEST(smtp_has_no_protocol_to_agree_on)
{
	struct foreign f = { .version = TLS1_3_VERSION, .protocol = "\4smtp" };
	struct tls_context *smtp;
	struct ends e = { .fd = { -1, -1 } };
	SSL *peer;

	make_site(X509_EC_P256);
	smtp = server_for(KEY, SPAN_NONE, false);
	CHECK_OK(fd_stream_pair(e.fd));
	CHECK_OK(tls_accept_start(&e.server, smtp, e.fd[0]));
	peer = foreign_open(&f, e.fd[1]);
	CHECK_NUMBER(meet(&e, peer), TLS_BROKEN);
	SSL_free(peer);
	tls_context_close(&smtp);
	ends_close(&e);
}

/* ST-D13, with the strongest form of it: even the same service gives nothing
 * that could be presented again. */
TEST(nothing_is_resumed)
{
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

	make_site(X509_EC_P256);
	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		struct foreign f = { .version = versions[i] };
		SSL_SESSION *session = NULL;

		for (int turn = 0; turn < 2; turn++) {
			uint8_t room[16];
			struct span text = SPAN("220 hello\r\n");
			struct ends e;
			SSL *peer;

			ends_open(&e, true, SPAN(HOST));
			peer = foreign_open(&f, e.fd[1]);
			if (session)
				SSL_set_session(peer, session);
			CHECK_NUMBER(meet(&e, peer), TLS_DONE);
			CHECK_NUMBER(tls_write(&e.server, &text), TLS_DONE);
			CHECK(SSL_read(peer, room, sizeof room) > 0);
			CHECK(!SSL_session_reused(peer));
			SSL_SESSION_free(session);
			session = SSL_get1_session(peer);
			CHECK(!SSL_SESSION_has_ticket(session));
			SSL_free(peer);
			ends_close(&e);
		}
		SSL_SESSION_free(session);
		CHECK_NUMBER(signatures, 2 * (i + 1));
	}
}

TEST(renegotiation_does_not_happen)
{
	struct foreign f = { .version = TLS1_2_VERSION };
	struct span text = SPAN("220 hello\r\n");
	uint8_t room[16];
	struct buf in = BUF(room);
	struct ends e;
	SSL *peer;

	make_site(X509_EC_P256);
	ends_open(&e, true, SPAN(HOST));
	peer = foreign_open(&f, e.fd[1]);
	CHECK_NUMBER(meet(&e, peer), TLS_DONE);
	SSL_renegotiate(peer);
	SSL_do_handshake(peer);
	tls_read(&e.server, &in);
	SSL_do_handshake(peer);
	tls_write(&e.server, &text);
	CHECK_NUMBER(signatures, 1);
	SSL_free(peer);
	ends_close(&e);
}

/* --- whose certificate ----------------------------------------------------- */

static const struct {
	const char *what, *host;
	bool verify, trusted;
	enum tls_status ends;
	bool verified;
} clients[] = {
	{ "the right name", HOST, true, true, TLS_DONE, true },
	{ "another name", "mail.other.example", true, true, TLS_BROKEN, false },
	{ "an authority we do not know", HOST, true, false, TLS_BROKEN, false },
	{ "an address that the certificate does not have", "127.0.0.1", true,
	  true, TLS_BROKEN, false },
	{ "not verified, but good", HOST, false, true, TLS_DONE, true },
	{ "not verified, another name", "mail.other.example", false, true,
	  TLS_DONE, false },
	{ "not verified, unknown authority", HOST, false, false, TLS_DONE,
	  false },
};

TEST(client_verifies_when_told_to)
{
	make_site(X509_EC_P256);
	EACH_CASE(c, clients) {
		enum tls_status server, client;
		struct span ca = authority;
		struct tls_info info;
		struct ends e;

		if (!c->trusted)
			authority = SPAN_NONE;
		ends_open(&e, c->verify, span_of(c->host));
		authority = ca;
		shake(&e, &server, &client);
		CHECK_NUMBER(client, c->ends);
		if (client == TLS_DONE) {
			tls_info(&e.client, &info);
			CHECK_NUMBER(info.verified, c->verified);
		}
		ends_close(&e);
	}
}

TEST(both_ends_see_the_same_channel_bindings)
{
	uint8_t room[6][TLS_BINDING_MAX];
	struct buf b[6];

	make_site(X509_EC_P256);
	for (int i = 0; i < 6; i++)
		b[i] = (struct buf){ room[i], 0, TLS_BINDING_MAX };
	for (int i = 0; i < 2; i++) {
		struct ends e;

		ends_open(&e, true, SPAN(HOST));
		ends_shake(&e);
		CHECK_OK(tls_exporter(&e.server, &b[i]));
		CHECK_OK(tls_exporter(&e.client, &b[2 + i]));
		if (i == 0) {
			CHECK_OK(tls_server_end_point(&e.server, &b[4]));
			CHECK_OK(tls_server_end_point(&e.client, &b[5]));
		}
		ends_close(&e);
	}
	CHECK_NUMBER(b[0].len, 32);
	CHECK_SPANS(buf_view(&b[0]), buf_view(&b[2]));
	CHECK_SPANS(buf_view(&b[1]), buf_view(&b[3]));
	CHECK(!span_equals(buf_view(&b[0]), buf_view(&b[1])));
	CHECK_NUMBER(b[4].len, 32);
	CHECK_SPANS(buf_view(&b[4]), buf_view(&b[5]));
}

TEST(no_binding_without_extended_master_secret)
{
	struct foreign f = { .version = TLS1_2_VERSION,
		.options = SSL_OP_NO_EXTENDED_MASTER_SECRET };
	struct ends e = { .fd = { -1, -1 } };
	uint8_t room[TLS_BINDING_MAX];
	struct buf b = BUF(room);
	struct tls_context *mx;
	struct tls_info info;
	SSL *peer;

	make_site(X509_EC_P256);
	mx = server_for(KEY, SPAN_NONE, false);
	CHECK_OK(fd_stream_pair(e.fd));
	CHECK_OK(tls_accept_start(&e.server, mx, e.fd[0]));
	peer = foreign_open(&f, e.fd[1]);
	CHECK_NUMBER(meet(&e, peer), TLS_DONE);
	tls_info(&e.server, &info);
	CHECK(!info.extended_master);
	CHECK_FAULT(tls_exporter(&e.server, &b), &fault_tls_failed);
	CHECK_NUMBER(b.len, 0);
	SSL_free(peer);
	tls_context_close(&mx);
	ends_close(&e);
}

/* --- ends of a stream ------------------------------------------------------ */

TEST(close_notify_ends_one_direction)
{
	uint8_t room[16];
	struct buf in = BUF(room);
	struct ends e;

	make_site(X509_EC_P256);
	ends_open(&e, true, SPAN(HOST));
	ends_shake(&e);
	CHECK_NUMBER(tls_close(&e.client), TLS_DONE);
	CHECK_NUMBER(tls_read(&e.server, &in), TLS_CLOSED);
	CHECK_NUMBER(in.len, 0);
	send_text(&e.server, &e.client, "221 bye\r\n");
	CHECK_NUMBER(tls_close(&e.server), TLS_DONE);
	CHECK_NUMBER(tls_read(&e.client, &in), TLS_CLOSED);
	ends_close(&e);
}

/* ST-D15: whoever can cut a connection must not be able to end a message. */
TEST(a_stream_without_close_notify_is_cut)
{
	struct span text = SPAN("BDAT 100 LAST\r\n");
	uint8_t room[64];
	struct buf in = BUF(room);
	struct ends e;

	make_site(X509_EC_P256);
	ends_open(&e, true, SPAN(HOST));
	ends_shake(&e);
	CHECK_NUMBER(tls_write(&e.client, &text), TLS_DONE);
	fd_close(&e.fd[1]);
	CHECK_NUMBER(tls_read(&e.server, &in), TLS_DONE);
	CHECK_NUMBER(tls_read(&e.server, &in), TLS_CUT);
	CHECK(e.server.reason != NULL);
	CHECK_NUMBER(tls_read(&e.server, &in), TLS_BROKEN);
	ends_close(&e);
}

/* SM-D15: what follows TLS in clear is not read as if it had come inside. */
TEST(clear_text_after_the_end_is_not_read)
{
	uint8_t room[16];
	struct buf in = BUF(room);
	struct ends e;

	make_site(X509_EC_P256);
	ends_open(&e, true, SPAN(HOST));
	ends_shake(&e);
	CHECK_NUMBER(tls_close(&e.client), TLS_DONE);
	CHECK(write(e.fd[1], "x", 1) == 1);
	CHECK_NUMBER(tls_read(&e.server, &in), TLS_CLOSED);
	CHECK_NUMBER(tls_read(&e.server, &in), TLS_CLOSED);
	CHECK_NUMBER(in.len, 0);
	ends_close(&e);
}

TEST(clear_text_instead_of_a_handshake_breaks)
{
	struct ends e;

	make_site(X509_EC_P256);
	ends_open(&e, true, SPAN(HOST));
	CHECK(write(e.fd[1], "RSET\r\nNOOP\r\n", 12) == 12);
	CHECK_NUMBER(tls_step(&e.server), TLS_BROKEN);
	ends_close(&e);
}

/* --- how it arrives -------------------------------------------------------- */

/* Carry what `from` holds to `to`, `piece` octets at a time, letting `t` see
 * each piece. */
static void
carry(int from, int to, size_t piece, struct tls *t, enum tls_status *status)
{
	uint8_t room[2048];
	ssize_t n;

	while ((n = read(from, room, sizeof room)) > 0) {
		struct span rest = span_at(room, (size_t)n);

		while (rest.len > 0) {
			struct span part = span_shift_upto(&rest, piece);

			CHECK(write(to, part.at, part.len) ==
				(ssize_t)part.len);
			if (!is_over(*status))
				*status = tls_step(t);
		}
	}
}

TEST(handshake_does_not_see_the_pieces)
{
	static const size_t pieces[] = { 1, 2, 7, 100 };

	make_site(X509_EC_P256);
	for (size_t i = 0; i < COUNT_OF(pieces); i++) {
		enum tls_status server = TLS_WANT_READ, client = TLS_WANT_READ;
		struct ends e;
		int far[2], near[2];

		ends_open(&e, true, SPAN(HOST));
		CHECK_OK(fd_stream_pair(far));
		near[0] = e.fd[1];
		near[1] = far[0];
		tls_done(&e.client);
		CHECK_OK(tls_context_client(true, authority, &e.contexts[1]));
		CHECK_OK(tls_connect_start(&e.client, e.contexts[1], far[1],
			SPAN(HOST)));
		tls_context_close(&e.contexts[1]);
		for (int turn = 0; turn < 10; turn++) {
			if (!is_over(client))
				client = tls_step(&e.client);
			carry(near[1], near[0], pieces[i], &e.server, &server);
			carry(near[0], near[1], pieces[i], &e.client, &client);
		}
		CHECK_NUMBER(server, TLS_DONE);
		CHECK_NUMBER(client, TLS_DONE);
		ends_close(&e);
		close(far[0]);
		close(far[1]);
	}
}

/* ST-D10: a ClientHello that never ends, in records of one octet. */
TEST(a_handshake_is_not_endless)
{
	static const uint8_t start[] = { 0x16, 3, 1, 0, 4, 1, 1, 0xff, 0xff };
	static const uint8_t more[] = { 0x16, 3, 1, 0, 1, 0 };
	enum tls_status status = TLS_WANT_READ;
	struct ends e;
	size_t sent = 0;

	make_site(X509_EC_P256);
	ends_open(&e, true, SPAN(HOST));
	CHECK(write(e.fd[1], start, sizeof start) == sizeof start);
	while (!is_over(status) && sent < KiB(256)) {
		CHECK(write(e.fd[1], more, sizeof more) == sizeof more);
		sent += sizeof more;
		status = tls_step(&e.server);
	}
	CHECK_NUMBER(status, TLS_BROKEN);
	CHECK(sent < KiB(128));
	ends_close(&e);
}

TEST(writing_waits_for_a_slow_reader)
{
	static uint8_t octets[KiB(512)], room[KiB(16)];
	struct span out = span_at(octets, sizeof octets);
	enum tls_status status = TLS_DONE;
	struct sha256 sent, got;
	uint8_t a[SHA256_OCTETS], b[SHA256_OCTETS];
	size_t arrived = 0;
	bool waited = false;
	struct ends e;

	make_site(X509_EC_P256);
	random_octets(octets, sizeof octets);
	sha256(out, a);
	ends_open(&e, true, SPAN(HOST));
	ends_shake(&e);
	sha256_begin(&got);
	sha256_begin(&sent);
	while (arrived < sizeof octets) {
		struct buf in = BUF(room);

		while (out.len > 0 &&
			(status = tls_write(&e.server, &out)) == TLS_DONE)
			continue;
		waited |= status == TLS_WANT_WRITE;
		while (tls_read(&e.client, &in) == TLS_DONE) {
			sha256_add(&got, buf_view(&in));
			arrived += in.len;
			buf_clear(&in);
		}
	}
	sha256_end(&got, b);
	sha256_drop(&sent);
	CHECK(waited);
	CHECK_SPANS(span_at(b, sizeof b), span_at(a, sizeof a));
	ends_close(&e);
}

/* --- keys ------------------------------------------------------------------ */

TEST(a_key_that_is_not_ours_ends_the_handshake)
{
	struct foreign f = { .version = TLS1_3_VERSION };
	struct tls_context *c;
	struct ends e = { .fd = { -1, -1 } };
	SSL *peer;

	make_site(X509_EC_P256);
	c = server_for(KEY + 1, SPAN_NONE, false);
	CHECK_OK(fd_stream_pair(e.fd));
	CHECK_OK(tls_accept_start(&e.server, c, e.fd[0]));
	peer = foreign_open(&f, e.fd[1]);
	CHECK_NUMBER(meet(&e, peer), TLS_BROKEN);
	CHECK_NUMBER(signatures, 1);
	SSL_free(peer);
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

/* --- keys in another process ----------------------------------------------- */

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
	CHECK(waitpid(child, NULL, 0) == child);

	/* and without it there is no handshake */
	ends_open(&e, true, SPAN(HOST));
	shake(&e, &server, &client);
	CHECK_NUMBER(server, TLS_BROKEN);
	ends_close(&e);
}
