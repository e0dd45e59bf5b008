#include <sys/socket.h>
#include <sys/un.h>

#include "sys/clamd.h"
#include "sys/crypto.h"
#include "sys/fake_master.h"
#include "sys/mac.h"

#define JOB  7

static const struct mac_key key = { "a key that only scan is given" };

/* --- the fake engine ----------------------------------------------------- */

static int engine = -1; /* our end of its session */
static uint64_t given_size; /* of the descriptor that came last */

/* Read one command; the body's descriptor, when one came, is looked at by what
 * the engine would see of it and closed. */
static struct span
take_command(void)
{
	static uint8_t at[64];
	union {
		struct cmsghdr align;
		uint8_t octets[CMSG_SPACE(sizeof(int))];
	} control;
	struct buf command = BUF(at);
	uint8_t octet = 1;

	while (octet != 0) {
		struct iovec iov = { &octet, 1 };
		struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = control.octets,
			.msg_controllen = sizeof control.octets };

		CHECK(recvmsg(engine, &m, MSG_CMSG_CLOEXEC) == 1);
		CHECK(octet == 0 || buf_push(&command, octet));
		if (m.msg_controllen > 0) {
			int body;

			memcpy(&body, CMSG_DATA(&control.align), sizeof body);
			CHECK(lseek(body, 0, SEEK_CUR) == 0);
			CHECK_OK(fd_size(body, &given_size));
			fd_close(&body);
		}
	}
	return buf_view(&command);
}

static void
expect_command(const char *want)
{
	CHECK_SPAN(take_command(), want);
}

/* The octet that goes with the descriptor is an empty command. */
static void
expect_scan(void)
{
	expect_command("zFILDES");
	expect_command("");
}

static void
read_engine(void *at, size_t len)
{
	CHECK(recv(engine, at, len, MSG_WAITALL) == (ssize_t)len);
}

/* One piece of a stream into `at`; its length, 0 at the end. */
static size_t
take_piece(uint8_t *at)
{
	uint8_t n[4];
	size_t len;

	read_engine(n, sizeof n);
	len = (size_t)n[0] << 24 | (size_t)n[1] << 16 | (size_t)n[2] << 8 | n[3];
	CHECK(len <= CLAMD_PIECE);
	if (len > 0)
		read_engine(at, len);
	return len;
}

static size_t
take_stream(uint8_t *at)
{
	size_t all = 0;

	for (size_t len; (len = take_piece(at + all)) > 0;)
		all += len;
	return all;
}

static void
reply(const char *text)
{
	size_t len = strlen(text) + 1;

	CHECK(send(engine, text, len, MSG_NOSIGNAL) == (ssize_t)len);
}

static void
give_engine(int theirs)
{
	struct file_given m = { .head = { .type = FILE_GIVEN },
		.purpose = FILE_CLAMD };

	CHECK_OK(channel_send(fake.links[MASTER], &m, theirs));
}

/* Wait until scan asks for a session, and give it one. */
static void
open_engine(void)
{
	int pair[2];

	fake_expect(CLAMD_WANTED);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	engine = pair[0];
	give_engine(pair[1]);
	fd_close(&pair[1]);
	expect_command("zIDSESSION");
	expect_command("zVERSION");
	reply("1: ClamAV 1.4.6/27000/Mon Nov 23 09:22:33 2026");
}

/* --- requests and answers ------------------------------------------------ */

static void
give(void)
{
	struct secret_given secret = { .head = { .type = SECRET_GIVEN },
		.kind = SECRET_VERDICT };

	memcpy(secret.key, key.octets, sizeof secret.key);
	CHECK_OK(channel_send(fake.links[MASTER], &secret, -1));
	fake_link(MX, SCAN);
	fake_link(LOG, SCAN);
}

#define LONG (3u << 20) /* octets; no message is longer here */

static void
start(void)
{
	static struct site site;

	site = *fake_site();
	site.max_message = LONG;
	CHECK_OK(crypto_start());
	mac_start();
	fake_start(SCAN, &site, give);
}

static void
request_fd(int fd, uint64_t size, uint32_t serial)
{
	struct scan_request m = { .head = { SCAN_REQUEST, serial, JOB },
		.size = size };

	CHECK_OK(channel_send(fake.links[MX], &m, fd));
}

static void
request(struct span body, uint64_t size, uint32_t serial)
{
	OWNED(fd_close) int fd = -1;

	CHECK_OK(fd_memory_of("body", body, &fd));
	request_fd(fd, size, serial);
}

/* The verdict is scan's own, about this body. */
static void
check_verdict(const struct verdict *v, struct span body)
{
	uint8_t hash[SHA256_OCTETS];

	sha256(body, hash);
	CHECK(memcmp(v->sha256, hash, sizeof hash) == 0);
	CHECK_NUMBER(v->size, body.len);
	CHECK(v->time_us > 0);
	CHECK_NUMBER(v->engines, ENGINE_CLAMD);
	CHECK(mac_holds(&key, span_at(v, TOKEN_SIGNED(struct verdict)),
		v->mac));
}

static const struct scan_answer *
expect_answer(uint32_t serial)
{
	const struct scan_answer *m = (const void *)&fake.message;

	fake_expect(SCAN_ANSWER);
	CHECK_NUMBER(m->head.serial, serial);
	CHECK_NUMBER(m->head.session, JOB);
	return m;
}

static void
check_missing(uint32_t serial)
{
	static const struct verdict none;
	const struct scan_answer *m = expect_answer(serial);

	CHECK_NUMBER(m->fault, fault_number(&fault_verdict_missing));
	CHECK(memcmp(&m->verdict, &none, sizeof none) == 0);
}

static const struct {
	const char *what;
	const char *answer; /* of the engine, behind its number */
	uint32_t outcome;   /* OUTCOME_NONE: verdict_missing   */
	const char *name;
} cases[] = {
	{ "clean", ": fd[9]: OK", OUTCOME_CLEAN, "" },
	{ "a virus", ": fd[9]: Some.Virus FOUND", OUTCOME_INFECTED,
		"Some.Virus" },
	{ "not wholly looked at",
		": fd[9]: Heuristics.Limits.Exceeded.MaxFileSize FOUND",
		OUTCOME_UNSCANNABLE, "Heuristics.Limits.Exceeded.MaxFileSize" },
	{ "a name with a line end in it", ": fd[9]: Bad\r\nName FOUND",
		OUTCOME_INFECTED, "Bad\\x0d\\x0aName" },
	{ "a name longer than its place",
		": fd[9]: "
		"0123456789012345678901234567890123456789"
		"01234567890123456789012345678901 FOUND",
		OUTCOME_INFECTED,
		"0123456789012345678901234567890123456789"
		"01234567890123456789012" },
	{ "an error", ": fd[9]: Can't read file ERROR", OUTCOME_NONE, "" },
};

static void
reply_numbered(uint64_t number, const char *text)
{
	uint8_t room[256];
	struct buf b = BUF(room);

	CHECK(buf_put_number(&b, number) && buf_put_text(&b, text) &&
		buf_push(&b, 0));
	reply((const char *)room);
}

TEST(scan_says_what_the_engine_says)
{
	struct span body = SPAN("Subject: x\r\n\r\ny\r\n");
	uint32_t serial = 1;

	if (!fake_is_built(SCAN))
		return;
	start();
	open_engine();
	EACH_CASE(c, cases) {
		const struct scan_answer *m;

		request(body, body.len, ++serial);
		expect_scan();
		reply_numbered(serial, c->answer);
		if (c->outcome == OUTCOME_NONE) {
			check_missing(serial);
			continue;
		}
		m = expect_answer(serial);
		CHECK_NUMBER(m->fault, 0);
		CHECK_NUMBER(m->verdict.outcome, c->outcome);
		CHECK_SPAN(span_of((const char *)m->verdict.name), c->name);
		CHECK_NUMBER(m->verdict.signature_us,
			1795425753 * SECONDS(1));
		check_verdict(&m->verdict, body);
	}
	fake_expect_event(EV_VERDICT);
	fd_close(&engine);
	fake_stop();
}

TEST(scan_keeps_answers_apart)
{
	struct span a = SPAN("a"), b = SPAN("b");
	const struct scan_answer *m;

	if (!fake_is_built(SCAN))
		return;
	start();
	open_engine();
	request(a, a.len, 10);
	request(b, b.len, 11);
	expect_scan();
	expect_scan();
	test_row = "the second is ready first";
	reply("3: fd[9]: Some.Virus FOUND");
	m = expect_answer(11);
	CHECK_NUMBER(m->verdict.outcome, OUTCOME_INFECTED);
	check_verdict(&m->verdict, b);
	reply("2: fd[9]: OK");
	m = expect_answer(10);
	CHECK_NUMBER(m->verdict.outcome, OUTCOME_CLEAN);
	check_verdict(&m->verdict, a);
	fd_close(&engine);
	fake_stop();
}

static const struct {
	const char *what;
	uint64_t size;
} sizes[] = {
	{ "less than the body", 3 },
	{ "more than the body", 5 },
	{ "more than there can be", UINT64_MAX },
};

TEST(scan_looks_at_the_whole_body_only)
{
	if (!fake_is_built(SCAN))
		return;
	start();
	open_engine();
	EACH_CASE(c, sizes) {
		request(SPAN("body"), c->size, 20);
		check_missing(20);
	}
	fd_close(&engine);
	fake_stop();
}

/* Every way in which an engine can fail over two sessions. */
static const struct {
	const char *what;
	const char *says; /* NULL: it closes without a word */
} failures[] = {
	{ "it ends", NULL },
	{ "it says nothing that it should", "UNKNOWN COMMAND" },
	{ "it answers with a version", "2: ClamAV 1.4.6" },
	{ "it answers what nobody asked", "9: fd[9]: OK" },
	{ "it says OK without a number", "fd[9]: OK" },
};

/* Two sessions end over a body; the third has nothing to do with it. */
TEST(scan_makes_no_verdict_of_a_failure)
{
	struct span body = SPAN("body");

	if (!fake_is_built(SCAN))
		return;
	EACH_CASE(c, failures) {
		start();
		open_engine();
		request(body, body.len, 30);
		for (int session = 0; session < 2; session++) {
			expect_scan();
			if (c->says)
				reply(c->says);
			fd_close(&engine);
			channel_pause(fake.links[MX], true);
			open_engine();
			channel_pause(fake.links[MX], false);
		}
		check_missing(30);
		request(body, body.len, 31);
		expect_scan();
		reply("2: fd[9]: OK");
		CHECK_NUMBER(expect_answer(31)->fault, 0);
		fake_expect_event(EV_ENGINE_AWAY);
		fd_close(&engine);
		fake_stop();
	}
}

TEST(scan_asks_again_when_a_session_ends)
{
	struct span body = SPAN("body");
	const struct scan_answer *m;

	if (!fake_is_built(SCAN))
		return;
	start();
	open_engine();
	request(body, body.len, 40);
	expect_scan();
	fd_close(&engine);
	open_engine();
	expect_scan();
	reply("2: fd[9]: OK");
	m = expect_answer(40);
	CHECK_NUMBER(m->verdict.outcome, OUTCOME_CLEAN);
	check_verdict(&m->verdict, body);
	fake_expect_event(EV_ENGINE_BACK);
	fd_close(&engine);
	fake_stop();
}

TEST(scan_does_not_wait_for_an_engine_that_is_away)
{
	if (!fake_is_built(SCAN))
		return;
	start();
	request(SPAN("body"), 4, 50);
	check_missing(50);
	fake_expect_event(EV_ENGINE_AWAY);
	fake_stop();
}

TEST(scan_keeps_an_idle_session)
{
	if (!fake_is_built(SCAN))
		return;
	start();
	open_engine();
	expect_command("zVERSION");
	reply("2: ClamAV 1.4.6");
	request(SPAN("body"), 4, 60);
	expect_scan();
	reply("3: fd[9]: OK");
	CHECK_NUMBER(expect_answer(60)->verdict.signature_us, 0);
	fd_close(&engine);
	fake_stop();
}

/* --- files --------------------------------------------------------------- */

static uint8_t octets[LONG], seen[LONG];

/* A body that its writer can still change, as one of more than a MiB is. */
static int
spool(char fill, size_t len)
{
	int fd;

	memset(octets, fill, sizeof octets);
	CHECK_OK(fd_memory("spool", &fd));
	CHECK_OK(fd_append(fd, span_at(octets, len)));
	return fd;
}

TEST(scan_hashes_what_the_engine_saw_of_a_file)
{
	const struct scan_answer *m;
	size_t len;
	int fd;

	if (!fake_is_built(SCAN))
		return;
	start();
	open_engine();
	fd = spool('a', LONG);
	request_fd(fd, LONG, 70);
	expect_command("zINSTREAM");
	len = take_piece(seen);
	memset(octets, 'b', sizeof octets);
	CHECK(pwrite(fd, octets, LONG, 0) == LONG);
	len += take_stream(seen + len);
	CHECK_NUMBER(len, LONG);
	CHECK(seen[0] == 'a' && seen[LONG - 1] == 'b');
	reply("2: stream: OK");
	m = expect_answer(70);
	CHECK_NUMBER(m->verdict.outcome, OUTCOME_CLEAN);
	check_verdict(&m->verdict, span_at(seen, LONG));
	fd_close(&fd);
	fd_close(&engine);
	fake_stop();
}

TEST(scan_makes_no_verdict_of_a_file_that_became_shorter)
{
	int fd;

	if (!fake_is_built(SCAN))
		return;
	start();
	open_engine();
	fd = spool('a', LONG);
	request_fd(fd, LONG, 71);
	expect_command("zINSTREAM");
	CHECK(take_piece(seen) > 0 && ftruncate(fd, 0) == 0);
	CHECK(take_stream(seen) < LONG);
	check_missing(71);
	reply("2: stream: OK");
	request(SPAN("body"), 4, 72);
	expect_scan();
	reply("3: fd[9]: OK");
	CHECK_NUMBER(expect_answer(72)->verdict.outcome, OUTCOME_CLEAN);
	fd_close(&fd);
	fd_close(&engine);
	fake_stop();
}

/* What an engine may not say about a file; it is asked again. */
static const struct {
	const char *what;
	bool early; /* before the end of the stream */
	const char *says;
} wrong_words[] = {
	{ "before it has seen all of it", true, "2: stream: OK" },
	{ "about another subject", false, "2: fd[9]: OK" },
	{ "too long, when it took all", false,
		"2: INSTREAM size limit exceeded. ERROR" },
};

TEST(scan_believes_no_word_about_a_file_too_early)
{
	int fd;

	if (!fake_is_built(SCAN))
		return;
	EACH_CASE(c, wrong_words) {
		start();
		open_engine();
		fd = spool('a', LONG);
		request_fd(fd, LONG, 73);
		expect_command("zINSTREAM");
		if (!c->early)
			CHECK_NUMBER(take_stream(seen), LONG);
		reply(c->says);
		fake_expect(CLAMD_WANTED);
		fd_close(&fd);
		fd_close(&engine);
		fake_stop();
	}
}

TEST(scan_says_unscannable_of_what_is_too_long_for_the_engine)
{
	const struct scan_answer *m;
	int fd;

	if (!fake_is_built(SCAN))
		return;
	start();
	open_engine();
	request(SPAN("body"), 4, 74); /* has nothing to do with it */
	expect_scan();
	fd = spool('a', LONG);
	request_fd(fd, LONG, 75);
	expect_command("zINSTREAM");
	take_piece(seen);
	reply("3: INSTREAM size limit exceeded. ERROR");
	m = expect_answer(75);
	CHECK_NUMBER(m->verdict.outcome, OUTCOME_UNSCANNABLE);
	CHECK_SPAN(span_of((const char *)m->verdict.name), "StreamMaxLength");
	check_verdict(&m->verdict, span_at(octets, LONG));
	for (int i = 0; i < 2; i++) {
		fd_close(&engine);
		open_engine();
		expect_scan();
	}
	reply("2: fd[9]: OK");
	CHECK_NUMBER(expect_answer(74)->verdict.outcome, OUTCOME_CLEAN);
	fd_close(&fd);
	fd_close(&engine);
	fake_stop();
}

TEST(scan_hashes_a_long_body_beside_the_short_ones)
{
	OWNED(fd_close) int fd = -1;

	if (!fake_is_built(SCAN))
		return;
	start();
	open_engine();
	memset(octets, 'a', sizeof octets);
	CHECK_OK(fd_memory_of("body", span_at(octets, LONG), &fd));
	kill(fake.pid, SIGSTOP); /* so that it sees both at once */
	request_fd(fd, LONG, 76);
	request(SPAN("body"), 4, 77);
	kill(fake.pid, SIGCONT);
	expect_scan();
	CHECK_NUMBER(given_size, 4);
	expect_scan();
	CHECK_NUMBER(given_size, LONG);
	fd_close(&engine);
	fake_stop();
}

#define SHARE 1024 /* of the places, for one that asks alone */

TEST(scan_leaves_places_for_the_others)
{
	struct scan_request m = { .head = { SCAN_REQUEST, 5000, JOB },
		.size = 4 };
	OWNED(fd_close) int fd = -1;

	if (!fake_is_built(SCAN))
		return;
	start();
	open_engine();
	fake_link(SUBMISSION, SCAN);
	for (uint32_t i = 0; i < SHARE; i++)
		request(SPAN("body"), 4, i);
	request(SPAN("body"), 4, 4000);
	check_missing(4000);
	CHECK_OK(fd_memory_of("body", SPAN("body"), &fd));
	CHECK_OK(channel_send(fake.links[SUBMISSION], &m, fd));
	for (uint32_t i = 0; i <= SHARE; i++) {
		expect_scan();
		reply_numbered(i + 2, ": fd[9]: OK");
		CHECK_NUMBER(expect_answer(i < SHARE ? i : 5000)->fault, 0);
	}
	fd_close(&engine);
	fake_stop();
}

/* --- the real engine ----------------------------------------------------- */

#define ENGINE "/usr/sbin/clamd"

static char directory[] = "/tmp/scan-XXXXXX";

static void
write_text(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", directory, name);
	f = fopen(path, "w");
	CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static pid_t
start_clamd(void)
{
	char text[512], settings[128];
	pid_t pid;

	CHECK(mkdtemp(directory) != NULL);
	snprintf(text, sizeof text,
		"LocalSocket %s/sock\nDatabaseDirectory %s\nForeground yes\n"
		"User root\nDisableCache yes\nStreamMaxLength 1M\n",
		directory, directory);
	write_text("clamd.conf", text);
	/* "Test.Word": the octets of "bad-word" anywhere */
	write_text("test.ndb", "Test.Word:0:*:6261642d776f7264\n");
	snprintf(settings, sizeof settings, "%s/clamd.conf", directory);
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 1);
		dup2(null, 2);
		execl(ENGINE, ENGINE, "-c", settings, (char *)NULL);
		_exit(127);
	}
	return pid;
}

static void
connect_clamd(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	OWNED(fd_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool connected = false;

	snprintf(at.sun_path, sizeof at.sun_path, "%s/sock", directory);
	for (int i = 0; i < 600 && !connected; i++) {
		usleep(100000);
		connected = connect(fd, (struct sockaddr *)&at, sizeof at) == 0;
	}
	CHECK(connected);
	give_engine(fd);
}

static void
remove_directory(void)
{
	static const char *const names[] = { "clamd.conf", "test.ndb", "sock" };
	char path[128];

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		snprintf(path, sizeof path, "%s/%s", directory, names[i]);
		unlink(path);
	}
	rmdir(directory);
}

TEST(scan_works_with_clamd)
{
	struct span good = SPAN("a good word"), bad = SPAN("a bad-word");
	int spooled;
	pid_t pid;

	if (!fake_is_built(SCAN))
		return;
	if (access(ENGINE, X_OK) != 0) {
		test_skip("there is no clamd");
		return;
	}
	pid = start_clamd();
	start();
	connect_clamd();
	for (uint32_t i = 0; i < 20; i++) {
		struct span body = i % 2 ? bad : good;
		const struct scan_answer *m;
		OWNED(fd_close) int fd = -1;

		CHECK_OK(fd_memory("body", &fd));
		CHECK_OK(fd_append(fd, body));
		if (i / 2 % 2)
			CHECK_OK(fd_seal(fd));
		request_fd(fd, body.len, i);
		m = expect_answer(i);
		CHECK_NUMBER(m->fault, 0);
		check_verdict(&m->verdict, body);
		CHECK_NUMBER(m->verdict.outcome,
			i % 2 ? OUTCOME_INFECTED : OUTCOME_CLEAN);
	}
	test_row = "a file that is too long for it";
	spooled = spool('a', LONG);
	request_fd(spooled, LONG, 100);
	CHECK_NUMBER(expect_answer(100)->verdict.outcome, OUTCOME_UNSCANNABLE);
	fd_close(&spooled);
	connect_clamd();
	test_row = "clamd is killed";
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	request(good, good.len, 200);
	check_missing(200);
	fake_stop();
	remove_directory();
}
