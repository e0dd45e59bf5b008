/* The power fails, the process is killed, or a call of the disk fails, at every
 * call in turn: what was acknowledged is there afterwards, nothing is torn, and
 * the journal goes on. */
#include "lib/base/codec.h"
#include "lib/base/number.h"
#include "state/journal/journal.h"
#include "state/journal/power_test.h"
#include "sys/crypto.h"

#define SEGMENT (32u << 10)
#define ITEMS   96
#define HEAD    3004 /* octets at most */
#define TURNS   28 /* of up to three items */

struct item {
	bool appended, acked, released, seen;
	struct place place;
};

struct load {
	struct power power;
	struct journal *journal;
	struct item items[ITEMS];
	size_t next;      /* item to append */
	uint64_t lsn;     /* of the last record replayed */
	uint32_t last;    /* item of it, from 1 */
	bool wrong;       /* octets that nobody appended */
};

static struct load x;

/* --- what item i is ------------------------------------------------------ */

static size_t
head_of(uint32_t i, uint8_t room[HEAD])
{
	struct buf b = { room, 0, HEAD };
	size_t len = 4 + (i * 977 + x.power.seed * 1373) % 3000;

	CHECK(put_u32(&b, i));
	while (b.len < len)
		buf_push(&b, (uint8_t)(i + b.len));
	return len;
}

static uint64_t
body_size_of(uint32_t i)
{
	return i == 7 ? JOURNAL_INLINE_MAX + 1
		: i % 4 == 2 ? 1 + i * 131 % 4000
			     : 0;
}

static struct span
body_of(uint32_t i)
{
	static uint8_t room[JOURNAL_INLINE_MAX + 1];
	uint64_t size = body_size_of(i);

	for (uint64_t at = 0; at < size; at++)
		room[at] = (uint8_t)(i * 5 + at % 251);
	return span_at(room, size);
}

/* --- opening ------------------------------------------------------------- */

static const struct fault *
note(void *arg, const struct journal_record *r)
{
	uint8_t want[HEAD];
	struct span in = r->head;
	uint32_t i;

	(void)arg;
	if (!take_u32(&in, &i) || i >= x.next || i < x.last ||
		!span_equals(r->head, span_at(want, head_of(i, want))) ||
		r->body_size != body_size_of(i) || !x.items[i].appended ||
		(x.lsn && r->lsn != x.lsn + 1)) {
		x.wrong = true;
		return OK;
	}
	x.lsn = r->lsn;
	x.last = i + 1;
	x.items[i].seen = true;
	x.items[i].place = r->place;
	return OK;
}

static const struct fault *
start(void)
{
	struct journal_setup setup = { .directory = x.power.directory,
		.segment_size = SEGMENT };
	const struct fault *f;

	x.lsn = x.last = 0;
	x.wrong = false;
	for (size_t i = 0; i < x.next; i++)
		x.items[i].seen = false;
	f = journal_open(&setup, note, NULL, &x.journal);
	for (size_t i = 0; !f && i < x.next; i++)
		if (x.items[i].seen)
			journal_keep(x.journal, x.items[i].place);
	for (size_t i = 0; !f && i < x.next; i++)
		if (x.items[i].seen && x.items[i].released)
			journal_release(x.journal, x.items[i].place);
	return f;
}

static bool
body_is_right(uint32_t i)
{
	static uint8_t got[JOURNAL_INLINE_MAX + 1];
	struct span want = body_of(i);

	return !journal_read_body(x.journal, x.items[i].place, 0, got,
		       want.len) &&
		!memcmp(got, want.at, want.len) &&
		!journal_verify(x.journal, x.items[i].place);
}

/* How many acknowledged items are not there, or not whole. */
static size_t
missing(void)
{
	size_t n = 0;

	for (uint32_t i = 0; i < x.next; i++) {
		const struct item *it = &x.items[i];

		if (it->released)
			continue;
		if (it->seen ? !body_is_right(i) : it->acked)
			n++;
	}
	return n;
}

/* --- work ---------------------------------------------------------------- */

static const struct fault *
append(uint32_t i)
{
	uint8_t head[HEAD], hash[32];
	struct span octets = span_at(head, head_of(i, head));
	struct span body = body_of(i);
	const struct fault *f;
	struct place place;
	int fd;

	x.items[i] = (struct item){ .appended = true };
	x.next = i + 1;
	if (body.len == 0) {
		f = journal_append(x.journal, 1, octets, NULL, &place);
	} else {
		CHECK_OK(fd_memory_of("body", body, &fd));
		f = journal_append_body(x.journal, 2, octets, fd, body.len,
			hash, NULL, &place);
		fd_close(&fd);
	}
	if (!f) {
		x.items[i].place = place;
		journal_keep(x.journal, place);
	}
	return f;
}

static void
release_upto(size_t end)
{
	for (size_t i = 0; i < end && i < ITEMS; i++) {
		struct item *it = &x.items[i];

		if (!it->acked || it->released)
			continue;
		it->released = true;
		journal_release(x.journal, it->place);
	}
}

/* Take in up to three items, acknowledge them; once let old ones go, some
 * segments of them. */
static const struct fault *
turn(void)
{
	size_t first = x.next, end = first + 1 + first % 3;

	TRY(journal_has_room(x.journal));
	for (size_t i = first; i < end; i++)
		TRY(append((uint32_t)i));
	TRY(journal_commit(x.journal));
	for (size_t i = first; i < end; i++)
		x.items[i].acked = true;
	if (first == 36)
		release_upto(32);
	return OK;
}

static const struct fault *
turns(int n)
{
	for (int i = 0; i < n; i++)
		TRY(turn());
	return OK;
}

static void
load_begin(uint64_t seed)
{
	memset(&x, 0, sizeof x);
	CHECK_OK(crypto_start());
	power_make(&x.power);
	x.power.seed = seed;
}

static void
load_end(void)
{
	journal_close(&x.journal);
	power_remove(&x.power);
}

/* The machine starts again: everything promised is there. */
static void
check_start(enum power_loss loss)
{
	journal_close(&x.journal);
	power_fails(&x.power, loss);
	power_begin(&x.power, UINT64_MAX);
	CHECK_OK(start());
	CHECK(!x.wrong);
	CHECK_NUMBER(missing(), 0);
}

/* --- the machine stops at every call ------------------------------------- */

static const struct {
	const char *what;
	enum power_loss first, second;
} losses[] = {
	{ "killed, then killed", LOSE_NOTHING, LOSE_NOTHING },
	{ "killed, then the power fails", LOSE_NOTHING, LOSE_ALL },
	{ "killed, then a part is lost", LOSE_NOTHING, LOSE_SOME },
	{ "the power fails twice", LOSE_ALL, LOSE_ALL },
	{ "a part is lost, then all", LOSE_SOME, LOSE_ALL },
	{ "a part is lost twice", LOSE_SOME, LOSE_SOME },
};

/* Whether it stopped before the work was done. */
static bool
stop_at(uint64_t calls, uint64_t seed, enum power_loss first,
	enum power_loss second)
{
	const struct fault *f;
	bool stopped;

	load_begin(seed);
	power_begin(&x.power, calls);
	f = start();
	if (!f)
		f = turns(TURNS);
	stopped = x.power.stopped;
	CHECK(stopped || !f);
	check_start(first);
	CHECK_OK(turns(2));
	check_start(second);
	CHECK_OK(turns(1));
	load_end();
	return stopped;
}

TEST(the_machine_stops_at_every_call)
{
	uint64_t points = 0;

	EACH_CASE(c, losses)
		for (uint64_t seed = 1; seed <= 3; seed++) {
			uint64_t calls = 0;

			while (stop_at(calls, seed, c->first, c->second))
				calls++;
			points += calls;
			CHECK(calls > 60);
		}
	printf("%llu points\n", (unsigned long long)points);
}

/* Without syncs the same test must find losses, or it could find none. */
TEST(a_disk_that_does_not_sync_loses)
{
	size_t lost = 0;

	for (uint64_t calls = 40; calls < 80; calls++) {
		load_begin(1);
		x.power.lies = true;
		power_begin(&x.power, calls);
		(void)!(start() || turns(TURNS));
		journal_close(&x.journal);
		power_fails(&x.power, LOSE_ALL);
		lost += start() || missing() > 0;
		load_end();
	}
	CHECK_NUMBER(lost, 40);
}

/* --- one call fails, the machine goes on --------------------------------- */

static const struct {
	const char *what;
	const struct fault *fault;
	enum power_loss loss;
} faults[] = {
	{ "an I/O error, then killed", &fault_storage_failed, LOSE_NOTHING },
	{ "an I/O error, then a part is lost", &fault_storage_failed,
		LOSE_SOME },
	{ "an I/O error, then the power fails", &fault_storage_failed,
		LOSE_ALL },
	{ "a full disk, then a part is lost", &fault_storage_full, LOSE_SOME },
	{ "a full disk, then the power fails", &fault_storage_full, LOSE_ALL },
};

/* Try until it succeeds, with a new start when the journal says so. */
static void
persist(int n)
{
	int tries = 0;

	while (n > 0) {
		if (!turns(1)) {
			n--;
			continue;
		}
		CHECK(++tries < 10);
		if (journal_has_room(x.journal) != &fault_storage_failed)
			continue;
		journal_close(&x.journal);
		CHECK_OK(start());
		CHECK(!x.wrong);
		CHECK_NUMBER(missing(), 0);
	}
}

static bool
fail_at(uint64_t call, uint64_t seed, const struct fault *fault,
	enum power_loss loss)
{
	bool reached;

	load_begin(seed);
	x.power.fail_at = call;
	x.power.fault = fault;
	power_begin(&x.power, UINT64_MAX);
	if (start())
		CHECK_OK(start());
	persist(TURNS);
	reached = x.power.calls > call;
	x.power.fail_at = UINT64_MAX;
	check_start(loss);
	CHECK_OK(turns(1));
	load_end();
	return reached;
}

TEST(every_call_fails_once)
{
	EACH_CASE(c, faults)
		for (uint64_t call = 0; fail_at(call, call, c->fault, c->loss);
			call++)
			;
}
