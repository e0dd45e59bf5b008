/* write.c -- from a record to the journal, and from there to the index. */
#include "lib/base/codec.h"
#include "lib/base/must.h"
#include "state/store/core.h"

#define PENDING_HEAD  24  /* octets before each pending record */
#define DIGEST_OCTETS 256 /* of each end of a record */

FALLIBLE
store_fail(struct store *s, const struct fault *f)
{
	if (f)
		s->failed = true;
	return f;
}

/* --- applying ------------------------------------------------------------ */

static uint64_t
mix(uint64_t digest, struct span octets)
{
	for (size_t i = 0; i < octets.len; i++)
		digest = (digest ^ octets.at[i]) * 0x100000001b3u;
	return digest;
}

/* A digest of the record at which the index stands: an index that stands at
 * another journal's record is found out.  Both ends of the record say whose it
 * is; what lies between may be a large blob. */
static uint64_t
digest_of(uint64_t lsn, struct span octets)
{
	uint64_t digest = 0xcbf29ce484222325u ^ lsn ^ (uint64_t)octets.len << 32;

	digest = mix(digest, span_shift_upto(&octets, DIGEST_OCTETS));
	if (octets.len > DIGEST_OCTETS)
		span_shift_upto(&octets, octets.len - DIGEST_OCTETS);
	return mix(digest, octets);
}

static FALLIBLE
apply_one(struct store *s, uint32_t type, struct record_at at,
	struct span octets)
{
	struct record r;

	TRY(record_parse(type, octets, &r));
	TRY(record_apply(s->tables, at, &r));
	s->applied = at.lsn;
	s->digest = digest_of(at.lsn, octets);
	return OK;
}

static FALLIBLE
commit_index(struct store *s)
{
	struct meta_row row = { .format = INDEX_FORMAT,
		.applied = s->applied,
		.digest = s->digest,
		.file = tables_identity(s->tables) };

	TRY(table_put(s->tables, TABLE_META, META_KEY, span_at(&row, sizeof row)));
	TRY(tables_commit(s->tables));
	s->indexed = s->applied;
	return OK;
}

FALLIBLE
store_apply(struct store *s, const struct journal_record *r)
{
	if (r->lsn < s->applied)
		return OK;
	if (r->lsn == s->applied) {
		s->foreign = digest_of(r->lsn, r->head) != s->digest;
		return s->foreign ? &fault_record_damaged : OK;
	}
	TRY(apply_one(s, r->type, (struct record_at){ r->lsn, r->place.n },
		r->head));
	return s->applied - s->indexed >= INDEX_RECORDS ? commit_index(s) : OK;
}

/* What was removed shows in the account's row only now. */
static FALLIBLE
refresh(struct store *s, uint32_t account)
{
	struct head_of *h = heads_peek(s->heads, (struct box){ account, 0 });
	struct account_row row;
	bool found;

	if (!h)
		return OK;
	TRY(account_get(s->tables, account, &row, &found));
	h->octets = row.octets;
	h->messages = row.messages;
	return OK;
}

struct pending {
	uint64_t lsn, place;
	uint32_t type, len;
	struct span octets;
};

static bool
pending_take(struct span *in, struct pending *p)
{
	return take_u64(in, &p->lsn) && take_u64(in, &p->place) &&
		take_u32(in, &p->type) && take_u32(in, &p->len) &&
		take_octets(in, p->len, &p->octets);
}

static FALLIBLE
apply_pending(struct store *s)
{
	struct span in = buf_view(&s->pending), again = in, account;
	struct pending p;
	uint32_t number;

	while (pending_take(&in, &p))
		TRY(apply_one(s, p.type, (struct record_at){ p.lsn, p.place },
			p.octets));
	while (pending_take(&again, &p)) {
		account = p.octets;
		if (p.type != RECORD_MESSAGE && take_u32(&account, &number))
			TRY(refresh(s, number));
	}
	buf_clear(&s->pending);
	s->pending_records = 0;
	return s->applied - s->indexed >= INDEX_RECORDS ? commit_index(s) : OK;
}

FALLIBLE
store_settle(struct store *s)
{
	TRY(store_commit(s));
	return store_fail(s, apply_pending(s));
}

/* --- writing ------------------------------------------------------------- */

static FALLIBLE
append(struct store *s, const struct record *r, int fd, uint64_t *lsn,
	struct place *place)
{
	uint16_t type = (uint16_t)r->type;
	struct span head = buf_view(&s->room);
	struct record again;
	uint8_t sha256[32];

	/* what is in the journal is there for good: it can be read */
	TRY(record_parse(r->type, head, &again));
	if (fd < 0)
		return journal_append(s->journal, type, head, lsn, place);
	TRY(journal_append_body(s->journal, type, head, fd, r->size, sha256,
		lsn, place));
	if (span_equals(span_at(sha256, sizeof sha256), r->sha256))
		return OK;
	journal_undo(s->journal);
	return &fault_verdict_mismatch;
}

FALLIBLE
store_write(struct store *s, const struct record *r, int fd, uint64_t *lsn)
{
	struct place place;
	bool fits;

	if (s->failed)
		return &fault_storage_failed;
	buf_clear(&s->room);
	if (!put_record(&s->room, r))
		return &fault_storage_full;
	if (buf_room(&s->pending) < PENDING_HEAD + s->room.len)
		TRY(store_settle(s));
	TRY(append(s, r, fd, lsn, &place));
	fits = put_u64(&s->pending, *lsn) && put_u64(&s->pending, place.n) &&
		put_u32(&s->pending, r->type) &&
		put_u32(&s->pending, (uint32_t)s->room.len) &&
		buf_put(&s->pending, buf_view(&s->room));
	MUST(fits);
	s->pending_records++;
	s->appended = *lsn;
	return OK;
}

void
store_touch(struct store *s, struct head_of *h, uint64_t lsn)
{
	h->lsn = lsn;
	if (h->box.mailbox == 0 || h->changed ||
		s->changed_count == CHANGED_BOXES)
		return;
	h->changed = true;
	s->changed[s->changed_count++] = h->box;
}

/* --- turns --------------------------------------------------------------- */

static void
tell_changes(struct store *s)
{
	for (size_t i = 0; i < s->changed_count; i++) {
		struct head_of *h = heads_peek(s->heads, s->changed[i]);

		if (!h)
			continue;
		h->changed = false;
		if (s->setup.changed)
			s->setup.changed(s->setup.owner, h->box, h->modseq);
	}
	s->changed_count = 0;
}

bool
store_is_pending(const struct store *s)
{
	return s->appended > s->durable;
}

FALLIBLE
store_commit(struct store *s)
{
	if (s->failed)
		return &fault_storage_failed;
	if (!store_is_pending(s))
		return OK;
	TRY(store_fail(s, journal_commit(s->journal)));
	s->durable = s->appended;
	tell_changes(s);
	return OK;
}

FALLIBLE
store_tend(struct store *s)
{
	if (s->pending_records < PENDING_RECORDS)
		return OK;
	return store_settle(s);
}

FALLIBLE
store_rest(struct store *s)
{
	TRY(store_settle(s));
	return s->applied > s->indexed ? store_fail(s, commit_index(s)) : OK;
}
