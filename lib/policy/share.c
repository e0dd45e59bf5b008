#include "lib/policy/share.h"

#include "lib/base/must.h"

#define NET_FEW 4 /* times `few` of a source */

enum kind { SOURCE, NET };

static struct span
key_of(const void *things, uint32_t i)
{
	const struct share_holder *h = things;

	return span_at(h[i].name, sizeof h[i].name);
}

void
share_init(struct share *s, struct share_holder *holders,
	struct table_slot *slots, uint32_t count, const struct siphash_key *key)
{
	s->holders = holders;
	s->used = 0;
	table_init(&s->table, slots, count, key, key_of, holders);
}

/* IPv4 address, /24; IPv6 /64, /48.  Mapped addresses differ from all others in
 * their first octets, which the kind stands for. */
static void
name_of(const uint8_t peer[16], enum kind kind, uint8_t name[9])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	bool four = memcmp(peer, mapped, sizeof mapped) == 0;
	size_t kept = kind == SOURCE ? (four ? 4 : 8) : (four ? 3 : 6);

	memset(name, 0, 9);
	name[0] = (uint8_t)(kind * 2 + four);
	memcpy(name + 1, four ? peer + 12 : peer, kept);
}

static uint32_t
find(const struct share *s, const uint8_t peer[16], enum kind kind)
{
	uint8_t name[9];

	name_of(peer, kind, name);
	return table_find(&s->table, span_at(name, sizeof name));
}

static uint32_t
held(const struct share *s, const uint8_t peer[16], enum kind kind)
{
	uint32_t i = find(s, peer, kind);

	return i == TABLE_NONE ? 0 : s->holders[i].sessions;
}

static void
add(struct share *s, const uint8_t peer[16], enum kind kind)
{
	uint32_t i = find(s, peer, kind);
	struct share_holder h = { .sessions = 0 };

	if (i == TABLE_NONE) {
		name_of(peer, kind, h.name);
		i = table_insert(&s->table, span_at(h.name, sizeof h.name));
		MUST(i != TABLE_NONE);
		s->holders[i] = h;
	}
	s->holders[i].sessions++;
}

static void
take_away(struct share *s, const uint8_t peer[16], enum kind kind)
{
	uint32_t i = find(s, peer, kind);

	MUST(i != TABLE_NONE && s->holders[i].sessions > 0);
	if (--s->holders[i].sessions == 0)
		table_erase(&s->table, i);
}

FALLIBLE
share_take(
	struct share *s, const struct share_limits *l, const uint8_t peer[16])
{
	uint32_t own = held(s, peer, SOURCE), net = held(s, peer, NET);

	if (own >= l->per_source || net >= l->per_net)
		return &fault_limit_sessions;
	if (s->used >= l->slots || 2 * s->used + 2 > s->table.cap)
		return &fault_sys_pool_empty;
	if (s->used >= l->slots / 2 &&
		(own >= l->few || net >= NET_FEW * l->few))
		return &fault_limit_sessions;
	add(s, peer, SOURCE);
	add(s, peer, NET);
	s->used++;
	return OK;
}

void
share_give(struct share *s, const uint8_t peer[16])
{
	take_away(s, peer, SOURCE);
	take_away(s, peer, NET);
	s->used--;
}
