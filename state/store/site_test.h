/* site_test.h -- a store on a temporary directory, for the tests of this
 * folder. */
#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/test.h"
#include "state/journal/journal.h"
#include "state/store/core.h"
#include "sys/crypto.h"
#include "sys/fd.h"
#include "sys/file.h"

struct site {
	char path[64];
	int directory;
	struct store_setup setup;
	struct store *store;
	struct store_facts facts;
	struct mac_key key;
	uint64_t told; /* changes that were told */
};

static inline void
site_told(void *owner, struct box b, uint64_t modseq)
{
	struct site *x = owner;

	(void)b;
	(void)modseq;
	x->told++;
}

static inline const struct fault *
site_open(struct site *x)
{
	const struct fault *f = store_open(&x->setup, &x->store, &x->facts);

	if (!f)
		store_set_key(x->store, &x->key);
	return f;
}

static inline void
site_make(struct site *x)
{
	*x = (struct site){ .path = "/tmp/store-test-XXXXXX" };
	CHECK_FAULT(crypto_start(), OK);
	mac_start();
	mac_key_make(&x->key);
	CHECK(mkdtemp(x->path) != NULL);
	x->directory = open(x->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(x->directory >= 0);
	x->setup = (struct store_setup){ .directory = x->directory,
		.segment_size = 8u << 20,
		.min_free = 1,
		.max_mailbox = 1u << 30,
		.changed = site_told,
		.owner = x };
}

static inline void
site_close(struct site *x)
{
	store_close(&x->store);
}

static inline void
site_reopen(struct site *x)
{
	site_close(x);
	CHECK_FAULT(site_open(x), OK);
}

static inline void
site_unlink(void *arg, const char *name)
{
	struct site *x = arg;

	unlinkat(x->directory, name, 0);
}

static inline void
site_remove(struct site *x)
{
	site_close(x);
	CHECK_FAULT(file_each(x->directory, site_unlink, x), OK);
	fd_close(&x->directory);
	rmdir(x->path);
}

/* A body with its verdict. */
struct sample {
	struct store_message message;
	struct verdict verdict;
	int fd;
};

static inline void
sample_make(const struct site *x, struct span body, struct sample *out)
{
	struct verdict *v = &out->verdict;

	memset(out, 0, sizeof *out);
	v->size = body.len;
	v->outcome = OUTCOME_CLEAN;
	sha256(body, v->sha256);
	mac_make(&x->key, span_at(v, TOKEN_SIGNED(struct verdict)), v->mac);
	CHECK_FAULT(fd_memory_of("sample", body, &out->fd), OK);
	out->message = (struct store_message){ .fd = out->fd,
		.size = body.len,
		.idate_us = 1796000000000000,
		.verdict = v };
}

static inline const struct fault *
deliver_to(struct site *x, struct span body, const uint32_t *accounts,
	size_t count)
{
	struct store_rcpt rcpts[32] = { 0 };
	struct sample m;
	const struct fault *f;
	uint64_t id;

	sample_make(x, body, &m);
	for (size_t i = 0; i < count; i++)
		rcpts[i] = (struct store_rcpt){ .account = accounts[i],
			.address = SPAN("alice@agency.example") };
	f = store_deliver(x->store, &m.message, SPAN("bob@else.example"), rcpts,
		count, &id);
	fd_close(&m.fd);
	return f;
}

#define MAIL SPAN("From: bob@else.example\r\nSubject: one\r\n\r\nbody\r\n")

static inline const struct fault *
deliver(struct site *x, uint32_t account)
{
	return deliver_to(x, MAIL, &account, 1);
}

/* All uids. */
static inline struct span
everything(uint8_t room[8])
{
	struct buf b = { room, 0, 8 };

	CHECK(put_range(&b, (struct uid_span){ 1, UINT32_MAX }));
	return buf_view(&b);
}
