#include "lib/base/ip.h"

#include "lib/base/number.h"

#define GROUPS 8

static const uint8_t v4_prefix[12] = { [10] = 0xff, [11] = 0xff };

bool
ip_is_v4(const uint8_t address[16])
{
	return memcmp(address, v4_prefix, sizeof v4_prefix) == 0;
}

static bool
parse_v4(struct span in, uint8_t out[16])
{
	memcpy(out, v4_prefix, sizeof v4_prefix);
	for (size_t i = 0; i < 4; i++) {
		bool zero;
		uint64_t n;

		if (i > 0 && !span_take(&in, '.'))
			return false;
		zero = in.len > 1 && in.at[0] == '0' && in.at[1] >= '0' &&
			in.at[1] <= '9';
		if (zero || number_take(&in, 3, 0, 255, &n) != OK)
			return false;
		out[12 + i] = (uint8_t)n;
	}
	return in.len == 0;
}

static int
hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = octet_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* h16 = 1*4HEXDIG */
static bool
take_group(struct span *in, uint16_t *out)
{
	uint32_t n = 0;
	size_t digits = 0;

	while (in->len > 0 && hex_value(*in->at) >= 0 && digits++ < 4)
		n = n << 4 | (uint32_t)hex_value(span_shift(in));
	*out = (uint16_t)n;
	return digits > 0 && digits <= 4;
}

/* The last 32 bits, as IPv4. */
static bool
take_dotted(struct span *in, uint16_t groups[2])
{
	uint8_t a[16];

	if (!parse_v4(*in, a))
		return false;
	groups[0] = (uint16_t)(a[12] << 8 | a[13]);
	groups[1] = (uint16_t)(a[14] << 8 | a[15]);
	in->len = 0;
	return true;
}

/* One side of "::", or the whole address when there is none. */
static bool
parse_groups(struct span in, uint16_t groups[GROUPS], size_t *count)
{
	for (*count = 0; in.len > 0; ++*count) {
		if (*count == GROUPS || (*count > 0 && !span_take(&in, ':')))
			return false;
		if (*count < GROUPS - 1 && take_dotted(&in, &groups[*count]))
			++*count;
		else if (!take_group(&in, &groups[*count]))
			return false;
	}
	return true;
}

static bool
parse_v6(struct span text, uint8_t out[16])
{
	uint16_t head[GROUPS], tail[GROUPS], all[GROUPS] = { 0 };
	size_t gap = span_find(text, SPAN("::")), heads, tails = 0;
	bool has_gap = gap < text.len;
	struct span right = has_gap
		? span_at(text.at + gap + 2, text.len - gap - 2)
		: SPAN("");

	if (!parse_groups(span_at(text.at, gap), head, &heads) ||
		!parse_groups(right, tail, &tails))
		return false;
	if (has_gap && span_find_octet(span_at(text.at, gap), '.') < gap)
		return false; /* dotted, and more behind it */
	if (has_gap ? heads + tails >= GROUPS : heads != GROUPS)
		return false;
	memcpy(all, head, heads * sizeof all[0]);
	memcpy(all + GROUPS - tails, tail, tails * sizeof all[0]);
	for (size_t i = 0; i < GROUPS; i++) {
		out[2 * i] = (uint8_t)(all[i] >> 8);
		out[2 * i + 1] = (uint8_t)all[i];
	}
	return true;
}

bool
ip_parse(struct span text, uint8_t out[16])
{
	uint8_t address[16];
	bool v6 = span_find_octet(text, ':') < text.len;

	if (!(v6 ? parse_v6(text, address) : parse_v4(text, address)))
		return false;
	memcpy(out, address, sizeof address);
	return true;
}

static uint16_t
group(const uint8_t address[16], size_t i)
{
	return (uint16_t)(address[2 * i] << 8 | address[2 * i + 1]);
}

/* The longest run of two or more zero groups, the first of equals. */
static size_t
longest_gap(const uint8_t address[16], size_t *len)
{
	size_t at = GROUPS, run = 0;

	*len = 1;
	for (size_t i = 0; i < GROUPS; i++) {
		run = group(address, i) == 0 ? run + 1 : 0;
		if (run > *len) {
			*len = run;
			at = i + 1 - run;
		}
	}
	return at;
}

static bool
put_group(struct buf *b, uint16_t n)
{
	static const uint8_t digit[] = "0123456789abcdef";
	int shift = 12;

	while (shift > 0 && n >> shift == 0)
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		if (!buf_push(b, digit[n >> shift & 15]))
			return false;
	return true;
}

static bool
put_v6(struct buf *b, const uint8_t address[16])
{
	size_t len, gap = longest_gap(address, &len);
	bool ok = true;

	for (size_t i = 0; ok && i < GROUPS;) {
		if (i == gap) {
			ok = buf_put_text(b, "::");
			i += len;
			continue;
		}
		if (i > 0 && i != gap + len)
			ok = buf_push(b, ':');
		ok = ok && put_group(b, group(address, i));
		i++;
	}
	return ok;
}

bool
put_ip(struct buf *b, const uint8_t address[16])
{
	uint8_t storage[40];
	struct buf text = BUF(storage);
	bool ok = true;

	if (!ip_is_v4(address))
		return put_v6(&text, address) && buf_put(b, buf_view(&text));
	for (size_t i = 12; ok && i < 16; i++)
		ok = (i == 12 || buf_push(&text, '.')) &&
			buf_put_number(&text, address[i]);
	return ok && buf_put(b, buf_view(&text));
}
