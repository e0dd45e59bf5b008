/* command.h -- the grammar of a command line, RFC 5321 section 4.1.1. */
#pragma once

#include "lib/mail/address.h"
#include "lib/smtp/server.h"

/* command = verb [SP argument].  The verb is letters; no octet of the line is a
 * control character.
 *
 * verb_argument  a control character
 * verb_unknown   no verb */
FALLIBLE command_split(struct span line, struct span *verb,
	struct span *argument);

/* Printable ASCII without blanks? */
bool command_is_graphic(struct span s);

struct command_mail {
	struct span path; /* SPAN_NONE: the null sender <> */
	struct address address;
	uint64_t size; /* 0: not said */
	bool utf8;     /* SMTPUTF8 was said */
	enum dsn_return ret;
	struct span envid; /* xtext, SPAN_NONE: not said */
};

/* "FROM:" Reverse-path [SP Mail-parameters]: SIZE (RFC 1870), BODY (RFC 6152),
 * AUTH (RFC 4954), SMTPUTF8 (RFC 6531), RET and ENVID (RFC 3461).  BODY is not
 * kept, the octets tell; nor is AUTH: nobody is trusted in it.
 *
 * address_syntax, address_8bit, verb_argument, parameter_unknown */
FALLIBLE command_mail(struct span argument, struct command_mail *out);

struct command_rcpt {
	struct span path;
	struct address address;
	bool postmaster; /* <postmaster>, RFC 5321 section 4.1.1.3 */
	unsigned notify; /* 0: not said */
	struct span orcpt; /* SPAN_NONE: not said */
};

/* "TO:" Forward-path [SP Rcpt-parameters]: NOTIFY and ORCPT (RFC 3461).
 *
 * utf8  SMTPUTF8 was said to MAIL */
FALLIBLE command_rcpt(struct span argument, bool utf8,
	struct command_rcpt *out);

struct command_bdat {
	uint64_t size;
	bool last;
};

/* chunk-size [SP "LAST"], RFC 3030 section 2.
 *
 * verb_argument */
FALLIBLE command_bdat(struct span argument, struct command_bdat *out);

/* mechanism [SP initial-response], RFC 4954 section 4.
 *
 * binding  SCRAM-SHA-256-PLUS can be used
 * initial  SPAN_NONE if there is none
 *
 * auth_mechanism, verb_argument */
FALLIBLE command_auth(struct span argument, bool binding,
	enum smtp_mechanism *mechanism, struct span *initial);
