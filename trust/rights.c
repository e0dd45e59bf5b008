/* rights.c -- who may say what to whom.  What messages.def does not list is
 * forbidden: an empty row belongs to nobody. */
#include "trust/rights.h"

#include <string.h>

struct right {
	const char *name;
	uint32_t from, to; /* sets of roles */
	size_t size;
	enum fd_rule fd;
};

static const struct right rights[MESSAGES] = {
#define MESSAGE(name, from, to, type, fd) \
	[name] = { #name, from, to, sizeof(type), fd },
#include "trust/messages.def"
#undef MESSAGE
};

FALLIBLE
rights_admit(enum role from, enum role self, const struct packet *p)
{
	const struct right *r;
	struct head head;

	if (p->len < sizeof head)
		return &fault_ipc_malformed;
	memcpy(&head, p->octets, sizeof head);
	if (head.type >= MESSAGES)
		return &fault_ipc_forbidden;
	r = &rights[head.type];
	if (!(r->from & ROLE_BIT(from)) || !(r->to & ROLE_BIT(self)))
		return &fault_ipc_forbidden;
	if (p->len != r->size)
		return &fault_ipc_malformed;
	if (r->fd != MAY_FD && (p->fd >= 0) != (r->fd == WITH_FD))
		return &fault_ipc_malformed;
	return OK;
}

bool
rights_linked(enum role a, enum role b)
{
	for (uint32_t type = 1; type < MESSAGES; type++) {
		const struct right *r = &rights[type];

		if ((r->from & ROLE_BIT(a)) && (r->to & ROLE_BIT(b)))
			return true;
		if ((r->from & ROLE_BIT(b)) && (r->to & ROLE_BIT(a)))
			return true;
	}
	return false;
}

size_t
message_size(uint32_t type)
{
	return type < MESSAGES ? rights[type].size : 0;
}

const char *
message_name(uint32_t type)
{
	return type < MESSAGES && rights[type].name ? rights[type].name
						    : "NONE";
}
