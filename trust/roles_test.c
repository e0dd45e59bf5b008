#include "trust/roles.h"

#include "lib/base/test.h"
#include "trust/rights.h"

TEST(every_role_has_a_user_and_a_program_of_its_own)
{
	for (enum role a = LOG; a < CTL; a++)
		for (enum role b = LOG; b < CTL; b++) {
			test_row = role_name(a);
			if (a == b)
				continue;
			CHECK(strcmp(role_row(a)->user, role_row(b)->user));
			CHECK(strcmp(role_row(a)->name, role_row(b)->name));
		}
}

TEST(no_role_but_master_is_root)
{
	for (enum role r = LOG; r < CTL; r++) {
		test_row = role_name(r);
		CHECK(strcmp(role_row(r)->user, "root"));
	}
}

/* Whoever reads what strangers wrote has neither files nor a way out. */
TEST(roles_that_parse_have_no_files_and_no_network)
{
	static const enum role parsers[] = { MX, SUBMISSION, LOGIN, IMAP, RELAY,
		LOCAL, SCAN, AUTH, KEYS };

	for (size_t i = 0; i < sizeof parsers / sizeof parsers[0]; i++) {
		const struct role_row *row = role_row(parsers[i]);

		test_row = row->name;
		CHECK_NUMBER(row->files, FILES_NONE);
		CHECK_NUMBER(row->net, NET_NONE);
		CHECK_NUMBER(row->calls &
				(CALLS_STORAGE | CALLS_CONNECT | CALLS_BIND), 0);
	}
}

TEST(only_auth_has_threads)
{
	for (enum role r = LOG; r < CTL; r++) {
		test_row = role_name(r);
		CHECK_NUMBER(role_row(r)->threads, r == AUTH);
	}
}

/* NC-2.1.9.a: no receiver, no delivery, no reader. */
TEST(a_host_that_only_sends_has_few_roles)
{
	static const enum role runs[] = { LOG, DNS, QUEUE, DIAL, RELAY, LOCAL };
	size_t n = 0;

	for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++)
		CHECK(role_runs(runs[i], true));
	for (enum role r = LOG; r < CTL; r++) {
		test_row = role_name(r);
		n += role_runs(r, true);
		CHECK_NUMBER(role_runs(r, false), r != LOCAL);
	}
	CHECK_NUMBER(n, sizeof runs / sizeof runs[0]);
}

TEST(only_the_resolver_binds)
{
	for (enum role r = LOG; r < CTL; r++) {
		test_row = role_name(r);
		CHECK_NUMBER((role_row(r)->calls & CALLS_BIND) != 0, r == DNS);
	}
}

/* Who is believed when one of two says that the other broke the rules. */
TEST(of_two_that_may_talk_one_is_nearer_to_strangers)
{
	for (enum role a = LOG; a < CTL; a++)
		for (enum role b = LOG; b < a; b++) {
			test_row = role_name(a);
			CHECK(!rights_linked(a, b) ||
				role_row(a)->exposure != role_row(b)->exposure);
		}
}

TEST(what_keeps_secrets_and_mail_is_never_the_nearer_one)
{
	static const enum role kept[] = { LOG, KEYS, AUTH, STORE };
	static const enum role open[] = { DNS, SCAN, DIAL, RELAY, MX, SUBMISSION,
		LOGIN, IMAP, LOCAL };

	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
		for (size_t j = 0; j < sizeof open / sizeof open[0]; j++) {
			test_row = role_name(open[j]);
			CHECK(role_row(kept[i])->exposure <
				role_row(open[j])->exposure);
		}
}
