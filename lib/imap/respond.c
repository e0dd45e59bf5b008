/* Lines of a session, and how a command ends. */
#include "lib/imap/state.h"

#include "lib/base/must.h"
#include "lib/base/number.h"
#include "lib/imap/mutf7.h"

/* Response codes, RFC 3501 section 7.1 and RFC 5530.  What the peer reads of
 * other faults is by blame: never the text that SMTP gives. */
static const struct {
	const struct fault *fault;
	const char *line;
} refusals[] = {
	{ &fault_mailbox_unknown, "NO [NONEXISTENT] No such mailbox" },
	{ &fault_mailbox_exists, "NO [ALREADYEXISTS] Mailbox exists" },
	{ &fault_mailbox_busy, "NO [INUSE] Mailbox is in use" },
	{ &fault_over_quota, "NO [OVERQUOTA] Mailbox is full" },
	{ &fault_storage_full, "NO [LIMIT] No room, try again later" },
	{ &fault_imap_syntax, "BAD Syntax error" },
	{ &fault_imap_too_big, "BAD [LIMIT] Too long or too complex" },
	{ &fault_imap_too_many, "NO [LIMIT] Too many messages at once" },
	{ &fault_imap_name, "NO [CANNOT] Invalid mailbox name" },
	{ &fault_imap_charset, "NO [BADCHARSET (US-ASCII UTF-8)] No" },
	{ &fault_imap_gone, "NO [EXPUNGEISSUED] Some messages are gone" },
	{ &fault_imap_octets, "NO [CANNOT] NUL, bare CR or bare LF" },
};

static const char *
refusal_line(const struct fault *f)
{
	for (size_t i = 0; i < COUNT_OF(refusals); i++)
		if (refusals[i].fault == f)
			return refusals[i].line;
	switch (f->blame) {
	case BLAME_PEER:
		return "NO [CANNOT] Refused";
	case BLAME_LATER:
		return "NO [UNAVAILABLE] Try again later";
	default:
		return "NO [SERVERBUG] Internal error";
	}
}

size_t
out_room(const struct imap_session *s)
{
	return buf_room(&s->out);
}

void
say_span(struct imap_session *s, struct span text)
{
	MUST(buf_put(&s->out, text));
}

void
say(struct imap_session *s, const char *text)
{
	say_span(s, span_of(text));
}

void
say_number(struct imap_session *s, uint64_t n)
{
	MUST(buf_put_number(&s->out, n));
}

void
end_step(struct imap_session *s)
{
	s->step = NULL;
	say_span(s, s->tag);
	say(s, " ");
	say_span(s, buf_view(&s->end));
	say(s, "\r\n");
}

static void
set_end(struct imap_session *s, const char *line)
{
	buf_clear(&s->end);
	MUST(buf_put_text(&s->end, line));
	s->bad = span_starts(buf_view(&s->end), SPAN("BAD")) ? s->bad + 1 : 0;
}

void
end_now(struct imap_session *s, const char *line)
{
	set_end(s, line);
	s->step = end_step;
}

void
end_fault(struct imap_session *s, const struct fault *f)
{
	end_now(s, f ? refusal_line(f) : "OK Done");
}

void
end_bad(struct imap_session *s, const char *why)
{
	buf_clear(&s->end);
	MUST(buf_put_text(&s->end, "BAD ") && buf_put_text(&s->end, why));
	s->bad++;
	s->step = end_step;
}

void
end_synced(struct imap_session *s, const char *line, enum sync_kind kind)
{
	if (line)
		set_end(s, line);
	sync_begin(s, kind, end_step);
}

void
ask_host(struct imap_session *s, enum imap_verb verb, step *then)
{
	s->ask.verb = verb;
	s->asking = true;
	s->step = then;
}

bool
arg_mailbox(struct imap_session *s, struct span *args, size_t n)
{
	struct span wire;
	size_t start = s->names.len;
	const struct fault *f;

	if (!take_sp(args) || !take_astring(args, &s->scratch, &wire)) {
		end_bad(s, "Mailbox name expected");
		return false;
	}
	f = mailbox_name(wire, &s->names);
	if (f) {
		end_fault(s, f);
		return false;
	}
	s->ask.mailbox[n] = span_at(s->names.at + start, s->names.len - start);
	return true;
}

bool
arg_end(struct imap_session *s, struct span args)
{
	if (args.len == 0)
		return true;
	end_bad(s, "Nothing more expected");
	return false;
}

/* The set of messages that the command means, as uids. */
bool
arg_set(struct imap_session *s, struct span *args)
{
	const struct fault *f = &fault_imap_syntax;
	uint32_t star = 1;

	if (s->seen.len > 0)
		star = s->by_uid ? s->seen.at[s->seen.len - 1].uid
				 : (uint32_t)s->seen.len;
	if (take_sp(args))
		f = set_take(args, star, &s->set);
	if (!f && !s->by_uid && !set_to_uids(&s->set, &s->seen) &&
		s->seen.len > 0)
		f = &fault_imap_syntax;
	if (f) {
		end_fault(s, f);
		return false;
	}
	s->ask.set = set_view(&s->set);
	return true;
}

static const struct {
	struct span name;
	uint64_t bit;
} flag_names[] = {
	{ SPAN("\\Answered"), FLAG_ANSWERED },
	{ SPAN("\\Flagged"), FLAG_FLAGGED },
	{ SPAN("\\Deleted"), FLAG_DELETED },
	{ SPAN("\\Seen"), FLAG_SEEN },
	{ SPAN("\\Draft"), FLAG_DRAFT },
};

/* flag = "\" atom / atom; one that cannot be set, as \Recent, is refused */
static bool
take_flag(struct imap_session *s, struct span *in)
{
	struct span start = *in, name;
	bool system = span_take(in, '\\');

	if (!take_atom(in, &name))
		return false;
	if (!system) {
		if (s->ask.keywords == IMAP_NEW_FLAGS ||
			name.len > KEYWORD_LENGTH)
			return false;
		s->ask.keyword[s->ask.keywords++] = name;
		return true;
	}
	name = span_before(start, *in);
	for (size_t i = 0; i < COUNT_OF(flag_names); i++)
		if (span_equals_nocase(name, flag_names[i].name)) {
			s->ask.flags |= flag_names[i].bit;
			return true;
		}
	return false;
}

/* flag-list = "(" [flag *(SP flag)] ")"; the parentheses may be left out
 * where STORE allows it */
bool
arg_flags(struct imap_session *s, struct span *args, bool parens)
{
	bool list = span_take(args, '('), good = true;

	s->ask.flags = 0;
	s->ask.keywords = 0;
	if (!list && parens)
		good = false;
	if (good && !(list && span_take(args, ')'))) {
		do
			good = take_flag(s, args);
		while (good && take_sp(args));
		good = good && (!list || span_take(args, ')'));
	}
	if (!good)
		end_bad(s, "Flags expected");
	return good;
}

/* flag-list of a message or, with "\*", of PERMANENTFLAGS */
static void
say_list(struct imap_session *s, uint64_t flags, bool star)
{
	const char *gap = "";

	say(s, "(");
	for (size_t i = 0; i < COUNT_OF(flag_names); i++)
		if (flags & flag_names[i].bit) {
			say(s, gap);
			say_span(s, flag_names[i].name);
			gap = " ";
		}
	for (size_t i = 0; i < s->keywords; i++)
		if (flags >> (FLAG_KEYWORD_0 + i) & 1) {
			say(s, gap);
			say_span(s, span_at(s->keyword[i], s->keyword_len[i]));
			gap = " ";
		}
	if (star) {
		say(s, gap);
		say(s, "\\*");
	}
	say(s, ")");
}

void
say_flags(struct imap_session *s, uint64_t flags)
{
	say_list(s, flags, false);
}

void
say_flag_lines(struct imap_session *s)
{
	say(s, "* FLAGS ");
	say_list(s, UINT64_MAX, false);
	say(s, "\r\n* OK [PERMANENTFLAGS ");
	if (s->read_only)
		say(s, "()");
	else
		say_list(s, UINT64_MAX, s->keywords < KEYWORDS_MAX);
	say(s, "] Flags that can be kept\r\n");
}
