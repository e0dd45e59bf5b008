/* Commands on mailboxes by name: RFC 3501 sections 6.3.3 to 6.3.10. */
#include "lib/imap/state.h"

#include "lib/base/must.h"
#include "lib/base/number.h"
#include "lib/imap/match.h"
#include "lib/imap/mutf7.h"
#include "lib/mime/imap_text.h"

static void
done_step(struct imap_session *s)
{
	const struct fault *f = s->got.fault;

	end_fault(s, f);
	if (!f)
		end_synced(s, NULL, SYNC_ALL);
}

static void
on_name(struct imap_session *s, struct span args, enum imap_verb verb)
{
	if (arg_mailbox(s, &args, 0) && arg_end(s, args))
		ask_host(s, verb, done_step);
}

/* "a/b/" announces that names below will follow: RFC 3501 section 6.3.3 */
void
do_create(struct imap_session *s, struct span args)
{
	if (args.len > 1 && args.at[args.len - 1] == '/')
		args.len--;
	else if (args.len > 2 && args.at[args.len - 1] == '"' &&
		args.at[args.len - 2] == '/')
		return end_now(s, "NO [CANNOT] Name without the last slash");
	on_name(s, args, IMAP_ASK_CREATE);
}

void
do_delete(struct imap_session *s, struct span args)
{
	if (!arg_mailbox(s, &args, 0) || !arg_end(s, args))
		return;
	if (span_equals(s->ask.mailbox[0], SPAN("INBOX")))
		return end_now(s, "NO [CANNOT] INBOX stays");
	ask_host(s, IMAP_ASK_DELETE, done_step);
}

/* Is `name` the same as `above` or below it? */
static bool
is_below(struct span name, struct span above)
{
	return span_starts(name, above) &&
		(name.len == above.len || name.at[above.len] == '/');
}

void
do_rename(struct imap_session *s, struct span args)
{
	if (!arg_mailbox(s, &args, 0) || !arg_mailbox(s, &args, 1) ||
		!arg_end(s, args))
		return;
	/* INBOX stays where it is and may have its messages moved below it */
	if (span_equals(s->ask.mailbox[1], s->ask.mailbox[0]) ||
		(!span_equals(s->ask.mailbox[0], SPAN("INBOX")) &&
			is_below(s->ask.mailbox[1], s->ask.mailbox[0])))
		return end_now(s, "NO [CANNOT] Name is the same or below it");
	ask_host(s, IMAP_ASK_RENAME, done_step);
}

void
do_subscribe(struct imap_session *s, struct span args)
{
	on_name(s, args, IMAP_ASK_SUBSCRIBE);
}

void
do_unsubscribe(struct imap_session *s, struct span args)
{
	on_name(s, args, IMAP_ASK_UNSUBSCRIBE);
}

static void
say_mailbox(struct imap_session *s, struct span utf8)
{
	uint8_t storage[4 * IMAP_NAME_MAX];
	struct buf wire = BUF(storage);

	MUST(put_mutf7(&wire, utf8));
	if (is_atom(buf_view(&wire)))
		return say_span(s, buf_view(&wire));
	MUST(put_string(&s->out, buf_view(&wire), TEXT_PLAIN, sizeof storage));
}

static void
list_line(struct imap_session *s, const char *attributes, struct span name)
{
	say(s, s->list.subscribed_only ? "* LSUB (" : "* LIST (");
	say(s, attributes);
	say(s, ") \"/\" ");
	say_mailbox(s, name);
	say(s, "\r\n");
	memcpy(s->list.last, name.at, name.len);
	s->list.last_len = name.len;
}

static const char *
attributes_of(const struct imap_session *s, const struct imap_mailbox *m)
{
	if (!m->exists)
		return "\\Noselect";
	if (!(s->setup.permits & IMAP_CHILDREN))
		return "";
	return m->has_children ? "\\HasChildren" : "\\HasNoChildren";
}

static bool
has_room(const struct imap_session *s)
{
	return out_room(s) > STEP_ROOM / 2;
}

/* LSUB with "%": a name above a subscribed one, told once, RFC 3501 section
 * 6.3.9.  False: the output is full, and what was told is not told again. */
static bool
list_above(struct imap_session *s, struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		struct span above = span_at(name.at, i);
		struct span last = span_at(s->list.last, s->list.last_len);

		if (name.at[i] != '/' || is_below(last, above) ||
			!list_match(s->list.reference, s->list.pattern, above))
			continue;
		if (!has_room(s))
			return false;
		list_line(s, "\\Noselect", above);
	}
	return true;
}

/* False: the output is full before all of the row is told. */
static bool
list_row(struct imap_session *s, const struct imap_mailbox *m)
{
	if (s->list.subscribed_only ? !m->subscribed : !m->exists)
		return true;
	MUST(m->name.len <= IMAP_NAME_MAX);
	if (list_match(s->list.reference, s->list.pattern, m->name))
		list_line(s, attributes_of(s, m), m->name);
	else if (s->list.subscribed_only)
		return list_above(s, m->name);
	return true;
}

static void
list_step(struct imap_session *s)
{
	size_t n = 0;

	if (s->got.kind == GOT_NOTHING)
		return ask_host(s, IMAP_ASK_LIST, list_step);
	if (s->got.fault)
		return end_fault(s, s->got.fault);
	while (n < s->got.count && has_room(s) && list_row(s, &s->got.rows[n]))
		n++;
	s->ask.cursor += n;
	if (n == s->got.count && !s->got.more)
		end_synced(s, s->list.subscribed_only ? "OK LSUB done"
						      : "OK LIST done",
			SYNC_ALL);
}

/* Names are matched in UTF-8. */
static bool
arg_pattern(struct imap_session *s, struct span wire, struct span *out)
{
	size_t start = s->names.len;

	if (mutf7_decode(wire, &s->names)) {
		end_fault(s, &fault_imap_name);
		return false;
	}
	*out = span_at(s->names.at + start, s->names.len - start);
	return true;
}

static void
list_or_lsub(struct imap_session *s, struct span args, bool subscribed_only)
{
	struct span reference, pattern;

	if (!take_sp(&args) || !take_astring(&args, &s->scratch, &reference) ||
		!take_sp(&args) ||
		!take_list_mailbox(&args, &s->scratch, &pattern))
		return end_bad(s, "Reference and pattern expected");
	if (!arg_end(s, args) ||
		!arg_pattern(s, reference, &s->list.reference) ||
		!arg_pattern(s, pattern, &s->list.pattern))
		return;
	s->list.subscribed_only = subscribed_only;
	s->list.last_len = 0;
	if (pattern.len == 0 && !subscribed_only) {
		say(s, "* LIST (\\Noselect) \"/\" \"\"\r\n");
		return end_now(s, "OK LIST done");
	}
	s->ask.cursor = 0;
	ask_host(s, IMAP_ASK_LIST, list_step);
}

void
do_list(struct imap_session *s, struct span args)
{
	list_or_lsub(s, args, false);
}

void
do_lsub(struct imap_session *s, struct span args)
{
	list_or_lsub(s, args, true);
}

static const struct {
	struct span name;
	size_t place; /* in struct imap_status; none for RECENT, which is 0 */
} status_items[] = {
	{ SPAN("MESSAGES"), offsetof(struct imap_status, messages) },
	{ SPAN("RECENT"), SIZE_MAX },
	{ SPAN("UIDNEXT"), offsetof(struct imap_status, uidnext) },
	{ SPAN("UIDVALIDITY"), offsetof(struct imap_status, uidvalidity) },
	{ SPAN("UNSEEN"), offsetof(struct imap_status, unseen) },
};

static void
status_step(struct imap_session *s)
{
	const char *gap = "";

	if (s->got.fault)
		return end_fault(s, s->got.fault);
	say(s, "* STATUS ");
	say_mailbox(s, s->ask.mailbox[0]);
	say(s, " (");
	for (size_t i = 0; i < COUNT_OF(status_items); i++) {
		uint32_t n = 0;

		if (!(s->status_items >> i & 1))
			continue;
		if (status_items[i].place != SIZE_MAX)
			memcpy(&n, (const uint8_t *)s->got.status +
					status_items[i].place, sizeof n);
		say(s, gap);
		say_span(s, status_items[i].name);
		say(s, " ");
		say_number(s, n);
		gap = " ";
	}
	say(s, ")\r\n");
	end_synced(s, "OK STATUS done", SYNC_ALL);
}

static bool
take_status_item(struct imap_session *s, struct span *in)
{
	struct span name;

	if (!take_atom(in, &name))
		return false;
	for (size_t i = 0; i < COUNT_OF(status_items); i++)
		if (span_equals_nocase(name, status_items[i].name)) {
			s->status_items |= 1u << i;
			return true;
		}
	return false;
}

/* status = "STATUS" SP mailbox SP "(" status-att *(SP status-att) ")" */
void
do_status(struct imap_session *s, struct span args)
{
	bool good;

	if (!arg_mailbox(s, &args, 0))
		return;
	s->status_items = 0;
	good = take_sp(&args) && span_take(&args, '(');
	if (good) {
		do
			good = take_status_item(s, &args);
		while (good && take_sp(&args));
	}
	if (!good || !span_take(&args, ')') || args.len > 0)
		return end_bad(s, "Status items expected");
	ask_host(s, IMAP_ASK_STATUS, status_step);
}
