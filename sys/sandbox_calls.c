/* The allow-list.  Calls that depend on an argument are in sandbox.c. */
#include "sys/sandbox_calls.h"

#include <sys/syscall.h>

#define ALWAYS CALLS_ANSWER

const struct call_row sandbox_calls[] = {
	/* messages */
	{ ALWAYS, SYS_read },
	{ ALWAYS, SYS_write },
	{ ALWAYS, SYS_readv },
	{ ALWAYS, SYS_writev },
	{ ALWAYS, SYS_recvmsg },
	{ ALWAYS, SYS_sendmsg },
	{ ALWAYS, SYS_recvfrom },
	{ ALWAYS, SYS_sendto },
	{ ALWAYS, SYS_shutdown },
	{ ALWAYS, SYS_getsockopt },
	{ ALWAYS, SYS_setsockopt },
	{ ALWAYS, SYS_close },
	{ ALWAYS, SYS_fstat },
	{ ALWAYS, SYS_lseek },
	{ ALWAYS, SYS_pread64 },
	{ ALWAYS, SYS_pwrite64 },
	{ ALWAYS, SYS_fcntl },
	{ ALWAYS, SYS_poll },
	{ ALWAYS, SYS_ppoll },
	{ ALWAYS, SYS_epoll_wait },
	{ ALWAYS, SYS_epoll_pwait },
	{ ALWAYS, SYS_epoll_pwait2 },
	{ ALWAYS, SYS_epoll_ctl },
	/* memory */
	{ ALWAYS, SYS_munmap },
	{ ALWAYS, SYS_mremap },
	{ ALWAYS, SYS_brk },
	{ ALWAYS, SYS_madvise },
	{ ALWAYS, SYS_futex },
	{ ALWAYS, SYS_sched_yield },
	/* time, chance, the end */
	{ ALWAYS, SYS_clock_gettime },
	{ ALWAYS, SYS_gettimeofday },
	{ ALWAYS, SYS_getrandom },
	{ ALWAYS, SYS_getpid },
	{ ALWAYS, SYS_gettid },
	{ ALWAYS, SYS_rt_sigreturn },
	{ ALWAYS, SYS_rt_sigprocmask },
	{ ALWAYS, SYS_restart_syscall },
	{ ALWAYS, SYS_exit },
	{ ALWAYS, SYS_exit_group },

	{ CALLS_STREAM, SYS_accept4 },
	{ CALLS_STREAM, SYS_memfd_create },
	{ CALLS_STREAM, SYS_ftruncate },
	{ CALLS_STREAM, SYS_getsockname },
	{ CALLS_STREAM, SYS_getpeername },
	{ CALLS_STREAM, SYS_socketpair },
	{ CALLS_STREAM, SYS_copy_file_range },
	{ CALLS_STREAM, SYS_sendfile },

	{ CALLS_STORAGE, SYS_openat2 },
	{ CALLS_STORAGE, SYS_linkat },
	{ CALLS_STORAGE, SYS_renameat },
	{ CALLS_STORAGE, SYS_renameat2 },
	{ CALLS_STORAGE, SYS_unlinkat },
	{ CALLS_STORAGE, SYS_mkdirat },
	{ CALLS_STORAGE, SYS_fdatasync },
	{ CALLS_STORAGE, SYS_fsync },
	{ CALLS_STORAGE, SYS_fallocate },
	{ CALLS_STORAGE, SYS_sync_file_range },
	{ CALLS_STORAGE, SYS_ftruncate },
	{ CALLS_STORAGE, SYS_pwritev },
	{ CALLS_STORAGE, SYS_preadv },
	{ CALLS_STORAGE, SYS_getdents64 },
	{ CALLS_STORAGE, SYS_fstatfs },
	{ CALLS_STORAGE, SYS_flock },
	{ CALLS_STORAGE, SYS_msync },
	{ CALLS_STORAGE, SYS_memfd_create },
	{ CALLS_STORAGE, SYS_newfstatat },
	{ CALLS_STORAGE, SYS_copy_file_range },
	{ CALLS_STORAGE, SYS_accept4 },

	{ CALLS_CONNECT, SYS_connect },
	{ CALLS_CONNECT, SYS_getsockname },
	{ CALLS_CONNECT, SYS_getpeername },
	{ CALLS_CONNECT, SYS_sendmmsg },
	{ CALLS_CONNECT, SYS_recvmmsg },

	{ CALLS_BIND, SYS_bind },

	/* every role accepts the operator on its control socket */
	{ ALWAYS, SYS_accept4 },

#ifdef POSTHOLD_ASAN
	/* what the sanitizers' run-time does; such a build is never shipped */
	{ ALWAYS, SYS_openat },
	{ ALWAYS, SYS_readlink },
	{ ALWAYS, SYS_sigaltstack },
	{ ALWAYS, SYS_rt_sigaction },
	{ ALWAYS, SYS_prctl },
	{ ALWAYS, SYS_getrlimit },
	{ ALWAYS, SYS_prlimit64 },
	{ ALWAYS, SYS_newfstatat },
	{ ALWAYS, SYS_sched_getaffinity },
	{ ALWAYS, SYS_sysinfo },
	{ ALWAYS, SYS_ioctl },
#endif
};

const size_t sandbox_calls_count =
	sizeof sandbox_calls / sizeof sandbox_calls[0];
