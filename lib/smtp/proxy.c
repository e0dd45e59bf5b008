#include "lib/smtp/proxy.h"

#include "lib/base/crc.h"
#include "lib/base/must.h"

enum { AT_COMMAND = 12, AT_FAMILY = 13, AT_LENGTH = 14 };
enum { LOCAL = 0x20, PROXY = 0x21 };
enum { TCP4 = 0x11, TCP6 = 0x21 };
enum { TLV_CRC32C = 3 };

static const uint8_t signature[12] = "\r\n\r\n\0\r\nQUIT\n";

void
proxy_reader_init(struct proxy_reader *r)
{
	r->len = 0;
}

static uint16_t
u16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t
u32(const uint8_t *at)
{
	return (uint32_t)u16(at) << 16 | u16(at + 2);
}

/* As far as it is here: each octet is judged when it comes, so that nobody waits
 * for the rest of what is no header. */
static bool
begins_well(const struct proxy_reader *r)
{
	size_t len = r->len < sizeof signature ? r->len : sizeof signature;

	if (memcmp(r->octets, signature, len) != 0)
		return false;
	if (r->len > AT_COMMAND && r->octets[AT_COMMAND] != LOCAL &&
		r->octets[AT_COMMAND] != PROXY)
		return false;
	return r->len < PROXY_FIXED ||
		u16(r->octets + AT_LENGTH) <= PROXY_MAX - PROXY_FIXED;
}

static size_t
whole_length(const struct proxy_reader *r)
{
	return r->len < PROXY_FIXED
		? PROXY_FIXED
		: (size_t)PROXY_FIXED + u16(r->octets + AT_LENGTH);
}

/* The checksum is that of the header with zeros in its place. */
static bool
checksum_holds(const struct proxy_reader *r, size_t at)
{
	static const uint8_t zeros[4];
	uint32_t crc = crc32c(0, span_at(r->octets, at));

	crc = crc32c(crc, span_at(zeros, sizeof zeros));
	crc = crc32c(crc, span_at(r->octets + at + 4, r->len - at - 4));
	return crc == u32(r->octets + at);
}

static bool
tlvs_hold(const struct proxy_reader *r, size_t at)
{
	while (at < r->len) {
		size_t len;

		if (r->len - at < 3)
			return false;
		len = u16(r->octets + at + 1);
		if (len > r->len - at - 3)
			return false;
		if (r->octets[at] == TLV_CRC32C &&
			(len != 4 || !checksum_holds(r, at + 3)))
			return false;
		at += 3 + len;
	}
	return true;
}

static void
take_ipv4(const uint8_t *at, uint8_t out[16])
{
	memset(out, 0, 10);
	memset(out + 10, 0xff, 2);
	memcpy(out + 12, at, 4);
}

/* Addresses of `size` octets, then the ports. */
static bool
take_addresses(const struct proxy_reader *r, struct proxy_source *s)
{
	const uint8_t *at = r->octets + PROXY_FIXED;
	uint8_t family = r->octets[AT_FAMILY];
	size_t size = family == TCP4 ? 4 : 16;

	if ((family != TCP4 && family != TCP6) ||
		r->len < PROXY_FIXED + 2 * size + 4)
		return false;
	if (family == TCP4) {
		take_ipv4(at, s->client);
		take_ipv4(at + size, s->server);
	} else {
		memcpy(s->client, at, size);
		memcpy(s->server, at + size, size);
	}
	s->client_port = u16(at + 2 * size);
	s->server_port = u16(at + 2 * size + 2);
	return tlvs_hold(r, PROXY_FIXED + 2 * size + 4);
}

FALLIBLE
proxy_next(struct proxy_reader *r, struct span *in, struct proxy_source *out,
	bool *done)
{
	struct proxy_source s = { .local = false };

	*done = false;
	while (r->len < whole_length(r)) {
		if (in->len == 0)
			return OK;
		r->octets[r->len++] = span_shift(in);
		if (!begins_well(r))
			return &fault_proxy_syntax;
	}
	s.local = r->octets[AT_COMMAND] == LOCAL;
	if (!s.local && !take_addresses(r, &s))
		return &fault_proxy_syntax;
	*out = s;
	*done = true;
	return OK;
}
