/* shown.h -- memory that the store showed: views of a mailbox, and messages
 * that were fetched ahead. */
#pragma once

#include "lib/imap/session.h"
#include "trust/messages.h"

#define SHOWN_VIEWS 4 /* the engine holds three at most */

struct shown_view {
	const void *at; /* NULL: free */
	size_t size;
};

struct shown_views {
	struct shown_view view[SHOWN_VIEWS];
};

/* Map the memory of a view_told and describe it to the engine.  `keyword` has
 * room for KEYWORDS_MAX names.
 *
 * ipc_malformed  the memory is not what the message says */
FALLIBLE shown_view_map(struct shown_views *s, const struct view_told *told,
	int fd, struct imap_view *out, struct span *keyword);

/* Unmap what the engine does not use any more. */
void shown_views_trim(struct shown_views *s, const struct imap_session *engine);

/* Messages or indexes of a set that came in one piece of memory. */
struct ahead {
	const uint8_t *at; /* NULL: nothing */
	size_t size;
	uint32_t mailbox, count;
	size_t at_offset; /* where the last one that was found begins */
	uint32_t at_uid;  /* and its uid; 0: none yet */
};

/* Keep the memory of a store_fetched; the one before is unmapped.
 *
 * ipc_malformed  as above */
FALLIBLE ahead_keep(struct ahead *a, const struct store_fetched *told, int fd,
	uint32_t mailbox);
void ahead_forget(struct ahead *a);

/* The octets of message `uid`; SPAN_NONE when they did not come.  Fast for uids
 * that rise from call to call. */
struct span ahead_find(struct ahead *a, uint32_t mailbox, uint32_t uid);
