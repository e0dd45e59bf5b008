#include "lib/mime/envelope.h"

#include "lib/base/number.h"
#include "lib/mime/address_list.h"
#include "lib/mime/imap_text.h"

#define DATE_MAX    128
#define SUBJECT_MAX 2048
#define ID_MAX      1024
#define LIST_MAX    4096 /* octets of one address list as written */

enum envelope_field {
	DATE, SUBJECT, FROM, SENDER, REPLY_TO, TO, CC, BCC, IN_REPLY_TO,
	MESSAGE_ID, ENVELOPE_FIELDS
};

/* In the order of RFC 3501 section 7.4.2.  max 0 is an address list; one that
 * is missing or empty may stand for another. */
static const struct {
	struct span name;
	size_t max;
	enum envelope_field instead;
} fields[ENVELOPE_FIELDS] = {
	[DATE] = { SPAN("Date"), DATE_MAX, DATE },
	[SUBJECT] = { SPAN("Subject"), SUBJECT_MAX, SUBJECT },
	[FROM] = { SPAN("From"), 0, FROM },
	[SENDER] = { SPAN("Sender"), 0, FROM },
	[REPLY_TO] = { SPAN("Reply-To"), 0, FROM },
	[TO] = { SPAN("To"), 0, TO },
	[CC] = { SPAN("Cc"), 0, CC },
	[BCC] = { SPAN("Bcc"), 0, BCC },
	[IN_REPLY_TO] = { SPAN("In-Reply-To"), ID_MAX, IN_REPLY_TO },
	[MESSAGE_ID] = { SPAN("Message-ID"), ID_MAX, MESSAGE_ID },
};

static void
collect(struct span header, struct span value[ENVELOPE_FIELDS])
{
	struct header_field f;
	unsigned strays = 0;

	while (header_next(&header, &f, &strays))
		for (size_t i = 0; i < ENVELOPE_FIELDS; i++)
			if (!span_is_set(value[i]) &&
				span_equals_nocase(f.name, fields[i].name))
				value[i] = span_trim(f.value);
	for (size_t i = 0; i < ENVELOPE_FIELDS; i++)
		if (value[i].len == 0 && fields[i].instead != i)
			value[i] = value[fields[i].instead];
}

/* An address list in a part of the buf, so that it leaves room for others. */
static bool
put_list(struct buf *b, struct span value)
{
	size_t cap = b->cap;
	bool fits;

	if (buf_room(b) > LIST_MAX)
		b->cap = b->len + LIST_MAX;
	fits = put_address_list(b, value);
	b->cap = cap;
	return fits;
}

bool
put_envelope(struct buf *b, struct span header)
{
	struct span value[ENVELOPE_FIELDS] = { 0 };
	size_t start = b->len;
	bool fits = buf_push(b, '(');

	collect(header, value);
	for (size_t i = 0; fits && i < ENVELOPE_FIELDS; i++) {
		if (i > 0)
			fits = buf_push(b, ' ');
		fits = fits && (fields[i].max == 0
			? put_list(b, value[i])
			: put_nstring(b, value[i], TEXT_UNFOLD, fields[i].max));
	}
	if (fits && buf_push(b, ')'))
		return true;
	b->len = start;
	return false;
}
