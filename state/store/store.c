/* store.c -- the life of a store: opening, replay, closing. */
#include "state/store/store.h"

#include <stdlib.h>

#include "state/store/core.h"

#define INDEX_FILE "index"

/* --- memory -------------------------------------------------------------- */

static bool
take_room(struct buf *b, size_t cap)
{
	*b = (struct buf){ malloc(cap), 0, cap };
	return b->at != NULL;
}

static FALLIBLE
take_memory(struct store *s)
{
	s->tree.part = calloc(TREE_PARTS, sizeof *s->tree.part);
	s->tree.cap = TREE_PARTS;
	if (!s->tree.part || !take_room(&s->pending, PENDING_OCTETS) ||
		!take_room(&s->room, RECORD_MAX) ||
		!take_room(&s->rcpts, RECORD_MAX - INDEX_MAX - 256) ||
		!take_room(&s->index, INDEX_MAX) ||
		!take_room(&s->answer, STORE_FETCH_MAX))
		return &fault_sys_failed;
	return heads_open(&s->heads);
}

void
store_close(struct store **store)
{
	struct store *s = *store;

	if (!s)
		return;
	journal_close(&s->journal);
	tables_close(&s->tables);
	heads_close(&s->heads);
	free(s->tree.part);
	free(s->pending.at);
	free(s->room.at);
	free(s->rcpts.at);
	free(s->index.at);
	free(s->answer.at);
	free(s);
	*store = NULL;
}

/* --- replay -------------------------------------------------------------- */

static const struct fault *
replay_record(void *arg, const struct journal_record *r)
{
	return store_apply(arg, r);
}

static FALLIBLE
open_journal(struct store *s)
{
	struct journal_setup setup = { .directory = s->setup.directory,
		.segment_size = s->setup.segment_size,
		.min_free = s->setup.min_free };

	return journal_open(&setup, replay_record, s, &s->journal);
}

/* Where the index says it stands; at the beginning when it is empty, comes from
 * another file or has another format. */
static FALLIBLE
read_meta(struct store *s)
{
	struct file_identity file = tables_identity(s->tables);
	struct meta_row row;
	struct span v;

	TRY(table_get(s->tables, TABLE_META, META_KEY, &v));
	s->applied = s->indexed = s->digest = 0;
	if (v.len != sizeof row)
		return tables_clear(s->tables);
	memcpy(&row, v.at, sizeof row);
	if (row.format != INDEX_FORMAT || row.file.device != file.device ||
		row.file.inode != file.inode)
		return tables_clear(s->tables);
	s->applied = s->indexed = row.applied;
	s->digest = row.digest;
	return OK;
}

static FALLIBLE
start_anew(struct store *s)
{
	TRY(tables_clear(s->tables));
	s->applied = s->indexed = s->digest = 0;
	s->foreign = false;
	return OK;
}

/* Replay what the index has not; all of it when the index is of no use. */
static FALLIBLE
replay(struct store *s, struct store_facts *facts)
{
	struct journal_facts j;
	uint64_t before;
	const struct fault *f;

	TRY(read_meta(s));
	before = s->applied;
	f = open_journal(s);
	if (!f)
		journal_facts(s->journal, &j);
	if (s->foreign || (!f && j.last_lsn < s->applied)) {
		journal_close(&s->journal);
		TRY(start_anew(s));
		before = 0;
		f = open_journal(s);
	}
	TRY(f);
	journal_facts(s->journal, &j);
	s->appended = s->durable = j.last_lsn;
	*facts = (struct store_facts){ .records = j.records,
		.applied = s->applied - before,
		.rebuilt = before == 0 && j.records > 0,
		.torn = j.end == JOURNAL_TORN };
	return store_rest(s);
}

FALLIBLE
store_open(const struct store_setup *setup, struct store **out,
	struct store_facts *facts)
{
	OWNED(store_close) struct store *s = calloc(1, sizeof *s);

	if (!s)
		return &fault_sys_failed;
	s->setup = *setup;
	TRY(take_memory(s));
	TRY(tables_open(setup->directory, INDEX_FILE, TABLES, &s->tables));
	TRY(replay(s, facts));
	*out = s;
	s = NULL;
	return OK;
}

FALLIBLE
store_rebuild(struct store *s, struct store_facts *facts)
{
	TRY(store_settle(s));
	journal_close(&s->journal);
	heads_clear(s->heads);
	TRY(store_fail(s, start_anew(s)));
	TRY(store_fail(s, tables_commit(s->tables)));
	return store_fail(s, replay(s, facts));
}

void
store_set_key(struct store *s, const struct mac_key *key)
{
	s->key = *key;
	s->has_key = true;
}

void
store_set_limit(struct store *s, uint64_t max_mailbox)
{
	s->setup.max_mailbox = max_mailbox;
}
