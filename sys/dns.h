/* dns.h -- a validating resolver (libunbound) on the process' own loop. */
#pragma once

#include "lib/conf/site.h"
#include "sys/loop.h"
#include "trust/messages.h"

struct dns;

/* Make a resolver of the site's stubs and records and of the trust anchors in
 * `anchors`, one in presentation form a line.  Everything that enters a path is
 * done here: before the sandbox.
 *
 * sys_failed  an anchor, stub or record is not one; *why says which */
FALLIBLE dns_open(struct loop *l, const struct site *site, struct span anchors,
	struct dns **out, const char **why);

/* The answer, complete but for its head; valid during the call. */
typedef void on_dns_answer(void *arg, const struct dns_answer *answer);

/* Look up; `f` is called once, perhaps before this returns.
 *
 * sys_failed  not even asked */
FALLIBLE dns_ask(struct dns *d, const struct dns_query *m, on_dns_answer *f,
	void *arg);
