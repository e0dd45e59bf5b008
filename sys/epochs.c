#include "sys/epochs.h"

#include "sys/fd.h"

static size_t
octets_of(uint32_t count)
{
	return count * sizeof(struct account_epoch);
}

FALLIBLE
epochs_take(struct epochs *e, const struct epochs_given *m, int fd)
{
	const void *at = NULL;

	if (m->count > 0)
		TRY(fd_map_sealed(fd, octets_of(m->count), &at));
	if (e->at)
		fd_unmap(e->at, octets_of(e->count));
	*e = (struct epochs){ at, m->count, m->highest, true };
	return OK;
}

static const struct account_epoch *
find(const struct epochs *e, uint32_t account)
{
	size_t low = 0, high = e->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (e->at[middle].account == account)
			return &e->at[middle];
		if (e->at[middle].account < account)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

bool
epochs_ended(const struct epochs *e, uint32_t account, uint32_t epoch)
{
	const struct account_epoch *now = find(e, account);

	if (!now)
		return account <= e->highest;
	return epoch < now->epoch;
}
