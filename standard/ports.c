/* SVC-01 and SVC-05 of NC-2.1.1, as a stranger who reaches this host: every TCP
 * port and the UDP ports that are asked first.  On a host that is not the site's
 * alone other ports belong to others, and nobody knocks at them. */
#include <stdio.h>
#include <string.h>

#include "lib/base/ip.h"
#include "lib/base/number.h"
#include "standard/checks.h"
#include "standard/talk.h"
#include "sys/knock.h"

static const uint16_t udp_ports[] = { 53, 67, 69, 111, 123, 137, 161, 500, 514,
	1900, 5353, 11211 };

static bool
is_permitted(const struct inspection *i, const struct site_permit *at,
	uint32_t port)
{
	for (uint32_t n = 0; n < i->site->permits_count; n++) {
		const struct site_permit *p = &i->site->permits[n];

		if (p->port == port && site_permit_open(p, i->now) &&
			ip_is_v4(p->address) == ip_is_v4(at->address))
			return true;
	}
	return false;
}

typedef bool knocker(const struct sockaddr *at, socklen_t len);

static bool
is_open(const struct site_permit *p, uint16_t port, knocker *knock)
{
	struct sockaddr_storage at;
	struct site_permit other = *p;
	socklen_t len;

	other.port = port;
	len = talk_place(&other, &at);
	return knock((const struct sockaddr *)&at, len);
}

/* Open ports of one address that no permit opens, as text. */
static void
find_open(const struct inspection *i, const struct site_permit *p,
	struct buf *found)
{
	for (uint32_t port = 1; port <= UINT16_MAX; port++)
		if (!is_permitted(i, p, port) &&
			is_open(p, (uint16_t)port, knock_tcp) &&
			buf_put_text(found, " tcp "))
			(void)buf_put_number(found, port);
	for (size_t n = 0; n < COUNT_OF(udp_ports); n++)
		if (is_open(p, udp_ports[n], knock_udp) &&
			buf_put_text(found, " udp "))
			(void)buf_put_number(found, udp_ports[n]);
}

static bool
was_knocked_at(const struct inspection *i, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++)
		if (memcmp(i->site->permits[k].address,
			    i->site->permits[n].address, 16) == 0)
			return true;
	return false;
}

bool
ports_are_permitted(const struct inspection *i, struct proof *p)
{
	char text[160] = "";
	struct buf found = { (uint8_t *)text, 0, sizeof text - 1 };

	if (!site_owns_host(i->site))
		return true;
	for (uint32_t n = 0; n < i->site->permits_count; n++)
		if (!was_knocked_at(i, n))
			find_open(i, &i->site->permits[n], &found);
	if (found.len == 0)
		return true;
	proof_bad(p, "stop what listens there, or use another host",
		"open without a permit:%s", text);
	return false;
}
