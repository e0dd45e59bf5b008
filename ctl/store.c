/* posthold store: the mailboxes of a site that is stopped. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/command.h"
#include "lib/base/number.h"
#include "state/journal/journal.h"
#include "state/store/store.h"
#include "sys/crypto.h"
#include "sys/fd.h"
#include "sys/mac.h"

static struct site site;

static void
nothing_changed(void *owner, struct box box, uint64_t modseq)
{
	(void)owner;
	(void)box;
	(void)modseq;
}

/* The directory of the mailboxes, where there is a store already: an unmounted
 * volume must not be taken for an empty one (NC-2.2.b). */
static int
open_directory(int *out)
{
	OWNED(fd_close) int fd = open(site.mailbox_directory,
		O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char what[400];

	if (fd >= 0 && faccessat(fd, "journal.id", F_OK, 0) == 0) {
		*out = fd_give(&fd);
		return -1;
	}
	snprintf(what, sizeof what, "%s: no mailboxes there",
		site.mailbox_directory);
	return complain(EX_NOINPUT, what,
		"is the volume mounted, and has the site run before?");
}

static int
open_store(struct store **out, struct store_facts *facts)
{
	struct store_setup setup = { .segment_size = JOURNAL_SEGMENT,
		.min_free = site.min_free,
		.max_mailbox = site.max_mailbox,
		.changed = nothing_changed };
	const struct fault *f;
	int code = open_directory(&setup.directory);

	if (code >= 0)
		return code;
	mac_start();
	f = crypto_start();
	if (!f)
		f = store_open(&setup, out, facts);
	if (!f)
		return -1;
	close(setup.directory);
	if (f == &fault_file_busy)
		return complain(EX_TEMPFAIL, "the site is running",
			"stop it first; its mailboxes have one owner");
	return complain_fault(f, "the mailboxes cannot be opened",
		"see docs/operator");
}

static void
print_line(void *arg, struct span line)
{
	(void)arg;
	printf("damaged: %.*s\n", (int)line.len, (const char *)line.at);
}

static void
print_counts(const struct store_counts *n, const struct store_facts *facts,
	bool json)
{
	printf(json ? "{\"accounts\":%llu,\"mailboxes\":%llu,\"messages\":%llu,"
		      "\"octets\":%llu,\"bodies\":%llu,\"records\":%llu,"
		      "\"damaged\":%llu}\n"
		    : "%llu accounts, %llu mailboxes, %llu messages (%llu "
		      "octets), %llu bodies, %llu records: %llu damaged\n",
		(unsigned long long)n->accounts,
		(unsigned long long)n->mailboxes,
		(unsigned long long)n->messages, (unsigned long long)n->octets,
		(unsigned long long)n->emails,
		(unsigned long long)facts->records,
		(unsigned long long)n->damaged);
}

static void
print_nothing(void *arg, struct span line)
{
	(void)arg;
	(void)line;
}

int
store_verify(struct call *c)
{
	struct where where = { 0 };
	const char *format = "text";
	const struct option options[] = { WHERE_OPTIONS(&where),
		{ "--format", "FORMAT", &format, NULL, "text or json" } };
	struct store_counts counts = { 0 };
	struct store_facts facts = { 0 };
	struct store *store;
	const struct fault *f;
	bool json;
	int code = options_take(c, options, COUNT_OF(options));

	if (code < 0)
		code = where_load(&where, false, &site);
	if (code < 0)
		code = open_store(&store, &facts);
	if (code >= 0)
		return code;
	json = strcmp(format, "json") == 0;
	f = store_check(store, json ? print_nothing : print_line, NULL,
		&counts);
	store_close(&store);
	if (f && f != &fault_record_damaged)
		return complain_fault(f, "the check did not come to its end",
			NULL);
	print_counts(&counts, &facts, json);
	return counts.damaged > 0;
}

int
store_remake(struct call *c)
{
	struct where where = { 0 };
	const struct option options[] = { WHERE_OPTIONS(&where) };
	struct store_facts facts = { 0 };
	struct store *store;
	const struct fault *f;
	int code = options_take(c, options, COUNT_OF(options));

	if (code < 0)
		code = where_load(&where, false, &site);
	if (code < 0)
		code = open_store(&store, &facts);
	if (code >= 0)
		return code;
	f = store_rebuild(store, &facts);
	store_close(&store);
	if (f)
		return complain_fault(f, "the index could not be made",
			"the journal is as it was");
	printf("index made from %llu records\n",
		(unsigned long long)facts.records);
	return 0;
}
