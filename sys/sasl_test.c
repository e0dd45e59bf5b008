#include "sys/sasl.h"

#include <gsasl.h>

#include "lib/base/base64.h"
#include "lib/base/number.h"
#include "lib/base/test.h"
#include "sys/crypto.h"

/* --- what the server knows ----------------------------------------------- */

static void
find_keys(void *owner, struct span login, struct scram_keys *out)
{
	const char *password = owner;

	CHECK(login.len > 0);
	*out = (struct scram_keys){ .salt = "a salt", .iterations = 4096 };
	CHECK_OK(scram_derive(span_of(password), out));
}

static void
start(void)
{
	static bool started;

	if (!started) {
		CHECK_OK(crypto_start());
		CHECK_OK(sasl_start());
	}
	started = true;
}

/* --- a client of the same library ---------------------------------------- */

struct client {
	Gsasl *library;
	Gsasl_session *session;
};

static void
client_open(struct client *c, const char *mechanism, const char *login,
	const char *other, const char *password, const char *exporter)
{
	CHECK(gsasl_init(&c->library) == GSASL_OK);
	CHECK(gsasl_client_start(c->library, mechanism, &c->session) ==
		GSASL_OK);
	CHECK(gsasl_property_set(c->session, GSASL_AUTHID, login) == GSASL_OK);
	CHECK(gsasl_property_set(c->session, GSASL_AUTHZID, other) ==
		GSASL_OK);
	CHECK(gsasl_property_set(c->session, GSASL_PASSWORD, password) ==
		GSASL_OK);
	if (exporter) {
		uint8_t text[128];
		struct buf b = BUF(text);

		CHECK(put_base64(&b, span_of(exporter)) && buf_push(&b, 0));
		CHECK(gsasl_property_set(c->session, GSASL_CB_TLS_EXPORTER,
			      (char *)text) == GSASL_OK);
	}
}

/* What the client says to `in`; false when it gives up. */
static bool
client_step(struct client *c, struct span in, struct buf *out)
{
	char *said = NULL;
	size_t len = 0;
	int result = gsasl_step(c->session, (const char *)in.at, in.len, &said,
		&len);

	buf_clear(out);
	CHECK(buf_put(out, span_at(said, len)));
	gsasl_free(said);
	return result == GSASL_OK || result == GSASL_NEEDS_MORE;
}

static void
client_close(struct client *c)
{
	gsasl_finish(c->session);
	gsasl_done(c->library);
}

/* --- whole exchanges ----------------------------------------------------- */

static const struct {
	const char *what;
	enum sasl_mechanism mechanism;
	const char *name; /* of the client's mechanism */
	const char *login, *other, *password; /* as the client has them */
	const char *theirs, *ours; /* channel binding; NULL: none */
	enum sasl_turn end;
} exchanges[] = {
	{ "PLAIN", SASL_PLAIN, "PLAIN", "alice", "", "secret", NULL, NULL,
		SASL_COMPARE },
	{ "PLAIN as herself", SASL_PLAIN, "PLAIN", "alice", "alice", "secret",
		NULL, NULL, SASL_COMPARE },
	{ "PLAIN for somebody else", SASL_PLAIN, "PLAIN", "alice", "root",
		"secret", NULL, NULL, SASL_REFUSED },
	{ "SCRAM", SASL_SCRAM_SHA_256, "SCRAM-SHA-256", "alice", "", "secret",
		NULL, NULL, SASL_PROVEN },
	{ "SCRAM with a channel that nobody binds", SASL_SCRAM_SHA_256,
		"SCRAM-SHA-256", "alice", "", "secret", NULL, "channel",
		SASL_PROVEN },
	{ "SCRAM, another password", SASL_SCRAM_SHA_256, "SCRAM-SHA-256",
		"alice", "", "Secret", NULL, NULL, SASL_REFUSED },
	{ "SCRAM for somebody else", SASL_SCRAM_SHA_256, "SCRAM-SHA-256",
		"alice", "root", "secret", NULL, NULL, SASL_REFUSED },
	{ "SCRAM-PLUS", SASL_SCRAM_SHA_256_PLUS, "SCRAM-SHA-256-PLUS", "alice",
		"", "secret", "channel", "channel", SASL_PROVEN },
	{ "SCRAM-PLUS of another channel", SASL_SCRAM_SHA_256_PLUS,
		"SCRAM-SHA-256-PLUS", "alice", "", "secret", "another",
		"channel", SASL_REFUSED },
	{ "SCRAM-PLUS, another password", SASL_SCRAM_SHA_256_PLUS,
		"SCRAM-SHA-256-PLUS", "alice", "", "Secret", "channel",
		"channel", SASL_REFUSED },
};

static struct sasl *
server_open(enum sasl_mechanism mechanism, const char *exporter)
{
	static char password[] = "secret";
	struct sasl *s = NULL;

	CHECK_OK(sasl_open(mechanism,
		exporter ? span_of(exporter) : SPAN(""), find_keys, password,
		&s));
	return s;
}

TEST(sasl_agrees_with_another_implementations_client)
{
	start();
	EACH_CASE(c, exchanges) {
		uint8_t said[SASL_BLOB_MAX], answered[SASL_BLOB_MAX];
		struct buf out = BUF(said), answer = BUF(answered);
		struct sasl *s = server_open(c->mechanism, c->ours);
		enum sasl_turn turn = SASL_CHALLENGED;
		struct client client = { 0 };

		client_open(&client, c->name, c->login, c->other, c->password,
			c->theirs);
		while (turn == SASL_CHALLENGED) {
			CHECK(client_step(&client, buf_view(&answer), &out));
			buf_clear(&answer);
			turn = sasl_turn(s, true, buf_view(&out), &answer);
		}
		CHECK_NUMBER(turn, c->end);
		CHECK_SPAN(sasl_claimed(s), c->login);
		if (turn == SASL_COMPARE)
			CHECK_SPAN(sasl_password(s), c->password);
		if (turn == SASL_PROVEN) {
			CHECK(client_step(&client, buf_view(&answer), &out));
			CHECK_SPAN(sasl_login(s), c->login);
		}
		if (turn == SASL_REFUSED)
			CHECK_NUMBER(answer.len, 0);
		client_close(&client);
		sasl_close(&s);
		CHECK(!s);
	}
}

/* --- single messages ----------------------------------------------------- */

static const struct {
	const char *what;
	enum sasl_mechanism mechanism;
	bool unbound; /* the channel has no binding octets */
	struct span message;
	enum sasl_turn turn;
} firsts[] = {
	{ "PLAIN", SASL_PLAIN, true, SPAN("\0alice\0secret"), SASL_COMPARE },
	{ "nothing", SASL_PLAIN, true, SPAN(""), SASL_REFUSED },
	{ "one NUL", SASL_PLAIN, true, SPAN("\0"), SASL_REFUSED },
	{ "two NUL", SASL_PLAIN, true, SPAN("\0\0"), SASL_REFUSED },
	{ "no login", SASL_PLAIN, true, SPAN("\0\0secret"), SASL_REFUSED },
	{ "no password", SASL_PLAIN, true, SPAN("\0alice\0"), SASL_REFUSED },
	{ "a NUL in the password", SASL_PLAIN, true, SPAN("\0alice\0sec\0ret"),
		SASL_REFUSED },
	{ "a NUL behind the password", SASL_PLAIN, true, SPAN("\0alice\0secret\0"),
		SASL_REFUSED },
	{ "a line end in the login", SASL_PLAIN, true, SPAN("\0ali\r\nce\0secret"),
		SASL_REFUSED },
	{ "DEL in the login", SASL_PLAIN, true, SPAN("\0alice\x7f\0secret"),
		SASL_REFUSED },
	{ "octets that are no text", SASL_PLAIN, true, SPAN("\0al\xff\xfe\0secret"),
		SASL_REFUSED },
	{ "SCRAM", SASL_SCRAM_SHA_256, true, SPAN("n,,n=alice,r=nonce"),
		SASL_CHALLENGED },
	{ "nothing for SCRAM", SASL_SCRAM_SHA_256, true, SPAN(""), SASL_REFUSED },
	{ "no nonce", SASL_SCRAM_SHA_256, true, SPAN("n,,n=alice"), SASL_REFUSED },
	{ "an empty nonce", SASL_SCRAM_SHA_256, true, SPAN("n,,n=alice,r="),
		SASL_REFUSED },
	{ "no name", SASL_SCRAM_SHA_256, true, SPAN("n,,r=nonce"), SASL_REFUSED },
	{ "a mandatory extension", SASL_SCRAM_SHA_256, true,
		SPAN("n,,m=x,n=alice,r=nonce"), SASL_REFUSED },
	{ "a flag that is none", SASL_SCRAM_SHA_256, true,
		SPAN("x,,n=alice,r=nonce"), SASL_REFUSED },
	{ "a binding without PLUS", SASL_SCRAM_SHA_256, true,
		SPAN("p=tls-exporter,,n=alice,r=nonce"), SASL_REFUSED },
	{ "PLUS without a binding", SASL_SCRAM_SHA_256_PLUS, false,
		SPAN("n,,n=alice,r=nonce"), SASL_REFUSED },
	{ "PLUS that could be bound", SASL_SCRAM_SHA_256_PLUS, false,
		SPAN("y,,n=alice,r=nonce"), SASL_REFUSED },
	{ "PLUS with a binding of no kind", SASL_SCRAM_SHA_256_PLUS, false,
		SPAN("p=none,,n=alice,r=nonce"), SASL_REFUSED },
	{ "a client that would bind, where nothing is to bind",
		SASL_SCRAM_SHA_256, true, SPAN("y,,n=alice,r=nonce"),
		SASL_CHALLENGED },
	{ "a client that was not told of PLUS", SASL_SCRAM_SHA_256, false,
		SPAN("y,,n=alice,r=nonce"), SASL_REFUSED },
	{ "a client that cannot bind", SASL_SCRAM_SHA_256, false,
		SPAN("n,,n=alice,r=nonce"), SASL_CHALLENGED },
	{ "PLUS with another kind of binding", SASL_SCRAM_SHA_256_PLUS, false,
		SPAN("p=tls-unique,,n=alice,r=nonce"), SASL_REFUSED },
	{ "a NUL in SCRAM", SASL_SCRAM_SHA_256, true, SPAN("n,,n=al\0ice,r=nonce"),
		SASL_REFUSED },
};

TEST(sasl_turn_refuses_what_the_grammar_does_not_have)
{
	start();
	EACH_CASE(c, firsts) {
		uint8_t room[SASL_BLOB_MAX];
		struct buf out = BUF(room);
		struct sasl *s = server_open(c->mechanism,
			c->unbound ? NULL : "channel");

		CHECK_NUMBER(sasl_turn(s, true, c->message, &out), c->turn);
		sasl_close(&s);
	}
}

/* AU-D04: what a client may not make of the nonce. */
static const struct {
	const char *what;
	const char *head, *tail; /* around the server's own nonce */
} lasts[] = {
	{ "no proof", "c=biws,r=", "" },
	{ "a proof of no octet", "c=biws,r=", ",p=" },
	{ "a proof that is too short", "c=biws,r=", ",p=AAAA" },
	{ "a proof of zeros", "c=biws,r=",
		",p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" },
	{ "a nonce that is longer", "c=biws,r=",
		"x,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" },
	{ "no nonce", "c=biws,x=", ",p=AAAA" },
	{ "another flag", "c=eSws,r=",
		",p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" },
	{ "nothing", "", "" },
};

TEST(sasl_turn_refuses_a_last_message_without_proof)
{
	start();
	EACH_CASE(c, lasts) {
		uint8_t room[SASL_BLOB_MAX], more[SASL_BLOB_MAX];
		struct buf out = BUF(room), last = BUF(more);
		struct sasl *s = server_open(SASL_SCRAM_SHA_256, NULL);
		struct span nonce;

		CHECK_NUMBER(sasl_turn(s, true, SPAN("n,,n=alice,r=nonce"),
				     &out), SASL_CHALLENGED);
		CHECK(span_starts(buf_view(&out), SPAN("r=nonce")));
		nonce = span_at(out.at + 2,
			span_find_octet(buf_view(&out), ',') - 2);
		CHECK(nonce.len > 5 + 16);
		CHECK(buf_put_text(&last, c->head) && buf_put(&last, nonce) &&
			buf_put_text(&last, c->tail));
		buf_clear(&out);
		CHECK_NUMBER(sasl_turn(s, true, buf_view(&last), &out),
			SASL_REFUSED);
		sasl_close(&s);
	}
}

TEST(sasl_asks_for_what_did_not_come)
{
	static const enum sasl_mechanism all[] = { SASL_PLAIN,
		SASL_SCRAM_SHA_256, SASL_SCRAM_SHA_256_PLUS };

	start();
	for (size_t i = 0; i < COUNT_OF(all); i++) {
		uint8_t room[SASL_BLOB_MAX];
		struct buf out = BUF(room);
		struct sasl *s = server_open(all[i], "channel");

		CHECK_NUMBER(sasl_turn(s, false, SPAN_NONE, &out),
			SASL_CHALLENGED);
		CHECK_NUMBER(out.len, 0);
		test_row = "but not twice";
		CHECK_NUMBER(sasl_turn(s, false, SPAN_NONE, &out),
			SASL_REFUSED);
		sasl_close(&s);
	}
}

TEST(sasl_open_offers_what_can_be_had)
{
	struct sasl *s = NULL;

	start();
	CHECK_FAULT(sasl_open(SASL_NONE, SPAN(""), find_keys, NULL, &s),
		&fault_auth_mechanism);
	CHECK_FAULT(sasl_open(SASL_MECHANISMS, SPAN(""), find_keys, NULL, &s),
		&fault_auth_mechanism);
	CHECK_FAULT(sasl_open(SASL_SCRAM_SHA_256_PLUS, SPAN(""), find_keys,
			    NULL, &s), &fault_auth_mechanism);
	CHECK(!s);
}
