#include "sys/json.h"

#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "lib/base/must.h"

static json_t *
top(const struct json *j)
{
	MUST(j->depth > 0);
	return j->open[j->depth - 1];
}

/* Takes over `value`. */
static void
add(struct json *j, const char *name, json_t *value)
{
	json_t *to = top(j);

	MUST(value);
	MUST(json_is_array(to) ? json_array_append_new(to, value) == 0
			       : json_object_set_new(to, name, value) == 0);
}

void
json_start(struct json *j)
{
	*j = (struct json){ { json_object() }, 1 };
	MUST(j->open[0]);
}

static void
open_one(struct json *j, const char *name, json_t *value)
{
	add(j, name, value);
	MUST(j->depth < JSON_DEPTH);
	j->open[j->depth++] = value;
}

void
json_open_object(struct json *j, const char *name)
{
	open_one(j, name, json_object());
}

void
json_open_array(struct json *j, const char *name)
{
	open_one(j, name, json_array());
}

void
json_close(struct json *j)
{
	MUST(j->depth > 1);
	j->depth--;
}

void
json_text(struct json *j, const char *name, struct span value)
{
	json_t *text = json_stringn((const char *)value.at, value.len);

	add(j, name, text ? text : json_string("?"));
}

void
json_number(struct json *j, const char *name, int64_t value)
{
	add(j, name, json_integer(value));
}

void
json_bool(struct json *j, const char *name, bool value)
{
	add(j, name, json_boolean(value));
}

bool
json_print(struct json *j)
{
	return json_dumpf(j->open[0], stdout,
		       JSON_INDENT(1) | JSON_PRESERVE_ORDER) == 0 &&
		putchar('\n') != EOF && fflush(stdout) == 0;
}

char *
json_take_text(struct json *j)
{
	return json_dumps(j->open[0], JSON_INDENT(1) | JSON_PRESERVE_ORDER);
}

void
json_drop(struct json *j)
{
	if (j->depth > 0)
		json_decref(j->open[0]);
	*j = (struct json){ 0 };
}
