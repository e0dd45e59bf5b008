#include "sys/sasl.h"

#include <stdlib.h>
#include <string.h>

#include <gsasl.h>

#include "lib/base/base64.h"
#include "lib/base/must.h"

struct sasl {
	Gsasl_session *session;
	enum sasl_mechanism mechanism;
	bool begun;   /* a message was asked for or came */
	bool spoken;  /* it came */
	sasl_find_keys *find;
	void *owner;
	char exporter[BASE64_LENGTH(SASL_BINDING_MAX) + 1];
	size_t login_len, password_len;
	uint8_t login[LOGIN_ADDRESSES_MAX / 8];
	uint8_t password[SASL_BLOB_MAX];
};

static Gsasl *library;

static const char *const names[] = {
	[SASL_PLAIN] = "PLAIN",
	[SASL_SCRAM_SHA_256] = "SCRAM-SHA-256",
	[SASL_SCRAM_SHA_256_PLUS] = "SCRAM-SHA-256-PLUS",
	[SASL_EXTERNAL] = "EXTERNAL",
};

/* --- properties ---------------------------------------------------------- */

static int
set_base64(Gsasl_session *session, Gsasl_property property, struct span value)
{
	uint8_t text[128];
	struct buf b = BUF(text);

	MUST(put_base64(&b, value));
	return gsasl_property_set_raw(session, property, (const char *)text,
		b.len);
}

static int
set_number(Gsasl_session *session, Gsasl_property property, uint64_t n)
{
	uint8_t text[24];
	struct buf b = BUF(text);

	MUST(buf_put_number(&b, n));
	return gsasl_property_set_raw(session, property, (const char *)text,
		b.len);
}

static struct span
property(Gsasl_session *session, Gsasl_property which)
{
	const char *text = gsasl_property_fast(session, which);

	return text ? span_of(text) : SPAN_NONE;
}

/* The keys of the name that the client said. */
static int
give_keys(struct sasl *s, Gsasl_session *session, Gsasl_property which)
{
	struct span login = property(session, GSASL_AUTHID);
	struct scram_keys k;

	if (!span_is_set(login))
		return GSASL_NO_CALLBACK;
	s->find(s->owner, login, &k);
	switch (which) {
	case GSASL_SCRAM_ITER:
		return set_number(session, which, k.iterations);
	case GSASL_SCRAM_SALT:
		return set_base64(session, which,
			span_at(k.salt, sizeof k.salt));
	case GSASL_SCRAM_STOREDKEY:
		return set_base64(session, which,
			span_at(k.stored, sizeof k.stored));
	case GSASL_SCRAM_SERVERKEY:
		return set_base64(session, which,
			span_at(k.server, sizeof k.server));
	default:
		return GSASL_NO_CALLBACK;
	}
}

static bool
keep(uint8_t *at, size_t cap, size_t *len, struct span value)
{
	if (!span_is_set(value) || value.len == 0 || value.len > cap)
		return false;
	memcpy(at, value.at, value.len);
	*len = value.len;
	return true;
}

/* Nobody acts for somebody else: the authorization identity is empty or the
 * name itself. */
static bool
keep_login(struct sasl *s, Gsasl_session *session)
{
	struct span login = property(session, GSASL_AUTHID);
	struct span other = property(session, GSASL_AUTHZID);

	if (span_is_set(other) && other.len > 0 && !span_equals(other, login))
		return false;
	return keep(s->login, sizeof s->login, &s->login_len, login);
}

static int
give(Gsasl *context, Gsasl_session *session, Gsasl_property which)
{
	struct sasl *s = gsasl_session_hook_get(session);

	(void)context;
	switch (which) {
	case GSASL_VALIDATE_SIMPLE:
		if (keep_login(s, session) &&
			keep(s->password, sizeof s->password, &s->password_len,
				property(session, GSASL_PASSWORD)))
			return GSASL_OK;
		return GSASL_AUTHENTICATION_ERROR;
	case GSASL_VALIDATE_EXTERNAL: /* the caller does; a name may come */
		keep(s->login, sizeof s->login, &s->login_len,
			property(session, GSASL_AUTHZID));
		return GSASL_OK;
	case GSASL_CB_TLS_EXPORTER:
		if (!s->exporter[0])
			return GSASL_NO_CALLBACK;
		return gsasl_property_set(session, which, s->exporter);
	case GSASL_SCRAM_ITER:
	case GSASL_SCRAM_SALT:
	case GSASL_SCRAM_STOREDKEY:
	case GSASL_SCRAM_SERVERKEY:
		return give_keys(s, session, which);
	default:
		return GSASL_NO_CALLBACK;
	}
}

/* --- exchanges ----------------------------------------------------------- */

FALLIBLE
sasl_start(void)
{
	if (gsasl_init(&library) != GSASL_OK)
		return &fault_sys_failed;
	gsasl_callback_set(library, give);
	return OK;
}

static FALLIBLE
keep_exporter(struct sasl *s, struct span exporter)
{
	struct buf b = BUF(s->exporter);

	if (exporter.len > SASL_BINDING_MAX)
		return &fault_auth_mechanism;
	MUST(put_base64(&b, exporter) && buf_push(&b, 0));
	return OK;
}

FALLIBLE
sasl_open(enum sasl_mechanism mechanism, struct span exporter,
	sasl_find_keys *find, void *owner, struct sasl **out)
{
	struct sasl *s;

	if (mechanism <= SASL_NONE || mechanism >= SASL_MECHANISMS ||
		(mechanism == SASL_SCRAM_SHA_256_PLUS && exporter.len == 0))
		return &fault_auth_mechanism;
	s = calloc(1, sizeof *s);
	if (!s)
		return &fault_sys_failed;
	s->mechanism = mechanism;
	s->find = find;
	s->owner = owner;
	if (keep_exporter(s, exporter) ||
		gsasl_server_start(library, names[mechanism], &s->session) !=
			GSASL_OK) {
		sasl_close(&s);
		return &fault_auth_mechanism;
	}
	gsasl_session_hook_set(s->session, s);
	*out = s;
	return OK;
}

static bool
is_scram(const struct sasl *s)
{
	return s->mechanism == SASL_SCRAM_SHA_256 ||
		s->mechanism == SASL_SCRAM_SHA_256_PLUS;
}

/* A name with a control character is no name (EN: AU rows, rule P3). */
static bool
has_control(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] < 32 || s.at[i] == 127)
			return true;
	return false;
}

static enum sasl_turn
complete(struct sasl *s)
{
	if (is_scram(s) && !keep_login(s, s->session))
		return SASL_REFUSED;
	if (has_control(sasl_login(s)))
		return SASL_REFUSED;
	return s->mechanism == SASL_PLAIN ? SASL_COMPARE : SASL_PROVEN;
}

/* RFC 5802 section 6: a client that binds the channel must have chosen PLUS, one
 * that did must bind, and one that could but was not told of PLUS shows that
 * somebody changed what we offered. */
static bool
binds_rightly(const struct sasl *s, struct span first)
{
	if (s->mechanism == SASL_SCRAM_SHA_256_PLUS)
		return span_starts(first, SPAN("p=tls-exporter,"));
	return span_starts(first, SPAN("n,")) ||
		(span_starts(first, SPAN("y,")) && !s->exporter[0]);
}

/* gsasl's step; its answer appended to `out`. */
static enum sasl_turn
step(struct sasl *s, struct span in, struct buf *out)
{
	char *answer = NULL;
	size_t len = 0;
	int result = gsasl_step(s->session, (const char *)in.at, in.len,
		&answer, &len);
	bool fits = len <= SASL_BLOB_MAX && buf_put(out, span_at(answer, len));

	if (answer)
		explicit_bzero(answer, len);
	gsasl_free(answer);
	if (!fits)
		return SASL_REFUSED;
	if (result == GSASL_NEEDS_MORE)
		return SASL_CHALLENGED;
	return result == GSASL_OK ? complete(s) : SASL_REFUSED;
}

enum sasl_turn
sasl_turn(struct sasl *s, bool has_in, struct span in, struct buf *out)
{
	size_t before = out->len;
	enum sasl_turn turn;

	/* nothing came with the start: an empty challenge asks for it */
	if (!has_in && !s->begun) {
		s->begun = true;
		return SASL_CHALLENGED;
	}
	s->begun = true;
	if (!has_in || (in.len == 0 && s->mechanism != SASL_EXTERNAL))
		return SASL_REFUSED; /* only that has an empty message */
	if (in.len == 0)
		in = SPAN("");
	if (is_scram(s) && !s->spoken && !binds_rightly(s, in))
		return SASL_REFUSED;
	s->spoken = true;
	turn = step(s, in, out);
	if (turn == SASL_REFUSED)
		out->len = before;
	return turn;
}

struct span
sasl_login(const struct sasl *s)
{
	return span_at(s->login, s->login_len);
}

struct span
sasl_password(const struct sasl *s)
{
	return span_at(s->password, s->password_len);
}

struct span
sasl_claimed(const struct sasl *s)
{
	struct span name = s->session ? property(s->session, GSASL_AUTHID)
				      : SPAN_NONE;

	return span_is_set(name) ? name : SPAN("");
}

void
sasl_close(struct sasl **sasl)
{
	struct sasl *s = *sasl;

	if (!s)
		return;
	if (s->session)
		gsasl_finish(s->session);
	explicit_bzero(s, sizeof *s);
	free(s);
	*sasl = NULL;
}
