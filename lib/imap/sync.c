/* Tells the client how the selected mailbox changed: RFC 3501 section 5.2.
 *
 * Three views are at work.  `seen` gives the client's sequence numbers,
 * `fresh` the flags it was told last, `next` is the mailbox as it is now.
 * Usually seen and fresh are one; they part when flags may be told but
 * EXPUNGE may not (SYNC_FLAGS), and meet again in the next SYNC_ALL. */
#include "lib/imap/state.h"

#include "lib/base/must.h"

static step sync_step;

void
sync_begin(struct imap_session *s, enum sync_kind kind, step *then)
{
	if (!s->selected || kind == SYNC_NONE || !s->changed) {
		s->sync.tell = TELL_NEWS;
		s->step = then;
		return;
	}
	s->sync.kind = kind;
	s->sync.then = then;
	s->sync.phase = SYNC_ASKED;
	s->changed = false;
	ask_host(s, IMAP_ASK_VIEW, sync_step);
}

void
take_keywords(struct imap_session *s, const struct imap_view *v)
{
	s->keywords = v->keywords < KEYWORDS_MAX ? v->keywords : KEYWORDS_MAX;
	for (size_t i = 0; i < s->keywords; i++) {
		struct span name = v->keyword[i];

		MUST(name.len <= KEYWORD_LENGTH && is_atom(name));
		memcpy(s->keyword[i], name.at, name.len);
		s->keyword_len[i] = (uint8_t)name.len;
	}
}

static bool
keywords_differ(const struct imap_session *s, const struct imap_view *v)
{
	if (s->keywords != v->keywords)
		return true;
	for (size_t i = 0; i < v->keywords; i++)
		if (!span_equals(v->keyword[i],
			    span_at(s->keyword[i], s->keyword_len[i])))
			return true;
	return false;
}

static void
finish(struct imap_session *s)
{
	s->sync.phase = SYNC_IDLE;
	s->sync.tell = TELL_NEWS;
	s->step = s->sync.then;
}

static void
take_next(struct imap_session *s)
{
	const struct imap_view *v = s->got.view;

	if (s->got.fault) {
		if (s->got.fault == &fault_mailbox_unknown)
			imap_bye(s, "Mailbox is gone");
		s->changed = true;
		finish(s);
		return;
	}
	if (v->uidvalidity != s->uidvalidity) {
		imap_bye(s, "Mailbox was replaced");
		return;
	}
	s->next = v->messages;
	s->uidnext = v->uidnext;
	s->sync.phase = SYNC_CHANGED;
	s->sync.at = s->sync.fresh_at = s->sync.next_at = 0;
	if (s->sync.kind == SYNC_ALL) {
		s->sync.phase = SYNC_EXPUNGE;
		s->sync.at = s->seen.len;
		s->sync.next_at = s->next.len;
	}
	if (keywords_differ(s, v)) {
		take_keywords(s, v);
		say_flag_lines(s);
	}
}

/* One step of the walk from the last message to the first. */
static void
expunge_one(struct imap_session *s)
{
	struct sync *y = &s->sync;
	uint32_t uid = s->seen.at[y->at - 1].uid;

	while (y->next_at > 0 && s->next.at[y->next_at - 1].uid > uid)
		y->next_at--;
	if (y->next_at == 0 || s->next.at[y->next_at - 1].uid != uid) {
		say(s, "* ");
		say_number(s, y->at);
		say(s, " EXPUNGE\r\n");
	}
	y->at--;
}

static void
tell_exists(struct imap_session *s)
{
	uint32_t last = s->seen.len > 0 ? s->seen.at[s->seen.len - 1].uid : 0;

	if (s->next.len > 0 && s->next.at[s->next.len - 1].uid > last) {
		say(s, "* ");
		say_number(s, s->next.len);
		say(s, " EXISTS\r\n");
	}
	s->seen = s->next;
	s->sync.phase = SYNC_CHANGED;
	s->sync.at = s->sync.next_at = 0;
}

static const struct view_entry *
advance(const struct view *v, size_t *at, uint32_t uid)
{
	while (*at < v->len && v->at[*at].uid < uid)
		++*at;
	return *at < v->len && v->at[*at].uid == uid ? &v->at[*at] : NULL;
}

/* Is the client to be told of this message's flags? */
static bool
is_news(const struct imap_session *s, const struct view_entry *was,
	const struct view_entry *is)
{
	enum sync_tell tell = s->sync.tell;
	uint64_t known = was ? was->flags : is->flags;

	if (tell != TELL_NEWS && set_has(&s->ask.set, is->uid)) {
		if (tell != TELL_BUT_SEEN)
			return tell == TELL_ALL;
		known |= FLAG_SEEN;
	}
	return known != is->flags;
}

static void
change_one(struct imap_session *s)
{
	struct sync *y = &s->sync;
	uint32_t uid = s->seen.at[y->at].uid;
	const struct view_entry *was = advance(&s->fresh, &y->fresh_at, uid);
	const struct view_entry *is = advance(&s->next, &y->next_at, uid);

	y->at++;
	if (!is || !is_news(s, was, is))
		return;
	say(s, "* ");
	say_number(s, y->at);
	say(s, " FETCH (UID ");
	say_number(s, uid);
	say(s, " FLAGS ");
	say_flags(s, is->flags);
	say(s, ")\r\n");
}

static void
sync_step(struct imap_session *s)
{
	struct sync *y = &s->sync;

	switch (y->phase) {
	case SYNC_ASKED:
		take_next(s);
		break;
	case SYNC_EXPUNGE:
		while (y->at > 0 && out_room(s) > STEP_ROOM / 2)
			expunge_one(s);
		if (y->at == 0)
			y->phase = SYNC_EXISTS;
		break;
	case SYNC_EXISTS:
		tell_exists(s);
		break;
	default:
		while (y->at < s->seen.len && out_room(s) > STEP_ROOM - 512)
			change_one(s);
		if (y->at < s->seen.len)
			break;
		s->fresh = s->next;
		s->next = (struct view){ 0 };
		finish(s);
	}
}

const struct view_entry *
entry_now(const struct imap_session *s, size_t at)
{
	const struct view_entry *e = NULL;

	if (s->fresh.at != s->seen.at)
		e = view_find(&s->fresh, s->seen.at[at].uid);
	return e ? e : &s->seen.at[at];
}
