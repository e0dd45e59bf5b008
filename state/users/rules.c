#include "state/users/rules.h"

#include "lib/base/must.h"
#include "lib/base/number.h"
#include "lib/mail/address.h"
#include "sys/password.h"

/* clang-format off */
static const bool letters[256] = { ['a' ... 'z'] = true };
static const bool login_octets[256] = {
	['a' ... 'z'] = true, ['0' ... '9'] = true, ['.'] = true, ['-'] = true,
	['_'] = true,
};
/* clang-format on */

/* Accounts that systems and programs come with, and names that they are
 * guessed by. */
static const char *const reserved[] = { "admin", "administrator", "root",
	"toor", "test", "tester", "testing", "guest", "user", "demo", "info",
	"postmaster", "abuse", "hostmaster", "webmaster", "noc", "security",
	"mailer-daemon", "daemon", "bin", "sys", "sync", "games", "man", "lp",
	"mail", "news", "uucp", "proxy", "www", "www-data", "backup", "list",
	"irc", "gnats", "nobody", "operator", "ftp", "anonymous", "default",
	"support", "sales", "service", "system", "sysadmin", "superuser",
	"supervisor", "manager", "master", "owner", "oracle", "postgres",
	"mysql", "nagios", "zabbix", "scanner", "printer", "fax", "web",
	"office", "staff", "public", "temp", "tmp", "null", "debug", "setup",
	"install", "posthold" };

/* The commonest passwords, without what people put behind them. */
static const char *const common[] = { "password", "passwort", "passw0rd",
	"p@ssword", "p@ssw0rd", "pass", "qwerty", "qwertyuiop", "qwertz",
	"asdfgh", "asdfghjkl", "zxcvbn", "zxcvbnm", "qazwsx", "qazwsxedc",
	"qweasd", "qweasdzxc", "abc", "abcd", "abcdef", "abcdefg", "letmein",
	"welcome", "monkey", "dragon", "football", "baseball", "basketball",
	"soccer", "hockey", "iloveyou", "trustno", "sunshine", "princess",
	"master", "shadow", "superman", "batman", "michael", "jordan",
	"jennifer", "charlie", "daniel", "thomas", "robert", "ashley",
	"jessica", "hunter", "ranger", "buster", "killer", "george", "andrew",
	"joshua", "pepper", "summer", "winter", "spring", "autumn", "ginger",
	"cookie", "cheese", "computer", "internet", "secret", "changeme",
	"default", "admin", "administrator", "root", "login", "access",
	"hello", "freedom", "whatever", "starwars", "pokemon", "mustang",
	"corvette", "harley", "yankees", "chocolate", "flower", "lovely",
	"matrix", "maggie", "tigger", "purple", "orange", "silver", "golden",
	"diamond", "america", "carolina", "northcarolina", "raleigh", "duke",
	"tarheels", "wolfpack", "government", "agency", "employee" };

static bool
is_one_of(struct span s, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (span_equals_nocase(s, span_of(words[i])))
			return true;
	return false;
}

bool
login_is_reserved(struct span login)
{
	return is_one_of(login, reserved, COUNT_OF(reserved));
}

static bool
is_name(struct span s, size_t least, size_t most)
{
	if (s.len < least || s.len > most || !letters[*s.at])
		return false;
	span_skip(&s, login_octets);
	return s.len == 0;
}

FALLIBLE
app_name_admit(struct span name)
{
	return is_name(name, 1, 31) ? OK : &fault_user_name_refused;
}

FALLIBLE
login_admit(struct span login)
{
	if (!is_name(login, 2, 63))
		return &fault_user_name_refused;
	return login_is_reserved(login) ? &fault_user_reserved : OK;
}

FALLIBLE
put_user_address(struct buf *out, struct span address)
{
	uint8_t storage[MAILBOX_MAX];
	struct buf canonical = BUF(storage);
	struct address a;

	if (address_parse(address, &a) || a.is_literal ||
		address_canonical(&a, &canonical))
		return &fault_user_name_refused;
	return buf_put(out, buf_view(&canonical)) ? OK : &fault_users_full;
}

/* --- passwords ------------------------------------------------------------- */

static bool
is_letter(uint8_t c)
{
	return octet_lower(c) >= 'a' && octet_lower(c) <= 'z';
}

/* Each octet differs from the one before by the same small step: "aaaa",
 * "1234", "zyxw". */
static bool
is_run(struct span s)
{
	int step = s.at[1] - s.at[0];

	for (size_t i = 1; i < s.len; i++)
		if (s.at[i] - s.at[i - 1] != step || step < -1 || step > 1)
			return false;
	return true;
}

/* A short piece again and again, "abcabcabcabc". */
static bool
is_repetition(struct span s)
{
	for (size_t period = 1; period <= 4; period++)
		if (memcmp(s.at, s.at + period, s.len - period) == 0)
			return true;
	return false;
}

/* Without what is no letter at both ends: "Password2026!" is "Password". */
static bool
is_common(struct span s, struct span login)
{
	while (s.len > 0 && !is_letter(*s.at))
		span_shift(&s);
	while (s.len > 0 && !is_letter(s.at[s.len - 1]))
		s.len--;
	return is_one_of(s, common, COUNT_OF(common)) ||
		span_equals_nocase(s, login);
}

static bool
is_printable(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] < 0x20 || s.at[i] > 0x7e)
			return false;
	return true;
}

const struct password_policy *
password_policy(enum password_profile p)
{
	static const struct password_policy policies[] = {
		[PASSWORD_SP800_63B] = { .shortest = 15, .lock_after = 20 },
		[PASSWORD_NC_2008] = { .shortest = 8, .kinds = 3, .history = 6,
			.max_age_us = DAYS(90), .lock_after = 3 },
	};

	MUST(p < COUNT_OF(policies));
	return &policies[p];
}

static unsigned
kinds_of(struct span s)
{
	bool small = false, capital = false, digit = false, other = false;

	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.at[i];

		small |= c >= 'a' && c <= 'z';
		capital |= c >= 'A' && c <= 'Z';
		digit |= c >= '0' && c <= '9';
		other |= !is_letter(c) && (c < '0' || c > '9');
	}
	return (unsigned)small + capital + digit + other;
}

FALLIBLE
password_admit(const struct password_policy *p, struct span password,
	struct span login, const char **why)
{
	*why = NULL;
	if (password.len < p->shortest)
		*why = p->shortest == 8 ? "it has fewer than 8 characters"
					: "it has fewer than 15 characters";
	else if (kinds_of(password) < p->kinds)
		*why = "it needs three of small letters, capital letters, "
		       "digits and other characters";
	else if (password.len > PASSWORD_LONGEST)
		*why = "it has more than 256 characters";
	else if (!is_printable(password))
		*why = "it has characters that are not printable ASCII";
	else if (is_run(password) || is_repetition(password))
		*why = "it is a run or a repetition";
	else if (is_common(password, login))
		*why = "it is a common password or the login";
	return *why ? &fault_password_weak : OK;
}
