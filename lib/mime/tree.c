#include "lib/mime/tree.h"

#include "lib/base/must.h"
#include "lib/mime/fields.h"

/* A part that is open while the lines go by.  Only multiparts have a
 * boundary; the others wait here for their end. */
struct level {
	uint16_t part;
	bool closed;          /* the closing delimiter was seen */
	bool in_header;
	uint32_t body_line;   /* number of the body's first line */
	uint8_t storage[BOUNDARY_MAX];
	struct buf boundary;
};

struct reader {
	struct tree *tree;
	struct span message;
	struct level level[TREE_DEPTH + 1];
	size_t depth;         /* levels in use                   */
	uint32_t line;        /* lines gone by                   */
};

static struct level *
top(struct reader *r)
{
	return &r->level[r->depth - 1];
}

static struct part *
part_of(struct reader *r, const struct level *l)
{
	return &r->tree->part[l->part];
}

/* A new part whose header begins at `at`, as the last child of the top. */
static bool
open_part(struct reader *r, uint32_t at)
{
	struct tree *t = r->tree;
	uint16_t self = (uint16_t)t->len;
	struct part *p = &t->part[self];

	if (r->depth > TREE_DEPTH || t->len >= t->cap) {
		part_of(r, top(r))->flags |= t->len >= t->cap ? PART_TOO_MANY
							      : PART_TOO_DEEP;
		return false;
	}
	t->len++;
	*p = (struct part){ .header_at = at, .body_at = at };
	if (r->depth > 0) {
		struct part *parent = part_of(r, top(r));
		uint16_t *link = &parent->first;

		/* the last child is the newest part of this parent */
		p->parent = top(r)->part;
		p->depth = (uint16_t)r->depth;
		if (*link) {
			uint16_t last = r->level[r->depth].part;

			link = &t->part[last].next;
		}
		*link = self;
	}
	r->level[r->depth] = (struct level){ .part = self, .in_header = true };
	r->depth++;
	return true;
}

/* Text parts in a digest are messages, RFC 2046 section 5.1.5. */
static struct content_type
default_type(struct reader *r, const struct part *p)
{
	const struct part *parent = &r->tree->part[p->parent];

	if (p->depth > 0 && parent->kind == PART_MULTIPART &&
		span_equals_nocase(parent->type.subtype, SPAN("digest")))
		return (struct content_type){ SPAN("message"), SPAN("rfc822"),
			SPAN("") };
	return (struct content_type){ SPAN("text"), SPAN("plain"),
		SPAN("; charset=us-ascii") };
}

static void
read_fields(struct reader *r, struct part *p)
{
	struct mime_fields m;

	p->flags |= mime_fields_read(part_header(p, r->message), &m);
	p->type = default_type(r, p);
	if (span_is_set(m.type) && !content_type_parse(m.type, &p->type))
		p->flags |= PART_TYPE_SYNTAX;
	p->encoding = encoding_read(m.encoding, &p->flags);
	if (p->depth == 0 && !span_is_set(m.version) &&
		(span_is_set(m.type) || span_is_set(m.encoding)))
		p->flags |= PART_NO_VERSION;
	p->encoding_text = m.encoding;
	p->disposition = m.disposition;
	p->id = m.id;
	p->description = m.description;
	p->md5 = m.md5;
	p->language = m.language;
	p->location = m.location;
}

/* What the type means for the structure. */
static enum part_kind
kind_of(struct reader *r, struct part *p)
{
	struct level *l = top(r);

	if (span_equals_nocase(p->type.type, SPAN("multipart"))) {
		l->boundary = BUF(l->storage);
		if (boundary_read(p->type.params, &l->boundary, &p->flags))
			return PART_MULTIPART;
	} else if (span_equals_nocase(p->type.type, SPAN("message"))) {
		if (span_equals_nocase(p->type.subtype, SPAN("partial")))
			p->flags |= PART_PARTIAL;
		if (span_equals_nocase(p->type.subtype, SPAN("rfc822")))
			return PART_MESSAGE;
	}
	return PART_LEAF;
}

/* The header of the top part ends; its body begins at `at`. */
static void
end_header(struct reader *r, uint32_t at)
{
	struct level *l = top(r);
	struct part *p = part_of(r, l);

	l->in_header = false;
	l->body_line = r->line;
	p->header_len = at - p->header_at;
	p->body_at = at;
	read_fields(r, p);
	p->kind = kind_of(r, p);
	if (p->kind != PART_LEAF && p->encoding >= ENCODING_QP) {
		p->flags |= PART_ENCODED_COMPOSITE;
		if (p->kind == PART_MESSAGE)
			p->kind = PART_LEAF;
	}
	if (p->kind == PART_MESSAGE && !open_part(r, at))
		p->kind = PART_LEAF;
}

/* Lines of a body.  The line end that belongs to the delimiter behind it ended
 * a line only if the body has octets on that line. */
static uint32_t
count_lines(const struct reader *r, const struct level *l, const struct part *p)
{
	uint32_t end = p->body_at + p->body_len;
	uint32_t lines = r->line - l->body_line;

	if (p->body_len == 0)
		return 0;
	if (end < r->message.len && r->message.at[end - 1] == '\n')
		lines--;
	return lines;
}

/* The top part ends at `end`.  A part that ends within its header first gets a
 * body, which may open another part: call again until it is gone. */
static void
close_top(struct reader *r, uint32_t end)
{
	struct level *l = top(r);
	struct part *p = part_of(r, l);

	if (l->in_header) {
		p->flags |= PART_HEADER_OPEN;
		end_header(r, end > p->header_at ? end : p->header_at);
		return;
	}
	if (p->kind == PART_MESSAGE) {
		const struct part *inner = &r->tree->part[p->first];
		uint32_t inner_end = inner->body_at + inner->body_len;

		/* the empty line of its header is the delimiter's line end */
		end = end > inner_end ? end : inner_end;
	}
	p->body_len = end > p->body_at ? end - p->body_at : 0;
	p->lines = count_lines(r, l, p);
	if (p->kind == PART_MULTIPART) {
		if (!l->closed)
			p->flags |= PART_UNCLOSED;
		if (!p->first)
			p->kind = PART_LEAF;
	}
	r->tree->flags |= p->flags;
	r->depth--;
}

enum delimiter { NONE, OPENS, CLOSES };

/* delimiter = "--" boundary ["--"] transport-padding CRLF */
static enum delimiter
delimiter_of(struct level *l, struct span line, uint32_t *flags)
{
	static const bool padding[256] = {
		[' '] = true, ['\t'] = true, ['\r'] = true, ['\n'] = true,
	};
	enum delimiter found = OPENS;

	if (l->closed || l->boundary.len == 0)
		return NONE;
	span_shift_upto(&line, 2);
	if (!span_starts(line, buf_view(&l->boundary)))
		return NONE;
	span_shift_upto(&line, l->boundary.len);
	if (span_starts(line, SPAN("--"))) {
		span_shift_upto(&line, 2);
		found = CLOSES;
	}
	span_skip(&line, padding);
	if (line.len > 0) {
		*flags |= PART_DELIMITER_LIKE;
		return NONE;
	}
	return found;
}

/* Where a part ends whose delimiter line begins at `at`: the line end before
 * the delimiter belongs to the delimiter. */
static uint32_t
end_before(const struct reader *r, uint32_t at)
{
	const uint8_t *m = r->message.at;

	if (at > 0 && m[at - 1] == '\n')
		at--;
	if (at > 0 && m[at - 1] == '\r')
		at--;
	return at;
}

/* The line is a delimiter of the multipart at `depth`. */
static void
delimit(struct reader *r, size_t depth, uint32_t at, uint32_t next,
	enum delimiter what)
{
	uint32_t end = end_before(r, at);

	while (r->depth > depth)
		close_top(r, end);
	if (what == CLOSES)
		top(r)->closed = true;
	else
		(void)open_part(r, next);
}

static bool
take_delimiter(struct reader *r, struct span line, uint32_t at)
{
	for (size_t depth = r->depth; depth > 0; depth--) {
		struct level *l = &r->level[depth - 1];
		enum delimiter what;

		if (part_of(r, l)->kind != PART_MULTIPART)
			continue;
		what = delimiter_of(l, line, &part_of(r, l)->flags);
		if (what != NONE) {
			delimit(r, depth, at, at + (uint32_t)line.len, what);
			return true;
		}
	}
	return false;
}

/* A line of text between or in parts. */
static void
take_text(struct reader *r, struct span line)
{
	struct level *l = top(r);
	struct part *p = part_of(r, l);

	if (p->kind != PART_MULTIPART || line_is_blank(line))
		return;
	if (l->closed)
		p->flags |= PART_EPILOGUE;
	else if (!p->first)
		p->flags |= PART_PREAMBLE;
}

static uint32_t
line_flags(struct span line)
{
	uint32_t flags = 0;
	size_t cr = span_find_octet(line, '\r');

	if (memchr(line.at, 0, line.len))
		flags |= PART_NUL;
	if (line.at[line.len - 1] == '\n' && cr + 2 != line.len)
		flags |= PART_LINE_ENDS;
	else if (line.at[line.len - 1] != '\n' && cr < line.len)
		flags |= PART_LINE_ENDS;
	return flags;
}

void
tree_read(struct tree *t, struct span message)
{
	struct reader r = { .tree = t, .message = message };
	struct span rest = message;

	MUST(t->cap > 0 && t->cap <= TREE_PARTS && message.len <= UINT32_MAX);
	t->len = 0;
	t->flags = 0;
	(void)open_part(&r, 0);

	while (rest.len > 0) {
		uint32_t at = (uint32_t)(rest.at - message.at);
		struct span line = take_raw_line(&rest);

		t->flags |= line_flags(line);
		if (line.len > 2 && line.at[0] == '-' && line.at[1] == '-' &&
			take_delimiter(&r, line, at)) {
			r.line++;
			continue;
		}
		r.line++;
		if (!top(&r)->in_header)
			take_text(&r, line);
		else if (line_is_blank(line))
			end_header(&r, at + (uint32_t)line.len);
	}
	while (r.depth > 0)
		close_top(&r, (uint32_t)message.len);
}
