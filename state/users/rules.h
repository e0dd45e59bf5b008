/* rules.h -- which names and passwords an account may have.
 */
#pragma once

#include "lib/base/fault.h"
#include "lib/base/buf.h"
#include "lib/base/time.h"

/* What a password must be (NC-2.0.fn2).  The order is that of the setting
 * password-policy. */
enum password_profile { PASSWORD_SP800_63B, PASSWORD_NC_2008 };

struct password_policy {
	size_t shortest;  /* octets                                          */
	unsigned kinds;   /* of small, capital letters, digits, other: these */
	uint32_t history; /* earlier passwords that it must not be           */
	int64_t max_age_us; /* 0: it has none                                */
	uint32_t lock_after; /* wrong passwords that lock their source       */
};

const struct password_policy *password_policy(enum password_profile p);

/* login = 2*63( a-z / 0-9 / "." / "-" / "_" ), beginning with a letter, in
 * lower case.
 *
 * user_name_refused  another form
 * user_reserved      an account that systems come with (NC-2.1.2) or a role
 *                    address (RFC 2142): those are aliases of a person */
FALLIBLE login_admit(struct span login);

/* The name of an app password: as of a login, one octet and more, none reserved.
 *
 * user_name_refused */
FALLIBLE app_name_admit(struct span name);

/* The pure question, for `posthold check`. */
bool login_is_reserved(struct span login);

/* Append an address as it is stored and compared: the canonical form of
 * lib/mail/address.h.
 *
 * user_name_refused  no mailbox, or at an address literal
 * users_full         no room in `out` */
FALLIBLE put_user_address(struct buf *out, struct span address);

/* As the policy says, and in any case at most PASSWORD_LONGEST octets of
 * printable ASCII that are not the login, a run or repetition, or a common
 * password with some digits (NIST SP 800-63B section 5.1.1.2; NC-2.0.fn2).
 *
 * password_weak  *why says what is wrong */
FALLIBLE password_admit(const struct password_policy *p, struct span password,
	struct span login, const char **why);
