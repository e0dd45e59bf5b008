#include "lib/mime/index.h"

#include "lib/base/must.h"
#include "lib/mime/envelope.h"

#define MAGIC         0x31584950u /* changes with the format */
#define STRUCTURE_MAX 32768       /* octets of BODY and of BODYSTRUCTURE */

struct index_head {
	uint32_t magic, size, flags, header_len, parts;
	uint32_t envelope, body, structure; /* octets, in this order */
};

_Static_assert(sizeof(struct index_part) == 24, "no gap may be stored");
_Static_assert(sizeof(struct index_head) + TREE_PARTS * 24 + ENVELOPE_MAX +
			2 * STRUCTURE_MAX <= INDEX_MAX,
	"INDEX_MAX is enough for every message");

static uint8_t
kind_of(const struct part *p)
{
	static const uint8_t kinds[] = { [PART_LEAF] = INDEX_LEAF,
		[PART_MULTIPART] = INDEX_MULTIPART,
		[PART_MESSAGE] = INDEX_MESSAGE };

	if (p->kind == PART_LEAF &&
		span_equals_nocase(p->type.type, SPAN("text")))
		return INDEX_TEXT;
	return kinds[p->kind];
}

static void
put_part(struct buf *out, const struct part *p)
{
	struct index_part x = { p->header_at, p->header_len, p->body_at,
		p->body_len, p->parent, p->first, p->next, kind_of(p),
		(uint8_t)p->encoding };

	MUST(buf_put(out, span_at(&x, sizeof x)));
}

/* Leave only the root, as an opaque leaf. */
static void
flatten(struct tree *t)
{
	t->len = 1;
	t->part[0].kind = PART_LEAF;
	t->part[0].first = 0;
	t->flags |= PART_TOO_MANY;
}

/* Both structures into a part of the buf; all or nothing. */
static bool
put_structures(struct buf *out, const struct tree *t, struct span message,
	struct index_head *h)
{
	size_t cap = out->cap, start = out->len;
	bool fits;

	out->cap = start + STRUCTURE_MAX;
	fits = put_structure(out, t, message, false);
	h->body = (uint32_t)(out->len - start);
	out->cap = out->len + STRUCTURE_MAX;
	fits = fits && put_structure(out, t, message, true);
	h->structure = (uint32_t)(out->len - start - h->body);
	out->cap = cap;
	if (!fits)
		out->len = start;
	return fits;
}

static void
put_flat(struct buf *out, const struct tree *t, struct index_head *h)
{
	size_t start = out->len;

	MUST(put_structure_flat(out, t->part[0].body_len));
	h->body = (uint32_t)(out->len - start);
	MUST(put_structure_flat(out, t->part[0].body_len));
	h->structure = h->body;
}

/* Head, parts and texts of the tree as it is; false when they do not fit. */
static bool
put_index(struct buf *out, const struct tree *t, struct span message, bool flat)
{
	struct index_head h = { .magic = MAGIC, .flags = t->flags,
		.size = (uint32_t)message.len,
		.header_len = t->part[0].header_len,
		.parts = (uint32_t)t->len };
	size_t start;

	buf_clear(out);
	MUST(buf_put(out, span_at(&h, sizeof h)));
	for (size_t i = 0; i < t->len; i++)
		put_part(out, &t->part[i]);
	start = out->len;
	MUST(put_envelope(out, part_header(&t->part[0], message)));
	h.envelope = (uint32_t)(out->len - start);
	if (flat)
		put_flat(out, t, &h);
	else if (!put_structures(out, t, message, &h))
		return false;
	memcpy(out->at, &h, sizeof h);
	return true;
}

void
index_make(struct span message, struct tree *tree, struct buf *out)
{
	MUST(out->cap >= INDEX_MAX);
	tree_read(tree, message);
	if (put_index(out, tree, message, false))
		return;
	flatten(tree);
	MUST(put_index(out, tree, message, true));
}

static bool
part_is_sound(const struct index *x, size_t n)
{
	struct index_part p = index_part(x, n);

	/* children stand behind their parents: no walk can go in a circle */
	return p.header_at <= x->size && p.header_len <= x->size - p.header_at &&
		p.body_at <= x->size && p.body_len <= x->size - p.body_at &&
		p.first < x->parts && p.next < x->parts &&
		(p.first == 0 || p.first > n) && (p.next == 0 || p.next > n) &&
		(p.kind == INDEX_LEAF || p.kind == INDEX_TEXT || p.first != 0) &&
		p.kind <= INDEX_TEXT && p.encoding <= ENCODING_OTHER;
}

void
index_shift(struct buf *blob, uint32_t by)
{
	struct index_head h;

	memcpy(&h, blob->at, sizeof h);
	h.size += by;
	h.header_len += by;
	memcpy(blob->at, &h, sizeof h);
	for (size_t i = 0; i < h.parts; i++) {
		uint8_t *at = blob->at + sizeof h +
			i * sizeof(struct index_part);
		struct index_part p;

		memcpy(&p, at, sizeof p);
		if (i == 0)
			p.header_len += by;
		else
			p.header_at += by;
		p.body_at += by;
		memcpy(at, &p, sizeof p);
	}
}

FALLIBLE
index_open(struct span blob, struct index *out)
{
	struct index_head h;
	struct index x;
	uint64_t need;

	if (blob.len < sizeof h)
		return &fault_record_damaged;
	memcpy(&h, blob.at, sizeof h);
	need = sizeof h + (uint64_t)h.parts * sizeof(struct index_part) +
		h.envelope + (uint64_t)h.body + h.structure;
	if (h.magic != MAGIC || h.parts == 0 || h.parts > TREE_PARTS ||
		need != blob.len || h.header_len > h.size)
		return &fault_record_damaged;

	x = (struct index){ .size = h.size, .flags = h.flags,
		.header_len = h.header_len, .parts = h.parts };
	span_shift_upto(&blob, sizeof h);
	x.part = span_shift_upto(&blob,
		h.parts * sizeof(struct index_part)).at;
	x.envelope = span_shift_upto(&blob, h.envelope);
	x.body = span_shift_upto(&blob, h.body);
	x.structure = blob;
	for (size_t i = 0; i < x.parts; i++)
		if (!part_is_sound(&x, i))
			return &fault_record_damaged;
	*out = x;
	return OK;
}

struct index_part
index_part(const struct index *x, size_t n)
{
	struct index_part p;

	MUST(n < x->parts);
	memcpy(&p, x->part + n * sizeof p, sizeof p);
	return p;
}

/* The n-th child, counted from 1. */
static bool
child(const struct index *x, size_t *at, uint32_t n)
{
	size_t c = index_part(x, *at).first;

	while (c && --n > 0)
		c = index_part(x, c).next;
	*at = c;
	return c != 0;
}

/* Part `n` of the message at *at: a child of its multipart, or "1", the body
 * of a message that has no parts. */
static bool
step_into(const struct index *x, size_t *at, uint32_t n)
{
	if (index_part(x, *at).kind == INDEX_MULTIPART)
		return child(x, at, n);
	return n == 1;
}

/* The same for a part: a multipart has children, a message is entered. */
static bool
step_down(const struct index *x, size_t *at, uint32_t n)
{
	struct index_part p = index_part(x, *at);

	if (p.kind == INDEX_MULTIPART)
		return child(x, at, n);
	*at = p.first;
	return p.kind == INDEX_MESSAGE && step_into(x, at, n);
}

bool
index_find(const struct index *x, const uint16_t *path, size_t depth,
	enum section_text what, uint32_t *at, uint32_t *len)
{
	struct index_part p;
	size_t n = 0;

	for (size_t i = 0; i < depth; i++)
		if (path[i] == 0 || !(i == 0 ? step_into(x, &n, path[i])
					     : step_down(x, &n, path[i])))
			return false;
	p = index_part(x, n);
	if (depth > 0 && (what == SECTION_HEADER || what == SECTION_TEXT)) {
		if (p.kind != INDEX_MESSAGE)
			return false;
		p = index_part(x, p.first);
	}
	if (what == SECTION_BODY && depth == 0) {
		*at = 0;
		*len = x->size;
	} else if (what == SECTION_HEADER || what == SECTION_MIME) {
		*at = p.header_at;
		*len = p.header_len;
	} else {
		*at = p.body_at;
		*len = p.body_len;
	}
	return true;
}
