/* posthold trace: what became of a message, out of the log and the queue.
 *
 * A message has one number in the queue and one in the store; the row of its
 * acceptance names both.  The log is read for the one, for the other, and then
 * for what was told of them. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "ctl/command.h"
#include "ctl/log_days.h"
#include "ctl/queue_row.h"
#include "lib/base/number.h"
#include "state/users/users.h"
#include "sys/crypto.h"
#include "sys/fd.h"
#include "sys/mac.h"

#define MESSAGES_MAX 4096
#define ID_LEN       16
#define NO_ID        "0000000000000000"

static struct site site;

struct trace {
	char sender[400], rcpt[400]; /* as members of a line; "": none */
	char account[40];
	char ids[MESSAGES_MAX][ID_LEN + 1];
	size_t count, lines;
	bool too_many;
};

/* --- lines of JSON, as state/log/row.c writes them ------------------------- */

/* The value of a member, without quotes; false when there is none.  A quote in a
 * value is escaped, so no value looks like a name. */
static bool
find_member(const char *line, const char *name, struct span *out)
{
	char key[64];
	const char *at;
	size_t len = 0;
	bool text;

	snprintf(key, sizeof key, "\"%s\":", name);
	at = strstr(line, key);
	if (!at)
		return false;
	at += strlen(key);
	text = *at == '"';
	at += text;
	while (at[len] && (text ? at[len] != '"' : !strchr(",}", at[len])))
		len += at[len] == '\\' && at[len + 1] ? 2 : 1;
	*out = span_at((const uint8_t *)at, len);
	return true;
}

static bool
is_event(const char *line, const char *event)
{
	struct span value;

	return find_member(line, "event", &value) &&
		span_equals(value, span_of(event));
}

/* --- which messages are meant ---------------------------------------------- */

static bool
knows(const struct trace *t, struct span id)
{
	for (size_t i = t->count; i-- > 0;)
		if (span_equals(id, span_at((const uint8_t *)t->ids[i],
				ID_LEN)))
			return true;
	return false;
}

static void
learn(struct trace *t, struct span id)
{
	if (id.len != ID_LEN || span_equals(id, SPAN(NO_ID)) || knows(t, id))
		return;
	if (t->count == MESSAGES_MAX) {
		t->too_many = true;
		return;
	}
	memcpy(t->ids[t->count++], id.at, ID_LEN);
}

static bool
holds(const char *line, const char *member)
{
	return *member && strcasestr(line, member);
}

static bool
is_named(const struct trace *t, const char *line)
{
	return holds(line, t->sender) || holds(line, t->rcpt) ||
		(holds(line, t->account) && is_event(line, "DELIVERED"));
}

static bool
is_known(const struct trace *t, const char *line)
{
	struct span id;

	return (find_member(line, "queue", &id) && knows(t, id)) ||
		(find_member(line, "stored", &id) && knows(t, id));
}

static void
look(void *owner, const char *line)
{
	struct trace *t = owner;
	struct span id;

	if (!is_named(t, line) && !is_known(t, line))
		return;
	if (find_member(line, "queue", &id))
		learn(t, id);
	if (find_member(line, "stored", &id))
		learn(t, id);
}

/* --- what was told of them ------------------------------------------------- */

/* "{name}" stands for a member. */
static const struct {
	const char *event, *words;
} rows[] = {
	{ "MESSAGE_ACCEPTED",
		"accepted from <{sender}>, {rcpts} recipients, {size} octets" },
	{ "MESSAGE_REFUSED", "refused from <{sender}>: {fault} {detail}" },
	{ "RCPT_REFUSED_", "recipient <{rcpt}> refused: {fault}" },
	{ "VIRUS_FOUND", "refused from <{sender}>: {name}" },
	{ "DELIVERED", "in the mailbox of account {account}" },
	{ "QUEUED", "queued for {rcpts} recipients elsewhere" },
	{ "RELAYED", "<{rcpt}> taken by {host}: {code} {reply}" },
	{ "DEFERRED",
		"<{rcpt}> deferred for {next_s} seconds: {code} {reply}" },
	{ "BOUNCED", "<{rcpt}> failed: {code} {reply}" },
	{ "REPORTED", "<{sender}> was told: {action}" },
	{ "QUEUE_ORDERED", "the operator: {verb}" },
	{ "QUEUE_DONE", "left the queue" },
};

static void
print_words(const char *line, const char *words)
{
	struct span value;
	char name[32];

	while (*words) {
		size_t len = strcspn(words, "{");

		printf("%.*s", (int)len, words);
		words += len;
		if (!*words)
			break;
		len = strcspn(words, "}");
		snprintf(name, sizeof name, "%.*s", (int)len - 1, words + 1);
		if (find_member(line, name, &value))
			printf("%.*s", (int)value.len, (const char *)value.at);
		words += len + 1;
	}
	putchar('\n');
}

static void
print_line(struct trace *t, const char *line, const char *words)
{
	struct span time = SPAN_NONE, id = SPAN_NONE;

	if (!find_member(line, "time", &time) || time.len < 19)
		return;
	if (!find_member(line, "queue", &id) || span_equals(id, SPAN(NO_ID)))
		find_member(line, "stored", &id);
	printf("%.10s %.8s  %-16.*s  ", (const char *)time.at,
		(const char *)time.at + 11, (int)id.len,
		id.len > 0 ? (const char *)id.at : "");
	print_words(line, words);
	t->lines++;
}

static void
tell(void *owner, const char *line)
{
	struct trace *t = owner;

	if (!is_known(t, line) && !is_named(t, line))
		return;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (is_event(line, rows[i].event))
			print_line(t, line, rows[i].words);
}

/* --- the queue ------------------------------------------------------------- */

static void
print_row(void *owner, const struct queue_row *r)
{
	queue_row_print(owner, r);
}

static FALLIBLE
print_queue(const struct queue_order *o, uint64_t *count)
{
	struct queue_printer printer = { 0 };
	const struct fault *f = queue_ask(&site, o, print_row, &printer, count);

	return f == &fault_record_unknown ? OK : f;
}

static uint64_t
print_waiting(const char *what, uint64_t id)
{
	struct queue_order by_sender = { .head = { .type = QUEUE_ORDER },
		.verb = QUEUE_LIST,
		.id = id };
	struct queue_order by_rcpt = by_sender;
	uint64_t sent = 0, meant = 0;
	const struct fault *f;

	if (id == 0) {
		by_sender.sender_len = by_rcpt.rcpt_len =
			(uint16_t)strlen(what);
		memcpy(by_sender.sender, what, by_sender.sender_len);
		memcpy(by_rcpt.rcpt, what, by_rcpt.rcpt_len);
	}
	f = print_queue(&by_sender, &sent);
	if (!f && id == 0)
		f = print_queue(&by_rcpt, &meant);
	if (f == &fault_ipc_closed)
		puts("the site does not run: what waits is not known");
	return sent + meant;
}

/* --- the verb -------------------------------------------------------------- */

/* Deliveries name the account, not the address. */
static void
find_account(struct trace *t, const char *address)
{
	OWNED(fd_close) int fd = open(site.users, O_RDONLY | O_CLOEXEC);
	OWNED(users_close) struct users *users = NULL;
	const struct user *u;

	mac_start();
	if (fd < 0 || crypto_start() || users_load(fd, &users))
		return;
	u = users_by_address(users, span_of(address));
	if (u)
		snprintf(t->account, sizeof t->account, "\"account\":%u,",
			u->account);
}

static int
name(struct trace *t, const char *what, uint64_t *id)
{
	char text[ID_LEN + 1];

	*id = 0;
	if (strchr(what, '@') && strlen(what) < 320 &&
		!strpbrk(what, "\"\\")) {
		snprintf(t->sender, sizeof t->sender, "\"sender\":\"%s\"",
			what);
		snprintf(t->rcpt, sizeof t->rcpt, "\"rcpt\":\"%s\"", what);
		find_account(t, what);
		return -1;
	}
	if (!queue_id_parse(what, id))
		return complain(EX_USAGE, what,
			"neither an address nor the number of a message");
	snprintf(text, sizeof text, "%016llx", (unsigned long long)*id);
	learn(t, span_of(text));
	return -1;
}

int
trace_mail(struct call *c)
{
	static struct trace trace;
	struct where where = { 0 };
	const char *since = NULL;
	const struct option options[] = { WHERE_OPTIONS(&where),
		{ "--since", "YYYY-MM-DD", &since, NULL,
			"from this day on, UTC" } };
	int code = options_take(c, options, COUNT_OF(options));
	uint64_t id = 0, waiting;

	if (code < 0)
		code = where_load(&where, false, &site);
	if (code < 0)
		code = name(&trace, c->words[0], &id);
	for (int i = 0; i < 2 && code < 0; i++)
		code = log_each_line(&site, since, look, &trace);
	if (code < 0)
		code = log_each_line(&site, since, tell, &trace);
	if (code >= 0)
		return code;
	if (trace.too_many)
		puts("there is more: choose a later day with --since");
	waiting = print_waiting(c->words[0], id);
	return trace.lines > 0 || waiting > 0 ? EX_OK : 1;
}
