/* The parts lie inside each other and in order, and what is written for IMAP
 * reads back as one value. */
#include "lib/base/fuzz.h"
#include "lib/mime/envelope.h"
#include "lib/mime/imap_text.h"
#include "lib/mime/index.h"

static struct part parts[TREE_PARTS];
static uint8_t blob[INDEX_MAX];

/* Inside the parent, behind the sibling before. */
static void
check_part(const struct tree *t, size_t n, struct span message)
{
	const struct part *p = &t->part[n], *up = &t->part[p->parent];
	uint64_t end = (uint64_t)p->body_at + p->body_len;

	MUST(p->header_at + (uint64_t)p->header_len <= p->body_at);
	MUST(end <= message.len);
	MUST((p->kind == PART_LEAF) == (p->first == 0));
	if (n > 0)
		MUST(p->header_at >= up->body_at &&
			end <= (uint64_t)up->body_at + up->body_len &&
			up->kind != PART_LEAF && p->depth == up->depth + 1);
	if (p->next)
		MUST(t->part[p->next].header_at >= end &&
			t->part[p->next].parent == p->parent);
}

static void
check_value(struct span text)
{
	MUST(take_value_imap(&text) && text.len == 0);
}

FUZZ(struct span input)
{
	size_t cap = input.len > 0 ? 1 + span_shift(&input) % 16 : 1;
	struct tree t = { parts, 0, cap, 0 };
	struct buf b = BUF(blob);
	struct index x;

	tree_read(&t, input);
	MUST(t.len >= 1 && t.len <= cap);
	MUST(t.part[0].header_at == 0 &&
		(uint64_t)t.part[0].body_at + t.part[0].body_len == input.len);
	for (size_t i = 0; i < t.len; i++)
		check_part(&t, i, input);

	index_make(input, &t, &b);
	MUST(index_open(buf_view(&b), &x) == OK);
	MUST(x.parts == t.len && x.size == input.len);
	check_value(x.envelope);
	check_value(x.body);
	check_value(x.structure);
}
