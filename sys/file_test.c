#include "sys/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/test.h"
#include "sys/fd.h"

static struct {
	char path[64];
	int directory;
	char names[256];
} x;

static void
begin(void)
{
	memset(&x, 0, sizeof x);
	strncpy(x.path, "/var/tmp/file-test-XXXXXX", sizeof x.path - 1);
	CHECK(mkdtemp(x.path) != NULL);
	x.directory = open(x.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(x.directory >= 0);
}

static void
remove_name(void *arg, const char *name)
{
	(void)arg;
	if (unlinkat(x.directory, name, 0) != 0)
		unlinkat(x.directory, name, AT_REMOVEDIR);
}

static void
end(void)
{
	file_set_hook(NULL, NULL);
	CHECK_OK(file_each(x.directory, remove_name, NULL));
	fd_close(&x.directory);
	rmdir(x.path);
}

static void
make(const char *name, struct span octets)
{
	OWNED(fd_close) int fd = -1;

	CHECK_OK(file_create(x.directory, name, &fd));
	CHECK_OK(file_write(fd, 0, octets));
}

/* --- names --------------------------------------------------------------- */

static const struct {
	const char *what, *name;
	bool opens;
} names[] = {
	{ "a file", "file", true },
	{ "no such file", "none", false },
	{ "a link to a file beside it", "link", false },
	{ "a link out of the directory", "out", false },
	{ "the directory above", "../passwd", false },
	{ "a whole path", "/etc/passwd", false },
	{ "a link on the way", "up/file", false },
	{ "nothing", "", false },
};

/* Security rule V7. */
TEST(names_lead_nowhere_else)
{
	begin();
	make("file", SPAN("octets"));
	CHECK(symlinkat("file", x.directory, "link") == 0);
	CHECK(symlinkat("/etc/passwd", x.directory, "out") == 0);
	CHECK(symlinkat(".", x.directory, "up") == 0);
	EACH_CASE(c, names) {
		int fd = -1;

		CHECK_FAULT(file_open(x.directory, c->name, false, &fd),
			c->opens ? OK : &fault_storage_failed);
		CHECK((fd >= 0) == c->opens);
		fd_close(&fd);
	}
	end();
}

TEST(a_name_is_made_once_and_for_us_alone)
{
	int fd = -1;
	struct stat s;

	begin();
	CHECK_OK(file_create(x.directory, "one", &fd));
	CHECK(fstat(fd, &s) == 0);
	CHECK_NUMBER(s.st_mode & 0777, 0600);
	fd_close(&fd);
	CHECK_FAULT(file_create(x.directory, "one", &fd), &fault_file_exists);
	CHECK(symlinkat("two", x.directory, "hole") == 0);
	CHECK_FAULT(file_create(x.directory, "hole", &fd), &fault_file_exists);
	CHECK_NUMBER(fd, -1);
	end();
}

static void
note_name(void *arg, const char *name)
{
	size_t len = strlen(x.names);

	(void)arg;
	snprintf(x.names + len, sizeof x.names - len, "%s ", name);
}

TEST(names_change_and_go)
{
	begin();
	make("one", SPAN("1"));
	CHECK_OK(file_rename(x.directory, "one", "two"));
	CHECK_OK(file_sync_directory(x.directory));
	CHECK_OK(file_each(x.directory, note_name, NULL));
	CHECK_SPAN(span_of(x.names), "two ");
	CHECK_OK(file_unlink(x.directory, "two"));
	CHECK_OK(file_unlink(x.directory, "two"));
	CHECK_FAULT(file_rename(x.directory, "one", "two"),
		&fault_storage_failed);
	x.names[0] = 0;
	CHECK_OK(file_each(x.directory, note_name, NULL));
	CHECK_SPAN(span_of(x.names), "");
	end();
}

TEST(a_file_without_a_name_has_none)
{
	int fd = -1;

	begin();
	CHECK_OK(file_unnamed(x.directory, &fd));
	CHECK_OK(file_write(fd, 0, SPAN("octets")));
	CHECK_OK(file_each(x.directory, note_name, NULL));
	CHECK_SPAN(span_of(x.names), "");
	fd_close(&fd);
	end();
}

/* --- octets -------------------------------------------------------------- */

static const struct {
	const char *what;
	uint64_t offset;
	size_t cap;
	const char *octets;
} reads[] = {
	{ "all", 0, 10, "0123456789" },
	{ "the beginning", 0, 3, "012" },
	{ "the middle", 4, 3, "456" },
	{ "over the end", 8, 10, "89" },
	{ "behind the end", 20, 10, "" },
	{ "nothing", 5, 0, "" },
};

TEST(a_read_is_short_at_the_end_only)
{
	int fd = -1;

	begin();
	make("file", SPAN("0123456789"));
	CHECK_OK(file_open(x.directory, "file", false, &fd));
	EACH_CASE(c, reads) {
		uint8_t room[16];
		size_t len = 99;

		CHECK_OK(file_read(fd, c->offset, room, c->cap, &len));
		CHECK_SPAN(span_at(room, len), c->octets);
	}
	CHECK_FAULT(file_write(fd, 0, SPAN("x")), &fault_storage_failed);
	fd_close(&fd);
	end();
}

TEST(what_is_reserved_reads_as_zero)
{
	uint8_t room[8];
	struct file_room volume;
	size_t len;
	int fd = -1;

	begin();
	CHECK_OK(file_create(x.directory, "file", &fd));
	CHECK_OK(file_allocate(fd, 4096));
	CHECK_OK(file_read(fd, 4090, room, sizeof room, &len));
	CHECK_NUMBER(len, 6);
	CHECK(!memcmp(room, "\0\0\0\0\0\0", 6));
	CHECK_OK(file_room(x.directory, &volume));
	CHECK(volume.octets_free > 0 && volume.octets >= volume.octets_free);
	fd_close(&fd);
	end();
}

TEST(a_directory_has_one_owner)
{
	OWNED(fd_close) int second = -1;

	begin();
	second = open(x.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK_OK(file_lock(x.directory));
	CHECK_FAULT(file_lock(second), &fault_file_busy);
	end();
}

/* --- the hook ------------------------------------------------------------ */

static const struct fault *
refuse(void *arg, enum file_call call, int fd, uint64_t offset,
	struct span octets)
{
	(void)fd;
	(void)offset;
	(void)octets;
	return call == *(enum file_call *)arg ? &fault_storage_full : OK;
}

TEST(a_call_that_the_hook_refuses_does_nothing)
{
	enum file_call call;
	uint8_t room[8];
	size_t len;
	int fd = -1, other = -1;

	begin();
	make("file", SPAN("kept"));
	CHECK_OK(file_open(x.directory, "file", true, &fd));
	file_set_hook(refuse, &call);
	call = FILE_OPEN;
	CHECK_FAULT(file_create(x.directory, "new", &other),
		&fault_storage_full);
	call = FILE_WRITE;
	CHECK_FAULT(file_write(fd, 0, SPAN("lost")), &fault_storage_full);
	call = FILE_SYNC;
	CHECK_FAULT(file_sync(fd), &fault_storage_full);
	call = FILE_SYNC_DIRECTORY;
	CHECK_FAULT(file_sync_directory(x.directory), &fault_storage_full);
	call = FILE_ALLOCATE;
	CHECK_FAULT(file_allocate(fd, 4096), &fault_storage_full);
	call = FILE_RENAME;
	CHECK_FAULT(file_rename(x.directory, "file", "f"), &fault_storage_full);
	call = FILE_UNLINK;
	CHECK_FAULT(file_unlink(x.directory, "file"), &fault_storage_full);
	file_set_hook(NULL, NULL);
	CHECK_OK(file_each(x.directory, note_name, NULL));
	CHECK_SPAN(span_of(x.names), "file ");
	CHECK_OK(file_read(fd, 0, room, sizeof room, &len));
	CHECK_SPAN(span_at(room, len), "kept");
	fd_close(&fd);
	end();
}
