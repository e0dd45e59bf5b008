#include "sys/sockets_held.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/number.h"
#include "sys/fd.h"

static void
close_directory(DIR **d)
{
	if (*d)
		closedir(*d);
}

static DIR *
open_directory(int at, const char *path)
{
	OWNED(fd_close) int fd = openat(at, path,
		O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (d)
		fd_give(&fd);
	return d;
}

static bool
read_option(int fd, int option, int *out)
{
	socklen_t len = sizeof *out;

	return getsockopt(fd, SOL_SOCKET, option, out, &len) == 0;
}

/* Which kind is it, and does it wait?  False for what does not. */
static bool
kind_of(int fd, enum socket_kind *out)
{
	int domain, type, protocol, listens;

	if (!read_option(fd, SO_DOMAIN, &domain) ||
		!read_option(fd, SO_TYPE, &type) ||
		!read_option(fd, SO_PROTOCOL, &protocol) ||
		!read_option(fd, SO_ACCEPTCONN, &listens))
		return false;
	if (domain == AF_VSOCK)
		*out = SOCKET_VSOCK;
	else if (domain != AF_INET && domain != AF_INET6)
		return false;
	else if (type == SOCK_RAW)
		*out = SOCKET_RAW;
	else if (protocol == IPPROTO_SCTP)
		*out = SOCKET_SCTP;
	else if (protocol == IPPROTO_UDPLITE)
		*out = SOCKET_UDPLITE;
	else
		return false; /* every kernel tells of these */
	return listens || *out == SOCKET_RAW || *out == SOCKET_UDPLITE;
}

static void
read_name(int fd, struct waiting_socket *w)
{
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
		struct sockaddr_vm vm;
	} name = { 0 };
	socklen_t len = sizeof name;
	int protocol = 0;

	if (getsockname(fd, &name.any, &len) != 0)
		return;
	if (name.any.sa_family == AF_VSOCK) {
		w->port = name.vm.svm_port;
		return;
	}
	if (name.any.sa_family == AF_INET6) {
		memcpy(w->address, &name.six.sin6_addr, 16);
	} else {
		w->address[10] = w->address[11] = 0xff;
		memcpy(w->address + 12, &name.four.sin_addr, 4);
	}
	read_option(fd, SO_PROTOCOL, &protocol);
	w->port = w->kind == SOCKET_RAW ? (uint32_t)protocol
					: ntohs(name.four.sin_port);
}

/* Look at a descriptor of another process through a copy of it. */
static FALLIBLE
look_at(int process, pid_t pid, int number, uint64_t inode,
	struct sockets_scan *s)
{
	OWNED(fd_close) int fd = (int)syscall(SYS_pidfd_getfd, process, number,
		0);
	struct waiting_socket w = { .inode = inode };
	struct stat st;

	if (fd < 0) {
		s->unseen += errno == EPERM && kill(pid, 0) == 0;
		return OK;
	}
	if (fstat(fd, &st) != 0 || st.st_ino != inode || !kind_of(fd, &w.kind) ||
		!(s->missing & 1u << w.kind))
		return OK;
	w.uid = st.st_uid;
	read_name(fd, &w);
	return sockets_add(s, &w);
}

static void
mark(struct sockets_scan *s, uint64_t inode)
{
	for (uint32_t i = 0; i < s->count; i++)
		if (s->at[i].inode == inode)
			s->at[i].ours = true;
}

/* "socket:[4711]" */
static bool
inode_of(int directory, const char *name, uint64_t *out)
{
	char link[64];
	ssize_t n = readlinkat(directory, name, link, sizeof link);
	struct span text = span_at(link, n > 0 ? (size_t)n : 0);

	if (!span_starts(text, SPAN("socket:[")))
		return false;
	span_shift_upto(&text, 8);
	text.len = span_find_octet(text, ']');
	return !number_parse(text, 0, UINT64_MAX, out);
}

/* Every descriptor of one process. */
static FALLIBLE
visit(int proc, pid_t pid, bool ours, struct sockets_scan *s)
{
	OWNED(close_directory) DIR *d = NULL;
	OWNED(fd_close) int process = -1;
	char path[40];
	uint64_t inode;

	snprintf(path, sizeof path, "%d/fd", pid);
	d = open_directory(proc, path);
	if (!d) {
		/* a process that has ended holds nothing */
		snprintf(path, sizeof path, "%d", pid);
		s->unseen += faccessat(proc, path, F_OK, 0) == 0;
		return OK;
	}
	if (s->missing)
		process = (int)syscall(SYS_pidfd_open, pid, 0);
	for (struct dirent *e; (e = readdir(d));) {
		if (!inode_of(dirfd(d), e->d_name, &inode))
			continue;
		if (process >= 0)
			TRY(look_at(process, pid,
				(int)strtol(e->d_name, NULL, 10), inode, s));
		if (ours)
			mark(s, inode);
	}
	return OK;
}

/* The fourth word of /proc/PID/stat; the second, in parentheses, may hold
 * anything. */
static pid_t
parent_of(int proc, pid_t pid)
{
	OWNED(fd_close) int fd = -1;
	char path[40], text[512], *end;
	ssize_t n;

	snprintf(path, sizeof path, "%d/stat", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (n <= 0)
		return 0;
	text[n] = 0;
	end = strrchr(text, ')');
	return end && strlen(end) > 4 ? (pid_t)strtol(end + 4, NULL, 10) : 0;
}

FALLIBLE
sockets_held(pid_t master, struct sockets_scan *s)
{
	OWNED(close_directory) DIR *d = opendir("/proc");
	uint64_t pid;

	if (!d)
		return &fault_sys_failed;
	for (struct dirent *e; (e = readdir(d));) {
		bool ours;

		if (number_parse(span_of(e->d_name), 1, INT32_MAX, &pid))
			continue;
		ours = master > 0 && ((pid_t)pid == master ||
			parent_of(dirfd(d), (pid_t)pid) == master);
		if (ours || s->missing)
			TRY(visit(dirfd(d), (pid_t)pid, ours, s));
	}
	return OK;
}

/* --- the master ---------------------------------------------------------- */

pid_t
site_master(const struct site *s)
{
	OWNED(fd_close) int fd = -1;
	char path[300], text[24] = "";
	uint64_t pid;
	ssize_t n;

	snprintf(path, sizeof path, "%s/master.pid", s->run_directory);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) == 0)
		return 0; /* nobody holds it */
	n = read(fd, text, sizeof text - 1);
	if (n < 2 || number_parse(span_at(text, (size_t)n - 1), 1, INT32_MAX,
			     &pid))
		return 0;
	return (pid_t)pid;
}
