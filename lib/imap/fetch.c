/* FETCH: RFC 3501 sections 6.4.5 and 7.4.2.
 *
 * Messages, items and octets go out one bounded piece after the other, so a
 * FETCH of a whole mailbox needs no more memory than one of a flag. */
#include "lib/imap/state.h"

static void
fetch_over(struct imap_session *s)
{
	enum sync_kind kind = s->by_uid ? SYNC_ALL
		: s->fetch.marked ? SYNC_FLAGS : SYNC_NONE;

	end_now(s, "OK FETCH done");
	if (s->fetch.failed)
		end_fault(s, s->fetch.failed);
	end_synced(s, NULL, kind);
}

static bool
tells_flags(const struct fetch_program *p)
{
	for (size_t i = 0; i < p->items; i++)
		if (p->item[i].kind == FETCH_FLAGS)
			return true;
	return false;
}

/* A message that is read for the first time is told to be \Seen in the same
 * response: there are clients (curl) that look at the first one only. */
static void
say_mark(struct imap_session *s)
{
	if (!s->fetch.marked || tells_flags(&s->fetch_program) ||
		(entry_now(s, s->fetch.at)->flags & FLAG_SEEN))
		return;
	say(s, "FLAGS ");
	say_flags(s, fetch_flags(s));
	say(s, " ");
}

/* The next message of the set; fetch.at is where to look from. */
static void
next_message(struct imap_session *s)
{
	struct fetch_job *f = &s->fetch;

	for (; f->range < s->set.len; f->range++) {
		size_t first = view_lower(&s->seen, s->set.at[f->range].first);

		if (f->at < first)
			f->at = first;
		if (f->at < s->seen.len &&
			s->seen.at[f->at].uid <= s->set.at[f->range].last)
			break;
	}
	if (f->range == s->set.len)
		return fetch_over(s);
	say(s, "* ");
	say_number(s, f->at + 1);
	say(s, " FETCH (");
	say_mark(s);
	f->item = 0;
	f->labelled = false;
	f->spaced = false;
	f->offset = f->left = 0;
	f->phase = FETCH_ITEM;
}

void
fetch_step(struct imap_session *s)
{
	s->step = fetch_step;
	if (s->fetch.phase == FETCH_MESSAGE)
		next_message(s);
	else
		fetch_item_step(s);
}

static void
marked_step(struct imap_session *s)
{
	if (s->got.fault)
		return end_fault(s, s->got.fault);
	s->changed = true;
	s->fetch.marked = true;
	s->sync.tell = TELL_BUT_SEEN;
	s->step = fetch_step;
}

/* Is there a message in the set that is not \Seen? */
static bool
has_unseen(const struct imap_session *s)
{
	for (size_t i = 0; i < s->set.len; i++)
		for (size_t at = view_lower(&s->fresh, s->set.at[i].first);
			at < s->fresh.len &&
			s->fresh.at[at].uid <= s->set.at[i].last; at++)
			if (!(s->fresh.at[at].flags & FLAG_SEEN))
				return true;
	return false;
}

/* UID FETCH always tells the uid: RFC 3501 section 6.4.8. */
static bool
add_uid(struct fetch_program *p)
{
	for (size_t i = 0; i < p->items; i++)
		if (p->item[i].kind == FETCH_UID)
			return true;
	if (p->items == FETCH_ITEMS)
		return false;
	memmove(&p->item[1], &p->item[0], p->items * sizeof p->item[0]);
	p->item[0] = (struct fetch_item){ .kind = FETCH_UID };
	p->items++;
	return true;
}

void
do_fetch(struct imap_session *s, struct span args)
{
	const struct fault *f = &fault_imap_syntax;

	if (!arg_set(s, &args))
		return;
	if (take_sp(&args))
		f = fetch_parse(args, &s->fetch_program);
	if (!f && s->by_uid && !add_uid(&s->fetch_program))
		f = &fault_imap_too_big;
	if (f)
		return end_fault(s, f);
	s->fetch = (struct fetch_job){ .phase = FETCH_MESSAGE };
	s->step = fetch_step;
	if (!s->fetch_program.marks_seen || s->read_only || !has_unseen(s))
		return;
	s->ask.how = IMAP_FLAGS_ADD;
	s->ask.flags = FLAG_SEEN;
	s->ask.keywords = 0;
	ask_host(s, IMAP_ASK_STORE, marked_step);
}
