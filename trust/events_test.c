#include "trust/events.h"

#include "lib/base/test.h"

static bool
is_kind(struct span kind)
{
	static const char *const kinds[] = { "text", "number", "address", "id",
		"fault" };

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (span_equals(kind, span_of(kinds[i])))
			return true;
	return false;
}

static bool
is_taken(struct span name)
{
	static const char *const taken[] = { "time", "id", "event", "severity",
		"clauses", "role", "pid", "session" };

	for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
		if (span_equals(name, span_of(taken[i])))
			return true;
	return false;
}

TEST(event_ids_are_unique_and_rise)
{
	uint32_t last = 0;

	for (uint32_t e = 1; e < EVENTS; e++) {
		test_row = event_row(e)->name;
		CHECK(event_row(e)->id > last);
		last = event_row(e)->id;
	}
}

TEST(every_field_has_a_name_and_a_kind)
{
	for (uint32_t e = 1; e < EVENTS; e++) {
		struct span fields = span_of(event_row(e)->fields);

		test_row = event_row(e)->name;
		while (fields.len > 0) {
			struct span field = span_shift_upto(&fields,
				span_find_octet(fields, ' '));
			struct span name = span_shift_upto(&field,
				span_find_octet(field, ':'));

			CHECK(name.len > 0 && !is_taken(name));
			CHECK(span_take(&field, ':'));
			CHECK(is_kind(field));
			span_take(&fields, ' ');
		}
		CHECK(event_row(e)->clauses[0]);
	}
}

TEST(what_is_no_event_has_an_empty_row)
{
	CHECK_NUMBER(event_row(EVENT_NONE)->id, 0);
	CHECK_NUMBER(event_row(EVENTS)->id, 0);
	CHECK_NUMBER(event_row(UINT32_MAX)->id, 0);
}
