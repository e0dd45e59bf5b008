#include "sys/replace.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/test.h"
#include "sys/fd.h"

static char directory[] = "/tmp/replace-XXXXXX", path[64];

static void
start(void)
{
	static bool made;

	if (!made)
		CHECK(mkdtemp(directory) != NULL);
	made = true;
	snprintf(path, sizeof path, "%s/file", directory);
	unlink(path);
}

static struct span
content(void)
{
	static uint8_t storage[4096];
	struct buf b = BUF(storage);
	OWNED(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);

	CHECK(fd >= 0);
	CHECK_OK(fd_read_whole(fd, &b));
	return buf_view(&b);
}

static mode_t
mode(void)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_mode & 0777 : 0;
}

/* Names in the directory that are not ours: a temporary file stayed. */
static int
strays(void)
{
	DIR *d = opendir(directory);
	const struct dirent *e;
	int n = 0;

	CHECK(d != NULL);
	while (d && (e = readdir(d)))
		n += e->d_name[0] != '.' && strcmp(e->d_name, "file") != 0 &&
			strcmp(e->d_name, "file.lock") != 0;
	closedir(d);
	return n;
}

TEST(a_file_is_replaced_whole)
{
	start();
	CHECK_OK(replace_whole(path, 0640, SPAN("one")));
	CHECK_SPAN(content(), "one");
	CHECK_NUMBER(mode(), 0640);
	CHECK_OK(replace_whole(path, 0600, SPAN("another")));
	CHECK_SPAN(content(), "another");
	CHECK_NUMBER(mode(), 0600);
	CHECK_NUMBER(strays(), 0);
}

TEST(a_file_that_exists_is_not_created)
{
	start();
	CHECK_OK(replace_create(path, 0600, SPAN("one")));
	CHECK_FAULT(replace_create(path, 0600, SPAN("two")), &fault_file_exists);
	CHECK_SPAN(content(), "one");
	CHECK_NUMBER(strays(), 0);
}

TEST(what_cannot_be_written_changes_nothing)
{
	start();
	CHECK_FAULT(replace_whole("/proc/no-such-place/file", 0600, SPAN("x")),
		&fault_storage_failed);
	CHECK_OK(replace_whole(path, 0600, SPAN("one")));
	unlink(path);
	CHECK(mkdir(path, 0700) == 0);
	CHECK_FAULT(replace_whole(path, 0600, SPAN("two")),
		&fault_storage_failed);
	CHECK(rmdir(path) == 0);
	CHECK_NUMBER(strays(), 0);
}

TEST(a_lock_has_one_holder)
{
	int first = -1, second = -1, status = -1;
	pid_t child;

	start();
	CHECK_OK(replace_lock(path, &first));
	child = fork();
	if (child == 0)
		_exit(replace_lock(path, &second) == &fault_file_busy ? 0 : 1);
	CHECK(waitpid(child, &status, 0) == child && status == 0);
	fd_close(&first);
	CHECK_OK(replace_lock(path, &second));
	fd_close(&second);
}
