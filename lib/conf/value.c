#include "lib/conf/value.h"

#include "lib/base/must.h"
#include "lib/conf/kinds.h"
#include "lib/conf/units.h"

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
	[KIND_MAILBOX] = { take_mailbox, put_text,
		"an address such as app@agency.example" },
	[KIND_SMARTHOST] = { take_smarthost, put_smarthost,
		"name:port, address:port or [address]:port, alone or in quotes "
		"with \" sha256=...\"" },
	[KIND_SCHEDULE] = { take_schedule, put_schedule,
		"times with one blank between them, in quotes, each" },
	[KIND_ROUTE] = { take_route, put_route,
		"\"from ADDRESS to DOMAIN attempt NUMBER via mx|HOST:PORT tls "
		"opportunistic|required\", in quotes; only via must stand "
		"there" },
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
	uint8_t storage[1024];
	struct buf text = BUF(storage);
	bool quote = row->kind == KIND_TEXT || row->kind == KIND_SCHEDULE ||
		row->kind == KIND_STUB || row->kind == KIND_PATH ||
		row->kind == KIND_MAILBOX || row->kind == KIND_SMARTHOST ||
		row->kind == KIND_ROUTE;

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
