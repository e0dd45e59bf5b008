#include "sys/breach.h"

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "sys/crypto.h"
#include "sys/fd.h"

#define DIGITS       40
#define LINE_LONGEST 64 /* digits, ":", a count, CR, LF */

/* clang-format off */
static const bool hex[256] = {
	['0' ... '9'] = true, ['a' ... 'f'] = true, ['A' ... 'F'] = true,
};
/* clang-format on */

/* The line that begins at `at`; *next is where the one behind it begins. */
static FALLIBLE
read_line(int fd, uint64_t at, uint8_t digits[DIGITS], uint64_t *next)
{
	uint8_t room[LINE_LONGEST];
	ssize_t n = pread(fd, room, sizeof room, (off_t)at);
	struct span line, in;

	if (n < 0)
		return &fault_sys_failed;
	line = span_at(room, (size_t)n);
	line.len = span_find_octet(line, '\n');
	in = line;
	if (line.len == (size_t)n && n == LINE_LONGEST)
		return &fault_record_damaged;
	if (span_skip(&in, hex) != DIGITS ||
		(in.len > 0 && *in.at != ':' && *in.at != '\r'))
		return &fault_record_damaged;
	for (size_t i = 0; i < DIGITS; i++)
		digits[i] = octet_lower(line.at[i]);
	*next = at + line.len + 1;
	return OK;
}

/* The beginning of the line that the octet at `at` is of, not before `low`,
 * which begins one. */
static FALLIBLE
find_start(int fd, uint64_t low, uint64_t at, uint64_t *out)
{
	uint8_t room[LINE_LONGEST];
	uint64_t from = at - low > sizeof room ? at - sizeof room : low;
	size_t len = (size_t)(at - from);

	if (pread(fd, room, len, (off_t)from) != (ssize_t)len)
		return &fault_sys_failed;
	while (len > 0 && room[len - 1] != '\n')
		len--;
	if (len == 0 && from != low)
		return &fault_record_damaged;
	*out = from + len;
	return OK;
}

/* Whole lines from `low` to `high`; each turn drops one at least. */
static FALLIBLE
search(int fd, uint64_t high, const uint8_t want[DIGITS], bool *found)
{
	uint64_t low = 0;

	*found = false;
	while (low < high && !*found) {
		uint8_t digits[DIGITS];
		uint64_t start = low, next = high;
		int order;

		TRY(find_start(fd, low, low + (high - low) / 2, &start));
		TRY(read_line(fd, start, digits, &next));
		order = memcmp(want, digits, DIGITS);
		if (order < 0)
			high = start;
		else
			low = next;
		*found = order == 0;
	}
	return OK;
}

FALLIBLE
breach_find(const char *path, struct span password, bool *found)
{
	OWNED(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	uint8_t hash[SHA1_OCTETS], room[DIGITS];
	struct buf want = BUF(room);
	uint64_t size;

	if (fd < 0)
		return &fault_sys_failed;
	TRY(fd_size(fd, &size));
	sha1(password, hash);
	if (!buf_put_hex(&want, span_at(hash, sizeof hash)))
		return &fault_sys_failed;
	return search(fd, size, want.at, found);
}
