#include "lib/imap/view.h"

size_t
view_lower(const struct view *v, uint32_t uid)
{
	size_t low = 0, high = v->len;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (v->at[mid].uid < uid)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const struct view_entry *
view_find(const struct view *v, uint32_t uid)
{
	size_t at = view_lower(v, uid);

	return at < v->len && v->at[at].uid == uid ? &v->at[at] : NULL;
}
