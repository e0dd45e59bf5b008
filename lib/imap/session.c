#include "lib/imap/state.h"

#include "lib/base/must.h"

/* Kept free whenever the host is asked or a step runs. */
#define TURN_ROOM (STEP_ROOM + 1024)
#define BAD_MAX   20 /* commands in a row */

/* A literal that is too big: a client that waits can be told, with one that
 * does not the place where the next command begins is lost. */
static void
refuse_literal(struct imap_session *s)
{
	struct span in = frame_text(&s->frame);

	if (!s->frame.sync)
		return imap_bye(s, "Literal too long");
	frame_skip(&s->frame);
	if (!take_tag(&in, &s->tag))
		s->tag = SPAN("*");
	end_bad(s, "Literal too long");
}

static void
literal_announced(struct imap_session *s)
{
	bool sync = s->frame.sync;

	if (s->collected ||
		(!sync && (!(s->setup.permits & IMAP_LITERAL) ||
			s->frame.literal > LITERAL_MAX)))
		return imap_bye(s, "Literal not allowed");
	if (append_takes(s))
		return;
	if (frame_collect(&s->frame))
		return refuse_literal(s);
	if (sync)
		say(s, "+ Go on\r\n");
}

static void
read_command(struct imap_session *s, struct span *in)
{
	enum frame_event event;
	const struct fault *f = frame_next(&s->frame, in, &event);

	if (f)
		return imap_bye(s, f->text);
	if (event == FRAME_LITERAL)
		return literal_announced(s);
	if (event == FRAME_MORE)
		return;
	if (s->collected)
		s->collected(s);
	else
		run_command(s);
}

/* One thing that needs no octet of the client.  False: nothing to do. */
static bool
work(struct imap_session *s)
{
	if (s->step) {
		s->got = (struct got){ 0 };
		s->step(s);
		return true;
	}
	if (s->idle && s->changed) {
		sync_begin(s, SYNC_ALL, NULL);
		return true;
	}
	if (s->bad > BAD_MAX) {
		imap_bye(s, "Too many errors");
		return true;
	}
	return false;
}

enum imap_turn
imap_run(struct imap_session *s, struct span *in)
{
	for (;;) {
		if (s->over)
			return IMAP_CLOSE;
		if (out_room(s) < TURN_ROOM)
			return IMAP_WRITE;
		if (s->asking)
			return IMAP_ASK;
		if (work(s))
			continue;
		if (in->len == 0)
			return IMAP_READ;
		if (s->taking)
			append_feed(s, in);
		else
			read_command(s, in);
	}
}

size_t
imap_session_size(void)
{
	return sizeof(struct imap_session);
}

void
imap_session_init(struct imap_session *s, const struct imap_setup *setup)
{
	memset(s, 0, offsetof(struct imap_session, ranges));
	s->setup = *setup;
	frame_init(&s->frame, s->frame_storage, sizeof s->frame_storage);
	s->scratch = BUF(s->scratch_storage);
	s->names = BUF(s->names_storage);
	s->end = BUF(s->end_storage);
	s->out = BUF(s->out_storage);
	s->set = (struct set_maker){ s->ranges, 0, SET_INTERVALS };
}

const struct imap_ask *
imap_asked(const struct imap_session *s)
{
	return &s->ask;
}

struct span
imap_output(const struct imap_session *s)
{
	struct span all = buf_view(&s->out);

	span_shift_upto(&all, s->sent);
	return all;
}

/* What is left moves to the front only when that is half of the storage or
 * less, so octets are moved once. */
void
imap_sent(struct imap_session *s, size_t n)
{
	MUST(n <= s->out.len - s->sent);
	s->sent += n;
	if (s->sent == s->out.len || s->sent >= IMAP_OUTPUT_MAX / 2) {
		buf_drop(&s->out, s->sent);
		s->sent = 0;
	}
}

/* Let the step that waits see what came, for the time of the call. */
static void
resume(struct imap_session *s, struct got got)
{
	step *go = s->step;

	MUST(s->asking && go);
	s->asking = false;
	if (s->over)
		return;
	s->got = got;
	go(s);
	s->got = (struct got){ 0 };
}

void
imap_answer(struct imap_session *s, const struct fault *f)
{
	resume(s, (struct got){ .kind = GOT_DONE, .fault = f });
}

void
imap_answer_mailboxes(struct imap_session *s, const struct imap_mailbox *rows,
	size_t count, bool more)
{
	MUST(s->ask.verb == IMAP_ASK_LIST && (count > 0 || !more));
	resume(s, (struct got){ .kind = GOT_ROWS, .rows = rows, .count = count,
		.more = more });
}

void
imap_answer_status(struct imap_session *s, const struct imap_status *st)
{
	MUST(s->ask.verb == IMAP_ASK_STATUS);
	resume(s, (struct got){ .kind = GOT_STATUS, .status = st });
}

void
imap_answer_view(struct imap_session *s, const struct imap_view *v)
{
	MUST(s->ask.verb == IMAP_ASK_SELECT || s->ask.verb == IMAP_ASK_VIEW);
	resume(s, (struct got){ .kind = GOT_VIEW, .view = v });
}

void
imap_answer_octets(struct imap_session *s, struct span octets)
{
	MUST(s->ask.verb == IMAP_ASK_INDEX ||
		(s->ask.verb == IMAP_ASK_OCTETS && octets.len == s->ask.len));
	resume(s, (struct got){ .kind = GOT_OCTETS, .octets = octets });
}

void
imap_answer_uids(struct imap_session *s, uint32_t uidvalidity, uint32_t first,
	uint32_t count)
{
	MUST(s->ask.verb == IMAP_ASK_COPY || s->ask.verb == IMAP_ASK_MOVE ||
		s->ask.verb == IMAP_ASK_APPEND_END);
	resume(s, (struct got){ .kind = GOT_UIDS, .uidvalidity = uidvalidity,
		.first = first, .count = count });
}

void
imap_changed(struct imap_session *s)
{
	s->changed = s->selected;
}

bool
imap_holds(const struct imap_session *s, const struct view_entry *at)
{
	return at == s->seen.at || at == s->fresh.at || at == s->next.at;
}

void
imap_bye(struct imap_session *s, const char *text)
{
	if (s->over)
		return;
	s->over = true;
	if (out_room(s) < strlen(text) + 16)
		return;
	say(s, "* BYE ");
	say(s, text);
	say(s, "\r\n");
}

bool
imap_is_idle(const struct imap_session *s)
{
	return s->idle;
}
