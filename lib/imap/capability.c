/* Apart from the commands, so that the login does not link a session. */
#include "lib/imap/session.h"

#include "lib/base/number.h"

static const struct {
	unsigned permit;
	const char *name;
} capabilities[] = {
	{ IMAP_UIDPLUS, " UIDPLUS" },
	{ IMAP_MOVE, " MOVE" },
	{ IMAP_IDLE, " IDLE" },
	{ IMAP_NAMESPACE, " NAMESPACE" },
	{ IMAP_UNSELECT, " UNSELECT" },
	{ IMAP_ID, " ID" },
	{ IMAP_ENABLE, " ENABLE" },
	{ IMAP_LITERAL, " LITERAL-" },
	{ IMAP_CHILDREN, " CHILDREN" },
};

bool
put_capabilities(struct buf *b, unsigned permits)
{
	bool fits = buf_put(b, SPAN("CAPABILITY IMAP4rev1"));

	for (size_t i = 0; i < COUNT_OF(capabilities); i++)
		if (permits & capabilities[i].permit)
			fits = fits && buf_put_text(b, capabilities[i].name);
	return fits;
}
