/* capacity.h -- what a machine was measured to do, and the limits that follow
 * (NC-2.1.8: "acceptable performance standards").
 *
 *	posthold performance standard 1
 *	host mail.agency.example
 *	measured 2026-11-24T13:00:00.000000Z
 *	messages-per-second 3100
 *	...
 *	signature 128 hexadecimal digits
 *
 * The signature is over every octet before its line, Ed25519 (RFC 8032).
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/fault.h"
#include "lib/base/time.h"
#include "lib/policy/limits.h"

#define CAPACITY_PERCENT 70 /* of what was measured: the most a limit is */
#define CAPACITY_SIGNATURE 64

enum capacity_value {
	CAPACITY_MESSAGES,    /* accepted and durable, in a second      */
	CAPACITY_CONNECTIONS, /* greeted and closed, in a second        */
	CAPACITY_OCTETS,      /* of large messages, in a second         */
	CAPACITY_P50_US,      /* from the end of data to its 250        */
	CAPACITY_P99_US,
	CAPACITY_SYNCS,    /* fdatasync of 4 KiB, in a second        */
	CAPACITY_SESSIONS, /* at which messages were measured        */
	CAPACITY_SIZE,     /* octets of these messages               */
	CAPACITY_TIME,        /* when, seconds since 1970               */
	CAPACITY_VALUES
};

struct capacity {
	uint64_t values[CAPACITY_VALUES];
	uint8_t signature[CAPACITY_SIGNATURE];
	size_t signed_len; /* octets of the text that are signed */
};

/* "messages-per-second" and so on. */
const char *capacity_name(enum capacity_value v);

/* Everything but the line of the signature. */
bool put_capacity(struct buf *b, const struct capacity *c, struct span host,
	struct instant now);
bool put_capacity_signature(
	struct buf *b, const uint8_t signature[CAPACITY_SIGNATURE]);

/* capacity_syntax  it is no such text; the signature is not looked at */
FALLIBLE capacity_parse(struct span text, struct capacity *out);

/* The most that limit `n` may be; UINT64_MAX when the capacity says nothing
 * about what it counts. */
uint64_t capacity_limit(const struct capacity *c, enum limit_number n);
