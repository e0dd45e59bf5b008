/* The real program between roles that the test plays. */
#include <sys/stat.h>

#include "lib/policy/limits.h"
#include "sys/fake_master.h"
#include "sys/file.h"

#define ACCOUNT 5

static char path[] = "/var/tmp/meter-test-XXXXXX";
static int directory = -1;

static void
give(void)
{
	struct file_given m = { .head = { .type = FILE_GIVEN },
		.purpose = FILE_DIRECTORY };

	CHECK_OK(channel_send(fake.links[MASTER], &m, directory));
	fake_link(LOG, METER);
	fake_link(MX, METER);
	fake_link(SUBMISSION, METER);
	fake_link(LOGIN, METER);
}

/* Two messages a day for an account, and no other limit. */
static bool
begin(void)
{
	struct site *s = fake_site();

	if (!fake_is_built(METER))
		return false;
	s->rates[LIMIT_ACCOUNT_DAY] = 2;
	memcpy(path + sizeof path - 7, "XXXXXX", 6);
	CHECK(mkdtemp(path) != NULL);
	directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* as root's child the program runs as the role's own user */
	CHECK(directory >= 0 && fchmod(directory, 0777) == 0);
	fake_start(METER, s, give);
	return true;
}

static void
remove_name(void *arg, const char *name)
{
	unlinkat(*(const int *)arg, name, 0);
}

static void
end(void)
{
	fake_stop();
	CHECK_OK(file_each(directory, remove_name, &directory));
	fd_close(&directory);
	rmdir(path);
}

static struct limit_ask
message(uint32_t type, uint32_t account)
{
	return (struct limit_ask){ .head = { .type = type },
		.account = account,
		.amounts = { [UNIT_DAY] = 1 } };
}

static const struct fault *
answer(enum role from, uint32_t account)
{
	const struct limit_answer *m = (const void *)fake.message.octets;
	struct limit_ask ask = message(LIMIT_ASK, account);

	CHECK_OK(channel_send(fake.links[from], &ask, -1));
	fake_expect(LIMIT_ANSWER);
	return fault_row(m->fault);
}

TEST(a_login_has_its_share_of_the_day)
{
	if (!begin())
		return;
	CHECK_OK(answer(SUBMISSION, ACCOUNT));
	CHECK_OK(answer(SUBMISSION, ACCOUNT));
	CHECK_FAULT(answer(SUBMISSION, ACCOUNT), &fault_limit_hold);
	end();
}

/* Who hears strangers knows no login: else it could have all accounts held. */
static const enum role others[] = { MX, LOGIN };

TEST(nobody_but_submission_counts_for_an_account)
{
	struct limit_ask note = message(LIMIT_NOTE, ACCOUNT);

	for (size_t i = 0; i < COUNT_OF(others); i++) {
		if (!begin())
			return;
		for (int n = 0; n < 3; n++)
			CHECK_FAULT(answer(others[i], ACCOUNT),
				&fault_ipc_malformed);
		CHECK_OK(answer(others[i], 0));
		if (others[i] == MX) {
			for (int n = 0; n < 3; n++)
				CHECK_OK(channel_send(fake.links[MX], &note,
					-1));
			CHECK_OK(answer(MX, 0)); /* they were heard */
		}
		CHECK_OK(answer(SUBMISSION, ACCOUNT));
		end();
	}
}
