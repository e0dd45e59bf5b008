#include "lib/smtp/server_part.h"

FALLIBLE
smtp_data(struct smtp_server *s, struct span argument)
{
	if (argument.len > 0)
		return &fault_verb_argument;
	if (s->more) {
		smtp_close_with(s, &fault_data_pipelined);
		return OK;
	}
	s->ask = (struct smtp_ask){ 0 };
	smtp_ask(s, SMTP_ASK_BODY, SMTP_IN_DATA);
	return OK;
}

/* Octets of the message that may come before something changes: first it is
 * too large, then the session ends. */
static uint64_t
data_room(const struct smtp_server *s)
{
	uint64_t max = s->profile->max_message;

	return (s->txn.received < max ? max : SMTP_DRAIN_MAX * max) -
		s->txn.received;
}

/* The next octets of the message, so many that the limits fall between two
 * pieces: wherever the network cuts, the host sees the same octets.  What is
 * too large is read so that the client hears of it, but not for ever. */
static FALLIBLE
take_data(struct smtp_server *s, struct span *in, struct span *piece, bool *end)
{
	uint64_t room = data_room(s);
	struct span part = span_at(in->at, in->len < room ? in->len : room);
	size_t len = part.len;

	TRY(data_next(&s->txn.data, &part, piece, end));
	span_shift_upto(in, len - part.len);
	s->txn.received += piece->len;
	return data_room(s) > 0 ? OK : &fault_message_too_large;
}

bool
smtp_read_data(struct smtp_server *s, struct span *in)
{
	struct span piece;
	bool end;
	const struct fault *f = take_data(s, in, &piece, &end);

	if (f) { /* the stream has no next command */
		smtp_close_with(s, f);
		return true;
	}
	if (s->txn.received > s->profile->max_message && !s->txn.failed)
		s->txn.failed = &fault_message_too_large;
	if (end) {
		s->messages++;
		if (s->txn.failed) {
			MUST(put_reply_fault(&s->out, s->txn.failed));
			smtp_forget_for(s, SMTP_READY);
		} else {
			s->ask = (struct smtp_ask){ 0 };
			smtp_ask(s, SMTP_ASK_KEEP, SMTP_READY);
		}
		return true;
	}
	if (piece.len > 0 && !s->txn.failed) {
		s->ask = (struct smtp_ask){ .octets = piece };
		smtp_ask(s, SMTP_ASK_OCTETS, SMTP_IN_DATA);
		return true;
	}
	return in->len > 0;
}

void
smtp_end_txn(struct smtp_server *s)
{
	smtp_txn_reset(s);
	s->state = SMTP_READY;
}

void
smtp_kept(struct smtp_server *s, struct span id)
{
	uint8_t text[80];
	struct buf b = BUF(text);

	MUST(s->asking && s->ask.verb == SMTP_ASK_KEEP);
	MUST(buf_put_text(&b, "Accepted ") && buf_put(&b, id));
	s->asking = false;
	MUST(put_reply(&s->out, 250, "2.0.0", buf_view(&b)));
	s->idle = 0;
	smtp_end_txn(s);
}
