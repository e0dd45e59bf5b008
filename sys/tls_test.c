#include "sys/tls.h"

#include <openssl/ssl.h>

#include "sys/tls_ends.h"

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

/* ST-D13, in its strongest form: even the same service gives nothing that
 * could be presented again, and forgets what it could recognise. */
static const struct {
	const char *what;
	struct foreign peer;
} returning[] = {
	{ "TLS 1.2", { .version = TLS1_2_VERSION } },
	{ "TLS 1.2 without tickets, by session number",
	  { .version = TLS1_2_VERSION, .options = SSL_OP_NO_TICKET } },
	{ "TLS 1.3", { .version = TLS1_3_VERSION } },
};

static SSL_SESSION *
visit(struct tls_context *c, const struct foreign *f, SSL_SESSION *before)
{
	struct span text = SPAN("220 hello\r\n");
	struct ends e = { .fd = { -1, -1 } };
	SSL_SESSION *after;
	uint8_t room[16];
	SSL *peer;

	CHECK_OK(fd_stream_pair(e.fd));
	CHECK_OK(tls_accept_start(&e.server, c, e.fd[0]));
	peer = foreign_open(f, e.fd[1]);
	if (before)
		SSL_set_session(peer, before);
	CHECK_NUMBER(meet(&e, peer), TLS_DONE);
	CHECK_NUMBER(tls_write(&e.server, &text), TLS_DONE);
	CHECK(SSL_read(peer, room, sizeof room) > 0);
	CHECK(!SSL_session_reused(peer));
	after = SSL_get1_session(peer);
	CHECK(!SSL_SESSION_is_resumable(after));
	CHECK_NUMBER(tls_close(&e.server), TLS_DONE);
	SSL_shutdown(peer);
	SSL_free(peer);
	ends_close(&e);
	return after;
}

TEST(nothing_is_resumed)
{
	struct tls_context *c;

	make_site(X509_EC_P256);
	c = server_for(KEY, SPAN("imap"), true);
	EACH_CASE(row, returning) {
		SSL_SESSION *first = visit(c, &row->peer, NULL);
		SSL_SESSION *second = visit(c, &row->peer, first);

		SSL_SESSION_free(first);
		SSL_SESSION_free(second);
	}
	CHECK_NUMBER(signatures, 2 * COUNT_OF(returning));
	tls_context_close(&c);
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

/* One call serves one record, so a peer that sends only what TLS itself wants
 * cannot keep the process from its other sessions. */
TEST(key_updates_take_their_turn)
{
	struct foreign f = { .version = TLS1_3_VERSION };
	enum tls_status status = TLS_WANT_READ;
	uint8_t room[16];
	struct buf in = BUF(room);
	struct ends e;
	int calls = 0;
	SSL *peer;

	make_site(X509_EC_P256);
	ends_open(&e, true, SPAN(HOST));
	peer = foreign_open(&f, e.fd[1]);
	CHECK_NUMBER(meet(&e, peer), TLS_DONE);
	for (int i = 0; i < 50; i++) {
		CHECK(SSL_key_update(peer, SSL_KEY_UPDATE_NOT_REQUESTED) == 1);
		CHECK(SSL_do_handshake(peer) == 1);
	}
	CHECK(SSL_write(peer, "NOOP", 4) == 4);
	for (; calls < 100 && status == TLS_WANT_READ; calls++)
		status = tls_read(&e.server, &in);
	CHECK_NUMBER(status, TLS_DONE);
	CHECK_NUMBER(calls, 51);
	CHECK_SPAN(buf_view(&in), "NOOP");
	SSL_free(peer);
	ends_close(&e);
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
