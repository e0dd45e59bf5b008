#include "sys/mount.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

FALLIBLE
mount_facts(int directory, struct mount_facts *out)
{
	struct stat own, root, program;
	struct statvfs flags;
	struct statfs kind;

	if (fstat(directory, &own) != 0 || stat("/", &root) != 0 ||
		stat("/proc/self/exe", &program) != 0 ||
		fstatvfs(directory, &flags) != 0 ||
		fstatfs(directory, &kind) != 0)
		return &fault_sys_failed;
	*out = (struct mount_facts){
		.device = own.st_dev,
		.root_device = root.st_dev,
		.program_device = program.st_dev,
		.nodev = flags.f_flag & ST_NODEV,
		.nosuid = flags.f_flag & ST_NOSUID,
		.noexec = flags.f_flag & ST_NOEXEC,
		.read_only = flags.f_flag & ST_RDONLY,
		.in_memory = kind.f_type == TMPFS_MAGIC ||
			kind.f_type == RAMFS_MAGIC,
	};
	return OK;
}
