/* SELECT and its like: RFC 3501 sections 6.3.1, 6.3.2, 6.4.1 to 6.4.3. */
#include "lib/imap/state.h"

static void
forget_mailbox(struct imap_session *s)
{
	s->selected = false;
	s->changed = false;
	s->seen = s->fresh = s->next = (struct view){ 0 };
	s->keywords = 0;
}

static void
say_code(struct imap_session *s, const char *code, uint64_t n)
{
	say(s, "* OK [");
	say(s, code);
	say(s, " ");
	say_number(s, n);
	say(s, "] Noted\r\n");
}

static void
say_first_unseen(struct imap_session *s)
{
	for (size_t i = 0; i < s->seen.len; i++)
		if (!(s->seen.at[i].flags & FLAG_SEEN))
			return say_code(s, "UNSEEN", i + 1);
}

static void
opened_step(struct imap_session *s)
{
	const struct imap_view *v = s->got.view;

	if (s->got.fault)
		return end_fault(s, s->got.fault);
	s->selected = true;
	s->read_only = s->ask.read_only;
	s->changed = false;
	s->uidvalidity = v->uidvalidity;
	s->uidnext = v->uidnext;
	s->seen = s->fresh = v->messages;
	take_keywords(s, v);
	say_flag_lines(s);
	say(s, "* ");
	say_number(s, s->seen.len);
	say(s, " EXISTS\r\n* 0 RECENT\r\n");
	say_first_unseen(s);
	say_code(s, "UIDVALIDITY", s->uidvalidity);
	say_code(s, "UIDNEXT", s->uidnext);
	end_now(s, s->read_only ? "OK [READ-ONLY] Opened"
				: "OK [READ-WRITE] Opened");
}

static void
open_step(struct imap_session *s)
{
	forget_mailbox(s);
	ask_host(s, IMAP_ASK_SELECT, opened_step);
}

/* The mailbox that was selected is closed first, whether or not the new one
 * can be opened. */
static void
open_mailbox(struct imap_session *s, struct span args, bool read_only)
{
	if (!arg_mailbox(s, &args, 0) || !arg_end(s, args))
		return;
	s->ask.read_only = read_only;
	if (s->selected)
		ask_host(s, IMAP_ASK_CLOSE, open_step);
	else
		open_step(s);
}

void
do_select(struct imap_session *s, struct span args)
{
	open_mailbox(s, args, false);
}

void
do_examine(struct imap_session *s, struct span args)
{
	open_mailbox(s, args, true);
}

static void
closed_step(struct imap_session *s)
{
	forget_mailbox(s);
	end_now(s, "OK Closed");
}

static void
close_step(struct imap_session *s)
{
	if (s->got.fault)
		return end_fault(s, s->got.fault);
	ask_host(s, IMAP_ASK_CLOSE, closed_step);
}

/* CLOSE expunges and does not tell. */
void
do_close(struct imap_session *s, struct span args)
{
	static const struct uid_range all = { 1, UINT32_MAX };

	if (!arg_end(s, args))
		return;
	if (s->read_only)
		return ask_host(s, IMAP_ASK_CLOSE, closed_step);
	s->ask.set = (struct uid_set){ &all, 1 };
	ask_host(s, IMAP_ASK_EXPUNGE, close_step);
}

void
do_unselect(struct imap_session *s, struct span args)
{
	if (arg_end(s, args))
		ask_host(s, IMAP_ASK_CLOSE, closed_step);
}

/* CHECK asks for the view although nothing was reported. */
void
do_check(struct imap_session *s, struct span args)
{
	if (!arg_end(s, args))
		return;
	s->changed = s->selected;
	end_synced(s, "OK Checked", SYNC_ALL);
}

static void
idle_over(struct imap_session *s)
{
	s->idle = false;
	s->collected = NULL;
	if (span_equals_nocase(frame_text(&s->frame), SPAN("DONE")))
		end_now(s, "OK IDLE done");
	else
		end_bad(s, "DONE expected");
}

/* The next line must be DONE, RFC 2177.  The tag is kept in `scratch`, for
 * that line takes its place in the frame. */
void
do_idle(struct imap_session *s, struct span args)
{
	if (!arg_end(s, args))
		return;
	buf_clear(&s->scratch);
	buf_put(&s->scratch, s->tag);
	s->tag = buf_view(&s->scratch);
	s->idle = true;
	s->collected = idle_over;
	say(s, "+ Waiting for changes\r\n");
}
