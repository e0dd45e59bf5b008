#include "proc/imap/shown.h"

#include "lib/base/must.h"
#include "sys/fd.h"

_Static_assert(sizeof(struct view_row) == sizeof(struct view_entry) &&
		offsetof(struct view_row, idate_us) ==
			offsetof(struct view_entry, idate_us),
	"a view is the same array to the store and to the engine");

/* --- views --------------------------------------------------------------- */

static bool
view_is_sound(const struct view_told *told)
{
	uint64_t rows = (uint64_t)told->count * sizeof(struct view_row);
	uint64_t names = (uint64_t)told->keywords * sizeof(struct keyword_name);

	return told->keywords <= KEYWORDS_MAX && told->size == rows + names;
}

static struct shown_view *
free_view(struct shown_views *s)
{
	for (size_t i = 0; i < SHOWN_VIEWS; i++)
		if (!s->view[i].at)
			return &s->view[i];
	return NULL;
}

FALLIBLE
shown_view_map(struct shown_views *s, const struct view_told *told, int fd,
	struct imap_view *out, struct span *keyword)
{
	struct shown_view *v = free_view(s);
	const struct keyword_name *names;

	MUST(v); /* trimmed before each question */
	if (!view_is_sound(told))
		return &fault_ipc_malformed;
	*out = (struct imap_view){ .uidvalidity = told->uidvalidity,
		.uidnext = told->uidnext,
		.keywords = told->keywords,
		.keyword = keyword };
	if (told->size == 0)
		return OK;
	TRY(fd_map_sealed(fd, told->size, &v->at));
	v->size = told->size;
	out->messages = (struct view){ v->at, told->count };
	names = (const void *)((const struct view_row *)v->at + told->count);
	for (uint32_t i = 0; i < told->keywords; i++)
		keyword[i] = span_at(names[i].octets,
			names[i].len <= STORE_KEYWORD ? names[i].len : 0);
	return OK;
}

void
shown_views_trim(struct shown_views *s, const struct imap_session *engine)
{
	for (size_t i = 0; i < SHOWN_VIEWS; i++) {
		struct shown_view *v = &s->view[i];

		if (!v->at || imap_holds(engine, v->at))
			continue;
		fd_unmap(v->at, v->size);
		*v = (struct shown_view){ 0 };
	}
}

/* --- fetched ahead ------------------------------------------------------- */

FALLIBLE
ahead_keep(struct ahead *a, const struct store_fetched *told, int fd,
	uint32_t mailbox)
{
	const void *at = NULL;

	ahead_forget(a);
	if (told->size > STORE_FETCH_MAX)
		return &fault_ipc_malformed;
	if (told->size > 0)
		TRY(fd_map_sealed(fd, told->size, &at));
	*a = (struct ahead){ .at = at,
		.size = told->size,
		.mailbox = mailbox,
		.count = told->count };
	return OK;
}

void
ahead_forget(struct ahead *a)
{
	fd_unmap(a->at, a->size);
	*a = (struct ahead){ 0 };
}

struct span
ahead_find(struct ahead *a, uint32_t mailbox, uint32_t uid)
{
	size_t at = a->at_uid != 0 && a->at_uid <= uid ? a->at_offset : 0;
	struct fetched f;

	if (a->mailbox != mailbox)
		return SPAN_NONE;
	while (at < a->size && a->size - at >= sizeof f) {
		memcpy(&f, a->at + at, sizeof f);
		if (a->size - at - sizeof f < f.len)
			return SPAN_NONE;
		if (f.uid == uid) {
			a->at_uid = uid;
			a->at_offset = at;
			return span_at(a->at + at + sizeof f, f.len);
		}
		at += sizeof f + (f.len + 7u) / 8 * 8;
	}
	return SPAN_NONE;
}
