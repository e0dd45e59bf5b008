#include "lib/conf/conf.h"

#include "lib/conf/value.h"

#define INDENT 20 /* column of the values */

static bool
put_padded(struct buf *b, const char *name)
{
	size_t used = b->len;

	if (!buf_put_text(b, name) || !buf_push(b, ' '))
		return false;
	while (b->len - used < INDENT)
		if (!buf_push(b, ' '))
			return false;
	return true;
}

static bool
put_setting(struct buf *b, const struct setting *row, const void *base)
{
	bool fits = true;

	for (size_t i = 0; fits && i < value_count(row, base); i++)
		fits = (row->section == SECTION_TOP || buf_push(b, '\t')) &&
			put_padded(b, row->name) &&
			value_put(row, base, i, b) && buf_push(b, '\n');
	return fits;
}

static bool
put_settings(struct buf *b, enum section section, const void *base)
{
	bool fits = true;

	for (size_t i = 0; fits && i < settings_count(); i++)
		if (setting_row(i)->section == section)
			fits = put_setting(b, setting_row(i), base);
	return fits;
}

static bool
put_permit(struct buf *b, const struct site_permit *p)
{
	return buf_put_text(b, "\npermit ") &&
		buf_put_text(b, service_name(p->service)) &&
		buf_put_text(b, " {\n") && put_settings(b, SECTION_PERMIT, p) &&
		buf_put_text(b, "}\n");
}

static bool
put_section(struct buf *b, enum section section, const struct site *s)
{
	return buf_push(b, '\n') &&
		buf_put_text(b, section_row(section)->name) &&
		buf_put_text(b, " {\n") && put_settings(b, section, s) &&
		buf_put_text(b, "}\n");
}

bool
put_site(struct buf *b, const struct site *s)
{
	bool fits = put_settings(b, SECTION_TOP, s);

	for (uint32_t i = 0; fits && i < s->permits_count; i++)
		fits = put_permit(b, &s->permits[i]);
	for (enum section n = SECTION_PERMIT + 1; fits && n < SECTIONS; n++)
		fits = put_section(b, n, s);
	return fits;
}
