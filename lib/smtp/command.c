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
/* esmtp-value: printable but "=" and SP */
static const bool value[256] = {
	[33 ... 60] = true, [62 ... 126] = true,
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
	TRY(address_take(in, address));
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

enum { SEEN_SIZE = 1, SEEN_BODY = 2, SEEN_AUTH = 4 };

static FALLIBLE
once(unsigned *seen, unsigned bit)
{
	if (*seen & bit)
		return &fault_verb_argument;
	*seen |= bit;
	return OK;
}

static FALLIBLE
mail_size(const struct parameter *p, struct command_mail *m)
{
	if (!span_is_set(p->value) ||
		number_parse(p->value, 0, UINT64_MAX, &m->size))
		return &fault_verb_argument;
	return OK;
}

/* RFC 6152: BODY=7BIT or 8BITMIME */
static FALLIBLE
mail_body(const struct parameter *p, struct command_mail *m)
{
	if (!span_is_set(p->value))
		return &fault_verb_argument;
	if (span_equals_nocase(p->value, SPAN("8BITMIME")))
		m->eight_bit = true;
	else if (!span_equals_nocase(p->value, SPAN("7BIT")))
		return &fault_verb_argument;
	return OK;
}

/* RFC 4954 section 5: only "the sender is not known to us" is taken. */
static FALLIBLE
mail_auth(const struct parameter *p, struct command_mail *m)
{
	(void)m;
	return span_is_set(p->value) && span_equals(p->value, SPAN("<>"))
		? OK
		: &fault_verb_argument;
}

static const struct {
	const char *name;
	unsigned bit;
	const struct fault *(*take)(const struct parameter *p,
		struct command_mail *m);
} parameters[] = {
	{ "SIZE", SEEN_SIZE, mail_size },
	{ "BODY", SEEN_BODY, mail_body },
	{ "AUTH", SEEN_AUTH, mail_auth },
};

static FALLIBLE
mail_parameter(const struct parameter *p, unsigned *seen,
	struct command_mail *m)
{
	for (size_t i = 0; i < COUNT_OF(parameters); i++)
		if (span_equals_nocase(p->name, span_of(parameters[i].name))) {
			TRY(once(seen, parameters[i].bit));
			return parameters[i].take(p, m);
		}
	return &fault_parameter_unknown;
}

FALLIBLE
command_mail(struct span in, struct command_mail *out)
{
	struct command_mail m = { .path = SPAN_NONE };
	unsigned seen = 0;

	if (!span_take_nocase(&in, SPAN("FROM:")))
		return &fault_verb_argument;
	if (span_starts(in, SPAN("<>")))
		span_shift_upto(&in, 2);
	else if (span_starts(in, SPAN(" <>")))
		span_shift_upto(&in, 3);
	else
		TRY(take_path(&in, &m.path, &m.address));
	while (in.len > 0) {
		struct parameter p;

		TRY(take_parameter(&in, &p));
		TRY(mail_parameter(&p, &seen, &m));
	}
	*out = m;
	return OK;
}

FALLIBLE
command_rcpt(struct span in, struct command_rcpt *out)
{
	struct command_rcpt r = { .path = SPAN_NONE };
	struct parameter p;

	if (!span_take_nocase(&in, SPAN("TO:")))
		return &fault_verb_argument;
	if (span_starts_nocase(in, SPAN("<postmaster>"))) {
		span_shift_upto(&in, 1);
		r.path = span_shift_upto(&in, 10);
		r.postmaster = span_take(&in, '>');
	} else {
		TRY(take_path(&in, &r.path, &r.address));
	}
	if (in.len > 0) {
		TRY(take_parameter(&in, &p));
		return &fault_parameter_unknown;
	}
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
