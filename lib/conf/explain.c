#include "lib/conf/explain.h"

#include "lib/conf/value.h"

#define WIDTH 78

static const char *const reloads[] = {
	[RELOAD_LIVE] = "takes effect on reload",
	[RELOAD_SOCKETS] = "takes effect on reload; its socket is opened anew",
	[RELOAD_START] = "takes effect after stop and start",
};

/* Append `text` broken at blanks, each line indented by one tab. */
static bool
put_wrapped(struct buf *b, struct span text)
{
	size_t column = 0; /* 0: no line yet */
	bool fits = true;

	while (fits && text.len > 0) {
		struct span word = span_shift_upto(&text,
			span_find_octet(text, ' '));

		span_take(&text, ' ');
		if (word.len == 0)
			continue;
		if (column == 0 || column + 1 + word.len > WIDTH) {
			fits = buf_put_text(b, column == 0 ? "\t" : "\n\t");
			column = 8;
		} else
			fits = buf_push(b, ' ');
		fits = fits && buf_put(b, word);
		column += 1 + word.len;
	}
	return fits && buf_push(b, '\n');
}

static bool
put_title(struct buf *b, const struct setting *row)
{
	const char *section = section_row(row->section)->name;

	return (*section == 0 || (buf_put_text(b, section) &&
					 buf_put_text(b, " / "))) &&
		buf_put_text(b, row->name) && buf_push(b, '\n');
}

static bool
put_default(struct buf *b, const struct setting *row)
{
	if (!row->initial)
		return buf_put_text(b, "It must be given");
	if (*row->initial == 0)
		return buf_put_text(b, "It may be left out");
	return buf_put_text(b, "The default is ") &&
		buf_put_text(b, row->initial);
}

/* "Takes a number from 1 to 5. The default is 2; takes effect on reload." */
static bool
put_facts(struct buf *b, const struct setting *row)
{
	return buf_put_text(b, "Takes ") && value_put_expected(row, b) &&
		buf_put_text(b, ". ") && put_default(b, row) &&
		buf_put_text(b, "; ") && buf_put_text(b, reloads[row->reload]) &&
		buf_push(b, '.');
}

bool
put_explanation(struct buf *b, const struct setting *row)
{
	uint8_t storage[512];
	struct buf facts = BUF(storage);

	return put_title(b, row) && put_wrapped(b, span_of(row->help)) &&
		put_facts(&facts, row) && put_wrapped(b, buf_view(&facts)) &&
		buf_push(b, '\t') && buf_put_text(b, row->reference) &&
		buf_push(b, '\n');
}

/* --- manual page ----------------------------------------------------------- */

/* In roff a backslash is a command, and a dash a hyphen. */
static bool
put_roff(struct buf *b, struct span s)
{
	bool fits = true;

	while (fits && s.len > 0) {
		uint8_t c = span_shift(&s);

		if (c == '\\' || c == '-')
			fits = buf_push(b, '\\');
		fits = fits && (c == '\\' ? buf_push(b, 'e') : buf_push(b, c));
	}
	return fits;
}

static bool
put_manual_setting(struct buf *b, const struct setting *row)
{
	uint8_t storage[512];
	struct buf facts = BUF(storage);

	return buf_put_text(b, ".TP\n.B ") &&
		put_roff(b, span_of(row->name)) && buf_push(b, '\n') &&
		put_roff(b, span_of(row->help)) && buf_push(b, '\n') &&
		put_facts(&facts, row) && put_roff(b, buf_view(&facts)) &&
		buf_put_text(b, "\n(") && put_roff(b, span_of(row->reference)) &&
		buf_put_text(b, ")\n");
}

static bool
put_manual_section(struct buf *b, enum section section)
{
	const struct section_row *s = section_row(section);
	bool fits = buf_put_text(b, ".SS ") &&
		buf_put_text(b, *s->name ? s->name : "outside of sections") &&
		buf_push(b, '\n') && put_roff(b, span_of(s->help)) &&
		buf_push(b, '\n');

	for (size_t i = 0; fits && i < settings_count(); i++)
		if (setting_row(i)->section == section)
			fits = put_manual_setting(b, setting_row(i));
	return fits;
}

static const char manual_head[] =
	".TH POSTHOLD.CONF 5\n"
	".SH NAME\n"
	"posthold.conf \\- settings of a mail site\n"
	".SH DESCRIPTION\n"
	"One setting stands on each line: its name, a blank, its value.  A value "
	"with blanks stands in double quotes; there are no escapes.  Settings of "
	"a section stand between braces behind its name.  What follows # is a "
	"comment.  There are no includes and no expansions.\n"
	".PP\n"
	".B posthold conf check\n"
	"lists every error with its line and its remedy.  A site that runs keeps "
	"its settings when a changed file is refused.\n"
	".SH SETTINGS\n";

static const char manual_tail[] =
	".SH EXAMPLE\n"
	".EX\n"
	"host    mail.agency.example\n"
	"domain  agency.example\n"
	"\n"
	"permit mx {\n"
	"    address  0.0.0.0\n"
	"    port     25\n"
	"    reason   \"receive mail for agency.example\"\n"
	"    owner    \"J. Roe\"\n"
	"    expires  2027\\-11\\-24\n"
	"}\n"
	".EE\n"
	".SH FILES\n"
	".I /etc/posthold/posthold.conf\n"
	".SH SEE ALSO\n"
	".BR posthold (8)\n";

bool
put_manual(struct buf *b)
{
	bool fits = buf_put_text(b, manual_head);

	for (enum section s = 0; fits && s < SECTIONS; s++)
		fits = put_manual_section(b, s);
	return fits && buf_put_text(b, manual_tail);
}
