#include "lib/smtp/command.h"

#include "lib/base/number.h"

/* clang-format off */
static const bool letters[256] = {
	['a' ... 'z'] = true, ['A' ... 'Z'] = true,
};
/* esmtp-keyword */
static const bool keyword[256] = {
	['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true,
	['-'] = true,
};
/* esmtp-value: printable but "=" and SP; what of it a parameter may have beyond
 * ASCII it says itself (RFC 6531 section 3.3) */
static const bool value[256] = {
	[33 ... 60] = true, [62 ... 126] = true, [128 ... 255] = true,
};
static const bool graphic[256] = { [33 ... 126] = true };
/* clang-format on */

bool
command_is_graphic(struct span s)
{
	span_skip(&s, graphic);
	return s.len == 0;
}

FALLIBLE
command_split(struct span line, struct span *verb, struct span *argument)
{
	struct span in = line;

	for (size_t i = 0; i < line.len; i++)
		if (line.at[i] < 32 || line.at[i] == 127)
			return &fault_verb_argument;
	if (span_skip(&in, letters) == 0)
		return &fault_verb_unknown;
	*verb = span_before(line, in);
	if (in.len > 0 && !span_take(&in, ' '))
		return &fault_verb_unknown;
	while (in.len > 0 && in.at[in.len - 1] == ' ') /* docs/leniency.md */
		in.len--;
	*argument = in;
	return OK;
}

/* Path = "<" Mailbox ">".  A source route is refused by the Mailbox grammar. */
static FALLIBLE
take_path(struct span *in, struct span *path, struct address *address)
{
	struct span start;

	span_take(in, ' '); /* docs/leniency.md: "FROM: <" */
	if (!span_take(in, '<'))
		return &fault_address_syntax;
	start = *in;
	TRY(address_take_utf8(in, address));
	*path = span_before(start, *in);
	return span_take(in, '>') ? OK : &fault_address_syntax;
}

struct parameter {
	struct span name, value; /* value SPAN_NONE: none given */
};

/* SP esmtp-keyword ["=" esmtp-value] */
static FALLIBLE
take_parameter(struct span *in, struct parameter *out)
{
	struct span start;

	if (!span_take(in, ' '))
		return &fault_verb_argument;
	start = *in;
	if (span_skip(in, keyword) == 0)
		return &fault_verb_argument;
	out->name = span_before(start, *in);
	out->value = SPAN_NONE;
	if (!span_take(in, '='))
		return OK;
	start = *in;
	if (span_skip(in, value) == 0)
		return &fault_verb_argument;
	out->value = span_before(start, *in);
	return OK;
}

static FALLIBLE
mail_size(const struct parameter *p, void *arg)
{
	struct command_mail *m = arg;

	if (!span_is_set(p->value) ||
		number_parse(p->value, 0, UINT64_MAX, &m->size))
		return &fault_verb_argument;
	return OK;
}

static FALLIBLE
mail_body(const struct parameter *p, void *arg)
{
	(void)arg;
	return span_is_set(p->value) &&
			(span_equals_nocase(p->value, SPAN("8BITMIME")) ||
				span_equals_nocase(p->value, SPAN("7BIT")))
		? OK
		: &fault_verb_argument;
}

/* RFC 4954 section 5: "<>", or a mailbox as xtext */
static FALLIBLE
mail_auth(const struct parameter *p, void *arg)
{
	uint8_t room[MAILBOX_MAX];
	struct buf mailbox = BUF(room);
	struct address address;

	(void)arg;
	if (span_is_set(p->value) && span_equals(p->value, SPAN("<>")))
		return OK;
	if (!span_is_set(p->value) || !xtext_is_sound(p->value) ||
		!xtext_decode(p->value, &mailbox) ||
		address_parse(buf_view(&mailbox), &address))
		return &fault_verb_argument;
	return OK;
}

static FALLIBLE
mail_utf8(const struct parameter *p, void *arg)
{
	struct command_mail *m = arg;

	m->utf8 = true;
	return span_is_set(p->value) ? &fault_verb_argument : OK;
}

static FALLIBLE
mail_ret(const struct parameter *p, void *arg)
{
	struct command_mail *m = arg;

	if (!span_is_set(p->value))
		return &fault_verb_argument;
	if (span_equals_nocase(p->value, SPAN("FULL")))
		m->ret = RETURN_FULL;
	else if (span_equals_nocase(p->value, SPAN("HDRS")))
		m->ret = RETURN_HEADERS;
	else
		return &fault_verb_argument;
	return OK;
}

static FALLIBLE
mail_envid(const struct parameter *p, void *arg)
{
	struct command_mail *m = arg;

	m->envid = p->value;
	return span_is_set(p->value) && p->value.len <= ENVID_MAX &&
			xtext_is_sound(p->value)
		? OK
		: &fault_verb_argument;
}

static FALLIBLE
rcpt_notify(const struct parameter *p, void *arg)
{
	struct command_rcpt *r = arg;

	return span_is_set(p->value) && notify_parse(p->value, &r->notify)
		? OK
		: &fault_verb_argument;
}

/* Whether it may have characters beyond ASCII is judged with the path. */
static FALLIBLE
rcpt_orcpt(const struct parameter *p, void *arg)
{
	struct command_rcpt *r = arg;

	r->orcpt = p->value;
	return span_is_set(p->value) ? OK : &fault_verb_argument;
}

struct known {
	const char *name;
	const struct fault *(*take)(const struct parameter *p, void *arg);
};

static const struct known of_mail[] = { { "SIZE", mail_size },
	{ "BODY", mail_body }, { "AUTH", mail_auth }, { "SMTPUTF8", mail_utf8 },
	{ "RET", mail_ret }, { "ENVID", mail_envid } };
static const struct known of_rcpt[] = { { "NOTIFY", rcpt_notify },
	{ "ORCPT", rcpt_orcpt } };

/* *(SP parameter), each of those that are known at most once */
static FALLIBLE
take_parameters(struct span *in, const struct known *known, size_t count,
	void *arg)
{
	unsigned seen = 0;

	while (in->len > 0) {
		struct parameter p;
		size_t i = 0;

		TRY(take_parameter(in, &p));
		while (i < count &&
			!span_equals_nocase(p.name, span_of(known[i].name)))
			i++;
		if (i == count)
			return &fault_parameter_unknown;
		if (seen & 1u << i)
			return &fault_verb_argument;
		seen |= 1u << i;
		TRY(known[i].take(&p, arg));
	}
	return OK;
}

FALLIBLE
command_mail(struct span in, struct command_mail *out)
{
	struct command_mail m = { .path = SPAN_NONE };

	if (!span_take_nocase(&in, SPAN("FROM:")))
		return &fault_verb_argument;
	if (span_starts(in, SPAN("<>")))
		span_shift_upto(&in, 2);
	else if (span_starts(in, SPAN(" <>")))
		span_shift_upto(&in, 3);
	else
		TRY(take_path(&in, &m.path, &m.address));
	TRY(take_parameters(&in, of_mail, COUNT_OF(of_mail), &m));
	if (m.address.utf8 && !m.utf8)
		return &fault_address_8bit;
	*out = m;
	return OK;
}

FALLIBLE
command_rcpt(struct span in, bool utf8, struct command_rcpt *out)
{
	struct command_rcpt r = { .path = SPAN_NONE };

	if (!span_take_nocase(&in, SPAN("TO:")))
		return &fault_verb_argument;
	if (span_starts_nocase(in, SPAN("<postmaster>"))) {
		span_shift_upto(&in, 1);
		r.path = span_shift_upto(&in, 10);
		r.postmaster = span_take(&in, '>');
	} else {
		TRY(take_path(&in, &r.path, &r.address));
	}
	TRY(take_parameters(&in, of_rcpt, COUNT_OF(of_rcpt), &r));
	if (r.address.utf8 && !utf8)
		return &fault_address_8bit;
	if (span_is_set(r.orcpt) && !orcpt_is_sound(r.orcpt, utf8))
		return &fault_verb_argument;
	*out = r;
	return OK;
}

FALLIBLE
command_bdat(struct span in, struct command_bdat *out)
{
	struct command_bdat b = { .last = false };

	if (number_take(&in, 20, 0, UINT64_MAX, &b.size))
		return &fault_verb_argument;
	b.last = in.len > 0;
	if (b.last && !span_equals_nocase(in, SPAN(" LAST")))
		return &fault_verb_argument;
	*out = b;
	return OK;
}

static const struct {
	const char *name;
	enum smtp_mechanism mechanism;
	bool binds;
} mechanisms[] = {
	{ "PLAIN", SMTP_PLAIN, false },
	{ "SCRAM-SHA-256", SMTP_SCRAM_SHA_256, false },
	{ "SCRAM-SHA-256-PLUS", SMTP_SCRAM_SHA_256_PLUS, true },
	{ "EXTERNAL", SMTP_EXTERNAL, false },
};

FALLIBLE
command_auth(struct span in, bool binding, enum smtp_mechanism *mechanism,
	struct span *initial)
{
	struct span name = span_shift_upto(&in, span_find_octet(in, ' '));

	*initial = SPAN_NONE;
	if (name.len == 0)
		return &fault_verb_argument;
	if (span_take(&in, ' ')) {
		if (in.len == 0 || !command_is_graphic(in))
			return &fault_verb_argument;
		*initial = in;
	}
	for (size_t i = 0; i < COUNT_OF(mechanisms); i++)
		if (span_equals_nocase(name, span_of(mechanisms[i].name)) &&
			(binding || !mechanisms[i].binds)) {
			*mechanism = mechanisms[i].mechanism;
			return OK;
		}
	return &fault_auth_mechanism;
}
