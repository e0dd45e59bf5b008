/* DIR/site.json: what tests, benchmarks and newcomers need to know. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/command.h"
#include "ctl/demo.h"
#include "sys/fd.h"
#include "sys/json.h"
#include "sys/replace.h"

static void
add_users(struct json *j, const struct demo *d)
{
	char address[128];

	json_open_array(j, "users");
	for (int i = 0; i < DEMO_USERS; i++) {
		const struct demo_user *u = &d->users[i];

		snprintf(address, sizeof address, "%s@" DEMO_DOMAIN, u->name);
		json_open_object(j, NULL);
		json_text(j, "name", span_of(u->name));
		json_text(j, "address", span_of(address));
		json_text(j, "password", span_of(u->password));
		json_close(j);
	}
	json_close(j);
}

static void
describe(struct json *j, const struct demo *d)
{
	char path[256];

	demo_path(d, "authority.pem", path);
	json_text(j, "host", SPAN(DEMO_HOST));
	json_text(j, "ca", span_of(path));
	json_open_object(j, "ports");
	for (uint32_t i = 0; i < d->site.permits_count; i++)
		json_number(j, service_name(d->site.permits[i].service),
			d->site.permits[i].port);
	json_close(j);
	add_users(j, d);
	json_open_array(j, "domains");
	json_text(j, NULL, SPAN(DEMO_DOMAIN));
	json_close(j);
	json_text(j, "smarthost", span_of(d->smarthost ? d->smarthost : ""));
	json_number(j, "pid", getpid());
	json_text(j, "dir", span_of(d->directory));
}

bool
demo_describe(const struct demo *d)
{
	OWNED(json_drop) struct json j = { 0 };
	const struct fault *f = &fault_sys_failed;
	char path[256], *text;

	json_start(&j);
	describe(&j, d);
	text = json_take_text(&j);
	demo_path(d, "site.json", path);
	if (text)
		f = replace_whole(path, 0600, span_of(text));
	free(text);
	if (f)
		complain_fault(f, path, "is the directory writable?");
	return !f;
}

void
demo_forget(const struct demo *d)
{
	char path[256];

	demo_path(d, "site.json", path);
	unlink(path);
}
