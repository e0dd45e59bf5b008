/* addresses.h -- who is behind the addresses that are no account's, and what
 * else an account or a host may do: the file of addresses.
 *
 *	alias postmaster@agency.example {
 *		to       alice@agency.example
 *	}
 *	group staff@agency.example {
 *		to       alice@agency.example
 *		to       bob@agency.example
 *		senders  members
 *	}
 *
 * It has the syntax of the settings file (conf.h): sections with a label, a
 * name and a value on each line.  What gives more than the usual (a catch-all)
 * is a permit with reason, owner and expiry, and does nothing once it expired.
 * A target is an account's address, an alias or a group; that is all: mail is
 * not forwarded to other domains (NC-2.1.6).
 *
 * The result is views into memory of the caller: one struct, no heap.
 */
#pragma once

#include "lib/base/fault.h"
#include "lib/base/table.h"
#include "lib/conf/errors.h"
#include "lib/conf/site.h"
#include "lib/mail/address.h"

#define ADDRESSES_LARGEST (4 << 20) /* octets of the file                   */
#define ENTRIES_MOST      10000
#define TARGETS_MOST      50000     /* of all entries                       */
#define TARGETS_DEEP      10        /* aliases behind one another           */
#define TARGETS_WIDE      1000      /* mailboxes that one address leads to  */
#define DELEGATED_MOST    12        /* addresses that one login is given    */
#define RELAY_SENDERS     16        /* addresses that a relay may send as   */
#define ENTRY_NONE        UINT32_MAX

enum entry_kind {
	ENTRY_ALIAS,     /* address -> one or more                    */
	ENTRY_GROUP,     /* the same, and who may send to it          */
	ENTRY_CATCH_ALL, /* a domain's unknown recipients, a permit   */
	ENTRY_SEND_AS,   /* logins that may send in its name, a permit */
	ENTRY_RELAY,     /* a host that may relay, a permit            */
	ENTRY_KINDS
};

/* Who may send to a group.  All but the first are logins of submission: what an
 * envelope says from outside proves nothing. */
enum group_senders {
	SENDERS_ANYBODY,
	SENDERS_LOGINS,  /* every account                              */
	SENDERS_MEMBERS, /* accounts that it leads to                  */
	SENDERS_LISTED,  /* accounts that bear a `sender` of the entry */
};

struct entry {
	uint32_t kind, line; /* of its section in the file, from 1   */
	struct span name;    /* canonical address; of a catch-all "@domain",
			      * of a relay "<" and its name, of
			      * a send-as " " and the address         */
	uint32_t first, count; /* of its targets                     */
	uint32_t senders;    /* enum group_senders                   */
	uint32_t reach;      /* mailboxes behind it, at most         */
	uint32_t height;     /* aliases behind one another           */
	uint32_t zero;
	int64_t expires_us;  /* 0: not a permit                      */
	uint8_t from[16];    /* of a relay: its addresses begin so    */
	uint32_t bits, pad;
	char reason[128];
	char owner[64];
};

struct target {
	struct span address; /* canonical; of a send-as a login        */
	uint32_t entry;      /* the alias or group, or ENTRY_NONE      */
	uint32_t line;
	bool is_sender;      /* may send to the group; gets nothing    */
};

struct addresses {
	uint32_t entries_count, targets_count;
	struct entry entries[ENTRIES_MOST];
	struct target targets[TARGETS_MOST];
	struct table table; /* of entries, by name */
	struct table_slot slots[ENTRIES_MOST];
	struct buf text; /* canonical forms */
	uint8_t text_storage[3 * ADDRESSES_LARGEST]; /* each at most thrice */
};

/* An empty one: no entry is found. */
void addresses_init(struct addresses *a);

/* Read a whole file.
 *
 * site    says which domains are represented
 * now     decides which permits have expired
 * errors  every error and warning, by line
 *
 * conf_refused  errors->refused is not 0; `out` is empty then */
FALLIBLE addresses_parse(struct span text, const struct site *site,
	struct instant now, struct addresses *out, struct conf_errors *errors);

/* The alias or group of that canonical address; NULL when there is none. */
const struct entry *addresses_find(const struct addresses *a,
	struct span address);

/* The catch-all of a domain, if there is one that is in force. */
const struct entry *addresses_catch_all(const struct addresses *a,
	struct span domain, struct instant now);

/* Everything that an entry leads to and that is no alias or group, once for
 * each way; the order of the file.  `visit` gets canonical addresses, at most
 * e->reach of them; before those of a group `admit` may refuse the group, and
 * then the result is false. */
typedef void addresses_visit(void *owner, struct span address);
typedef bool addresses_admit(void *owner, const struct entry *group);
bool addresses_expand(const struct addresses *a, const struct entry *e,
	addresses_visit *visit, addresses_admit *admit, void *owner);

/* The addresses that a login may use besides its own, by permits that are in
 * force. */
void addresses_delegated(const struct addresses *a, struct span login,
	struct instant now, addresses_visit *visit, void *owner);

/* The entry that lets this address relay, if there is one in force (NC-2.1.5,
 * footnote 3); its `sender` lines are what it may send as. */
const struct entry *addresses_relay(const struct addresses *a,
	const uint8_t peer[16], struct instant now);

/* The name of a relay, as the file has it. */
struct span relay_name(const struct entry *e);

/* The `sender` lines of a group or relay. */
void addresses_senders(const struct addresses *a, const struct entry *e,
	addresses_visit *visit, void *owner);

/* Append the manual page posthold-addresses(5). */
bool put_addresses_manual(struct buf *b);

/* For addresses.c and addresses_parse.c: loops, depth and width. */
void addresses_judge(struct addresses *a, struct conf_errors *errors);
