/* imap.h -- the process of one logged-in session.
 *
 * It has the plain octets of one client and a channel to the store that leads
 * to one account.  Nothing else: a taken-over session gets its own mail.
 */
#pragma once

#include "lib/imap/session.h"
#include "proc/imap/shown.h"
#include "sys/body.h"
#include "sys/role.h"
#include "sys/stream.h"

struct imap {
	struct role_process *role;
	struct imap_session *engine;
	struct stream *client;
	struct timer *idle;
	struct channel *store, *scan, *queue; /* NULL: away */
	uint64_t session;
	uint32_t account;

	/* the question that is on its way; 0: none */
	uint32_t serial, asked;
	const struct channel *whom;
	uint32_t mailbox; /* number of the selected one */
	struct shown_views views;
	struct ahead ahead[FETCH_MESSAGE + 1]; /* by enum fetch_what */
	struct body append;
	bool running, over;
};

/* Go on: run the engine, send its output, ask its questions. */
void imap_pump(struct imap *i);

/* ask.c: carry what the engine asks for to the store.  A fault is its answer;
 * OK with i->asked = 0 means it was answered on the spot. */
FALLIBLE ask_for(struct imap *i, const struct imap_ask *ask);

/* Ask for those octets alone, where the whole message does not come ahead: it is
 * too long. */
FALLIBLE ask_piece(struct imap *i, const struct imap_ask *ask);

/* The fields of a new question of `type`. */
struct head ask_head(struct imap *i, uint32_t type);

/* Is this the answer that is waited for?  It is not any more afterwards. */
bool ask_is_answered(struct imap *i, const struct head *head);

/* append.c */
FALLIBLE append_begin(struct imap *i, uint64_t len);
FALLIBLE append_end(struct imap *i);
void append_spool_came(struct imap *i, const struct spool_file *m, int fd);
void append_verdict_came(struct imap *i, const struct scan_answer *m);

/* answer.c: what the store and scan say. */
extern const struct handlers imap_handlers;
