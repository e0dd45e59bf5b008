/* However the octets are cut, a stranger gets the same answers, each of them
 * one that a strict client can read, and the same rest is left to the session.
 * Who is in is not asked for again. */
#include "lib/base/fuzz.h"
#include "lib/imap/fake_client.h"
#include "lib/imap/login.h"

#define ANSWER_MAX (1 << 20)

static uint8_t whole_storage[ANSWER_MAX], parts_storage[ANSWER_MAX];
static struct imap_login login;
static bool is_in;

struct outcome {
	struct buf said;
	enum login_turn turn;
	size_t left; /* octets that were not taken */
};

static void
answer(struct imap_login *l)
{
	struct span blob = l->ask.blob;

	MUST(blob.len <= LOGIN_BLOB_MAX && !is_in);
	is_in = l->ask.has_blob && blob.len % 3 == 2;
	if (!l->ask.has_blob)
		imap_login_challenge(l, SPAN(""));
	else if (blob.len % 3 == 0)
		imap_login_challenge(l, blob);
	else if (blob.len % 3 == 1)
		imap_login_failure(l, &fault_grant_missing);
	else
		imap_login_success(l, blob.len % 2 ? SPAN("v=x") : SPAN_NONE);
}

static void
run(struct span in, size_t piece, struct outcome *o)
{
	static const struct login_setup setup = { 0, true, true, true };

	imap_login_init(&login, &setup);
	is_in = false;
	o->turn = LOGIN_READ;
	while (in.len > 0 && o->turn != LOGIN_DONE && o->turn != LOGIN_CLOSE) {
		struct span part = in;

		part = span_shift_upto(&part, piece);
		span_shift_upto(&in, part.len);
		do {
			o->turn = imap_login_run(&login, &part);
			if (o->turn == LOGIN_ASK)
				answer(&login);
			MUST(buf_put(&o->said, imap_login_output(&login)));
			imap_login_sent(&login, imap_login_output(&login).len);
		} while (o->turn == LOGIN_ASK ||
			(o->turn == LOGIN_READ && part.len > 0));
		o->left = in.len + part.len;
	}
}

FUZZ(struct span input)
{
	size_t piece = input.len > 0 ? 1 + span_shift(&input) % 64 : 1;
	struct outcome whole = { .said = BUF(whole_storage) };
	struct outcome parts = { .said = BUF(parts_storage) };
	static struct fake_client client;

	run(input, SIZE_MAX, &whole);
	run(input, piece, &parts);
	MUST(whole.turn == parts.turn && whole.left == parts.left);
	MUST(span_equals(buf_view(&whole.said), buf_view(&parts.said)));
	memset(&client, 0, sizeof client);
	client_read(&client, buf_view(&whole.said));
}
