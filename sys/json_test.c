#include "sys/json.h"

#include <stdlib.h>

#include "lib/base/fault.h"
#include "lib/base/test.h"

TEST(a_document_is_written_in_order)
{
	OWNED(json_drop) struct json j = { 0 };
	char *text;

	json_start(&j);
	json_text(&j, "b", SPAN("a\"\\\n\x01"));
	json_open_array(&j, "a");
	json_number(&j, NULL, -5);
	json_open_object(&j, NULL);
	json_bool(&j, "yes", true);
	json_close(&j);
	json_close(&j);
	json_text(&j, "bad", SPAN("\xff\xfe"));
	text = json_take_text(&j);
	CHECK_SPAN(span_of(text),
		"{\n \"b\": \"a\\\"\\\\\\n\\u0001\",\n \"a\": [\n  -5,\n"
		"  {\n   \"yes\": true\n  }\n ],\n \"bad\": \"?\"\n}");
	free(text);
}
