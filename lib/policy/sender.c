#include "lib/policy/sender.h"

#include "lib/base/codec.h"
#include "lib/base/escape.h"
#include "lib/base/must.h"
#include "lib/base/number.h"

enum rule { ANY_VALUE, OWNED, OWNED_OR_NULL };

/* Fields that may stand once (RFC 5322 section 3.6), and whose addresses the
 * answer or the report goes to. */
static const struct {
	const char *name;
	bool once;
	enum rule rule;
} rows[] = {
	{ "From", true, OWNED },
	{ "Sender", true, OWNED },
	{ "Resent-From", false, OWNED },
	{ "Resent-Sender", false, OWNED },
	{ "Resent-Reply-To", false, OWNED },
	{ "Reply-To", true, OWNED },
	{ "Return-Path", true, OWNED_OR_NULL },
	{ "Errors-To", true, OWNED },
	{ "Disposition-Notification-To", true, OWNED },
	{ "Date", true, ANY_VALUE },
	{ "Message-ID", true, ANY_VALUE },
	{ "Subject", true, ANY_VALUE },
	{ "To", true, ANY_VALUE },
	{ "Cc", true, ANY_VALUE },
	{ "Bcc", true, ANY_VALUE },
	{ "In-Reply-To", true, ANY_VALUE },
	{ "References", true, ANY_VALUE },
};

#define FROM_ROW 0

static bool
is_represented(const struct sender_rights *r, const struct address *a)
{
	uint8_t room[DOMAIN_MAX];
	struct buf domain = BUF(room);

	return !a->is_literal && put_domain(&domain, a->domain) &&
		r->represents(r->site, buf_view(&domain));
}

bool
sender_owns(const struct sender_rights *r, const struct address *a)
{
	uint8_t room[MAILBOX_MAX + 8];
	struct buf canonical = BUF(room);
	struct span list = r->addresses, own;

	if (r->whole_domains)
		return is_represented(r, a);
	if (address_canonical(a, &canonical))
		return false;
	while (take_block(&list, &own))
		if (span_equals(own, buf_view(&canonical)))
			return true;
	return false;
}

/* Every mailbox of a field. */
static FALLIBLE
check_value(struct span value, enum rule rule, const struct sender_rights *r,
	unsigned *mailboxes)
{
	bool more;

	if (rule == OWNED_OR_NULL && span_equals(span_trim(value), SPAN("<>")))
		return OK; /* of the null sender */
	if (r->utf8 && !utf8_is_valid(value))
		return &fault_header_syntax;
	do {
		struct address a;
		struct span spec;

		TRY(mailbox_next(&value, r->utf8, &a, &spec, &more));
		if (!sender_owns(r, &a))
			return &fault_sender_not_owned;
		++*mailboxes;
	} while (more);
	return OK;
}

struct count {
	unsigned fields, hops, from, seen[COUNT_OF(rows)];
};

static FALLIBLE
count_field(struct count *c, const struct field *f)
{
	if (++c->fields > FIELDS_MAX)
		return &fault_header_limit;
	if (field_is(f, "Received") && ++c->hops > HOPS_MAX)
		return &fault_mail_loop;
	return OK;
}

static FALLIBLE
check_field(struct count *c, const struct field *f,
	const struct sender_rights *r)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		unsigned mailboxes = 0;

		if (!field_is(f, rows[i].name))
			continue;
		if (rows[i].once && ++c->seen[i] > 1)
			return i == FROM_ROW ? &fault_header_from
					     : &fault_header_syntax;
		if (rows[i].rule == ANY_VALUE)
			return OK;
		TRY(check_value(f->value, rows[i].rule, r, &mailboxes));
		if (i == FROM_ROW)
			c->from = mailboxes;
		return OK;
	}
	return OK;
}

/* rights NULL: only what holds for everybody */
static FALLIBLE
check(struct span message, const struct sender_rights *r, struct span *field)
{
	struct span rest = message;
	struct count c = { 0 };
	struct field f;
	bool over;

	*field = SPAN_NONE;
	for (;;) {
		TRY(field_next(&rest, &f, &over));
		if (span_before(message, rest).len > HEADER_MAX)
			return &fault_header_limit;
		if (over)
			break;
		*field = f.name;
		TRY(count_field(&c, &f));
		if (r)
			TRY(check_field(&c, &f, r));
	}
	*field = SPAN_NONE;
	return r && c.from != 1 ? &fault_header_from : OK;
}

FALLIBLE
sender_check_header(struct span message, const struct sender_rights *r,
	struct span *field)
{
	MUST(r);
	return check(message, r, field);
}

FALLIBLE
header_check(struct span message, struct span *field)
{
	return check(message, NULL, field);
}
