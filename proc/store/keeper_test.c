/* Deliveries and a session over real channels, in one loop. */
#include "proc/store/keeper.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/test.h"
#include "state/journal/journal.h"
#include "sys/clock.h"
#include "sys/crypto.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "trust/rights.h"

#define ANSWERS 32

static struct world {
	char path[64];
	int directory;
	struct keeper keeper;
	struct mac_key key;
	struct handlers served;      /* its own, and our `gone` */
	struct channel *mx, *queue, *imap; /* our ends */
	struct channel *from_mx, *from_queue, *from_imap; /* the store's */
	uint32_t types[ANSWERS];     /* what came, in order */
	uint32_t serials[ANSWERS];
	size_t came, wanted;
	uint32_t until; /* not 0: only the answer to this serial counts */
	int ends; /* of channels, that are waited for */
	union {
		struct deliver_done deliver;
		struct mailboxes_told list;
		struct mailbox_told status;
		struct view_told view;
		struct store_fetched fetched;
		struct store_added added;
		struct store_done done;
		struct mailbox_changed changed;
	} last;
	int fd; /* came with it */
} w;

/* One a process, as everywhere. */
static struct loop *loop;

/* --- the other end ------------------------------------------------------- */

static void
take(void *owner, struct channel *c, const void *message, int fd)
{
	struct head head;

	(void)owner;
	(void)c;
	memcpy(&head, message, sizeof head);
	if (w.until) {
		fd_close(&fd);
		if (head.serial == w.until)
			loop_stop(loop, 0);
		return;
	}
	CHECK(w.came < ANSWERS);
	w.types[w.came] = head.type;
	w.serials[w.came++] = head.serial;
	memcpy(&w.last, message, message_size(head.type));
	fd_close(&w.fd);
	w.fd = fd;
	if (w.came == w.wanted)
		loop_stop(loop, 0);
}

static void
count_end(void)
{
	if (--w.ends == 0)
		loop_stop(loop, 0);
}

/* Our end of a session that lost its mailboxes. */
static void
client_gone(void *owner, struct channel *c)
{
	(void)owner;
	if (c == w.imap)
		w.imap = NULL;
	count_end();
}

static const struct handlers clients = { .gone = client_gone,
	.on = {
	[DELIVER_DONE] = take,
	[MAILBOXES_TOLD] = take,
	[MAILBOX_TOLD] = take,
	[VIEW_TOLD] = take,
	[MAILBOX_CHANGED] = take,
	[STORE_FETCHED] = take,
	[STORE_ADDED] = take,
	[STORE_DONE] = take,
} };

/* Run until `n` answers are there; the last one is w.last. */
static void
wait_for(size_t n)
{
	w.came = 0;
	w.wanted = n;
	CHECK_NUMBER(loop_run(loop), 0);
	CHECK_NUMBER((int64_t)w.came, (int64_t)n);
}

/* --- the store ----------------------------------------------------------- */

static void
gone(void *owner, struct channel *c)
{
	keeper_unlinked(owner, c);
	if (c == w.from_imap)
		w.from_imap = NULL;
	count_end();
}

static const struct link_given of_seven = { .account = 7, .epoch = 2 };

static void
link_to(enum role peer, struct channel **ours, struct channel **theirs)
{
	int pair[2];

	CHECK_OK(fd_channel_pair(pair));
	CHECK_OK(channel_open(loop, pair[0], peer, STORE, 0, &clients, NULL,
		ours));
	w.served = keeper_handlers;
	w.served.gone = gone;
	CHECK_OK(channel_open(loop, pair[1], STORE, peer, 0, &w.served,
		&w.keeper, theirs));
	keeper_linked(&w.keeper, *theirs, &of_seven);
}

static void
begin(void)
{
	struct keeper *k = &w.keeper;
	struct store_facts facts;
	struct store_setup setup = { .segment_size = 8u << 20,
		.min_free = 1,
		.max_mailbox = 1u << 30,
		.changed = session_changed,
		.owner = k };

	memset(&w, 0, sizeof w);
	w.fd = -1;
	CHECK_OK(crypto_start());
	mac_start();
	mac_key_make(&w.key);
	strncpy(w.path, "/tmp/keeper-test-XXXXXX", sizeof w.path - 1);
	CHECK(mkdtemp(w.path) != NULL);
	setup.directory = w.directory = open(w.path, O_RDONLY | O_DIRECTORY);
	CHECK_OK(store_open(&setup, &k->store, &facts));
	store_set_key(k->store, &w.key);
	if (!loop)
		CHECK_OK(loop_open(&loop));
	CHECK_OK(keeper_open(k, NULL, loop));
	loop_each_turn(loop, turn_end, k);
	link_to(MX, &w.mx, &w.from_mx);
	link_to(QUEUE, &w.queue, &w.from_queue);
	link_to(IMAP, &w.imap, &w.from_imap);
}

static void
unlink_name(void *arg, const char *name)
{
	(void)arg;
	unlinkat(w.directory, name, 0);
}

static void
unlink_from(struct channel **c)
{
	if (*c)
		keeper_unlinked(&w.keeper, *c);
	channel_close(c);
}

static void
end(void)
{
	channel_close(&w.mx);
	channel_close(&w.queue);
	channel_close(&w.imap);
	unlink_from(&w.from_mx);
	unlink_from(&w.from_queue);
	unlink_from(&w.from_imap);
	timer_close(&w.keeper.rest);
	timer_close(&w.keeper.overdue);
	store_close(&w.keeper.store);
	CHECK_OK(file_each(w.directory, unlink_name, NULL));
	close(w.directory);
	rmdir(w.path);
	fd_close(&w.fd);
}

static uint32_t
begun(void)
{
	return w.keeper.delivery_table.used;
}

/* --- questions ----------------------------------------------------------- */

#define MAIL SPAN("Subject: one\r\n\r\nbody\r\n")

static struct head
head(uint32_t type, uint32_t serial)
{
	return (struct head){ type, serial, 99 };
}

static void
seal(struct verdict *v)
{
	*v = (struct verdict){ .size = MAIL.len, .outcome = OUTCOME_CLEAN };
	sha256(MAIL, v->sha256);
	mac_make(&w.key, span_at(v, TOKEN_SIGNED(struct verdict)),
		v->mac);
}

static void
send_open(uint32_t serial, uint32_t rcpts)
{
	struct deliver_open m = { .head = head(DELIVER_OPEN, serial),
		.size = MAIL.len,
		.rcpts = rcpts };
	OWNED(fd_close) int fd = -1;

	seal(&m.verdict);
	CHECK_OK(fd_memory_of("body", MAIL, &fd));
	CHECK_OK(channel_send(w.mx, &m, fd));
}

static void
send_rcpt(uint32_t serial, uint32_t account)
{
	struct deliver_rcpt m = { .head = head(DELIVER_RCPT, serial),
		.account = account,
		.address_len = 3,
		.address = "a@b" };

	CHECK_OK(channel_send(w.mx, &m, -1));
}

static struct mailbox_name
named(const char *text)
{
	struct mailbox_name n = { .len = (uint8_t)strlen(text) };

	memcpy(n.octets, text, n.len);
	return n;
}

static void
ask_by_name(uint32_t type, uint32_t serial, const char *name)
{
	struct mailbox_ask m = { .head = head(type, serial),
		.name = named(name) };

	CHECK_OK(channel_send(w.imap, &m, -1));
}

static void
ask_flags(uint32_t serial, uint64_t flags)
{
	struct store_flags m = { .head = head(STORE_FLAGS, serial),
		.flags = flags,
		.mailbox = 1,
		.how = FLAGS_ADD,
		.uids = { .count = 1, .at = { { 1, UINT32_MAX } } } };

	CHECK_OK(channel_send(w.imap, &m, -1));
}

/* Did the answer to `serial` come before that to `other`, if that came? */
static bool
was_before(uint32_t serial, uint32_t other)
{
	for (size_t i = 0; i < w.came; i++) {
		if (w.serials[i] == serial)
			return true;
		if (w.serials[i] == other)
			return false;
	}
	return false;
}

/* --- tests --------------------------------------------------------------- */

TEST(deliveries_of_a_turn_are_answered_together)
{
	begin();
	send_open(1, 2);
	send_rcpt(1, 7);
	send_open(2, 1);
	send_rcpt(2, 7);
	send_rcpt(1, 8);
	wait_for(2);
	CHECK_NUMBER(w.serials[0], 2); /* complete first */
	CHECK_NUMBER(w.serials[1], 1);
	CHECK_NUMBER(w.last.deliver.fault, 0);
	CHECK(w.last.deliver.id > 0);
	end();
}

TEST(a_delivery_without_its_verdict_is_refused)
{
	begin();
	memset(&w.key, 1, sizeof w.key); /* another key */
	send_open(1, 1);
	send_rcpt(1, 7);
	wait_for(1);
	CHECK(fault_row(w.last.deliver.fault) == &fault_verdict_missing);
	CHECK_NUMBER((int64_t)w.last.deliver.id, 0);
	end();
}

TEST(a_delivery_has_1_to_1000_recipients)
{
	begin();
	send_open(1, 0);
	send_open(2, 1001);
	wait_for(2);
	CHECK(fault_row(w.last.deliver.fault) == &fault_ipc_malformed);
	end();
}

TEST(who_begins_again_gave_up_what_he_began)
{
	begin();
	send_open(3, 2);
	send_rcpt(3, 7); /* the other recipient never comes */
	send_open(3, 1);
	send_rcpt(3, 8);
	wait_for(1);
	CHECK_NUMBER(w.last.deliver.fault, 0);
	CHECK_NUMBER(begun(), 0);
	end();
}

TEST(what_a_channel_began_goes_with_it)
{
	begin();
	send_open(1, 2);
	send_rcpt(1, 7);
	ask_by_name(MAILBOX_STATUS, 1, "INBOX");
	wait_for(1);
	CHECK_NUMBER(begun(), 1);
	sender_end(&w.keeper, w.from_mx);
	CHECK_NUMBER(begun(), 0);
	CHECK_NUMBER(w.keeper.blocks_left, DELIVERIES_MAX);
	sender_begin(&w.keeper, w.from_mx);
	end();
}

/* Open a delivery as if `from` had; the answer, if any, is held. */
static void
open_directly(struct channel *from, uint32_t serial, uint32_t rcpts)
{
	struct deliver_open m = { .head = head(DELIVER_OPEN, serial),
		.size = MAIL.len,
		.rcpts = rcpts };

	delivery_open(&w.keeper, from, &m, -1);
}

static const struct {
	const char *what;
	uint32_t rcpts, most; /* of the greedy channel */
} shares[] = {
	{ "with one recipient each", 1, DELIVERIES_MAX / 2 },
	{ "with as many as can be", RCPTS_MAX, 42 },
};

TEST(a_channel_has_no_more_than_it_leaves_to_the_others)
{
	EACH_CASE(c, shares) {
		begin();
		for (uint32_t i = 0; i < DELIVERIES_MAX; i++)
			open_directly(w.from_mx, i, c->rcpts);
		CHECK_NUMBER(begun(), c->most);
		for (uint32_t i = 0; i < c->most / 2; i++)
			open_directly(w.from_queue, i, c->rcpts);
		CHECK_NUMBER(begun(), c->most + c->most / 2);
		end();
	}
	test_row = NULL;
}

TEST(a_delivery_that_is_broken_off_is_refused_in_the_end)
{
	struct tick now;

	begin();
	send_open(1, 2);
	send_rcpt(1, 7);
	ask_by_name(MAILBOX_STATUS, 1, "INBOX");
	wait_for(1);
	now = clock_tick();
	deliveries_give_up(&w.keeper, now);
	CHECK_NUMBER(begun(), 1);
	now.us += RCPTS_WAIT;
	deliveries_give_up(&w.keeper, now);
	CHECK_NUMBER(begun(), 0);
	wait_for(1);
	CHECK_NUMBER(w.types[0], DELIVER_DONE);
	CHECK(fault_row(w.last.deliver.fault) == &fault_ipc_busy);
	end();
}

/* auth says that account 7 is in that epoch. */
static void
say_epoch(uint32_t epoch)
{
	struct account_epoch all = { 7, epoch };
	struct epochs_given m = { .count = 1, .highest = 7 };
	int fd;

	CHECK_OK(fd_memory_of("epochs", span_at(&all, sizeof all), &fd));
	sessions_judge(&w.keeper, NULL, &m, fd);
}

/* Security rule A6. */
TEST(a_session_loses_the_mailboxes_when_its_login_ends)
{
	struct channel *late = NULL, *late_end = NULL;

	begin();
	say_epoch(2);
	test_row = "another login of this epoch";
	link_to(IMAP, &late, &late_end);
	CHECK_NUMBER(pool_used(w.keeper.sessions), 2);
	ask_by_name(MAILBOX_STATUS, 1, "INBOX");
	wait_for(1);
	test_row = "the epoch is over";
	say_epoch(3);
	w.ends = 4; /* both ends of both sessions */
	CHECK_NUMBER(loop_run(loop), 0);
	CHECK(!w.imap);
	CHECK_NUMBER(pool_used(w.keeper.sessions), 0);
	test_row = "a login of before that comes late";
	link_to(IMAP, &late, &late_end);
	CHECK_NUMBER(pool_used(w.keeper.sessions), 0);
	channel_close(&late);
	end();
}

TEST(a_session_opens_changes_and_is_told)
{
	struct store_expunge expunge = { .head = head(STORE_EXPUNGE, 6),
		.mailbox = 1,
		.uids = { .count = 1, .at = { { 1, 9 } } } };
	struct view_ask view = { .head = head(MAILBOX_VIEW, 3), .mailbox = 1 };
	const struct view_row *rows;
	const void *at;

	begin();
	ask_by_name(MAILBOX_OPEN, 1, "INBOX");
	wait_for(1);
	CHECK_NUMBER(w.types[0], VIEW_TOLD);
	CHECK_NUMBER(w.last.view.count, 0);

	send_open(1, 1);
	send_rcpt(1, 7);
	wait_for(2);
	CHECK_NUMBER(w.types[1], MAILBOX_CHANGED);
	send_open(2, 1); /* it was told already */
	send_rcpt(2, 7);
	wait_for(1);
	CHECK_NUMBER(w.types[0], DELIVER_DONE);

	CHECK_OK(channel_send(w.imap, &view, -1));
	wait_for(1);
	CHECK_NUMBER(w.last.view.count, 2);
	CHECK_OK(fd_map_sealed(w.fd, w.last.view.size, &at));
	rows = at;
	CHECK_NUMBER(rows[1].uid, 2);
	fd_unmap(at, w.last.view.size);

	/* answers come in the order of the questions, held or not */
	ask_flags(4, 4);
	ask_by_name(MAILBOX_STATUS, 5, "INBOX");
	CHECK_OK(channel_send(w.imap, &expunge, -1));
	ask_by_name(MAILBOX_STATUS, 7, "INBOX");
	wait_for(5);
	for (uint32_t i = 0; i < 4; i++)
		CHECK_NUMBER(w.serials[i], 4 + i);
	CHECK_NUMBER(w.types[0], STORE_DONE);
	CHECK_NUMBER(w.types[4], MAILBOX_CHANGED);

	ask_by_name(MAILBOX_STATUS, 8, "INBOX");
	wait_for(1);
	CHECK_NUMBER(w.last.status.messages, 0);
	CHECK_NUMBER(w.last.status.uidnext, 3);
	end();
}

TEST(a_session_appends_copies_and_reads)
{
	struct store_append append = { .head = head(STORE_APPEND, 1),
		.size = MAIL.len,
		.flags = 8,
		.to = named("Drafts") };
	struct store_copy copy = { .head = head(STORE_COPY, 2),
		.mailbox = 2,
		.uids = { .count = 1, .at = { { 1, 1 } } },
		.to = named("nowhere") };
	struct store_piece piece = { .head = head(STORE_PIECE, 3),
		.mailbox = 2,
		.uid = 1,
		.offset = 9,
		.len = 3 };
	const void *at;
	int fd;

	begin();
	seal(&append.verdict);
	CHECK_OK(fd_memory_of("body", MAIL, &fd));
	CHECK_OK(channel_send(w.imap, &append, fd));
	fd_close(&fd);
	wait_for(1);
	CHECK_NUMBER(w.types[0], STORE_ADDED);
	CHECK_NUMBER(w.last.added.fault, 0);
	CHECK_NUMBER(w.last.added.first, 1);

	CHECK_OK(channel_send(w.imap, &copy, -1));
	wait_for(1);
	CHECK(fault_row(w.last.added.fault) == &fault_mailbox_unknown);

	CHECK_OK(channel_send(w.imap, &piece, -1));
	wait_for(1);
	CHECK_NUMBER((int64_t)w.last.fetched.size, 3);
	CHECK_NUMBER(w.last.fetched.count, 0);
	CHECK_OK(fd_map_sealed(w.fd, 3, &at));
	CHECK_SPAN(span_at(at, 3), "one");
	fd_unmap(at, 3);
	end();
}

/* Who asks without waiting for answers has others wait for one turn only. */
TEST(a_session_that_floods_lets_others_go_before_it)
{
	begin();
	for (uint32_t i = 1; i <= 20; i++)
		ask_by_name(MAILBOX_OPEN, i, "INBOX");
	send_open(100, 1);
	send_rcpt(100, 8);
	wait_for(21);
	CHECK(was_before(100, 12));
	end();
}

/* What a taken-over session process could send. */
static const struct {
	const char *what;
	uint32_t count;
	struct uid_span at[2];
} bad_sets[] = {
	{ "uid 0", 1, { { 0, 1 } } },
	{ "backwards", 1, { { 5, 1 } } },
	{ "overlapping", 2, { { 1, 5 }, { 5, 6 } } },
	{ "more than are inside", 65, { { 1, 1 } } },
	{ "more than can be", UINT32_MAX, { { 1, 1 } } },
};

TEST(a_set_that_is_none_is_refused)
{
	begin();
	EACH_CASE(c, bad_sets) {
		struct store_expunge m = { .head = head(STORE_EXPUNGE, 1),
			.mailbox = 1 };

		m.uids.count = c->count;
		memcpy(m.uids.at, c->at, sizeof c->at);
		CHECK_OK(channel_send(w.imap, &m, -1));
		wait_for(1);
		CHECK(fault_row(w.last.done.fault) == &fault_ipc_malformed);
	}
	test_row = NULL;
	end();
}

/* --- a session process that was taken over ------------------------------- */

static uint64_t dice;

static uint32_t
draw(uint32_t below)
{
	dice = dice * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(dice >> 33) % below;
}

/* Mostly what could be meant, sometimes anything. */
static uint32_t
any_number(void)
{
	static const uint32_t edges[] = { 0, 1, UINT32_MAX, UINT32_MAX - 1,
		STORE_INLINE, STORE_RANGES, 1u << 31 };

	switch (draw(8)) {
	case 0:
		return draw(UINT32_MAX);
	case 1:
		return edges[draw((uint32_t)COUNT_OF(edges))];
	default:
		return 1 + draw(6);
	}
}

static uint32_t
any_mailbox(void)
{
	return draw(2) ? 1 : any_number();
}

static struct mailbox_name
any_name(void)
{
	static const char *const names[] = { "INBOX", "Trash", "a", "a/b", "b",
		"INBOX/a", "inbox/a", "a//b", "/", "", "~", "a\tb" };
	uint32_t which = draw(2) * draw((uint32_t)COUNT_OF(names));
	struct mailbox_name n = named(names[which]);

	if (draw(8) == 0)
		n.len = (uint8_t)draw(256);
	if (draw(8) == 0)
		n.octets[draw(4)] = (uint8_t)draw(256);
	return n;
}

static void
any_set(struct uid_spans *out)
{
	out->count = draw(4) ? 1 + draw(2) : any_number();
	for (size_t i = 0; i < STORE_INLINE; i++)
		out->at[i] = (struct uid_span){ any_number(), any_number() };
	if (draw(2))
		out->at[0] = (struct uid_span){ 1 + draw(4), 4 + draw(9) };
	if (draw(2))
		out->at[1] = (struct uid_span){ 20, UINT32_MAX };
}

static void
any_keywords(struct keyword_names *out)
{
	out->count = draw(4) ? draw(3) : any_number();
	for (size_t i = 0; i < STORE_KEYWORDS; i++) {
		out->at[i].len = draw(8) ? 1 : (uint8_t)draw(256);
		memset(out->at[i].octets, draw(8) ? 'k' : (int)draw(256),
			sizeof out->at[i].octets);
	}
}

static const uint32_t of_session[] = { MAILBOXES_ASK, MAILBOX_EDIT,
	MAILBOX_STATUS, MAILBOX_OPEN, MAILBOX_VIEW, MAILBOX_CLOSE, STORE_FETCH,
	STORE_PIECE, STORE_FLAGS, STORE_EXPUNGE, STORE_COPY, STORE_APPEND };

static union {
	struct plain plain;
	struct mailbox_edit edit;
	struct mailbox_ask ask;
	struct view_ask view;
	struct store_fetch fetch;
	struct store_piece piece;
	struct store_flags flags;
	struct store_expunge expunge;
	struct store_copy copy;
	struct store_append append;
} anything;

static void
fill_any(uint32_t type)
{
	memset(&anything, 0, sizeof anything);
	anything.plain.head = head(type, 1);
	switch (type) {
	case MAILBOX_EDIT:
		anything.edit.verb = any_number();
		anything.edit.name = any_name();
		anything.edit.to = any_name();
		break;
	case MAILBOX_STATUS:
	case MAILBOX_OPEN:
		anything.ask.name = any_name();
		break;
	case MAILBOX_VIEW:
	case MAILBOX_CLOSE:
		anything.view.mailbox = any_mailbox();
		break;
	case STORE_FETCH:
		anything.fetch.mailbox = any_mailbox();
		anything.fetch.what = any_number();
		any_set(&anything.fetch.uids);
		break;
	case STORE_PIECE:
		anything.piece = (struct store_piece){
			.head = anything.plain.head,
			.offset = (uint64_t)any_number() << draw(33),
			.len = any_number(),
			.mailbox = any_mailbox(),
			.uid = any_number() };
		break;
	case STORE_FLAGS:
		anything.flags.mailbox = any_mailbox();
		anything.flags.how = any_number();
		anything.flags.flags = (uint64_t)any_number() << draw(33);
		any_set(&anything.flags.uids);
		any_keywords(&anything.flags.keywords);
		break;
	case STORE_EXPUNGE:
		anything.expunge.mailbox = any_mailbox();
		any_set(&anything.expunge.uids);
		break;
	case STORE_COPY:
		anything.copy.mailbox = any_mailbox();
		anything.copy.move = draw(4) ? draw(2) : any_number();
		anything.copy.to = any_name();
		any_set(&anything.copy.uids);
		break;
	case STORE_APPEND:
		anything.append.size = draw(4) ? MAIL.len : any_number();
		anything.append.flags = (uint64_t)any_number() << draw(33);
		anything.append.idate_us =
			(int64_t)((uint64_t)any_number() << draw(33));
		anything.append.to = any_name();
		any_keywords(&anything.append.keywords);
		seal(&anything.append.verdict);
		break;
	default:
		break;
	}
}

/* With a body, with ranges beside it, or with memory that is no such thing. */
static void
send_any(uint32_t type)
{
	static struct uid_span ranges[STORE_RANGES];
	OWNED(fd_close) int fd = -1;
	struct span memory = span_at(ranges, sizeof ranges);

	fill_any(type);
	for (size_t i = 0; i < STORE_RANGES; i++)
		ranges[i] = (struct uid_span){ 2 * (uint32_t)i + 1,
			2 * (uint32_t)i + 1 + (draw(99) == 0) };
	if (type == STORE_APPEND)
		CHECK_OK(fd_memory_of("body", MAIL, &fd));
	else if (draw(4) == 0 && (type == STORE_FLAGS || type == STORE_COPY ||
			type == STORE_EXPUNGE || type == STORE_FETCH))
		CHECK_OK(fd_memory_of("ranges", memory, &fd));
	CHECK_OK(channel_send(w.imap, &anything, fd));
}

TEST(whatever_a_session_sends_the_store_goes_on)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct store_counts counts;

		dice = seed;
		begin();
		w.until = 2;
		for (int turn = 0; turn < 30; turn++) {
			for (int i = 0; i < 20; i++)
				send_any(of_session[draw((uint32_t)COUNT_OF(
					of_session))]);
			ask_by_name(MAILBOX_STATUS, 2, "INBOX");
			CHECK_NUMBER(loop_run(loop), 0);
			CHECK(w.keeper.store != NULL);
		}
		CHECK_OK(store_check(w.keeper.store, NULL, NULL, &counts));
		end();
	}
}
