/* relay.h -- hands messages to other servers over connections that dial made.
 *
 * A job comes from the queue, its connection from dial, in either order; both
 * carry the job's number.  When a job is done its connection waits a while for
 * another one to the same place.
 */
#pragma once

#include "lib/base/arena.h"
#include "lib/smtp/client.h"
#include "sys/pool.h"
#include "sys/role.h"
#include "sys/stream.h"

#define JOBS_MAX        1024
#define CONNECTIONS_MAX 1024
#define IDLE_US         SECONDS(10)
#define DIALLING_US     MINUTES(6) /* dial gives up before */
#define QUEUE_US        MINUTES(1) /* for the queue to read what it is told */
#define ANSWER_US       MINUTES(5) /* RFC 5321 section 4.5.3.2 */
#define FINAL_US        MINUTES(10)

#define LOGIN_MAX       400 /* octets of a login and its password */

struct relay {
	struct role_process *role;
	struct tls_context *any, *verified;
	struct pool *jobs, *connections;
	struct buf login; /* SASL PLAIN; empty: none */
	uint8_t login_storage[LOGIN_MAX];
	struct arena_pool arenas;
	bool stopping;
};

struct connection;

/* A message and its recipients for one place. */
struct job {
	uint64_t id;
	struct connection *connection; /* NULL: not there yet */
	int body;
	uint64_t reuse; /* connection that the queue wants for it, or 0 */
	uint32_t slot, expected; /* recipients that the queue announced */
	struct timer *patience;
	struct arena arena;
	struct client_job message;
	struct client_rcpt rcpts[CLIENT_RCPTS_MAX];
};

struct connection {
	struct relay *relay;
	uint64_t id; /* the number of its first job */
	uint32_t slot;
	struct job *job; /* NULL: idle */
	struct stream *stream;
	struct span host; /* expected in the certificate */
	uint16_t port;
	uint32_t tls;
	bool running, used_up; /* used_up: not for another job */
	struct smtp_client client;
	uint8_t host_text[NAME_MAX_];
};

/* job.c */
struct job *job_find(struct relay *r, uint64_t id);
void job_open(struct relay *r, const struct relay_job *m, int body);
void job_add_rcpt(struct relay *r, const struct relay_rcpt *m);
void job_drop(struct relay *r, uint64_t id);

/* Begin once the message is whole and a connection is there. */
void job_begin(struct relay *r, struct job *j);
/* Tell the queue. */
void relay_say(struct relay *r, const void *message);
void job_tell(struct relay *r, const struct job *j, size_t rcpt,
	const struct response *response);

/* Every recipient gets `why`, then the job is forgotten. */
void job_fail(struct relay *r, struct job *j, const char *why);
void job_close(struct relay *r, struct job *j);

/* Is all of it here? */
static inline bool
job_is_whole(const struct job *j)
{
	return j->message.count == j->expected;
}

/* connection.c */
void connection_open(struct relay *r, const struct dial_connected *m, int fd);
struct connection *connection_find(struct relay *r, uint64_t id);

/* Give a connection its job and go on. */
void connection_take(struct connection *c, struct job *j);
void connection_close_idle(struct relay *r);
