#include "lib/base/codec.h"
#include "lib/mail/address.h"
#include "proc/dial/dial.h"

#define DNS_A    1
#define DNS_AAAA 28

/* A domain name in wire form becomes text without a final dot.  Names that are
 * no host names (DN-D04) are not used; the root is the empty name. */
static bool
take_name(struct span *in, struct buf *out)
{
	struct span label;
	uint8_t len;

	while (take_u8(in, &len) && len > 0) {
		if (len > LABEL_MAX || !take_octets(in, len, &label) ||
			(out->len > 0 && !buf_push(out, '.')) ||
			!buf_put(out, label))
			return false;
	}
	return in->len == 0 &&
		(out->len == 0 || domain_is_valid(buf_view(out)));
}

static bool
take_mx(struct span rdata, struct host *h)
{
	struct buf name = BUF(h->name);
	uint8_t high, low;

	if (!take_u8(&rdata, &high) || !take_u8(&rdata, &low) ||
		!take_name(&rdata, &name))
		return false;
	h->preference = (uint16_t)(high << 8 | low);
	h->len = (uint16_t)name.len;
	return true;
}

static bool
goes_before(const struct host *a, const struct host *b, uint64_t chance)
{
	if (a->preference != b->preference)
		return a->preference < b->preference;
	return chance & 1;
}

/* Insert by preference; the last falls out when there are too many. */
static size_t
insert(struct host hosts[HOSTS_MAX], size_t count, const struct host *h,
	uint64_t chance)
{
	size_t at = count;

	while (at > 0 && goes_before(h, &hosts[at - 1], chance >> at))
		at--;
	if (at == HOSTS_MAX)
		return count;
	if (count < HOSTS_MAX)
		count++;
	for (size_t i = count - 1; i > at; i--)
		hosts[i] = hosts[i - 1];
	hosts[at] = *h;
	return count;
}

size_t
route_read_mx(const struct dns_answer *m, uint64_t chance,
	struct host hosts[HOSTS_MAX], bool *null_mx)
{
	struct span data = span_at(m->data, m->data_len), rdata;
	size_t count = 0, records = 0;
	bool root = false;

	while (take_block(&data, &rdata)) {
		struct host h = { 0 };

		records++;
		if (!take_mx(rdata, &h))
			continue;
		root |= h.len == 0;
		if (h.len > 0)
			count = insert(hosts, count, &h, chance >> records % 32);
	}
	*null_mx = root && records == 1;
	return count;
}

void
route_read_addresses(const struct dns_answer *m, uint8_t host,
	struct target targets[TARGETS_MAX], size_t *count)
{
	struct span data = span_at(m->data, m->data_len), rdata;

	while (take_block(&data, &rdata) && *count < TARGETS_MAX) {
		struct target t = { .host = host };

		if (rdata.len == 4) {
			t.address[10] = t.address[11] = 0xff;
			memcpy(t.address + 12, rdata.at, 4);
		} else if (rdata.len == 16) {
			memcpy(t.address, rdata.at, 16);
		} else {
			continue;
		}
		targets[(*count)++] = t;
	}
}
