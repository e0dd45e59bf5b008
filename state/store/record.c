#include "state/store/record.h"

#include "lib/base/codec.h"
#include "lib/base/number.h"
#include "state/store/flags.h"
#include "state/store/names.h"

enum kind { NUMBER_32 = 1, NUMBER_64, OCTETS };

struct field {
	enum kind kind;
	size_t place;
	uint32_t most; /* octets of OCTETS */
};

#define N32(member) { NUMBER_32, offsetof(struct record, member), 0 }
#define N64(member) { NUMBER_64, offsetof(struct record, member), 0 }
#define OCT(member, most) { OCTETS, offsetof(struct record, member), most }

#define RANGES_OCTETS (STORE_RANGES * 8)
#define INDEX_OCTETS  131072
#define FIELDS        8

/* The format on the disk. */
static const struct field fields[RECORDS][FIELDS] = {
	[RECORD_ACCOUNT] = { N32(account), N32(uidvalidity) },
	[RECORD_MESSAGE] = { N64(size), N64(idate_us), OCT(sha256, 32),
		OCT(index, INDEX_OCTETS), N32(count), OCT(rcpts, RECORD_MAX) },
	[RECORD_COPY] = { N32(account), N32(mailbox), N32(to), N32(first),
		N64(modseq), N32(bits), OCT(keywords, KEYWORD_BITS),
		OCT(ranges, RANGES_OCTETS) },
	[RECORD_FLAGS] = { N32(account), N32(mailbox), N64(modseq), N32(bits),
		N64(flags), OCT(ranges, RANGES_OCTETS) },
	[RECORD_EXPUNGE] = { N32(account), N32(mailbox), N64(modseq), N32(bits),
		OCT(ranges, RANGES_OCTETS) },
	[RECORD_MAILBOX] = { N32(account), N32(mailbox), N32(uidvalidity),
		N64(modseq), N32(bits), OCT(name, MAILBOX_NAME_MAX) },
	[RECORD_MAILBOX_GONE] = { N32(account), N32(mailbox), N64(modseq) },
	[RECORD_RENAMED] = { N32(account), OCT(name, MAILBOX_NAME_MAX),
		OCT(new_name, MAILBOX_NAME_MAX) },
	[RECORD_SUBSCRIBED] = { N32(account), N32(bits),
		OCT(name, MAILBOX_NAME_MAX) },
	[RECORD_KEYWORD] = { N32(account), N32(mailbox),
		OCT(name, STORE_KEYWORD) },
};

#define EACH_FIELD(f, type)                                               \
	for (const struct field *f = fields[type];                        \
		f < fields[type] + FIELDS && f->kind; f++)

static bool
put_field(struct buf *b, const struct field *f, const struct record *r)
{
	const uint8_t *at = (const uint8_t *)r + f->place;
	struct span octets;
	uint32_t n;
	uint64_t wide;

	switch (f->kind) {
	case NUMBER_32:
		memcpy(&n, at, sizeof n);
		return put_u32(b, n);
	case NUMBER_64:
		memcpy(&wide, at, sizeof wide);
		return put_u64(b, wide);
	case OCTETS:
		memcpy(&octets, at, sizeof octets);
		return octets.len <= f->most &&
			put_u32(b, (uint32_t)octets.len) && buf_put(b, octets);
	}
	return false;
}

static bool
take_field(struct span *in, const struct field *f, struct record *r)
{
	uint8_t *at = (uint8_t *)r + f->place;
	struct span octets;
	uint32_t n;
	uint64_t wide;

	switch (f->kind) {
	case NUMBER_32:
		if (!take_u32(in, &n))
			return false;
		memcpy(at, &n, sizeof n);
		return true;
	case NUMBER_64:
		if (!take_u64(in, &wide))
			return false;
		memcpy(at, &wide, sizeof wide);
		return true;
	case OCTETS:
		if (!take_u32(in, &n) || n > f->most ||
			!take_octets(in, n, &octets))
			return false;
		memcpy(at, &octets, sizeof octets);
		return true;
	}
	return false;
}

bool
put_record(struct buf *b, const struct record *r)
{
	size_t start = b->len;

	EACH_FIELD(f, r->type)
		if (!put_field(b, f, r)) {
			b->len = start;
			return false;
		}
	return true;
}

bool
put_rcpt(struct buf *b, const struct record_rcpt *r)
{
	size_t start = b->len;
	bool done = put_u32(b, r->account) && put_u32(b, r->mailbox) &&
		put_u32(b, r->uid) && put_u8(b, r->has_dkey) &&
		buf_put(b, span_at(r->dkey, sizeof r->dkey)) &&
		put_u64(b, r->modseq) && put_u64(b, r->flags) &&
		put_block(b, r->prefix);

	if (!done)
		b->len = start;
	return done;
}

bool
rcpt_take(struct span *rcpts, struct record_rcpt *out)
{
	struct span in = *rcpts, dkey;
	struct record_rcpt r = { 0 };

	if (!take_u32(&in, &r.account) || !take_u32(&in, &r.mailbox) ||
		!take_u32(&in, &r.uid) || !take_u8(&in, &r.has_dkey) ||
		!take_octets(&in, sizeof r.dkey, &dkey) ||
		!take_u64(&in, &r.modseq) || !take_u64(&in, &r.flags) ||
		!take_block(&in, &r.prefix))
		return false;
	if (r.has_dkey > 1 || r.uid == 0 || r.prefix.len > PREFIX_MAX)
		return false;
	memcpy(r.dkey, dkey.at, sizeof r.dkey);
	*rcpts = in;
	*out = r;
	return true;
}

bool
put_range(struct buf *b, struct uid_span range)
{
	return buf_room(b) >= 8 && put_u32(b, range.first) &&
		put_u32(b, range.last);
}

bool
range_take(struct span *ranges, struct uid_span *out)
{
	return ranges->len >= 8 && take_u32(ranges, &out->first) &&
		take_u32(ranges, &out->last);
}

static bool
ranges_are_sound(struct span ranges)
{
	struct uid_span r;
	uint32_t before = 0;

	if (ranges.len % 8 != 0)
		return false;
	while (range_take(&ranges, &r)) {
		if (r.first <= before || r.last < r.first)
			return false;
		before = r.last;
	}
	return true;
}

static bool
rcpts_are_sound(const struct record *r)
{
	struct span rest = r->rcpts;
	struct record_rcpt rcpt;
	uint32_t n = 0;

	while (rcpt_take(&rest, &rcpt))
		n++;
	return rest.len == 0 && n == r->count && n > 0;
}

/* Does a byte for each bit of the source name a bit or nothing? */
static bool
keywords_are_sound(struct span map)
{
	if (map.len != KEYWORD_BITS)
		return false;
	for (size_t i = 0; i < map.len; i++)
		if (map.at[i] > KEYWORD_BITS)
			return false;
	return true;
}

static bool
is_sound(const struct record *r)
{
	switch (r->type) {
	case RECORD_MESSAGE:
		return rcpts_are_sound(r) && r->sha256.len == 32;
	case RECORD_COPY:
		return ranges_are_sound(r->ranges) && r->first > 0 &&
			(r->bits == 0 || (r->bits == 1 &&
						r->mailbox != r->to)) &&
			keywords_are_sound(r->keywords);
	case RECORD_FLAGS:
		return ranges_are_sound(r->ranges) && r->bits >= FLAGS_SET &&
			r->bits <= FLAGS_REMOVE;
	case RECORD_EXPUNGE:
		return ranges_are_sound(r->ranges) && r->bits <= 1;
	case RECORD_RENAMED:
		return name_is_sound(r->name) && name_is_sound(r->new_name) &&
			!span_equals(r->name, r->new_name) &&
			!name_is_below(r->new_name, r->name);
	case RECORD_MAILBOX:
	case RECORD_SUBSCRIBED:
		return name_is_sound(r->name) && r->bits < 128;
	case RECORD_KEYWORD:
		return r->name.len > 0;
	default:
		return true;
	}
}

FALLIBLE
record_parse(uint32_t type, struct span octets, struct record *out)
{
	struct record r = { 0 };

	if (type == 0 || type >= RECORDS || !fields[type][0].kind)
		return &fault_record_unknown;
	r.type = (enum record_type)type;
	EACH_FIELD(f, type)
		if (!take_field(&octets, f, &r))
			return &fault_record_damaged;
	if (octets.len > 0 || !is_sound(&r))
		return &fault_record_damaged;
	*out = r;
	return OK;
}
