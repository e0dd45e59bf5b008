/* However the network cuts what a client sends, the handshake comes to the same
 * end; and before it is complete nothing can be read. */
#include "lib/base/fuzz.h"

#include <unistd.h>

#include "lib/base/must.h"
#include "lib/base/number.h"
#include "sys/fd.h"
#include "sys/keys.h"
#include "sys/signing.h"
#include "sys/tls.h"
#include "sys/x509.h"

static struct signing_key *private_key;
static struct tls_context *context;

static void
sign_here(void *owner, const struct sign_request *ask,
	struct sign_answer *answer)
{
	(void)owner;
	signing_answer(private_key, ask, answer);
}

static void
make_site(void)
{
	static uint8_t key_room[X509_PEM_MAX], room[X509_PEM_MAX];
	struct span name = SPAN("mail.agency.example");
	struct x509_subject subject = { &name, 1, { DAYS(1) }, { DAYS(2) } };
	struct buf key = BUF(key_room), certificate = BUF(room);
	struct tls_service s = { .protocol = SPAN("imap"), .names = &name,
		.names_count = 1 };

	MUST(tls_start() == OK);
	MUST(x509_make_key(X509_EC_P256, &key) == OK);
	MUST(x509_make_authority(buf_view(&key), &subject, &certificate) == OK);
	MUST(signing_open(buf_view(&key), &private_key) == OK);
	s.chain = buf_view(&certificate);
	MUST(tls_context_server(&s, &context) == OK);
	keys_use(sign_here, NULL);
}

static enum tls_status
shake_in_pieces(struct span in, size_t piece)
{
	enum tls_status status = TLS_WANT_READ;
	struct tls t = { 0 };
	int pair[2];

	MUST(fd_stream_pair(pair) == OK);
	MUST(tls_accept_start(&t, context, pair[0]) == OK);
	while (in.len > 0 && status == TLS_WANT_READ) {
		struct span part = span_shift_upto(&in, piece);

		MUST(write(pair[1], part.at, part.len) == (ssize_t)part.len);
		status = tls_step(&t);
	}
	MUST(status != TLS_DONE || in.len == 0);
	tls_done(&t);
	fd_close(&pair[0]);
	fd_close(&pair[1]);
	return status;
}

FUZZ(struct span input)
{
	size_t piece = input.len > 0 ? 1 + span_shift(&input) % 64 : 1;

	if (!context)
		make_site();
	if (input.len > KiB(32))
		return;
	MUST(shake_in_pieces(input, SIZE_MAX) ==
		shake_in_pieces(input, piece));
}
