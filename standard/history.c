/* What the log of the last day says; the third letter of most clauses. */
#include "standard/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/ip.h"
#include "lib/base/must.h"
#include "lib/base/number.h"
#include "standard/checks.h"
#include "state/users/rules.h"
#include "trust/events.h"

#define LINE_LONGEST 8192
#define EVENT_IDS    1000
#define HARVEST      60
#define SESSIONS     (1u << 20) /* of those with TLS, the latest of a place */

static struct history {
	const struct site *site; /* borrowed */
	bool read, good;
	struct instant first, surveyed; /* of the rows that count */
	int64_t gap;
	uint64_t rows, lost;
	uint64_t counts[EVENTS];
	uint64_t tls[SESSIONS];
	struct {
		uint64_t session;
		uint32_t names;
	} harvests[4096];
} h;

struct span
history_field(const struct history_row *r, const char *name)
{
	char pattern[40];
	struct span in = r->line;
	int n = snprintf(pattern, sizeof pattern, ",\"%s\":", name);
	struct span key = span_at(pattern, (size_t)n);
	size_t at = span_find(in, key);
	bool text;

	if (at == in.len)
		return SPAN_NONE;
	span_shift_upto(&in, at + key.len);
	text = span_take(&in, '"');
	for (n = 0; (size_t)n < in.len; n++) {
		if (text ? in.at[n] == '"' && (n == 0 || in.at[n - 1] != '\\')
			 : in.at[n] == ',' || in.at[n] == '}')
			return span_at(in.at, (size_t)n);
	}
	return SPAN_NONE;
}

/* --- rules ---------------------------------------------------------------- */

typedef bool broken(const struct history_row *r);

static bool
has(const struct history_row *r, const char *name, const char *value)
{
	return span_equals(history_field(r, name), span_of(value));
}

static bool
ever(const struct history_row *r)
{
	(void)r;
	return true;
}

/* A filter of system calls ends a process with SIGSYS. */
static bool
ended_by_filter(const struct history_row *r)
{
	return has(r, "signal", "31");
}

static bool
by_reserved_login(const struct history_row *r)
{
	return login_is_reserved(history_field(r, "login"));
}

static uint64_t
session_of(const struct history_row *r)
{
	struct span s = history_field(r, "session");
	uint64_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n = n << 4 | (uint64_t)(s.at[i] <= '9' ? s.at[i] - '0'
						       : s.at[i] - 'a' + 10);
	return n;
}

static uint64_t *
place_of(uint64_t session)
{
	return &h.tls[session * UINT64_C(0x9e3779b97f4a7c15) >> 44];
}

static bool
without_tls(const struct history_row *r)
{
	return *place_of(session_of(r)) != session_of(r);
}

static bool
of_old_tls(const struct history_row *r)
{
	return !has(r, "version", "TLSv1.2") && !has(r, "version", "TLSv1.3");
}

/* A message for others is queued with the login or permit that it came with. */
static bool
queued_for_nobody(const struct history_row *r)
{
	return !has(r, "queue", "0000000000000000") &&
		history_field(r, "grant").len == 0;
}

static bool
queued_by_mx(const struct history_row *r)
{
	return has(r, "role", "mx") && !has(r, "queue", "0000000000000000") &&
		!span_starts(history_field(r, "grant"), SPAN("addr:"));
}

/* RCP-04: names that do not exist, in one session */
static bool
of_a_harvest(const struct history_row *r)
{
	uint64_t session = session_of(r);
	size_t at = session * UINT64_C(0x9e3779b97f4a7c15) >> 52;

	if (!has(r, "fault", "mailbox_unknown"))
		return false;
	if (h.harvests[at].session != session)
		h.harvests[at].names = 0;
	h.harvests[at].session = session;
	return ++h.harvests[at].names > HARVEST;
}

/* --- a host that only sends ----------------------------------------------- */

static bool
off_host(const struct history_row *r)
{
	uint8_t address[16];

	return !ip_parse(history_field(r, "address"), address) ||
		!address_is_loopback(address);
}

static bool
to_another(const struct history_row *r)
{
	uint64_t port;

	return number_parse(history_field(r, "port"), 0, 65535, &port) ||
		!site_smarthost(h.site, history_field(r, "host"),
			(uint16_t)port);
}

static bool
of_no_user(const struct history_row *r)
{
	return has(r, "role", "local") &&
		!span_starts(history_field(r, "grant"), SPAN("uid "));
}

static bool
by_refusal(const struct history_row *r)
{
	return has(r, "reason", "the smarthost refuses reports to the sender");
}

static const struct rule {
	const char *clause;
	enum event event;
	broken *broken; /* NULL: the event that shows that somebody looks */
	const char *what;
} rules[] = {
	{ "NC-2.1.1", EV_HOST_SURVEYED, NULL, "look at the sockets" },
	{ "NC-2.1.1", EV_SOCKET_UNPERMITTED, ever, "a socket had no permit" },
	{ "NC-2.1.1", EV_PROCESS_ENDED, ended_by_filter,
		"a process tried a system call that it may not" },

	{ "NC-2.1.2", EV_HOST_SURVEYED, NULL, "look at the accounts" },
	{ "NC-2.1.2", EV_ACCOUNT_DEFAULT, ever, "there was a default account" },
	{ "NC-2.1.2", EV_LOGIN_SUCCEEDED, by_reserved_login,
		"somebody logged in by a reserved name" },
	{ "NC-2.1.2", EV_ACCOUNT_CHANGED, by_reserved_login,
		"an account with a reserved name was changed" },

	{ "NC-2.1.3", EV_REPLIES_INSPECTED, NULL, "inspected sessions" },
	{ "NC-2.1.3", EV_WORD_TOLD, ever, "a reply had a telling word" },

	{ "NC-2.1.4", EV_TLS_STARTED, NULL, "connections with TLS" },
	{ "NC-2.1.4", EV_LOGIN_SUCCEEDED, without_tls,
		"a login succeeded without TLS" },
	{ "NC-2.1.4", EV_TLS_STARTED, of_old_tls, "an old version of TLS" },

	{ "NC-2.1.5", EV_RCPT_REFUSED_, NULL, "refused recipients" },
	{ "NC-2.1.5", EV_RELAY_DENIED, ever,
		"a message without a login came as far as the queue" },
	{ "NC-2.1.5", EV_MESSAGE_ACCEPTED, queued_for_nobody,
		"a message for others was taken without a login" },

	{ "NC-2.1.6", EV_RCPT_REFUSED_, NULL, "refused recipients" },
	{ "NC-2.1.6", EV_MESSAGE_ACCEPTED, queued_by_mx,
		"mx took a message for a domain that is not represented" },

	{ "NC-2.2.c", EV_COMMAND_REFUSED, NULL, "refused commands" },
	{ "NC-2.2.c", EV_RCPT_REFUSED_, of_a_harvest,
		"one session could ask for more than 60 names" },

	{ "NC-2.1.9.a", EV_HOST_SURVEYED, NULL, "look at the sockets" },
	{ "NC-2.1.9.a", EV_SERVICE_LISTEN, off_host,
		"a service listened off-host" },

	{ "NC-2.1.9.b", EV_RELAYED, NULL, "deliveries" },
	{ "NC-2.1.9.b", EV_CONNECTED_OUT, to_another,
		"mail went to a host that is no smarthost" },

	{ "NC-2.1.9.c", EV_LOCAL_CONNECTED, NULL, "sessions of programs" },
	{ "NC-2.1.9.c", EV_MESSAGE_ACCEPTED, of_no_user,
		"a message was of no user of this host" },

	{ "NC-2.1.9.d", EV_LOOP_CLOSED, NULL, "closed loops of reports" },
	{ "NC-2.1.9.d", EV_LOOP_OPEN, by_refusal,
		"the smarthost refused a report to the sender" },

	{ "NC-2.1.9.e", EV_FROM_REFUSED, NULL,
		"foreign From rewritten or refused" },
};

static uint64_t times_broken[COUNT_OF(rules)];
static char example[COUNT_OF(rules)][120];

/* What was no smarthost before these settings is not judged by them. */
static void
forget_other_settings(void)
{
	for (size_t i = 0; i < COUNT_OF(rules); i++)
		if (rules[i].broken == to_another)
			times_broken[i] = 0;
}

static void
apply_rules(const struct history_row *r)
{
	for (size_t i = 0; i < COUNT_OF(rules); i++)
		if (rules[i].broken && rules[i].event == r->event &&
			rules[i].broken(r) && times_broken[i]++ == 0)
			snprintf(example[i], sizeof example[i], "%.*s",
				(int)(r->line.len < 119 ? r->line.len : 119),
				(const char *)r->line.at);
}

/* --- rows ----------------------------------------------------------------- */

static uint32_t
event_of(uint32_t id)
{
	static uint16_t events[EVENT_IDS];

	if (!events[event_row(EV_SITE_STARTED)->id])
		for (uint32_t e = 1; e < EVENTS; e++) {
			MUST(event_row(e)->id < EVENT_IDS);
			events[event_row(e)->id] = (uint16_t)e;
		}
	return id < EVENT_IDS ? events[id] : EVENT_NONE;
}

/* {"time":"2026-11-24T08:30:00.000000Z","id":208, ... */
static bool
read_row(struct span line, struct history_row *r)
{
	struct span in = line;
	uint64_t id;

	*r = (struct history_row){ .line = line };
	span_shift_upto(&in, sizeof "{\"time\":\"" - 1);
	if (!take_date_rfc3339(&in, &r->time) ||
		number_parse(history_field(r, "id"), 0, EVENT_IDS, &id))
		return false;
	r->event = event_of((uint32_t)id);
	return true;
}

static void
note_lost(const struct history_row *r)
{
	uint64_t n;

	if (r->event == EV_LOG_SUPPRESSED &&
		!number_parse(history_field(r, "rows"), 0, UINT64_MAX, &n))
		h.lost += n;
}

/* While the site does not run nobody looks, and nothing happens. */
static void
note_survey(const struct history_row *r)
{
	if (r->event == EV_SITE_STARTED)
		h.surveyed = r->time;
	if (r->event != EV_HOST_SURVEYED)
		return;
	if (h.surveyed.us > 0 && r->time.us - h.surveyed.us > h.gap)
		h.gap = r->time.us - h.surveyed.us;
	h.surveyed = r->time;
}

/* Rows before the window only say which sessions have TLS. */
static void
take_row(struct span line, struct instant from)
{
	struct history_row r;

	if (!read_row(line, &r))
		return;
	if (r.event == EV_TLS_STARTED)
		*place_of(session_of(&r)) = session_of(&r);
	if (r.time.us < from.us)
		return;
	if (h.rows++ == 0)
		h.first = r.time;
	h.counts[r.event]++;
	note_lost(&r);
	note_survey(&r);
	if (r.event == EV_SETTINGS_LOADED)
		forget_other_settings();
	apply_rules(&r);
}

static bool
read_day(const struct site *s, struct instant day, struct instant from)
{
	static char line[LINE_LONGEST];
	struct civil c = civil_of(day);
	char path[300];
	FILE *f;

	snprintf(path, sizeof path, "%s/%04d-%02d-%02d.jsonl", s->log_directory,
		(int)c.year % 10000, c.month % 100, c.day % 100);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f))
		take_row(span_of(line), from);
	if (f)
		fclose(f);
	return f != NULL;
}

void
history_forget(void)
{
	memset(&h, 0, sizeof h);
	memset(times_broken, 0, sizeof times_broken);
}

bool
history_read(const struct inspection *i)
{
	struct instant from = { i->now.us - HISTORY_DAY };
	bool yesterday;

	if (h.read)
		return h.good;
	h.read = true;
	h.site = i->site;
	yesterday = read_day(i->site, from, from);
	h.good = read_day(i->site, i->now, from) || yesterday;
	return h.good;
}

/* --- the check ------------------------------------------------------------ */

/* Is what the log says enough to judge by? */
static bool
is_whole(const struct inspection *i, struct proof *p)
{
	if (!history_read(i) || h.rows == 0)
		proof_missing(p, "there is no log that can be read");
	else if (i->now.us - h.surveyed.us > HISTORY_GAP)
		proof_missing(p, "nobody looked for two hours: does the site run?");
	else if (h.gap > HISTORY_GAP)
		proof_missing(p, "for %d minutes nobody looked",
			(int)(h.gap / MINUTES(1)));
	else if (h.lost > 0)
		proof_missing(p, "%llu rows were lost",
			(unsigned long long)h.lost);
	else
		return true;
	return false;
}

static bool
is_of(const struct rule *r, const struct inspection *i)
{
	return strcmp(r->clause, i->clause->id) == 0;
}

void
kept_by_log(const struct inspection *i, struct proof *p)
{
	const struct rule *look = NULL;
	struct civil c;
	int kept = 0;

	proof_looked(p, "log of the last 24 hours in %s", i->site->log_directory);
	if (!is_whole(i, p))
		return;
	for (size_t n = 0; n < COUNT_OF(rules); n++) {
		if (!is_of(&rules[n], i))
			continue;
		if (times_broken[n] > 0) {
			proof_bad(p, "find out who; the log has it",
				"%s, %llu times: %s", rules[n].what,
				(unsigned long long)times_broken[n], example[n]);
			return;
		}
		kept += rules[n].broken != NULL;
		if (!rules[n].broken)
			look = &rules[n];
	}
	MUST(look);
	c = civil_of(h.first);
	if (h.counts[look->event] == 0)
		proof_missing(p, "no %s: does anybody look?", look->what);
	else
		proof_good(p, "%llu rows since %04d-%02d-%02d %02d:%02d, %llu %s; "
			      "%d rules, none broken",
			(unsigned long long)h.rows, (int)c.year, c.month, c.day,
			c.hour, c.minute,
			(unsigned long long)h.counts[look->event], look->what,
			kept);
}
