/* NC-2.1.9: a host that only sends mail of its own programs.
 *
 * The black box asks from this host, at its own outside addresses: what is closed
 * there is closed for others.  No probe sends a message: the one in a foreign name
 * breaks off inside. */
#include <fcntl.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "lib/base/ip.h"
#include "lib/base/number.h"
#include "standard/checks.h"
#include "standard/programs.h"
#include "standard/talk.h"
#include "sys/fd.h"
#include "sys/sockets.h"
#include "trust/roles.h"

#define ADDRESSES 32
#define CA_MAX    MiB(1)
#define FOREIGN   "from-probe.invalid"

static bool
is_local(const struct inspection *i, struct proof *p)
{
	if (i->site->role == SITE_LOCAL)
		return true;
	proof_looked(p, "role of %s", i->settings);
	proof_absent(p, "a mail server: it is not solely for local programs");
	return false;
}

/* What the log says; on a mail server there is nothing to say. */
void
local_history(const struct inspection *i, struct proof *p)
{
	if (is_local(i, p))
		kept_by_log(i, p);
}

/* --- a: it sends and never receives --------------------------------------- */

void
local_programs(const struct inspection *i, struct proof *p)
{
	char more[64];

	if (!is_local(i, p))
		return;
	proof_looked(p, "programs beside the running master, against the roles of "
			"a host that only sends");
	if (!programs_more(site_master(i->site), more))
		proof_missing(p, "the site does not run, or you are not root");
	else if (!BUILD_LOCAL)
		proof_bad(p, "install the build of hosts that only send",
			"these programs are of a mail server");
	else if (more[0])
		proof_bad(p, "remove it", "%s is installed, too", more);
	else
		proof_good(p, "no program that receives, delivers or serves; the "
			      "build compared the symbols of each with the code "
			      "that does (tools/check-local)");
}

/* --- the outside of this host --------------------------------------------- */

struct outside {
	struct site_permit at[ADDRESSES];
	size_t count;
};

static bool
take_address(const struct sockaddr *from, uint8_t out[16])
{
	struct sockaddr_in four;
	struct sockaddr_in6 six;

	memset(out, 0, 16);
	if (!from || (from->sa_family != AF_INET && from->sa_family != AF_INET6))
		return false;
	if (from->sa_family == AF_INET6) {
		memcpy(&six, from, sizeof six);
		memcpy(out, &six.sin6_addr, 16);
		/* a link-local one needs its interface, and is no other place */
		return !IN6_IS_ADDR_LINKLOCAL(&six.sin6_addr);
	}
	memcpy(&four, from, sizeof four);
	out[10] = out[11] = 0xff;
	memcpy(out + 12, &four.sin_addr, 4);
	return true;
}

static bool
find_outside(struct outside *o)
{
	struct ifaddrs *all = NULL;
	uint8_t address[16];

	o->count = 0;
	if (getifaddrs(&all) != 0)
		return false;
	for (struct ifaddrs *a = all; a && o->count < ADDRESSES; a = a->ifa_next)
		if (take_address(a->ifa_addr, address) &&
			!address_is_loopback(address))
			memcpy(o->at[o->count++].address, address, 16);
	freeifaddrs(all);
	return true;
}

/* Does anybody answer there?  His place is in `found` then. */
static bool
is_open(const struct site_permit *at, uint16_t port, char found[100])
{
	struct site_permit p = *at;
	struct buf b = { (uint8_t *)found, 0, 99 };
	struct talk t;

	p.port = port;
	p.service = SERVICE_MX;
	if (!talk_connect(&t, &p))
		return false;
	talk_close(&t);
	memset(found, 0, 100);
	(void)(put_ip(&b, at->address) && buf_put_text(&b, " port ") &&
		buf_put_number(&b, port));
	return true;
}

/* Every port at every outside address. */
static void
judge_outside(struct proof *p, const uint16_t *ports, size_t count)
{
	static struct outside o;
	char found[100];

	if (!find_outside(&o)) {
		proof_missing(p, "the addresses of this host are not told");
		return;
	}
	for (size_t n = 0; n < o.count; n++)
		for (size_t k = 0; k < count; k++)
			if (is_open(&o.at[n], ports[k], found)) {
				proof_bad(p, "stop what listens there",
					"%s is open", found);
				return;
			}
	proof_good(p, "%zu addresses, %zu ports each: nobody answers", o.count,
		count);
}

void
local_closed(const struct inspection *i, struct proof *p)
{
	static const uint16_t ports[] = { 24, 25, 110, 143, 465, 587, 993, 995,
		4190 };

	if (!is_local(i, p))
		return;
	proof_looked(p, "mail ports at every address of this host but loopback, "
			"IPv4 and IPv6, asked from this host");
	judge_outside(p, ports, COUNT_OF(ports));
}

/* --- c: it accepts connections of its own host only ----------------------- */

void
local_sockets(const struct inspection *i, struct proof *p)
{
	static struct sockets_scan scan;
	pid_t master = site_master(i->site);
	char storage[100] = "";
	struct buf name = { (uint8_t *)storage, 0, sizeof storage - 1 };
	unsigned ours = 0;

	if (!is_local(i, p))
		return;
	proof_looked(p, "sockets that processes of the site hold, by sock_diag");
	if (master == 0 || sockets_scan(master, &scan)) {
		proof_missing(p, "the site does not run, or the kernel does not "
				 "tell; are you root?");
		return;
	}
	for (uint32_t n = 0; n < scan.count; n++) {
		const struct waiting_socket *w = &scan.at[n];

		if (!w->ours ||
			socket_judge(w, i->site, i->now) == SOCKET_RESOLVER)
			continue;
		ours++;
		if (address_is_loopback(w->address))
			continue;
		(void)put_socket(&name, w);
		proof_bad(p, "report it: the settings cannot say so",
			"%s is not of loopback", storage);
		return;
	}
	proof_good(p, "%u sockets, all of loopback, and two of files", ours);
}

static bool
open_socket(struct talk *t, const struct site *s)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int n = snprintf(at.sun_path, sizeof at.sun_path, "%s/smtp.sock",
		s->run_directory);

	memset(t, 0, sizeof *t);
	t->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (t->fd >= 0 && n > 0 && (size_t)n < sizeof at.sun_path &&
		connect(t->fd, (struct sockaddr *)&at, sizeof at) == 0 &&
		!fd_nonblocking(t->fd) && talk_hear(t, 5) == 220)
		return true;
	talk_close(t);
	return false;
}

void
local_own_host(const struct inspection *i, struct proof *p)
{
	uint16_t ports[SITE_PERMITS];
	struct talk t;

	if (!is_local(i, p))
		return;
	proof_looked(p, "the ports of %u permits at every address of this host but "
			"loopback; smtp.sock for comparison",
		i->site->permits_count);
	for (uint32_t n = 0; n < i->site->permits_count; n++)
		ports[n] = i->site->permits[n].port;
	if (!open_socket(&t, i->site)) {
		proof_missing(p, "smtp.sock does not answer: does the site run?");
		return;
	}
	talk_close(&t);
	judge_outside(p, ports, i->site->permits_count);
}

/* --- b and d: the primary server ------------------------------------------ */

void
local_way(const struct inspection *i, struct proof *p)
{
	const struct site *s = i->site;
	unsigned pins = 0;

	if (!is_local(i, p))
		return;
	proof_looked(p, "relay of %s", i->settings);
	for (uint32_t n = 0; n < s->smarthosts_count; n++)
		pins += s->smarthosts[n].pinned;
	if (s->smarthosts_count == 0 || s->relay_tls != SITE_TLS_REQUIRED)
		proof_bad(p, "posthold conf check", "no smarthost, or without TLS");
	else
		proof_good(p, "%u smarthosts, %s first; %u known by their key, the "
			      "others by certificate; no MX is asked for, and dial "
			      "refuses whoever is not listed",
			s->smarthosts_count, s->smarthosts[0].name, pins);
}

static bool
place_of(const struct site_smarthost *h, struct site_permit *out)
{
	struct addrinfo want = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	bool good;

	*out = (struct site_permit){ .service = SERVICE_MX, .port = h->port };
	if (ip_parse(SITE_TEXT(h->name), out->address))
		return true;
	if (getaddrinfo(h->name, NULL, &want, &found) != 0)
		return false;
	good = take_address(found->ai_addr, out->address);
	freeaddrinfo(found);
	return good;
}

/* Who leads to ca-file; NULL: it cannot be read. */
static struct tls_context *
authorities(const struct site *s)
{
	OWNED(fd_close) int fd = open(s->ca_file, O_RDONLY | O_CLOEXEC);
	struct tls_context *context = NULL;
	struct buf pem = { malloc(CA_MAX), 0, CA_MAX };

	if (fd < 0 || !pem.at || tls_start() || fd_read_whole(fd, &pem) ||
		tls_context_client(true, buf_view(&pem), &context))
		context = NULL;
	free(pem.at);
	return context;
}

/* Is it whom the settings name?  Begins TLS. */
static bool
is_primary(struct talk *t, const struct site *s, const struct site_smarthost *h)
{
	struct span name = SITE_TEXT(h->name);
	struct tls_context *context;
	uint8_t key[sizeof h->pin];

	if (h->pinned)
		return talk_secure(t, name) && !tls_peer_key(&t->tls, key) &&
			memcmp(key, h->pin, sizeof key) == 0;
	context = authorities(s);
	return context && talk_secure_by(t, context, name);
}

/* A conversation with a smarthost, inside TLS; false after its proof. */
static bool
open_primary(struct talk *t, const struct inspection *i,
	const struct site_smarthost *h, struct proof *p)
{
	struct site_permit at;

	if (!place_of(h, &at) || !talk_connect(t, &at)) {
		proof_missing(p, "%s port %u does not answer", h->name, h->port);
		return false;
	}
	if (talk_hear(t, 20) == 220 && talk_say(t, "EHLO %s", i->site->host) &&
		talk_say(t, "STARTTLS") == 220 && is_primary(t, i->site, h))
		return talk_say(t, "EHLO %s", i->site->host) == 250;
	proof_bad(p, "ask its operator, by another way, whether the key was changed",
		"%s port %u does not prove that it is the smarthost: mail waits",
		h->name, h->port);
	talk_close(t);
	return false;
}

void
local_primary(const struct inspection *i, struct proof *p)
{
	struct talk t;

	if (!is_local(i, p))
		return;
	proof_looked(p, "STARTTLS at each of %u smarthosts, key or certificate "
			"compared with %s",
		i->site->smarthosts_count, i->settings);
	for (uint32_t n = 0; n < i->site->smarthosts_count; n++) {
		if (!open_primary(&t, i, &i->site->smarthosts[n], p))
			return;
		talk_say(&t, "QUIT");
		talk_close(&t);
	}
	proof_good(p, "each is whom the settings name; NUL-02 and NUL-03 are of "
		      "the tests: mail for elsewhere is seen there only, and with "
		      "another key it waits");
}

void
local_sender(const struct inspection *i, struct proof *p)
{
	if (!is_local(i, p))
		return;
	proof_looked(p, "send sender of %s", i->settings);
	proof_good(p, "%s, for every message, whatever the program says; reports "
		      "come back there",
		i->site->sender);
}

void
local_takes_reports(const struct inspection *i, struct proof *p)
{
	const struct site_smarthost *h = &i->site->smarthosts[0];
	struct talk t;
	int code;

	if (!is_local(i, p))
		return;
	proof_looked(p, "MAIL FROM:<> RCPT TO:<%s> at %s port %u", i->site->sender,
		h->name, h->port);
	if (!open_primary(&t, i, h, p))
		return;
	code = talk_say(&t, "MAIL FROM:<>");
	if (code == 250)
		code = talk_say(&t, "RCPT TO:<%s>", i->site->sender);
	if (code == 250)
		proof_good(p, "250: it knows the address and takes reports for it");
	else if (code == 530)
		proof_missing(p, "it wants a login first; the loop of reports is in "
				 "the log");
	else if (code >= 500)
		proof_bad(p, "have the address made there, or set another",
			"%d: it takes no reports for the address", code);
	else
		proof_missing(p, "it answers %d", code);
	talk_say(&t, "QUIT");
	talk_close(&t);
}

/* --- e: a represented From ------------------------------------------------ */

void
local_from(const struct inspection *i, struct proof *p)
{
	static const char *const words[] = {
		[SITE_FROM_REWRITE] = "rewritten to the sender's address",
		[SITE_FROM_REFUSE] = "refused",
		[SITE_FROM_SENDER] = "rewritten, and so is every other one",
	};

	if (!is_local(i, p))
		return;
	proof_looked(p, "send from of %s", i->settings);
	proof_good(p, "a From that is not in %u domains is %s, by the checker that "
		      "users have (NC-2.1.7)",
		i->site->domains_count, words[i->site->from]);
}

/* A message in a foreign name.  Where it is refused we hear so; where it is
 * rewritten it breaks off behind its header, which the log has then. */
void
local_foreign_from(const struct inspection *i, struct proof *p)
{
	bool refused = i->site->from == SITE_FROM_REFUSE;
	struct talk t;
	int code;

	if (!is_local(i, p))
		return;
	proof_looked(p, "From: <ceo@" FOREIGN "> by smtp.sock, %s",
		refused ? "to its end" : "broken off behind the header");
	if (!open_socket(&t, i->site)) {
		proof_missing(p, "smtp.sock does not answer: does the site run?");
		return;
	}
	if (talk_say(&t, "EHLO probe.invalid") != 250 ||
		talk_say(&t, "MAIL FROM:<ceo@" FOREIGN ">") != 250 ||
		talk_say(&t, "RCPT TO:<%s>", i->site->sender) != 250 ||
		talk_say(&t, "DATA") != 354) {
		proof_missing(p, "it answers %d", t.code);
		talk_close(&t);
		return;
	}
	if (talk_send(&t, SPAN("From: <ceo@" FOREIGN ">\r\n\r\n")))
		talk_hear(&t, 1); /* it says nothing, and has the header */
	code = talk_say(&t, refused ? "\r\n." : "a line that ends with LF alone\n");
	if (code == 250)
		proof_bad(p, "report it", "it was taken as it is");
	else if (code == 550)
		proof_good(p, refused ? "550: refused"
				      : "550 for the LF; what became of the header "
					"is in the log (FROM_REFUSED)");
	else
		proof_missing(p, "it answers %d", code);
	talk_close(&t);
}
