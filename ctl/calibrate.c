/* posthold calibrate: measure this machine with a scratch site, sign what it
 * does, say which limits follow (NC-2.1.8). */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/child.h"
#include "ctl/command.h"
#include "ctl/demo.h"
#include "ctl/drive.h"
#include "ctl/limits.h"
#include "lib/base/number.h"
#include "sys/clock.h"
#include "sys/crypto.h"
#include "sys/fd.h"
#include "sys/performance.h"

#define SYNC_OCTETS 4096
#define START 90 /* seconds for the scratch site to answer */
#define STOP 60
#define SMALL 10240
#define LARGE 1048576

struct calibration {
	char directory[200]; /* of the scratch site, removed at the end */
	char self[256];
	const char *clamd;
	unsigned base; /* of its ports */
	int seconds;   /* of each step */
	pid_t scratch;
	struct capacity capacity;
};

static struct site site;

#define TELL(...)                                                              \
	do {                                                                   \
		fprintf(stderr, __VA_ARGS__);                                  \
		fputc('\n', stderr);                                           \
	} while (0)

/* --- the disk ------------------------------------------------------------ */

static bool
measure_disk(struct calibration *k)
{
	static const uint8_t octets[SYNC_OCTETS];
	OWNED(fd_close) int fd = -1;
	int64_t end = clock_tick().us + SECONDS(k->seconds);
	uint64_t count = 0;
	char path[256];

	snprintf(path, sizeof path, "%s/sync", k->directory);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	for (; fd >= 0 && clock_tick().us < end; count++)
		if (pwrite(fd, octets, sizeof octets,
			    (off_t)(count % 1024 * SYNC_OCTETS)) < 0 ||
			fdatasync(fd) != 0)
			break;
	k->capacity.values[CAPACITY_SYNCS] = count / (uint64_t)k->seconds;
	TELL("disk: %llu fdatasync of 4 KiB a second",
		(unsigned long long)k->capacity.values[CAPACITY_SYNCS]);
	if (clock_tick().us >= end)
		return true;
	complain(EX_IOERR, path, strerror(errno));
	return false;
}

/* --- the scratch site ---------------------------------------------------- */

static bool
is_free(unsigned port)
{
	OWNED(fd_close) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return bind(fd, (const struct sockaddr *)&at, sizeof at) == 0;
}

static unsigned
find_base(void)
{
	for (unsigned base = 34000; base < 60000; base += 1000)
		if (is_free(base + 25) && is_free(base + 465) &&
			is_free(base + 587) && is_free(base + 993))
			return base;
	return 0;
}

static bool
start_site(struct calibration *k)
{
	char base[16], place[256], log[256], described[300];
	const char *words[] = { k->self, "demo", place, "--port-base", base,
		"--no-volume", k->clamd ? "--clamd" : NULL, k->clamd, NULL };

	k->base = find_base();
	snprintf(base, sizeof base, "%u", k->base);
	snprintf(place, sizeof place, "%s/site", k->directory);
	snprintf(log, sizeof log, "%s/output", k->directory);
	snprintf(described, sizeof described, "%s/site.json", place);
	TELL("starting a scratch site");
	k->scratch = child_start(words, log);
	for (int i = 0; k->scratch > 0 && i < START * 20; i++) {
		if (access(described, R_OK) == 0)
			return true;
		usleep(50000);
	}
	complain(EX_UNAVAILABLE, "the scratch site does not start", log);
	return false;
}

/* --- load ---------------------------------------------------------------- */

static bool
load(struct calibration *k, uint32_t sessions, uint32_t octets,
	struct driven *out)
{
	const struct drive d = { .port = (uint16_t)(k->base + 25),
		.sessions = sessions,
		.octets = octets,
		.rcpt = "bob@" DEMO_DOMAIN,
		.seconds = k->seconds };

	return drive(&d, out);
}

/* At few, some and many sessions; the best of them counts. */
static bool
measure_messages(struct calibration *k)
{
	static const uint32_t sessions[] = { 5, 20, 100 };
	uint64_t *v = k->capacity.values;

	for (size_t i = 0; i < COUNT_OF(sessions); i++) {
		struct driven m;

		if (!load(k, sessions[i], SMALL, &m))
			return false;
		TELL("%u sessions: %llu messages of 10 KiB a second, p50 %u us, "
		     "p99 %u us",
			sessions[i], (unsigned long long)m.done, m.p50_us,
			m.p99_us);
		if (m.done < v[CAPACITY_MESSAGES])
			continue;
		v[CAPACITY_MESSAGES] = m.done;
		v[CAPACITY_P50_US] = m.p50_us;
		v[CAPACITY_P99_US] = m.p99_us;
		v[CAPACITY_SESSIONS] = sessions[i];
		v[CAPACITY_SIZE] = SMALL;
	}
	return true;
}

static bool
measure_others(struct calibration *k)
{
	struct driven m;

	if (!load(k, 10, 0, &m))
		return false;
	k->capacity.values[CAPACITY_CONNECTIONS] = m.done;
	TELL("%llu connections a second, p99 %u us to the greeting",
		(unsigned long long)m.done, m.p99_us);
	if (!load(k, 5, LARGE, &m))
		return false;
	k->capacity.values[CAPACITY_OCTETS] = m.octets;
	TELL("%llu octets a second in messages of 1 MiB (%llu messages)",
		(unsigned long long)m.octets, (unsigned long long)m.done);
	return true;
}

/* --- the end ------------------------------------------------------------- */

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st, (void)kind, (void)at;
	return remove(path);
}

static void
clear(struct calibration *k)
{
	child_stop(&k->scratch, STOP);
	if (nftw(k->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
		complain(0, k->directory, "could not be removed");
}

/* As lines of the settings file: the site's limits, and what must come down. */
static void
print_limits(const struct capacity *c)
{
	printf("limits {\n");
	for (enum limit_number n = 0; n < LIMITS; n++) {
		uint64_t most = capacity_limit(c, n);

		if (limit_row(n)->dim == DIM_SITE || most < site.rates[n])
			limits_write(stdout, n, most);
	}
	printf("}\n");
}

static int
keep(struct capacity *c)
{
	struct instant now = clock_instant();
	const struct fault *f;

	c->values[CAPACITY_TIME] = (uint64_t)(now.us / SECONDS(1));
	f = performance_save(site.standard, c, SITE_TEXT(site.host), now);
	if (f == &fault_capacity_unsigned)
		return complain(EX_NOPERM, site.standard,
			"its private key is not beside it; bring back the file "
			"that ends in .key, or remove .pub to begin anew");
	if (f)
		return complain_fault(
			f, site.standard, "is the directory writable?");
	TELL("%s: written and signed", site.standard);
	print_limits(c);
	return EX_OK;
}

static bool
place(struct calibration *k, const char *directory)
{
	ssize_t n = readlink("/proc/self/exe", k->self, sizeof k->self - 1);
	char *path;

	if (n <= 0)
		return false;
	k->self[n] = 0;
	if (mkdir(directory, 0755) != 0) {
		complain(EX_CANTCREAT, directory,
			errno == EEXIST ? "it is there; name a directory that "
					  "can be made and removed"
					: strerror(errno));
		return false;
	}
	path = realpath(directory, NULL);
	snprintf(k->directory, sizeof k->directory, "%s", path ? path : "");
	free(path);
	return k->directory[0] != 0;
}

int
calibrate(struct call *c)
{
	static struct calibration k = { .scratch = -1 };
	struct where where = { 0 };
	const char *seconds = "5";
	const struct option options[] = { WHERE_OPTIONS(&where),
		{ "--seconds", "N", &seconds, NULL,
			"of each step, 1 to 600 (5)" },
		{ "--clamd", "SOCKET", &k.clamd, NULL,
			"a virus engine that runs already" } };
	int code = options_take(c, options, COUNT_OF(options));
	uint64_t n;

	if (code < 0)
		code = where_load(&where, false, &site);
	if (code >= 0)
		return code;
	if (number_parse(span_of(seconds), 1, 600, &n))
		return complain(EX_USAGE, seconds, "give 1 to 600");
	k.seconds = (int)n;
	if (crypto_start())
		return complain(EX_SOFTWARE, "OpenSSL does not start", NULL);
	if (!place(&k, c->count > 0 ? c->words[0] : "calibration"))
		return EX_CANTCREAT;
	code = EX_UNAVAILABLE;
	if (measure_disk(&k) && start_site(&k) && measure_messages(&k) &&
		measure_others(&k))
		code = keep(&k.capacity);
	clear(&k);
	return code;
}
