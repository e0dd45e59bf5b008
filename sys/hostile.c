#ifdef POSTHOLD_HOSTILE

#include "sys/hostile.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/base/number.h"

#define P(x) ((long)(uintptr_t)(x))

static long page; /* of anonymous memory, set at run time */
static struct open_how how = { .flags = O_RDONLY };
static struct rlimit limit = { 1 << 20, 1 << 20 };
static char octets[64];
static char timex[512]; /* all zero: asks, changes nothing */
static struct iovec local = { octets, sizeof octets };
static struct iovec remote = { octets, sizeof octets };
static const uint8_t loopback[16] = { AF_INET, 0, 0, 9, 127, 0, 0, 1 };
static char *const nothing[] = { NULL };

/* `unless`: roles whose row in trust/roles.c includes one of these families
 * may do it. */
static const struct attempt {
	const char *what;
	unsigned unless;
	long number;
	long a[6];
} attempts[] = {
	{ "open a file", 0, SYS_open, { P("/etc/passwd"), O_RDONLY } },
	{ "open at the root", 0, SYS_openat,
		{ AT_FDCWD, P("/etc/passwd"), O_RDONLY } },
	{ "open by openat2", 0, SYS_openat2,
		{ AT_FDCWD, P("/etc/passwd"), P(&how), sizeof how } },
	{ "open above its directory", 0, SYS_openat2,
		{ AT_FDCWD, P("/../../etc/shadow"), P(&how), sizeof how } },
	{ "open its own memory", 0, SYS_open, { P("/proc/self/mem"), O_RDWR } },
	{ "open master's memory", 0, SYS_open, { P("/proc/1/mem"), O_RDWR } },
	{ "create a file", 0, SYS_creat, { P("/tmp/hostile"), 0600 } },
	{ "make a directory", 0, SYS_mkdir, { P("/tmp/hostile"), 0700 } },
	{ "make a device", 0, SYS_mknod, { P("/tmp/null"), 0020666, 0x103 } },
	{ "make a symbolic link", 0, SYS_symlink, { P("/"), P("/tmp/root") } },
	{ "make a hard link", 0, SYS_link,
		{ P("/etc/passwd"), P("/tmp/passwd") } },
	{ "remove a file", 0, SYS_unlink, { P("/tmp/hostile") } },
	{ "rename a file", 0, SYS_rename, { P("/tmp/a"), P("/tmp/b") } },
	{ "change a mode", 0, SYS_chmod, { P("/"), 0755 } },
	{ "change an owner", 0, SYS_chown, { P("/"), 0, 0 } },
	{ "read a link", 0, SYS_readlink,
		{ P("/proc/self/exe"), P(octets), sizeof octets } },
	{ "open by handle", 0, SYS_open_by_handle_at,
		{ AT_FDCWD, P(octets), O_RDONLY } },
	{ "ask for a handle", 0, SYS_name_to_handle_at,
		{ AT_FDCWD, P("/"), P(octets), P(octets), 0 } },
	{ "fork", 0, SYS_fork, { 0 } },
	{ "clone", 0, SYS_clone, { SIGCHLD, 0, 0, 0, 0 } },
	{ "clone3", 0, SYS_clone3, { P(octets), CLONE_ARGS_SIZE_VER0 } },
	{ "an Internet socket", CALLS_CONNECT, SYS_socket,
		{ AF_INET, SOCK_STREAM, 0 } },
	{ "an IPv6 socket", CALLS_CONNECT, SYS_socket,
		{ AF_INET6, SOCK_DGRAM, 0 } },
	{ "a local socket", 0, SYS_socket, { AF_UNIX, SOCK_STREAM, 0 } },
	{ "a netlink socket", 0, SYS_socket, { AF_NETLINK, SOCK_RAW, 0 } },
	{ "a packet socket", 0, SYS_socket, { AF_PACKET, SOCK_RAW, 0 } },
	{ "a vsock socket", 0, SYS_socket, { AF_VSOCK, SOCK_STREAM, 0 } },
	{ "connect", 0, SYS_connect, { 2, P(loopback), sizeof loopback } },
	{ "bind", 0, SYS_bind, { 2, P(loopback), sizeof loopback } },
	{ "listen", 0, SYS_listen, { 2, 1 } },
	{ "signal master", 0, SYS_kill, { 1, 0 } },
	{ "signal everybody", 0, SYS_kill, { -1, 0 } },
	{ "signal a thread", 0, SYS_tgkill, { 1, 1, 0 } },
	{ "trace master", 0, SYS_ptrace, { PTRACE_SEIZE, 1, 0, 0 } },
	{ "be traced", 0, SYS_ptrace, { PTRACE_TRACEME, 0, 0, 0 } },
	{ "read another's memory", 0, SYS_process_vm_readv,
		{ 1, P(&local), 1, P(&remote), 1, 0 } },
	{ "write another's memory", 0, SYS_process_vm_writev,
		{ 1, P(&local), 1, P(&remote), 1, 0 } },
	{ "a handle on a process", 0, SYS_pidfd_open, { 1, 0 } },
	{ "steal a descriptor", 0, SYS_pidfd_getfd, { 2, 0, 0 } },
	{ "compare descriptors", 0, SYS_kcmp, { 1, 1, 0, 0, 0 } },
	{ "executable memory", 0, SYS_mmap,
		{ 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0 } },
	{ "make memory executable", 0, SYS_mprotect,
		{ 0, 4096, PROT_READ | PROT_EXEC } },
	{ "io_uring", 0, SYS_io_uring_setup, { 1, P(octets) } },
	{ "bpf", 0, SYS_bpf, { 0, P(octets), sizeof octets } },
	{ "userfaultfd", 0, SYS_userfaultfd, { 1 } },
	{ "perf", 0, SYS_perf_event_open, { P(octets), 0, -1, -1, 0 } },
	{ "a key", 0, SYS_add_key, { P("user"), P("k"), P("v"), 1, -3 } },
	{ "a keyring", 0, SYS_keyctl, { 0, -3, 1 } },
	{ "a new user namespace", 0, SYS_unshare, { CLONE_NEWUSER } },
	{ "a new network namespace", 0, SYS_unshare, { CLONE_NEWNET } },
	{ "join a namespace", 0, SYS_setns, { 2, 0 } },
	{ "mount", 0, SYS_mount, { P("none"), P("/"), P("tmpfs"), 0, 0 } },
	{ "unmount", 0, SYS_umount2, { P("/nowhere"), 0 } },
	{ "change the root", 0, SYS_chroot, { P(".") } },
	{ "pivot the root", 0, SYS_pivot_root, { P("."), P(".") } },
	{ "become root", 0, SYS_setresuid, { 0, 0, 0 } },
	{ "join root's group", 0, SYS_setresgid, { 0, 0, 0 } },
	{ "take capabilities", 0, SYS_capset, { P(octets), P(octets) } },
	{ "be dumped", 0, SYS_prctl, { PR_SET_DUMPABLE, 1, 0, 0, 0 } },
	{ "raise a limit", 0, SYS_prlimit64,
		{ 0, RLIMIT_NOFILE, P(&limit), 0 } },
	{ "shared memory", 0, SYS_shmget, { 1, 4096, 0600 | 01000 } },
	{ "a message queue", 0, SYS_msgget, { 1, 0600 | 01000 } },
	{ "watch files", 0, SYS_inotify_init1, { 0 } },
	{ "change its personality", 0, SYS_personality, { 0x0040000 } },
	{ "adjust the clock", 0, SYS_adjtimex, { P(timex) } },
	{ "an ioctl", 0, SYS_ioctl, { 2, 0x5412, P(octets) } },
	{ "load a module", 0, SYS_init_module, { P(octets), 1, P("") } },
	{ "reboot", 0, SYS_reboot, { 0, 0, 0, 0 } },
	/* last: where it succeeds nothing follows */
	{ "execute by descriptor", 0, SYS_execveat,
		{ 2, P(""), P(nothing), P(nothing), AT_EMPTY_PATH } },
	{ "execute a program", 0, SYS_execve,
		{ P("/bin/true"), P(nothing), P(nothing) } },
};

static void
say(const char *text)
{
	if (write(2, text, strlen(text)) < 0)
		return;
}

static bool
succeeds(const struct attempt *a)
{
	long first = a->number == SYS_mprotect ? page : a->a[0];
	long result = syscall(a->number, first, a->a[1], a->a[2], a->a[3],
		a->a[4], a->a[5]);

	if (result == 0 && (a->number == SYS_fork || a->number == SYS_clone))
		_exit(0); /* the child that should not be */
	return result >= 0;
}

int
hostile_try_all(enum role self)
{
	const unsigned calls = role_row(self)->calls;
	char line[200];
	int tried = 0, done = 0;

	page = P(mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	for (size_t i = 0; i < COUNT_OF(attempts); i++) {
		const struct attempt *a = &attempts[i];

		if (a->unless & calls)
			continue;
		tried++;
		if (!succeeds(a))
			continue;
		done++;
		snprintf(line, sizeof line, "hostile %s: could %s\n",
			role_name(self), a->what);
		say(line);
	}
	snprintf(line, sizeof line, "hostile %s: %d of %d denied\n",
		role_name(self), tried - done, tried);
	say(line);
	return done;
}

#endif
