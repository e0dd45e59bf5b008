#include "lib/conf/value.h"

#include "lib/base/must.h"
#include "lib/base/number.h"
#include "lib/conf/ip.h"
#include "lib/conf/units.h"

#define HOST_LONGEST 253 /* RFC 1035 section 2.3.4, without the dots' octets */
#define SECOND       SECONDS(1)

typedef const char *taker(const struct setting *row, struct span text,
	void *place, void *also);
typedef bool putter(const struct setting *row, const void *place,
	const void *also, struct buf *b);

/* clang-format off */
static const bool letdig[256] = {
	['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true,
};
static const bool letdighyp[256] = {
	['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true,
	['-'] = true,
};
static const bool digit[256] = { ['0' ... '9'] = true };
static const bool printable[256] = {
	[' ' ... '!'] = true, ['#' ... '['] = true, [']' ... '~'] = true,
};
/* clang-format on */

static void
store_number(const struct setting *row, void *place, uint64_t n)
{
	uint32_t four = (uint32_t)n;
	uint16_t two = (uint16_t)n;

	MUST(row->size == 2 || row->size == 4 || row->size == 8);
	memcpy(place,
		row->size == 8	       ? (const void *)&n
			: row->size == 4 ? (const void *)&four
					 : (const void *)&two,
		row->size);
}

static uint64_t
load_number(const struct setting *row, const void *place)
{
	uint64_t eight = 0;
	uint32_t four = 0;
	uint16_t two = 0;

	if (row->size == 8)
		memcpy(&eight, place, 8);
	else if (row->size == 4)
		memcpy(&four, place, 4);
	else
		memcpy(&two, place, 2);
	return eight + four + two;
}

static void
store_text(void *place, size_t size, struct span text)
{
	MUST(text.len < size);
	memset(place, 0, size);
	memcpy(place, text.at, text.len);
}

/* --- text ------------------------------------------------------------------ */

/* label = let-dig [ *61(let-dig / "-") let-dig ], RFC 1123 section 2.1 */
static bool
take_label(struct span *in)
{
	struct span start = *in, label;

	span_skip(in, letdighyp);
	label = span_before(start, *in);
	return label.len > 0 && label.len <= 63 && letdig[label.at[0]] &&
		letdig[label.at[label.len - 1]];
}

/* Two labels or more; a last label of digits only would be an address. */
static bool
is_host(struct span text)
{
	struct span in = text, last;
	size_t labels = 0;

	do {
		last = in;
		if (!take_label(&in))
			return false;
		labels++;
	} while (span_take(&in, '.'));
	span_skip(&last, digit);
	return in.len == 0 && labels > 1 && last.len > 0 &&
		text.len <= HOST_LONGEST;
}

static void
store_lower(void *place, size_t size, struct span text)
{
	char *to = place;

	store_text(place, size, text);
	for (size_t i = 0; i < text.len; i++)
		to[i] = (char)octet_lower(text.at[i]);
}

static const char *
take_host(const struct setting *row, struct span text, void *place, void *also)
{
	(void)also;
	if (!is_host(text))
		return "not a full domain name";
	store_lower(place, row->size, text);
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

static bool
is_printable(struct span text)
{
	return span_skip(&text, printable) > 0 && text.len == 0;
}

static const char *
take_path(const struct setting *row, struct span text, void *place, void *also)
{
	(void)also;
	if (text.len >= row->size)
		return "too long a path";
	if (text.len < 2 || *text.at != '/' || !is_clean_path(text) ||
		!is_printable(text))
		return "not a clean absolute path";
	store_text(place, row->size, text);
	return NULL;
}

static const char *
take_text(const struct setting *row, struct span text, void *place, void *also)
{
	(void)also;
	if (text.len < row->min || text.len > row->max)
		return "too short or too long";
	if (!is_printable(text) || span_trim(text).len != text.len)
		return "has a blank at its end or an octet that is not "
		       "printable ASCII";
	store_text(place, row->size, text);
	return NULL;
}

static bool
put_text(const struct setting *row, const void *place, const void *also,
	struct buf *b)
{
	(void)also;
	return buf_put(b, site_text(place, row->size));
}

/* --- numbers --------------------------------------------------------------- */

static const char *
take_number(const struct setting *row, struct span text, void *place,
	void *also)
{
	uint64_t n;

	(void)also;
	if (number_parse(text, 0, UINT64_MAX, &n) != OK)
		return "not a number";
	if (n < row->min || n > row->max)
		return "out of range";
	store_number(row, place, n);
	return NULL;
}

static bool
put_number(const struct setting *row, const void *place, const void *also,
	struct buf *b)
{
	(void)also;
	return buf_put_number(b, load_number(row, place));
}

static const char *
take_size(const struct setting *row, struct span text, void *place, void *also)
{
	uint64_t n;

	(void)also;
	if (!units_parse(UNITS_SIZE, text, &n))
		return "not a size";
	if (n < row->min || n > row->max)
		return "out of range";
	store_number(row, place, n);
	return NULL;
}

static bool
put_size(const struct setting *row, const void *place, const void *also,
	struct buf *b)
{
	(void)also;
	return put_units(b, UNITS_SIZE, load_number(row, place));
}

static const char *
take_seconds(const struct setting *row, struct span text, uint64_t *us)
{
	uint64_t n;

	if (!units_parse(UNITS_TIME, text, &n))
		return "not a time";
	if (n < row->min || n > row->max)
		return "out of range";
	*us = n * (uint64_t)SECOND;
	return NULL;
}

static const char *
take_time(const struct setting *row, struct span text, void *place, void *also)
{
	uint64_t us;
	const char *wrong = take_seconds(row, text, &us);

	(void)also;
	if (!wrong)
		store_number(row, place, us);
	return wrong;
}

static bool
put_time(const struct setting *row, const void *place, const void *also,
	struct buf *b)
{
	(void)also;
	return put_units(b, UNITS_TIME,
		load_number(row, place) / (uint64_t)SECOND);
}

static const char *
take_schedule(const struct setting *row, struct span text, void *place,
	void *also)
{
	uint64_t us[SITE_SCHEDULE] = { 0 };
	uint32_t count = 0;

	while (text.len > 0) {
		size_t len = span_find_octet(text, ' ');
		const char *wrong;

		if (count == SITE_SCHEDULE)
			return "more than 32 times";
		wrong = take_seconds(row, span_shift_upto(&text, len),
			&us[count++]);
		if (wrong)
			return wrong;
		if (span_take(&text, ' ') && text.len == 0)
			return "ends in a blank";
	}
	if (count == 0)
		return "empty";
	memcpy(place, us, sizeof us);
	memcpy(also, &count, sizeof count);
	return NULL;
}

static bool
put_schedule(const struct setting *row, const void *place, const void *also,
	struct buf *b)
{
	uint32_t count;
	int64_t us[SITE_SCHEDULE];

	(void)row;
	memcpy(&count, also, sizeof count);
	memcpy(us, place, sizeof us);
	for (uint32_t i = 0; i < count && i < SITE_SCHEDULE; i++)
		if ((i > 0 && !buf_push(b, ' ')) ||
			!put_units(b, UNITS_TIME,
				(uint64_t)(us[i] / SECOND)))
			return false;
	return true;
}

static const char *
take_yesno(const struct setting *row, struct span text, void *place, void *also)
{
	bool yes = span_equals(text, SPAN("yes"));

	(void)also;
	if (!yes && !span_equals(text, SPAN("no")))
		return "neither yes nor no";
	store_number(row, place, yes);
	return NULL;
}

static bool
put_yesno(const struct setting *row, const void *place, const void *also,
	struct buf *b)
{
	(void)also;
	return buf_put_text(b, load_number(row, place) ? "yes" : "no");
}

/* The words of "one|two|three", from the left. */
static struct span
next_choice(struct span *list)
{
	struct span word = span_shift_upto(list, span_find_octet(*list, '|'));

	span_take(list, '|');
	return word;
}

static const char *
take_choice(const struct setting *row, struct span text, void *place,
	void *also)
{
	struct span list = span_of(row->unit);

	(void)also;
	for (uint32_t i = 0; list.len > 0; i++)
		if (span_equals(next_choice(&list), text)) {
			store_number(row, place, i);
			return NULL;
		}
	return "not one of the words";
}

static bool
put_choice(const struct setting *row, const void *place, const void *also,
	struct buf *b)
{
	struct span list = span_of(row->unit), word = SPAN_NONE;

	(void)also;
	for (uint64_t i = 0; i <= load_number(row, place); i++)
		word = next_choice(&list);
	return buf_put(b, word);
}

/* --- addresses, dates ------------------------------------------------------ */

static const char *
take_address(const struct setting *row, struct span text, void *place,
	void *also)
{
	uint8_t address[16];

	(void)row, (void)also;
	if (!ip_parse(text, address))
		return "not an internet address";
	memcpy(place, address, sizeof address);
	return NULL;
}

static bool
put_address(const struct setting *row, const void *place, const void *also,
	struct buf *b)
{
	(void)row, (void)also;
	return put_ip(b, place);
}

static const char *
take_date(const struct setting *row, struct span text, void *place, void *also)
{
	struct civil day = { 0 };
	struct instant t;
	uint64_t y, m, d;

	(void)row, (void)also;
	if (text.len != 10 || number_take(&text, 4, 1970, 9999, &y) != OK ||
		!span_take(&text, '-') ||
		number_take(&text, 2, 1, 12, &m) != OK ||
		!span_take(&text, '-') || number_parse(text, 1, 31, &d) != OK)
		return "not a date";
	day.year = (int32_t)y;
	day.month = (uint8_t)m;
	day.day = (uint8_t)d;
	if (!civil_instant(&day, &t))
		return "not a day of the calendar";
	memcpy(place, &t.us, sizeof t.us);
	return NULL;
}

static bool
put_date(const struct setting *row, const void *place, const void *also,
	struct buf *b)
{
	struct instant t = { (int64_t)load_number(row, place) };
	struct civil day = civil_of(t);

	(void)also;
	return buf_put_digits(b, (uint64_t)day.year, 4) && buf_push(b, '-') &&
		buf_put_digits(b, day.month, 2) && buf_push(b, '-') &&
		buf_put_digits(b, day.day, 2);
}

/* --- endpoints ------------------------------------------------------------- */

/* Cut "host:port" at its last colon; an IPv6 address stands in brackets. */
static bool
cut_endpoint(struct span text, struct span *host, uint64_t *port)
{
	size_t colon = text.len;

	while (colon > 0 && text.at[colon - 1] != ':')
		colon--;
	if (colon < 2 ||
		number_parse(span_at(text.at + colon, text.len - colon), 1,
			65535, port) != OK)
		return false;
	*host = span_at(text.at, colon - 1);
	if (!span_take(host, '['))
		return span_find_octet(*host, ':') == host->len;
	if (host->len < 3 || host->at[host->len - 1] != ']')
		return false;
	host->len--;
	return span_find_octet(*host, ':') < host->len;
}

static const char *
take_smarthost(const struct setting *row, struct span text, void *place,
	void *also)
{
	struct span host;
	uint8_t address[16];
	uint64_t port;
	uint32_t narrow;

	if (!cut_endpoint(text, &host, &port) ||
		(!ip_parse(host, address) && !is_host(host)))
		return "not name:port, address:port or [address]:port";
	store_lower(place, row->size, host);
	narrow = (uint32_t)port;
	memcpy(also, &narrow, sizeof narrow);
	return NULL;
}

static bool
put_smarthost(const struct setting *row, const void *place, const void *also,
	struct buf *b)
{
	struct span host = site_text(place, row->size);
	bool v6 = span_find_octet(host, ':') < host.len;
	uint32_t port;

	memcpy(&port, also, sizeof port);
	return (!v6 || buf_push(b, '[')) && buf_put(b, host) &&
		(!v6 || buf_push(b, ']')) && buf_push(b, ':') &&
		buf_put_number(b, port);
}

static const char *
take_stub(const struct setting *row, struct span text, void *place, void *also)
{
	struct site_stub stub = { 0 };
	struct span zone = span_shift_upto(&text, span_find_octet(text, ' '));
	struct span address;
	uint64_t port = 53;

	(void)also;
	MUST(row->size == sizeof stub);
	if (!span_equals(zone, SPAN(".")) && !is_host(zone))
		return "its zone is neither a domain name nor \".\"";
	span_take(&text, ' ');
	address = span_shift_upto(&text, span_find_octet(text, ' '));
	if (!ip_parse(address, stub.address))
		return "its second word is not an internet address";
	if (span_take(&text, ' ') && number_parse(text, 1, 65535, &port) != OK)
		return "its third word is not a port";
	store_lower(stub.zone, sizeof stub.zone, zone);
	stub.port = (uint16_t)port;
	memcpy(place, &stub, sizeof stub);
	return NULL;
}

static bool
put_stub(const struct setting *row, const void *place, const void *also,
	struct buf *b)
{
	struct site_stub stub;

	(void)row, (void)also;
	memcpy(&stub, place, sizeof stub);
	return buf_put(b, SITE_TEXT(stub.zone)) && buf_push(b, ' ') &&
		put_ip(b, stub.address) && buf_push(b, ' ') &&
		buf_put_number(b, stub.port);
}

/* --- all kinds ------------------------------------------------------------- */

static const struct {
	taker *take;
	putter *put;
	const char *expected;
} kinds[] = {
	[KIND_HOST] = { take_host, put_text,
		"a full domain name such as mail.agency.example" },
	[KIND_PATH] = { take_path, put_text,
		"an absolute path without \"//\", \".\" and \"..\"" },
	[KIND_TEXT] = { take_text, put_text, "a text in quotes" },
	[KIND_NUMBER] = { take_number, put_number, "a number" },
	[KIND_SIZE] = { take_size, put_size,
		"a size in octets, or with K, M or G behind it," },
	[KIND_TIME] = { take_time, put_time,
		"a time such as 30s, 5m, 1h or 5d" },
	[KIND_YESNO] = { take_yesno, put_yesno, "yes or no" },
	[KIND_CHOICE] = { take_choice, put_choice, "one of" },
	[KIND_ADDRESS] = { take_address, put_address,
		"an address such as 192.0.2.1 or 2001:db8::1" },
	[KIND_DATE] = { take_date, put_date, "a date such as 2027-11-24" },
	[KIND_SMARTHOST] = { take_smarthost, put_smarthost,
		"name:port, address:port or [address]:port" },
	[KIND_SCHEDULE] = { take_schedule, put_schedule,
		"times with one blank between them, in quotes, each" },
	[KIND_STUB] = { take_stub, put_stub,
		"\"zone address\" or \"zone address port\", in quotes" },
};

static uint8_t *
member(const void *base, size_t offset)
{
	return (uint8_t *)(uintptr_t)base + offset;
}

static uint32_t
list_count(const struct setting *row, const void *base)
{
	uint32_t n;

	memcpy(&n, member(base, row->also), sizeof n);
	return n;
}

const char *
value_take(const struct setting *row, struct span text, void *base)
{
	uint8_t *also = member(base, row->also);
	uint32_t n = row->most > 0 ? list_count(row, base) : 0;
	const char *wrong;

	if (row->most > 0 && n >= row->most)
		return "one too many";
	wrong = kinds[row->kind].take(row, text,
		member(base, row->at) + n * row->size, also);
	if (!wrong && row->most > 0) {
		n++;
		memcpy(also, &n, sizeof n);
	}
	return wrong;
}

size_t
value_count(const struct setting *row, const void *base)
{
	bool optional = row->initial && *row->initial == 0;

	if (row->most > 0)
		return list_count(row, base);
	return !optional || *member(base, row->at) != 0;
}

bool
value_put(const struct setting *row, const void *base, size_t i, struct buf *b)
{
	uint8_t storage[512];
	struct buf text = BUF(storage);
	bool quote = row->kind == KIND_TEXT || row->kind == KIND_SCHEDULE ||
		row->kind == KIND_STUB || row->kind == KIND_PATH;

	MUST(i < value_count(row, base));
	if (!kinds[row->kind].put(row, member(base, row->at) + i * row->size,
		    member(base, row->also), &text))
		return false;
	if (!quote)
		return buf_put(b, buf_view(&text));
	return buf_push(b, '"') && buf_put(b, buf_view(&text)) &&
		buf_push(b, '"');
}

static bool
put_bound(const struct setting *row, uint64_t n, struct buf *b)
{
	switch (row->kind) {
	case KIND_SIZE:
		return put_units(b, UNITS_SIZE, n);
	case KIND_TIME:
	case KIND_SCHEDULE:
		return put_units(b, UNITS_TIME, n);
	default:
		return buf_put_number(b, n);
	}
}

bool
value_put_expected(const struct setting *row, struct buf *b)
{
	if (!buf_put_text(b, kinds[row->kind].expected))
		return false;
	if (row->kind == KIND_CHOICE)
		return buf_push(b, ' ') && buf_put_text(b, row->unit);
	if (row->max == 0)
		return true;
	return buf_put_text(b, row->kind == KIND_TEXT ? " of " : " from ") &&
		put_bound(row, row->min, b) && buf_put_text(b, " to ") &&
		put_bound(row, row->max, b) &&
		(row->kind != KIND_TEXT || buf_put_text(b, " octets"));
}
