#include "proc/dial/route.h"

#include "lib/base/codec.h"
#include "lib/base/ip.h"
#include "lib/mail/address.h"

struct span
host_name(const struct host *h)
{
	return span_at(h->name, h->len);
}

/* --- MX records ---------------------------------------------------------- */

/* A name in wire form (RFC 1035 section 3.1) becomes text without a final dot;
 * the root is the empty text. */
static bool
take_name(struct span *in, struct buf *out)
{
	struct span label;
	uint8_t len;

	do {
		if (!take_u8(in, &len) || len > LABEL_MAX ||
			!take_octets(in, len, &label) ||
			span_find_octet(label, '.') < label.len)
			return false;
		if (len > 0 && out->len > 0 && !buf_push(out, '.'))
			return false;
		if (!buf_put(out, label))
			return false;
	} while (len > 0);
	return out->len == 0 || domain_is_valid(buf_view(out));
}

/* preference, exchange: RFC 1035 section 3.3.9 */
static bool
take_mx(struct span rdata, struct host *h)
{
	struct buf name = BUF(h->name);
	uint8_t high, low;

	if (!take_u8(&rdata, &high) || !take_u8(&rdata, &low) ||
		!take_name(&rdata, &name) || rdata.len > 0)
		return false;
	h->preference = (uint16_t)(high << 8 | low);
	h->len = (uint16_t)name.len;
	return true;
}

static bool
goes_before(const struct host *a, const struct host *b)
{
	if (a->preference != b->preference)
		return a->preference < b->preference;
	return a->draw < b->draw;
}

/* The last falls out when there are too many. */
static void
insert(struct route *r, const struct host *h)
{
	size_t at = r->count;

	while (at > 0 && goes_before(h, &r->hosts[at - 1]))
		at--;
	if (at == HOSTS_MAX)
		return;
	if (r->count < HOSTS_MAX)
		r->count++;
	for (size_t i = r->count - 1; i > at; i--)
		r->hosts[i] = r->hosts[i - 1];
	r->hosts[at] = *h;
}

/* The high half is as good as random when the seed is. */
static uint32_t
draw(uint64_t *chance)
{
	*chance = *chance * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*chance >> 32);
}

/* Those before the first that is no better than we are. */
static size_t
count_before(const struct route *r, uint32_t preference)
{
	size_t n = 0;

	while (n < r->count && r->hosts[n].preference < preference)
		n++;
	return n;
}

enum route_kind
route_read(const struct dns_answer *m, uint64_t chance, struct span own,
	struct route *out)
{
	struct span data = span_at(m->data, m->data_len), rdata;
	uint32_t records = 0, ours = UINT32_MAX;
	struct route r = { 0 };
	bool root = false;

	for (; take_block(&data, &rdata); records++) {
		struct host h = { .draw = draw(&chance) };

		if (!take_mx(rdata, &h))
			continue;
		if (h.len == 0)
			root = true;
		else if (!span_equals_nocase(host_name(&h), own))
			insert(&r, &h);
		else if (h.preference < ours)
			ours = h.preference;
	}
	if (records == 0)
		return ROUTE_IMPLICIT;
	if (root && records == 1)
		return ROUTE_NULL;
	r.count = count_before(&r, ours);
	if (r.count == 0)
		return ours == UINT32_MAX ? ROUTE_UNUSABLE : ROUTE_LOOP;
	*out = r;
	return ROUTE_HOSTS;
}

void
route_to(struct route *r, struct span name)
{
	*r = (struct route){ .count = 1 };
	r->hosts[0].len = (uint16_t)name.len;
	memcpy(r->hosts[0].name, name.at, name.len);
}

/* --- addresses ----------------------------------------------------------- */

static bool
put_address(uint8_t out[16], struct span rdata, uint16_t kind)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (kind == DNS_A && rdata.len == 4) {
		memcpy(out, mapped, sizeof mapped);
		memcpy(out + sizeof mapped, rdata.at, 4);
		return true;
	}
	if (kind == DNS_AAAA && rdata.len == 16) {
		memcpy(out, rdata.at, 16);
		return true;
	}
	return false;
}

void
addresses_read(struct addresses *a, const struct dns_answer *m, uint16_t kind)
{
	size_t limit = kind == DNS_AAAA ? ADDRESSES_MAX / 2 : ADDRESSES_MAX;
	struct span data = span_at(m->data, m->data_len), rdata;

	while (a->count < limit && take_block(&data, &rdata))
		if (put_address(a->at[a->count], rdata, kind))
			a->count++;
}

bool
addresses_literal(struct addresses *a, struct span text)
{
	span_take_nocase(&text, SPAN("IPv6:"));
	a->count = ip_parse(text, a->at[0]);
	return a->count > 0;
}
