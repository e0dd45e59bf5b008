/* posthold limits: ask and order the process `meter`. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "ctl/command.h"
#include "ctl/control.h"
#include "ctl/limits.h"
#include "lib/base/number.h"
#include "lib/base/ip.h"
#include "lib/conf/schema.h"
#include "state/users/users.h"
#include "sys/crypto.h"
#include "sys/fd.h"
#include "sys/json.h"
#include "sys/mac.h"

static struct site site;

typedef void on_row(void *owner, const struct limit_shown *r);

/* The account of a login; 0 when nobody is called so. */
static uint32_t
account_of_login(struct span login)
{
	OWNED(fd_close) int fd = open(site.users, O_RDONLY | O_CLOEXEC);
	OWNED(users_close) struct users *users = NULL;
	const struct user *u;

	mac_start();
	if (fd < 0 || crypto_start() || users_load(fd, &users))
		return 0;
	u = users_by_login(users, login);
	return u ? u->account : 0;
}

/* An address, a represented domain, or a login. */
static bool
read_who(const char *text, struct limit_order *o)
{
	struct span who = span_of(text);

	if (ip_parse(who, o->peer)) {
		o->has_peer = 1;
		return true;
	}
	if (site_represents(&site, who)) {
		memcpy(o->domain, who.at, who.len);
		o->domain_len = (uint16_t)who.len;
		return true;
	}
	o->account = account_of_login(who);
	return o->account > 0;
}

static FALLIBLE
order(const struct limit_order *o, on_row *row, void *owner, uint64_t *count)
{
	OWNED(fd_close) int fd = -1;
	static union control_answer a;

	TRY(control_open(&site, METER, &fd));
	TRY(control_send(fd, o, -1));
	do {
		TRY(control_receive(fd, METER, &a));
		if (a.head.type == LIMIT_SHOWN && row)
			row(owner, &a.limit);
	} while (a.head.type != CTL_DONE);
	*count = a.done.count;
	return OK;
}

static int
explain(const struct fault *f)
{
	if (f == &fault_ipc_closed)
		return complain(EX_UNAVAILABLE, "the site does not run",
			"start it with `posthold run`");
	return complain_fault(f, "limits", "are you root?");
}

/* --- rows ---------------------------------------------------------------- */

static void
print_row(void *owner, const struct limit_shown *r)
{
	const struct limit_row *row;

	(void)owner;
	if (r->limit >= LIMITS)
		return;
	row = limit_row(r->limit);
	printf("%-24s %12llu of %llu in %lld s%s", row->name,
		(unsigned long long)r->used, (unsigned long long)r->most,
		(long long)row->window_s, r->held ? "  HELD" : "");
	if (r->refused > 0)
		printf("  refused %llu", (unsigned long long)r->refused);
	putchar('\n');
}

static void
add_row(void *owner, const struct limit_shown *r)
{
	struct json *j = owner;

	if (r->limit >= LIMITS)
		return;
	json_open_object(j, NULL);
	json_text(j, "limit", span_of(limit_row(r->limit)->name));
	json_number(j, "used", (int64_t)r->used);
	json_number(j, "most", (int64_t)r->most);
	json_number(j, "window_s", limit_row(r->limit)->window_s);
	json_number(j, "refused", (int64_t)r->refused);
	json_bool(j, "held", r->held != 0);
	json_close(j);
}

void
limits_write(FILE *f, enum limit_number n, uint64_t most)
{
	const char *name = limit_row(n)->name;
	const struct setting *row = setting_find(SECTION_LIMITS,
		span_of(name));
	bool octets = row->kind == KIND_SIZE;
	uint64_t value = most < row->max ? most : row->max;

	fprintf(f, "\t%-22s %llu%s\n", name,
		(unsigned long long)(octets ? value >> 20 : value),
		octets ? "M" : "");
}

/* --- verbs --------------------------------------------------------------- */

static int
start(struct call *c, bool *json, struct limit_order *o)
{
	struct where where = { 0 };
	const struct option options[] = { WHERE_OPTIONS(&where),
		{ "--json", NULL, NULL, json, "as JSON" } };
	int code = options_take(c, options, COUNT_OF(options) - !json);

	if (code < 0)
		code = where_load(&where, false, &site);
	if (code >= 0)
		return code;
	if (c->count > 0 && !read_who(c->words[0], o))
		return complain(EX_USAGE, c->words[0],
			"give an IP address, a represented domain or a login");
	return -1;
}

int
limits_show(struct call *c)
{
	struct limit_order o = { .head = { .type = LIMIT_ORDER },
		.verb = LIMIT_SHOW };
	OWNED(json_drop) struct json j = { 0 };
	bool json = false;
	uint64_t count = 0;
	int code = start(c, &json, &o);
	const struct fault *f;

	if (code >= 0)
		return code;
	json_start(&j);
	json_open_array(&j, "limits");
	f = order(&o, json ? add_row : print_row, &j, &count);
	json_close(&j);
	if (f)
		return explain(f);
	if (json)
		return json_print(&j) ? EX_OK : EX_IOERR;
	return EX_OK;
}

int
limits_release_account(struct call *c)
{
	struct limit_order o = { .head = { .type = LIMIT_ORDER },
		.verb = LIMIT_RELEASE };
	uint64_t count = 0;
	int code = start(c, NULL, &o);
	const struct fault *f;

	if (code >= 0)
		return code;
	if (o.account == 0)
		return complain(EX_USAGE, c->words[0], "give a login");
	f = order(&o, NULL, NULL, &count);
	if (f)
		return explain(f);
	if (count == 0)
		return complain(EX_DATAERR, c->words[0], "it is not held");
	puts("may send again");
	return EX_OK;
}
