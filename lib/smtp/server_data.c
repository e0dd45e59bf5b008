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

static void
give_octets(struct smtp_server *s, struct span octets)
{
	if (!s->txn.eight_bit)
		s->txn.eight_bit = !span_is_ascii(octets);
	s->ask = (struct smtp_ask){ .octets = octets };
	smtp_ask(s, SMTP_ASK_OCTETS, s->state);
}

static void
ask_keep(struct smtp_server *s)
{
	s->ask = (struct smtp_ask){ .eight_bit = s->txn.eight_bit };
	smtp_ask(s, SMTP_ASK_KEEP, SMTP_READY);
}

/* Octets of the message that may still come below a limit, which the operator
 * may have lowered meanwhile. */
static uint64_t
room_below(const struct smtp_server *s, uint64_t limit)
{
	return s->txn.received < limit ? limit - s->txn.received : 0;
}

/* ... before something changes: first it is too large, then the session ends. */
static uint64_t
data_room(const struct smtp_server *s)
{
	uint64_t max = s->profile->max_message;
	uint64_t room = room_below(s, max);

	return room > 0 ? room : room_below(s, SMTP_DRAIN_MAX * max);
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
			size_t start = s->out.len;

			MUST(put_reply_fault(&s->out, s->txn.failed));
			smtp_answered_data(s, start);
			smtp_forget_for(s, SMTP_READY);
		} else {
			ask_keep(s);
		}
		return true;
	}
	if (piece.len > 0 && !s->txn.failed) {
		give_octets(s, piece);
		return true;
	}
	return in->len > 0;
}

/* --- BDAT ---------------------------------------------------------------- */

/* Why nothing of the chunk can be part of a message. */
static const struct fault *
misplaced(const struct smtp_server *s)
{
	if (s->state != SMTP_HAS_RCPT && s->state != SMTP_HAS_CHUNKS)
		return &fault_verb_too_early;
	if (s->chunk.size > room_below(s, s->profile->max_message))
		return &fault_message_too_large;
	return OK;
}

FALLIBLE
smtp_bdat(struct smtp_server *s, struct span argument)
{
	struct command_bdat b;
	const struct fault *f = command_bdat(argument, &b);

	if (!f && b.size > SMTP_DRAIN_MAX * s->profile->max_message)
		f = &fault_message_too_large;
	if (f) { /* nobody knows where the next command is, or will wait */
		smtp_close_with(s, f);
		return OK;
	}
	s->chunk = (struct smtp_chunk){ .size = b.size,
		.left = b.size,
		.last = b.last,
		.back = s->state };
	f = misplaced(s);
	if ((f || b.size == 0) && smtp_is_idle(s))
		return OK;
	s->ask = (struct smtp_ask){ .chunked = true };
	if (!f && s->state == SMTP_HAS_RCPT)
		smtp_ask(s, SMTP_ASK_BODY, SMTP_IN_CHUNK);
	else
		smtp_chunk_begin(s, f);
	return OK;
}

void
smtp_chunk_begin(struct smtp_server *s, const struct fault *f)
{
	s->chunk.refused = f;
	s->state = SMTP_IN_CHUNK;
}

/* RFC 3030 section 2: a chunk that fails ends the transaction.  One that was
 * out of place changes nothing. */
static void
refuse_chunk(struct smtp_server *s, const struct fault *f)
{
	MUST(put_reply_fault(&s->out, f));
	s->state = s->chunk.back;
	if (f != &fault_verb_too_early)
		smtp_forget_for(s, SMTP_READY);
}

static void
end_chunk(struct smtp_server *s)
{
	const struct fault *f = s->chunk.refused;

	if (!f)
		f = s->txn.failed;
	if (!f && s->chunk.last && !data_may_end(&s->txn.data))
		f = &fault_line_bare_cr;
	s->messages += s->chunk.last && f != &fault_verb_too_early;
	if (f) {
		refuse_chunk(s, f);
	} else if (s->chunk.last) {
		ask_keep(s);
	} else {
		smtp_say(s, 250, "2.0.0", "Chunk received");
		s->state = SMTP_HAS_CHUNKS;
	}
}

bool
smtp_read_chunk(struct smtp_server *s, struct span *in)
{
	struct span piece = span_shift_upto(in,
		in->len < s->chunk.left ? in->len : s->chunk.left);

	if (s->chunk.left == 0) {
		end_chunk(s);
		return true;
	}
	s->chunk.left -= piece.len;
	if (piece.len == 0 || s->chunk.refused)
		return piece.len > 0;
	s->txn.received += piece.len;
	/* goes before what the host said of the octets in front of it, which
	 * it may not have seen: that hangs on the network's cuts */
	s->chunk.refused = data_check(&s->txn.data, piece);
	if (!s->chunk.refused && !s->txn.failed)
		give_octets(s, piece);
	return true;
}

/* --- the end ------------------------------------------------------------- */

void
smtp_answered_data(struct smtp_server *s, size_t start)
{
	struct span reply = span_at(s->out.at + start, s->out.len - start);

	if (!s->profile->lmtp)
		return;
	MUST(reply.len <= sizeof s->echo && s->txn.rcpts > 0);
	memcpy(s->echo, reply.at, reply.len);
	s->echo_len = reply.len;
	s->echoes = s->txn.rcpts - 1;
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
	size_t start = s->out.len;

	MUST(s->asking && s->ask.verb == SMTP_ASK_KEEP);
	MUST(buf_put_text(&b, "Accepted ") && buf_put(&b, id));
	s->asking = false;
	MUST(put_reply(&s->out, 250, "2.0.0", buf_view(&b)));
	smtp_answered_data(s, start);
	s->idle = 0;
	smtp_end_txn(s);
}
