#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/test.h"
#include "proc/meter/meter.h"
#include "sys/crypto.h"
#include "sys/fd.h"

#define NOW 1764000000000

static char path[64];

static int
make_directory(void)
{
	CHECK_OK(crypto_start());
	snprintf(path, sizeof path, "/tmp/posthold-meter-XXXXXX");
	CHECK(mkdtemp(path) != NULL);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void
remove_directory(int *fd)
{
	CHECK(unlinkat(*fd, "counters", 0) == 0);
	fd_close(fd);
	CHECK(rmdir(path) == 0);
}

static void
open_limits(int directory, struct limits *l)
{
	uint64_t most[LIMITS];
	struct headroom *headroom;

	memset(l, 0, sizeof *l);
	for (int i = 0; i < LIMITS; i++)
		most[i] = limit_row((enum limit_number)i)->dim == DIM_SITE
			? 1000
			: 5;
	limits_set(l, most);
	CHECK_OK(kept_open(directory, l, &headroom, NOW));
}

static unsigned
admit(struct limits *l, unsigned tries)
{
	const struct limit_subject who = { .has_peer = true,
		.peer = { [10] = 0xff, 0xff, 192, 0, 2, 1 },
		.account = 7 };
	const struct limit_amounts one = { { [UNIT_MESSAGES] = 1 } };
	struct limit_hit hit;
	unsigned n = 0;

	for (unsigned i = 0; i < tries; i++)
		n += limits_admit(l, &who, &one, NOW, &hit) == OK;
	return n;
}

TEST(kept_counters_are_there_again)
{
	int directory = make_directory();
	struct limits first, second;

	open_limits(directory, &first);
	CHECK_NUMBER(admit(&first, 9), 5);
	open_limits(directory, &second);
	CHECK_NUMBER(admit(&second, 9), 0);
	remove_directory(&directory);
}

/* What a file may hold instead, at its start, and what is admitted then. */
static const struct {
	const char *what;
	off_t at, cut;
	uint8_t octet;
	unsigned admitted;
} damages[] = {
	{ "another magic", 0, 0, 0x55, 5 },
	{ "another version", 4, 0, 0x55, 5 },
	{ "another size of a counter", 8, 0, 0x55, 5 },
	{ "cut", 0, 4096, 0, 5 },
};

TEST(kept_of_another_kind_begins_anew)
{
	EACH_CASE(d, damages)
	{
		int directory = make_directory();
		struct limits l;
		int file;

		open_limits(directory, &l);
		CHECK_NUMBER(admit(&l, 9), 5);
		file = openat(directory, "counters", O_RDWR | O_CLOEXEC);
		CHECK(file >= 0);
		if (d->cut)
			CHECK(ftruncate(file, d->cut) == 0);
		else
			CHECK(pwrite(file, &d->octet, 1, d->at) == 1);
		fd_close(&file);
		open_limits(directory, &l);
		CHECK_NUMBER(admit(&l, 9), d->admitted);
		remove_directory(&directory);
	}
}

/* Whatever octets a counter has, it is read without harm. */
TEST(kept_counters_that_cannot_be_are_forgotten)
{
	int directory = make_directory();
	struct limits l;

	open_limits(directory, &l);
	CHECK_NUMBER(admit(&l, 9), 5);
	memset(l.sources.places, 0xff,
		l.sources.sets * METERS_WAYS * sizeof *l.sources.places);
	memset(l.names.places, 0x80,
		l.names.sets * METERS_WAYS * sizeof *l.names.places);
	open_limits(directory, &l);
	CHECK_NUMBER(admit(&l, 9), 5);
	remove_directory(&directory);
}

/* When the report of a week is due. */
static const struct {
	const char *what;
	int64_t since, passed_days;
	bool begins;
} weeks[] = {
	{ "the first day", 0, 0, true },
	{ "in the week", NOW, 6, false },
	{ "the week is over", NOW, 7, true },
	{ "long stopped", NOW, 100, true },
	{ "the clock was set back", NOW, -3, true },
};

TEST(headroom_is_of_a_week)
{
	static const struct rates rates;

	EACH_CASE(w, weeks) {
		struct headroom h = { .since_ms = w->since,
			.peaks = { [UNIT_MESSAGES] = 99 } };
		int64_t now = NOW + w->passed_days * INT64_C(86400000);

		headroom_report(&h, &rates, now);
		CHECK_NUMBER(h.peaks[UNIT_MESSAGES], w->begins ? 0 : 99);
		CHECK_NUMBER(h.since_ms, w->begins ? now : NOW);
	}
}
