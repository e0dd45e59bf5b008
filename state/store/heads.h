/* heads.h -- the counters that the next record is made from, in memory.
 *
 * The tables are behind the journal; an account's or a mailbox's head is ahead
 * of it.  A head whose last record has not been applied stays; others are read
 * from the tables again when they are needed.
 */
#pragma once

#include "state/store/rows.h"

#define HEADS 16384

struct head_of {
	struct box box;      /* mailbox 0: of the account itself           */
	uint64_t lsn;        /* of the last record that changed it         */
	uint64_t modseq;     /* account: last given out; mailbox: highest  */
	uint64_t octets;     /* account: of all its messages               */
	uint64_t messages;   /* account: how many                          */
	uint32_t next;       /* account: mailbox number; mailbox: uid      */
	uint32_t uidvalidity;
	bool exists;
	bool changed;        /* in this batch                              */
	uint32_t chain, used; /* of the table; a tick of its use           */
};

struct heads;

FALLIBLE heads_open(struct heads **out);
void heads_close(struct heads **h);

/* The head when it is here, else NULL. */
struct head_of *heads_peek(struct heads *h, struct box b);

/* A place for a head that is not here, zeroed, instead of one whose records
 * are all applied; the last few handed out stay.
 *
 * ipc_busy  there is none */
FALLIBLE heads_add(struct heads *h, struct box b, uint64_t applied,
	struct head_of **out);

/* Forget all. */
void heads_clear(struct heads *h);
