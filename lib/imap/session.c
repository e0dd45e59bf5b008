#include "lib/imap/state.h"

#include "lib/base/must.h"
#include "lib/base/number.h"
#include "lib/mime/imap_text.h"

/* Kept free whenever the host is asked or a step runs. */
#define TURN_ROOM (STEP_ROOM + 1024)
#define BAD_MAX   20 /* commands in a row */

static command do_capability, do_noop, do_logout, do_id, do_enable,
	do_namespace;

/* Every command after login.  What needs a permit that the site does not give
 * is unknown. */
static const struct command_row {
	struct span name;
	command *run;
	enum { ANY, SELECTED } needs;
	unsigned permit;
	enum { PLAIN, UID_TOO } uid;
} commands[] = {
	{ SPAN("CAPABILITY"), do_capability, ANY, 0, PLAIN },
	{ SPAN("NOOP"), do_noop, ANY, 0, PLAIN },
	{ SPAN("LOGOUT"), do_logout, ANY, 0, PLAIN },
	{ SPAN("ID"), do_id, ANY, IMAP_ID, PLAIN },
	{ SPAN("ENABLE"), do_enable, ANY, IMAP_ENABLE, PLAIN },
	{ SPAN("NAMESPACE"), do_namespace, ANY, IMAP_NAMESPACE, PLAIN },
	{ SPAN("LIST"), do_list, ANY, 0, PLAIN },
	{ SPAN("LSUB"), do_lsub, ANY, 0, PLAIN },
	{ SPAN("STATUS"), do_status, ANY, 0, PLAIN },
	{ SPAN("CREATE"), do_create, ANY, 0, PLAIN },
	{ SPAN("DELETE"), do_delete, ANY, 0, PLAIN },
	{ SPAN("RENAME"), do_rename, ANY, 0, PLAIN },
	{ SPAN("SUBSCRIBE"), do_subscribe, ANY, 0, PLAIN },
	{ SPAN("UNSUBSCRIBE"), do_unsubscribe, ANY, 0, PLAIN },
	{ SPAN("APPEND"), do_append, ANY, 0, PLAIN },
	{ SPAN("SELECT"), do_select, ANY, 0, PLAIN },
	{ SPAN("EXAMINE"), do_examine, ANY, 0, PLAIN },
	{ SPAN("IDLE"), do_idle, ANY, IMAP_IDLE, PLAIN },
	{ SPAN("CHECK"), do_check, SELECTED, 0, PLAIN },
	{ SPAN("CLOSE"), do_close, SELECTED, 0, PLAIN },
	{ SPAN("UNSELECT"), do_unselect, SELECTED, IMAP_UNSELECT, PLAIN },
	{ SPAN("EXPUNGE"), do_expunge, SELECTED, 0, UID_TOO },
	{ SPAN("SEARCH"), do_search, SELECTED, 0, UID_TOO },
	{ SPAN("FETCH"), do_fetch, SELECTED, 0, UID_TOO },
	{ SPAN("STORE"), do_store, SELECTED, 0, UID_TOO },
	{ SPAN("COPY"), do_copy, SELECTED, 0, UID_TOO },
	{ SPAN("MOVE"), do_move, SELECTED, IMAP_MOVE, UID_TOO },
};

static const struct {
	unsigned permit;
	const char *name;
} capabilities[] = {
	{ IMAP_UIDPLUS, " UIDPLUS" },
	{ IMAP_MOVE, " MOVE" },
	{ IMAP_IDLE, " IDLE" },
	{ IMAP_NAMESPACE, " NAMESPACE" },
	{ IMAP_UNSELECT, " UNSELECT" },
	{ IMAP_ID, " ID" },
	{ IMAP_ENABLE, " ENABLE" },
	{ IMAP_LITERAL, " LITERAL-" },
	{ IMAP_CHILDREN, " CHILDREN" },
};

bool
put_capabilities(struct buf *b, unsigned permits)
{
	bool fits = buf_put(b, SPAN("CAPABILITY IMAP4rev1"));

	for (size_t i = 0; i < COUNT_OF(capabilities); i++)
		if (permits & capabilities[i].permit)
			fits = fits && buf_put_text(b, capabilities[i].name);
	return fits;
}

static void
do_capability(struct imap_session *s, struct span args)
{
	if (!arg_end(s, args))
		return;
	say(s, "* ");
	MUST(put_capabilities(&s->out, s->setup.permits));
	say(s, "\r\n");
	end_now(s, "OK CAPABILITY done");
}

/* NOOP is how a client polls: RFC 3501 section 6.1.2. */
static void
do_noop(struct imap_session *s, struct span args)
{
	if (!arg_end(s, args))
		return;
	s->changed = s->selected;
	end_synced(s, "OK NOOP done", SYNC_ALL);
}

static void
logout_step(struct imap_session *s)
{
	end_step(s);
	s->over = true;
}

static void
do_logout(struct imap_session *s, struct span args)
{
	if (!arg_end(s, args))
		return;
	say(s, "* BYE Until next time\r\n");
	end_now(s, "OK LOGOUT done");
	s->step = logout_step;
}

/* What the client says about itself is not looked at; we say nothing. */
static void
do_id(struct imap_session *s, struct span args)
{
	if (!take_sp(&args) || !take_value_imap(&args) || args.len > 0)
		return end_bad(s, "Parameter list expected");
	say(s, "* ID NIL\r\n");
	end_now(s, "OK ID done");
}

/* RFC 5161: nothing here can be enabled, and that is not an error. */
static void
do_enable(struct imap_session *s, struct span args)
{
	struct span name;

	do
		if (!take_sp(&args) || !take_atom(&args, &name))
			return end_bad(s, "Capabilities expected");
	while (args.len > 0);
	say(s, "* ENABLED\r\n");
	end_now(s, "OK ENABLE done");
}

static void
do_namespace(struct imap_session *s, struct span args)
{
	if (!arg_end(s, args))
		return;
	say(s, "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n");
	end_now(s, "OK NAMESPACE done");
}

static const struct command_row *
find_command(const struct imap_session *s, struct span name)
{
	for (size_t i = 0; i < COUNT_OF(commands); i++) {
		const struct command_row *c = &commands[i];

		if (span_equals_nocase(name, c->name))
			return c->permit & ~s->setup.permits ? NULL : c;
	}
	return NULL;
}

/* command = tag SP [ "UID" SP ] verb [arguments] */
static void
run_command(struct imap_session *s)
{
	struct span in = frame_text(&s->frame), name;
	const struct command_row *c;

	buf_clear(&s->scratch);
	buf_clear(&s->names);
	s->sync.tell = TELL_NEWS;
	if (!take_tag(&in, &s->tag)) {
		s->tag = SPAN("*");
		return end_bad(s, "Tag expected");
	}
	if (!take_sp(&in) || !take_atom(&in, &name))
		return end_bad(s, "Command expected");
	s->by_uid = span_equals_nocase(name, SPAN("UID"));
	if (s->by_uid && (!take_sp(&in) || !take_atom(&in, &name)))
		return end_bad(s, "Command expected");
	c = find_command(s, name);
	if (!c || (s->by_uid && c->uid == PLAIN))
		return end_bad(s, "Unknown command");
	if (s->by_uid && c->run == do_expunge &&
		!(s->setup.permits & IMAP_UIDPLUS))
		return end_bad(s, "Unknown command");
	if (c->needs == SELECTED && !s->selected)
		return end_bad(s, "No mailbox is selected");
	c->run(s, in);
}

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
