/* Whatever an answer holds: at most so many hosts, in order, each a host name
 * and none of them ours; and no draw of lots changes what is a route. */
#include "proc/dial/route.h"

#include "lib/base/fuzz.h"
#include "lib/mail/address.h"

static const struct span own = SPAN("me.test");

static void
check(const struct route *r)
{
	MUST(r->count > 0 && r->count <= HOSTS_MAX);
	for (size_t i = 0; i < r->count; i++) {
		const struct host *h = &r->hosts[i];

		MUST(domain_is_valid(host_name(h)));
		MUST(!span_equals_nocase(host_name(h), own));
		MUST(i == 0 || h[-1].preference <= h->preference);
	}
}

FUZZ(struct span input)
{
	static struct dns_answer m;
	static struct route a, b;
	struct addresses list = { 0 };
	struct span data = span_shift_upto(&input, sizeof m.data);
	enum route_kind kind;

	m.data_len = (uint16_t)data.len;
	memcpy(m.data, data.at, data.len);
	kind = route_read(&m, 1, own, &a);
	MUST(route_read(&m, 2, own, &b) == kind);
	if (kind == ROUTE_HOSTS) {
		check(&a);
		check(&b);
		MUST(a.count == b.count);
		for (size_t i = 0; i < a.count; i++)
			MUST(a.hosts[i].preference == b.hosts[i].preference);
	}
	addresses_read(&list, &m, DNS_AAAA);
	MUST(list.count <= ADDRESSES_MAX / 2);
	addresses_read(&list, &m, DNS_A);
	MUST(list.count <= ADDRESSES_MAX);
}
