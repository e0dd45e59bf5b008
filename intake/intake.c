/* intake.c -- the life of mx and of submission. */
#include "intake/intake.h"

#include <stdlib.h>

#include "lib/base/number.h"
#include "lib/smtp/reply.h"
#include "sys/fd.h"
#include "sys/keys.h"
#include "sys/log.h"
#include "sys/tls_files.h"

/* Envelopes and logins of all sessions together. */
#define ARENAS MiB(256)

static struct intake process;

static void
describe_permit(struct intake *in, uint32_t i)
{
	const struct site *s = site_of(in->role);
	uint32_t service = s->permits[i].service;

	in->profiles[i] = (struct smtp_profile){
		.host = SITE_TEXT(s->host),
		.submission = in->submission,
		.burns = true,
		.tls_from_start = service == SERVICE_SUBMISSIONS,
		.tls_offered = in->tls != NULL,
		.max_message = s->max_message,
		.max_rcpts = s->max_recipients,
		.max_messages = s->max_messages,
	};
}

static void
describe_permits(void *owner)
{
	struct intake *in = owner;

	for (uint32_t i = 0; i < site_of(in->role)->permits_count; i++)
		describe_permit(in, i);
}

static void
prepare(void *owner, struct role_process *r)
{
	struct intake *in = owner;
	const struct site *s = site_of(r);
	void *arenas = pool_storage(ARENAS);

	in->role = r;
	list_init(&in->strangers);
	if (!arenas || tls_start() ||
		pool_open(sizeof(struct session), s->max_sessions,
			&in->sessions))
		exit(EXIT_FAULT);
	arena_pool_init(&in->arenas, arenas, ARENAS);
	keys_use(keys_over_channel, &in->keys);
	describe_permits(in);
}

static void
take_file(void *owner, enum file_purpose purpose, uint32_t number, int fd)
{
	OWNED(fd_close) int file = fd;
	struct intake *in = owner;

	(void)number;
	if (purpose == FILE_CLIENT_CA)
		tls_files_client_ca(file);
	if (purpose != FILE_CERTIFICATE)
		return;
	if (tls_files_context(site_of(in->role), file, SPAN_NONE,
		    in->submission, &in->tls))
		LOG(EV_TLS_REFUSED, 0, log_text(SPAN("certificate")));
	describe_permits(in);
}

static void
linked(void *owner, struct channel *c, const struct link_given *m)
{
	struct intake *in = owner;

	(void)m;
	if (channel_peer(c) == KEYS)
		in->keys = c;
}

static void
unlinked(void *owner, struct channel *c)
{
	struct intake *in = owner;

	if (in->keys == c)
		in->keys = NULL;
	session_lost(in, c);
}

static void
stop(void *owner)
{
	struct intake *in = owner;

	in->stopping = true;
	acceptor_unlisten_all(role_acceptor(in->role));
	session_stop_all(in);
}

static void
put_refusal_text(struct buf *out, const struct fault *why)
{
	(void)put_reply_fault(out, why);
}

static const struct role_hooks hooks = {
	.prepare = prepare,
	.clients = { .accept = session_open, .refusal = put_refusal_text,
		.busy = limit_is_busy,
		.place = session_make_place },
	.file = take_file,
	.linked = linked,
	.unlinked = unlinked,
	.site = describe_permits,
	.stop = stop,
};

int
intake_main(enum role self)
{
	struct intake *in = &process;
	struct role_process *r;

	in->submission = self == SUBMISSION;
	r = role_start(self, &intake_handlers, &hooks, in);
	role_sandbox(r);
	return role_run(r);
}
