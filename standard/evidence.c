#include "standard/evidence.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/number.h"
#include "sys/fd.h"
#include "sys/replace.h"

#define FILE_LARGEST KiB(256)
#define FIELDS       7

static uint8_t room[FILE_LARGEST];

const char *
letter_name(enum letter l)
{
	static const char *const names[LETTERS] = { "static", "blackbox",
		"continuous" };

	return names[l];
}

static bool
path_of(const char *directory, char out[300])
{
	int n = snprintf(out, 300, "%s/evidence", directory);

	return n > 0 && n < 300;
}

/* --- reading -------------------------------------------------------------- */

/* Whoever can write it decides what is proven. */
static bool
is_ours(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
		st.st_uid == geteuid() && !(st.st_mode & (S_IWGRP | S_IWOTH));
}

static struct span
load(const char *directory)
{
	OWNED(fd_close) int fd = -1;
	struct buf b = BUF(room);
	char path[300];

	if (path_of(directory, path))
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || !is_ours(fd) || fd_read_whole(fd, &b))
		return SPAN_NONE;
	return buf_view(&b);
}

static struct span
next(struct span *in, uint8_t end)
{
	struct span s = span_shift_upto(in, span_find_octet(*in, end));

	span_take(in, end);
	return s;
}

static bool
split(struct span line, struct span fields[FIELDS])
{
	for (size_t i = 0; i < FIELDS; i++)
		fields[i] = next(&line, '\t');
	return fields[FIELDS - 1].at != NULL && fields[4].len > 0;
}

static bool
is_letter(struct span name, enum letter *out)
{
	for (enum letter l = 0; l < LETTERS; l++)
		if (span_equals(name, span_of(letter_name(l)))) {
			*out = l;
			return true;
		}
	return false;
}

static bool
is_mark(struct span word, enum mark *out)
{
	for (enum mark m = MARK_GOOD; m <= MARK_ABSENT; m++)
		if (span_equals(word, span_of(mark_word(m)))) {
			*out = m;
			return true;
		}
	return false;
}

#define COPY(to, from)                                             \
	snprintf(to, sizeof(to), "%.*s", (int)(from).len,          \
		(const char *)(from).at)

static bool
read_proof(const struct span fields[FIELDS], struct proof *p)
{
	struct span made = fields[3];

	if (!is_mark(fields[2], &p->mark) || !take_date_rfc3339(&made, &p->made))
		return false;
	COPY(p->looked, fields[4]);
	COPY(p->found, fields[5]);
	COPY(p->remedy, fields[6]);
	return true;
}

static void
fill_one(const struct span fields[FIELDS], struct clause_result *results,
	size_t count)
{
	struct proof old = { 0 };
	enum letter l;

	if (!is_letter(fields[1], &l) || !read_proof(fields, &old))
		return;
	for (size_t n = 0; n < count; n++)
		if (span_equals(fields[0], span_of(results[n].clause->id)) &&
			results[n].clause->checks[l] &&
			results[n].proofs[l].mark == MARK_MISSING)
			results[n].proofs[l] = old;
}

void
evidence_fill(const char *directory, struct clause_result *results, size_t count)
{
	struct span in = load(directory), fields[FIELDS];

	while (in.len > 0)
		if (split(next(&in, '\n'), fields))
			fill_one(fields, results, count);
}

/* --- writing -------------------------------------------------------------- */

/* Text of others, in one field of one line. */
static bool
put_field(struct buf *b, const char *text)
{
	bool ok = buf_push(b, '\t');

	for (; ok && *text; text++)
		ok = buf_push(b, (uint8_t)*text < ' ' || *text == 127
				? ' '
				: (uint8_t)*text);
	return ok;
}

static bool
put_proof(struct buf *b, const struct clause *c, enum letter l,
	const struct proof *p)
{
	return buf_put_text(b, c->id) && buf_push(b, '\t') &&
		buf_put_text(b, letter_name(l)) && buf_push(b, '\t') &&
		buf_put_text(b, mark_word(p->mark)) && buf_push(b, '\t') &&
		put_date_rfc3339(b, p->made) && put_field(b, p->looked) &&
		put_field(b, p->found) && put_field(b, p->remedy) &&
		buf_push(b, '\n');
}

static bool
is_made(const struct span fields[FIELDS], const struct clause_result *results,
	size_t count)
{
	enum letter l;

	if (!is_letter(fields[1], &l))
		return true;
	for (size_t n = 0; n < count; n++)
		if (span_equals(fields[0], span_of(results[n].clause->id)))
			return results[n].proofs[l].mark != MARK_MISSING;
	return false;
}

static bool
put_all(struct buf *b, struct span old, const struct clause_result *results,
	size_t count)
{
	struct span fields[FIELDS];
	bool ok = true;

	while (ok && old.len > 0) {
		struct span line = next(&old, '\n');

		if (split(line, fields) && !is_made(fields, results, count))
			ok = buf_put(b, line) && buf_push(b, '\n');
	}
	for (size_t n = 0; n < count; n++)
		for (enum letter l = 0; ok && l < LETTERS; l++)
			if (results[n].proofs[l].mark != MARK_MISSING)
				ok = put_proof(b, results[n].clause, l,
					&results[n].proofs[l]);
	return ok;
}

FALLIBLE
evidence_keep(const char *directory, const struct clause_result *results,
	size_t count)
{
	static uint8_t fresh[FILE_LARGEST];
	struct buf b = BUF(fresh);
	char path[300];

	if (mkdir(directory, 0700) != 0 && access(directory, W_OK) != 0)
		return &fault_storage_failed;
	if (!path_of(directory, path) ||
		!put_all(&b, load(directory), results, count))
		return &fault_storage_full;
	return replace_whole(path, 0600, buf_view(&b));
}
