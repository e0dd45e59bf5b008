/* posthold conf */
#include <stdio.h>
#include <string.h>

#include "ctl/command.h"
#include "lib/base/number.h"
#include "lib/conf/conf.h"
#include "lib/conf/explain.h"

static struct site site;
static uint8_t storage[KiB(128)];

static int
print(const struct buf *b)
{
	fwrite(b->at, 1, b->len, stdout);
	return fflush(stdout) == 0
		? EX_OK
		: complain(EX_IOERR, "cannot write to standard output", NULL);
}

int
conf_check(struct call *c)
{
	struct where where = { 0 };
	const struct option options[] = { WHERE_OPTIONS(&where) };
	int code = options_take(c, options, COUNT_OF(options));

	if (code < 0)
		code = where_load(&where, true, &site);
	if (code >= 0)
		return code;
	printf("%s: good: %u domain%s, %u permit%s\n", where_path(&where),
		site.domains_count, site.domains_count == 1 ? "" : "s",
		site.permits_count, site.permits_count == 1 ? "" : "s");
	return EX_OK;
}

int
conf_show(struct call *c)
{
	struct where where = { 0 };
	const struct option options[] = { WHERE_OPTIONS(&where) };
	struct buf text = BUF(storage);
	int code = options_take(c, options, COUNT_OF(options));

	if (code < 0)
		code = where_load(&where, false, &site);
	if (code >= 0)
		return code;
	if (!put_site(&text, &site))
		return complain(EX_SOFTWARE, "the settings do not fit", NULL);
	return print(&text);
}

/* Every setting of that name, in whichever section. */
static bool
explain_name(struct buf *b, struct span name)
{
	bool found = false;

	for (size_t i = 0; i < settings_count(); i++)
		if (span_equals(span_of(setting_row(i)->name), name) ||
			span_equals(span_of(section_row(
					    setting_row(i)->section)->name),
				name)) {
			(void)put_explanation(b, setting_row(i));
			found = true;
		}
	return found;
}

int
conf_explain(struct call *c)
{
	struct buf text = BUF(storage);
	int code = options_take(c, NULL, 0);

	if (code >= 0)
		return code;
	for (size_t i = 0; c->count == 0 && i < settings_count(); i++)
		(void)put_explanation(&text, setting_row(i));
	for (int i = 0; i < c->count; i++)
		if (!explain_name(&text, span_of(c->words[i])))
			return complain(EX_USAGE, c->words[i],
				"no such setting; `posthold conf explain` "
				"lists all");
	return print(&text);
}
