#include "state/store/rows.h"

#include "lib/base/must.h"

/* Big-endian, so that numbers sort as octets do. */
static void
add(struct key *k, uint64_t n, unsigned octets)
{
	for (unsigned i = octets; i-- > 0;)
		k->at[k->len++] = (uint8_t)(n >> (8 * i));
}

static void
add_octets(struct key *k, struct span s)
{
	MUST(s.len <= sizeof k->at - k->len);
	memcpy(k->at + k->len, s.at, s.len);
	k->len += s.len;
}

static struct span
key_view(const struct key *k)
{
	return (struct span){ k->at, k->len };
}

struct span
key_account(struct key *k, uint32_t account)
{
	k->len = 0;
	add(k, account, 4);
	return key_view(k);
}

struct span
key_box(struct key *k, struct box b)
{
	key_account(k, b.account);
	add(k, b.mailbox, 4);
	return key_view(k);
}

struct span
key_uid(struct key *k, struct box b, uint32_t uid)
{
	key_box(k, b);
	add(k, uid, 4);
	return key_view(k);
}

struct span
key_email(struct key *k, uint32_t account, uint64_t email)
{
	key_account(k, account);
	add(k, email, 8);
	return key_view(k);
}

struct span
key_name(struct key *k, uint32_t account, struct span name)
{
	key_account(k, account);
	add_octets(k, name);
	return key_view(k);
}

struct span
key_dkey(struct key *k, uint32_t account, const uint8_t dkey[16])
{
	return key_name(k, account, span_at(dkey, 16));
}

struct span
key_name_of(struct span key, uint32_t account)
{
	struct key k;
	struct span head = key_account(&k, account);

	if (!span_is_set(key) || !span_starts(key, head))
		return SPAN_NONE;
	span_shift_upto(&key, head.len);
	return key;
}

/* Copy a row of at least `fixed` octets, the rest of it into the array that
 * ends the struct. */
static FALLIBLE
get(struct tables *t, enum index_table table, struct span key, void *out, size_t size,
	size_t fixed, bool *found)
{
	struct span v;

	TRY(table_get(t, table, key, &v));
	*found = span_is_set(v);
	memset(out, 0, size);
	if (!*found)
		return OK;
	if (v.len < fixed || v.len > size)
		return &fault_record_damaged;
	memcpy(out, v.at, v.len);
	return OK;
}

FALLIBLE
account_get(struct tables *t, uint32_t account, struct account_row *out,
	bool *found)
{
	struct key k;

	return get(t, TABLE_ACCOUNT, key_account(&k, account), out, sizeof *out,
		sizeof *out, found);
}

FALLIBLE
account_put(struct tables *t, uint32_t account, const struct account_row *row)
{
	struct key k;

	return table_put(t, TABLE_ACCOUNT, key_account(&k, account),
		span_at(row, sizeof *row));
}

FALLIBLE
box_get(struct tables *t, struct box b, struct box_row *out, bool *found)
{
	struct key k;

	return get(t, TABLE_MAILBOX, key_box(&k, b), out, sizeof *out,
		offsetof(struct box_row, name), found);
}

FALLIBLE
box_put(struct tables *t, struct box b, const struct box_row *row)
{
	struct key k;

	return table_put(t, TABLE_MAILBOX, key_box(&k, b),
		span_at(row, offsetof(struct box_row, name) + row->name_len));
}

FALLIBLE
box_find(struct tables *t, uint32_t account, struct span name,
	uint32_t *mailbox, bool *found)
{
	struct key k;

	*mailbox = 0;
	*found = false;
	if (name.len == 0 || name.len > MAILBOX_NAME_MAX)
		return OK;
	return get(t, TABLE_NAME, key_name(&k, account, name), mailbox,
		sizeof *mailbox, sizeof *mailbox, found);
}

FALLIBLE
email_get(struct tables *t, uint32_t account, uint64_t email,
	struct email_row *out, bool *found)
{
	struct key k;

	return get(t, TABLE_EMAIL, key_email(&k, account, email), out,
		sizeof *out, offsetof(struct email_row, prefix), found);
}

FALLIBLE
email_put(struct tables *t, uint32_t account, uint64_t email,
	const struct email_row *row)
{
	struct key k;

	return table_put(t, TABLE_EMAIL, key_email(&k, account, email),
		span_at(row, offsetof(struct email_row, prefix) +
				row->prefix_len));
}

FALLIBLE
keywords_get(struct tables *t, struct box b, const struct keyword_name **at,
	size_t *count)
{
	struct key k;
	struct span v;

	TRY(table_get(t, TABLE_KEYWORDS, key_box(&k, b), &v));
	if (v.len % sizeof **at != 0)
		return &fault_record_damaged;
	*at = (const struct keyword_name *)v.at;
	*count = v.len / sizeof **at;
	return OK;
}

FALLIBLE
box_below(struct tables *t, uint32_t account, struct span name,
	struct buf *child, uint32_t *mailbox)
{
	OWNED(walk_close) struct walk w = { 0 };
	struct table_row row;
	struct span below;
	struct key k;

	buf_clear(child);
	if (!buf_put(child, name) || !buf_push(child, '/'))
		return OK;
	TRY(walk_open(t, TABLE_NAME, &w));
	TRY(walk_seek(&w, key_name(&k, account, buf_view(child)), &row));
	below = key_name_of(row.key, account);
	if (!span_is_set(below) || !span_starts(below, buf_view(child))) {
		buf_clear(child);
		return OK;
	}
	if (row.value.len != sizeof *mailbox)
		return &fault_record_damaged;
	memcpy(mailbox, row.value.at, sizeof *mailbox);
	buf_clear(child);
	return buf_put(child, below) ? OK : &fault_record_damaged;
}
