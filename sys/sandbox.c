#include "sys/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/must.h"
#include "sys/sandbox_calls.h"

/* A hostile build (tests/hostile) answers a forbidden call with this error
 * instead of the end, so that one process can try them all. */
#ifdef POSTHOLD_HOSTILE
#define FORBIDDEN SCMP_ACT_ERRNO(EPERM)
#else
#define FORBIDDEN SCMP_ACT_KILL_PROCESS
#endif

static bool
set_limit(int resource, rlim_t value)
{
	struct rlimit limit = { value, value };

	return setrlimit((__rlimit_resource_t)resource, &limit) == 0;
}

static bool
set_limits(const struct role_row *row)
{
	bool held = set_limit(RLIMIT_CORE, 0) &&
		set_limit(RLIMIT_NOFILE, row->descriptors);

#ifndef POSTHOLD_ASAN
	held = held && set_limit(RLIMIT_AS, (rlim_t)row->memory_mib << 20);
#endif
	return held;
}

static bool
leave_network(const struct role_row *row, int netns)
{
	if (row->net == NET_HOST)
		return true;
	return netns >= 0 && setns(netns, CLONE_NEWNET) == 0;
}

static bool
change_root(int root)
{
	return root >= 0 && fchdir(root) == 0 && chroot(".") == 0 &&
		chdir("/") == 0;
}

static bool
change_user(uid_t uid)
{
	return uid != 0 && setgroups(0, NULL) == 0 &&
		setresgid(uid, uid, uid) == 0 && setresuid(uid, uid, uid) == 0;
}

/* No file but below `directory`, whatever descriptor is at hand. */
static bool
landlock(int directory)
{
	struct landlock_ruleset_attr all = { .handled_access_fs =
			(LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1 };
	struct landlock_path_beneath_attr own = {
		.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE |
			LANDLOCK_ACCESS_FS_READ_DIR |
			LANDLOCK_ACCESS_FS_WRITE_FILE |
			LANDLOCK_ACCESS_FS_REMOVE_FILE |
			LANDLOCK_ACCESS_FS_MAKE_REG |
			LANDLOCK_ACCESS_FS_MAKE_DIR,
		.parent_fd = directory,
	};
	int version = (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
		LANDLOCK_CREATE_RULESET_VERSION);
	int rules;
	bool done;

	if (version < 1)
		return false;
	if (version >= 2) { /* without it no file changes its directory */
		all.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
		own.allowed_access |= LANDLOCK_ACCESS_FS_REFER;
	}
	rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);
	if (rules < 0)
		return false;
	done = directory < 0 ||
		syscall(SYS_landlock_add_rule, rules,
			LANDLOCK_RULE_PATH_BENEATH, &own, 0) == 0;
	done = done && syscall(SYS_landlock_restrict_self, rules, 0) == 0;
	close(rules);
	return done;
}

/* Calls that are allowed with some arguments only. */
static bool
allow_by_argument(scmp_filter_ctx filter, unsigned calls)
{
	const unsigned exec = PROT_EXEC;
	bool done = !seccomp_rule_add(filter, SCMP_ACT_ALLOW, SYS_mmap, 1,
			   SCMP_A2(SCMP_CMP_MASKED_EQ, exec, 0)) &&
		!seccomp_rule_add(filter, SCMP_ACT_ALLOW, SYS_mprotect, 1,
			SCMP_A2(SCMP_CMP_MASKED_EQ, exec, 0)) &&
		!seccomp_rule_add(filter, SCMP_ACT_ALLOW, SYS_newfstatat, 1,
			SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH,
				AT_EMPTY_PATH));

	if (calls & CALLS_CONNECT)
		done = done &&
			!seccomp_rule_add(filter, SCMP_ACT_ALLOW, SYS_socket, 1,
				SCMP_A0(SCMP_CMP_EQ, AF_INET, 0)) &&
			!seccomp_rule_add(filter, SCMP_ACT_ALLOW, SYS_socket, 1,
				SCMP_A0(SCMP_CMP_EQ, AF_INET6, 0));
	return done;
}

static bool
filter_calls(unsigned calls)
{
	scmp_filter_ctx filter = seccomp_init(FORBIDDEN);
	bool done = filter != NULL;

	calls |= CALLS_ANSWER;
	for (size_t i = 0; done && i < sandbox_calls_count; i++) {
		const struct call_row *c = &sandbox_calls[i];

		if (c->family & calls)
			done = !seccomp_rule_add(filter, SCMP_ACT_ALLOW,
				c->number, 0);
	}
	done = done && allow_by_argument(filter, calls) &&
		!seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) &&
		!seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) &&
		!seccomp_load(filter);
	seccomp_release(filter);
	return done;
}

unsigned
sandbox_enter(const struct sandbox *s)
{
	const struct role_row *row = role_row(s->role);
	unsigned weak = 0;

	if (!leave_network(row, s->netns))
		weak |= WEAK_NETWORK;
	if (!change_root(s->root))
		weak |= WEAK_ROOT;
	if (!set_limits(row))
		weak |= WEAK_LIMITS;
	if (!change_user(s->uid))
		weak |= WEAK_UID;
	if (prctl(PR_SET_DUMPABLE, 0) != 0 ||
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		weak |= WEAK_UID;
	if (!landlock(row->files == FILES_OWN ? s->directory : -1))
		weak |= WEAK_LANDLOCK;
	if (row->threads && s->threads)
		s->threads(s->owner);
	if (!set_limit(RLIMIT_NPROC, 0))
		weak |= WEAK_LIMITS;
	if (!filter_calls(row->calls))
		weak |= WEAK_SECCOMP;
	return weak;
}

const char *
sandbox_weakness(unsigned weak)
{
	static const char *const names[] = { "uid", "network", "root",
		"seccomp", "limits", "landlock" };
	static uint8_t text[64];
	struct buf b = BUF(text);

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (weak & (1u << i))
			MUST((b.len == 0 || buf_push(&b, ' ')) &&
				buf_put_text(&b, names[i]));
	MUST(buf_push(&b, 0));
	return (const char *)text;
}
