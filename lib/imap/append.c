/* APPEND: RFC 3501 section 6.3.11.  The message is not collected: its octets
 * go to the host as they come. */
#include "lib/imap/state.h"

#include "lib/base/number.h"

/* The rest behind "APPEND": mailbox [SP flag-list] [SP date-time] SP "{".
 * Only the shape: what stands in the flags is judged later. */
static bool
has_shape(struct span in, struct buf *scratch)
{
	struct span name;
	struct instant date;

	if (!take_sp(&in) || !take_astring(&in, scratch, &name) ||
		!take_sp(&in))
		return false;
	if (in.len > 0 && in.at[0] == '(') {
		span_shift_upto(&in, span_find_octet(in, ')'));
		if (!span_take(&in, ')') || !take_sp(&in))
			return false;
	}
	if (in.len > 0 && in.at[0] == '"' &&
		(!take_date_time(&in, &date) || !take_sp(&in)))
		return false;
	return in.len > 0 && in.at[0] == '{';
}

static bool
begin_args(struct imap_session *s, struct span args)
{
	s->ask.flags = 0;
	s->ask.keywords = 0;
	if (!arg_mailbox(s, &args, 0))
		return false;
	take_sp(&args);
	if (args.at[0] == '(' && !arg_flags(s, &args, true))
		return false;
	take_sp(&args);
	s->ask.has_date = args.at[0] == '"' &&
		take_date_time(&args, &s->ask.date);
	return true;
}

/* After an error the client that waits for "+" will not send the message, but
 * one that does not wait has sent it already. */
static void
refuse_literal(struct imap_session *s)
{
	if (s->frame.sync)
		return frame_skip(&s->frame);
	s->append.phase = APPEND_SKIP;
	s->append.left = s->frame.literal;
	frame_leave(&s->frame);
	s->append.after = s->step;
	s->step = NULL;
	s->append.text_len = s->frame.text.len;
	s->taking = true;
}

static void
refused(struct imap_session *s)
{
	s->step = s->append.after;
}

static void
dropped_step(struct imap_session *s)
{
	end_fault(s, s->append.fault);
}

static void
appended_step(struct imap_session *s)
{
	const struct got *g = &s->got;

	if (g->fault == &fault_mailbox_unknown)
		return end_now(s, "NO [TRYCREATE] No such mailbox");
	if (g->fault)
		return end_fault(s, g->fault);
	s->changed = s->selected;
	end_now(s, "OK ");
	if (s->setup.permits & IMAP_UIDPLUS) {
		buf_put(&s->end, SPAN("[APPENDUID "));
		buf_put_number(&s->end, g->uidvalidity);
		buf_push(&s->end, ' ');
		buf_put_number(&s->end, g->first);
		buf_put(&s->end, SPAN("] "));
	}
	buf_put(&s->end, SPAN("APPEND done"));
	end_synced(s, NULL, SYNC_ALL);
}

/* The line behind the literal is complete: it must be empty. */
static void
line_over(struct imap_session *s)
{
	s->collected = NULL;
	if (s->append.phase == APPEND_SKIP)
		return refused(s);
	if (s->frame.text.len != s->append.text_len)
		s->append.fault = &fault_imap_syntax;
	if (s->append.saw_cr && !s->append.fault)
		s->append.fault = &fault_imap_octets;
	if (s->append.fault)
		ask_host(s, IMAP_ASK_APPEND_DROP, dropped_step);
	else
		ask_host(s, IMAP_ASK_APPEND_END, appended_step);
}

static void
begun_step(struct imap_session *s)
{
	if (s->got.fault) {
		appended_step(s);
		return refuse_literal(s);
	}
	if (s->frame.sync)
		say(s, "+ Ready\r\n");
	s->append.left = s->frame.literal;
	s->append.text_len = s->frame.text.len;
	frame_leave(&s->frame);
	s->step = NULL;
	s->taking = true;
}

/* Size before content: a client learns early. */
static const char *
size_refusal(const struct imap_session *s)
{
	if (s->frame.literal == 0)
		return "NO [CANNOT] Message is empty";
	if (s->frame.literal > s->setup.append_max)
		return "NO [TOOBIG] Message is too big";
	return NULL;
}

bool
append_takes(struct imap_session *s)
{
	struct span in = frame_text(&s->frame), tag, verb;
	const char *refusal = size_refusal(s);

	buf_clear(&s->scratch);
	if (!take_tag(&in, &tag) || !take_sp(&in) || !take_atom(&in, &verb) ||
		!span_equals_nocase(verb, SPAN("APPEND")) ||
		!has_shape(in, &s->scratch))
		return false;
	buf_clear(&s->scratch);
	buf_clear(&s->names);
	s->sync.tell = TELL_NEWS;
	s->tag = tag;
	s->append = (struct append_job){ .phase = APPEND_TAKE };
	if (refusal || !begin_args(s, in)) {
		if (refusal)
			end_now(s, refusal);
		refuse_literal(s);
		return true;
	}
	s->ask.len = s->frame.literal;
	ask_host(s, IMAP_ASK_APPEND_BEGIN, begun_step);
	return true;
}

/* CR and LF come as a pair, NUL does not come. */
static bool
octets_are_clean(struct append_job *a, struct span in)
{
	if (memchr(in.at, 0, in.len))
		return false;
	for (size_t i = 0; i < in.len; i++) {
		if (a->saw_cr != (in.at[i] == '\n'))
			return false;
		a->saw_cr = in.at[i] == '\r';
	}
	return true;
}

static void
taken_step(struct imap_session *s)
{
	if (s->got.fault)
		s->append.fault = s->got.fault;
	s->step = NULL;
}

void
append_feed(struct imap_session *s, struct span *in)
{
	struct append_job *a = &s->append;
	size_t n = a->left < in->len ? (size_t)a->left : in->len;
	struct span piece = span_shift_upto(in, n);

	a->left -= n;
	if (a->left == 0) {
		s->taking = false;
		s->collected = line_over;
	}
	if (a->phase == APPEND_SKIP || a->fault || n == 0)
		return;
	if (!octets_are_clean(a, piece)) {
		a->fault = &fault_imap_octets;
		return;
	}
	s->ask.octets = piece;
	ask_host(s, IMAP_ASK_APPEND_OCTETS, taken_step);
}

/* An APPEND that came here was collected: its literal is not at the end. */
void
do_append(struct imap_session *s, struct span args)
{
	(void)args;
	end_bad(s, "Message expected");
}
