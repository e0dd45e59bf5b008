#include "lib/conf/kinds.h"

#include "lib/base/must.h"
#include "lib/mail/address.h"

/* clang-format off */
static const bool digit[256] = { ['0' ... '9'] = true };
static const bool printable[256] = {
	[' ' ... '!'] = true, ['#' ... '['] = true, [']' ... '~'] = true,
};
/* clang-format on */

void
value_store(void *place, size_t size, struct span text)
{
	MUST(text.len < size);
	memset(place, 0, size);
	memcpy(place, text.at, text.len);
}

void
value_store_lower(void *place, size_t size, struct span text)
{
	char *to = place;

	value_store(place, size, text);
	for (size_t i = 0; i < text.len; i++)
		to[i] = (char)octet_lower(text.at[i]);
}

bool
value_is_host(struct span text)
{
	struct span last = text;

	if (!domain_is_valid(text)) /* which bounds its length */
		return false;
	while (span_find_octet(last, '.') < last.len)
		span_shift(&last);
	if (last.len == text.len)
		return false;
	span_skip(&last, digit);
	return last.len > 0;
}

static bool
is_printable(struct span text)
{
	return span_skip(&text, printable) > 0 && text.len == 0;
}

const char *
take_host(const struct setting *row, struct span text, void *place, void *also)
{
	(void)also;
	if (!value_is_host(text))
		return "not a full domain name";
	value_store_lower(place, row->size, text);
	return NULL;
}

const char *
take_mailbox(const struct setting *row, struct span text, void *place,
	void *also)
{
	struct address a;

	(void)also;
	if (address_parse(text, &a) || a.is_literal ||
		!value_is_host(a.domain) || !is_printable(text))
		return "not an address";
	value_store(place, row->size, text);
	return NULL;
}

/* No "." or ".." part and no empty one, so that one file has one name. */
static bool
is_clean_path(struct span in)
{
	while (span_take(&in, '/')) {
		size_t len = span_find_octet(in, '/');
		struct span part = span_shift_upto(&in, len);

		if (part.len == 0 || span_equals(part, SPAN(".")) ||
			span_equals(part, SPAN("..")))
			return false;
	}
	return in.len == 0;
}

const char *
take_path(const struct setting *row, struct span text, void *place, void *also)
{
	(void)also;
	if (text.len >= row->size)
		return "too long a path";
	if (text.len < 2 || *text.at != '/' || !is_clean_path(text) ||
		!is_printable(text))
		return "not a clean absolute path";
	value_store(place, row->size, text);
	return NULL;
}

const char *
take_text(const struct setting *row, struct span text, void *place, void *also)
{
	(void)also;
	if (text.len < row->min || text.len > row->max)
		return "too short or too long";
	if (!is_printable(text) || span_trim(text).len != text.len)
		return "has a blank at its end or an octet that is not "
		       "printable ASCII";
	value_store(place, row->size, text);
	return NULL;
}

bool
put_text(const struct setting *row, const void *place, const void *also,
	struct buf *b)
{
	(void)also;
	return buf_put(b, site_text(place, row->size));
}

const char *
take_yesno(const struct setting *row, struct span text, void *place, void *also)
{
	bool yes = span_equals(text, SPAN("yes"));

	(void)also;
	if (!yes && !span_equals(text, SPAN("no")))
		return "neither yes nor no";
	value_store_number(row, place, yes);
	return NULL;
}

bool
put_yesno(const struct setting *row, const void *place, const void *also,
	struct buf *b)
{
	(void)also;
	return buf_put_text(b, value_load_number(row, place) ? "yes" : "no");
}

/* The words of "one|two|three", from the left. */
static struct span
next_choice(struct span *list)
{
	struct span word = span_shift_upto(list, span_find_octet(*list, '|'));

	span_take(list, '|');
	return word;
}

const char *
take_choice(const struct setting *row, struct span text, void *place,
	void *also)
{
	struct span list = span_of(row->unit);

	(void)also;
	for (uint32_t i = 0; list.len > 0; i++)
		if (span_equals(next_choice(&list), text)) {
			value_store_number(row, place, i);
			return NULL;
		}
	return "not one of the words";
}

bool
put_choice(const struct setting *row, const void *place, const void *also,
	struct buf *b)
{
	struct span list = span_of(row->unit), word = SPAN_NONE;

	(void)also;
	for (uint64_t i = 0; i <= value_load_number(row, place); i++)
		word = next_choice(&list);
	return buf_put(b, word);
}
