/* posthold conf */
#include <stdio.h>
#include <string.h>

#include "ctl/command.h"
#include "lib/base/number.h"
#include "lib/conf/conf.h"
#include "lib/conf/explain.h"
#include "sys/performance.h"

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

/* NC-2.1.8: no limit above what the machine was measured to do. */
static int
check_capacity(void)
{
	struct capacity c;
	const struct fault *f = performance_load(site.standard, &c);
	int code = -1;

	if (f == &fault_capacity_missing) {
		complain(0, site.standard,
			"warning: no performance standard, the limits follow "
			"from nothing; run `posthold calibrate` (NC-2.1.8)");
		return -1;
	}
	if (f)
		return complain_fault(f, site.standard,
			"run `posthold calibrate` again (NC-2.1.8)");
	for (enum limit_number n = 0; n < LIMITS; n++) {
		char remedy[160];

		if (site.rates[n] <= capacity_limit(&c, n))
			continue;
		snprintf(remedy, sizeof remedy,
			"above 70 %% of what this machine does; set %llu or "
			"less, or run `posthold calibrate` again (NC-2.1.8)",
			(unsigned long long)capacity_limit(&c, n));
		code = complain(EX_CONFIG, limit_row(n)->name, remedy);
	}
	return code;
}

int
conf_check(struct call *c)
{
	struct where where = { 0 };
	const struct option options[] = { WHERE_OPTIONS(&where) };
	int code = options_take(c, options, COUNT_OF(options));

	if (code < 0)
		code = where_load(&where, true, &site);
	if (code < 0 && site.role == SITE_MAIL)
		code = check_capacity();
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
