#include "lib/conf/addresses.h"

#include "lib/base/must.h"

static struct span
name_of(const void *things, uint32_t i)
{
	const struct entry *e = things;

	return e[i].name;
}

/* The operator wrote the keys: nobody chooses collisions. */
void
addresses_init(struct addresses *a)
{
	static const struct siphash_key key;

	a->entries_count = a->targets_count = 0;
	a->text = BUF(a->text_storage);
	table_init(&a->table, a->slots, ENTRIES_MOST, &key, name_of,
		a->entries);
}

static const struct entry *
find(const struct addresses *a, struct span name)
{
	uint32_t i = table_find(&a->table, name);

	return i == TABLE_NONE ? NULL : &a->entries[i];
}

const struct entry *
addresses_find(const struct addresses *a, struct span address)
{
	const struct entry *e = find(a, address);

	return e && e->kind <= ENTRY_GROUP ? e : NULL;
}

const struct entry *
addresses_catch_all(const struct addresses *a, struct span domain,
	struct instant now)
{
	uint8_t room[1 + DOMAIN_MAX];
	struct buf name = BUF(room);
	const struct entry *e;

	if (!buf_push(&name, '@') || !buf_put(&name, domain))
		return NULL;
	e = find(a, buf_view(&name));
	return e && e->expires_us > now.us ? e : NULL;
}

/* The parser bounded the depth. */
bool
addresses_expand(const struct addresses *a, const struct entry *e,
	addresses_visit *visit, addresses_admit *admit, void *owner)
{
	if (e->kind == ENTRY_GROUP && !admit(owner, e))
		return false;
	for (uint32_t i = e->first; i < e->first + e->count; i++) {
		const struct target *t = &a->targets[i];

		if (t->is_sender)
			continue;
		if (t->entry == ENTRY_NONE)
			visit(owner, t->address);
		else if (!addresses_expand(a, &a->entries[t->entry], visit,
				 admit, owner))
			return false;
	}
	return true;
}

void
addresses_senders(const struct addresses *a, const struct entry *e,
	addresses_visit *visit, void *owner)
{
	for (uint32_t i = e->first; i < e->first + e->count; i++)
		if (a->targets[i].is_sender)
			visit(owner, a->targets[i].address);
}

static bool
gives_to(const struct addresses *a, const struct entry *e, struct span login)
{
	for (uint32_t i = e->first; i < e->first + e->count; i++)
		if (span_equals(a->targets[i].address, login))
			return true;
	return false;
}

void
addresses_delegated(const struct addresses *a, struct span login,
	struct instant now, addresses_visit *visit, void *owner)
{
	unsigned given = 0;

	for (uint32_t i = 0; i < a->entries_count; i++) {
		const struct entry *e = &a->entries[i];

		if (e->kind != ENTRY_SEND_AS || e->expires_us <= now.us ||
			!gives_to(a, e, login))
			continue;
		if (++given > DELEGATED_MOST)
			return;
		visit(owner, span_at(e->name.at + 1, e->name.len - 1));
	}
}

static bool
is_within(const struct entry *e, const uint8_t peer[16])
{
	for (uint32_t i = 0; i < e->bits; i++)
		if ((e->from[i / 8] ^ peer[i / 8]) & 0x80 >> i % 8)
			return false;
	return true;
}

const struct entry *
addresses_relay(const struct addresses *a, const uint8_t peer[16],
	struct instant now)
{
	for (uint32_t i = 0; i < a->entries_count; i++) {
		const struct entry *e = &a->entries[i];

		if (e->kind == ENTRY_RELAY && e->expires_us > now.us &&
			is_within(e, peer))
			return e;
	}
	return NULL;
}

struct span
relay_name(const struct entry *e)
{
	return span_at(e->name.at + 1, e->name.len - 1);
}

/* --- loops ----------------------------------------------------------------- */

/* What `height` says of an entry that is not judged yet. */
#define NOT_SEEN 0
#define ON_WAY   UINT32_MAX

struct judge {
	struct addresses *a;
	struct conf_errors *errors;
};

static void
complain(struct judge *j, uint32_t line, struct span key, const char *text)
{
	conf_errors_add(j->errors, WEIGHT_ERROR, line, key, span_of(text));
}

static void judge_entry(struct judge *j, struct entry *e, unsigned depth);

/* The alias or group that a target is, judged; NULL when the target is wrong or
 * a mailbox. */
static const struct entry *
judge_target(struct judge *j, const struct target *t, unsigned depth)
{
	struct entry *next = &j->a->entries[t->entry];

	if (next->height == ON_WAY) {
		complain(j, t->line, t->address,
			"leads back to itself; remove one link of the loop");
		return NULL;
	}
	if (next->height == NOT_SEEN && depth < TARGETS_DEEP)
		judge_entry(j, next, depth + 1);
	if (next->height == NOT_SEEN || depth + next->height > TARGETS_DEEP) {
		complain(j, t->line, t->address,
			"is more than 10 aliases deep; name the accounts "
			"instead");
		return NULL;
	}
	return next;
}

/* Once each: `depth` bounds the recursion. */
static void
judge_entry(struct judge *j, struct entry *e, unsigned depth)
{
	uint64_t reach = 0;
	uint32_t height = 1;

	e->height = ON_WAY;
	for (uint32_t i = e->first; i < e->first + e->count; i++) {
		const struct target *t = &j->a->targets[i];
		const struct entry *next;

		if (t->is_sender)
			continue;
		if (t->entry == ENTRY_NONE) {
			reach++;
			continue;
		}
		next = judge_target(j, t, depth);
		if (next && height <= next->height)
			height = next->height + 1;
		reach += next ? next->reach : 0;
	}
	if (reach > TARGETS_WIDE)
		complain(j, e->line, e->name,
			"leads to more than 1000 mailboxes; divide it");
	e->reach = reach > TARGETS_WIDE ? TARGETS_WIDE : (uint32_t)reach;
	e->height = height;
}

void
addresses_judge(struct addresses *a, struct conf_errors *errors)
{
	struct judge j = { a, errors };

	for (uint32_t i = 0; i < a->entries_count; i++)
		if (a->entries[i].height == NOT_SEEN)
			judge_entry(&j, &a->entries[i], 1);
}
