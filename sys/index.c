#include "sys/index.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lmdb.h>

#include "lib/base/buf.h"
#include "lib/base/must.h"
#include "lib/base/number.h"

#ifdef POSTHOLD_ASAN
#define MAP_OCTETS GiB(4) /* shadow memory counts eight times */
#else
#define MAP_OCTETS GiB(64) /* address space, not memory or disk */
#endif

struct tables {
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi table[TABLES_MAX];
	size_t count;
	struct file_identity identity;
	bool failed;
};

static MDB_val
val(struct span s)
{
	return (MDB_val){ s.len, (void *)(uintptr_t)s.at };
}

static struct span
span(MDB_val v)
{
	return span_at(v.mv_data, v.mv_size);
}

/* After an error LMDB allows nothing but to abort. */
static const struct fault *
fail(struct tables *t, int error)
{
	if (t->txn)
		mdb_txn_abort(t->txn);
	t->txn = NULL;
	t->failed = true;
	return error == MDB_MAP_FULL ? &fault_storage_full
				     : &fault_storage_failed;
}

static FALLIBLE
begin(struct tables *t)
{
	int error;

	if (t->failed)
		return &fault_storage_failed;
	if (t->txn)
		return OK;
	error = mdb_txn_begin(t->env, NULL, 0, &t->txn);
	return error ? fail(t, error) : OK;
}

static FALLIBLE
open_tables(struct tables *t)
{
	TRY(begin(t));
	for (size_t i = 0; i < t->count; i++) {
		char name[2] = { (char)('a' + i), 0 };
		int error = mdb_dbi_open(t->txn, name, MDB_CREATE,
			&t->table[i]);

		if (error)
			return fail(t, error);
	}
	return tables_commit(t);
}

static FALLIBLE
identify(struct tables *t)
{
	struct stat st;
	int fd;

	if (mdb_env_get_fd(t->env, &fd) || fstat(fd, &st) != 0)
		return &fault_storage_failed;
	t->identity = (struct file_identity){ st.st_dev, st.st_ino };
	return OK;
}

static FALLIBLE
open_env(struct tables *t, const char *path)
{
	const unsigned how = MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOTLS |
		MDB_NOMETASYNC | MDB_NORDAHEAD;

	if (mdb_env_create(&t->env) ||
		mdb_env_set_maxdbs(t->env, TABLES_MAX) ||
		mdb_env_set_mapsize(t->env, MAP_OCTETS) ||
		mdb_env_open(t->env, path, how, 0600))
		return &fault_storage_failed;
	TRY(identify(t));
	return open_tables(t);
}

FALLIBLE
tables_open(int directory, const char *file, size_t count, struct tables **out)
{
	struct tables *t = calloc(1, sizeof *t);
	const struct fault *f;
	uint8_t room[64];
	struct buf path = BUF(room);

	MUST(count > 0 && count <= TABLES_MAX && directory >= 0);
	MUST(buf_put_text(&path, "/proc/self/fd/") &&
		buf_put_number(&path, (uint64_t)directory) &&
		buf_push(&path, '/') && buf_put_text(&path, file) &&
		buf_push(&path, 0));
	if (!t)
		return &fault_sys_failed;
	t->count = count;
	f = open_env(t, (const char *)room);
	if (f) {
		tables_close(&t);
		return f;
	}
	*out = t;
	return OK;
}

void
tables_close(struct tables **t)
{
	if (!*t)
		return;
	if ((*t)->txn)
		mdb_txn_abort((*t)->txn);
	if ((*t)->env)
		mdb_env_close((*t)->env);
	free(*t);
	*t = NULL;
}

FALLIBLE
tables_commit(struct tables *t)
{
	MDB_txn *txn = t->txn;
	int error;

	if (t->failed)
		return &fault_storage_failed;
	if (!txn)
		return OK;
	t->txn = NULL; /* freed whatever the result */
	error = mdb_txn_commit(txn);
	return error ? fail(t, error) : OK;
}

FALLIBLE
tables_clear(struct tables *t)
{
	TRY(begin(t));
	for (size_t i = 0; i < t->count; i++) {
		int error = mdb_drop(t->txn, t->table[i], 0);

		if (error)
			return fail(t, error);
	}
	return OK;
}

struct file_identity
tables_identity(const struct tables *t)
{
	return t->identity;
}

FALLIBLE
table_get(struct tables *t, size_t table, struct span key, struct span *value)
{
	MDB_val k = val(key), v;
	int error;

	TRY(begin(t));
	error = mdb_get(t->txn, t->table[table], &k, &v);
	if (error && error != MDB_NOTFOUND)
		return fail(t, error);
	*value = error ? SPAN_NONE : span(v);
	return OK;
}

FALLIBLE
table_put(struct tables *t, size_t table, struct span key, struct span value)
{
	MDB_val k = val(key), v = val(value);
	int error;

	TRY(begin(t));
	error = mdb_put(t->txn, t->table[table], &k, &v, 0);
	return error ? fail(t, error) : OK;
}

FALLIBLE
table_remove(struct tables *t, size_t table, struct span key)
{
	MDB_val k = val(key);
	int error;

	TRY(begin(t));
	error = mdb_del(t->txn, t->table[table], &k, NULL);
	return error && error != MDB_NOTFOUND ? fail(t, error) : OK;
}

FALLIBLE
walk_open(struct tables *t, size_t table, struct walk *out)
{
	MDB_cursor *cursor;
	int error;

	TRY(begin(t));
	error = mdb_cursor_open(t->txn, t->table[table], &cursor);
	if (error)
		return fail(t, error);
	*out = (struct walk){ t, cursor };
	return OK;
}

void
walk_close(struct walk *w)
{
	/* a fault has ended the transaction and its cursors with it */
	if (w->cursor && w->tables->txn)
		mdb_cursor_close(w->cursor);
	w->cursor = NULL;
}

static FALLIBLE
walk_to(struct walk *w, MDB_val k, MDB_cursor_op how, struct table_row *row)
{
	MDB_val v;
	int error = mdb_cursor_get(w->cursor, &k, &v, how);

	if (error && error != MDB_NOTFOUND)
		return fail(w->tables, error);
	*row = error ? (struct table_row){ SPAN_NONE, SPAN_NONE }
		     : (struct table_row){ span(k), span(v) };
	return OK;
}

FALLIBLE
walk_seek(struct walk *w, struct span key, struct table_row *row)
{
	return walk_to(w, val(key), MDB_SET_RANGE, row);
}

FALLIBLE
walk_next(struct walk *w, struct table_row *row)
{
	return walk_to(w, (MDB_val){ 0 }, MDB_NEXT, row);
}

FALLIBLE
walk_replace(struct walk *w, struct span value)
{
	MDB_val k, v;
	int error = mdb_cursor_get(w->cursor, &k, &v, MDB_GET_CURRENT);

	if (!error) {
		v = val(value);
		error = mdb_cursor_put(w->cursor, &k, &v, MDB_CURRENT);
	}
	return error ? fail(w->tables, error) : OK;
}

FALLIBLE
walk_remove(struct walk *w)
{
	int error = mdb_cursor_del(w->cursor, 0);

	return error ? fail(w->tables, error) : OK;
}

FALLIBLE
table_upto(struct tables *t, size_t table, struct span key,
	struct table_row *row)
{
	OWNED(walk_close) struct walk w = { 0 };

	TRY(walk_open(t, table, &w));
	TRY(walk_seek(&w, key, row));
	if (span_is_set(row->key) && span_equals(row->key, key))
		return OK;
	return walk_to(&w, (MDB_val){ 0 },
		span_is_set(row->key) ? MDB_PREV : MDB_LAST, row);
}
