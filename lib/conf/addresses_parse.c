/* addresses_parse.c -- the file of addresses, from text to entries. */
#include "lib/base/ip.h"
#include "lib/base/must.h"
#include "lib/base/number.h"
#include "lib/conf/addresses_table.h"
#include "lib/conf/token.h"
#include "lib/conf/value.h"
#include "lib/policy/address_class.h"

#define PERMIT_LONGEST DAYS(366)
#define RELAY_NAME     64

struct parser {
	struct scanner in;
	struct token ahead;
	struct instant now;
	const struct site *site;
	struct addresses *a;
	struct conf_errors *errors;
	struct entry *entry; /* whose section is open; NULL: a bad one */
	bool opened;
	uint32_t seen; /* bit set of rows */
};

/* --- errors ---------------------------------------------------------------- */

static void
complain(struct parser *p, uint32_t line, struct span key, const char *text)
{
	conf_errors_add(p->errors, WEIGHT_ERROR, line, key, span_of(text));
}

static void
complain_value(struct parser *p, uint32_t line, const struct setting *row,
	const char *wrong)
{
	uint8_t storage[250];
	struct buf text = BUF(storage);

	if (buf_put_text(&text, wrong) && buf_put_text(&text, "; give "))
		(void)value_put_expected(row, &text);
	conf_errors_add(p->errors, WEIGHT_ERROR, line, span_of(row->name),
		buf_view(&text));
}

/* --- tokens ---------------------------------------------------------------- */

static void
advance(struct parser *p)
{
	p->ahead = token_next(&p->in);
}

static bool
at_value(const struct parser *p)
{
	return p->ahead.kind == TOKEN_WORD || p->ahead.kind == TOKEN_STRING;
}

static void
skip_line(struct parser *p)
{
	while (p->ahead.kind != TOKEN_LINE && p->ahead.kind != TOKEN_END &&
		(p->ahead.kind != TOKEN_CLOSE || !p->opened))
		advance(p);
}

/* --- texts ----------------------------------------------------------------- */

static struct span
keep_lower(struct parser *p, struct span s)
{
	struct buf *text = &p->a->text;
	size_t start = text->len;

	for (size_t i = 0; i < s.len; i++)
		MUST(buf_push(text, octet_lower(s.at[i])));
	return span_at(text->at + start, s.len);
}

/* --- addresses ------------------------------------------------------------- */

/* The canonical form, kept; SPAN_NONE after a complaint. */
static struct span
keep_address(struct parser *p, const struct token *t)
{
	struct buf *text = &p->a->text;
	size_t start = text->len;
	struct address a;

	if (address_parse(t->text, &a) || a.is_literal ||
		address_canonical(&a, text)) {
		complain(p, t->line, t->text,
			"no address; write local@domain");
		return SPAN_NONE;
	}
	if (!site_represents(p->site, a.domain)) {
		complain(p, t->line, t->text,
			"its domain is not represented here, and mail is not "
			"forwarded to others (NC-2.1.6); name an address here");
		return SPAN_NONE;
	}
	return span_at(text->at + start, text->len - start);
}

static struct span
keep_login(struct parser *p, const struct token *t)
{
	if (t->text.len < 1 || t->text.len > LOCAL_MAX ||
		!token_is_word(t->text)) {
		complain(p, t->line, t->text, "no login");
		return SPAN_NONE;
	}
	return keep_lower(p, t->text);
}

static void
add_target(struct parser *p, const struct token *t, enum line_kind kind)
{
	struct addresses *a = p->a;
	struct span address = kind == LINE_LOGIN ? keep_login(p, t)
						 : keep_address(p, t);

	if (!span_is_set(address) || !p->entry)
		return;
	if (a->targets_count == TARGETS_MOST) {
		complain(p, t->line, t->text,
			"more than 50000 lines of addresses; divide the groups");
		return;
	}
	a->targets[a->targets_count++] = (struct target){ .address = address,
		.entry = ENTRY_NONE,
		.line = t->line,
		.is_sender = kind == LINE_SENDER };
	p->entry->count++;
}

/* --- addresses of hosts ---------------------------------------------------- */

/* "specific IPs": a few hosts, not a network of them. */
static const char *
take_prefix(struct span text, uint8_t from[16], uint32_t *bits)
{
	struct span host = span_shift_upto(&text, span_find_octet(text, '/'));
	uint64_t n = 0, all, least;

	if (!ip_parse(host, from))
		return "no address; write 192.0.2.1 or 192.0.2.8/29";
	all = ip_is_v4(from) ? 32 : 128;
	least = ip_is_v4(from) ? 29 : 120;
	n = all;
	if (span_take(&text, '/') && number_parse(text, 0, all, &n))
		return "no prefix; write 192.0.2.8/29";
	if (n < least)
		return "too many hosts: at least /29, or /120 of IPv6 "
		       "(NC-2.1.5)";
	for (uint64_t i = n; i < all; i++)
		if (from[15 - (all - 1 - i) / 8] & 1u << (all - 1 - i) % 8)
			return "has bits behind its prefix; write the first "
			       "address of it";
	*bits = (uint32_t)(128 - all + n);
	return NULL;
}

static bool
is_of_no_host(const uint8_t from[16])
{
	enum address_class c = address_class(from);

	return c == ADDRESS_LOOPBACK || c == ADDRESS_UNSPECIFIED ||
		c == ADDRESS_MULTICAST;
}

static void
take_from(struct parser *p, const struct token *t)
{
	const char *wrong =
		take_prefix(t->text, p->entry->from, &p->entry->bits);

	if (!wrong && is_of_no_host(p->entry->from))
		wrong = "every program of this host, or no host at all; name "
			"another";
	if (wrong)
		complain(p, t->line, SPAN("from"), wrong);
}

/* --- lines of a section ---------------------------------------------------- */

static const struct line_row *
find_row(struct span name)
{
	for (size_t i = 0; i < LINE_ROWS; i++)
		if (span_equals(span_of(line_rows[i].value.name), name))
			return &line_rows[i];
	return NULL;
}

static void
set(struct parser *p, const struct line_row *row, const struct token *value)
{
	uint32_t bit = 1u << (row - line_rows);
	const char *wrong;

	if (p->seen & bit &&
		(row->kind == LINE_VALUE || row->kind == LINE_FROM)) {
		complain(p, value->line, span_of(row->value.name),
			"set a second time; remove one of the two");
		return;
	}
	p->seen |= bit;
	if (row->kind == LINE_FROM) {
		take_from(p, value);
		return;
	}
	if (row->kind != LINE_VALUE) {
		add_target(p, value, row->kind);
		return;
	}
	wrong = value_take(&row->value, value->text, p->entry);
	if (wrong)
		complain_value(p, value->line, &row->value, wrong);
}

static void
parse_line(struct parser *p, const struct token *name)
{
	const struct line_row *row = find_row(name->text);
	struct token value = p->ahead;

	if (!at_value(p)) {
		complain(p, name->line, name->text, "its value is missing");
		if (row)
			p->seen |= 1u << (row - line_rows);
		skip_line(p);
		return;
	}
	advance(p);
	if (!p->entry)
		return;
	if (!row || !(row->kinds & IN(p->entry->kind)))
		complain(p, name->line, name->text,
			"does not belong here; posthold-addresses(5) says "
			"what does");
	else
		set(p, row, &value);
}

/* --- sections -------------------------------------------------------------- */

static uint32_t
kind_of(struct span noun)
{
	for (uint32_t i = 0; i < ENTRY_KINDS; i++)
		if (span_equals(span_of(entry_rows[i].noun), noun))
			return i;
	return ENTRY_KINDS;
}

/* Behind a first octet, which no canonical address has: none is another entry's
 * name. */
static struct span
keep_behind(struct parser *p, char first, struct span s)
{
	size_t start = p->a->text.len;

	MUST(buf_push(&p->a->text, (uint8_t)first));
	keep_lower(p, s);
	return span_at(p->a->text.at + start, s.len + 1);
}

static struct span
keep_domain(struct parser *p, const struct token *t)
{
	if (!site_represents(p->site, t->text)) {
		complain(p, t->line, t->text,
			"no represented domain; see `domain` of the settings");
		return SPAN_NONE;
	}
	return keep_behind(p, '@', t->text);
}

static struct span
keep_name(struct parser *p, uint32_t kind, const struct token *label)
{
	struct span address;

	if (kind == ENTRY_CATCH_ALL)
		return keep_domain(p, label);
	if (kind == ENTRY_RELAY && (!token_is_word(label->text) ||
					   label->text.len >= RELAY_NAME)) {
		complain(p, label->line, label->text, "no name; write a word");
		return SPAN_NONE;
	}
	if (kind == ENTRY_RELAY)
		return keep_behind(p, '<', label->text);
	address = keep_address(p, label);
	return kind == ENTRY_SEND_AS && span_is_set(address)
		? keep_behind(p, ' ', address)
		: address;
}

static struct entry *
add_entry(struct parser *p, uint32_t kind, const struct token *label)
{
	struct addresses *a = p->a;
	struct span name = keep_name(p, kind, label);
	uint32_t i;

	if (!span_is_set(name))
		return NULL;
	if (table_find(&a->table, name) != TABLE_NONE) {
		complain(p, label->line, label->text,
			"stands here a second time; join the two");
		return NULL;
	}
	i = table_insert(&a->table, name);
	if (i == TABLE_NONE) {
		complain(p, label->line, label->text,
			"more than 10000 entries; remove some");
		return NULL;
	}
	a->entries[i] = (struct entry){ .kind = kind, .line = label->line,
		.name = name, .first = a->targets_count };
	a->entries_count = i + 1;
	return &a->entries[i];
}

static void
open_section(struct parser *p, const struct token *noun, uint32_t kind)
{
	struct token label = p->ahead;

	p->entry = NULL;
	p->seen = 0;
	if (!at_value(p)) {
		complain(p, noun->line, noun->text,
			"write the address or domain behind it");
		skip_line(p);
		return;
	}
	advance(p);
	p->entry = add_entry(p, kind, &label);
	if (p->ahead.kind != TOKEN_OPEN) {
		complain(p, noun->line, noun->text, "\"{\" expected behind it");
		skip_line(p);
		return;
	}
	advance(p);
	p->opened = true;
}

static void
judge_permit(struct parser *p, const struct entry *e)
{
	if (e->expires_us - p->now.us > PERMIT_LONGEST)
		complain(p, e->line, SPAN("expires"),
			"the permit is for more than 366 days; choose a "
			"nearer date (NC-2.1.1)");
	if (e->expires_us != 0 && e->expires_us <= p->now.us)
		conf_errors_add(p->errors, WEIGHT_WARNING, e->line,
			SPAN("expires"),
			SPAN("the permit has expired and does nothing; review "
			     "it and set a new date, or remove it"));
}

static void
close_section(struct parser *p)
{
	const struct entry *e = p->entry;

	p->opened = false;
	p->entry = NULL;
	if (!e)
		return;
	for (size_t i = 0; i < LINE_ROWS; i++)
		if (line_rows[i].needed & IN(e->kind) && !(p->seen & 1u << i))
			complain(p, e->line, span_of(line_rows[i].value.name),
				"missing in this section");
	if (e->kind == ENTRY_RELAY && e->count > RELAY_SENDERS)
		complain(p, e->line, SPAN("sender"), "more than 16");
	judge_permit(p, e);
}

static void
parse_word(struct parser *p, const struct token *t)
{
	uint32_t kind = kind_of(t->text);

	if (p->opened && kind == ENTRY_KINDS) {
		parse_line(p, t);
		return;
	}
	if (p->opened) {
		complain(p, t->line, t->text,
			"the section before it is not closed; add \"}\"");
		close_section(p);
	}
	if (kind < ENTRY_KINDS) {
		open_section(p, t, kind);
		return;
	}
	complain(p, t->line, t->text,
		"no such section; write alias, group, catch-all, send-as or "
		"relay");
	skip_line(p);
}

/* --- the file -------------------------------------------------------------- */

/* Each turn takes at least one token. */
static void
parse_file(struct parser *p)
{
	while (p->ahead.kind != TOKEN_END) {
		struct token t = p->ahead;

		advance(p);
		if (t.kind == TOKEN_LINE)
			continue;
		if (t.kind == TOKEN_WORD)
			parse_word(p, &t);
		else if (t.kind == TOKEN_CLOSE && p->opened)
			close_section(p);
		else
			complain(p, t.line, SPAN("file"),
				t.kind == TOKEN_BAD
					? "an octet or quote that cannot stand "
					  "there; remove it"
					: "a sign that opens or closes nothing; "
					  "remove it");
	}
	if (p->opened) {
		complain(p, p->in.line, SPAN("file"),
			"the last section is not closed; add \"}\"");
		close_section(p);
	}
}

/* Only now are all entries known. */
static void
link_targets(struct addresses *a)
{
	for (uint32_t i = 0; i < a->targets_count; i++) {
		struct target *t = &a->targets[i];
		uint32_t e = table_find(&a->table, t->address);

		if (e != TABLE_NONE && !t->is_sender)
			t->entry = e;
	}
}

FALLIBLE
addresses_parse(struct span text, const struct site *site, struct instant now,
	struct addresses *out, struct conf_errors *errors)
{
	struct parser p = { .now = now, .site = site, .a = out,
		.errors = errors };

	conf_errors_init(errors);
	addresses_init(out);
	if (text.len > ADDRESSES_LARGEST) {
		complain(&p, 1, SPAN("file"), "larger than 4 MiB; shorten it");
		return &fault_conf_refused;
	}
	scanner_init(&p.in, text);
	advance(&p);
	parse_file(&p);
	link_targets(out);
	addresses_judge(out, errors);
	conf_errors_sort(errors);
	if (errors->refused == 0)
		return OK;
	addresses_init(out);
	return &fault_conf_refused;
}
