#include "state/store/apply_parts.h"

const struct usual_mailbox usual_mailboxes[USUAL_MAILBOXES] = {
	{ "INBOX", 0 },
	{ "Drafts", MAILBOX_DRAFTS },
	{ "Sent", MAILBOX_SENT },
	{ "Junk", MAILBOX_JUNK },
	{ "Trash", MAILBOX_TRASH },
};

static apply *const applies[RECORDS] = {
	[RECORD_ACCOUNT] = apply_account,
	[RECORD_MESSAGE] = apply_message,
	[RECORD_COPY] = apply_copy,
	[RECORD_FLAGS] = apply_flags,
	[RECORD_EXPUNGE] = apply_expunge,
	[RECORD_MAILBOX] = apply_mailbox,
	[RECORD_MAILBOX_GONE] = apply_mailbox_gone,
	[RECORD_RENAMED] = apply_renamed,
	[RECORD_SUBSCRIBED] = apply_subscribed,
	[RECORD_KEYWORD] = apply_keyword,
};

FALLIBLE
record_apply(struct tables *t, struct record_at at, const struct record *r)
{
	return applies[r->type] ? applies[r->type](t, at, r)
				: &fault_record_unknown;
}
