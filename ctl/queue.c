/* posthold queue: ask and order the process `queue`. */
#include <stdio.h>
#include <string.h>

#include "ctl/command.h"
#include "ctl/control.h"
#include "lib/base/number.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/json.h"

static struct site site;

typedef void on_row(void *owner, const struct queue_row *r);

/* An id is 1 to 16 hexadecimal digits, as in the log. */
static bool
read_id(const char *text, uint64_t *out)
{
	static const char digits[] = "0123456789abcdef";
	size_t len = strlen(text);

	*out = 0;
	for (size_t i = 0; i < len; i++) {
		const char *d = strchr(digits, octet_lower((uint8_t)text[i]));

		if (!d || len > 16)
			return false;
		*out = *out << 4 | (uint64_t)(d - digits);
	}
	return len > 0 && *out > 0;
}

/* Send the order; rows go to `row`, how many were done to *count. */
static FALLIBLE
order(enum queue_verb what, uint64_t id, on_row *row, void *owner,
	uint64_t *count)
{
	OWNED(fd_close) int fd = -1;
	const struct queue_order o = { .head = { .type = QUEUE_ORDER },
		.verb = what, .id = id };
	static union control_answer a;

	TRY(control_open(&site, QUEUE, &fd));
	TRY(control_send(fd, &o, -1));
	do {
		TRY(control_receive(fd, QUEUE, &a));
		if (a.head.type == QUEUE_ROW && row)
			row(owner, &a.row);
	} while (a.head.type != CTL_DONE);
	*count = a.done.count;
	return a.done.fault ? fault_row(a.done.fault) : OK;
}

static int
explain(const struct fault *f)
{
	if (f == &fault_ipc_closed)
		return complain(EX_UNAVAILABLE, "the site does not run",
			"start it with `posthold run`");
	return complain_fault(f, "queue", "are you root?");
}

/* --- rows ------------------------------------------------------------------ */

static void
put_age(char out[24], int64_t us)
{
	int64_t s = us / SECONDS(1);

	snprintf(out, 24, "%lld%s",
		(long long)(s < 120	 ? s
				: s < 7200 ? s / 60
				: s < 172800 ? s / 3600
					     : s / 86400),
		s < 120 ? "s" : s < 7200 ? "m" : s < 172800 ? "h" : "d");
}

/* Controls cannot come: addresses are checked, replies were cleaned. */
static void
print_row(void *owner, const struct queue_row *r)
{
	int64_t now = clock_instant().us;
	char age[24], next[24];

	(void)owner;
	put_age(age, now - r->arrived_us);
	put_age(next, r->next_us > now ? r->next_us - now : 0);
	printf("%016llx  %9llu octets  age %-4s  %u tries, next in %s\n"
	       "    from <%.*s>\n    to   <%.*s>\n",
		(unsigned long long)r->id, (unsigned long long)r->size, age,
		r->attempts, next, r->sender_len, (const char *)r->sender,
		r->rcpt_len, (const char *)r->rcpt);
	if (r->last.code > 0)
		printf("    last %u %.*s\n", r->last.code,
			r->last.text_len < REPLY_TEXT_MAX ? r->last.text_len
							  : REPLY_TEXT_MAX,
			(const char *)r->last.text);
}

static struct span
octets(const uint8_t *at, size_t len, size_t most)
{
	return span_at(at, len < most ? len : most);
}

static void
add_row(void *owner, const struct queue_row *r)
{
	struct json *j = owner;
	char id[20];

	snprintf(id, sizeof id, "%016llx", (unsigned long long)r->id);
	json_open_object(j, NULL);
	json_text(j, "id", span_of(id));
	json_number(j, "size", (int64_t)r->size);
	json_number(j, "arrived_us", r->arrived_us);
	json_number(j, "next_us", r->next_us);
	json_number(j, "attempts", r->attempts);
	json_number(j, "state", r->state);
	json_text(j, "sender", octets(r->sender, r->sender_len, ADDRESS_MAX));
	json_text(j, "rcpt", octets(r->rcpt, r->rcpt_len, ADDRESS_MAX));
	json_number(j, "code", r->last.code);
	json_text(j, "reply",
		octets(r->last.text, r->last.text_len, REPLY_TEXT_MAX));
	json_close(j);
}

/* --- verbs ----------------------------------------------------------------- */

static int
start(struct call *c, bool *json, uint64_t *id)
{
	struct where where = { 0 };
	const struct option options[] = { WHERE_OPTIONS(&where),
		{ "--json", NULL, NULL, json, "as JSON" } };
	int code = options_take(c, options, COUNT_OF(options) - !json);

	if (code < 0)
		code = where_load(&where, false, &site);
	if (code >= 0)
		return code;
	*id = 0;
	if (c->count > 0 && strcmp(c->words[0], "all") != 0 &&
		!read_id(c->words[0], id))
		return complain(EX_USAGE, c->words[0],
			"an id is hexadecimal, as `posthold queue list` "
			"prints it");
	return -1;
}

static int
show(struct call *c, enum queue_verb what)
{
	OWNED(json_drop) struct json j = { 0 };
	bool json = false;
	uint64_t id, count = 0;
	int code = start(c, &json, &id);
	const struct fault *f;

	if (code >= 0)
		return code;
	json_start(&j);
	json_open_array(&j, "queue");
	f = order(what, id, json ? add_row : print_row, &j, &count);
	json_close(&j);
	if (f)
		return explain(f);
	if (json)
		return json_print(&j) ? EX_OK : EX_IOERR;
	if (count == 0 && what == QUEUE_SHOW)
		return complain(EX_DATAERR, c->words[0], "no such message");
	if (count == 0)
		puts("the queue is empty");
	return EX_OK;
}

static int
command(struct call *c, enum queue_verb what, const char *done)
{
	uint64_t id, count = 0;
	int code = start(c, NULL, &id);
	const struct fault *f;

	if (code >= 0)
		return code;
	f = order(what, id, NULL, NULL, &count);
	if (f)
		return explain(f);
	if (count == 0 && id > 0)
		return complain(EX_DATAERR, c->words[0], "no such message");
	printf("%llu %s\n", (unsigned long long)count, done);
	return EX_OK;
}

int
queue_list(struct call *c)
{
	return show(c, QUEUE_LIST);
}

int
queue_show(struct call *c)
{
	return show(c, QUEUE_SHOW);
}

int
queue_retry(struct call *c)
{
	return command(c, QUEUE_RETRY, "will be tried now");
}

int
queue_drop(struct call *c)
{
	return command(c, QUEUE_DROP, "dropped");
}

int
queue_hold(struct call *c)
{
	return command(c, QUEUE_HOLD, "held");
}

int
queue_release(struct call *c)
{
	return command(c, QUEUE_RELEASE, "released");
}
