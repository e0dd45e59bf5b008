/* Whatever a client says, it proves nothing without the password (EXTERNAL is
 * proven by the connection), and a login has no control characters. */
#include "lib/base/fuzz.h"
#include "sys/crypto.h"
#include "sys/sasl.h"

static void
find_keys(void *owner, struct span login, struct scram_keys *out)
{
	(void)owner;
	MUST(login.len > 0);
	*out = (struct scram_keys){ .iterations = 4096 };
	random_octets(out->stored, sizeof out->stored);
	random_octets(out->server, sizeof out->server);
}

static void
start(void)
{
	static bool started;

	if (!started)
		MUST(!crypto_start() && !sasl_start());
	started = true;
}

static void
check_login(const struct sasl *s)
{
	struct span login = sasl_login(s);

	for (size_t i = 0; i < login.len; i++)
		MUST(login.at[i] >= 32 && login.at[i] != 127);
}

/* The first octet chooses mechanism and binding; each message has its length
 * before it. */
FUZZ(struct span input)
{
	uint8_t choice = input.len > 0 ? span_shift(&input) : 0;
	enum sasl_mechanism mechanism = choice % SASL_MECHANISMS;
	enum sasl_turn turn = SASL_CHALLENGED;
	struct sasl *s;

	start();
	if (sasl_open(mechanism, choice & 128 ? SPAN("channel") : SPAN(""),
		    find_keys, NULL, &s))
		return;
	while (turn == SASL_CHALLENGED && input.len > 0) {
		uint8_t room[SASL_BLOB_MAX];
		struct buf out = BUF(room);
		struct span message =
			span_shift_upto(&input, span_shift(&input));

		turn = sasl_turn(s, true, message, &out);
		MUST(turn != SASL_PROVEN || mechanism == SASL_EXTERNAL);
		MUST(turn != SASL_REFUSED || out.len == 0);
		if (turn == SASL_COMPARE)
			MUST(sasl_login(s).len > 0 && sasl_password(s).len > 0);
		if (turn != SASL_REFUSED)
			check_login(s);
	}
	sasl_close(&s);
}
