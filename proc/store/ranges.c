#include "lib/base/must.h"
#include "proc/store/keeper.h"
#include "sys/fd.h"

static FALLIBLE
copy(const struct uid_span *at, size_t count, struct buf *out)
{
	uint32_t before = 0;

	for (size_t i = 0; i < count; i++) {
		struct uid_span r = at[i]; /* once, from memory of another */

		if (r.first <= before || r.last < r.first)
			return &fault_ipc_malformed;
		before = r.last;
		MUST(put_range(out, r));
	}
	return OK;
}

FALLIBLE
take_ranges(const struct uid_spans *spans, int fd, struct buf *out)
{
	const void *at;
	const struct fault *f;
	size_t size = spans->count * sizeof(struct uid_span);

	if (spans->count > STORE_RANGES ||
		(fd >= 0) != (spans->count > STORE_INLINE))
		return &fault_ipc_malformed;
	if (fd < 0)
		return copy(spans->at, spans->count, out);
	TRY(fd_map_sealed(fd, size, &at));
	f = copy(at, spans->count, out);
	fd_unmap(at, size);
	return f;
}
