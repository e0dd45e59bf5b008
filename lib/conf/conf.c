#include "lib/conf/conf.h"

#include "lib/base/must.h"
#include "lib/base/number.h"
#include "lib/conf/rules.h"
#include "lib/conf/token.h"
#include "lib/conf/value.h"

struct parser {
	struct scanner in;
	struct token ahead; /* the next token, looked at but not taken */
	struct site *site;
	struct conf_errors *errors;
	struct conf_lines lines;

	/* the section that is open */
	enum section section;
	uint32_t opened;   /* its line; 0: none                        */
	uint32_t sections; /* bit set of the sections seen             */
	struct site_permit *permit; /* NULL: a permit too many          */
};

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
complain(struct parser *p, uint32_t line, struct span key, const char *text)
{
	conf_errors_add(p->errors, WEIGHT_ERROR, line, key, span_of(text));
}

/* "not a number; give a number from 1 to 65535" */
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

/* "unknown; did you mean `port`?" and the like */
static void
complain_unknown(struct parser *p, const struct token *name)
{
	uint8_t storage[200];
	struct buf text = BUF(storage);
	enum section other = setting_elsewhere(p->section, name->text);
	const char *near = setting_nearest(p->section, name->text);
	bool fits = buf_put_text(&text, "unknown setting; ");

	if (other == SECTION_TOP)
		fits = fits && buf_put_text(&text,
			"it belongs outside of every section");
	else if (other < SECTIONS)
		fits = fits && buf_put_text(&text, "it belongs into section ") &&
			buf_put_text(&text, section_row(other)->name);
	else if (near)
		fits = fits && buf_put_text(&text, "did you mean \"") &&
			buf_put_text(&text, near) && buf_put_text(&text, "\"?");
	else
		fits = fits && buf_put_text(&text,
			"`posthold conf explain` lists all");
	MUST(fits);
	conf_errors_add(p->errors, WEIGHT_ERROR, name->line, name->text,
		buf_view(&text));
}

/* Everything up to the end of the line, or the end of the section. */
static void
skip_line(struct parser *p)
{
	while (p->ahead.kind != TOKEN_LINE && p->ahead.kind != TOKEN_END &&
		(p->ahead.kind != TOKEN_CLOSE || p->opened == 0))
		advance(p);
}

/* --- settings -------------------------------------------------------------- */

static uint32_t *
line_of(struct parser *p, const struct setting *row)
{
	return &p->lines.setting[row - setting_row(0)];
}

static void *
base_of(struct parser *p, const struct setting *row)
{
	return row->section == SECTION_PERMIT ? (void *)p->permit
					      : (void *)p->site;
}

static void
set(struct parser *p, const struct setting *row, const struct token *value)
{
	uint32_t *line = line_of(p, row);
	const char *wrong;

	if (*line > 0 && row->most == 0) {
		complain(p, value->line, span_of(row->name),
			"set a second time; remove one of the two");
		return;
	}
	*line = value->line;
	wrong = base_of(p, row)
		? value_take(row, value->text, base_of(p, row))
		: NULL;
	if (wrong)
		complain_value(p, value->line, row, wrong);
	else if (row->at == offsetof(struct site, domains) &&
		row->section == SECTION_TOP)
		p->lines.domain[p->site->domains_count - 1] = value->line;
}

/* What follows a value outside of sections is a value that lost its quotes. */
static void
expect_line_end(struct parser *p, struct span key)
{
	if (p->opened > 0 || p->ahead.kind == TOKEN_LINE ||
		p->ahead.kind == TOKEN_END)
		return;
	complain(p, p->ahead.line, key,
		"more than one value on the line; put a value with blanks "
		"into quotes");
	skip_line(p);
}

static void
complain_no_value(struct parser *p, const struct token *name,
	const struct setting *row)
{
	bool bad = p->ahead.kind == TOKEN_BAD;

	if (bad)
		conf_errors_add(p->errors, WEIGHT_ERROR, name->line,
			name->text, p->ahead.text);
	else if (row)
		complain_value(p, name->line, row, "its value is missing");
	if (row && bad)
		*line_of(p, row) = name->line;
	if (bad || p->ahead.kind == TOKEN_OPEN)
		skip_line(p);
}

static void
parse_setting(struct parser *p, const struct token *name)
{
	const struct setting *row = setting_find(p->section, name->text);
	struct token value = p->ahead;

	if (!row)
		complain_unknown(p, name);
	if (!at_value(p)) {
		complain_no_value(p, name, row);
		return;
	}
	advance(p);
	if (row)
		set(p, row, &value);
	else if (p->opened == 0)
		skip_line(p);
	expect_line_end(p, name->text);
}

/* --- sections -------------------------------------------------------------- */

static void
forget_lines(struct parser *p, enum section section)
{
	for (size_t i = 0; i < settings_count(); i++)
		if (setting_row(i)->section == section)
			p->lines.setting[i] = 0;
}

/* Defaults of what was not set; what has none must have been set. */
static void
complete(struct parser *p, enum section section, uint32_t line)
{
	for (size_t i = 0; i < settings_count(); i++) {
		const struct setting *row = setting_row(i);
		const char *wrong = NULL;

		if (row->section != section || p->lines.setting[i] > 0 ||
			!base_of(p, row))
			continue;
		if (!row->initial)
			complain_value(p, line, row, "missing");
		else if (*row->initial != 0)
			wrong = value_take(row, span_of(row->initial),
				base_of(p, row));
		MUST(!wrong);
	}
}

static uint32_t
take_service(struct span label)
{
	for (uint32_t s = SERVICE_NONE + 1; s < SERVICES; s++)
		if (span_equals(label, span_of(service_name(s))))
			return s;
	return SERVICE_NONE;
}

static void
open_permit(struct parser *p, uint32_t line)
{
	struct token label = p->ahead;
	uint32_t n = p->site->permits_count;

	p->permit = NULL;
	if (n == SITE_PERMITS)
		complain(p, line, SPAN("permit"),
			"more than 16 permits; remove those that have expired");
	else
		p->permit = &p->site->permits[n];
	if (at_value(p))
		advance(p);
	if (!p->permit)
		return;
	p->permit->service = label.kind == TOKEN_WORD ? take_service(label.text)
						      : SERVICE_NONE;
	if (p->permit->service == SERVICE_NONE)
		complain(p, label.line, SPAN("permit"),
			"names no service; write mx, submissions, submission "
			"or imaps behind it, or local or lmtp");
	p->lines.permit[n] = line;
	p->site->permits_count = n + 1;
}

static void
open_section(struct parser *p, enum section section, uint32_t line)
{
	struct span name = span_of(section_row(section)->name);

	if (section == SECTION_PERMIT)
		open_permit(p, line);
	else if (p->sections & 1u << section)
		complain(p, line, name,
			"the section stands here a second time; join the two");
	p->sections |= 1u << section;
	if (p->ahead.kind != TOKEN_OPEN) {
		complain(p, line, name, "\"{\" expected behind it");
		skip_line(p);
		return;
	}
	advance(p);
	p->section = section;
	p->opened = line;
	if (section == SECTION_PERMIT)
		forget_lines(p, section);
}

static void
close_section(struct parser *p)
{
	if (p->section == SECTION_PERMIT)
		complete(p, SECTION_PERMIT, p->opened);
	p->section = SECTION_TOP;
	p->opened = 0;
	p->permit = NULL;
}

static void
parse_close(struct parser *p, const struct token *t)
{
	if (p->opened == 0) {
		complain(p, t->line, SPAN("}"),
			"closes nothing; remove it");
		return;
	}
	close_section(p);
	expect_line_end(p, SPAN("}"));
}

static void
parse_name(struct parser *p, const struct token *t)
{
	enum section section = section_find(t->text);

	if (section == SECTIONS) {
		parse_setting(p, t);
		return;
	}
	if (p->opened > 0) {
		complain(p, t->line, t->text,
			"a section cannot stand inside another; close the "
			"other with \"}\" before it");
		close_section(p);
	}
	open_section(p, section, t->line);
}

/* --- the file -------------------------------------------------------------- */

/* Each turn takes at least one token. */
static void
parse_file(struct parser *p)
{
	while (p->ahead.kind != TOKEN_END) {
		struct token t = p->ahead;

		advance(p);
		switch (t.kind) {
		case TOKEN_WORD:
			parse_name(p, &t);
			break;
		case TOKEN_CLOSE:
			parse_close(p, &t);
			break;
		case TOKEN_STRING:
			complain(p, t.line, SPAN("\"\""),
				"a quoted text where the name of a setting "
				"belongs; write the name before it");
			break;
		case TOKEN_OPEN:
			complain(p, t.line, SPAN("{"),
				"opens a section without a name; write its "
				"noun before it");
			break;
		case TOKEN_BAD:
			conf_errors_add(p->errors, WEIGHT_ERROR, t.line,
				SPAN("file"), t.text);
			skip_line(p);
			break;
		case TOKEN_LINE:
		case TOKEN_END:
			break;
		}
	}
}

static void
finish(struct parser *p, struct instant now)
{
	uint32_t last = p->in.line;

	if (p->opened > 0) {
		complain(p, p->opened, span_of(section_row(p->section)->name),
			"the section is not closed; add \"}\"");
		close_section(p);
	}
	for (enum section s = 0; s < SECTIONS; s++)
		if (s != SECTION_PERMIT)
			complete(p, s, last);
	if (p->site->permits_count == 0 && p->site->role == SITE_MAIL)
		complain(p, last, SPAN("permit"),
			"missing: without a permit nothing listens; add one, "
			"such as permit mx { ... }");
	conf_judge(p->site, &p->lines, now, p->errors);
	conf_errors_sort(p->errors);
}

FALLIBLE
conf_parse(struct span text, struct instant now, struct site *out,
	struct conf_errors *errors)
{
	struct parser p = { .site = out, .errors = errors };

	MUST(settings_count() <= SETTINGS_MOST);
	conf_errors_init(errors);
	memset(out, 0, sizeof *out);
	if (text.len > CONF_LARGEST) {
		complain(&p, 1, SPAN("file"), "larger than 256 KiB; shorten it");
		return &fault_conf_refused;
	}
	scanner_init(&p.in, text);
	advance(&p);
	parse_file(&p);
	finish(&p, now);
	if (errors->refused > 0) {
		memset(out, 0, sizeof *out);
		return &fault_conf_refused;
	}
	out->magic = SITE_MAGIC;
	out->version = SITE_VERSION;
	out->size = sizeof *out;
	return OK;
}
