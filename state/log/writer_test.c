#include "state/log/writer.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/test.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/log.h"

#define NOON (1795867200 * SECONDS(1)) /* 2026-11-28 12:00 */

static char path[] = "/tmp/writer-test-XXXXXX";
static int directory;
static struct writer writer;
static size_t files;

static void
begin(void)
{
	memcpy(path + sizeof path - 7, "XXXXXX", 6);
	CHECK(mkdtemp(path) != NULL);
	directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(directory >= 0);
	writer_open(&writer, directory);
}

static void
remove_name(void *arg, const char *name)
{
	(void)arg;
	files++;
	CHECK(strcmp(name, "2026-11-28.jsonl") == 0);
	unlinkat(directory, name, 0);
}

static void
end(void)
{
	fd_close(&writer.file);
	files = 0;
	CHECK_OK(file_each(directory, remove_name, NULL));
	fd_close(&directory);
	rmdir(path);
}

static void
add(int64_t time_us)
{
	static struct log_row row;
	struct buf fields = BUF(row.fields);

	row = (struct log_row){ .event = EV_SETTINGS_LOADED,
		.time_us = time_us };
	CHECK(log_put(&fields, log_number(1)));
	row.fields_len = (uint16_t)fields.len;
	CHECK_OK(writer_add(&writer, &row, "mx", (struct instant){ NOON }));
}

static const struct {
	const char *what;
	int64_t time_us;
	const char *written;
} times[] = {
	{ "a row that waited", NOON - SECONDS(59),
		"{\"time\":\"2026-11-28T11:59:01.000000Z\"" },
	{ "yesterday", NOON - DAYS(1),
		"{\"time\":\"2026-11-28T12:00:00.000000Z\"" },
	{ "tomorrow", NOON + DAYS(1),
		"{\"time\":\"2026-11-28T12:00:00.000000Z\"" },
	{ "the end of time", INT64_MAX,
		"{\"time\":\"2026-11-28T12:00:00.000000Z\"" },
	{ "its beginning", INT64_MIN,
		"{\"time\":\"2026-11-28T12:00:00.000000Z\"" },
};

TEST(a_role_cannot_say_when_it_was)
{
	EACH_CASE(c, times) {
		begin();
		add(c->time_us);
		CHECK(span_starts(buf_view(&writer.lines),
			span_of(c->written)));
		end();
	}
}

static const struct {
	const char *what;
	struct file_room room;
	bool has;
} rooms[] = {
	{ "an empty volume", { 100000, 100000, 10, 10 }, true },
	{ "as much as mail leaves free", { 100000, 5000, 10, 10 }, false },
	{ "a little more", { 100000, 6000, 10, 10 }, false },
	{ "enough", { 100000, 6001, 10, 10 }, true },
	{ "nothing", { 100000, 0, 10, 10 }, false },
	{ "enough of a large volume", { 1ull << 40, (5ull << 30) + 1, 0, 0 },
		true },
};

TEST(the_log_leaves_more_free_than_mail)
{
	EACH_CASE(c, rooms)
		CHECK(writer_has_room(&c->room) == c->has);
}

/* A row of a role that was taken over chooses no file either. */
TEST(the_file_is_that_of_today)
{
	begin();
	for (int i = 0; i < 10000; i++)
		add(i * DAYS(1));
	CHECK_OK(writer_flush(&writer, (struct instant){ NOON }));
	end();
	CHECK_NUMBER(files, 1);
}
