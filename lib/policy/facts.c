#include "lib/policy/facts.h"

#include "lib/mime/content.h"

/* multipart/report; report-type=... */
static bool
is_report(struct span value)
{
	struct content_type type;
	struct param p;
	bool clean = true, report = false;

	if (!content_type_parse(value, &type) ||
		!span_equals_nocase(type.type, SPAN("multipart")) ||
		!span_equals_nocase(type.subtype, SPAN("report")))
		return false;
	while (param_next(&type.params, &p, &clean)) {
		if (!span_equals_nocase(p.name, SPAN("report-type")))
			continue;
		if (report)
			return false;
		report = span_equals_nocase(p.value,
				 SPAN("disposition-notification")) ||
			span_equals_nocase(p.value, SPAN("delivery-status"));
		if (!report)
			return false;
	}
	return clean && report;
}

struct header_facts
header_facts(struct span message)
{
	struct header_facts facts = { .has_date = false };
	struct span rest = message, before = message;
	unsigned types = 0;
	struct field f;
	bool over;

	while (!field_next(&rest, &f, &over) && !over) {
		struct span whole = span_before(before, rest);

		if (facts.first == 0)
			facts.first = whole.len;
		facts.utf8 |= !span_is_ascii(whole);
		facts.has_date |= field_is(&f, "Date");
		facts.has_id |= field_is(&f, "Message-ID");
		if (field_is(&f, "Content-Type"))
			facts.report = ++types == 1 && is_report(f.value);
		before = rest;
	}
	return facts;
}
