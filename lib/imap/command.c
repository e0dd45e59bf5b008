/* The commands by name, and those that need nobody else. */
#include "lib/imap/state.h"

#include "lib/base/must.h"
#include "lib/base/number.h"
#include "lib/mime/imap_text.h"

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
void
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
