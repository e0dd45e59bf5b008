#include "sys/breach.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/number.h"
#include "lib/base/test.h"
#include "sys/crypto.h"
#include "sys/fd.h"

#define MANY 1000

static char path[64];

static void
write_list(struct span text)
{
	OWNED(fd_close) int fd = -1;

	CHECK_OK(crypto_start());
	strncpy(path, "/tmp/breach-XXXXXX", sizeof path - 1);
	fd = mkstemp(path);
	CHECK(fd >= 0 && write(fd, text.at, text.len) == (ssize_t)text.len);
}

static void
check(struct span password, const struct fault *want, bool found)
{
	bool got = !found;

	CHECK_FAULT(breach_find(path, password, &got), want);
	if (!want)
		CHECK(got == found);
}

/* SHA-1 of "password", "123456" and "letmein", in order. */
static const struct {
	const char *what, *text;
	const struct fault *fault;
	bool found;
} lists[] = {
	{ "an empty list", "", OK, false },
	{ "the only one", "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8\n", OK,
		true },
	{ "in small letters, counted, CRLF",
		"5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8:9545824\r\n", OK,
		true },
	{ "no end of the last line",
		"5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8", OK, true },
	{ "the first of three",
		"5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:1\n"
		"7C4A8D09CA3762AF61E59520943DC26494F8941B:23\n"
		"B7A875FC1EA228B9061041B7CEC4BD3C52AB3CE3:4\n", OK, true },
	{ "not among them", "7C4A8D09CA3762AF61E59520943DC26494F8941B:23\n"
		"B7A875FC1EA228B9061041B7CEC4BD3C52AB3CE3:4\n", OK, false },
	{ "another format", "password\n123456\n", &fault_record_damaged,
		false },
	{ "a longer hash",
		"5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8AA\n",
		&fault_record_damaged, false },
	{ "no line at all", "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:1111111"
		"11111111111111111111111111111111111111111111111111111111111",
		&fault_record_damaged, false },
};

TEST(a_breached_password_is_found)
{
	EACH_CASE(c, lists) {
		write_list(span_of(c->text));
		check(SPAN("password"), c->fault, c->found);
		unlink(path);
	}
	test_row = "no file";
	check(SPAN("password"), &fault_sys_failed, false);
}

static int
order(const void *a, const void *b)
{
	return memcmp(a, b, SHA1_OCTETS);
}

static struct span
nth(unsigned i)
{
	static uint8_t room[16];
	struct buf b = BUF(room);

	CHECK(buf_put_number(&b, i));
	return buf_view(&b);
}

/* Every one of many, and none of the others, whatever the lines' lengths. */
TEST(bisection_finds_each_line)
{
	static uint8_t hashes[MANY][SHA1_OCTETS], room[MANY * 60];
	struct buf text = BUF(room);

	CHECK_OK(crypto_start());
	for (unsigned i = 0; i < MANY; i++)
		sha1(nth(2 * i), hashes[i]);
	qsort(hashes, MANY, SHA1_OCTETS, order);
	for (unsigned i = 0; i < MANY; i++)
		CHECK(buf_put_hex(&text, span_at(hashes[i], SHA1_OCTETS)) &&
			(i % 3 == 0 || (buf_push(&text, ':') &&
					       buf_put_number(&text, i * i))) &&
			buf_push(&text, '\n'));
	write_list(buf_view(&text));
	for (unsigned i = 0; i < 2 * MANY; i++)
		check(nth(i), OK, i % 2 == 0);
	unlink(path);
}
