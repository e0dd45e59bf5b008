#include "lib/imap/search_parse.h"

#include "lib/base/must.h"
#include "lib/base/number.h"

/* What a key word takes and becomes. */
enum argument {
	ARG_NONE,
	ARG_FLAG,    /* nothing; mask and want are in the row */
	ARG_KEYWORD,
	ARG_STRING,  /* `field`, or the body                  */
	ARG_HEADER,  /* field name, then string               */
	ARG_DATE,
	ARG_SIZE,
	ARG_UIDS,
	ARG_NOT,
	ARG_OR,
};

struct key_row {
	struct span name;
	enum argument argument;
	enum search_op op;
	uint64_t mask, want;
	struct span field;
	bool negate;         /* the key is the opposite                   */
	bool one_day;        /* and also before the next day              */
};

#define FLAG_ROW(name, mask, want) \
	{ SPAN(name), ARG_FLAG, SEARCH_FLAG, mask, want, SPAN_NONE, 0, 0 }
#define FIELD_ROW(name, field)                                       \
	{ SPAN(name), ARG_STRING, SEARCH_HEADER_HAS, 0, 0, SPAN(field), \
		0, 0 }
#define ROW(name, argument, op, negate, one_day) \
	{ SPAN(name), argument, op, 0, 0, SPAN_NONE, negate, one_day }

static const struct key_row rows[] = {
	ROW("ALL", ARG_NONE, SEARCH_ALL, false, false),
	FLAG_ROW("ANSWERED", FLAG_ANSWERED, FLAG_ANSWERED),
	FIELD_ROW("BCC", "Bcc"),
	ROW("BEFORE", ARG_DATE, SEARCH_BEFORE, false, false),
	ROW("BODY", ARG_STRING, SEARCH_IN_BODY, false, false),
	FIELD_ROW("CC", "Cc"),
	FLAG_ROW("DELETED", FLAG_DELETED, FLAG_DELETED),
	FLAG_ROW("DRAFT", FLAG_DRAFT, FLAG_DRAFT),
	FLAG_ROW("FLAGGED", FLAG_FLAGGED, FLAG_FLAGGED),
	FIELD_ROW("FROM", "From"),
	ROW("HEADER", ARG_HEADER, SEARCH_HEADER_HAS, false, false),
	ROW("KEYWORD", ARG_KEYWORD, SEARCH_KEYWORD, false, false),
	ROW("LARGER", ARG_SIZE, SEARCH_LARGER, false, false),
	ROW("NEW", ARG_NONE, SEARCH_NONE, false, false),
	ROW("NOT", ARG_NOT, SEARCH_NOT, false, false),
	ROW("OLD", ARG_NONE, SEARCH_ALL, false, false),
	ROW("ON", ARG_DATE, SEARCH_SINCE, false, true),
	ROW("OR", ARG_OR, SEARCH_OR, false, false),
	ROW("RECENT", ARG_NONE, SEARCH_NONE, false, false),
	FLAG_ROW("SEEN", FLAG_SEEN, FLAG_SEEN),
	ROW("SENTBEFORE", ARG_DATE, SEARCH_SENT_BEFORE, false, false),
	ROW("SENTON", ARG_DATE, SEARCH_SENT_SINCE, false, true),
	ROW("SENTSINCE", ARG_DATE, SEARCH_SENT_SINCE, false, false),
	ROW("SINCE", ARG_DATE, SEARCH_SINCE, false, false),
	ROW("SMALLER", ARG_SIZE, SEARCH_SMALLER, false, false),
	FIELD_ROW("SUBJECT", "Subject"),
	ROW("TEXT", ARG_STRING, SEARCH_IN_TEXT, false, false),
	FIELD_ROW("TO", "To"),
	ROW("UID", ARG_UIDS, SEARCH_UIDS, false, false),
	FLAG_ROW("UNANSWERED", FLAG_ANSWERED, 0),
	FLAG_ROW("UNDELETED", FLAG_DELETED, 0),
	FLAG_ROW("UNDRAFT", FLAG_DRAFT, 0),
	FLAG_ROW("UNFLAGGED", FLAG_FLAGGED, 0),
	ROW("UNKEYWORD", ARG_KEYWORD, SEARCH_KEYWORD, true, false),
	FLAG_ROW("UNSEEN", FLAG_SEEN, 0),
};

/* What waits for keys that are still to come, instead of recursion. */
enum waiting_kind { ALL_KEYS, PARENTHESES, NEGATION, CHOICE };

struct waiting {
	enum waiting_kind kind;
	unsigned have; /* keys that came already */
};

struct parser {
	const struct search_context *context;
	struct search_program *program;
	struct waiting stack[SEARCH_DEPTH + 1];
	size_t depth;
};

static FALLIBLE
emit(struct parser *p, const struct search_key *key)
{
	struct search_program *out = p->program;
	struct search_key *k;

	if (out->keys == SEARCH_KEYS)
		return &fault_imap_too_big;
	k = &out->key[out->keys++];
	*k = *key;
	if (search_is_slow(k)) {
		if (out->slow == SEARCH_SLOW)
			return &fault_imap_too_big;
		k->slow = (uint8_t)out->slow++;
	}
	return OK;
}

static FALLIBLE
emit_op(struct parser *p, enum search_op op)
{
	return emit(p, &(struct search_key){ .op = op });
}

static FALLIBLE
push(struct parser *p, enum waiting_kind kind)
{
	if (p->depth > SEARCH_DEPTH)
		return &fault_imap_too_big;
	p->stack[p->depth++] = (struct waiting){ .kind = kind };
	return OK;
}

/* One more key is complete: finish what waited for it. */
static FALLIBLE
reduce(struct parser *p)
{
	for (;;) {
		struct waiting *w = &p->stack[p->depth - 1];

		w->have++;
		if (w->kind == ALL_KEYS || w->kind == PARENTHESES)
			return w->have > 1 ? emit_op(p, SEARCH_AND) : OK;
		if (w->kind == CHOICE && w->have < 2)
			return OK;
		TRY(emit_op(p, w->kind == CHOICE ? SEARCH_OR : SEARCH_NOT));
		p->depth--;
	}
}

/* A set of messages: one key for each range, joined with OR. */
static FALLIBLE
emit_set(struct parser *p, bool by_uid, struct span *in)
{
	const struct view *v = p->context->seen;
	struct set_maker *m = p->context->set;
	uint32_t star = 1;

	if (v->len > 0)
		star = by_uid ? v->at[v->len - 1].uid : (uint32_t)v->len;
	TRY(set_take(in, star, m));
	if (!by_uid)
		set_to_uids(m, v);
	if (m->len == 0)
		return emit_op(p, SEARCH_NONE);
	for (size_t i = 0; i < m->len; i++) {
		struct search_key k = { .op = SEARCH_UIDS, .uids = m->at[i] };

		TRY(emit(p, &k));
		if (i > 0)
			TRY(emit_op(p, SEARCH_OR));
	}
	return OK;
}

static bool
take_string_arg(struct parser *p, struct span *in, struct span *out)
{
	return take_sp(in) && take_astring(in, p->context->scratch, out);
}

/* The argument of a key that is complete with it. */
static FALLIBLE
take_argument(struct parser *p, const struct key_row *r, struct span *in)
{
	struct search_key k = { .op = r->op, .mask = r->mask, .want = r->want,
		.name = r->field };
	bool good = true;

	switch (r->argument) {
	case ARG_KEYWORD:
		good = take_sp(in) && take_atom(in, &k.text);
		break;
	case ARG_HEADER:
		good = take_string_arg(p, in, &k.name) &&
			take_string_arg(p, in, &k.text);
		break;
	case ARG_STRING:
		good = take_string_arg(p, in, &k.text);
		break;
	case ARG_DATE:
		good = take_sp(in) && take_date(in, &k.day);
		break;
	case ARG_SIZE:
		good = take_sp(in) && take_number(in, &k.size);
		break;
	case ARG_UIDS:
		return take_sp(in) ? emit_set(p, true, in) : &fault_imap_syntax;
	default:
		break;
	}
	if (!good)
		return &fault_imap_syntax;
	TRY(emit(p, &k));
	if (r->negate)
		TRY(emit_op(p, SEARCH_NOT));
	if (!r->one_day)
		return OK;
	k.op = k.op == SEARCH_SINCE ? SEARCH_BEFORE : SEARCH_SENT_BEFORE;
	k.day.us += DAYS(1);
	TRY(emit(p, &k));
	return emit_op(p, SEARCH_AND);
}

static const struct key_row *
find_row(struct span name)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (span_equals_nocase(name, rows[i].name))
			return &rows[i];
	return NULL;
}

/* The beginning of a search-key: a whole one, or one that others complete. */
static FALLIBLE
take_key(struct parser *p, struct span *in)
{
	const struct key_row *r;
	struct span name;

	if (span_take(in, '('))
		return push(p, PARENTHESES);
	if (in->len > 0 && (in->at[0] == '*' ||
			(in->at[0] >= '0' && in->at[0] <= '9'))) {
		TRY(emit_set(p, false, in));
		return reduce(p);
	}
	if (!take_atom(in, &name) || !(r = find_row(name)))
		return &fault_imap_syntax;
	if (r->argument == ARG_NOT || r->argument == ARG_OR) {
		TRY(push(p, r->argument == ARG_NOT ? NEGATION : CHOICE));
		return take_sp(in) ? OK : &fault_imap_syntax;
	}
	TRY(take_argument(p, r, in));
	return reduce(p);
}

/* Behind a complete key: ")" as often as it comes, then SP or the end. */
static FALLIBLE
take_between(struct parser *p, struct span *in)
{
	while (p->stack[p->depth - 1].kind == PARENTHESES &&
		p->stack[p->depth - 1].have > 0 && span_take(in, ')')) {
		p->depth--;
		TRY(reduce(p));
	}
	if (in->len == 0)
		return p->depth == 1 ? OK : &fault_imap_syntax;
	return take_sp(in) && in->len > 0 ? OK : &fault_imap_syntax;
}

/* "CHARSET" SP astring SP */
static FALLIBLE
take_charset(struct span *in, const struct search_context *c)
{
	struct span name;

	if (!span_take_nocase(in, SPAN("CHARSET ")))
		return OK;
	if (!take_astring(in, c->scratch, &name) || !take_sp(in))
		return &fault_imap_syntax;
	return span_equals_nocase(name, SPAN("UTF-8")) ||
			span_equals_nocase(name, SPAN("US-ASCII"))
		? OK : &fault_imap_charset;
}

FALLIBLE
search_parse(struct span in, const struct search_context *c,
	struct search_program *out)
{
	struct parser p = { .context = c, .program = out };

	out->keys = out->slow = 0;
	TRY(take_charset(&in, c));
	TRY(push(&p, ALL_KEYS));
	do {
		size_t keys = out->keys;

		TRY(take_key(&p, &in));
		/* "(" and "NOT " wait for a key at once */
		if (out->keys > keys)
			TRY(take_between(&p, &in));
		else if (in.len == 0)
			return &fault_imap_syntax;
	} while (in.len > 0);
	return p.depth == 1 ? OK : &fault_imap_syntax;
}

static enum search_value
both(enum search_value a, enum search_value b)
{
	if (a == SEARCH_FALSE || b == SEARCH_FALSE)
		return SEARCH_FALSE;
	return a == SEARCH_TRUE && b == SEARCH_TRUE ? SEARCH_TRUE
						    : SEARCH_UNKNOWN;
}

static enum search_value
opposite(enum search_value v)
{
	return v == SEARCH_UNKNOWN ? v
		: v == SEARCH_TRUE ? SEARCH_FALSE : SEARCH_TRUE;
}

enum search_value
search_run(const struct search_program *p, search_eval *eval,
	const void *context)
{
	enum search_value stack[SEARCH_KEYS];
	size_t n = 0;

	for (size_t i = 0; i < p->keys; i++) {
		const struct search_key *k = &p->key[i];

		if (k->op == SEARCH_NOT) {
			stack[n - 1] = opposite(stack[n - 1]);
		} else if (k->op == SEARCH_AND) {
			n--;
			stack[n - 1] = both(stack[n - 1], stack[n]);
		} else if (k->op == SEARCH_OR) {
			n--;
			stack[n - 1] = opposite(both(opposite(stack[n - 1]),
				opposite(stack[n])));
		} else {
			stack[n++] = eval(context, k);
		}
	}
	MUST(n == 1);
	return stack[0];
}
