/* apply_parts.h -- one function a type of record; apply.c only. */
#pragma once

#include "state/store/apply.h"

typedef const struct fault *apply(struct tables *t, struct record_at at,
	const struct record *r);

/* apply_mailbox.c */
apply apply_account, apply_mailbox, apply_renamed, apply_subscribed,
	apply_keyword;

/* apply_message.c */
apply apply_message, apply_copy, apply_flags, apply_expunge,
	apply_mailbox_gone;
