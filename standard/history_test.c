/* The log of a good day, and of days on which one rule was broken. */
#include "standard/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/number.h"
#include "lib/base/test.h"
#include "standard/checks.h"
#include "trust/events.h"

#define NOW ((struct instant){ INT64_C(1795509000) * 1000000 }) /* 08:30 UTC */

static struct site site;
static char directory[40], path[100];

/* A row `minutes` before now; `fields` begin with a comma. */
static void
write_row(FILE *f, int minutes, enum event event, const char *role,
	const char *session, const char *fields)
{
	uint8_t room[40];
	struct buf time = BUF(room);

	CHECK(put_date_rfc3339(&time,
		(struct instant){ NOW.us - MINUTES(minutes) }));
	fprintf(f, "{\"time\":\"%.*s\",\"id\":%u,\"event\":\"%s\","
		   "\"severity\":\"nobody\",\"clauses\":[],\"role\":\"%s\","
		   "\"pid\":7,\"session\":\"%s\"%s}\n",
		(int)time.len, (const char *)time.at, event_row(event)->id,
		event_row(event)->name, role, session, fields);
}

#define S1 "0b00000000000001"
#define S2 "0b00000000000002"

static const struct row {
	int minutes;
	enum event event;
	const char *role, *session, *fields;
} good_day[] = {
	{ 300, EV_SITE_STARTED, "master", S1, "" },
	{ 299, EV_HOST_SURVEYED, "master", S1, ",\"unpermitted\":0" },
	{ 240, EV_HOST_SURVEYED, "master", S1, ",\"unpermitted\":0" },
	{ 239, EV_TLS_STARTED, "submission", S1,
		",\"version\":\"TLSv1.3\",\"cipher\":\"x\"" },
	{ 238, EV_LOGIN_SUCCEEDED, "auth", S1, ",\"login\":\"alice\"" },
	{ 237, EV_MESSAGE_ACCEPTED, "submission", S1,
		",\"queue\":\"00000000000000aa\",\"grant\":\"alice\"" },
	{ 236, EV_MESSAGE_ACCEPTED, "mx", S2,
		",\"queue\":\"0000000000000000\",\"grant\":\"\"" },
	{ 236, EV_RCPT_REFUSED_, "mx", S2, ",\"fault\":\"mailbox_unknown\"" },
	{ 236, EV_REPLIES_INSPECTED, "mx", S2, ",\"octets\":9,\"words\":0" },
	{ 236, EV_COMMAND_REFUSED, "mx", S2, ",\"code\":502" },
	{ 235, EV_PROCESS_ENDED, "master", S1, ",\"status\":0,\"signal\":9" },
	{ 180, EV_HOST_SURVEYED, "master", S1, ",\"unpermitted\":0" },
	{ 120, EV_HOST_SURVEYED, "master", S1, ",\"unpermitted\":0" },
	{ 60, EV_HOST_SURVEYED, "master", S1, ",\"unpermitted\":0" },
	{ 0, EV_HOST_SURVEYED, "master", S1, ",\"unpermitted\":0" },
};

static const struct {
	const char *what, *clause;
	enum mark want;
	struct row more; /* minutes 0: none */
	int times;
	enum event without;
} days[] = {
	{ "sockets", "NC-2.1.1", MARK_GOOD, { 0 }, 0, 0 },
	{ "accounts", "NC-2.1.2", MARK_GOOD, { 0 }, 0, 0 },
	{ "replies", "NC-2.1.3", MARK_GOOD, { 0 }, 0, 0 },
	{ "logins", "NC-2.1.4", MARK_GOOD, { 0 }, 0, 0 },
	{ "relay", "NC-2.1.5", MARK_GOOD, { 0 }, 0, 0 },
	{ "recipients", "NC-2.1.6", MARK_GOOD, { 0 }, 0, 0 },
	{ "commands", "NC-2.2.c", MARK_GOOD, { 0 }, 0, 0 },
	{ "only sends: listens", "NC-2.1.9.a", MARK_GOOD,
		{ 9, EV_SERVICE_LISTEN, "master", S1,
			",\"address\":\"::1\",\"port\":25" }, 1, 0 },
	{ "only sends: listens off-host", "NC-2.1.9.a", MARK_BAD,
		{ 9, EV_SERVICE_LISTEN, "master", S1,
			",\"address\":\"0.0.0.0\",\"port\":25" }, 1, 0 },
	{ "only sends: nothing was sent", "NC-2.1.9.b", MARK_MISSING,
		{ 9, EV_CONNECTED_OUT, "relay", S1,
			",\"host\":\"mail.l.test\",\"port\":587" }, 1, 0 },
	{ "only sends: to another port", "NC-2.1.9.b", MARK_BAD,
		{ 9, EV_CONNECTED_OUT, "relay", S1,
			",\"host\":\"mail.l.test\",\"port\":25" }, 1, 0 },
	{ "only sends: to another host", "NC-2.1.9.b", MARK_BAD,
		{ 9, EV_CONNECTED_OUT, "relay", S1,
			",\"host\":\"mx.o.test\",\"port\":587" }, 1, 0 },
	{ "only sends: programs", "NC-2.1.9.c", MARK_GOOD,
		{ 9, EV_LOCAL_CONNECTED, "local", S1, ",\"uid\":0" }, 1, 0 },
	{ "only sends: for nobody", "NC-2.1.9.c", MARK_BAD,
		{ 9, EV_MESSAGE_ACCEPTED, "local", S1,
			",\"queue\":\"00000000000000ab\",\"grant\":\"\"" }, 1,
		0 },
	{ "only sends: the loop is closed", "NC-2.1.9.d", MARK_GOOD,
		{ 9, EV_LOOP_CLOSED, "queue", S1, "" }, 1, 0 },
	{ "only sends: the loop proved nothing", "NC-2.1.9.d", MARK_MISSING,
		{ 9, EV_LOOP_OPEN, "queue", S1,
			",\"reason\":\"the smarthost took mail for nobody\"" },
		1, 0 },
	{ "only sends: reports are refused", "NC-2.1.9.d", MARK_BAD,
		{ 9, EV_LOOP_OPEN, "queue", S1,
			",\"reason\":\"the smarthost refuses reports to the "
			"sender\"" }, 1, 0 },
	{ "only sends: the loop was closed two days ago", "NC-2.1.9.d",
		MARK_MISSING,
		{ 2 * 24 * 60, EV_LOOP_CLOSED, "queue", S1, "" }, 1, 0 },
	{ "only sends: a foreign From", "NC-2.1.9.e", MARK_GOOD,
		{ 9, EV_FROM_REFUSED, "local", S1, ",\"deed\":\"refused\"" }, 1,
		0 },
	{ "only sends: nobody looks at From", "NC-2.1.9.e", MARK_MISSING, { 0 },
		0, 0 },
	{ "a socket without a permit", "NC-2.1.1", MARK_BAD,
		{ 9, EV_SOCKET_UNPERMITTED, "master", S1, "" }, 1, 0 },
	{ "a filtered call", "NC-2.1.1", MARK_BAD,
		{ 9, EV_PROCESS_ENDED, "master", S1, ",\"signal\":31" }, 1, 0 },
	{ "a default account", "NC-2.1.2", MARK_BAD,
		{ 9, EV_ACCOUNT_DEFAULT, "master", S1, "" }, 1, 0 },
	{ "a reserved login", "NC-2.1.2", MARK_BAD,
		{ 9, EV_LOGIN_SUCCEEDED, "auth", S1, ",\"login\":\"admin\"" }, 1,
		0 },
	{ "an account by a reserved name", "NC-2.1.2", MARK_BAD,
		{ 9, EV_ACCOUNT_CHANGED, "auth", S1,
			",\"deed\":\"created\",\"login\":\"guest\"" }, 1, 0 },
	{ "a telling word", "NC-2.1.3", MARK_BAD,
		{ 9, EV_WORD_TOLD, "mx", S2, ",\"word\":\"Exim\"" }, 1, 0 },
	{ "nobody inspects", "NC-2.1.3", MARK_MISSING, { 0 }, 0,
		EV_REPLIES_INSPECTED },
	{ "a login without TLS", "NC-2.1.4", MARK_BAD,
		{ 9, EV_LOGIN_SUCCEEDED, "auth", S2, ",\"login\":\"bob\"" }, 1,
		0 },
	{ "old TLS", "NC-2.1.4", MARK_BAD,
		{ 9, EV_TLS_STARTED, "login", S2, ",\"version\":\"TLSv1.1\"" },
		1, 0 },
	{ "a relay", "NC-2.1.5", MARK_BAD,
		{ 9, EV_MESSAGE_ACCEPTED, "submission", S2,
			",\"queue\":\"00000000000000ab\",\"grant\":\"\"" }, 1,
		0 },
	{ "a host with a permit for its address", "NC-2.1.5", MARK_GOOD,
		{ 9, EV_MESSAGE_ACCEPTED, "mx", S2,
			",\"queue\":\"00000000000000ab\",\"grant\":"
			"\"addr:scanner\"" }, 1, 0 },
	{ "mx without one", "NC-2.1.6", MARK_BAD,
		{ 9, EV_MESSAGE_ACCEPTED, "mx", S2,
			",\"queue\":\"00000000000000ab\",\"grant\":"
			"\"sasl:x\"" }, 1, 0 },
	{ "a grant was forged", "NC-2.1.5", MARK_BAD,
		{ 9, EV_RELAY_DENIED, "queue", S2, "" }, 1, 0 },
	{ "a sender writes what looks like a field", "NC-2.1.5", MARK_GOOD,
		{ 9, EV_MESSAGE_ACCEPTED, "submission", S1,
			",\"sender\":\"\\\",\\\"queue\\\":\\\"1\\\"\","
			"\"queue\":\"0000000000000000\",\"grant\":\"\"" }, 1,
		0 },
	{ "mx queues", "NC-2.1.6", MARK_BAD,
		{ 9, EV_MESSAGE_ACCEPTED, "mx", S2,
			",\"queue\":\"00000000000000ab\",\"grant\":\"x\"" }, 1,
		0 },
	{ "a harvest", "NC-2.2.c", MARK_BAD,
		{ 9, EV_RCPT_REFUSED_, "mx", S2,
			",\"fault\":\"mailbox_unknown\"" }, 60, 0 },
	{ "some unknown names", "NC-2.2.c", MARK_GOOD,
		{ 9, EV_RCPT_REFUSED_, "mx", S1,
			",\"fault\":\"mailbox_unknown\"" }, 60, 0 },
	{ "lost rows", "NC-2.1.1", MARK_MISSING,
		{ 9, EV_LOG_SUPPRESSED, "log", S1, ",\"rows\":3" }, 1, 0 },
	{ "nobody surveys", "NC-2.1.1", MARK_MISSING, { 0 }, 0,
		EV_HOST_SURVEYED },
	{ "what was two days ago", "NC-2.1.1", MARK_GOOD,
		{ 2 * 24 * 60, EV_SOCKET_UNPERMITTED, "master", S1, "" }, 1, 0 },
};

static void
write_day(const struct row *more, int times, enum event without)
{
	FILE *f = fopen(path, "we");

	CHECK(f != NULL);
	for (size_t i = 0; i < COUNT_OF(good_day); i++) {
		const struct row *r = &good_day[i];

		if (r->event != without)
			write_row(f, r->minutes, r->event, r->role, r->session,
				r->fields);
	}
	for (int i = 0; i < times; i++)
		write_row(f, more->minutes, more->event, more->role,
			more->session, more->fields);
	CHECK(fclose(f) == 0);
}

static enum mark
judge(const char *clause, struct proof *p)
{
	const struct inspection i = { .site = &site, .now = NOW,
		.clause = clause_find(span_of(clause)) };

	*p = (struct proof){ 0 };
	history_forget();
	kept_by_log(&i, p);
	return p->mark;
}

static void
begin(void)
{
	snprintf(directory, sizeof directory, "/tmp/history_test.XXXXXX");
	CHECK(mkdtemp(directory) != NULL);
	snprintf(path, sizeof path, "%s/2026-11-24.jsonl", directory);
	snprintf(site.log_directory, sizeof site.log_directory, "%s", directory);
	site.smarthosts_count = 1;
	site.smarthosts[0] = (struct site_smarthost){ .name = "mail.l.test",
		.port = 587 };
}

static void
end(void)
{
	unlink(path);
	CHECK(rmdir(directory) == 0);
}

TEST(a_day_is_good_when_no_rule_was_broken_and_somebody_looked)
{
	static struct proof p;

	begin();
	EACH_CASE(k, days) {
		write_day(&k->more, k->times, k->without);
		if (judge(k->clause, &p) != k->want)
			fprintf(stderr, "%s\n", p.found);
		CHECK_NUMBER(p.mark, k->want);
	}
	end();
}

TEST(no_log_is_no_evidence)
{
	static struct proof p;

	begin();
	CHECK_NUMBER(judge("NC-2.1.1", &p), MARK_MISSING);
	rmdir(directory);
}

TEST(while_the_site_runs_somebody_looks)
{
	static struct proof p;
	static const struct row again = { 100, EV_SITE_STARTED, "master", S1,
		"" };
	FILE *f;

	begin();
	f = fopen(path, "we");
	CHECK(f != NULL);
	write_row(f, 600, EV_SITE_STARTED, "master", S1, "");
	write_row(f, 600, EV_HOST_SURVEYED, "master", S1, "");
	write_row(f, 90, EV_HOST_SURVEYED, "master", S1, "");
	CHECK(fclose(f) == 0);
	CHECK_NUMBER(judge("NC-2.1.1", &p), MARK_MISSING);
	f = fopen(path, "we");
	CHECK(f != NULL);
	write_row(f, 600, EV_SITE_STARTED, "master", S1, "");
	write_row(f, 600, EV_HOST_SURVEYED, "master", S1, "");
	write_row(f, again.minutes, again.event, again.role, again.session,
		again.fields);
	write_row(f, 90, EV_HOST_SURVEYED, "master", S1, "");
	CHECK(fclose(f) == 0);
	CHECK_NUMBER(judge("NC-2.1.1", &p), MARK_GOOD);
	end();
}

/* What is not a smarthost any more was one then. */
TEST(mail_is_judged_by_the_settings_that_it_went_by)
{
	static struct proof p;

	begin();
	for (int loaded = 0; loaded < 2; loaded++) {
		FILE *f = fopen(path, "we");

		test_row = loaded ? "before the settings" : "after them";
		CHECK(f != NULL);
		for (size_t i = 0; i < COUNT_OF(good_day); i++)
			write_row(f, good_day[i].minutes, good_day[i].event,
				good_day[i].role, good_day[i].session,
				good_day[i].fields);
		write_row(f, 0, EV_RELAYED, "queue", S1, "");
		write_row(f, 0, EV_CONNECTED_OUT, "relay", S1,
			",\"host\":\"old.l.test\",\"port\":587");
		if (loaded)
			write_row(f, 0, EV_SETTINGS_LOADED, "master", S1, "");
		CHECK(fclose(f) == 0);
		CHECK_NUMBER(judge("NC-2.1.9.b", &p),
			loaded ? MARK_GOOD : MARK_BAD);
	}
	end();
}
