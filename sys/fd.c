#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHANNEL_BUFFER (8 << 20)

void
fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int
fd_give(int *fd)
{
	int given = *fd;

	*fd = -1;
	return given;
}

FALLIBLE
fd_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return &fault_sys_failed;
	return OK;
}

FALLIBLE
fd_channel_pair(int pair[2])
{
	const int size = CHANNEL_BUFFER;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		    pair) < 0)
		return &fault_sys_failed;
	for (int i = 0; i < 2; i++)
		if (setsockopt(pair[i], SOL_SOCKET, SO_SNDBUFFORCE, &size,
			    sizeof size) < 0)
			setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &size,
				sizeof size);
	return OK;
}

FALLIBLE
fd_stream_pair(int pair[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		    pair) < 0)
		return &fault_sys_failed;
	return OK;
}

FALLIBLE
fd_memory(const char *name, int *out)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return &fault_sys_failed;
	*out = fd;
	return OK;
}

FALLIBLE
fd_seal(int fd)
{
	if (fcntl(fd, F_ADD_SEALS,
		    F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) <
		0)
		return &fault_sys_failed;
	return OK;
}

bool
fd_is_sealed(int fd)
{
	const int needed = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK;
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & needed) == needed;
}

FALLIBLE
fd_append(int fd, struct span octets)
{
	while (octets.len > 0) {
		ssize_t n = write(fd, octets.at, octets.len);

		if (n <= 0)
			return &fault_storage_full;
		span_shift_upto(&octets, (size_t)n);
	}
	return OK;
}

FALLIBLE
fd_memory_of(const char *name, struct span octets, int *out)
{
	OWNED(fd_close) int fd = -1;

	TRY(fd_memory(name, &fd));
	TRY(fd_append(fd, octets));
	TRY(fd_seal(fd));
	if (lseek(fd, 0, SEEK_SET) < 0)
		return &fault_sys_failed;
	*out = fd_give(&fd);
	return OK;
}

FALLIBLE
fd_map_sealed(int fd, size_t size, const void **out)
{
	uint64_t have;
	void *at;

	if (!fd_is_sealed(fd) || size == 0)
		return &fault_ipc_malformed;
	TRY(fd_size(fd, &have));
	if (have < size)
		return &fault_ipc_malformed;
	at = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return &fault_sys_failed;
	*out = at;
	return OK;
}

void
fd_unmap(const void *at, size_t size)
{
	if (at)
		munmap((void *)(uintptr_t)at, size);
}

FALLIBLE
fd_size(int fd, uint64_t *out)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || st.st_size < 0)
		return &fault_sys_failed;
	*out = (uint64_t)st.st_size;
	return OK;
}

FALLIBLE
fd_read_whole(int fd, struct buf *out)
{
	uint64_t size, done = 0;

	TRY(fd_size(fd, &size));
	if (size > buf_room(out))
		return &fault_sys_failed;
	while (done < size) {
		ssize_t n = pread(fd, out->at + out->len + done, size - done,
			(off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return &fault_sys_failed;
		done += (uint64_t)n;
	}
	out->len += size;
	return OK;
}

FALLIBLE
fd_peer(int fd, uint8_t peer[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} at;
	socklen_t len = sizeof at;

	if (getpeername(fd, &at.any, &len) != 0)
		return &fault_sys_failed;
	if (at.any.sa_family == AF_INET) {
		memcpy(peer, mapped, sizeof mapped);
		memcpy(peer + 12, &at.v4.sin_addr, 4);
		return OK;
	}
	if (at.any.sa_family != AF_INET6)
		return &fault_sys_failed;
	memcpy(peer, &at.v6.sin6_addr, 16);
	return OK;
}
