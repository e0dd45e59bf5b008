#include "lib/conf/telling.h"

#include "lib/base/number.h"

/* One word a line, lower case: tools/check-strings reads this table, too. */
static const char *const words[] = {
	/* mail */
	"posthold", "postfix", "exim", "sendmail", "qmail", "dovecot", "cyrus",
	"courier", "opensmtpd", "exchange", "exch", "msexchange", "zimbra",
	"mailcow", "microsoft",
	/* systems */
	"debian", "ubuntu", "centos", "redhat", "rhel", "fedora", "suse",
	"linux", "windows", "win", "bsd", "freebsd", "openbsd", "netbsd",
	/* libraries */
	"openssl", "gnutls", "gsasl", "unbound", "lmdb", "libevent", "clamav",
	"clamd",
};

/* clang-format off */
static const bool letters[256] = {
	['a' ... 'z'] = true, ['A' ... 'Z'] = true,
};
static const bool number_octets[256] = { ['0' ... '9'] = true, ['.'] = true };
static const bool digits[256] = { ['0' ... '9'] = true };
/* clang-format on */

bool
telling_is_word(struct span word)
{
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (span_equals_nocase(word, span_of(words[i])))
			return true;
	return false;
}

/* "3.7" or "3.7.11"; not "2.1.5", a status code of RFC 3463, nor "192.0.2.1" */
static bool
is_version(struct span number)
{
	bool status = number.len > 1 && number.at[1] == '.' &&
		(*number.at == '2' || *number.at == '4' || *number.at == '5');
	size_t parts = 1;

	if (span_skip(&number, digits) == 0)
		return false;
	while (span_take(&number, '.') && span_skip(&number, digits) > 0)
		parts++;
	return number.len == 0 && (parts == 2 || (parts == 3 && !status));
}

static bool
is_of(struct span word, struct span host)
{
	return span_find_nocase(host, word) < host.len;
}

struct span
telling_find(struct span text, struct span host)
{
	while (text.len > 0) {
		struct span start = text, found;

		if (span_skip(&text, letters) > 0) {
			found = span_before(start, text);
			if (telling_is_word(found) && !is_of(found, host))
				return found;
			/* "TLSv1.3": the number belongs to the word */
			span_skip(&text, number_octets);
		} else if (span_skip(&text, number_octets) > 0) {
			found = span_before(start, text);
			while (found.len > 0 && found.at[found.len - 1] == '.')
				found.len--;
			if (is_version(found))
				return found;
			span_skip(&text, letters);
		} else {
			span_shift(&text);
		}
	}
	return SPAN_NONE;
}
