/* fault.h -- why an operation did not succeed.
 *
 * A function that can fail returns NULL when it succeeded, or the address of
 * one row of faults.def.  A row says whose fault it is and what the peer is
 * told, so callers compare addresses and never read text.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum blame {
	BLAME_PEER,  /* the peer broke its protocol: answer, go on          */
	BLAME_LATER, /* a resource is short: the peer may try again         */
	BLAME_HERE,  /* our disk or configuration: tell the operator        */
	BLAME_BUG,   /* cannot happen: stop this process, keep the evidence */
};

struct fault {
	const char *name; /* stable in logs and tests, "line_too_long"  */
	enum blame blame;
	uint16_t smtp;        /* reply code, RFC 5321 section 4.2           */
	const char *enhanced; /* status code, RFC 3463, "5.5.2"             */
	const char *text;     /* what the peer reads: ASCII, no CR, no LF   */
};

#define FALLIBLE __attribute__((warn_unused_result)) const struct fault *
#define OK       ((const struct fault *)0)

#define FAULT(name, ...) extern const struct fault fault_##name;
#include "lib/base/faults.def"
#undef FAULT

/* A fault's number, for messages between processes: 0 is OK, rows count from
 * 1 in the order of faults.def.  fault_row gives NULL for 0 and
 * &fault_ipc_malformed for a number that no row has. */
uint16_t fault_number(const struct fault *f);
const struct fault *fault_row(uint16_t number);

/* Leave the function with its callee's fault.  The only macro that returns. */
#define TRY(call)                                  \
	do {                                       \
		const struct fault *try_ = (call); \
		if (try_)                          \
			return try_;               \
	} while (0)

/* Run close(&variable) when the variable leaves its scope. */
#define OWNED(close) __attribute__((cleanup(close)))
