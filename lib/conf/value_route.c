#include "lib/conf/kinds.h"

#include "lib/base/must.h"
#include "lib/base/number.h"
#include "lib/mail/address.h"

#define ATTEMPTS_MOST 100

/* The next word, without the blank behind it. */
static struct span
take_word(struct span *text)
{
	struct span word = span_shift_upto(text, span_find_octet(*text, ' '));

	span_take(text, ' ');
	return word;
}

/* `key` and the word behind it; SPAN_NONE when something else stands there. */
static struct span
take_part(struct span *text, const char *key)
{
	struct span rest = *text, value;

	if (!span_equals(take_word(&rest), span_of(key)))
		return SPAN_NONE;
	value = take_word(&rest);
	*text = rest;
	return value;
}

static const char *
take_from(struct span *text, struct site_route *r)
{
	struct span value = take_part(text, "from");
	struct address a;

	if (!span_is_set(value))
		return NULL;
	if (value.len >= sizeof r->from ||
		(!value_is_host(value) && address_parse(value, &a)))
		return "behind from stands neither an address nor a domain";
	value_store_lower(r->from, sizeof r->from, value);
	return NULL;
}

static const char *
take_to(struct span *text, struct site_route *r)
{
	struct span value = take_part(text, "to"), domain = value;

	if (!span_is_set(value))
		return NULL;
	span_take(&domain, '.');
	if (value.len >= sizeof r->to || !value_is_host(domain))
		return "behind to stands neither a domain nor one with a dot "
		       "before it";
	value_store_lower(r->to, sizeof r->to, value);
	return NULL;
}

static const char *
take_attempt(struct span *text, struct site_route *r)
{
	struct span value = take_part(text, "attempt");
	uint64_t n = 1;

	if (span_is_set(value) && number_parse(value, 1, ATTEMPTS_MOST, &n))
		return "an attempt is a number from 1 to 100";
	r->attempt = (uint32_t)n;
	return NULL;
}

static const char *
take_via(struct span *text, struct site_route *r)
{
	const struct setting row = { .size = sizeof r->host };
	struct span value = take_part(text, "via"), pin = *text;

	if (!span_is_set(value))
		return "via is missing";
	if (span_equals(value, SPAN("mx")))
		return NULL;
	if (span_take_nocase(&pin, SPAN("sha256="))) {
		take_word(text);
		value.len = (size_t)(text->at - value.at);
		if (value.at[value.len - 1] == ' ')
			value.len--;
	}
	return take_smarthost(&row, value, &r->host, NULL);
}

static const char *
take_tls(struct span *text, struct site_route *r)
{
	struct span value = take_part(text, "tls");

	r->tls = SITE_TLS_UNSAID;
	if (!span_is_set(value))
		return NULL;
	if (span_equals(value, SPAN("required")))
		r->tls = SITE_TLS_REQUIRED;
	else if (span_equals(value, SPAN("opportunistic")))
		r->tls = SITE_TLS_OPPORTUNISTIC;
	else
		return "tls is opportunistic or required";
	return NULL;
}

const char *
take_route(const struct setting *row, struct span text, void *place, void *also)
{
	static const char *(*const parts[])(struct span *, struct site_route *) = {
		take_from, take_to, take_attempt, take_via, take_tls };
	struct site_route r = { 0 };

	(void)also;
	MUST(row->size == sizeof r);
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		const char *wrong = parts[i](&text, &r);

		if (wrong)
			return wrong;
	}
	if (text.len > 0)
		return "its words are not in this order";
	memcpy(place, &r, sizeof r);
	return NULL;
}

static bool
put_part(struct buf *b, const char *key, struct span value)
{
	return value.len == 0 ||
		(buf_put_text(b, key) && buf_put(b, value) && buf_push(b, ' '));
}

bool
put_route(const struct setting *row, const void *place, const void *also,
	struct buf *b)
{
	static const char *const tls[] = {
		[SITE_TLS_OPPORTUNISTIC] = " tls opportunistic",
		[SITE_TLS_REQUIRED] = " tls required",
		[SITE_TLS_UNSAID] = "" };
	struct site_route r;

	memcpy(&r, place, sizeof r);
	return put_part(b, "from ", SITE_TEXT(r.from)) &&
		put_part(b, "to ", SITE_TEXT(r.to)) &&
		(r.attempt < 2 ||
			(buf_put_text(b, "attempt ") &&
				buf_put_number(b, r.attempt) &&
				buf_push(b, ' '))) &&
		buf_put_text(b, "via ") &&
		(r.host.name[0] == 0
				? buf_put_text(b, "mx")
				: put_smarthost(row, &r.host, also, b)) &&
		buf_put_text(b, tls[r.tls]);
}
