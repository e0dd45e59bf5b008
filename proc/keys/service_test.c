#include "proc/keys/service.h"

#include "lib/base/number.h"
#include "lib/base/test.h"
#include "sys/crypto.h"
#include "sys/x509.h"

#define NOW ((struct tick){ HOURS(1) })

static const struct span handshake =
	SPAN("                                "
	     "                                "
	     "TLS 1.3, server CertificateVerify\0"
	     "0123456789abcdef0123456789abcdef");

static struct key_service service;

static void
forget(void)
{
	for (uint32_t i = 0; i < KEY_NUMBERS; i++) {
		signing_close(&service.held[i].now);
		signing_close(&service.held[i].before);
	}
	service = (struct key_service){ 0 };
}

/* Put a new key in use and make the question that means it. */
static void
renew_with(enum x509_key kind, struct sign_request *ask, struct tick now)
{
	static uint8_t room[X509_PEM_MAX];
	struct buf pem = BUF(room);

	CHECK_OK(crypto_start());
	CHECK_OK(x509_make_key(kind, &pem));
	CHECK_OK(service_take_key(&service, KEY_HOST, buf_view(&pem), now));
	*ask = (struct sign_request){ .head = { SIGN_REQUEST, 5, 6 },
		.key = KEY_HOST,
		.algorithm = SIGN_ECDSA_P256_SHA256,
		.input_len = (uint16_t)handshake.len };
	memcpy(ask->input, handshake.at, handshake.len);
	signing_half(service.held[KEY_HOST].now, ask->half);
}

static void
renew(struct sign_request *ask, struct tick now)
{
	renew_with(X509_EC_P256, ask, now);
}

static const struct fault *
answer(enum role peer, const struct sign_request *ask, struct tick now)
{
	struct sign_answer a;

	service_answer(&service, peer, ask, now, &a);
	CHECK_NUMBER(a.head.type, SIGN_ANSWER);
	CHECK_NUMBER(a.head.serial, ask->head.serial);
	CHECK_NUMBER(a.head.session, ask->head.session);
	CHECK_NUMBER(a.output_len > 0, a.fault == 0);
	return fault_row(a.fault);
}

TEST(a_key_signs_for_the_roles_of_its_row)
{
	struct sign_request ask;

	forget();
	renew(&ask, NOW);
	for (enum role r = NOBODY; r < ROLES; r++) {
		bool is_server = r == MX || r == SUBMISSION || r == LOGIN;

		CHECK_FAULT(answer(r, &ask, NOW),
			is_server ? OK : &fault_key_refused);
	}
}

static const struct {
	const char *what;
	uint32_t number;
} numbers[] = {
	{ "the first that does not exist", KEY_NUMBERS },
	{ "a large one", 1u << 20 },
	{ "the largest", UINT32_MAX },
};

TEST(keys_that_do_not_exist_do_not_sign)
{
	struct sign_request ask;

	forget();
	renew(&ask, NOW);
	EACH_CASE(c, numbers) {
		ask.key = c->number;
		CHECK_FAULT(answer(MX, &ask, NOW), &fault_key_refused);
		CHECK_FAULT(service_take_key(&service, c->number, SPAN(""),
				    NOW), &fault_key_unusable);
	}
}

TEST(a_replaced_key_serves_for_a_while)
{
	struct tick later = { NOW.us + KEY_OVERLAP_US };
	struct tick after = { later.us + 1 };
	struct sign_request before, now;

	forget();
	renew(&before, NOW);
	renew(&now, NOW);
	CHECK_OK(answer(MX, &before, NOW));
	CHECK_OK(answer(MX, &now, NOW));
	CHECK_OK(answer(MX, &before, later));
	CHECK_FAULT(answer(MX, &before, after), &fault_key_refused);
	CHECK_OK(answer(MX, &now, after));
}

TEST(a_key_that_does_not_parse_changes_nothing)
{
	struct sign_request ask;

	forget();
	renew(&ask, NOW);
	CHECK_FAULT(service_take_key(&service, KEY_HOST,
			    SPAN("-----BEGIN PRIVATE KEY-----\nMIGH"), NOW),
		&fault_key_unusable);
	CHECK_OK(answer(MX, &ask, NOW));
}

static const struct {
	const char *what;
	enum x509_key kind;
	uint32_t cost;
} shares[] = {
	{ "P-256", X509_EC_P256, 1 },
	{ "RSA, which takes longer", X509_RSA_2048, 8 },
};

TEST(one_role_cannot_use_up_the_others_share)
{
	EACH_CASE(c, shares) {
		struct sign_request ask;
		struct tick now = NOW;
		uint32_t count = 0;

		forget();
		renew_with(c->kind, &ask, now);
		ask.input_len = 0; /* refused later than it is counted */
		while (answer(MX, &ask, now) != &fault_ipc_busy)
			count++;
		CHECK_NUMBER(count, SIGNATURES_AT_ONCE / c->cost);
		CHECK_FAULT(answer(MX, &ask, now), &fault_ipc_busy);
		CHECK_FAULT(answer(LOGIN, &ask, now), &fault_key_refused);
		now.us += SECONDS(1) / SIGNATURES_A_SECOND * c->cost;
		CHECK_FAULT(answer(MX, &ask, now), &fault_key_refused);
		CHECK_FAULT(answer(MX, &ask, now), &fault_ipc_busy);
	}
}
