/* handshake -- what it costs that private keys are in another process.
 *
 *	handshake [COUNT]       handshakes of a server with each place of the
 *	                        key, and the memory of an idle connection
 *	handshake serve PLACE PORT
 *	                        answer on 127.0.0.1, for `openssl s_time`
 *
 * Times are those of the server's side alone: both ends are in this process
 * and only the server's steps are counted, waiting for `keys` included.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "lib/base/must.h"
#include "lib/base/number.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/keys.h"
#include "sys/signing.h"
#include "sys/tls_context.h"
#include "sys/x509.h"

#define HOST   "mail.agency.example"
#define ROUNDS 5
#define IDLE   2000

enum place { NATIVE, PROVIDER, PROCESS, PLACES };
static const char *const place_names[PLACES] = { "native", "provider",
	"keys" };

static const char *const kind_names[] = { "EC P-256", "Ed25519", "RSA 2048" };

static uint8_t key_room[X509_PEM_MAX], chain_room[X509_PEM_MAX];
static struct buf key, chain;
static struct signing_key *private_key;
static struct channel *to_keys;

static void
must_ok(const struct fault *f)
{
	if (!f)
		return;
	fprintf(stderr, "handshake: %s\n", f->name);
	exit(1);
}

static void
make_site(enum x509_key kind)
{
	static uint8_t room[2][X509_PEM_MAX];
	struct buf authority_key = BUF(room[0]), authority = BUF(room[1]);
	struct span name = SPAN(HOST);
	struct instant now = clock_instant();
	struct x509_subject s = { &name, 1, { now.us - HOURS(1) },
		{ now.us + DAYS(1) } };

	key = BUF(key_room);
	chain = BUF(chain_room);
	must_ok(x509_make_key(X509_EC_P256, &authority_key));
	must_ok(x509_make_authority(buf_view(&authority_key), &s, &authority));
	must_ok(x509_make_key(kind, &key));
	must_ok(x509_make_certificate(buf_view(&authority_key),
		buf_view(&authority), buf_view(&key), &s, &chain));
	signing_close(&private_key);
	must_ok(signing_open(buf_view(&key), &private_key));
}

/* --- the three places ----------------------------------------------------- */

static void
sign_here(void *owner, const struct sign_request *ask,
	struct sign_answer *answer)
{
	(void)owner;
	signing_answer(private_key, ask, answer);
}

static void
answer(void *owner, struct channel *c, const void *message, int fd)
{
	struct sign_answer a = { 0 };

	(void)owner, (void)fd;
	signing_answer(private_key, message, &a);
	a.head = ((const struct sign_request *)message)->head;
	a.head.type = SIGN_ANSWER;
	must_ok(channel_send(c, &a, -1));
}

static void
leave(void *owner, struct channel *c)
{
	(void)owner, (void)c;
	_exit(0);
}

static void
start_keys(void)
{
	static const struct handlers of_keys = {
		.on = { [SIGN_REQUEST] = answer }, .gone = leave };
	static const struct handlers of_mx = {
		.on = { [SIGN_ANSWER] = keys_late_answer } };
	struct loop *loop;
	struct channel *c;
	int pair[2];

	must_ok(fd_channel_pair(pair));
	if (fork() == 0) {
		close(pair[0]);
		must_ok(loop_open(&loop));
		must_ok(channel_open(loop, pair[1], KEYS, MX, 0, &of_keys, NULL,
			&c));
		_exit(loop_run(loop));
	}
	close(pair[1]);
	must_ok(loop_open(&loop));
	must_ok(channel_open(loop, pair[0], MX, KEYS, 0, &of_mx, NULL,
		&to_keys));
}

/* The same context with the private key inside, as a server without `keys`
 * would have it. */
static void
put_key_inside(struct tls_context *c)
{
	BIO *in = BIO_new_mem_buf(key.at, (int)key.len);
	EVP_PKEY *k = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);

	MUST(SSL_CTX_use_PrivateKey(c->ssl, k) == 1);
	EVP_PKEY_free(k);
	BIO_free(in);
}

static struct tls_context *
server_at(enum place place)
{
	struct tls_service s = { .chain = buf_view(&chain) };
	struct tls_context *c;

	must_ok(tls_context_server(&s, &c));
	if (place == NATIVE)
		put_key_inside(c);
	if (place == PROCESS)
		keys_use(keys_over_channel, &to_keys);
	else
		keys_use(sign_here, NULL);
	return c;
}

/* --- figures -------------------------------------------------------------- */

struct ends {
	int fd[2];
	struct tls server, client;
};

/* Microseconds that the server's steps took. */
static int64_t
shake(struct ends *e, struct tls_context *server, struct tls_context *client)
{
	enum tls_status at_server = TLS_WANT_READ, at_client = TLS_WANT_READ;
	int64_t spent = 0, since;

	must_ok(fd_stream_pair(e->fd));
	since = clock_tick().us;
	must_ok(tls_accept_start(&e->server, server, e->fd[0]));
	spent += clock_tick().us - since;
	must_ok(tls_connect_start(&e->client, client, e->fd[1], SPAN(HOST)));
	while (at_server != TLS_DONE || at_client != TLS_DONE) {
		if (at_client != TLS_DONE)
			at_client = tls_step(&e->client);
		since = clock_tick().us;
		if (at_server != TLS_DONE)
			at_server = tls_step(&e->server);
		spent += clock_tick().us - since;
		MUST(at_server != TLS_BROKEN && at_client != TLS_BROKEN);
	}
	return spent;
}

static void
ends_close(struct ends *e)
{
	tls_done(&e->server);
	tls_done(&e->client);
	fd_close(&e->fd[0]);
	fd_close(&e->fd[1]);
}

static double
rate(enum place place, struct tls_context *client, int count)
{
	struct tls_context *server = server_at(place);
	int64_t spent = 0;

	for (int i = 0; i < count; i++) {
		struct ends e;

		spent += shake(&e, server, client);
		ends_close(&e);
	}
	tls_context_close(&server);
	return count * 1e6 / (double)spent;
}

static int
compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Rounds alternate between the places; the median counts. */
static void
measure_rates(enum x509_key kind, struct tls_context *client, int count)
{
	double rates[PLACES][ROUNDS];

	make_site(kind);
	start_keys();
	for (int round = 0; round < ROUNDS; round++)
		for (enum place p = 0; p < PLACES; p++)
			rates[p][round] = rate(p, client, count);
	channel_close(&to_keys);
	wait(NULL);
	for (enum place p = 0; p < PLACES; p++)
		qsort(rates[p], ROUNDS, sizeof rates[p][0], compare);
	printf("%-10s %8.0f %8.0f %8.0f   keys/native %.2f\n", kind_names[kind],
		rates[NATIVE][ROUNDS / 2], rates[PROVIDER][ROUNDS / 2],
		rates[PROCESS][ROUNDS / 2],
		rates[PROCESS][ROUNDS / 2] / rates[NATIVE][ROUNDS / 2]);
}

static long
resident_kib(void)
{
	long pages = 0, all;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f || fscanf(f, "%ld %ld", &all, &pages) != 2)
		exit(1);
	fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* The client forgets its side without a word; the server's stays. */
static void
measure_memory(struct tls_context *client)
{
	static struct ends all[IDLE];
	struct tls_context *server = server_at(PROVIDER);
	struct rlimit files = { 2 * IDLE + 64, 2 * IDLE + 64 };
	long before;

	setrlimit(RLIMIT_NOFILE, &files);
	shake(&all[0], server, client);
	tls_done(&all[0].client);
	before = resident_kib();
	for (int i = 1; i < IDLE; i++) {
		shake(&all[i], server, client);
		tls_done(&all[i].client);
	}
	printf("idle connection: %.1f KiB\n",
		(double)(resident_kib() - before) / (IDLE - 1));
	tls_context_close(&server);
}

/* --- for openssl s_time --------------------------------------------------- */

static void
wait_for(int fd, enum tls_status status)
{
	struct pollfd p = { fd, status == TLS_WANT_WRITE ? POLLOUT : POLLIN,
		0 };

	poll(&p, 1, 1000);
}

static void
serve_one(struct tls_context *server, int fd)
{
	struct tls t = { 0 };
	enum tls_status status;
	uint8_t room[1024];
	struct buf in = BUF(room);

	must_ok(fd_nonblocking(fd));
	must_ok(tls_accept_start(&t, server, fd));
	while ((status = tls_step(&t)) == TLS_WANT_READ ||
		status == TLS_WANT_WRITE)
		wait_for(fd, status);
	while (status == TLS_DONE || status == TLS_WANT_READ) {
		status = tls_read(&t, &in);
		if (status == TLS_WANT_READ)
			wait_for(fd, status);
		buf_clear(&in);
	}
	tls_done(&t);
	close(fd);
}

static int
serve(const char *place_name, uint16_t port)
{
	struct sockaddr_in here = { AF_INET, htons(port),
		{ htonl(INADDR_LOOPBACK) }, { 0 } };
	int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	enum place place = 0;
	struct tls_context *server;

	while (place < PLACES && strcmp(place_names[place], place_name) != 0)
		place++;
	if (place == PLACES)
		return 2;
	make_site(X509_EC_P256);
	start_keys();
	server = server_at(place);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(listener, (void *)&here, sizeof here) != 0 ||
		listen(listener, 100) != 0)
		return 1;
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0)
			serve_one(server, fd);
	}
}

int
main(int argc, char **argv)
{
	int count = argc == 2 ? (int)strtol(argv[1], NULL, 10) : 1000;
	struct tls_context *client;

	must_ok(tls_start());
	if (argc == 4 && strcmp(argv[1], "serve") == 0)
		return serve(argv[2], (uint16_t)strtol(argv[3], NULL, 10));
	must_ok(tls_context_client(false, SPAN_NONE, &client));
	printf("%-10s %8s %8s %8s   handshakes a second, server's side\n", "",
		place_names[NATIVE], place_names[PROVIDER],
		place_names[PROCESS]);
	for (enum x509_key k = X509_EC_P256; k <= X509_RSA_2048; k++)
		measure_rates(k, client,
			k == X509_RSA_2048 ? count / 4 : count);
	make_site(X509_EC_P256);
	measure_memory(client);
	return 0;
}
