#include "proc/master/listeners.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/number.h"
#include "lib/base/test.h"
#include "sys/fd.h"

#define BEFORE ((struct instant){ 50 })
#define AFTER  ((struct instant){ 100 }) /* the permit ends then */

static struct master m;

/* A port of loopback that nothing listens on. */
static uint16_t
unused_port(void)
{
	OWNED(fd_close) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;

	CHECK(bind(fd, (struct sockaddr *)&at, len) == 0);
	CHECK(getsockname(fd, (struct sockaddr *)&at, &len) == 0);
	return ntohs(at.sin_port);
}

static bool
answers(uint16_t port)
{
	OWNED(fd_close) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return connect(fd, (const struct sockaddr *)&at, sizeof at) == 0;
}

static void
permit(struct site *s, enum service service, uint16_t port)
{
	struct site_permit *p = &s->permits[s->permits_count++];

	*p = (struct site_permit){ .service = service,
		.port = port,
		.expires_us = AFTER.us };
	p->address[10] = p->address[11] = 0xff;
	p->address[12] = 127;
	p->address[15] = 1;
}

static void
begin(void)
{
	memset(&m, 0, sizeof m);
	m.sockets = SOCKETS_NONE;
}

static void
use(const struct site *s)
{
	struct sockets next;

	CHECK_OK(listeners_prepare(&m, s, BEFORE, &next));
	listeners_retire(&m, &next);
	m.site = *s;
	listeners_use(&m, &next);
}

TEST(a_socket_ends_with_its_permit_whoever_else_holds_it)
{
	static struct site site;
	uint16_t mx = unused_port(), imaps = unused_port();
	int held;

	begin();
	site.permits_count = 0;
	permit(&site, SERVICE_MX, mx);
	permit(&site, SERVICE_IMAPS, imaps);
	site.permits[1].expires_us = INT64_MAX;
	use(&site);
	held = dup(m.sockets.fd[0]); /* as the role does */
	CHECK(answers(mx) && answers(imaps));
	CHECK_NUMBER(listeners_next_end(&m, BEFORE).us, AFTER.us);
	listeners_end_permits(&m, BEFORE);
	CHECK(answers(mx));
	listeners_end_permits(&m, AFTER);
	CHECK(!answers(mx) && answers(imaps));
	CHECK_NUMBER(m.sockets.fd[0], -1);
	close(held);
	sockets_close(&m.sockets);
}

TEST(a_permit_that_has_ended_opens_nothing)
{
	static struct site site;
	uint16_t port = unused_port();
	struct sockets s;

	begin();
	site.permits_count = 0;
	permit(&site, SERVICE_MX, port);
	CHECK_OK(listeners_prepare(&m, &site, AFTER, &s));
	CHECK_NUMBER(s.fd[0], -1);
	CHECK(!answers(port));
}

/* What waits in a socket stays when its permit stays, under any number. */
TEST(a_permit_that_stays_keeps_its_socket)
{
	static struct site site;
	uint16_t gone = unused_port(), stays = unused_port();
	struct stat before, after;
	int client;

	begin();
	site.permits_count = 0;
	permit(&site, SERVICE_MX, gone);
	permit(&site, SERVICE_IMAPS, stays);
	use(&site);
	CHECK(fstat(m.sockets.fd[1], &before) == 0);
	site.permits_count = 0;
	permit(&site, SERVICE_IMAPS, stays);
	use(&site);
	CHECK(fstat(m.sockets.fd[0], &after) == 0);
	CHECK_NUMBER(after.st_ino, before.st_ino);
	CHECK(!answers(gone) && answers(stays));
	client = accept(m.sockets.fd[0], NULL, NULL);
	CHECK(client >= 0);
	close(client);
	sockets_close(&m.sockets);
}

TEST(one_socket_that_cannot_be_made_changes_nothing)
{
	static struct site site;
	uint16_t first = unused_port(), second = unused_port(),
		 taken = unused_port();
	struct sockets s = SOCKETS_NONE;
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons(taken),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	OWNED(fd_close) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(bind(fd, (struct sockaddr *)&at, sizeof at) == 0);
	CHECK(listen(fd, 1) == 0);
	begin();
	site.permits_count = 0;
	permit(&site, SERVICE_MX, first);
	use(&site);
	site.permits_count = 0;
	permit(&site, SERVICE_MX, second);
	permit(&site, SERVICE_IMAPS, taken);
	CHECK(listeners_prepare(&m, &site, BEFORE, &s) == &fault_sys_failed);
	CHECK_NUMBER(s.fd[0], -1);
	CHECK(answers(first) && !answers(second));
	sockets_close(&m.sockets);
}
