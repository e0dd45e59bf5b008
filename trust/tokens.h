/* tokens.h -- statements that one process makes and another can verify.
 *
 * A token carries a MAC (sys/mac.h) over all octets before its `mac` member.
 * The process in between carries it but cannot make or change one: that is why
 * a fault in `mx` can neither skip the scanner nor open a relay.
 *
 * Keys are drawn by master at its start, 32 random octets a kind, and handed
 * only to the makers and verifiers that the table below names.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define TOKEN_MAC 32 /* octets of a MAC and of its key */

enum secret_kind {
	/* made by scan; verified by store and queue.  On a host that only sends
	 * made by local: the verdict is left to the smarthost */
	SECRET_VERDICT = 1,
	/* made by auth; verified by queue.  On a host that only sends made by
	 * local, which saw who the program is */
	SECRET_GRANT = 2,
	SECRETS
};

#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"

enum outcome {
	OUTCOME_NONE,     /* no statement: refuse                    */
	OUTCOME_CLEAN,    /* every engine looked and found nothing   */
	OUTCOME_INFECTED, /* `name` says what was found              */
	OUTCOME_UNSCANNABLE,
	OUTCOME_ELSEWHERE, /* NC-2.1.9: the primary server looks */
};

/* What scan found in one message body, NC-2.3.2. */
struct verdict {
	uint8_t sha256[32];   /* of the octets that were looked at          */
	uint64_t size;        /* how many they were                         */
	int64_t time_us;      /* struct instant of the verdict              */
	int64_t signature_us; /* age of the engine's signatures; 0 unknown  */
	uint32_t outcome;     /* enum outcome                               */
	uint32_t engines;     /* bit set of the engines that answered       */
	uint8_t name[64];     /* of what was found, NUL padded, printable   */
	uint8_t mac[TOKEN_MAC];
};

#define ENGINE_CLAMD 1u

/* The right to hand in mail for remote recipients, NC-2.1.5.  A successful login
 * makes one, which ends with its session and when the account's epoch becomes
 * another one; or a permit for the client's address (footnote 3), which is asked
 * for again with each message. */
struct grant {
	uint64_t session;   /* the session that logged in               */
	int64_t expires_us; /* struct instant                           */
	uint32_t account;   /* whose login it was                       */
	uint32_t kind;      /* enum grant_kind                          */
	uint32_t epoch;     /* of the account then, sys/epochs.h        */
	uint32_t zero;
	uint8_t mac[TOKEN_MAC];
};

enum grant_kind {
	GRANT_NONE,
	GRANT_SASL, /* a credential was proven on an encrypted channel */
	GRANT_ADDR, /* a listed address; account: who reads its reports  */
	GRANT_LOCAL, /* NC-2.1.9: a program of this host; account: its uid */
	GRANT_KINDS
};

#define GRANT_BIT(kind) (1u << (kind))

#pragma GCC diagnostic pop

/* The octets a MAC is made over. */
#define TOKEN_SIGNED(type) offsetof(type, mac)
