/* schema.h -- every setting as one row of one table.
 *
 * The parser, the defaults, `posthold conf explain`, the manual page and the
 * fuzz dictionary all come from these rows, so none of them can be out of
 * date.  A setting that has no row does not exist.
 */
#pragma once

#include "lib/conf/site.h"

enum section {
	SECTION_TOP,
	SECTION_PERMIT, /* labelled by its service, may be repeated */
	SECTION_RELAY,
	SECTION_SEND,
	SECTION_LIMITS,
	SECTION_DNS,
	SECTIONS
};

struct section_row {
	const char *name; /* "" for the top */
	const char *help;
};

enum kind {
	KIND_HOST,      /* char[256]: a domain name, stored in lower case     */
	KIND_PATH,      /* char[256]: absolute, without "." and ".." parts    */
	KIND_TEXT,      /* char[n]: printable ASCII                           */
	KIND_NUMBER,    /* uint16_t, uint32_t or uint64_t                     */
	KIND_SIZE,      /* the same, octets: 25M; K, M and G are powers of 2  */
	KIND_TIME,      /* int64_t microseconds: 30s, 5m, 1h, 5d              */
	KIND_YESNO,     /* uint32_t                                           */
	KIND_CHOICE,    /* uint32_t: index into `unit`, "one|two"             */
	KIND_ADDRESS,   /* uint8_t[16]                                        */
	KIND_DATE,      /* int64_t microseconds: the start of a day, UTC      */
	KIND_MAILBOX,   /* char[328]: an address, no literal                  */
	KIND_SMARTHOST, /* struct site_smarthost: "name:port" or
			 * "name:port sha256=..."                             */
	KIND_SCHEDULE,  /* int64_t[SITE_SCHEDULE] and, in `also`, the count   */
	KIND_ROUTE,     /* struct site_route: "to example.org via mx tls required" */
	KIND_STUB,      /* struct site_stub: "zone address" or "zone address port" */
};

/* What a change of the setting needs. */
enum reload {
	RELOAD_LIVE,    /* SIGHUP is enough                         */
	RELOAD_SOCKETS, /* SIGHUP; sockets are closed and opened    */
	RELOAD_START,   /* stop and start                           */
};

struct setting {
	enum section section;
	const char *name;
	enum kind kind;
	size_t at;           /* offset in struct site or site_permit      */
	size_t size;         /* octets of one value                       */
	size_t also;         /* offset of a second member, see the kind   */
	uint32_t most;       /* > 0: a list, at most so many; `also` is
			      * the offset of its uint32_t count          */
	const char *initial; /* as an operator writes it; NULL: must be
			      * given; "": may be left out                */
	uint64_t min, max;   /* of the number, size, or time in seconds   */
	const char *unit;    /* printed behind the range                  */
	enum reload reload;
	const char *reference; /* clauses and RFC sections                */
	const char *help;      /* one or two sentences                    */
};

/* How many rows there are; row `i` < that; the row of that name or NULL. */
size_t settings_count(void);
const struct setting *setting_row(size_t i);
const struct setting *setting_find(enum section section, struct span name);

const struct section_row *section_row(enum section section);

/* SECTIONS when no section is called so; never SECTION_TOP. */
enum section section_find(struct span name);

/* The name nearest to a mistyped one: a setting of the section, or a section
 * when `section` is SECTION_TOP; NULL when nothing is near. */
const char *setting_nearest(enum section section, struct span name);

/* "relay" or "limits": another section that has a setting of this name;
 * SECTIONS when none has. */
enum section setting_elsewhere(enum section section, struct span name);
