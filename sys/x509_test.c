#include "sys/x509.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "lib/base/number.h"
#include "lib/base/test.h"
#include "sys/crypto.h"

#define HOST "mail.agency.example"

static const struct span host[] = { { (const uint8_t *)HOST,
	sizeof HOST - 1 } };
static const struct instant from = { DAYS(20000) }, until = { DAYS(20090) };

TEST(a_request_names_its_hosts)
{
	const struct span names[] = { SPAN(HOST), SPAN("192.0.2.1"),
		SPAN("2001:db8::1") };
	struct x509_subject s = { names, COUNT_OF(names), from, until };
	static uint8_t key_room[X509_PEM_MAX], room[X509_PEM_MAX];
	struct buf key = BUF(key_room), pem = BUF(room);
	STACK_OF(X509_EXTENSION) *all;
	GENERAL_NAMES *found;
	X509_REQ *r;
	BIO *in;

	CHECK_OK(crypto_start());
	CHECK_OK(x509_make_key(X509_EC_P256, &key));
	CHECK_OK(x509_make_request(buf_view(&key), &s, &pem));
	in = BIO_new_mem_buf(pem.at, (int)pem.len);
	r = PEM_read_bio_X509_REQ(in, NULL, NULL, NULL);
	CHECK(r != NULL);
	CHECK(X509_REQ_verify(r, X509_REQ_get0_pubkey(r)) == 1);
	all = X509_REQ_get_extensions(r);
	found = X509V3_get_d2i(all, NID_subject_alt_name, NULL, NULL);
	CHECK_NUMBER(sk_GENERAL_NAME_num(found), 3);
	CHECK_NUMBER(sk_GENERAL_NAME_value(found, 0)->type, GEN_DNS);
	CHECK_NUMBER(sk_GENERAL_NAME_value(found, 1)->type, GEN_IPADD);
	CHECK_NUMBER(sk_GENERAL_NAME_value(found, 2)->type, GEN_IPADD);
	GENERAL_NAMES_free(found);
	sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free);
	X509_REQ_free(r);
	BIO_free(in);
}

static const struct {
	const char *what;
	struct span name;
	bool good;
} names[] = {
	{ "a host name", SPAN(HOST), true },
	{ "an address", SPAN("192.0.2.1"), true },
	{ "the longest common name",
	  SPAN("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
	       "test"), true },
	{ "longer than a common name",
	  SPAN("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
	       "test"), true },
	{ "nothing", SPAN(""), false },
	{ "a second value in one name", SPAN("a.example,IP:10.0.0.1"), false },
	{ "a section of a configuration", SPAN("@names"), false },
	{ "NUL", SPAN("a.example\0.b.example"), false },
	{ "a wildcard", SPAN("*.example"), false },
	{ "white space", SPAN("a example"), false },
};

TEST(names_are_taken_literally_or_not_at_all)
{
	static uint8_t key_room[X509_PEM_MAX], room[X509_PEM_MAX];
	struct buf key = BUF(key_room);

	CHECK_OK(crypto_start());
	CHECK_OK(x509_make_key(X509_EC_P256, &key));
	EACH_CASE(c, names) {
		struct x509_subject s = { &c->name, 1, from, until };
		const struct fault *want = c->good ? OK : &fault_key_unusable;
		struct buf pem = BUF(room);

		CHECK_FAULT(x509_make_request(buf_view(&key), &s, &pem), want);
		buf_clear(&pem);
		CHECK_FAULT(x509_make_authority(buf_view(&key), &s, &pem),
			want);
		CHECK_NUMBER(pem.len > 0, c->good);
	}
}

TEST(a_certificate_ends_when_it_should)
{
	bool good;
	static uint8_t room[4][X509_PEM_MAX];
	struct x509_subject s = { host, 1, from, until };
	struct buf authority_key = BUF(room[0]), authority = BUF(room[1]);
	struct buf key = BUF(room[2]), pem = BUF(room[3]);
	struct instant end;

	CHECK_OK(crypto_start());
	CHECK_OK(x509_make_key(X509_EC_P256, &authority_key));
	CHECK_OK(x509_make_authority(buf_view(&authority_key), &s, &authority));
	CHECK_OK(x509_make_key(X509_EC_P256, &key));
	CHECK_OK(x509_make_certificate(buf_view(&authority_key),
		buf_view(&authority), buf_view(&key), &s, &pem));
	CHECK_OK(x509_expires(buf_view(&pem), &end));
	CHECK_NUMBER(end.us, until.us);
	CHECK_FAULT(x509_expires(buf_view(&key), &end), &fault_key_unusable);
	CHECK_OK(x509_is_for(buf_view(&pem), s.names[0], &good));
	CHECK(good);
	CHECK_OK(x509_is_for(buf_view(&pem), SPAN("localhost"), &good));
	CHECK(!good);
	CHECK_FAULT(x509_is_for(buf_view(&key), s.names[0], &good),
		&fault_key_unusable);

	/* a key that is not the authority's */
	buf_clear(&pem);
	CHECK_FAULT(x509_make_certificate(buf_view(&key), buf_view(&authority),
			    buf_view(&key), &s, &pem), &fault_key_unusable);
	CHECK_NUMBER(pem.len, 0);
}

TEST(a_text_that_does_not_fit_is_not_begun)
{
	uint8_t room[64];
	struct buf pem = BUF(room);

	CHECK_OK(crypto_start());
	CHECK_FAULT(x509_make_key(X509_EC_P256, &pem), &fault_key_unusable);
	CHECK_NUMBER(pem.len, 0);
}
