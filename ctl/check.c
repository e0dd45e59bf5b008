/* posthold check: the standard, clause by clause.  Its exit codes are not those
 * of sysexits.h: 1 no verdict, else those of standard_exit. */
#include <stdio.h>
#include <string.h>

#include "ctl/command.h"
#include "lib/base/number.h"
#include "standard/evidence.h"
#include "standard/standard.h"
#include "sys/clock.h"
#include "sys/crypto.h"
#include "sys/json.h"
#include "sys/mac.h"
#include "trust/roles.h"

#define NO_VERDICT 1
#define CLAUSES    64

static struct site site;
static struct clause_result results[CLAUSES];
static size_t count;
static struct instant now; /* of the inspection */

/* --- text ------------------------------------------------------------------ */

static char
sign(const struct proof *p)
{
	static const char signs[] = { [MARK_MISSING] = '.', [MARK_GOOD] = '+',
		[MARK_REMARK] = '~', [MARK_BAD] = 'x', [MARK_ABSENT] = '-' };

	return signs[p->mark];
}

/* "S B C": the letters nobody could make. */
static void
put_missing(const struct clause_result *r, char out[8])
{
	size_t n = 0;

	for (enum letter l = 0; l < LETTERS; l++)
		if (r->proofs[l].mark == MARK_MISSING) {
			if (n > 0)
				out[n++] = ' ';
			out[n++] = "SBC"[l];
		}
	out[n] = 0;
}

/* Of the oldest letter. */
static void
print_age(const struct clause_result *r)
{
	int64_t oldest = now.us;

	for (enum letter l = 0; l < LETTERS; l++)
		if (r->proofs[l].mark != MARK_MISSING &&
			r->proofs[l].made.us < oldest)
			oldest = r->proofs[l].made.us;
	if (oldest == now.us)
		printf("   now");
	else if (now.us - oldest < HOURS(1))
		printf("   %d min", (int)((now.us - oldest) / MINUTES(1)));
	else
		printf("   %d h", (int)((now.us - oldest) / HOURS(1)));
}

static void
print_row(const struct clause_result *r)
{
	char missing[8];

	put_missing(r, missing);
	printf(" %-8s %-11s %-32s %c %c %c", state_word(r->state), r->clause->id,
		r->clause->title, sign(&r->proofs[STATIC]),
		sign(&r->proofs[BLACKBOX]), sign(&r->proofs[CONTINUOUS]));
	if (r->state == STATE_UNKNOWN)
		printf("   missing %s", missing);
	else if (r->state != STATE_ABSENT)
		print_age(r);
	putchar('\n');
}

/* Text broken at blanks, so that no line has more than 80 columns. */
static void
print_wrapped(const char *label, const char *text)
{
	struct span rest = span_of(text);
	int column = printf("    %-7s", label);

	while (rest.len > 0) {
		struct span word = span_shift_upto(&rest,
			span_find_octet(rest, ' '));

		span_take(&rest, ' ');
		if (column + 1 + (int)word.len > 79 && column > 11)
			column = printf("\n           ") - 1;
		column += printf(" %.*s", (int)word.len,
			(const char *)word.at);
	}
	putchar('\n');
}

static void
print_detail(const struct clause_result *r)
{
	if (r->state == STATE_PASS || r->state == STATE_ABSENT)
		return;
	printf("\n%s  %s\n", r->clause->id, state_word(r->state));
	print_wrapped("reading", r->clause->reading);
	for (enum letter l = 0; l < LETTERS; l++) {
		const struct proof *p = &r->proofs[l];

		if (!p->looked[0])
			continue;
		printf("  %c %s\n", "SBC"[l], mark_word(p->mark));
		print_wrapped("looked", p->looked);
		print_wrapped("found", p->found);
		if (p->remedy[0])
			print_wrapped("fix", p->remedy);
	}
}

static size_t
count_state(enum state s)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		n += results[i].state == s;
	return n;
}

static void
print_text(const struct inspection *i, int code)
{
	printf("Electronic Mail Server Security Standard of 7 November 2008\n"
	       "host %s  settings %s\n\n"
	       " state    clause      %-32s S B C   evidence\n",
		i->site->host, i->settings, "title");
	for (int s = STATE_FAIL; s >= 0; s--)
		for (size_t n = 0; n < count; n++)
			if (results[n].state == (enum state)s)
				print_row(&results[n]);
	for (int s = STATE_FAIL; s >= 0; s--)
		for (size_t n = 0; n < count; n++)
			if (results[n].state == (enum state)s)
				print_detail(&results[n]);
	if (!site_owns_host(i->site))
		puts("\nThis host is not the site's alone: of sockets and accounts "
		     "only those of the\nsite are judged.");
	if (i->site->role == SITE_LOCAL)
		puts("\nA host that only sends: NC-2.1.9.  The server that it sends "
		     "to answers for the\nothers.");
	printf("\nS static, B asked over the network from this host, C continuous\n"
	       "+ good  ~ remark  x bad  . missing  - not applicable\n\n"
	       "%zu satisfied, %zu with a remark, %zu failed, %zu unknown or "
	       "stale, "
	       "%zu not applicable\n"
	       "VERDICT: %s  (exit %d)\n",
		count_state(STATE_PASS), count_state(STATE_WARN),
		count_state(STATE_FAIL),
		count_state(STATE_UNKNOWN) + count_state(STATE_STALE),
		count_state(STATE_ABSENT), verdict_word(code), code);
}

/* --- JSON ------------------------------------------------------------------ */

static void
add_proof(struct json *j, enum letter l, const struct proof *p)
{
	uint8_t storage[40];
	struct buf at = BUF(storage);

	json_open_object(j, letter_name(l));
	json_text(j, "state", span_of(mark_word(p->mark)));
	if (p->looked[0]) {
		(void)put_date_rfc3339(&at, p->made);
		json_text(j, "at", buf_view(&at));
		json_text(j, "looked", span_of(p->looked));
		json_text(j, "found", span_of(p->found));
		json_text(j, "fix", span_of(p->remedy));
	}
	json_close(j);
}

static void
add_clause(struct json *j, const struct clause_result *r)
{
	char missing[8];

	put_missing(r, missing);
	json_open_object(j, NULL);
	json_text(j, "clause", span_of(r->clause->id));
	json_text(j, "state", span_of(state_word(r->state)));
	json_bool(j, "shall", r->clause->duty == SHALL);
	json_text(j, "title", span_of(r->clause->title));
	json_text(j, "reading", span_of(r->clause->reading));
	for (enum letter l = 0; l < LETTERS; l++)
		add_proof(j, l, &r->proofs[l]);
	json_text(j, "missing", span_of(missing));
	json_number(j, "max_age_s", r->clause->max_age_us / SECONDS(1));
	json_close(j);
}

static bool
print_json(const struct inspection *i, int code)
{
	OWNED(json_drop) struct json j = { 0 };

	json_start(&j);
	json_text(&j, "host", SITE_TEXT(i->site->host));
	json_open_array(&j, "clauses");
	for (size_t n = 0; n < count; n++)
		add_clause(&j, &results[n]);
	json_close(&j);
	json_text(&j, "verdict", span_of(verdict_word(code)));
	json_number(&j, "exit", code);
	return json_print(&j);
}

/* --- the verb -------------------------------------------------------------- */

/* A host that only sends answers for NC-2.1.9; the others are about mail servers,
 * and the one it sends to answers them. */
static const char local_clauses[] = "NC-2.1.9.a,NC-2.1.9.b,NC-2.1.9.c,"
	"NC-2.1.9.d,NC-2.1.9.e";

/* All clauses, or those of a list with commas. */
static bool
choose(const char *wanted)
{
	struct span list = span_of(wanted ? wanted : "");

	count = 0;
	for (size_t n = 0; !wanted && n < clauses_count(); n++)
		results[count++].clause = clause_row(n);
	while (list.len > 0) {
		const struct clause *c = clause_find(span_shift_upto(&list,
			span_find_octet(list, ',')));

		span_take(&list, ',');
		if (!c || count == CLAUSES)
			return false;
		results[count++].clause = c;
	}
	return count > 0;
}

/* Make what can be made now, take the rest from what was kept, and keep all. */
static void
judge(const struct inspection *i)
{
	const struct fault *f;

	clauses_try(results, count, i);
	evidence_fill(site.evidence_directory, results, count);
	for (size_t n = 0; n < count; n++)
		results[n].state = clause_combine(results[n].clause,
			results[n].proofs, i->now);
	f = evidence_keep(site.evidence_directory, results, count);
	if (f)
		complain_fault(f, site.evidence_directory,
			"what was proven is not kept; are you root?");
}

int
check_site(struct call *c)
{
	struct where where = { 0 };
	const char *clause = NULL, *format = "text";
	bool strict = false, json;
	const struct option options[] = { WHERE_OPTIONS(&where),
		{ "--clause", "ID,...", &clause, NULL, "only these" },
		{ "--format", "FORMAT", &format, NULL, "text or json" },
		{ "--strict", NULL, NULL, &strict,
			"remarks count: exit 4 instead of 0" } };
	struct inspection i = { .site = &site };
	int code = options_take(c, options, COUNT_OF(options));

	if (code >= 0)
		return code;
	if (!clause && BUILD_LOCAL)
		clause = local_clauses;
	if (!choose(clause))
		return complain(EX_USAGE, clause,
			"no such clause; `posthold check` lists all");
	json = strcmp(format, "json") == 0;
	if (!json && strcmp(format, "text") != 0)
		return complain(EX_USAGE, format, "write text or json");
	if (where_load(&where, false, &site) >= 0 || crypto_start())
		return complain(NO_VERDICT, "no verdict",
			"see the messages above");
	mac_start();
	i.settings = where_path(&where);
	i.now = now = clock_instant();
	judge(&i);
	code = standard_exit(results, count, strict);
	if (!json)
		print_text(&i, code);
	else if (!print_json(&i, code))
		return NO_VERDICT;
	return code;
}
