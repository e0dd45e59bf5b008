#include "sys/pool.h"

#include <string.h>
#include <sys/mman.h>

#include "lib/base/must.h"

#define NONE UINT32_MAX

struct pool {
	uint8_t *objects;
	uint32_t *next;  /* in the list of idle slots; the own number when used */
	size_t size;     /* of an object, a multiple of 64 */
	uint32_t count, used, idle, fresh;
};

void *
pool_storage(size_t len)
{
	void *at = mmap(NULL, len, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

FALLIBLE
pool_open(size_t size, uint32_t count, struct pool **out)
{
	struct pool *p = pool_storage(sizeof *p);

	if (!p)
		return &fault_sys_failed;
	p->size = (size + 63) / 64 * 64;
	p->count = count;
	p->idle = NONE;
	p->objects = pool_storage(p->size * count);
	p->next = pool_storage(sizeof *p->next * count);
	if (!p->objects || !p->next)
		return &fault_sys_failed;
	*out = p;
	return OK;
}

void *
pool_take(struct pool *p, uint32_t *slot)
{
	uint32_t s;

	if (p->idle != NONE) {
		s = p->idle;
		p->idle = p->next[s];
	} else if (p->fresh < p->count) {
		s = p->fresh++;
	} else {
		return NULL;
	}
	p->next[s] = s;
	p->used++;
	*slot = s;
	return p->objects + p->size * s;
}

void
pool_give(struct pool *p, uint32_t slot)
{
	MUST(pool_at(p, slot) != NULL);
	explicit_bzero(p->objects + p->size * slot, p->size);
	p->next[slot] = p->idle;
	p->idle = slot;
	p->used--;
}

void *
pool_at(struct pool *p, uint32_t slot)
{
	if (slot >= p->fresh || p->next[slot] != slot)
		return NULL;
	return p->objects + p->size * slot;
}

uint32_t
pool_used(const struct pool *p)
{
	return p->used;
}

uint32_t
pool_size(const struct pool *p)
{
	return p->count;
}
