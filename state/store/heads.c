#include "state/store/heads.h"

#include <stdlib.h>

#define BUCKETS 16384 /* a power of two */
#define NONE    UINT32_MAX
#define RECENT  8 /* heads that one operation may hold */

struct heads {
	struct head_of head[HEADS];
	uint32_t bucket[BUCKETS];
	uint32_t count; /* places ever used */
	uint32_t hand;  /* where the search for a place goes on */
	uint32_t tick;
};

static uint32_t *
bucket_of(struct heads *h, struct box b)
{
	uint64_t x = ((uint64_t)b.account << 32 | b.mailbox) *
		0x9e3779b97f4a7c15u;

	return &h->bucket[x >> 50 & (BUCKETS - 1)];
}

FALLIBLE
heads_open(struct heads **out)
{
	struct heads *h = calloc(1, sizeof *h);

	if (!h)
		return &fault_sys_failed;
	heads_clear(h);
	*out = h;
	return OK;
}

void
heads_close(struct heads **h)
{
	free(*h);
	*h = NULL;
}

void
heads_clear(struct heads *h)
{
	h->count = h->hand = 0;
	for (size_t i = 0; i < BUCKETS; i++)
		h->bucket[i] = NONE;
}

struct head_of *
heads_peek(struct heads *h, struct box b)
{
	for (uint32_t i = *bucket_of(h, b); i != NONE; i = h->head[i].chain) {
		struct head_of *head = &h->head[i];

		if (head->box.account == b.account &&
			head->box.mailbox == b.mailbox) {
			head->used = ++h->tick;
			return head;
		}
	}
	return NULL;
}

static void
unlink_head(struct heads *h, uint32_t n)
{
	uint32_t *link = bucket_of(h, h->head[n].box);

	while (*link != n)
		link = &h->head[*link].chain;
	*link = h->head[n].chain;
}

/* An unused place, or one that may be used again. */
static uint32_t
find_place(struct heads *h, uint64_t applied)
{
	if (h->count < HEADS)
		return h->count++;
	for (uint32_t i = 0; i < HEADS; i++) {
		uint32_t n = h->hand++ % HEADS;

		if (h->head[n].lsn > applied ||
			h->tick - h->head[n].used < RECENT)
			continue;
		unlink_head(h, n);
		return n;
	}
	return NONE;
}

FALLIBLE
heads_add(struct heads *h, struct box b, uint64_t applied, struct head_of **out)
{
	uint32_t n = find_place(h, applied);
	uint32_t *bucket = bucket_of(h, b);

	if (n == NONE)
		return &fault_ipc_busy;
	h->head[n] = (struct head_of){ .box = b,
		.chain = *bucket,
		.used = ++h->tick };
	*bucket = n;
	*out = &h->head[n];
	return OK;
}
