/* A packet that passes the gate is exactly one struct that its sender may send,
 * whatever its octets are. */
#include "lib/base/fuzz.h"
#include "trust/rights.h"

FUZZ(struct span input)
{
	static _Alignas(8) uint8_t octets[8192];
	struct packet p = { octets, 0, -1 };
	enum role from, to;
	uint32_t type;

	if (input.len < 3)
		return;
	from = span_shift(&input) % ROLES;
	to = span_shift(&input) % ROLES;
	p.fd = span_shift(&input) % 2 ? 7 : -1;
	p.len = input.len < sizeof octets ? input.len : sizeof octets;
	memcpy(octets, input.at, p.len);
	if (rights_admit(from, to, &p))
		return;
	memcpy(&type, octets, sizeof type);
	MUST(type > MESSAGE_NONE && type < MESSAGES);
	MUST(p.len == message_size(type));
	MUST(rights_linked(from, to));
	MUST(from != NOBODY && to != NOBODY);
}
