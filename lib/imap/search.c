/* SEARCH: RFC 3501 section 6.4.4.
 *
 * What the view can answer is answered from it.  Only when a message is still
 * undecided its header is read, then its body in windows, then its encoded
 * text parts, decoded.  Texts are compared as octets, ASCII letters in any
 * case; header fields both as they stand and with encoded-words read. */
#include "lib/imap/state.h"

#define BATCH 4096 /* messages judged from the view in a step */

struct judging {
	const struct imap_session *s;
	const struct view_entry *entry;
};

static bool
has_keyword(const struct imap_session *s, uint64_t flags, struct span name)
{
	for (size_t i = 0; i < s->keywords; i++)
		if (span_equals_nocase(name,
			    span_at(s->keyword[i], s->keyword_len[i])))
			return flags >> (FLAG_KEYWORD_0 + i) & 1;
	return false;
}

static bool
fast_key(const struct imap_session *s, const struct view_entry *e,
	const struct search_key *k)
{
	switch (k->op) {
	case SEARCH_ALL:
		return true;
	case SEARCH_FLAG:
		return (e->flags & k->mask) == k->want;
	case SEARCH_KEYWORD:
		return has_keyword(s, e->flags, k->text);
	case SEARCH_LARGER:
		return e->size > k->size;
	case SEARCH_SMALLER:
		return e->size < k->size;
	case SEARCH_SINCE:
		return e->idate_us >= k->day.us;
	case SEARCH_BEFORE:
		return e->idate_us < k->day.us;
	case SEARCH_UIDS:
		return e->uid >= k->uids.first && e->uid <= k->uids.last;
	default:
		return false;
	}
}

static enum search_value
judge_key(const void *context, const struct search_key *k)
{
	const struct judging *j = context;
	const struct search_job *job = &j->s->search;

	if (!search_is_slow(k))
		return fast_key(j->s, j->entry, k) ? SEARCH_TRUE : SEARCH_FALSE;
	if (!(job->known >> k->slow & 1))
		return SEARCH_UNKNOWN;
	return job->holds >> k->slow & 1 ? SEARCH_TRUE : SEARCH_FALSE;
}

enum search_value
search_judge(const struct imap_session *s)
{
	struct judging j = { s, entry_now(s, s->search.at) };

	return search_run(&s->search_program, judge_key, &j);
}

void
search_decided(struct imap_session *s, bool hit)
{
	if (hit) {
		say(s, " ");
		say_number(s, s->by_uid ? s->seen.at[s->search.at].uid
					: s->search.at + 1);
	}
	s->search.at++;
	s->search.known = s->search.holds = 0;
	s->search.phase = SEARCH_NEXT;
}

static void
search_over(struct imap_session *s)
{
	say(s, "\r\n");
	end_synced(s, "OK SEARCH done", s->by_uid ? SYNC_ALL : SYNC_NONE);
}

/* Judge messages from the view until one needs reading. */
static void
judge_fast(struct imap_session *s)
{
	for (size_t n = 0; n < BATCH && out_room(s) > STEP_ROOM / 2; n++) {
		enum search_value v;

		if (s->search.at == s->seen.len)
			return search_over(s);
		v = search_judge(s);
		if (v == SEARCH_UNKNOWN) {
			s->ask.uid = s->seen.at[s->search.at].uid;
			s->search.phase = SEARCH_INDEX;
			return ask_host(s, IMAP_ASK_INDEX, search_step);
		}
		search_decided(s, v == SEARCH_TRUE);
	}
}

void
search_step(struct imap_session *s)
{
	s->step = search_step;
	if (s->search.phase == SEARCH_NEXT)
		judge_fast(s);
	else
		search_read(s);
}

static bool
texts_are_short(const struct search_program *p)
{
	for (size_t i = 0; i < p->keys; i++)
		if (p->key[i].text.len > SEARCH_NEEDLE)
			return false;
	return true;
}

void
do_search(struct imap_session *s, struct span args)
{
	struct search_context c = { &s->seen, &s->scratch, &s->set };
	const struct fault *f = &fault_imap_syntax;

	if (take_sp(&args))
		f = search_parse(args, &c, &s->search_program);
	if (!f && !texts_are_short(&s->search_program))
		f = &fault_imap_too_big;
	if (f)
		return end_fault(s, f);
	s->ranges[0] = (struct uid_range){ 1, UINT32_MAX };
	s->ask.set = (struct uid_set){ s->ranges, 1 };
	memset(&s->search, 0, offsetof(struct search_job, text_storage));
	say(s, "* SEARCH");
	s->step = search_step;
}
