#include "lib/conf/site.h"

static const char *const services[SERVICES] = {
	[SERVICE_NONE] = "none",
	[SERVICE_MX] = "mx",
	[SERVICE_SUBMISSIONS] = "submissions",
	[SERVICE_SUBMISSION] = "submission",
	[SERVICE_IMAPS] = "imaps",
	[SERVICE_LOCAL] = "local",
	[SERVICE_LMTP] = "lmtp",
};

bool
site_is_sound(const struct site *s)
{
	return s->magic == SITE_MAGIC && s->version == SITE_VERSION &&
		s->size == sizeof *s && s->role <= SITE_LOCAL &&
		(s->permits_count > 0 || s->role == SITE_LOCAL) &&
		s->permits_count <= SITE_PERMITS && s->domains_count > 0 &&
		s->domains_count <= SITE_DOMAINS &&
		s->stubs_count <= SITE_STUBS &&
		s->smarthosts_count <= SITE_SMARTHOSTS &&
		s->routes_count <= SITE_ROUTES &&
		s->records_count <= SITE_RECORDS && s->schedule_count > 0 &&
		s->schedule_count <= SITE_SCHEDULE;
}

bool
site_owns_host(const struct site *s)
{
	return s->production && s->role != SITE_LOCAL;
}

bool
site_permit_open(const struct site_permit *p, struct instant now)
{
	return p->service > SERVICE_NONE && p->service < SERVICES &&
		now.us < p->expires_us;
}

bool
site_represents(const struct site *s, struct span domain)
{
	for (uint32_t i = 0; i < s->domains_count; i++)
		if (span_equals_nocase(SITE_TEXT(s->domains[i].name), domain))
			return true;
	return false;
}

static bool
is_host(const struct site_smarthost *h, struct span name, uint16_t port)
{
	return h->port == port && span_equals_nocase(SITE_TEXT(h->name), name);
}

const struct site_smarthost *
site_smarthost(const struct site *s, struct span name, uint16_t port)
{
	for (uint32_t i = 0; i < s->smarthosts_count; i++)
		if (is_host(&s->smarthosts[i], name, port))
			return &s->smarthosts[i];
	return NULL;
}

const struct site_smarthost *
site_route_host(const struct site *s, struct span name, uint16_t port)
{
	for (uint32_t i = 0; i < s->routes_count; i++)
		if (is_host(&s->routes[i].host, name, port))
			return &s->routes[i].host;
	return NULL;
}

bool
address_is_loopback(const uint8_t address[16])
{
	static const uint8_t v4[13] = { [10] = 0xff, [11] = 0xff, [12] = 127 };
	static const uint8_t v6[16] = { [15] = 1 };

	return memcmp(address, v4, sizeof v4) == 0 ||
		memcmp(address, v6, sizeof v6) == 0;
}

const char *
service_name(uint32_t service)
{
	return services[service < SERVICES ? service : SERVICE_NONE];
}

struct span
site_text(const char *at, size_t size)
{
	struct span all = span_at(at, size);

	return (struct span){ all.at, span_find_octet(all, 0) };
}
