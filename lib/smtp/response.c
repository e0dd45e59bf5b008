#include "lib/smtp/response.h"

#include "lib/base/must.h"
#include "lib/base/number.h"

void
response_reader_init(struct response_reader *r)
{
	line_reader_init(&r->line);
	r->so_far = (struct response){ 0 };
	r->lines = 0;
	r->octets = 0;
	r->begun = false;
}

/* status-code = class "." subject "." detail, RFC 3463 section 2 */
static bool
take_enhanced(struct span *text, unsigned class, uint8_t out[12])
{
	struct span in = *text;
	uint64_t digits;

	if (number_take(&in, 1, class, class, &digits) || !span_take(&in, '.') ||
		number_take(&in, 3, 0, 999, &digits) || !span_take(&in, '.') ||
		number_take(&in, 3, 0, 999, &digits) ||
		(in.len > 0 && *in.at != ' '))
		return false;
	memset(out, 0, 12);
	memcpy(out, text->at, span_before(*text, in).len);
	span_take(&in, ' ');
	*text = in;
	return true;
}

static void
keep_text(struct response *r, struct span text)
{
	size_t len = text.len < RESPONSE_TEXT ? text.len : RESPONSE_TEXT;

	for (size_t i = 0; i < len; i++)
		r->text[i] = text.at[i] >= 32 && text.at[i] <= 126 ? text.at[i]
								   : '?';
	r->text_len = (uint16_t)len;
}

/* Without a status code of its own a reply has the general one of its class. */
static void
read_text(struct response *r, struct span text)
{
	static const char *const general[] = { "", "", "2.0.0", "3.0.0",
		"4.0.0", "5.0.0" };
	unsigned class = response_class(r);

	memset(r->enhanced, 0, sizeof r->enhanced);
	if (!take_enhanced(&text, class, r->enhanced))
		memcpy(r->enhanced, general[class], 5);
	keep_text(r, text);
}

static FALLIBLE
read_line(struct response_reader *r, struct span line, struct span *text,
	bool *last)
{
	uint64_t code;

	if (line.len < 3 || number_take(&line, 3, 200, 599, &code))
		return &fault_response_syntax;
	if (r->begun && code != r->so_far.code)
		return &fault_response_syntax;
	*last = !span_take(&line, '-');
	if (*last && line.len > 0 && !span_take(&line, ' '))
		return &fault_response_syntax;
	r->so_far.code = (unsigned)code;
	r->begun = true;
	*text = line;
	return OK;
}

FALLIBLE
response_next(struct response_reader *r, struct span *in,
	on_response_line *each, void *arg, struct response *out, bool *done)
{
	*done = false;
	for (;;) {
		struct span line, text;
		bool last = false;

		if (line_next(&r->line, in, &line) || r->line.lost > 0)
			return &fault_response_syntax;
		if (!span_is_set(line))
			return OK;
		r->octets += line.len + 2;
		if (++r->lines > RESPONSE_LINES || r->octets > RESPONSE_MAX)
			return &fault_response_limit;
		TRY(read_line(r, line, &text, &last));
		if (each)
			each(arg, text);
		if (!last)
			continue;
		read_text(&r->so_far, text);
		*out = r->so_far;
		*done = true;
		r->so_far = (struct response){ 0 };
		r->lines = 0;
		r->octets = 0;
		r->begun = false;
		return OK;
	}
}

void
response_make(struct response *r, unsigned code, const char *enhanced,
	struct span text)
{
	size_t len = strlen(enhanced);

	MUST(len < sizeof r->enhanced);
	*r = (struct response){ .code = code };
	memcpy(r->enhanced, enhanced, len);
	keep_text(r, text);
}
