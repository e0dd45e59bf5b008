#include "sys/keys.h"

static keys_call *ask_keys;
static void *ask_owner;
static uint32_t last_serial;

void
keys_use(keys_call *call, void *owner)
{
	ask_keys = call;
	ask_owner = owner;
}

void
keys_over_channel(void *owner, const struct sign_request *ask,
	struct sign_answer *answer)
{
	struct channel *c = *(struct channel **)owner;
	const struct fault *f = channel_send(c, ask, -1);

	/* the answer to a question that was given up may come first */
	do {
		if (!f)
			f = channel_wait(c, SIGN_ANSWER, answer, KEYS_WAIT_US);
	} while (!f && answer->head.serial != ask->head.serial);
	if (f)
		*answer = (struct sign_answer){ .fault = fault_number(f) };
}

void
keys_late_answer(void *owner, struct channel *c, const void *message, int fd)
{
	(void)owner, (void)c, (void)message, (void)fd;
}

FALLIBLE
keys_sign(const struct key_name *name, uint32_t algorithm, struct span text,
	struct buf *out)
{
	struct sign_request ask = { .head = { .type = SIGN_REQUEST,
					    .serial = ++last_serial },
		.key = name->number,
		.algorithm = algorithm,
		.input_len = (uint16_t)text.len };
	struct sign_answer answer = { 0 };

	if (!ask_keys)
		return &fault_ipc_closed;
	if (text.len > sizeof ask.input)
		return &fault_key_refused;
	memcpy(ask.half, name->half, sizeof ask.half);
	memcpy(ask.input, text.at, text.len);
	ask_keys(ask_owner, &ask, &answer);
	TRY(fault_row(answer.fault));
	if (answer.output_len == 0 ||
		answer.output_len > sizeof answer.output ||
		!buf_put(out, span_at(answer.output, answer.output_len)))
		return &fault_ipc_malformed;
	return OK;
}
