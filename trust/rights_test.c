#include "trust/rights.h"

#include "lib/base/test.h"

static const struct {
	const char *what;
	enum role from, to;
	uint32_t type;
	int len_off; /* from the right length */
	int fd;
	const struct fault *want;
} cases[] = {
	{ "mx asks auth for a recipient", MX, AUTH, RCPT_CHECK, 0, -1, OK },
	{ "mx delivers with a body", MX, STORE, DELIVER_OPEN, 0, 5, OK },
	{ "mx delivers without a body", MX, STORE, DELIVER_OPEN, 0, -1,
		&fault_ipc_malformed },
	{ "a question with a descriptor", MX, AUTH, RCPT_CHECK, 0, 5,
		&fault_ipc_malformed },
	{ "too short", MX, AUTH, RCPT_CHECK, -1, -1, &fault_ipc_malformed },
	{ "too long", MX, AUTH, RCPT_CHECK, 1, -1, &fault_ipc_malformed },
	{ "login cannot queue mail for others", LOGIN, QUEUE, ENQUEUE_OPEN, 0,
		5, &fault_ipc_forbidden },
	{ "mx asks for a host with its connection", MX, AUTH, RELAY_ASK, 0, -1,
		&fault_ipc_malformed },
	{ "mx cannot log in", MX, AUTH, SASL_STEP, 0, -1,
		&fault_ipc_forbidden },
	{ "submission cannot open a session", SUBMISSION, MASTER, SESSION_OPEN,
		0, 5, &fault_ipc_forbidden },
	{ "login cannot open a session", LOGIN, MASTER, SESSION_OPEN, 0, 5,
		&fault_ipc_forbidden },
	{ "only scan answers for scan", QUEUE, MX, SCAN_ANSWER, 0, -1,
		&fault_ipc_forbidden },
	{ "relay cannot dial", RELAY, DIAL, DIAL_REQUEST, 0, -1,
		&fault_ipc_forbidden },
	{ "relay cannot deliver", RELAY, STORE, DELIVER_OPEN, 0, 5,
		&fault_ipc_forbidden },
	{ "imap cannot deliver", IMAP, STORE, DELIVER_OPEN, 0, 5,
		&fault_ipc_forbidden },
	{ "dns cannot ask for a signature", DNS, KEYS, SIGN_REQUEST, 0, -1,
		&fault_ipc_forbidden },
	{ "mx has no secret to give", MX, STORE, SECRET_GIVEN, 0, -1,
		&fault_ipc_forbidden },
	{ "a source is limited by who asks for it", MX, METER, LIMIT_ASK, 0, -1,
		OK },
	{ "mx cannot release an account", MX, METER, LIMIT_ORDER, 0, -1,
		&fault_ipc_forbidden },
	{ "only the meter answers for limits", QUEUE, SUBMISSION, LIMIT_ANSWER,
		0, -1, &fault_ipc_forbidden },
	{ "no message", MX, AUTH, MESSAGE_NONE, 0, -1, &fault_ipc_forbidden },
	{ "beyond the last message", MX, AUTH, MESSAGES, 0, -1,
		&fault_ipc_forbidden },
	{ "from nobody", NOBODY, AUTH, RCPT_CHECK, 0, -1,
		&fault_ipc_forbidden },
};

TEST(rights_admit_follows_the_table)
{
	static _Alignas(8) uint8_t octets[8192];

	EACH_CASE(c, cases) {
		struct head head = { .type = c->type };
		size_t len = message_size(c->type);
		struct packet p = { octets, 0, c->fd };

		if (len == 0)
			len = sizeof head;
		p.len = (size_t)((int)len + c->len_off);
		memcpy(octets, &head, sizeof head);
		CHECK_FAULT(rights_admit(c->from, c->to, &p), c->want);
	}
}

TEST(every_message_fits_a_packet_and_an_aligned_struct)
{
	for (uint32_t type = 1; type < MESSAGES; type++) {
		test_row = message_name(type);
		CHECK(message_size(type) >= sizeof(struct head));
		CHECK(message_size(type) <= 8192);
		CHECK_NUMBER(message_size(type) % 8, 0);
	}
}

/* Who can reach whom at all: what a reader would draw. */
static const struct {
	const char *what;
	enum role a, b;
	bool linked;
} links[] = {
	{ "mx and store", MX, STORE, true },
	{ "mx and queue: the spool only", MX, QUEUE, true },
	{ "mx and keys", MX, KEYS, true },
	{ "mx and relay", MX, RELAY, false },
	{ "mx and dial", MX, DIAL, false },
	{ "mx and dns", MX, DNS, false },
	{ "login and store", LOGIN, STORE, false },
	{ "imap and auth", IMAP, AUTH, false },
	{ "imap and store", IMAP, STORE, true },
	{ "relay and keys", RELAY, KEYS, false },
	{ "relay and store", RELAY, STORE, false },
	{ "dial and store", DIAL, STORE, false },
	{ "operator and mx", CTL, MX, false },
};

TEST(rights_linked_is_the_drawing_of_architecture)
{
	EACH_CASE(c, links) {
		CHECK_NUMBER(rights_linked(c->a, c->b), c->linked);
		CHECK_NUMBER(rights_linked(c->b, c->a), c->linked);
	}
}
