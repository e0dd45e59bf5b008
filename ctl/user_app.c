/* posthold user app-password */
#include <stdio.h>
#include <string.h>

#include "ctl/user.h"
#include "lib/base/number.h"
#include "sys/clock.h"
#include "sys/password.h"

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

static int
list(struct call *c)
{
	OWNED(users_edit_close) struct users_edit e = { .lock = -1 };
	struct user *user;
	int code = c->count == 2
		? user_open(&e, c->words[1], &user)
		: complain(EX_USAGE, "app-password list", "give LOGIN");

	if (code >= 0)
		return code;
	for (size_t i = 0; i < e.extras_count; i++)
		if (e.extras[i].account == user->account &&
			e.extras[i].kind == EXTRA_APP)
			print_app(&e.extras[i]);
	return EX_OK;
}

static int
remove_one(struct call *c)
{
	OWNED(users_edit_close) struct users_edit e = { .lock = -1 };
	const struct fault *f;
	struct user *user;
	int code = c->count == 3
		? user_open(&e, c->words[1], &user)
		: complain(EX_USAGE, "app-password remove",
			  "give LOGIN NAME");

	if (code >= 0)
		return code;
	f = users_edit_remove_app(&e, user, span_of(c->words[2]));
	return f ? user_explain(f, c->words[2]) : user_save(&e, c->words[1]);
}

static const struct {
	const char *name;
	verb *run;
} deeds[] = {
	{ "add", add },
	{ "list", list },
	{ "remove", remove_one },
};

int
user_app_password(struct call *c)
{
	struct where where = { 0 };
	const struct option options[] = { WHERE_OPTIONS(&where) };
	int code = user_start(c, options, COUNT_OF(options), &where);

	if (code >= 0)
		return code;
	for (size_t i = 0; i < COUNT_OF(deeds); i++)
		if (strcmp(c->words[0], deeds[i].name) == 0)
			return deeds[i].run(c);
	return complain(EX_USAGE, c->words[0], "say add, list or remove");
}
