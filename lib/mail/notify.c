#include "lib/mail/notify.h"

#include "lib/base/escape.h"
#include "lib/base/number.h"

static const struct {
	const char *word;
	unsigned bit;
} words[] = {
	{ "SUCCESS", NOTIFY_SUCCESS },
	{ "FAILURE", NOTIFY_FAILURE },
	{ "DELAY", NOTIFY_DELAY },
};

static unsigned
notify_bit(struct span word)
{
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (span_equals_nocase(word, span_of(words[i].word)))
			return words[i].bit;
	return 0;
}

bool
notify_parse(struct span value, unsigned *out)
{
	unsigned all = 0;

	if (span_equals_nocase(value, SPAN("NEVER"))) {
		*out = NOTIFY_NEVER;
		return true;
	}
	do {
		unsigned bit = notify_bit(span_shift_upto(&value,
			span_find_octet(value, ',')));

		if (bit == 0 || all & bit)
			return false;
		all |= bit;
	} while (span_take(&value, ','));
	*out = all;
	return true;
}

bool
put_notify(struct buf *b, unsigned notify)
{
	bool first = true;

	if (notify & NOTIFY_NEVER)
		return buf_put_text(b, "NEVER");
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (!(notify & words[i].bit))
			continue;
		if ((!first && !buf_push(b, ',')) ||
			!buf_put_text(b, words[i].word))
			return false;
		first = false;
	}
	return true;
}

static bool
is_printable(uint32_t c)
{
	return c >= 32 && (c < 127 || c >= 0xa0);
}

/* hexchar = ASCII "+" immediately followed by two upper case digits */
static bool
take_hexchar(struct span *in, uint8_t *out)
{
	uint8_t n = 0;

	for (int i = 0; i < 2; i++) {
		uint8_t c = in->len > 0 ? span_shift(in) : 0;

		if (c >= '0' && c <= '9')
			n = (uint8_t)(n << 4 | (c - '0'));
		else if (c >= 'A' && c <= 'F')
			n = (uint8_t)(n << 4 | (c - 'A' + 10));
		else
			return false;
	}
	*out = n;
	return n >= 32 && n <= 126;
}

/* xchar = %d33-42 / %d44-60 / %d62-126, or hexchar */
static bool
take_xtext_octet(struct span *in, uint8_t *out)
{
	uint8_t c = span_shift(in);

	if (c == '+')
		return take_hexchar(in, out);
	*out = c;
	return c > 32 && c < 127 && c != '=';
}

bool
xtext_is_sound(struct span text)
{
	uint8_t octet;

	if (text.len == 0)
		return false;
	while (text.len > 0)
		if (!take_xtext_octet(&text, &octet))
			return false;
	return true;
}

bool
xtext_decode(struct span text, struct buf *out)
{
	size_t before = out->len;
	uint8_t octet;

	while (text.len > 0)
		if (!take_xtext_octet(&text, &octet) ||
			!buf_push(out, octet)) {
			out->len = before;
			return false;
		}
	return true;
}

/* EmbeddedUnicodeChar = "\x{" 2*6HEXDIG "}", behind its backslash */
static bool
take_embedded(struct span *in, uint32_t *out)
{
	size_t digits = 0;

	*out = 0;
	if (!span_take(in, 'x') || !span_take(in, '{'))
		return false;
	while (in->len > 0 && *in->at != '}' && digits++ < 6) {
		uint8_t c = octet_lower(span_shift(in));

		if (c >= '0' && c <= '9')
			*out = *out << 4 | (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			*out = *out << 4 | (uint32_t)(c - 'a' + 10);
		else
			return false;
	}
	return digits >= 2 && span_take(in, '}');
}

static bool
take_unitext(struct span *in, bool utf8)
{
	uint32_t c;

	if (*in->at >= 0x80)
		return utf8 && take_utf8(in, &c) && is_printable(c);
	c = span_shift(in);
	if (c == '\\')
		return take_embedded(in, &c) && is_printable(c) &&
			c <= 0x10ffff;
	return is_printable(c) && c != ' ' && c != '+' && c != '=';
}

/* addr-type = atom; the registered ones have letters, digits and "-" */
static bool
take_type(struct span *in, struct span *type)
{
	struct span start = *in;

	while (in->len > 0 &&
		(*in->at == '-' || (*in->at >= '0' && *in->at <= '9') ||
			(octet_lower(*in->at) >= 'a' &&
				octet_lower(*in->at) <= 'z')))
		span_shift(in);
	*type = span_before(start, *in);
	return type->len > 0 && span_take(in, ';');
}

bool
orcpt_is_sound(struct span value, bool utf8)
{
	struct span type;

	if (value.len > ORCPT_MAX || !take_type(&value, &type))
		return false;
	if (!span_equals_nocase(type, SPAN("utf-8")))
		return xtext_is_sound(value);
	if (value.len == 0)
		return false;
	while (value.len > 0)
		if (!take_unitext(&value, utf8))
			return false;
	return true;
}
