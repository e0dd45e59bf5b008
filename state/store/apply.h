/* apply.h -- put one record of the journal into the tables.
 *
 * Used behind the acknowledgement and, with the same result, when the journal
 * is replayed.
 */
#pragma once

#include "state/store/record.h"
#include "state/store/rows.h"

/* Where a record stands. */
struct record_at {
	uint64_t lsn;
	uint64_t place; /* where the journal finds it again */
};

/* record_damaged  it does not fit to what was applied before */
FALLIBLE record_apply(struct tables *t, struct record_at at,
	const struct record *r);

/* The mailboxes that an account has from its first use, numbered from
 * BOX_INBOX on. */
struct usual_mailbox {
	const char *name;
	uint32_t bits; /* enum mailbox_bit */
};

#define USUAL_MAILBOXES 5
extern const struct usual_mailbox usual_mailboxes[USUAL_MAILBOXES];
