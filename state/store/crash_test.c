/* The disk ends at every call in turn: what was acknowledged is there
 * afterwards, what is there is whole, and the store goes on. */
#include "lib/base/number.h"
#include "state/store/site_test.h"

#define TURNS  8
#define BLOCK  512 /* what a disk writes whole */
#define LARGE  (300u << 10) /* a body with its own file */

struct ending {
	uint64_t left; /* calls that still succeed */
	bool over, torn;
};

/* From the N-th call on nothing reaches the disk; that call itself may leave
 * some blocks of its octets. */
static const struct fault *
end_here(void *arg, enum file_call call, int fd, uint64_t offset,
	struct span octets)
{
	struct ending *e = arg;

	if (!e->over && e->left-- > 0)
		return OK;
	if (!e->over && e->torn && call == FILE_WRITE) {
		size_t len = octets.len / 2 / BLOCK * BLOCK;

		CHECK(pwrite(fd, octets.at, len, (off_t)offset) ==
			(ssize_t)len);
	}
	e->over = true;
	return &fault_storage_failed;
}

/* Messages acknowledged to each account. */
struct promise {
	uint32_t inbox[2], sent;
};

static struct span
large_body(void)
{
	static uint8_t room[LARGE];
	struct buf b = BUF(room);

	CHECK(buf_put_text(&b, "Subject: large\r\n\r\n"));
	while (buf_put_text(&b, "0123456789012345678901234567890\r\n"))
		;
	return buf_view(&b);
}

static const struct fault *
turn(struct site *x, int n, struct promise *done)
{
	const uint32_t both[] = { 7, 8 };
	struct store_added added = { 0 };
	uint8_t room[8];

	TRY(deliver_to(x, n % 3 == 1 ? large_body() : MAIL, both, 2));
	if (n == 4)
		TRY(store_copy(x->store, (struct box){ 7, BOX_INBOX },
			everything(room), SPAN("Sent"), false, &added));
	TRY(store_commit(x->store));
	done->inbox[0]++;
	done->inbox[1]++;
	done->sent += added.count;
	if (n % 2)
		TRY(store_rest(x->store));
	return OK;
}

static uint32_t
messages_of(struct site *x, uint32_t account, struct span name)
{
	struct mailbox_told told = { 0 };

	CHECK_OK(store_status(x->store, account, name, &told));
	return told.messages;
}

static void
say(void *arg, struct span line)
{
	(void)arg;
	printf("%.*s\n", (int)line.len, line.at);
}

/* Everything that was promised, and at most the one turn that was not. */
static void
verify(struct site *x, const struct promise *done)
{
	struct store_counts counts;
	uint32_t first, second, sent;

	site_close(x);
	CHECK_OK(site_open(x));
	first = messages_of(x, 7, SPAN("INBOX"));
	second = messages_of(x, 8, SPAN("INBOX"));
	sent = messages_of(x, 7, SPAN("Sent"));
	CHECK(first >= done->inbox[0] && first <= done->inbox[0] + 1);
	CHECK_NUMBER(second, first); /* one record */
	CHECK(sent == done->sent || (done->sent == 0 && sent == first));
	CHECK_OK(store_check(x->store, say, NULL, &counts));
	CHECK_OK(deliver(x, 7));
	CHECK_OK(store_commit(x->store));
}

/* Whether the disk ended before the scenario did. */
static bool
run(uint64_t calls, bool torn)
{
	struct ending e = { calls, false, torn };
	struct promise done = { 0 };
	const struct fault *f;
	struct site x;

	site_make(&x);
	x.setup.segment_size = MiB(1);
	file_set_hook(end_here, &e);
	f = site_open(&x);
	for (int n = 0; !f && n < TURNS; n++)
		f = turn(&x, n, &done);
	file_set_hook(NULL, NULL);
	verify(&x, &done);
	site_remove(&x);
	return e.over;
}

TEST(the_disk_ends_at_every_call)
{
	uint64_t calls = 0;

	while (run(calls, false))
		calls++;
	printf("%llu places\n", (unsigned long long)calls);
	CHECK(calls > 20);
}

TEST(the_disk_ends_in_the_middle_of_every_write)
{
	uint64_t calls = 0;

	while (run(calls, true))
		calls++;
	CHECK(calls > 20);
}

/* After a failed sync nobody knows what is on the disk (rule D3). */
static const struct fault *
fail_sync(void *arg, enum file_call call, int fd, uint64_t offset,
	struct span octets)
{
	(void)arg;
	(void)fd;
	(void)offset;
	(void)octets;
	return call == FILE_SYNC ? &fault_storage_failed : OK;
}

TEST(a_failed_sync_is_never_acknowledged)
{
	struct site x;

	site_make(&x);
	CHECK_OK(site_open(&x));
	CHECK_OK(deliver(&x, 7));
	file_set_hook(fail_sync, NULL);
	CHECK_FAULT(store_commit(x.store), &fault_storage_failed);
	file_set_hook(NULL, NULL);
	CHECK_FAULT(store_commit(x.store), &fault_storage_failed);
	CHECK_FAULT(deliver(&x, 7), &fault_storage_failed);
	site_reopen(&x);
	CHECK_OK(deliver(&x, 7));
	site_remove(&x);
}
