/* store -- the mailboxes: the only process that can read or change them. */
#include "proc/store/keeper.h"
#include "state/journal/journal.h"
#include "state/store/gate.h"
#include "sys/crypto.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/log.h"

#include <stdlib.h>

#define MARK "store.id"

/* --- hooks --------------------------------------------------------------- */

static void
prepare(void *owner, struct role_process *r)
{
	mac_start();
	if (crypto_start() || keeper_open(owner, r, role_loop(r)))
		exit(EXIT_FAULT);
}

static void
take_file(void *owner, enum file_purpose purpose, uint32_t number, int fd)
{
	struct keeper *k = owner;

	(void)number;
	if (purpose != FILE_DIRECTORY || k->directory >= 0)
		fd_close(&fd);
	else
		k->directory = fd;
}

static void
settings(void *owner)
{
	struct keeper *k = owner;

	if (k->store)
		store_set_limit(k->store, site_of(k->role)->max_mailbox);
}

static void
stop(void *owner)
{
	struct keeper *k = owner;

	answers_send(k);
	keeper_rest(k);
	store_close(&k->store);
	role_stop(k->role);
}

static const struct role_hooks hooks = {
	.prepare = prepare,
	.file = take_file,
	.linked = keeper_linked,
	.unlinked = keeper_unlinked,
	.site = settings,
	.stop = stop,
};

/* --- start --------------------------------------------------------------- */

static void
note_mail(void *arg, const char *name)
{
	struct gate_facts *f = arg;
	struct span s = span_of(name);

	if (span_equals(s, SPAN(MARK)))
		f->has_mark = true;
	if (s.len > 4 && span_equals(span_at(s.at + s.len - 4, 4), SPAN(".seg")))
		f->has_mail = true;
}

static FALLIBLE
make_mark(int directory)
{
	OWNED(fd_close) int fd = -1;

	TRY(file_create(directory, MARK, &fd));
	TRY(file_sync(fd));
	return file_sync_directory(directory);
}

/* NC-2.2.b: in production mail is kept on a volume of its own or not at all;
 * elsewhere the log says what is wrong and `posthold check` fails the clause. */
static FALLIBLE
pass_gate(struct keeper *k)
{
	const struct site *site = site_of(k->role);
	uint8_t room[512];
	struct buf text = BUF(room);
	struct gate_facts facts = { .has_mark = false };
	enum gate_verdict v;

	TRY(mount_facts(k->directory, &facts.mount));
	TRY(file_each(k->directory, note_mail, &facts));
	v = gate_judge(&facts);
	if (v == GATE_MARK)
		return make_mark(k->directory);
	if (v == GATE_OPEN)
		return OK;
	if (put_gate_remedy(&text, v, SITE_TEXT(site->mailbox_directory)))
		LOG(EV_STORE_REFUSED, 0, log_text(buf_view(&text)));
	return site->production ? &fault_conf_refused : OK;
}

static FALLIBLE
open_store(struct keeper *k)
{
	const struct site *site = site_of(k->role);
	struct store_setup setup = { .directory = k->directory,
		.segment_size = JOURNAL_SEGMENT,
		.min_free = site->min_free,
		.max_mailbox = site->max_mailbox,
		.changed = session_changed,
		.owner = k };
	struct store_facts facts;

	TRY(store_open(&setup, &k->store, &facts));
	store_set_key(k->store, role_secret(k->role, SECRET_VERDICT));
	LOG(EV_STORE_RECOVERED, 0, log_number(facts.records),
		log_text(facts.torn ? SPAN("torn") : SPAN("clean")),
		log_text(facts.rebuilt ? SPAN("rebuilt") : SPAN("kept")));
	if (facts.rebuilt)
		LOG(EV_INDEX_REBUILT, 0, log_number(facts.applied));
	return OK;
}

int
main(void)
{
	static struct keeper keeper;
	struct role_process *r = role_start(STORE, &keeper_handlers, &hooks, &keeper);
	const struct fault *f;

	if (keeper.directory < 0 || pass_gate(&keeper))
		return EXIT_SITE;
	f = open_store(&keeper);
	if (f) {
		LOG(EV_STORE_FAILED, 0, log_fault(f), log_text(SPAN("open")));
		return EXIT_FAULT;
	}
	role_sandbox(r);
	loop_each_turn(role_loop(r), turn_end, &keeper);
	return role_run(r);
}
