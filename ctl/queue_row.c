#include "ctl/queue_row.h"

#include <stdio.h>

#include "lib/base/number.h"
#include "lib/base/time.h"
#include "lib/policy/reason.h"
#include "sys/clock.h"

static struct span
octets(const uint8_t *at, size_t len, size_t most)
{
	return span_at(at, len < most ? len : most);
}

static struct span
last_text(const struct queue_row *r)
{
	return octets(r->last.text, r->last.text_len, REPLY_TEXT_MAX);
}

static enum reason
reason(const struct queue_row *r)
{
	return reason_of(r->last.code,
		octets(r->last.enhanced,
			strnlen((const char *)r->last.enhanced,
				sizeof r->last.enhanced),
			sizeof r->last.enhanced),
		last_text(r));
}

static void
put_age(char out[24], int64_t us)
{
	int64_t s = us > 0 ? us / SECONDS(1) : 0;

	snprintf(out, 24, "%lld%s",
		(long long)(s < 120	 ? s
				: s < 7200 ? s / 60
				: s < 172800 ? s / 3600
					     : s / 86400),
		s < 120 ? "s" : s < 7200 ? "m" : s < 172800 ? "h" : "d");
}

/* "14:20" today, "2026-11-25 14:20" on another day; UTC, as the log. */
static void
put_time(char out[24], int64_t us)
{
	struct civil now = civil_of(clock_instant());
	struct civil at = civil_of((struct instant){ us });

	if (us <= clock_instant().us)
		snprintf(out, 24, "now");
	else if (at.year == now.year && at.month == now.month &&
		at.day == now.day)
		snprintf(out, 24, "%02u:%02u", at.hour, at.minute);
	else
		snprintf(out, 24, "%04d-%02u-%02u %02u:%02u", at.year % 10000,
			at.month, at.day, at.hour, at.minute);
}

static const char *const states[] = {
	[QUEUE_ROW_PENDING] = "waiting",
	[QUEUE_ROW_DEFERRED] = "deferred",
	[QUEUE_ROW_DONE] = "delivered",
	[QUEUE_ROW_FAILED] = "failed",
	[QUEUE_ROW_HELD] = "held",
};

static const char *
state(const struct queue_row *r)
{
	return r->state < COUNT_OF(states) ? states[r->state] : "unknown";
}

/* "deferred: peer greylists, next attempt 14:20, 3 tries" */
static void
print_state(const struct queue_row *r)
{
	char next[24];

	put_time(next, r->next_us);
	printf("%s", state(r));
	if (r->state == QUEUE_ROW_HELD)
		printf(": by the operator");
	else if (r->state != QUEUE_ROW_DONE)
		printf(": %s", reason_words(reason(r)));
	if (r->state <= QUEUE_ROW_DEFERRED)
		printf(", next attempt %s", next);
	if (r->attempts > 0)
		printf(", %u %s", r->attempts,
			r->attempts > 1 ? "tries" : "try");
}

/* Controls cannot come: addresses are checked, replies were cleaned. */
void
queue_row_print(struct queue_printer *p, const struct queue_row *r)
{
	char age[24];

	if (r->id != p->last) {
		put_age(age, clock_instant().us - r->arrived_us);
		printf("%016llx  %9llu octets  age %-4s  from <%.*s>\n",
			(unsigned long long)r->id, (unsigned long long)r->size,
			age,
			(int)octets(r->sender, r->sender_len, ADDRESS_MAX).len,
			(const char *)r->sender);
	}
	p->last = r->id;
	printf("    to <%.*s>  ",
		(int)octets(r->rcpt, r->rcpt_len, ADDRESS_MAX).len,
		(const char *)r->rcpt);
	print_state(r);
	putchar('\n');
	if (r->last.code > 0)
		printf("        %u %.*s\n", r->last.code,
			(int)last_text(r).len, (const char *)r->last.text);
}

void
queue_row_json(struct json *j, const struct queue_row *r)
{
	char id[20];

	snprintf(id, sizeof id, "%016llx", (unsigned long long)r->id);
	json_open_object(j, NULL);
	json_text(j, "id", span_of(id));
	json_number(j, "size", (int64_t)r->size);
	json_number(j, "arrived_us", r->arrived_us);
	json_number(j, "next_us", r->next_us);
	json_number(j, "attempts", r->attempts);
	json_text(j, "state", span_of(state(r)));
	json_text(j, "reason", span_of(reason_name(reason(r))));
	json_text(j, "sender", octets(r->sender, r->sender_len, ADDRESS_MAX));
	json_text(j, "rcpt", octets(r->rcpt, r->rcpt_len, ADDRESS_MAX));
	json_number(j, "code", r->last.code);
	json_text(j, "reply", last_text(r));
	json_close(j);
}
