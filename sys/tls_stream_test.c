#include "sys/tls.h"

#include "sys/crypto.h"
#include "sys/tls_ends.h"

/* --- whose certificate ---------------------------------------------------- */

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

/* --- ends of a stream ----------------------------------------------------- */

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

/* --- how it arrives ------------------------------------------------------- */

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
