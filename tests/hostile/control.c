/* The negative control of the sandbox test: the same attempts with root's
 * rights, in namespaces of their own so that the machine stays as it is. */
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/hostile.h"

int
main(void)
{
	int status;

	if (unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET) ||
		mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		mount("tmpfs", "/tmp", "tmpfs", 0, NULL)) {
		perror("control: needs root");
		return 77;
	}
	if (fork() == 0) {
		hostile_try_all(MX);
		_exit(0);
	}
	wait(&status);
	return 0;
}
