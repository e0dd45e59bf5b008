/* The MIME fields of one part's header, and what is ambiguous in them. */
#include "lib/mime/fields.h"

#include "lib/base/number.h"

struct encoding_row {
	struct span name;
	enum part_encoding encoding;
};

static const struct encoding_row encodings[] = {
	{ SPAN("7bit"), ENCODING_7BIT },
	{ SPAN("8bit"), ENCODING_8BIT },
	{ SPAN("binary"), ENCODING_BINARY },
	{ SPAN("quoted-printable"), ENCODING_QP },
	{ SPAN("base64"), ENCODING_BASE64 },
};

/* A field that is kept, and the bit for its second coming. */
struct kept_row {
	struct span name;
	size_t place;
	uint32_t twice;
};

#define KEEP(name, member, twice) \
	{ SPAN(name), offsetof(struct mime_fields, member), twice }

static const struct kept_row kept[] = {
	KEEP("Content-Type", type, PART_TYPE_TWICE),
	KEEP("Content-Transfer-Encoding", encoding, PART_ENCODING_TWICE),
	KEEP("Content-Disposition", disposition, PART_DISPOSITION_TWICE),
	KEEP("Content-ID", id, 0),
	KEEP("Content-Description", description, 0),
	KEEP("Content-MD5", md5, 0),
	KEEP("Content-Language", language, 0),
	KEEP("Content-Location", location, 0),
	KEEP("MIME-Version", version, 0),
};

static void
keep_field(struct mime_fields *m, const struct header_field *f, uint32_t *flags)
{
	for (size_t i = 0; i < COUNT_OF(kept); i++) {
		struct span *place = (void *)((uint8_t *)m + kept[i].place);

		if (!span_equals_nocase(f->name, kept[i].name))
			continue;
		if (f->blank_before_colon)
			*flags |= PART_HEADER_BLANK;
		if (span_is_set(*place))
			*flags |= kept[i].twice;
		else
			*place = f->value;
	}
}

uint32_t
mime_fields_read(struct span header, struct mime_fields *m)
{
	struct header_field f;
	unsigned strays = 0;
	uint32_t flags = 0;

	*m = (struct mime_fields){ 0 };
	while (header_next(&header, &f, &strays))
		keep_field(m, &f, &flags);
	if (strays > 0)
		flags |= PART_HEADER_STRAY;
	return flags;
}

enum part_encoding
encoding_read(struct span value, uint32_t *flags)
{
	struct span name;

	if (!span_is_set(value))
		return ENCODING_7BIT;
	if (!skip_cfws(&value))
		*flags |= PART_ENCODING_SYNTAX;
	name = take_mime_token(&value);
	if (!skip_cfws(&value) || value.len > 0)
		*flags |= PART_ENCODING_SYNTAX;
	for (size_t i = 0; i < COUNT_OF(encodings); i++)
		if (span_is_set(name) &&
			span_equals_nocase(name, encodings[i].name))
			return encodings[i].encoding;
	*flags |= PART_ENCODING_UNKNOWN;
	return ENCODING_OTHER;
}

/* bchars of RFC 2046 section 5.1.1, and its rule on the last octet */
static bool
boundary_is_legal(struct span s)
{
	static const bool bchars[256] = {
		[' '] = true, ['\'' ... ')'] = true, ['+' ... '/'] = true,
		['0' ... '9'] = true, [':'] = true, ['='] = true, ['?'] = true,
		['A' ... 'Z'] = true, ['_'] = true, ['a' ... 'z'] = true,
	};
	struct span in = s;

	return s.len > 0 && s.len <= BOUNDARY_MAX &&
		span_skip(&in, bchars) == s.len && s.at[s.len - 1] != ' ';
}

bool
boundary_read(struct span params, struct buf *boundary, uint32_t *flags)
{
	struct param p;
	bool clean = true, found = false;
	unsigned n = 0;

	while (n++ < PARAMS_MAX && param_next(&params, &p, &clean)) {
		if (!span_equals_nocase(p.name, SPAN("boundary")))
			continue;
		if (found) {
			*flags |= PART_PARAM_TWICE;
			continue;
		}
		found = true;
		if (!put_param_value(boundary, &p))
			buf_clear(boundary);
	}
	if (!clean)
		*flags |= PART_PARAM_SYNTAX;
	if (n > PARAMS_MAX)
		*flags |= PART_PARAMS_MANY;
	if (!found)
		*flags |= PART_BOUNDARY_MISSING;
	else if (!boundary_is_legal(buf_view(boundary)))
		*flags |= PART_BOUNDARY_SYNTAX;
	return boundary->len > 0;
}
