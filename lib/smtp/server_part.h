/* server_part.h -- what the parts of the server engine share. */
#pragma once

#include "lib/base/base64.h"
#include "lib/base/must.h"
#include "lib/smtp/command.h"
#include "lib/smtp/reply.h"
#include "lib/smtp/server.h"

/* smtp_run goes on only while a whole reply fits, so a put cannot fail.  The
 * longest is a SASL message. */
#define SMTP_ROOM (BASE64_LENGTH(SMTP_CHALLENGE_MAX) + 64)

/* server.c */
void smtp_say(struct smtp_server *s, unsigned code, const char *enhanced,
	const char *text);

/* End the session; what is in the output still goes out. */
void smtp_close_with(struct smtp_server *s, const struct fault *f);

/* The reply to the end of data was put at `start` of the output: LMTP says it
 * once for each recipient (RFC 2033 section 4.2). */
void smtp_answered_data(struct smtp_server *s, size_t start);

/* A refused command: say why; too many end the session. */
void smtp_refuse(struct smtp_server *s, const struct fault *f);

/* The host has to do something; then the state is `next`. */
void smtp_ask(struct smtp_server *s, enum smtp_ask_verb verb,
	enum smtp_state next);

/* Leave the transaction, if any, for `next`; the host hears of it. */
void smtp_forget_for(struct smtp_server *s, enum smtp_state next);

/* The only place that ends a transaction. */
void smtp_txn_reset(struct smtp_server *s);

/* The line may have been a password, or a SASL message; nobody needs it any
 * more. */
void smtp_wipe_line(struct smtp_server *s);

/* It is a command that leads nowhere; true: one too many, it is over. */
bool smtp_is_idle(struct smtp_server *s);

/* server_auth.c */

/* A credential came in clear; `argument` of AUTH. */
void smtp_burn(struct smtp_server *s, struct span argument);
FALLIBLE smtp_auth(struct smtp_server *s, struct span argument);

/* A line in SMTP_IN_AUTH. */
void smtp_sasl_line(struct smtp_server *s, struct span line);

/* server_data.c */
FALLIBLE smtp_data(struct smtp_server *s, struct span argument);

FALLIBLE smtp_bdat(struct smtp_server *s, struct span argument);

/* One step of the message or of a chunk; false when there is nothing to do. */
bool smtp_read_data(struct smtp_server *s, struct span *in);
bool smtp_read_chunk(struct smtp_server *s, struct span *in);

/* The host's answer to SMTP_ASK_BODY for a chunk. */
void smtp_chunk_begin(struct smtp_server *s, const struct fault *f);

/* The message is over, kept or refused: the host has forgotten it. */
void smtp_end_txn(struct smtp_server *s);
