#include "lib/mail/idna.h"

#include "lib/base/escape.h"
#include "lib/base/number.h"

/* RFC 3492 section 5 */
enum { BASE = 36, TMIN = 1, TMAX = 26, SKEW = 38, DAMP = 700, BIAS = 72,
	FIRST = 128 };

#define CHARACTER_MAX 0x10ffff

/* The characters of a label. */
struct label {
	uint32_t at[A_LABEL_MAX];
	size_t len;
};

/* Controls, blanks, dots, marks that turn or hide text, forms that look like
 * others, and what is no character: none of it is in a U-label (RFC 5892). */
static const struct {
	uint32_t first, last;
} never[] = {
	{ 0x0080, 0x00b6 }, { 0x00b8, 0x00de }, { 0x034f, 0x034f },
	{ 0x061c, 0x061c }, { 0x1680, 0x1680 }, { 0x180b, 0x180f },
	{ 0x2000, 0x200b }, { 0x200e, 0x206f }, { 0x2100, 0x214d },
	{ 0x3000, 0x3004 }, { 0xd800, 0xf8ff }, { 0xfdd0, 0xfdef },
	{ 0xfe00, 0xfe1f }, { 0xfe30, 0xfe6f }, { 0xfeff, 0xffff },
	{ 0x1d400, 0x1d7ff }, { 0xe0000, CHARACTER_MAX },
};

static bool
is_allowed(uint32_t c)
{
	if (c < FIRST)
		return c == '-' || (c >= '0' && c <= '9') ||
			(c >= 'a' && c <= 'z');
	for (size_t i = 0; i < COUNT_OF(never); i++)
		if (c >= never[i].first && c <= never[i].last)
			return false;
	return true;
}

static bool
is_u_label(const struct label *l)
{
	bool beyond = false;

	for (size_t i = 0; i < l->len; i++) {
		if (!is_allowed(l->at[i]))
			return false;
		beyond = beyond || l->at[i] >= FIRST;
	}
	return beyond && l->at[0] != '-' && l->at[l->len - 1] != '-' &&
		!(l->len > 3 && l->at[2] == '-' && l->at[3] == '-');
}

/* --- Punycode ------------------------------------------------------------ */

/* RFC 3492 section 6.1 */
static uint32_t
adapt(uint32_t delta, uint32_t points, bool first)
{
	uint32_t k = 0;

	delta = first ? delta / DAMP : delta / 2;
	delta += delta / points;
	for (; delta > (BASE - TMIN) * TMAX / 2; k += BASE)
		delta /= BASE - TMIN;
	return k + (BASE - TMIN + 1) * delta / (delta + SKEW);
}

static uint32_t
threshold(uint32_t k, uint32_t bias)
{
	return k <= bias + TMIN ? TMIN
		: k >= bias + TMAX ? TMAX
				   : k - bias;
}

static bool
put_digit(struct buf *b, uint32_t digit)
{
	return buf_push(b,
		(uint8_t)(digit < 26 ? 'a' + digit : '0' + digit - 26));
}

/* A number of variable length, section 3.3 */
static bool
put_delta(struct buf *b, uint32_t delta, uint32_t bias)
{
	for (uint32_t k = BASE;; k += BASE) {
		uint32_t t = threshold(k, bias);

		if (delta < t)
			return put_digit(b, delta);
		if (!put_digit(b, t + (delta - t) % (BASE - t)))
			return false;
		delta = (delta - t) / (BASE - t);
	}
}

static bool
put_basic(struct buf *b, const struct label *l, uint32_t *done)
{
	*done = 0;
	for (size_t i = 0; i < l->len; i++)
		if (l->at[i] < FIRST) {
			if (!buf_push(b, (uint8_t)l->at[i]))
				return false;
			++*done;
		}
	return *done == 0 || buf_push(b, '-');
}

static uint32_t
least_from(const struct label *l, uint32_t n)
{
	uint32_t least = CHARACTER_MAX + 1;

	for (size_t i = 0; i < l->len; i++)
		if (l->at[i] >= n && l->at[i] < least)
			least = l->at[i];
	return least;
}

/* Section 6.3.  63 characters of 21 bits: nothing can overflow. */
static bool
put_punycode(struct buf *b, const struct label *l)
{
	uint32_t n = FIRST, delta = 0, bias = BIAS, done, basic;

	if (!put_basic(b, l, &done))
		return false;
	for (basic = done; done < l->len; n++, delta++) {
		uint32_t m = least_from(l, n);

		delta += (m - n) * (done + 1);
		n = m;
		for (size_t i = 0; i < l->len; i++) {
			delta += l->at[i] < n;
			if (l->at[i] != n)
				continue;
			if (!put_delta(b, delta, bias))
				return false;
			bias = adapt(delta, done + 1, done == basic);
			delta = 0;
			done++;
		}
	}
	return true;
}

static bool
take_digit(struct span *in, uint32_t *digit)
{
	uint8_t c = in->len > 0 ? octet_lower(span_shift(in)) : 0;

	if (c >= 'a' && c <= 'z')
		*digit = c - 'a';
	else if (c >= '0' && c <= '9')
		*digit = c - '0' + 26u;
	else
		return false;
	return true;
}

static bool
take_delta(struct span *in, uint32_t bias, uint64_t *i)
{
	uint64_t weight = 1;

	for (uint32_t k = BASE;; k += BASE) {
		uint32_t digit, t = threshold(k, bias);

		if (!take_digit(in, &digit))
			return false;
		*i += digit * weight;
		if (digit < t)
			return true;
		weight *= BASE - t;
		if (*i > UINT32_MAX || weight > UINT32_MAX)
			return false;
	}
}

static bool
take_basic(struct span *in, struct label *l)
{
	size_t len = in->len;

	while (len > 0 && in->at[len - 1] != '-')
		len--;
	if (len > A_LABEL_MAX)
		return false;
	for (size_t i = 0; i + 1 < len; i++)
		l->at[l->len++] = octet_lower(in->at[i]);
	span_shift_upto(in, len);
	return true;
}

/* Section 6.2 */
static bool
take_punycode(struct span in, struct label *l)
{
	uint64_t i = 0, n = FIRST;
	uint32_t bias = BIAS;

	*l = (struct label){ .len = 0 };
	if (!take_basic(&in, l))
		return false;
	while (in.len > 0) {
		uint64_t before = i;
		uint32_t points = (uint32_t)l->len + 1;

		if (points > A_LABEL_MAX || !take_delta(&in, bias, &i))
			return false;
		bias = adapt((uint32_t)(i - before), points, before == 0);
		n += i / points;
		i %= points;
		if (n > CHARACTER_MAX)
			return false;
		memmove(l->at + i + 1, l->at + i,
			(l->len - i) * sizeof l->at[0]);
		l->at[i++] = (uint32_t)n;
		l->len++;
	}
	return l->len > 0;
}

/* --- labels -------------------------------------------------------------- */

static bool
take_characters(struct span in, struct label *l)
{
	uint32_t c;

	l->len = 0;
	while (in.len > 0) {
		if (l->len == A_LABEL_MAX || !take_utf8(&in, &c))
			return false;
		l->at[l->len++] = c < FIRST ? octet_lower((uint8_t)c) : c;
	}
	return l->len > 0;
}

static bool
put_ascii(struct buf *b, const struct label *l)
{
	for (size_t i = 0; i < l->len; i++)
		if (l->at[i] >= FIRST || !buf_push(b, (uint8_t)l->at[i]))
			return false;
	return true;
}

bool
put_a_label(struct buf *b, struct span label)
{
	uint8_t room[A_LABEL_MAX];
	struct buf text = BUF(room);
	struct label l;

	if (!take_characters(label, &l))
		return false;
	if (!put_ascii(&text, &l)) {
		buf_clear(&text);
		if (!is_u_label(&l) || !buf_put_text(&text, "xn--") ||
			!put_punycode(&text, &l))
			return false;
	}
	return buf_put(b, buf_view(&text));
}

bool
a_label_is_sound(struct span label)
{
	uint8_t room[A_LABEL_MAX];
	struct buf again = BUF(room);
	struct span in = label;
	struct label l;

	if (!span_take_nocase(&in, SPAN("xn--")))
		return true;
	return label.len <= A_LABEL_MAX && take_punycode(in, &l) &&
		is_u_label(&l) &&
		put_punycode(&again, &l) &&
		span_equals_nocase(buf_view(&again), in);
}
