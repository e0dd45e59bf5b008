#include "sys/append.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

FALLIBLE
append_open(int directory, const char *name, int *out)
{
	struct open_how how = {
		.flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
		.mode = 0600,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
			RESOLVE_NO_XDEV,
	};
	int fd = (int)syscall(SYS_openat2, directory, name, &how, sizeof how);

	if (fd < 0)
		return &fault_storage_failed;
	*out = fd;
	return OK;
}

FALLIBLE
append_write(int fd, struct span octets)
{
	while (octets.len > 0) {
		ssize_t n = write(fd, octets.at, octets.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == ENOSPC ? &fault_storage_full
					       : &fault_storage_failed;
		span_shift_upto(&octets, (size_t)n);
	}
	return OK;
}
