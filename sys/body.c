#include "sys/body.h"

#include <errno.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "sys/append.h"
#include "sys/fd.h"

FALLIBLE
body_open(struct body *b)
{
	*b = BODY_CLOSED;
	return fd_memory("body", &b->fd);
}

FALLIBLE
body_add(struct body *b, struct span octets)
{
	TRY(append_write(b->fd, octets));
	b->size += octets.len;
	return OK;
}

bool
body_wants_file(const struct body *b)
{
	return !b->is_file && b->size > BODY_MEMORY_MAX;
}

FALLIBLE
body_move(struct body *b, int file)
{
	OWNED(fd_close) int to = file;
	off_t at = 0;

	while ((uint64_t)at < b->size) {
		ssize_t n = sendfile(to, b->fd, &at, b->size - (uint64_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return errno == ENOSPC ? &fault_storage_full
					       : &fault_storage_failed;
	}
	fd_close(&b->fd);
	b->fd = fd_give(&to);
	b->is_file = true;
	return OK;
}

static FALLIBLE
write_at(int fd, struct span octets, uint64_t at)
{
	while (octets.len > 0) {
		ssize_t n = pwrite(fd, octets.at, octets.len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == ENOSPC ? &fault_storage_full
					       : &fault_storage_failed;
		span_shift_upto(&octets, (size_t)n);
		at += (uint64_t)n;
	}
	return OK;
}

static FALLIBLE
read_at(int fd, uint8_t *to, size_t len, uint64_t at)
{
	while (len > 0) {
		ssize_t n = pread(fd, to, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return &fault_storage_failed;
		to += n;
		len -= (size_t)n;
		at += (uint64_t)n;
	}
	return OK;
}

/* From the end, so that nothing is overwritten that is still to be moved. */
FALLIBLE
body_insert(struct body *b, uint64_t at, struct span octets)
{
	static uint8_t piece[64 << 10];
	uint64_t end = b->size;

	while (end > at) {
		size_t len = end - at < sizeof piece ? (size_t)(end - at)
						     : sizeof piece;

		end -= len;
		TRY(read_at(b->fd, piece, len, end));
		TRY(write_at(b->fd, span_at(piece, len), end + octets.len));
	}
	TRY(write_at(b->fd, octets, at));
	b->size += octets.len;
	return OK;
}

FALLIBLE
body_seal(struct body *b)
{
	if (lseek(b->fd, 0, SEEK_SET) < 0)
		return &fault_sys_failed;
	return b->is_file ? OK : fd_seal(b->fd);
}

FALLIBLE
body_piece(const struct body *b, uint64_t offset, uint8_t *at, size_t cap,
	size_t *len)
{
	size_t have = 0;

	while (have < cap) {
		ssize_t n = pread(b->fd, at + have, cap - have,
			(off_t)(offset + have));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return &fault_storage_failed;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	*len = have;
	return OK;
}

FALLIBLE
body_head(const struct body *b, uint8_t *at, size_t cap, size_t *len)
{
	return body_piece(b, 0, at, cap, len);
}

void
body_close(struct body *b)
{
	fd_close(&b->fd);
	*b = BODY_CLOSED;
}
