/* recover.c -- from files to records, and to a journal that goes on. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/base/crc.h"
#include "lib/base/must.h"
#include "state/journal/segments.h"
#include "sys/crypto.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/pool.h"

/* --- numbers of files ---------------------------------------------------- */

struct names {
	uint64_t *ids;
	size_t count, cap;
	bool failed;
};

static void
note_id(struct names *names, uint64_t id)
{
	if (names->count == names->cap) {
		size_t cap = names->cap ? 2 * names->cap : 64;
		void *at = realloc(names->ids, cap * sizeof *names->ids);

		names->failed |= !at;
		if (!at)
			return;
		names->ids = at;
		names->cap = cap;
	}
	names->ids[names->count++] = id;
}

static int
by_id(const void *a, const void *b)
{
	uint64_t x, y;

	memcpy(&x, a, sizeof x);
	memcpy(&y, b, sizeof y);
	return x < y ? -1 : x > y;
}

static bool
has_id(const struct names *names, uint64_t id)
{
	return names->count > 0 &&
		bsearch(&id, names->ids, names->count, sizeof id, by_id);
}

/* --- one segment --------------------------------------------------------- */

/* A segment in memory while it is replayed. */
struct replay {
	struct journal *j;
	const struct segment *segment;
	struct seed seed;
	struct span octets;
	struct names *blobs; /* of the records, ascending */
	on_record *each;
	void *arg;
	uint64_t at;   /* where the next record would stand           */
	uint64_t tail; /* the first record since the last commit       */
	uint64_t acked;
};

static bool
head_at(const struct replay *r, uint64_t at, struct record_head *h)
{
	return at + RECORD_HEAD <= r->octets.len &&
		take_record_head(r->octets.at + at, h, &r->seed) &&
		record_size(h) <= r->octets.len - at;
}

static bool
payload_holds(const struct replay *r, uint64_t at, const struct record_head *h)
{
	return crc32c(seed_crc(&r->seed),
		       span_at(r->octets.at + at + RECORD_HEAD,
			       record_payload(h))) == h->payload_crc;
}

static FALLIBLE
hand_out(const struct replay *r, uint64_t at, const struct record_head *h)
{
	struct journal_record record = { .type = h->type,
		.lsn = h->lsn,
		.place = { r->segment->id << 32 | at },
		.head = span_at(r->octets.at + at + RECORD_HEAD, h->head_len),
		.body_size = h->flags & RECORD_HAS_BODY ? h->body_len : 0 };

	if (h->flags & RECORD_BODY_IN_BLOB)
		note_id(r->blobs, h->lsn);
	r->j->facts.records++;
	r->j->facts.octets += record_size(h);
	return r->each(r->arg, &record);
}

/* Hand out records until one is not sound. */
static FALLIBLE
walk(struct replay *r)
{
	struct record_head h;

	while (head_at(r, r->at, &h) && h.lsn == r->j->next_lsn &&
		payload_holds(r, r->at, &h)) {
		TRY(hand_out(r, r->at, &h));
		if (h.acked != r->acked)
			r->tail = r->at;
		r->acked = h.acked;
		r->j->next_lsn++;
		r->at += record_size(&h);
	}
	return OK;
}

/* What lies behind the last sound record?  A record that was appended when the
 * missing one was already acknowledged shows damage; any other octet is the
 * rest of a commit that was cut off. */
static enum journal_end
look_behind(const struct replay *r)
{
	enum journal_end end = JOURNAL_CLEAN;
	struct record_head h;

	for (uint64_t at = r->at; at + 8 <= r->octets.len; at += 8) {
		uint64_t word;

		memcpy(&word, r->octets.at + at, sizeof word);
		if (word == 0)
			continue;
		end = JOURNAL_TORN;
		if (head_at(r, at, &h) && h.lsn >= r->j->next_lsn &&
			h.acked >= r->j->next_lsn)
			return JOURNAL_DAMAGED;
	}
	return end;
}

static FALLIBLE
replay_segment(struct journal *j, const struct segment *s, struct names *blobs,
	on_record *each, void *arg, enum journal_end *end)
{
	struct replay r = { .j = j,
		.segment = s,
		.seed = segment_seed(j, s->id),
		.blobs = blobs,
		.each = each,
		.arg = arg,
		.at = SEGMENT_HEAD,
		.tail = SEGMENT_HEAD,
		.acked = j->next_lsn - 1 };
	const struct fault *f;
	uint64_t size;
	void *at;

	TRY(fd_size(s->fd, &size));
	at = mmap(NULL, size, PROT_READ, MAP_SHARED, s->fd, 0);
	if (at == MAP_FAILED)
		return &fault_sys_failed;
	r.octets = span_at(at, size);
	f = walk(&r);
	*end = look_behind(&r);
	j->offset = r.at;
	j->tail = r.tail;
	munmap(at, size);
	return f;
}

/* --- all segments -------------------------------------------------------- */

static bool
take_hex(struct span *in, uint64_t *out)
{
	uint64_t n = 0;

	if (in->len < 16)
		return false;
	for (int i = 0; i < 16; i++) {
		uint8_t c = span_shift(in);

		if (c >= '0' && c <= '9')
			n = n << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			n = n << 4 | (uint64_t)(c - 'a' + 10);
		else
			return false;
	}
	*out = n;
	return true;
}

static void
note_name(void *arg, const char *name)
{
	struct names *names = arg;
	struct span in = span_of(name);
	uint64_t id;

	if (!take_hex(&in, &id) || !span_equals(in, SPAN(".seg")))
		return;
	note_id(names, id);
}

/* Open segment `id`; a file that was reserved but not used yet is not one. */
static FALLIBLE
open_segment(struct journal *j, uint64_t id, bool *is_one)
{
	OWNED(fd_close) int fd = -1;
	uint8_t octets[SEGMENT_HEAD];
	struct segment_head head;
	char name[NAME_SIZE];
	size_t len;

	name_segment(name, id);
	TRY(file_open(j->setup.directory, name, !j->setup.read_only, &fd));
	TRY(file_read(fd, 0, octets, sizeof octets, &len));
	*is_one = len == sizeof octets && take_segment_head(octets, &head) &&
		head.seed.epoch == id &&
		!memcmp(head.seed.uuid, j->uuid, sizeof j->uuid);
	if (!*is_one)
		return OK;
	return segment_add(j, id, head.first_lsn, fd_give(&fd));
}

static FALLIBLE
open_segments(struct journal *j, const struct names *names)
{
	for (size_t i = 0; i < names->count; i++) {
		bool is_one;

		TRY(open_segment(j, names->ids[i], &is_one));
		/* only the last can be unused; a hole before it is damage */
		if (!is_one && i + 1 < names->count)
			return &fault_record_damaged;
		if (is_one && j->count > 1 &&
			segment_last(j)->id != j->segments[0].id + j->count - 1)
			return &fault_record_damaged;
	}
	return OK;
}

static FALLIBLE
replay_all(struct journal *j, struct names *blobs, on_record *each, void *arg)
{
	enum journal_end end = JOURNAL_CLEAN;

	if (j->count > 0)
		j->next_lsn = j->segments[0].first_lsn;
	for (size_t i = 0; i < j->count; i++) {
		if (j->segments[i].first_lsn != j->next_lsn) {
			/* acknowledged records are missing before it */
			j->facts.end = JOURNAL_DAMAGED;
			return &fault_record_damaged;
		}
		TRY(replay_segment(j, &j->segments[i], blobs, each, arg,
			&end));
		if (end == JOURNAL_DAMAGED) {
			j->facts.end = end;
			return &fault_record_damaged;
		}
	}
	j->facts.end = end;
	j->facts.last_lsn = j->acked = j->next_lsn - 1;
	j->facts.segments = j->count;
	return OK;
}

/* --- open ---------------------------------------------------------------- */

#define ID_FILE "journal.id"

static FALLIBLE
make_id(struct journal *j)
{
	OWNED(fd_close) int fd = -1;

	random_octets(j->uuid, sizeof j->uuid);
	TRY(file_unlink(j->setup.directory, ID_FILE ".tmp"));
	TRY(file_create(j->setup.directory, ID_FILE ".tmp", &fd));
	TRY(file_write(fd, 0, span_at(j->uuid, sizeof j->uuid)));
	TRY(file_sync(fd));
	TRY(file_rename(j->setup.directory, ID_FILE ".tmp", ID_FILE));
	return file_sync_directory(j->setup.directory);
}

/* The journal's name.  A directory with segments but without it is no new
 * journal. */
static FALLIBLE
read_id(struct journal *j, const struct names *names)
{
	size_t len;

	if (file_open(j->setup.directory, ID_FILE, !j->setup.read_only,
		    &j->lock)) {
		if (names->count > 0 || j->setup.read_only)
			return &fault_record_damaged;
		TRY(make_id(j));
		TRY(file_open(j->setup.directory, ID_FILE, true, &j->lock));
	}
	if (!j->setup.read_only)
		TRY(file_lock(j->lock));
	TRY(file_read(j->lock, 0, j->uuid, sizeof j->uuid, &len));
	return len == sizeof j->uuid ? OK : &fault_record_damaged;
}

struct orphans {
	struct journal *j;
	const struct names *blobs;
	const struct fault *fault;
};

/* Blobs without a record: it did not become durable, was taken back, or its
 * segment is gone. */
static void
drop_orphan(void *arg, const char *name)
{
	struct orphans *o = arg;
	struct span in = span_of(name);
	uint64_t lsn;

	if (!o->fault && take_hex(&in, &lsn) &&
		span_equals(in, SPAN(".blob")) && !has_id(o->blobs, lsn))
		o->fault = file_unlink(o->j->setup.directory, name);
}

/* What was read may be in the page cache only: a killed process leaves it there
 * unsynced, and after a sync that failed the kernel takes it for written.  It
 * was handed out, so it must stay: write it again, then sync. */
static FALLIBLE
settle(struct journal *j)
{
	uint64_t at = j->tail == SEGMENT_HEAD ? 0 : j->tail;
	int fd = segment_last(j)->fd;

	while (at < j->offset) {
		size_t n = j->offset - at < JOURNAL_BATCH
			? (size_t)(j->offset - at)
			: JOURNAL_BATCH;
		size_t len;

		TRY(file_read(fd, at, j->batch, n, &len));
		if (len < n)
			return &fault_storage_failed;
		TRY(file_write(fd, at, span_at(j->batch, n)));
		at += n;
	}
	return file_sync(fd);
}

/* Nobody waits yet: it is filled before it is used. */
static FALLIBLE
begin_segment(struct journal *j)
{
	TRY(segment_reserve(j));
	while (!segment_is_filled(j))
		segment_fill(j);
	return segment_next(j);
}

/* Make the journal ready for appending.  After a commit that was cut off a new
 * segment begins: what is left of it in the old one must never be read as the
 * continuation of new records. */
static FALLIBLE
prepare(struct journal *j, const struct names *blobs)
{
	struct orphans orphans = { j, blobs, OK };

	j->batch = pool_storage(JOURNAL_BATCH + RECORD_HEAD);
	if (!j->batch)
		return &fault_sys_failed;
	TRY(file_each(j->setup.directory, drop_orphan, &orphans));
	if (orphans.fault)
		return orphans.fault;
	if (j->count > 0)
		TRY(settle(j));
	if (j->count == 0 || j->facts.end == JOURNAL_TORN)
		TRY(begin_segment(j));
	return segment_reserve(j) == &fault_storage_failed
		? &fault_storage_failed
		: OK;
}

static FALLIBLE
find_segments(struct journal *j, struct names *names)
{
	TRY(file_each(j->setup.directory, note_name, names));
	if (names->failed)
		return &fault_sys_failed;
	TRY(read_id(j, names));
	if (names->count > 0)
		qsort(names->ids, names->count, sizeof *names->ids, by_id);
	return open_segments(j, names);
}

static FALLIBLE
open_all(struct journal *j, on_record *each, void *arg)
{
	struct names names = { 0 }, blobs = { 0 };
	const struct fault *f = find_segments(j, &names);

	if (!f)
		f = replay_all(j, &blobs, each, arg);
	if (!f && blobs.failed)
		f = &fault_sys_failed;
	if (!f && !j->setup.read_only)
		f = prepare(j, &blobs);
	free(names.ids);
	free(blobs.ids);
	return f;
}

FALLIBLE
journal_open(const struct journal_setup *setup, on_record *each, void *arg,
	struct journal **out)
{
	struct journal *j = calloc(1, sizeof *j);
	const struct fault *f;

	if (!j)
		return &fault_sys_failed;
	j->setup = *setup;
	j->lock = j->spare = -1;
	j->next_lsn = 1;
	f = open_all(j, each, arg);
	if (f) {
		journal_close(&j);
		return f;
	}
	*out = j;
	return OK;
}

void
journal_close(struct journal **journal)
{
	struct journal *j = *journal;

	if (!j)
		return;
	for (size_t i = 0; i < j->count; i++)
		fd_close(&j->segments[i].fd);
	fd_close(&j->spare);
	fd_close(&j->lock);
	if (j->batch)
		munmap(j->batch, JOURNAL_BATCH + RECORD_HEAD);
	free(j->segments);
	free(j);
	*journal = NULL;
}

void
journal_facts(const struct journal *j, struct journal_facts *out)
{
	*out = j->facts;
	out->last_lsn = j->acked;
	out->segments = j->count;
}
