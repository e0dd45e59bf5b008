/* However the octets are cut, both ways, a session says the same; and what it
 * says a strict client can read, with sequence numbers that hold. */
#include "lib/base/fuzz.h"
#include "lib/imap/fake_client.h"
#include "lib/imap/fake_store.h"

#define ANSWER_MAX (4 << 20)

static uint8_t whole_storage[ANSWER_MAX], parts_storage[ANSWER_MAX];

static const struct span mails[] = {
	SPAN("From: a <b@c>\r\nTo: d\344 <e@f>, g:h;\r\nSubject: \"\\\r\n"
	     "Date: Mon, 7 Feb 1994 21:52:25 -0800\r\n\r\nbody\r\n"),
	SPAN("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n"
	     "\r\n--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n"
	     "\r\ninner\r\n--x\r\nContent-Type: image/png; name=\"\\\"\"\r\n\r\n"
	     "--x--\r\n"),
	SPAN("\r\n"),
};

/* Others work on the mailbox too: each SUBSCRIBE is their turn. */
static void
others_work(struct imap_session *s)
{
	struct fake_box *b = fake.selected;
	unsigned turn = fake.turns++;

	if (!b)
		return;
	if (turn % 3 == 0)
		(void)!fake_add(b, mails[turn % 2], 0, 0);
	else if (b->messages > 0 && turn % 3 == 1)
		b->message[turn % b->messages].gone = true;
	else if (b->messages > 0)
		b->message[turn % b->messages].entry.flags ^= FLAG_ANSWERED;
	imap_changed(s);
}

/* False when the answers did not fit. */
static bool
run(struct span in, size_t piece, size_t drain, struct buf *out)
{
	struct imap_session *s = fake_open();

	fake.others = others_work;
	for (size_t i = 0; i < COUNT_OF(mails); i++)
		MUST(!fake_add(&fake.box[0], mails[i], 0, SECONDS(i)));
	while (in.len > 0)
		if (!fake_run(s, span_shift_upto(&in, piece), out, drain))
			return buf_room(out) > IMAP_OUTPUT_MAX;
	return true;
}

/* The store fails now and then: the session may end, but what it said before
 * can be read. */
static void
run_with_faults(struct span in, unsigned fail, struct buf *out)
{
	static struct fake_client client;
	struct imap_session *s = fake_open();

	buf_clear(out);
	for (size_t i = 0; i < COUNT_OF(mails); i++)
		MUST(!fake_add(&fake.box[0], mails[i], 0, SECONDS(i)));
	fake.fail = fail;
	if (!fake_run(s, in, out, SIZE_MAX))
		return;
	memset(&client, 0, sizeof client);
	client_read(&client, buf_view(out));
}

FUZZ(struct span input)
{
	size_t piece = input.len > 0 ? 1 + span_shift(&input) % 64 : 1;
	size_t drain = input.len > 0 ? 1 + span_shift(&input) % 64 : 1;
	struct buf whole = BUF(whole_storage), parts = BUF(parts_storage);
	static struct fake_client client;

	if (!run(input, SIZE_MAX, SIZE_MAX, &whole) ||
		!run(input, piece, drain, &parts))
		return;
	MUST(span_equals(buf_view(&whole), buf_view(&parts)));
	memset(&client, 0, sizeof client);
	client_read(&client, buf_view(&whole));
	run_with_faults(input, 1 + (unsigned)(piece % 7), &whole);
}
