#include "state/log/writer.h"

#include "lib/base/must.h"
#include "sys/append.h"
#include "sys/fd.h"

void
writer_open(struct writer *w, int directory)
{
	*w = (struct writer){ .directory = directory, .file = -1, .day = -1 };
	w->lines = BUF(w->storage);
}

static void
name_day(struct buf *name, struct instant now)
{
	struct civil c = civil_of(now);

	MUST(buf_put_digits(name, (uint64_t)c.year, 4) && buf_push(name, '-') &&
		buf_put_digits(name, c.month, 2) && buf_push(name, '-') &&
		buf_put_digits(name, c.day, 2) &&
		buf_put_text(name, ".jsonl") && buf_push(name, 0));
}

static FALLIBLE
open_day(struct writer *w, struct instant now)
{
	int64_t day = now.us / DAYS(1);
	uint8_t text[32];
	struct buf name = BUF(text);

	if (w->day == day)
		return OK;
	fd_close(&w->file);
	w->day = -1;
	name_day(&name, now);
	TRY(append_open(w->directory, (const char *)text, &w->file));
	w->day = day;
	return OK;
}

static uint64_t
count_lines(struct span s)
{
	uint64_t n = 0;

	while (s.len > 0) {
		span_shift_upto(&s, span_find_octet(s, '\n') + 1);
		n++;
	}
	return n;
}

bool
writer_has_room(const struct file_room *r)
{
	return r->octets_free >
		file_room_share(r, LOG_RESERVE, LOG_RESERVE_MAX);
}

static FALLIBLE
write_out(struct writer *w, struct span lines, struct instant now)
{
	struct file_room room;

	TRY(file_room(w->directory, &room));
	if (!writer_has_room(&room))
		return &fault_storage_full;
	TRY(open_day(w, now));
	return append_write(w->file, lines);
}

FALLIBLE
writer_flush(struct writer *w, struct instant now)
{
	struct span lines = buf_view(&w->lines);
	const struct fault *f;

	if (lines.len == 0)
		return OK;
	f = write_out(w, lines, now);
	if (f) {
		w->dropped += count_lines(lines);
		fd_close(&w->file);
		w->day = -1;
	}
	buf_clear(&w->lines);
	return f;
}

static struct instant
believe(int64_t time_us, struct instant now)
{
	bool near = time_us > now.us - MINUTES(1) &&
		time_us < now.us + MINUTES(1);

	return near ? (struct instant){ time_us } : now;
}

FALLIBLE
writer_add(struct writer *w, const struct log_row *row, const char *role,
	struct instant now)
{
	if (buf_room(&w->lines) < ROW_LINE_MAX && writer_flush(w, now))
		return OK; /* counted */
	return put_row(&w->lines, row, role, believe(row->time_us, now));
}
