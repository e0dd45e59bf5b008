/* keyword.c -- names for the bits of a mailbox's flags. */
#include "state/store/core.h"
#include "state/store/flags.h"

/* atom of RFC 3501, as flag-keyword demands */
static bool
is_atom(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.at[i];

		if (c <= ' ' || c >= 0x7f || strchr("(){%*\"\\]", c))
			return false;
	}
	return name.len > 0 && name.len <= STORE_KEYWORD;
}

static struct span
name_of(const struct keyword_name *k)
{
	return span_at(k->octets, k->len);
}

/* *count is how many there are; *bit is -1 when none has this name. */
static FALLIBLE
find(struct store *s, struct box b, struct span name, int *bit, size_t *count)
{
	const struct keyword_name *at;

	*bit = -1;
	TRY(store_see(s, b.account));
	TRY(store_fail(s, keywords_get(s->tables, b, &at, count)));
	for (size_t i = 0; i < *count; i++)
		if (span_equals_nocase(name_of(&at[i]), name))
			*bit = (int)i;
	return OK;
}

FALLIBLE
keyword_bit(struct store *s, struct box b, struct span name, bool make,
	int *bit)
{
	struct record r = { .type = RECORD_KEYWORD,
		.account = b.account,
		.mailbox = b.mailbox,
		.name = name };
	struct head_of *a, *box;
	uint64_t lsn;
	size_t count;

	if (!is_atom(name))
		return &fault_imap_syntax;
	TRY(find(s, b, name, bit, &count));
	if (*bit >= 0 || !make)
		return OK;
	if (count >= KEYWORD_BITS)
		return &fault_over_quota;
	TRY(store_account(s, b.account, &a));
	TRY(store_box(s, b, &box));
	TRY(store_write(s, &r, -1, &lsn));
	store_touch(s, a, lsn);
	store_touch(s, box, lsn);
	*bit = (int)count;
	return OK;
}

FALLIBLE
keyword_bits(struct store *s, struct box b, const struct keyword_names *names,
	bool make, uint64_t *bits)
{
	uint64_t found = 0;

	if (names->count > STORE_KEYWORDS)
		return &fault_imap_syntax;
	for (size_t i = 0; i < names->count; i++) {
		int bit;

		if (names->at[i].len > STORE_KEYWORD)
			return &fault_imap_syntax;
		TRY(keyword_bit(s, b, name_of(&names->at[i]), make, &bit));
		if (bit >= 0)
			found |= (uint64_t)1 << (BIT_KEYWORD_0 + bit);
	}
	*bits = found;
	return OK;
}
