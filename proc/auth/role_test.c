#include <fcntl.h>
#include <poll.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "lib/base/base64.h"
#include "lib/base/codec.h"
#include "state/users/edit.h"
#include "sys/clock.h"
#include "sys/crypto.h"
#include "sys/epochs.h"
#include "sys/fake_master.h"
#include "sys/mac.h"

#define ALICE    1
#define BOB      2
#define CAROL    3
#define PASSWORD "correct horse battery"

static const struct mac_key key = { "a key that only auth is given" };
static const struct site *site;
static int users = -1, later = -1;
static uint32_t policy; /* enum site_passwords */

/* --- users --------------------------------------------------------------- */

static const struct span alice[] = { SPAN("alice@agency.example"),
	SPAN("a.b@agency.example") };
static const struct span bob[] = { SPAN("bob@agency.example"),
	SPAN("abuse@agency.example") };
static const struct span carol[] = { SPAN("carol@agency.example") };
static const struct span frank[] = { SPAN("frank@agency.example") };

static const uint8_t card_of_alice[CERTIFICATE_HASH] = { 1, 2, 3 };
static const uint8_t card_of_carol[CERTIFICATE_HASH] = { 4, 5, 6 };
static const uint8_t card_of_nobody[CERTIFICATE_HASH] = { 1, 2, 4 };

/* alice, bob, carol, who is disabled, and frank, whose password is of spring;
 * later alice has another password and
 * bob is disabled, too.  Made once for all tests. */
static void
make_users(void)
{
	char path[] = "/tmp/auth-XXXXXX", lock[32];
	struct instant now = clock_instant();
	struct users_edit e;
	struct user *u;

	CHECK_OK(crypto_start());
	mac_start();
	CHECK(mkdtemp(path) != NULL && rmdir(path) == 0);
	CHECK_OK(users_create(path));
	CHECK_OK(users_edit_open(path, &e));
	CHECK_OK(users_edit_add(&e, SPAN("alice"), alice, 2, SPAN(PASSWORD),
		now));
	CHECK_OK(users_edit_add(&e, SPAN("bob"), bob, 2, SPAN(PASSWORD), now));
	CHECK_OK(users_edit_add(&e, SPAN("carol"), carol, 1, SPAN(PASSWORD),
		now));
	CHECK_OK(users_edit_add(&e, SPAN("frank"), frank, 1, SPAN(PASSWORD),
		(struct instant){ now.us - DAYS(90) }));
	CHECK_OK(users_edit_find(&e, SPAN("carol"), &u));
	user_set_state(u, USER_DISABLED, SPAN("left"));
	CHECK_OK(users_edit_add_app(&e, u, SPAN("phone"), SCOPES_ALL,
		SPAN("app"), now));
	CHECK_OK(users_edit_add_certificate(&e, u, SPAN("card"), card_of_carol,
		now));
	CHECK_OK(users_edit_find(&e, SPAN("alice"), &u));
	CHECK_OK(users_edit_add_certificate(&e, u, SPAN("card"), card_of_alice,
		now));
	CHECK_OK(users_edit_add_app(&e, u, SPAN("phone"), SCOPE_IMAP,
		SPAN("app"), now));
	CHECK_OK(users_edit_add_app(&e, u, SPAN("printer"), SCOPE_SMTP,
		SPAN("app"), now));
	CHECK_OK(users_edit_save(&e));
	users_edit_close(&e);
	users = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(users >= 0);
	CHECK_OK(users_edit_open(path, &e));
	CHECK_OK(users_edit_find(&e, SPAN("alice"), &u));
	CHECK_OK(users_edit_set_password(&e, u, SPAN(PASSWORD " staple"), 0,
		(struct instant){ now.us + 1 }));
	CHECK_OK(users_edit_find(&e, SPAN("bob"), &u));
	user_set_state(u, USER_DISABLED, SPAN("left"));
	CHECK_OK(users_edit_save(&e));
	users_edit_close(&e);
	later = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(later >= 0 && unlink(path) == 0);
	snprintf(lock, sizeof lock, "%s.lock", path);
	CHECK(unlink(lock) == 0);
}

static void
give(void)
{
	struct secret_given secret = { .head = { .type = SECRET_GIVEN },
		.kind = SECRET_GRANT };
	struct file_given file = { .head = { .type = FILE_GIVEN },
		.purpose = FILE_USERS };

	fake_link(LOG, AUTH);
	memcpy(secret.key, key.octets, sizeof secret.key);
	CHECK_OK(channel_send(fake.links[MASTER], &secret, -1));
	CHECK_OK(channel_send(fake.links[MASTER], &file, users));
	fake_link(MX, AUTH);
	fake_link(SUBMISSION, AUTH);
	fake_link(LOGIN, AUTH);
	fake_link(CTL, AUTH);
}

static bool
start(void)
{
	static struct site s;

	if (!fake_is_built(AUTH))
		return false;
	if (users < 0)
		make_users();
	s = *fake_site();
	s.domains[0] = (struct site_domain){ "agency.example" };
	s.domains[1] = (struct site_domain){ "board.example" };
	s.domains_count = 2;
	s.passwords = policy;
	s.session_us = HOURS(20);
	site = &s;
	fake_start(AUTH, site, give);
	return true;
}

/* --- recipients ---------------------------------------------------------- */

static const struct {
	const char *what;
	const char *address;
	uint32_t kind, account;
	const struct fault *fault;
} rcpts[] = {
	{ "a mailbox", "alice@agency.example", RCPT_LOCAL, ALICE, OK },
	{ "in other letters", "ALICE@Agency.Example", RCPT_LOCAL, ALICE, OK },
	{ "quoted without need", "\"alice\"@agency.example", RCPT_LOCAL, ALICE,
		OK },
	{ "another address of it", "a.b@agency.example", RCPT_LOCAL, ALICE,
		OK },
	{ "of a disabled account", "carol@agency.example", RCPT_LOCAL, CAROL,
		OK },
	{ "nobody", "dave@agency.example", RCPT_REFUSED, 0,
		&fault_mailbox_unknown },
	{ "a part of a name", "alic@agency.example", RCPT_REFUSED, 0,
		&fault_mailbox_unknown },
	{ "postmaster alone", "postmaster", RCPT_LOCAL, ALICE, OK },
	{ "in other letters", "PostMaster", RCPT_LOCAL, ALICE, OK },
	{ "postmaster whom no account names", "postmaster@agency.example",
		RCPT_LOCAL, ALICE, OK },
	{ "abuse, whom an account names", "abuse@agency.example", RCPT_LOCAL,
		BOB, OK },
	{ "postmaster elsewhere", "postmaster@other.example", RCPT_REMOTE, 0,
		OK },
	{ "another domain", "alice@other.example", RCPT_REMOTE, 0, OK },
	{ "a domain below ours", "alice@sub.agency.example", RCPT_REMOTE, 0,
		OK },
	{ "a domain that ends like ours", "alice@xagency.example", RCPT_REMOTE,
		0, OK },
	{ "an address literal", "alice@[127.0.0.1]", RCPT_REMOTE, 0, OK },
	{ "a detour by percent", "x%other.example@agency.example",
		RCPT_REFUSED, 0, &fault_mailbox_unknown },
	{ "a detour by bang", "other.example!x@agency.example", RCPT_REFUSED,
		0, &fault_mailbox_unknown },
	{ "two at signs", "alice@other.example@agency.example", RCPT_REFUSED,
		0, &fault_address_syntax },
	{ "a final dot", "alice@agency.example.", RCPT_REFUSED, 0,
		&fault_address_syntax },
	{ "no domain", "alice", RCPT_REFUSED, 0, &fault_address_syntax },
	{ "nothing", "", RCPT_REFUSED, 0, &fault_address_syntax },
	{ "a source route", "@x.example:alice@agency.example", RCPT_REFUSED, 0,
		&fault_address_syntax },
};

TEST(auth_knows_the_mailboxes)
{
	const struct rcpt_answer *m = (const void *)&fake.message;
	uint32_t serial = 0;

	if (!start())
		return;
	EACH_CASE(c, rcpts) {
		struct rcpt_check ask = { .head = { RCPT_CHECK, ++serial, 9 },
			.address_len = (uint16_t)strlen(c->address) };

		memcpy(ask.address, c->address, ask.address_len);
		CHECK_OK(channel_send(fake.links[MX], &ask, -1));
		fake_expect(RCPT_ANSWER);
		CHECK_NUMBER(m->head.serial, serial);
		CHECK_NUMBER(m->head.session, 9);
		CHECK_NUMBER(m->kind, c->kind);
		CHECK_NUMBER(m->count, c->kind == RCPT_LOCAL);
		CHECK_NUMBER(m->accounts[0], c->account);
		CHECK_FAULT(fault_row(m->fault), c->fault);
	}
	fake_stop();
}

/* --- aliases, groups, catch-alls ------------------------------------------ */

static const struct span book = SPAN(
	"alias sales@agency.example { to bob@agency.example }\n"
	"alias two@agency.example {\n"
	"	to alice@agency.example\n	to sales@agency.example }\n"
	"alias left@agency.example { to dave@agency.example }\n"
	"alias carol@agency.example { to alice@agency.example }\n"
	"group open@agency.example { senders anybody\n"
	"	to bob@agency.example }\n"
	"group logins@agency.example { senders logins\n"
	"	to bob@agency.example }\n"
	"group members@agency.example { senders members\n"
	"	to bob@agency.example\n	to carol@agency.example }\n"
	"group listed@agency.example { senders listed\n"
	"	to bob@agency.example\n	sender a.b@agency.example }\n"
	"alias behind@agency.example { to members@agency.example }\n"
	"catch-all board.example { to bob@agency.example\n"
	"	reason \"old cards\"\n	owner \"J. Roe\"\n	expires ");

static const struct span delegation = SPAN(" }\n"
	"send-as info@agency.example { login alice\n"
	"	reason \"the desk\"\n	owner \"J. Roe\"\n	expires ");

static bool
put_day(struct buf *b, const struct civil *c)
{
	return buf_put_digits(b, (uint64_t)c->year, 4) && buf_push(b, '-') &&
		buf_put_digits(b, c->month, 2) && buf_push(b, '-') &&
		buf_put_digits(b, c->day, 2);
}

/* The same with permits that end in `days`. */
static void
give_addresses(int days)
{
	struct civil c = civil_of((struct instant){
		clock_instant().us + DAYS(days) });
	static uint8_t room[4096];
	struct buf b = BUF(room);

	CHECK(buf_put(&b, book) && put_day(&b, &c) &&
		buf_put(&b, delegation) && put_day(&b, &c) &&
		buf_put_text(&b, " }\n"));
	fake_give_file(FILE_ADDRESSES, buf_view(&b));
}

enum asker { NOBODYS, ALICES, BOBS, FORGED, OTHERS, ENDED };

static const struct {
	const char *what;
	const char *address;
	enum asker asker;
	uint32_t accounts[2];
	const struct fault *fault;
} leads[] = {
	{ "an alias", "sales@agency.example", NOBODYS, { BOB }, OK },
	{ "in other letters", "SALES@Agency.Example", NOBODYS, { BOB }, OK },
	{ "an alias of an account and an alias", "two@agency.example", NOBODYS,
		{ ALICE, BOB }, OK },
	{ "an alias that leads nowhere", "left@agency.example", NOBODYS, { 0 },
		&fault_mailbox_unknown },
	{ "an account is stronger than an alias", "carol@agency.example",
		NOBODYS, { CAROL }, OK },
	{ "with detail", "alice+news@agency.example", NOBODYS, { ALICE }, OK },
	{ "with more of it", "alice+a+b@agency.example", NOBODYS, { ALICE },
		OK },
	{ "with a path, EN-D17", "alice+..%2f..%2fetc@agency.example", NOBODYS,
		{ 0 }, &fault_address_syntax },
	{ "the same in quotes", "\"alice+../../bob\"@agency.example", NOBODYS,
		{ ALICE }, OK },
	{ "the same, other dots", "alice+INBOX/.%2e/bob@agency.example",
		NOBODYS, { ALICE }, OK },
	{ "with slashes", "alice+INBOX/bob@agency.example", NOBODYS, { ALICE },
		OK },
	{ "an alias with detail", "sales+x@agency.example", NOBODYS, { BOB },
		OK },
	{ "in quotes, with an at sign", "\"alice+a@b\"@agency.example",
		NOBODYS, { ALICE }, OK },
	{ "nothing but detail", "+alice@agency.example", NOBODYS, { 0 },
		&fault_mailbox_unknown },
	{ "detail of nobody", "dave+x@agency.example", NOBODYS, { 0 },
		&fault_mailbox_unknown },
	{ "a catch-all", "dave@board.example", NOBODYS, { BOB }, OK },
	{ "of that domain only", "dave@agency.example", NOBODYS, { 0 },
		&fault_mailbox_unknown },
	{ "an open group", "open@agency.example", NOBODYS, { BOB }, OK },
	{ "logins, from outside", "logins@agency.example", NOBODYS, { 0 },
		&fault_group_closed },
	{ "logins, a login", "logins@agency.example", ALICES, { BOB }, OK },
	{ "logins, a forged one", "logins@agency.example", FORGED, { 0 },
		&fault_group_closed },
	{ "logins, of another session", "logins@agency.example", OTHERS, { 0 },
		&fault_group_closed },
	{ "logins, one that has ended", "logins@agency.example", ENDED, { 0 },
		&fault_group_closed },
	{ "members, from outside", "members@agency.example", NOBODYS, { 0 },
		&fault_group_closed },
	{ "members, a member", "members@agency.example", BOBS,
		{ BOB, ALICE }, OK },
	{ "members, no member but who an alias has",
		"members@agency.example", ALICES, { BOB, ALICE }, OK },
	{ "members, behind an alias", "behind@agency.example", NOBODYS, { 0 },
		&fault_group_closed },
	{ "members, with detail", "members+x@agency.example", NOBODYS, { 0 },
		&fault_group_closed },
	{ "listed, from outside", "listed@agency.example", NOBODYS, { 0 },
		&fault_group_closed },
	{ "listed, by another address of the account", "listed@agency.example",
		ALICES, { BOB }, OK },
	{ "listed, a member who is not", "listed@agency.example", BOBS, { 0 },
		&fault_group_closed },
};

static struct grant
grant_of(enum asker asker, uint64_t session)
{
	struct grant g = { .session = session,
		.expires_us = clock_instant().us + HOURS(1),
		.account = asker == BOBS ? BOB : ALICE,
		.kind = GRANT_SASL,
		.epoch = 2 };

	if (asker == NOBODYS)
		return (struct grant){ 0 };
	g.session += asker == OTHERS;
	g.epoch -= asker == ENDED;
	mac_make(&key, span_at(&g, TOKEN_SIGNED(struct grant)), g.mac);
	g.mac[0] ^= asker == FORGED;
	return g;
}

static const struct rcpt_answer *
ask_rcpt(const char *address, enum asker asker)
{
	struct rcpt_check ask = { .head = { RCPT_CHECK, 1, 9 },
		.grant = grant_of(asker, 9),
		.address_len = (uint16_t)strlen(address) };

	memcpy(ask.address, address, ask.address_len);
	CHECK_OK(channel_send(fake.links[SUBMISSION], &ask, -1));
	fake_expect(RCPT_ANSWER);
	return (const void *)&fake.message;
}

TEST(auth_knows_what_is_behind_an_address)
{
	if (!start())
		return;
	give_addresses(10);
	fake_expect_event(EV_ADDRESSES_LOADED);
	EACH_CASE(c, leads) {
		const struct rcpt_answer *m = ask_rcpt(c->address, c->asker);

		CHECK_FAULT(fault_row(m->fault), c->fault);
		CHECK(memcmp(m->accounts, c->accounts, sizeof c->accounts) ==
			0);
	}
	test_row = "the operator is told of what leads nowhere";
	fake_expect_event(EV_ADDRESS_USELESS);
	test_row = "a file that is wrong changes nothing";
	fake_give_file(FILE_ADDRESSES,
		SPAN("alias a@agency.example { to a@agency.example }"));
	fake_expect_event(EV_ADDRESSES_REFUSED);
	CHECK_NUMBER(ask_rcpt("sales@agency.example", NOBODYS)->fault, 0);
	test_row = "an empty one does";
	fake.rows[EV_ADDRESSES_LOADED] = 0;
	fake_give_file(FILE_ADDRESSES, SPAN("# nothing\n"));
	fake_expect_event(EV_ADDRESSES_LOADED);
	CHECK_FAULT(fault_row(ask_rcpt("sales@agency.example", NOBODYS)->fault),
		&fault_mailbox_unknown);
	fake_stop();
}

TEST(auth_follows_no_permit_that_ended)
{
	if (!start())
		return;
	give_addresses(-1);
	fake_expect_event(EV_ADDRESSES_LOADED);
	CHECK_FAULT(fault_row(ask_rcpt("dave@board.example", NOBODYS)->fault),
		&fault_mailbox_unknown);
	fake_stop();
}

/* More mailboxes than one answer holds. */
TEST(auth_answers_in_parts)
{
	static uint8_t room[64000];
	struct buf b = BUF(room);
	struct link_given link = { .head = { .type = LINK_GIVEN }, .role = MX };
	struct rcpt_check ask = { .head = { RCPT_CHECK, 1, 9 },
		.address_len = sizeof "all@agency.example" - 1,
		.address = "all@agency.example" };
	static struct rcpt_answer m;
	uint32_t count = 0;
	int pair[2];

	if (!start())
		return;
	CHECK(buf_put_text(&b, "group all@agency.example { senders anybody\n"));
	for (int i = 0; i < 300; i++)
		CHECK(buf_put_text(&b, "to alice@agency.example\n"));
	for (int i = 0; i < 300; i++)
		CHECK(buf_put_text(&b, "to bob@agency.example\n"));
	CHECK(buf_put_text(&b, "}\n"));
	fake_give_file(FILE_ADDRESSES, buf_view(&b));
	fake_expect_event(EV_ADDRESSES_LOADED);
	CHECK_OK(fd_channel_pair(pair));
	CHECK_OK(channel_send(fake.links[MASTER], &link, pair[1]));
	CHECK_NUMBER(send(pair[0], &ask, sizeof ask, 0), sizeof ask);
	for (;;) {
		struct pollfd p = { pair[0], POLLIN, 0 };

		CHECK_NUMBER(poll(&p, 1, 60000), 1);
		CHECK_NUMBER(recv(pair[0], &m, sizeof m, 0), sizeof m);
		CHECK_NUMBER(m.head.type, RCPT_ANSWER);
		CHECK_NUMBER(m.fault, 0);
		for (uint32_t i = 0; i < m.count; i++)
			CHECK_NUMBER(m.accounts[i],
				count++ < 300 ? ALICE : BOB);
		if (!m.more)
			break;
	}
	CHECK_NUMBER(count, 600);
	fd_close(&pair[0]);
	fd_close(&pair[1]);
	fake_stop();
}

/* --- PLAIN --------------------------------------------------------------- */

static uint64_t last_session;

static void
step(enum role from, const struct sasl_step *model, struct span blob)
{
	struct sasl_step m = *model;

	m.head.type = SASL_STEP;
	m.head.serial++;
	m.has_blob = 1;
	m.blob_len = (uint16_t)blob.len;
	memcpy(m.blob, blob.at, blob.len);
	CHECK_OK(channel_send(fake.links[from], &m, -1));
}

/* A first step of a new session, from 192.0.`net`.1. */
static struct sasl_step
first_step(enum sasl_mechanism mechanism, uint8_t net)
{
	return (struct sasl_step){
		.head = { .session = ++last_session },
		.peer = { [10] = 0xff, 0xff, 192, 0, net, 1 },
		.start = 1,
		.mechanism = mechanism,
	};
}

static void
try_plain(uint8_t net, struct span blob)
{
	struct sasl_step m = first_step(SASL_PLAIN, net);

	step(SUBMISSION, &m, blob);
}

static const struct sasl_done *
expect_done(uint64_t session)
{
	const struct sasl_done *m = (const void *)&fake.message;

	fake_expect(SASL_DONE);
	CHECK_NUMBER(m->head.session, session);
	return m;
}

/* Nothing but the fault. */
static void
check_refused(uint64_t session, const struct fault *f)
{
	static struct sasl_done nothing;
	const struct sasl_done *m = expect_done(session);

	nothing.head = m->head;
	nothing.fault = m->fault;
	CHECK_FAULT(fault_row(m->fault), f);
	CHECK(memcmp(m, &nothing, sizeof nothing) == 0);
	CHECK_NUMBER(fake.fd, -1);
}

/* alice is logged in, in this session and no other. */
static void
check_granted(const struct sasl_done *m)
{
	struct span addresses = span_at(m->addresses, m->addresses_len), s;
	const struct grant *g = &m->grant;
	int64_t left = g->expires_us - clock_instant().us;

	CHECK_NUMBER(m->fault, 0);
	CHECK_SPAN(span_at(m->login, m->login_len), "alice");
	for (size_t i = 0; i < COUNT_OF(alice); i++)
		CHECK(take_block(&addresses, &s) && span_equals(s, alice[i]));
	CHECK_NUMBER(addresses.len, 0);
	CHECK_NUMBER(g->session, m->head.session);
	CHECK_NUMBER(g->account, ALICE);
	CHECK_NUMBER(g->kind, GRANT_SASL);
	CHECK(left > HOURS(20) && left <= HOURS(21));
	CHECK(mac_holds(&key, span_at(g, TOKEN_SIGNED(struct grant)), g->mac));
}

static const struct {
	const char *what;
	struct span blob;
	const struct fault *fault;
} plains[] = {
	{ "the password", SPAN("\0alice\0" PASSWORD), OK },
	{ "again", SPAN("\0alice\0" PASSWORD), OK },
	{ "the login in other letters", SPAN("\0ALICE\0" PASSWORD), OK },
	{ "another password", SPAN("\0alice\0Correct horse battery"),
		&fault_auth_failed },
	{ "a part of it", SPAN("\0alice\0correct horse"), &fault_auth_failed },
	{ "a login that nobody has", SPAN("\0dave\0" PASSWORD),
		&fault_auth_failed },
	{ "an address is no login", SPAN("\0alice@agency.example\0" PASSWORD),
		&fault_auth_failed },
	{ "a disabled account", SPAN("\0carol\0" PASSWORD),
		&fault_auth_failed },
	{ "an app password", SPAN("\0alice/printer\0app"), OK },
	{ "again", SPAN("\0alice/printer\0app"), OK },
	{ "in the account's own name", SPAN("\0alice\0app"),
		&fault_auth_failed },
	{ "the account's password in its name",
		SPAN("\0alice/printer\0" PASSWORD), &fault_auth_failed },
	{ "an app password that is not for submission",
		SPAN("\0alice/phone\0app"), &fault_auth_failed },
	{ "one that is none", SPAN("\0alice/fax\0app"), &fault_auth_failed },
	{ "one of a disabled account", SPAN("\0carol/phone\0app"),
		&fault_auth_failed },
	{ "for somebody else", SPAN("bob\0alice\0" PASSWORD),
		&fault_auth_failed },
	{ "no password", SPAN("\0alice\0"), &fault_auth_failed },
	{ "nothing", SPAN(""), &fault_auth_failed },
	{ "no PLAIN at all", SPAN("alice"), &fault_auth_failed },
};

TEST(auth_compares_passwords)
{
	uint8_t net = 0;

	if (!start())
		return;
	EACH_CASE(c, plains) {
		try_plain(++net, c->blob);
		if (c->fault)
			check_refused(last_session, c->fault);
		else
			check_granted(expect_done(last_session));
	}
	fake_expect_event(EV_USERS_LOADED);
	fake_expect_event(EV_LOGIN_SUCCEEDED);
	fake_expect_event(EV_LOGIN_FAILED);
	fake_stop();
}

/* --- EXTERNAL ------------------------------------------------------------ */

static const struct {
	const char *what;
	const uint8_t *card; /* NULL: none was shown */
	struct span name;
	const struct fault *fault;
} externals[] = {
	{ "a certificate", card_of_alice, SPAN(""), OK },
	{ "with the name", card_of_alice, SPAN("alice"), OK },
	{ "in other letters", card_of_alice, SPAN("Alice"), OK },
	{ "AU-D13: with another's name", card_of_alice, SPAN("bob"),
		&fault_auth_failed },
	{ "with a part of the name", card_of_alice, SPAN("alic"),
		&fault_auth_failed },
	{ "with a control in it", card_of_alice, SPAN("alice\n"),
		&fault_auth_failed },
	{ "of nobody", card_of_nobody, SPAN(""), &fault_auth_failed },
	{ "of nobody, with a name", card_of_nobody, SPAN("alice"),
		&fault_auth_failed },
	{ "of a disabled account", card_of_carol, SPAN(""),
		&fault_auth_failed },
	{ "none", NULL, SPAN("alice"), &fault_auth_failed },
};

TEST(auth_knows_certificates)
{
	uint8_t net = 0;

	if (!start())
		return;
	EACH_CASE(c, externals) {
		struct sasl_step m = first_step(SASL_EXTERNAL, ++net);

		m.has_certificate = c->card != NULL;
		if (c->card)
			memcpy(m.certificate, c->card, sizeof m.certificate);
		step(SUBMISSION, &m, c->name);
		if (c->fault)
			check_refused(last_session, c->fault);
		else
			check_granted(expect_done(last_session));
	}
	fake_stop();
}

/* --- addresses that are lent ---------------------------------------------- */

static bool
lends(const char *login, const char *address)
{
	const struct sasl_done *m;
	struct span all, s;
	uint8_t room[128];
	struct buf blob = BUF(room);
	bool found = false;

	CHECK(buf_push(&blob, 0) && buf_put_text(&blob, login) &&
		buf_push(&blob, 0) && buf_put_text(&blob, PASSWORD));
	try_plain(1, buf_view(&blob));
	m = expect_done(last_session);
	CHECK_NUMBER(m->fault, 0);
	all = span_at(m->addresses, m->addresses_len);
	while (take_block(&all, &s))
		found |= span_equals(s, span_of(address));
	return found;
}

/* NC-2.1.7. */
TEST(auth_lends_addresses)
{
	for (int days = 10; days >= -10; days -= 20) {
		if (!start())
			return;
		give_addresses(days);
		fake_expect_event(EV_ADDRESSES_LOADED);
		CHECK(lends("alice", "a.b@agency.example"));
		CHECK(lends("alice", "info@agency.example") == (days > 0));
		CHECK(!lends("bob", "info@agency.example"));
		fake_stop();
	}
}

/* --- hosts that relay by their address ------------------------------------ */

/* A connection from 127.0.0.1, or a descriptor that is none. */
static int
connection(bool real)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	OWNED(fd_close) int listener = socket(AF_INET, SOCK_STREAM, 0);
	OWNED(fd_close) int client = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof at;
	int fd = -1;

	if (!real) {
		CHECK_OK(fd_memory("no socket", &fd));
		return fd;
	}
	CHECK(bind(listener, (struct sockaddr *)&at, len) == 0 &&
		listen(listener, 1) == 0 &&
		getsockname(listener, (struct sockaddr *)&at, &len) == 0 &&
		connect(client, (struct sockaddr *)&at, len) == 0);
	fd = accept(listener, NULL, NULL);
	CHECK(fd >= 0);
	return fd;
}

/* NC-2.1.5: the kernel is asked, and who is not listed gets nothing. */
TEST(auth_lets_no_other_host_relay)
{
	for (int real = 0; real < 2; real++) {
		struct relay_ask ask = { .head = { RELAY_ASK, 1, 9 } };
		const struct relay_granted *m = (const void *)&fake.message;
		OWNED(fd_close) int fd = connection(real);
		struct grant none = { 0 };

		if (!start())
			return;
		fake_give_file(FILE_ADDRESSES, SPAN(
			"relay scanner { from 198.51.100.8/29\n"
			"sender alice@agency.example\n reason \"old device\"\n"
			"owner \"J. Roe\"\n expires 2026-12-24 }\n"));
		CHECK_OK(channel_send(fake.links[MX], &ask, fd));
		fake_expect(RELAY_GRANTED);
		CHECK_FAULT(fault_row(m->fault),
			real ? &fault_relay_denied : &fault_sys_failed);
		CHECK(memcmp(&m->grant, &none, sizeof none) == 0);
		CHECK_NUMBER(m->addresses_len, 0);
		fake_stop();
	}
}

/* --- sessions of imap ---------------------------------------------------- */

static const struct {
	const char *what;
	enum role from;
	bool wanted, opened;
} wishes[] = {
	{ "imap", LOGIN, true, true },
	{ "imap without a session", LOGIN, false, false },
	{ "submission may not have one", SUBMISSION, true, false },
};

/* The session's message comes first: what else comes stays in its channel. */
static int
expect_session(void)
{
	const struct session_open *m = (const void *)&fake.message;

	channel_pause(fake.links[LOGIN], true);
	fake_expect(SESSION_OPEN);
	channel_pause(fake.links[LOGIN], false);
	CHECK_NUMBER(m->account, ALICE);
	CHECK_NUMBER(m->head.session, last_session);
	CHECK_SPAN(span_at(m->login, m->login_len), "alice");
	CHECK(fake.fd >= 0);
	return fake.fd;
}

TEST(auth_opens_a_session_for_imap)
{
	if (!start())
		return;
	EACH_CASE(c, wishes) {
		struct sasl_step m = first_step(SASL_PLAIN, 1);
		OWNED(fd_close) int theirs = -1;
		char octet = 0;

		m.wants_session = c->wanted;
		step(c->from, &m, SPAN("\0alice\0" PASSWORD));
		if (c->opened)
			theirs = expect_session();
		check_granted(expect_done(last_session));
		CHECK((fake.fd >= 0) == c->opened);
		if (!c->opened)
			continue;
		CHECK(write(fake.fd, "x", 1) == 1);
		CHECK(read(theirs, &octet, 1) == 1 && octet == 'x');
		fd_close(&fake.fd);
	}
	fake_stop();
}

/* --- SCRAM --------------------------------------------------------------- */

/* What the server said first. */
struct offer {
	struct span all, nonce;
	uint8_t salt[SCRAM_SALT];
	uint64_t iterations;
	uint8_t room[SASL_BLOB_MAX];
};

static struct sasl_step
ask_offer(struct span login, uint8_t net, struct offer *o)
{
	const struct sasl_challenge *m = (const void *)&fake.message;
	struct sasl_step first = first_step(SASL_SCRAM_SHA_256, net);
	struct buf salt = BUF(o->salt), message;
	uint8_t room[128];
	struct span in;

	message = BUF(room);
	CHECK(buf_put_text(&message, "n,,n=") && buf_put(&message, login) &&
		buf_put_text(&message, ",r=abc"));
	step(SUBMISSION, &first, buf_view(&message));
	fake_expect(SASL_CHALLENGE);
	CHECK_NUMBER(m->head.session, last_session);
	memcpy(o->room, m->blob, m->blob_len);
	in = o->all = span_at(o->room, m->blob_len);
	o->nonce = span_shift_upto(&in, span_find_octet(in, ','));
	CHECK(span_starts(o->nonce, SPAN("r=abc")) && o->nonce.len > 20);
	CHECK(span_take_nocase(&in, SPAN(",s=")));
	CHECK_OK(base64_decode(span_shift_upto(&in, span_find_octet(in, ',')),
		&salt));
	CHECK_NUMBER(salt.len, SCRAM_SALT);
	CHECK(span_take_nocase(&in, SPAN(",i=")));
	CHECK_OK(number_parse(in, 4096, 1000000, &o->iterations));
	first.start = 0;
	return first;
}

/* Hi() of RFC 5802 section 2.2 */
static void
salted_password(struct span password, const struct offer *o,
	uint8_t out[SCRAM_KEY])
{
	uint8_t u[SCRAM_KEY], room[SCRAM_SALT + 4];
	struct buf first = BUF(room);

	CHECK(buf_put(&first, span_at(o->salt, SCRAM_SALT)) &&
		buf_put(&first, SPAN("\0\0\0\1")));
	hmac_sha256(password, buf_view(&first), u);
	memcpy(out, u, sizeof u);
	for (uint64_t n = 1; n < o->iterations; n++) {
		hmac_sha256(password, span_at(u, sizeof u), u);
		for (size_t i = 0; i < sizeof u; i++)
			out[i] ^= u[i];
	}
}

/* The client's half of RFC 5802 section 3.  The server's signature that must
 * come back is appended to `signature`. */
static void
send_proof(const struct sasl_step *m, const struct offer *o, struct span login,
	struct span password, struct buf *signature)
{
	uint8_t salted[SCRAM_KEY], proof[SCRAM_KEY], stored[SCRAM_KEY];
	uint8_t server[SCRAM_KEY], mac[SCRAM_KEY];
	static uint8_t all[SASL_BLOB_MAX], last[SASL_BLOB_MAX];
	struct buf auth = BUF(all), out = BUF(last);

	CHECK(buf_put_text(&out, "c=biws,") && buf_put(&out, o->nonce));
	CHECK(buf_put_text(&auth, "n=") && buf_put(&auth, login) &&
		buf_put_text(&auth, ",r=abc,") && buf_put(&auth, o->all) &&
		buf_push(&auth, ',') && buf_put(&auth, buf_view(&out)));
	salted_password(password, o, salted);
	hmac_sha256(span_at(salted, SCRAM_KEY), SPAN("Client Key"), proof);
	hmac_sha256(span_at(salted, SCRAM_KEY), SPAN("Server Key"), server);
	sha256(span_at(proof, SCRAM_KEY), stored);
	hmac_sha256(span_at(stored, SCRAM_KEY), buf_view(&auth), mac);
	for (size_t i = 0; i < SCRAM_KEY; i++)
		proof[i] ^= mac[i];
	CHECK(buf_put_text(&out, ",p=") &&
		put_base64(&out, span_at(proof, SCRAM_KEY)));
	hmac_sha256(span_at(server, SCRAM_KEY), buf_view(&auth), mac);
	CHECK(buf_put_text(signature, "v=") &&
		put_base64(signature, span_at(mac, SCRAM_KEY)));
	step(SUBMISSION, m, buf_view(&out));
}

static const struct {
	const char *what;
	const char *login, *password;
	const struct fault *fault;
} scrams[] = {
	{ "the password", "alice", PASSWORD, OK },
	{ "another password", "alice", "incorrect horse battery",
		&fault_auth_failed },
	{ "a login that nobody has", "dave", PASSWORD, &fault_auth_failed },
	{ "a disabled account", "carol", PASSWORD, &fault_auth_failed },
	{ "an app password", "alice/printer", "app", OK },
	{ "one that is not for submission", "alice/phone", "app",
		&fault_auth_failed },
};

TEST(auth_verifies_proofs)
{
	uint8_t net = 0;

	if (!start())
		return;
	EACH_CASE(c, scrams) {
		uint8_t room[64];
		struct buf signature = BUF(room);
		struct offer o;
		struct sasl_step m = ask_offer(span_of(c->login), ++net, &o);
		const struct sasl_done *done;

		send_proof(&m, &o, span_of(c->login), span_of(c->password),
			&signature);
		if (c->fault) {
			check_refused(last_session, c->fault);
			continue;
		}
		done = expect_done(last_session);
		check_granted(done);
		CHECK_SPANS(span_at(done->blob, done->blob_len),
			buf_view(&signature));
	}
	fake_stop();
}

/* AU-D02: outsiders cannot tell who has an account. */
TEST(auth_offers_the_same_at_every_try)
{
	static const char *const logins[] = { "alice", "carol", "dave", "erin" };
	static struct offer before[COUNT_OF(logins)], after;

	for (int run = 0; run < 2; run++) {
		if (!start())
			return;
		for (size_t i = 0; i < COUNT_OF(logins); i++) {
			struct offer *o = run == 0 ? &before[i] : &after;

			test_row = logins[i];
			ask_offer(span_of(logins[i]), (uint8_t)i, o);
			CHECK_NUMBER(o->iterations, SCRAM_ITERATIONS);
			CHECK(memcmp(before[i].salt, o->salt, SCRAM_SALT) == 0);
		}
		fake_stop();
	}
	test_row = "dave in other letters";
	if (!start())
		return;
	ask_offer(SPAN("DAVE"), 1, &after);
	CHECK(memcmp(before[2].salt, after.salt, SCRAM_SALT) == 0);
	test_row = "no two logins";
	for (size_t i = 1; i < COUNT_OF(logins); i++)
		CHECK(memcmp(before[0].salt, before[i].salt, SCRAM_SALT));
	CHECK(memcmp(before[2].salt, before[3].salt, SCRAM_SALT));
	fake_stop();
}

/* --- what goes wrong ----------------------------------------------------- */

/* AU-D07: who guesses waits, who comes from elsewhere does not. */
TEST(auth_slows_who_guesses)
{
	uint64_t guess;

	if (!start())
		return;
	for (int i = 0; i < 3; i++) {
		try_plain(1, SPAN("\0alice\0guess"));
		check_refused(last_session, &fault_auth_failed);
	}
	test_row = "the next guess, and the owner from elsewhere";
	try_plain(1, SPAN("\0alice\0guess"));
	guess = last_session;
	try_plain(2, SPAN("\0alice\0" PASSWORD));
	check_granted(expect_done(last_session));
	check_refused(guess, &fault_auth_failed);
	test_row = "the owner from there";
	try_plain(1, SPAN("\0alice\0" PASSWORD));
	check_granted(expect_done(last_session));
	fake_expect_event(EV_LOGIN_SLOWED);
	fake_stop();
}

/* --- what changes meanwhile ----------------------------------------------- */

static void
hear_epochs(struct epochs *e)
{
	fake_expect(EPOCHS_GIVEN);
	CHECK_OK(epochs_take(e, (const void *)&fake.message, fake.fd));
	fd_close(&fake.fd);
}

static void
change_users(int fd, const struct fault *want)
{
	struct users_changed m = { .head = { .type = USERS_CHANGED } };
	const struct ctl_done *done = (const void *)&fake.message;

	CHECK_OK(channel_send(fake.links[CTL], &m, fd));
	fake_expect(CTL_DONE);
	CHECK_FAULT(fault_row(done->fault), want);
	CHECK_NUMBER(done->count, want == OK);
}

/* --- a credential in clear ------------------------------------------------ */

static int burnt = -1;

static void
give_burnt(void)
{
	struct file_given file = { .head = { .type = FILE_GIVEN },
		.purpose = FILE_BURNT };

	CHECK_OK(channel_send(fake.links[MASTER], &file, burnt));
}

static void
say_in_clear(struct span blob)
{
	struct sasl_in_clear m = { .head = { .type = SASL_IN_CLEAR,
					   .session = ++last_session },
		.peer = { [10] = 0xff, 0xff, 192, 0, 3, 1 },
		.blob_len = (uint16_t)blob.len };

	memcpy(m.blob, blob.at, blob.len);
	CHECK_OK(channel_send(fake.links[SUBMISSION], &m, -1));
}

static const struct {
	const char *what;
	struct span blob;
	bool burns;
} clears[] = {
	{ "nothing that was read", SPAN(""), false },
	{ "no PLAIN", SPAN("alice"), false },
	{ "a wrong password", SPAN("\0alice\0guess"), false },
	{ "the right one of another", SPAN("\0dave\0" PASSWORD),
		false },
	{ "the right one", SPAN("\0alice\0" PASSWORD), true },
	{ "an app password", SPAN("\0alice/printer\0app"), true },
};

/* NC-2.1.4: flagged, for ever, until there is another password. */
TEST(auth_burns_what_was_seen_in_clear)
{
	EACH_CASE(c, clears) {
		struct epochs e = { 0 };

		CHECK_OK(fd_memory("burnt", &burnt));
		if (!start())
			return;
		give_burnt();
		channel_close(&fake.links[STORE]);
		fake_link(STORE, AUTH);
		hear_epochs(&e);
		say_in_clear(c->blob);
		if (c->burns) {
			fake_expect_event(EV_CREDENTIAL_BURNT);
			hear_epochs(&e);
		}
		CHECK(epochs_ended(&e, ALICE, 2) == c->burns);
		CHECK(!epochs_ended(&e, BOB, 2));
		try_plain(1, SPAN("\0alice\0" PASSWORD));
		CHECK_FAULT(fault_row(expect_done(last_session)->fault),
			c->burns ? &fault_auth_failed : OK);
		fake_stop();
		if (!start()) /* after a restart */
			return;
		give_burnt();
		try_plain(1, SPAN("\0alice\0" PASSWORD));
		CHECK_FAULT(fault_row(expect_done(last_session)->fault),
			c->burns ? &fault_auth_failed : OK);
		try_plain(2, SPAN("\0bob\0" PASSWORD));
		CHECK_NUMBER(expect_done(last_session)->fault, 0);
		fake_stop();
		fd_close(&burnt);
	}
}

TEST(auth_takes_the_password_that_follows_a_burnt_one)
{
	CHECK_OK(fd_memory("burnt", &burnt));
	if (!start())
		return;
	give_burnt();
	say_in_clear(SPAN("\0alice\0" PASSWORD));
	fake_expect_event(EV_CREDENTIAL_BURNT);
	change_users(later, OK);
	try_plain(1, SPAN("\0alice\0" PASSWORD " staple"));
	CHECK_NUMBER(expect_done(last_session)->fault, 0);
	try_plain(2, SPAN("\0alice\0" PASSWORD));
	check_refused(last_session, &fault_auth_failed);
	fake_stop();
	fd_close(&burnt);
}

/* ACC-03: three wrong passwords lock the address, by nc-2008. */
TEST(auth_locks_an_address_and_no_account)
{
	policy = SITE_PASSWORDS_NC_2008;
	if (!start())
		return;
	policy = SITE_PASSWORDS_SP800_63B;
	for (int i = 0; i < 3; i++) {
		try_plain(1, SPAN("\0alice\0guess"));
		check_refused(last_session, &fault_auth_failed);
	}
	fake_expect_event(EV_ADDRESS_LOCKED);
	test_row = "the right password from there";
	try_plain(1, SPAN("\0alice\0" PASSWORD));
	check_refused(last_session, &fault_auth_failed);
	test_row = "the owner from elsewhere";
	try_plain(2, SPAN("\0alice\0" PASSWORD));
	check_granted(expect_done(last_session));
	fake_stop();
}

static const struct {
	const char *what;
	uint32_t policy;
	struct span blob;
	const struct fault *fault;
} ages[] = {
	{ "nothing expires", SITE_PASSWORDS_SP800_63B,
		SPAN("\0frank\0" PASSWORD), OK },
	{ "after 90 days", SITE_PASSWORDS_NC_2008,
		SPAN("\0frank\0" PASSWORD), &fault_auth_failed },
	{ "a fresh one", SITE_PASSWORDS_NC_2008,
		SPAN("\0alice\0" PASSWORD), OK },
};

TEST(auth_refuses_a_password_that_is_too_old)
{
	EACH_CASE(c, ages) {
		policy = c->policy;
		if (!start())
			return;
		policy = SITE_PASSWORDS_SP800_63B;
		try_plain(1, c->blob);
		CHECK_FAULT(fault_row(expect_done(last_session)->fault),
			c->fault);
		fake_stop();
	}
}

TEST(auth_counts_a_credential_in_clear)
{
	struct sasl_in_clear m = { .head = { .type = SASL_IN_CLEAR },
		.peer = { [10] = 0xff, 0xff, 192, 0, 1, 1 } };
	uint64_t guess;

	if (!start())
		return;
	for (int i = 0; i < 3; i++)
		CHECK_OK(channel_send(fake.links[SUBMISSION], &m, -1));
	try_plain(1, SPAN("\0alice\0guess"));
	guess = last_session;
	try_plain(2, SPAN("\0alice\0" PASSWORD));
	check_granted(expect_done(last_session));
	check_refused(guess, &fault_auth_failed);
	fake_stop();
}

TEST(auth_does_not_let_recipients_wait_for_guesses)
{
	struct rcpt_check ask = { .head = { .type = RCPT_CHECK },
		.address_len = sizeof "postmaster" - 1,
		.address = "postmaster" };
	unsigned refused = 0;

	if (!start())
		return;
	for (uint8_t net = 1; net <= 10; net++)
		try_plain(net, SPAN("\0alice\0guess"));
	CHECK_OK(channel_send(fake.links[MX], &ask, -1));
	for (;;) {
		fake_expect_any(RCPT_ANSWER, SASL_DONE, SASL_DONE);
		if (fake.message.head.type == RCPT_ANSWER)
			break;
		refused++;
	}
	CHECK(refused <= 2);
	fake_stop();
}

static const struct {
	const char *what;
	enum role first, second;
	bool start;
} intruders[] = {
	{ "another role goes on", SUBMISSION, LOGIN, false },
	{ "another role starts anew", SUBMISSION, LOGIN, true },
	{ "nobody started", LOGIN, LOGIN, false },
};

TEST(auth_keeps_exchanges_apart)
{
	if (!start())
		return;
	EACH_CASE(c, intruders) {
		struct offer o;
		struct sasl_step m = ask_offer(SPAN("alice"), 1, &o);

		if (c->first == c->second)
			m.head.session = ++last_session;
		m.start = c->start;
		m.mechanism = SASL_PLAIN;
		step(c->second, &m, SPAN("\0alice\0" PASSWORD));
		check_refused(last_session, &fault_ipc_busy);
	}
	fake_stop();
}

static const struct {
	const char *what;
	uint32_t mechanism;
	uint16_t blob_len, exporter_len;
	const struct fault *fault;
} odd[] = {
	{ "a mechanism that is none", SASL_NONE, 3, 0, &fault_auth_failed },
	{ "nor this", 77, 3, 0, &fault_auth_failed },
	{ "PLUS without a binding", SASL_SCRAM_SHA_256_PLUS, 3, 0,
		&fault_auth_failed },
	{ "more octets than there are", SASL_PLAIN, SASL_BLOB_MAX + 1, 0,
		&fault_ipc_busy },
	{ "the same of the binding", SASL_PLAIN, 3, SASL_BINDING_MAX + 1,
		&fault_ipc_busy },
};

TEST(auth_refuses_odd_steps)
{
	uint8_t net = 0;

	if (!start())
		return;
	EACH_CASE(c, odd) {
		struct sasl_step m = first_step(SASL_PLAIN, ++net);

		m.head.type = SASL_STEP;
		m.mechanism = c->mechanism;
		m.has_blob = 1;
		m.blob_len = c->blob_len;
		m.exporter_len = c->exporter_len;
		CHECK_OK(channel_send(fake.links[SUBMISSION], &m, -1));
		check_refused(last_session, c->fault);
	}
	fake_stop();
}

/* --- another users file -------------------------------------------------- */

TEST(auth_takes_another_users_file_if_it_is_sound)
{
	OWNED(fd_close) int damaged = -1, empty = -1;
	struct users_header h = { .magic = USERS_MAGIC,
		.version = USERS_VERSION };

	if (!start())
		return;
	users_header_checksum(&h, h.checksum);
	CHECK_OK(fd_memory_of("empty", span_at(&h, sizeof h), &empty));
	h.count = 1;
	CHECK_OK(fd_memory_of("damaged", span_at(&h, sizeof h), &damaged));
	test_row = "a damaged one: the old one stays";
	change_users(damaged, &fault_record_damaged);
	try_plain(1, SPAN("\0alice\0" PASSWORD));
	check_granted(expect_done(last_session));
	test_row = "one without users: a proven password is forgotten";
	change_users(empty, OK);
	try_plain(1, SPAN("\0alice\0" PASSWORD));
	check_refused(last_session, &fault_auth_failed);
	fake_expect_event(EV_USERS_REFUSED);
	fake_stop();
}

/* --- what has ended ------------------------------------------------------ */

static const struct {
	const char *what;
	uint32_t account, epoch;
	bool ended;
} epochs[] = {
	{ "the password was changed: from before", ALICE, 2, true },
	{ "the password was changed: from now", ALICE, 3, false },
	{ "disabled: from before", BOB, 2, true },
	{ "nothing changed", CAROL, 3, false },
};

/* Security rule A6. */
TEST(auth_tells_at_once_what_has_ended)
{
	static const enum role holders[] = { QUEUE, STORE, SUBMISSION, LOGIN };
	struct users_changed m = { .head = { .type = USERS_CHANGED } };
	struct epochs e = { 0 };

	if (!start())
		return;
	for (size_t i = 0; i < COUNT_OF(holders); i++) {
		test_row = role_name(holders[i]);
		channel_close(&fake.links[holders[i]]);
		fake_link(holders[i], AUTH);
		hear_epochs(&e);
		CHECK(!epochs_ended(&e, ALICE, 2) && !epochs_ended(&e, BOB, 2));
		CHECK(!epochs_ended(&e, CAROL, 3));
	}
	CHECK_OK(channel_send(fake.links[CTL], &m, later));
	for (size_t i = 0; i < COUNT_OF(holders); i++) {
		hear_epochs(&e);
		EACH_CASE(c, epochs)
			CHECK(epochs_ended(&e, c->account, c->epoch) ==
				c->ended);
	}
	test_row = "a login of now has the epoch of now";
	try_plain(1, SPAN("\0alice\0" PASSWORD " staple"));
	CHECK_NUMBER(expect_done(last_session)->grant.epoch, 3);
	fake_stop();
}

/* What began with the old password ends with the old password. */
TEST(auth_refuses_a_proof_of_what_the_password_was)
{
	uint8_t room[64];
	struct buf signature = BUF(room);
	struct offer o;
	struct sasl_step m;

	if (!start())
		return;
	m = ask_offer(SPAN("alice"), 1, &o);
	change_users(later, OK);
	send_proof(&m, &o, SPAN("alice"), SPAN(PASSWORD), &signature);
	check_refused(last_session, &fault_auth_failed);
	fake_stop();
}
