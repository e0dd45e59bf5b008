#include "lib/conf/kinds.h"

#include "lib/base/ip.h"
#include "lib/base/must.h"
#include "lib/base/number.h"

const char *
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

bool
put_address(const struct setting *row, const void *place, const void *also,
	struct buf *b)
{
	(void)row, (void)also;
	return put_ip(b, place);
}

const char *
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

bool
put_date(const struct setting *row, const void *place, const void *also,
	struct buf *b)
{
	struct instant t = { (int64_t)value_load_number(row, place) };
	struct civil day = civil_of(t);

	(void)also;
	return buf_put_digits(b, (uint64_t)day.year, 4) && buf_push(b, '-') &&
		buf_put_digits(b, day.month, 2) && buf_push(b, '-') &&
		buf_put_digits(b, day.day, 2);
}

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

/* " sha256=" and 64 hexadecimal digits */
static bool
take_pin(struct span text, struct site_smarthost *s)
{
	struct buf pin = BUF(s->pin);

	if (!span_take_nocase(&text, SPAN(" sha256=")) || text.len != 64)
		return false;
	s->pinned = 1;
	return buf_put_unhex(&pin, text);
}

const char *
take_smarthost(const struct setting *row, struct span text, void *place,
	void *also)
{
	struct site_smarthost s = { 0 };
	struct span host, endpoint;
	uint8_t address[16];
	uint64_t port;

	(void)also;
	MUST(row->size == sizeof s);
	endpoint = span_shift_upto(&text, span_find_octet(text, ' '));
	if (!cut_endpoint(endpoint, &host, &port) ||
		(!ip_parse(host, address) && !value_is_host(host)))
		return "not name:port, address:port or [address]:port";
	if (text.len > 0 && !take_pin(text, &s))
		return "what follows is not sha256= and 64 hexadecimal digits";
	value_store_lower(s.name, sizeof s.name, host);
	s.port = (uint16_t)port;
	memcpy(place, &s, sizeof s);
	return NULL;
}

bool
put_smarthost(const struct setting *row, const void *place, const void *also,
	struct buf *b)
{
	struct site_smarthost s;
	struct span host;
	bool v6;

	(void)row, (void)also;
	memcpy(&s, place, sizeof s);
	host = SITE_TEXT(s.name);
	v6 = span_find_octet(host, ':') < host.len;
	return (!v6 || buf_push(b, '[')) && buf_put(b, host) &&
		(!v6 || buf_push(b, ']')) && buf_push(b, ':') &&
		buf_put_number(b, s.port) &&
		(!s.pinned ||
			(buf_put_text(b, " sha256=") &&
				buf_put_hex(b, span_at(s.pin, sizeof s.pin))));
}

const char *
take_stub(const struct setting *row, struct span text, void *place, void *also)
{
	struct site_stub stub = { 0 };
	struct span zone = span_shift_upto(&text, span_find_octet(text, ' '));
	struct span address;
	uint64_t port = 53;

	(void)also;
	MUST(row->size == sizeof stub);
	if (!span_equals(zone, SPAN(".")) && !value_is_host(zone))
		return "its zone is neither a domain name nor \".\"";
	span_take(&text, ' ');
	address = span_shift_upto(&text, span_find_octet(text, ' '));
	if (!ip_parse(address, stub.address))
		return "its second word is not an internet address";
	if (span_take(&text, ' ') && number_parse(text, 1, 65535, &port) != OK)
		return "its third word is not a port";
	value_store_lower(stub.zone, sizeof stub.zone, zone);
	stub.port = (uint16_t)port;
	memcpy(place, &stub, sizeof stub);
	return NULL;
}

bool
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
