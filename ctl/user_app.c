/* posthold user app-password, posthold user certificate */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "ctl/user.h"
#include "lib/base/number.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/password.h"
#include "sys/x509.h"

static const struct {
	const char *word;
	uint32_t scopes;
} scope_words[] = {
	{ "smtp", SCOPE_SMTP },
	{ "imap", SCOPE_IMAP },
	{ "smtp,imap", SCOPES_ALL },
};

static const char *
word_of(uint32_t scopes)
{
	for (size_t i = 0; i < COUNT_OF(scope_words); i++)
		if (scope_words[i].scopes == scopes)
			return scope_words[i].word;
	return "none";
}

/* 0 when there is no such word. */
static uint32_t
scopes_of(const char *word)
{
	for (size_t i = 0; i < COUNT_OF(scope_words); i++)
		if (strcmp(scope_words[i].word, word) == 0)
			return scope_words[i].scopes;
	return 0;
}

static int
add(struct call *c)
{
	uint8_t storage[PASSWORD_LONGEST];
	struct buf secret = BUF(storage);
	OWNED(users_edit_close) struct users_edit e = { .lock = -1 };
	uint32_t scopes = c->count == 4 ? scopes_of(c->words[3]) : SCOPES_ALL;
	const struct fault *f;
	struct user *user;
	int code;

	if (c->count < 3 || scopes == 0)
		return complain(EX_USAGE, "app-password add",
			"give LOGIN NAME [smtp|imap|smtp,imap]");
	if (!password_make(&secret))
		return complain(EX_SOFTWARE, "no room for a password", NULL);
	code = user_open(&e, c->words[1], &user);
	if (code >= 0)
		return code;
	f = users_edit_add_app(&e, user, span_of(c->words[2]), scopes,
		buf_view(&secret), clock_instant());
	code = f ? user_explain(f, c->words[2]) : user_save(&e, c->words[1]);
	if (code == EX_OK)
		printf("%s/%s %.*s\n", user->login, c->words[2],
			(int)secret.len, (const char *)secret.at);
	password_wipe(storage, sizeof storage);
	return code;
}

static void
print_app(const struct extra *x)
{
	struct civil day = civil_of((struct instant){ x->made_us });

	printf("%-31s %-9s  since %04d-%02d-%02d\n", x->name,
		word_of(x->scopes), (int)day.year, day.month, day.day);
}

static void
print_certificate(const struct extra *x)
{
	struct civil day = civil_of((struct instant){ x->made_us });

	printf("%-31s since %04d-%02d-%02d  SHA-256 ", x->name, (int)day.year,
		day.month, day.day);
	for (size_t i = 0; i < sizeof x->certificate; i++)
		printf("%02x", x->certificate[i]);
	putchar('\n');
}

static const struct kind {
	enum extra_kind kind;
	const char *noun;
	void (*print)(const struct extra *x);
} app = { EXTRA_APP, "app-password", print_app },
  certificate = { EXTRA_CERT, "certificate", print_certificate };

static int
list(struct call *c, const struct kind *k)
{
	OWNED(users_edit_close) struct users_edit e = { .lock = -1 };
	struct user *user;
	int code = c->count == 2
		? user_open(&e, c->words[1], &user)
		: complain(EX_USAGE, k->noun, "give list LOGIN");

	if (code >= 0)
		return code;
	for (size_t i = 0; i < e.extras_count; i++)
		if (e.extras[i].account == user->account &&
			e.extras[i].kind == k->kind)
			k->print(&e.extras[i]);
	return EX_OK;
}

static int
remove_one(struct call *c, const struct kind *k)
{
	OWNED(users_edit_close) struct users_edit e = { .lock = -1 };
	const struct fault *f;
	struct user *user;
	int code = c->count == 3
		? user_open(&e, c->words[1], &user)
		: complain(EX_USAGE, k->noun, "give remove LOGIN NAME");

	if (code >= 0)
		return code;
	f = users_edit_remove(&e, user, k->kind, span_of(c->words[2]));
	return f ? user_explain(f, c->words[2]) : user_save(&e, c->words[1]);
}

/* Returns -1 to go on, or the exit code. */
static int
read_hash(const char *path, uint8_t hash[SCRAM_KEY])
{
	OWNED(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	static uint8_t room[KiB(64)];
	struct buf pem = BUF(room);

	if (fd < 0 || fd_read_whole(fd, &pem))
		return complain(EX_NOINPUT, path, "it cannot be read");
	if (x509_hash(buf_view(&pem), hash))
		return complain(EX_DATAERR, path,
			"it holds no certificate; give a PEM file");
	return -1;
}

static int
add_certificate(struct call *c)
{
	OWNED(users_edit_close) struct users_edit e = { .lock = -1 };
	uint8_t hash[SCRAM_KEY];
	const struct fault *f;
	struct user *user;
	int code = c->count == 4
		? read_hash(c->words[3], hash)
		: complain(EX_USAGE, "certificate", "give add LOGIN NAME FILE");

	if (code < 0)
		code = user_open(&e, c->words[1], &user);
	if (code >= 0)
		return code;
	f = users_edit_add_certificate(&e, user, span_of(c->words[2]), hash,
		clock_instant());
	return f ? user_explain(f, c->words[2]) : user_save(&e, c->words[1]);
}

static int
run(struct call *c, const struct kind *k, verb *add_one)
{
	struct where where = { 0 };
	const struct option options[] = { WHERE_OPTIONS(&where) };
	int code = user_start(c, options, COUNT_OF(options), &where);

	if (code >= 0)
		return code;
	if (strcmp(c->words[0], "add") == 0)
		return add_one(c);
	if (strcmp(c->words[0], "list") == 0)
		return list(c, k);
	if (strcmp(c->words[0], "remove") == 0)
		return remove_one(c, k);
	return complain(EX_USAGE, c->words[0], "say add, list or remove");
}

int
user_app_password(struct call *c)
{
	return run(c, &app, add);
}

int
user_certificate(struct call *c)
{
	return run(c, &certificate, add_certificate);
}
