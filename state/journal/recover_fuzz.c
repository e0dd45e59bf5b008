/* Whatever happens to the octets of a journal, recovery hands out the records
 * that were appended, from the first on and in order, or refuses.
 *
 * The input is a list of changes: segment, two octets of offset, octet. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/codec.h"
#include "lib/base/fuzz.h"
#include "state/journal/journal.h"
#include "sys/crypto.h"
#include "sys/file.h"

#define SEGMENT 4096
#define RECORDS 30
#define CHANGES 64

static char path[] = "/dev/shm/journal-fuzz-XXXXXX";
static int directory = -1;
static uint32_t next;

static struct span
record(uint32_t n, uint8_t room[512])
{
	struct buf b = { room, 0, 8 + n * 37 % 500 };

	MUST(put_u32(&b, n));
	while (buf_push(&b, (uint8_t)(n * 3)))
		;
	return buf_view(&b);
}

static const struct fault *
check(void *arg, const struct journal_record *r)
{
	uint8_t room[512];

	(void)arg;
	MUST(next < RECORDS && r->lsn == next + 1 && r->type == 1);
	MUST(span_equals(r->head, record(next, room)));
	next++;
	return OK;
}

static void
remove_name(void *arg, const char *name)
{
	(void)arg;
	unlinkat(directory, name, 0);
}

static void
clean_up(void)
{
	(void)!file_each(directory, remove_name, NULL);
	rmdir(path);
}

static void
begin(void)
{
	if (directory >= 0) {
		MUST(!file_each(directory, remove_name, NULL));
		return;
	}
	MUST(!crypto_start() && mkdtemp(path));
	directory = open(path, O_RDONLY | O_DIRECTORY);
	MUST(directory >= 0 && !atexit(clean_up));
}

static void
write_journal(const struct journal_setup *setup)
{
	struct journal *j;

	next = 0;
	MUST(!journal_open(setup, check, NULL, &j));
	for (uint32_t i = 0; i < RECORDS; i++) {
		uint8_t room[512];

		MUST(!journal_append(j, 1, record(i, room), NULL, NULL));
		MUST(i % 3 || !journal_commit(j));
	}
	MUST(!journal_commit(j));
	journal_close(&j);
}

static void
change(uint8_t segment, uint16_t offset, uint8_t octet)
{
	char name[] = "0000000000000001.seg";
	int fd;

	name[15] = (char)('1' + segment % 4);
	if (file_open(directory, name, true, &fd))
		return;
	MUST(pwrite(fd, &octet, 1, offset % SEGMENT) == 1);
	close(fd);
}

FUZZ(struct span input)
{
	struct journal_setup setup = { .segment_size = SEGMENT };
	struct journal *j = NULL;
	uint8_t segment, octet;
	uint16_t offset;

	begin();
	setup.directory = directory;
	write_journal(&setup);
	for (int i = 0; i < CHANGES && take_u8(&input, &segment) &&
		take_u16(&input, &offset) && take_u8(&input, &octet);
		i++)
		change(segment, offset, octet);
	for (int i = 0; i < 2; i++) {
		next = 0;
		if (journal_open(&setup, check, NULL, &j))
			return;
		journal_close(&j);
	}
}
