/* Commands that change messages: STORE, EXPUNGE, COPY, MOVE. */
#include "lib/imap/state.h"

#include "lib/base/must.h"

/* Is the mailbox open for changes?  The command ends if not. */
static bool
may_change(struct imap_session *s)
{
	if (!s->read_only)
		return true;
	end_now(s, "NO [CANNOT] Mailbox is read-only");
	return false;
}

static void
stored_step(struct imap_session *s)
{
	if (s->got.fault)
		return end_fault(s, s->got.fault);
	s->changed = true;
	end_synced(s, "OK STORE done", s->by_uid ? SYNC_ALL : SYNC_FLAGS);
}

/* store-att-flags = (["+" / "-"] "FLAGS" [".SILENT"]) SP
 *                   (flag-list / (flag *(SP flag))) */
void
do_store(struct imap_session *s, struct span args)
{
	bool silent;

	if (!arg_set(s, &args))
		return;
	if (!take_sp(&args))
		return end_bad(s, "FLAGS expected");
	s->ask.how = IMAP_FLAGS_SET;
	if (span_take(&args, '+'))
		s->ask.how = IMAP_FLAGS_ADD;
	else if (span_take(&args, '-'))
		s->ask.how = IMAP_FLAGS_REMOVE;
	if (!span_take_nocase(&args, SPAN("FLAGS")))
		return end_bad(s, "FLAGS expected");
	silent = span_take_nocase(&args, SPAN(".SILENT"));
	if (!take_sp(&args))
		return end_bad(s, "Flags expected");
	if (!arg_flags(s, &args, false) || !arg_end(s, args) || !may_change(s))
		return;
	if (s->set.len == 0)
		return end_now(s, "OK No such messages");
	s->sync.tell = silent ? TELL_NOTHING : TELL_ALL;
	ask_host(s, IMAP_ASK_STORE, stored_step);
}

static void
expunged_step(struct imap_session *s)
{
	if (s->got.fault)
		return end_fault(s, s->got.fault);
	s->changed = true;
	end_synced(s, "OK EXPUNGE done", SYNC_ALL);
}

/* EXPUNGE, and UID EXPUNGE of RFC 4315 section 2.1 */
void
do_expunge(struct imap_session *s, struct span args)
{
	static const struct uid_range all = { 1, UINT32_MAX };

	s->ask.set = (struct uid_set){ &all, 1 };
	if (s->by_uid && !arg_set(s, &args))
		return;
	if (arg_end(s, args) && may_change(s))
		ask_host(s, IMAP_ASK_EXPUNGE, expunged_step);
}

/* "[COPYUID uidvalidity from to] "; left out when the host found other
 * messages than the view has, or when it is too long: RFC 4315 section 3
 * allows that. */
static void
put_copyuid(struct imap_session *s, struct buf *b)
{
	const struct got *g = &s->got;
	size_t start = b->len;
	bool fits = (s->setup.permits & IMAP_UIDPLUS) && g->count > 0 &&
		set_count(&s->ask.set, &s->seen) == g->count &&
		buf_put(b, SPAN("[COPYUID ")) &&
		buf_put_number(b, g->uidvalidity) && buf_push(b, ' ') &&
		put_uids_in(b, &s->ask.set, &s->seen) && buf_push(b, ' ') &&
		buf_put_number(b, g->first) &&
		(g->count == 1 || (buf_push(b, ':') &&
			buf_put_number(b, g->first + g->count - 1))) &&
		buf_put(b, SPAN("] "));

	if (!fits)
		b->len = start;
}

/* A name that does not exist could be created: RFC 3501 section 6.4.7. */
static void
end_try_create(struct imap_session *s, const struct fault *f)
{
	if (f == &fault_mailbox_unknown)
		end_now(s, "NO [TRYCREATE] No such mailbox");
	else
		end_fault(s, f);
}

static void
copied_step(struct imap_session *s)
{
	if (s->got.fault)
		return end_try_create(s, s->got.fault);
	end_now(s, "OK ");
	s->end.cap = END_MAX - sizeof "COPY done";
	put_copyuid(s, &s->end);
	s->end.cap = END_MAX;
	MUST(buf_put_text(&s->end, "COPY done"));
	s->changed = s->changed || s->got.count > 0;
	end_synced(s, NULL, SYNC_ALL);
}

/* RFC 6851 section 4.3: COPYUID comes first, then EXPUNGE. */
static void
moved_step(struct imap_session *s)
{
	size_t cap = s->out.cap;

	if (s->got.fault)
		return end_try_create(s, s->got.fault);
	if ((s->setup.permits & IMAP_UIDPLUS) && s->got.count > 0) {
		say(s, "* OK ");
		s->out.cap = s->out.len + END_MAX;
		put_copyuid(s, &s->out);
		s->out.cap = cap;
		say(s, "Moved\r\n");
	}
	s->changed = true;
	end_synced(s, "OK MOVE done", SYNC_ALL);
}

static void
copy_or_move(struct imap_session *s, struct span args, enum imap_verb verb)
{
	if (!arg_set(s, &args) || !arg_mailbox(s, &args, 0) ||
		!arg_end(s, args))
		return;
	if (verb == IMAP_ASK_MOVE && !may_change(s))
		return;
	if (set_count(&s->ask.set, &s->seen) == 0)
		return end_now(s, "OK No such messages");
	ask_host(s, verb, verb == IMAP_ASK_MOVE ? moved_step : copied_step);
}

void
do_copy(struct imap_session *s, struct span args)
{
	copy_or_move(s, args, IMAP_ASK_COPY);
}

void
do_move(struct imap_session *s, struct span args)
{
	copy_or_move(s, args, IMAP_ASK_MOVE);
}
