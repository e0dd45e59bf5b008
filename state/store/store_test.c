#include "lib/base/number.h"
#include "state/store/flags.h"
#include "state/store/site_test.h"
#include "state/store/chunk.h"

static struct view_told
view(struct site *x, struct box b, const struct view_row **rows)
{
	struct view_told told = { 0 };
	const void *at = NULL;
	int fd;

	CHECK_OK(store_view(x->store, b, &told, &fd));
	if (told.size > 0)
		CHECK_OK(fd_map_sealed(fd, told.size, &at));
	fd_close(&fd);
	*rows = at;
	return told;
}

static uint64_t
digest(struct site *x, uint32_t account)
{
	uint64_t d = 0;

	CHECK_OK(store_digest(x->store, account, &d));
	return d;
}

static void
say(void *arg, struct span line)
{
	(void)arg;
	printf("%.*s\n", (int)line.len, line.at);
}

static const struct fault *
check(struct site *x, struct store_counts *counts)
{
	return store_check(x->store, say, NULL, counts);
}

static const struct box inbox = { 7, BOX_INBOX };

static struct keyword_names
keywords(const char *name)
{
	struct keyword_names k = { .count = name ? 1 : 0 };

	if (name) {
		k.at[0].len = (uint8_t)strlen(name);
		memcpy(k.at[0].octets, name, strlen(name));
	}
	return k;
}

static const struct fault *
mark(struct site *x, struct box b, enum flags_how how, uint64_t flags,
	const char *keyword)
{
	struct keyword_names k = keywords(keyword);
	struct store_marks marks = { how, flags, &k };
	uint8_t room[8];
	uint64_t modseq;

	return store_mark(x->store, b, everything(room), &marks, &modseq);
}

static const struct fault *
copy(struct site *x, struct box b, const char *to, bool move,
	struct store_added *added)
{
	uint8_t room[8];

	return store_copy(x->store, b, everything(room), span_of(to), move,
		added);
}

/* Some of everything, for account 7 and one message for account 8. */
static void
live(struct site *x)
{
	const uint32_t both[] = { 7, 8, 7 };
	struct store_added added = { 0 };
	uint8_t room[8];
	uint64_t modseq;

	for (int i = 0; i < 130; i++)
		CHECK_OK(deliver(x, 7));
	CHECK_OK(deliver_to(x, MAIL, both, 3));
	CHECK_OK(store_create(x->store, 7, SPAN("Work/2026/May")));
	CHECK_OK(mark(x, inbox, FLAGS_ADD, BIT_SEEN, "later"));
	CHECK_OK(copy(x, inbox, "Work", false, &added));
	CHECK_NUMBER(added.count, 131);
	CHECK_OK(mark(x, inbox, FLAGS_SET, BIT_DELETED, NULL));
	CHECK_OK(deliver(x, 7));
	CHECK_OK(store_expunge(x->store, inbox, everything(room), &modseq));
	CHECK_OK(copy(x, inbox, "Trash", true, &added));
	CHECK_NUMBER(added.count, 1);
	CHECK_OK(store_rename(x->store, 7, SPAN("Work"), SPAN("Play")));
	CHECK_OK(store_subscribe(x->store, 7, SPAN("Work"), true));
	CHECK_OK(store_delete(x->store, 7, SPAN("Junk")));
	CHECK_OK(store_commit(x->store));
}

TEST(copies_go_behind_in_the_same_mailbox)
{
	struct store_added added = { 0 };
	const struct view_row *rows;
	struct store_counts counts;
	struct view_told told;
	struct site x;

	site_make(&x);
	CHECK_OK(site_open(&x));
	CHECK_OK(deliver(&x, 7));
	for (uint32_t n = 1; n < 300; n *= 2) { /* over several chunks */
		CHECK_OK(copy(&x, inbox, "INBOX", false, &added));
		CHECK_NUMBER(added.count, n);
		CHECK_NUMBER(added.first, n + 1);
		told = view(&x, inbox, &rows);
		CHECK_NUMBER(told.count, 2 * n);
		CHECK_NUMBER(told.uidnext, 2 * n + 1);
		fd_unmap(rows, told.size);
	}
	CHECK_OK(check(&x, &counts));
	site_reopen(&x);
	CHECK_OK(check(&x, &counts));
	site_remove(&x);
}

static struct box
trash_of(struct site *x)
{
	struct box b;

	CHECK_OK(store_named(x->store, 7, SPAN("Trash"), &b));
	return b;
}

TEST(messages_are_counted_as_octets_are)
{
	struct store_added added = { 0 };
	uint8_t room[8];
	uint64_t modseq;
	struct site x;

	site_make(&x);
	x.setup.max_mailbox = 10 * MESSAGE_SHARE;
	CHECK_OK(site_open(&x));
	for (int i = 0; i < 6; i++)
		CHECK_OK(deliver(&x, 7));
	CHECK_FAULT(copy(&x, inbox, "Trash", false, &added),
		&fault_over_quota);
	for (int i = 0; i < 4; i++)
		CHECK_OK(deliver(&x, 7));
	CHECK_FAULT(deliver(&x, 7), &fault_over_quota);
	CHECK_OK(deliver(&x, 8));
	CHECK_OK(copy(&x, inbox, "Trash", true, &added)); /* none more */
	CHECK_OK(mark(&x, trash_of(&x), FLAGS_ADD, BIT_DELETED, NULL));
	CHECK_OK(store_expunge(x.store, trash_of(&x), everything(room),
		&modseq));
	CHECK_OK(store_rest(x.store));
	CHECK_OK(deliver(&x, 7));
	site_remove(&x);
}

TEST(a_copy_has_an_end)
{
	struct store_added added = { 0 };
	uint32_t n = 1;
	struct site x;

	site_make(&x);
	CHECK_OK(site_open(&x));
	CHECK_OK(deliver(&x, 7));
	for (; n <= COPY_MAX; n *= 2)
		CHECK_OK(copy(&x, inbox, "INBOX", false, &added));
	CHECK_FAULT(copy(&x, inbox, "INBOX", false, &added),
		&fault_imap_too_many);
	CHECK_FAULT(copy(&x, inbox, "Trash", true, &added),
		&fault_imap_too_many);
	site_remove(&x);
}

/* --- whatever sessions do ------------------------------------------------ */

static uint64_t dice;

static uint32_t
draw(uint32_t below)
{
	dice = dice * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(dice >> 33) % below;
}

static struct span
any_name(void)
{
	static const struct span names[] = { SPAN("INBOX"), SPAN("Trash"),
		SPAN("a"), SPAN("a/b"), SPAN("a/b/c"), SPAN("b"),
		SPAN("INBOX/a"), SPAN("Drafts"), SPAN("inbox/a"), SPAN("inbox"),
		SPAN("Inboxes/a"), SPAN("a//b"), SPAN("/"), SPAN("") };

	return names[draw((uint32_t)COUNT_OF(names))];
}

static struct span
any_ranges(uint8_t room[24])
{
	struct buf b = { room, 0, 24 };
	uint32_t from = 1 + draw(20);

	for (uint32_t n = 1 + draw(3); n > 0; n--) {
		struct uid_span r = { from, from + draw(9) };

		if (draw(8) == 0)
			r.last = UINT32_MAX;
		CHECK(put_range(&b, r));
		if (r.last > UINT32_MAX - 20)
			break;
		from = r.last + 2 + draw(4);
	}
	return buf_view(&b);
}

static const struct fault *
any_mark(struct site *x, struct box b)
{
	static const char *const words[] = { NULL, "later", "work", "x" };
	struct keyword_names k = keywords(words[draw(4)]);
	struct store_marks marks = { FLAGS_SET + draw(3), draw(32), &k };
	uint8_t room[24];
	uint64_t modseq;

	return store_mark(x->store, b, any_ranges(room), &marks, &modseq);
}

static const struct fault *
any_append(struct site *x, uint32_t account)
{
	struct keyword_names k = keywords(draw(2) ? "later" : NULL);
	struct store_added added = { 0 };
	const struct fault *f;
	struct sample m;

	sample_make(x, MAIL, &m);
	f = store_append(x->store, account, any_name(), &m.message, draw(32), &k,
		&added);
	fd_close(&m.fd);
	return f;
}

static const struct fault *
any_change(struct site *x)
{
	uint32_t account = 7 + draw(2);
	struct box b = { account, 1 + draw(9) };
	struct store_added added = { 0 };
	uint8_t room[24];
	uint64_t modseq;

	switch (draw(12)) {
	case 0:
		return deliver(x, account);
	case 1:
		return any_append(x, account);
	case 2:
	case 3:
		return any_mark(x, b);
	case 4:
		return store_expunge(x->store, b, any_ranges(room), &modseq);
	case 5:
	case 6:
		return store_copy(x->store, b, any_ranges(room), any_name(),
			false, &added);
	case 7:
		return store_copy(x->store, b, any_ranges(room), any_name(),
			true, &added);
	case 8:
		return store_create(x->store, account, any_name());
	case 9:
		return store_delete(x->store, account, any_name());
	case 10:
		return store_rename(x->store, account, any_name(), any_name());
	default:
		return store_subscribe(x->store, account, any_name(), draw(2));
	}
}

TEST(whatever_sessions_do_the_store_is_sound)
{
	for (uint64_t seed = 1; seed <= 30; seed++) {
		struct store_counts counts;
		struct store_facts facts;
		uint64_t before;
		struct site x;

		dice = seed;
		site_make(&x);
		CHECK_OK(site_open(&x));
		for (int i = 0; i < 150; i++) {
			const struct fault *f = any_change(&x);

			CHECK(!f || f->blame != BLAME_HERE);
			if (draw(40) == 0)
				site_reopen(&x);
		}
		CHECK_OK(store_commit(x.store));
		CHECK_OK(check(&x, &counts));
		before = digest(&x, 7);
		CHECK_OK(store_rebuild(x.store, &facts));
		CHECK(before == digest(&x, 7));
		site_remove(&x);
	}
}

TEST(a_reader_sees_what_was_written_before)
{
	const struct view_row *rows;
	struct view_told told;
	struct site x;

	site_make(&x);
	CHECK_OK(site_open(&x));
	CHECK_OK(deliver(&x, 7));
	CHECK_OK(deliver(&x, 7));
	CHECK(store_is_pending(x.store));
	told = view(&x, inbox, &rows);
	CHECK(!store_is_pending(x.store));
	CHECK_NUMBER(told.count, 2);
	CHECK_NUMBER(told.uidnext, 3);
	CHECK_NUMBER(rows[0].uid, 1);
	CHECK_NUMBER(rows[1].uid, 2);
	CHECK(rows[1].modseq > rows[0].modseq);
	CHECK_NUMBER(told.modseq, (int64_t)rows[1].modseq);
	CHECK_NUMBER(x.told, 1);
	fd_unmap(rows, told.size);
	site_remove(&x);
}

TEST(an_index_made_again_is_the_same)
{
	struct store_counts counts;
	struct store_facts facts;
	uint64_t before, other;
	struct site x;

	site_make(&x);
	CHECK_OK(site_open(&x));
	live(&x);
	before = digest(&x, 7);
	other = digest(&x, 8);
	CHECK(before != other);

	site_reopen(&x); /* nothing was committed in the index */
	CHECK_NUMBER((int64_t)digest(&x, 7), (int64_t)before);

	CHECK_OK(store_rest(x.store));
	site_reopen(&x);
	CHECK(!x.facts.rebuilt);
	CHECK_NUMBER((int64_t)x.facts.applied, 0);
	CHECK_NUMBER((int64_t)digest(&x, 7), (int64_t)before);

	site_close(&x);
	CHECK_NUMBER(unlinkat(x.directory, "index", 0), 0);
	CHECK_OK(site_open(&x));
	CHECK(x.facts.rebuilt);
	CHECK_NUMBER((int64_t)digest(&x, 7), (int64_t)before);
	CHECK_NUMBER((int64_t)digest(&x, 8), (int64_t)other);

	CHECK_OK(store_rebuild(x.store, &facts));
	CHECK(facts.rebuilt);
	CHECK_NUMBER((int64_t)digest(&x, 7), (int64_t)before);
	CHECK_OK(check(&x, &counts));
	CHECK_NUMBER((int64_t)counts.accounts, 2);
	CHECK_NUMBER((int64_t)counts.messages, 133);
	CHECK_NUMBER((int64_t)counts.emails, 133);
	site_remove(&x);
}

static void
drop_all_but_kept(void *arg, const char *name)
{
	struct site *x = arg;

	if (strcmp(name, "kept") != 0)
		unlinkat(x->directory, name, 0);
}

TEST(an_index_of_another_journal_is_not_used)
{
	struct mailbox_told told = { 0 };
	struct site x;

	for (int more = 0; more < 2; more++) {
		site_make(&x);
		CHECK_OK(site_open(&x));
		CHECK_OK(deliver(&x, 7));
		CHECK_OK(store_rest(x.store));
		site_close(&x);
		CHECK_NUMBER(renameat(x.directory, "index", x.directory,
				     "kept"), 0);
		CHECK_OK(file_each(x.directory, drop_all_but_kept, &x));

		/* a journal that is shorter, or has other records */
		CHECK_OK(site_open(&x));
		for (int i = 0; i < 3 * more; i++)
			CHECK_OK(deliver(&x, 9));
		CHECK_OK(store_commit(x.store));
		site_close(&x);
		CHECK_NUMBER(renameat(x.directory, "kept", x.directory,
				     "index"), 0);
		CHECK_OK(site_open(&x));
		CHECK_OK(store_status(x.store, 7, SPAN("INBOX"), &told));
		CHECK_NUMBER(told.messages, 0);
		CHECK_OK(store_status(x.store, 9, SPAN("INBOX"), &told));
		CHECK_NUMBER(told.messages, 3 * more);
		site_remove(&x);
	}
}

TEST(counters_never_go_back)
{
	const struct view_row *rows;
	struct view_told told;
	struct mailbox_told old = { 0 }, new = { 0 };
	uint64_t modseq;
	struct site x;
	uint8_t room[8];

	site_make(&x);
	CHECK_OK(site_open(&x));
	CHECK_OK(deliver(&x, 7));
	CHECK_OK(mark(&x, inbox, FLAGS_ADD, BIT_DELETED, NULL));
	CHECK_OK(store_expunge(x.store, inbox, everything(room), &modseq));
	told = view(&x, inbox, &rows);
	CHECK_NUMBER(told.count, 0);
	CHECK_NUMBER(told.uidnext, 2);
	CHECK_NUMBER((int64_t)told.modseq, (int64_t)modseq);
	site_reopen(&x);
	CHECK_OK(deliver(&x, 7));
	told = view(&x, inbox, &rows);
	CHECK_NUMBER(rows[0].uid, 2);
	CHECK(rows[0].modseq > modseq);
	fd_unmap(rows, told.size);

	CHECK_OK(store_create(x.store, 7, SPAN("a")));
	CHECK_OK(store_status(x.store, 7, SPAN("a"), &old));
	CHECK_OK(store_delete(x.store, 7, SPAN("a")));
	CHECK_FAULT(store_status(x.store, 7, SPAN("a"), &new),
		&fault_mailbox_unknown);
	CHECK_OK(store_create(x.store, 7, SPAN("a")));
	CHECK_OK(store_status(x.store, 7, SPAN("a"), &new));
	CHECK(new.uidvalidity > old.uidvalidity);
	CHECK(new.mailbox > old.mailbox);
	site_remove(&x);
}

/* What a taken-over mx could try. */
static const struct {
	const char *what;
	size_t octet; /* of the verdict that is changed; SIZE_MAX: none */
	uint32_t outcome;
	const char *body;
	const struct fault *fault;
} verdicts[] = {
	{ "a good verdict", SIZE_MAX, OUTCOME_CLEAN, NULL, OK },
	{ "one octet of the seal is wrong", offsetof(struct verdict, mac),
		OUTCOME_CLEAN, NULL, &fault_verdict_missing },
	{ "the hash was changed afterwards", 0, OUTCOME_CLEAN, NULL,
		&fault_verdict_missing },
	{ "the outcome was changed afterwards",
		offsetof(struct verdict, outcome), OUTCOME_INFECTED, NULL,
		&fault_verdict_missing },
	{ "it says nothing", SIZE_MAX, OUTCOME_NONE, NULL,
		&fault_verdict_missing },
	{ "it says infected", SIZE_MAX, OUTCOME_INFECTED, NULL,
		&fault_message_infected },
	{ "it says unscannable", SIZE_MAX, OUTCOME_UNSCANNABLE, NULL,
		&fault_message_unscannable },
	{ "it is about other octets of this length", SIZE_MAX, OUTCOME_CLEAN,
		"From: eve@else.example\r\nSubject: one\r\n\r\nbody\r\n",
		&fault_verdict_mismatch },
	{ "it is about fewer octets", SIZE_MAX, OUTCOME_CLEAN,
		"From: eve@else.example\r\n", &fault_verdict_mismatch },
};

TEST(no_message_without_its_verdict)
{
	struct site x;
	struct mailbox_told told = { 0 };
	uint64_t id;

	site_make(&x);
	CHECK_OK(site_open(&x));
	EACH_CASE(c, verdicts) {
		struct store_rcpt rcpt = { .account = 7,
			.address = SPAN("alice@agency.example") };
		struct sample m, other;
		struct verdict *v = &m.verdict;

		sample_make(&x, MAIL, &m);
		sample_make(&x, c->body ? span_of(c->body) : MAIL, &other);
		v->outcome = c->outcome;
		mac_make(&x.key, span_at(v, TOKEN_SIGNED(struct verdict)),
			v->mac);
		if (c->octet != SIZE_MAX)
			((uint8_t *)v)[c->octet] ^= 1;
		m.message.fd = other.fd;
		if (c->body)
			m.message.size = other.message.size;
		CHECK_FAULT(store_deliver(x.store, &m.message, SPAN(""), &rcpt,
				    1, &id),
			c->fault);
		fd_close(&m.fd);
		fd_close(&other.fd);
	}
	test_row = NULL;
	CHECK_OK(store_status(x.store, 7, SPAN("INBOX"), &told));
	CHECK_NUMBER(told.messages, 1); /* the good one */
	site_remove(&x);
}

/* --- a file that its writer changes --------------------------------------- */

#define LONG (300u << 10) /* more than stands in a segment */

static uint8_t good[LONG], evil[LONG];

struct writer {
	int file;
	const uint8_t *then;
};

/* When the store begins to keep the body. */
static const struct fault *
change_body(void *arg, enum file_call call, int fd, uint64_t offset,
	struct span octets)
{
	const struct writer *w = arg;

	(void)fd;
	(void)offset;
	(void)octets;
	if (call == FILE_OPEN)
		CHECK(pwrite(w->file, w->then, LONG, 0) == LONG);
	return OK;
}

static const struct {
	const char *what;
	const uint8_t *first, *then;
	const struct fault *fault;
} changes[] = {
	{ "nobody changes it", good, good, OK },
	{ "good when it is looked through, evil afterwards", good, evil, OK },
	{ "evil when it is looked through, good afterwards", evil, good,
		&fault_verdict_mismatch },
	{ "evil all the time", evil, evil, &fault_verdict_mismatch },
};

static void
check_kept(struct site *x)
{
	struct box b = { 7, 1 };
	struct store_fetched m = { 0 };
	const uint8_t *octets;
	const void *at;
	int fd;

	CHECK_OK(store_piece(x->store, b, 1, 1000, 1000, &m, &fd));
	CHECK_NUMBER(m.size, 1000);
	CHECK_OK(fd_map_sealed(fd, m.size, &at));
	octets = at;
	CHECK(octets[0] == 'g' && octets[999] == 'g');
	fd_unmap(at, m.size);
	fd_close(&fd);
}

TEST(what_is_kept_is_what_the_verdict_is_about)
{
	memset(good, 'g', LONG);
	memset(evil, 'e', LONG);
	memcpy(good, "Subject: good\r\n\r\n", 17);
	memcpy(evil, "Subject: evil\r\n\r\n", 17);
	EACH_CASE(c, changes) {
		struct store_rcpt rcpt = { .account = 7,
			.address = SPAN("alice@agency.example") };
		struct writer w = { .then = c->then };
		struct sample m;
		struct site x;
		uint64_t id;

		site_make(&x);
		CHECK_OK(site_open(&x));
		sample_make(&x, span_at(good, LONG), &m);
		CHECK_OK(fd_memory("file", &w.file));
		CHECK_OK(fd_append(w.file, span_at(c->first, LONG)));
		m.message.fd = w.file;
		file_set_hook(change_body, &w);
		CHECK_FAULT(store_deliver(x.store, &m.message, SPAN(""), &rcpt,
				    1, &id),
			c->fault);
		file_set_hook(NULL, NULL);
		CHECK_OK(store_commit(x.store));
		if (!c->fault)
			check_kept(&x);
		fd_close(&w.file);
		fd_close(&m.fd);
		site_remove(&x);
	}
	test_row = NULL;
}

TEST(nothing_is_taken_before_the_key_is_there)
{
	struct site x;

	site_make(&x);
	CHECK_OK(store_open(&x.setup, &x.store, &x.facts));
	CHECK_FAULT(deliver(&x, 7), &fault_verdict_missing);
	site_remove(&x);
}

TEST(a_dkey_is_delivered_once)
{
	struct store_rcpt rcpt = { .account = 7,
		.address = SPAN("alice@agency.example"),
		.has_dkey = true,
		.dkey = { 1, 2, 3 } };
	struct mailbox_told told = { 0 };
	uint64_t first, again;
	struct sample m;
	struct site x;

	site_make(&x);
	CHECK_OK(site_open(&x));
	sample_make(&x, MAIL, &m);
	CHECK_OK(store_deliver(x.store, &m.message, SPAN(""), &rcpt, 1, &first));
	CHECK_NUMBER(rcpt.uid, 1);
	CHECK_OK(store_deliver(x.store, &m.message, SPAN(""), &rcpt, 1, &again));
	CHECK_NUMBER(rcpt.uid, 0);
	CHECK_NUMBER((int64_t)again, (int64_t)first);
	CHECK_OK(store_commit(x.store));
	site_reopen(&x);
	CHECK_OK(store_deliver(x.store, &m.message, SPAN(""), &rcpt, 1, &again));
	CHECK_NUMBER((int64_t)again, (int64_t)first);
	rcpt.account = 8; /* another account's is another */
	CHECK_OK(store_deliver(x.store, &m.message, SPAN(""), &rcpt, 1, &again));
	CHECK(again != first);
	CHECK_OK(store_status(x.store, 7, SPAN("INBOX"), &told));
	CHECK_NUMBER(told.messages, 1);
	fd_close(&m.fd);
	site_remove(&x);
}

static uint8_t big[20000];
#define BIG span_at(big, sizeof big)

static const struct fault *
deliver_big(struct site *x, uint32_t account)
{
	memset(big, 'x', sizeof big);
	memcpy(big, "A: b\r\n\r\n", 8);
	return deliver_to(x, BIG, &account, 1);
}

TEST(a_full_account_takes_no_more_and_others_do)
{
	const uint32_t both[] = { 8, 7 };
	struct mailbox_told told = { 0 };
	struct store_added added;
	uint64_t modseq;
	struct site x;
	uint8_t room[8];

	site_make(&x);
	x.setup.max_mailbox = 50000;
	CHECK_OK(site_open(&x));
	CHECK_OK(deliver_big(&x, 7)); /* 20,000 octets and some more */
	CHECK_OK(deliver_big(&x, 7));
	CHECK_FAULT(deliver_big(&x, 7), &fault_over_quota);
	CHECK_FAULT(deliver_to(&x, BIG, both, 2), &fault_over_quota);
	CHECK_OK(store_status(x.store, 8, SPAN("INBOX"), &told));
	CHECK_NUMBER(told.messages, 0); /* all or none */
	CHECK_OK(deliver_big(&x, 8));
	CHECK_FAULT(copy(&x, inbox, "Sent", false, &added), &fault_over_quota);
	CHECK_OK(copy(&x, inbox, "Sent", true, &added));

	/* what is removed makes room */
	CHECK_OK(deliver_big(&x, 8));
	CHECK_OK(mark(&x, (struct box){ 8, BOX_INBOX }, FLAGS_ADD, BIT_DELETED,
		NULL));
	CHECK_OK(store_expunge(x.store, (struct box){ 8, BOX_INBOX },
		everything(room), &modseq));
	CHECK_OK(store_commit(x.store));
	CHECK_OK(store_rest(x.store));
	CHECK_OK(deliver_big(&x, 8));
	CHECK_OK(deliver_big(&x, 8));
	site_remove(&x);
}

TEST(a_mailbox_has_58_keywords_and_no_more)
{
	const struct view_row *rows;
	struct view_told told;
	char name[8] = "k00";
	struct site x;

	site_make(&x);
	CHECK_OK(site_open(&x));
	CHECK_OK(deliver(&x, 7));
	for (int i = 0; i < KEYWORD_BITS; i++) {
		name[1] = (char)('a' + i / 10);
		name[2] = (char)('0' + i % 10);
		CHECK_OK(mark(&x, inbox, FLAGS_ADD, 0, name));
	}
	CHECK_FAULT(mark(&x, inbox, FLAGS_ADD, 0, "more"), &fault_over_quota);
	CHECK_OK(mark(&x, inbox, FLAGS_ADD, 0, "KA0")); /* the first again */
	CHECK_OK(mark(&x, inbox, FLAGS_REMOVE, 0, "more"));
	CHECK_FAULT(mark(&x, inbox, FLAGS_ADD, 0, "a b"), &fault_imap_syntax);
	CHECK_FAULT(mark(&x, inbox, FLAGS_ADD, 0, "\\Seen"),
		&fault_imap_syntax);
	told = view(&x, inbox, &rows);
	CHECK_NUMBER(told.keywords, KEYWORD_BITS);
	CHECK(rows[0].flags == UINT64_MAX << BIT_KEYWORD_0);
	fd_unmap(rows, told.size);
	site_remove(&x);
}

TEST(keywords_keep_their_names_in_another_mailbox)
{
	struct box sent = { 7, 3 };
	struct store_added added;
	const struct view_row *rows;
	struct view_told told;
	const struct keyword_name *names;
	struct site x;

	site_make(&x);
	CHECK_OK(site_open(&x));
	CHECK_OK(deliver(&x, 7));
	CHECK_OK(copy(&x, inbox, "Sent", false, &added));
	CHECK_OK(mark(&x, sent, FLAGS_ADD, 0, "zero"));
	CHECK_OK(mark(&x, sent, FLAGS_SET, 0, NULL));
	CHECK_OK(mark(&x, inbox, FLAGS_ADD, 0, "unused"));
	CHECK_OK(mark(&x, inbox, FLAGS_SET, BIT_SEEN, "later"));
	CHECK_OK(copy(&x, inbox, "Sent", true, &added));
	CHECK_NUMBER(added.first, 2);
	told = view(&x, sent, &rows);
	CHECK_NUMBER(told.count, 2);
	CHECK_NUMBER(told.keywords, 2);
	names = (const struct keyword_name *)(rows + 2);
	CHECK_SPAN(span_at(names[1].octets, names[1].len), "later");
	CHECK(rows[1].flags == (BIT_SEEN | (uint64_t)2 << BIT_KEYWORD_0));
	fd_unmap(rows, told.size);
	site_remove(&x);
}

TEST(an_account_sees_only_itself)
{
	struct store_fetched fetched = { 0 };
	struct store_added added;
	uint8_t room[8];
	struct site x;
	uint64_t modseq;
	int fd;

	site_make(&x);
	CHECK_OK(site_open(&x));
	CHECK_OK(deliver(&x, 7));
	CHECK_OK(store_create(x.store, 7, SPAN("Secret")));
	CHECK_OK(store_fetch(x.store, (struct box){ 8, BOX_INBOX },
		FETCH_MESSAGE, everything(room), &fetched, &fd));
	CHECK_NUMBER(fetched.count, 0);
	CHECK_FAULT(store_piece(x.store, (struct box){ 8, BOX_INBOX }, 1, 0, 1,
			    &fetched, &fd),
		&fault_imap_gone);
	CHECK_FAULT(copy(&x, (struct box){ 8, BOX_INBOX }, "Secret", false,
			    &added),
		&fault_mailbox_unknown);
	/* the number of another account's mailbox is none of ours */
	CHECK_FAULT(store_expunge(x.store, (struct box){ 8, 6 },
			    everything(room), &modseq),
		&fault_mailbox_unknown);
	CHECK_FAULT(store_expunge(x.store, (struct box){ 8, 0 },
			    everything(room), &modseq),
		&fault_mailbox_unknown);
	site_remove(&x);
}

TEST(octets_come_back_with_what_delivery_added)
{
	static const char want[] =
		"Return-Path: <bob@else.example>\r\n"
		"Delivered-To: alice@agency.example\r\n"
		"From: bob@else.example\r\nSubject: one\r\n\r\nbody\r\n";
	struct store_fetched fetched = { 0 };
	const struct fetched *head;
	const void *at;
	struct index index;
	uint8_t room[8];
	struct site x;
	int fd;

	site_make(&x);
	CHECK_OK(site_open(&x));
	CHECK_OK(deliver(&x, 7));
	CHECK_OK(store_fetch(x.store, inbox, FETCH_MESSAGE, everything(room),
		&fetched, &fd));
	CHECK_NUMBER(fetched.count, 1);
	CHECK_NUMBER(fetched.next, 0);
	CHECK_OK(fd_map_sealed(fd, fetched.size, &at));
	head = at;
	CHECK_NUMBER(head->uid, 1);
	CHECK_SPAN(span_at(head + 1, head->len), want);
	fd_unmap(at, fetched.size);
	fd_close(&fd);

	CHECK_OK(store_fetch(x.store, inbox, FETCH_INDEX, everything(room),
		&fetched, &fd));
	CHECK_OK(fd_map_sealed(fd, fetched.size, &at));
	head = at;
	CHECK_OK(index_open(span_at(head + 1, head->len), &index));
	CHECK_NUMBER(index.size, sizeof want - 1);
	CHECK_NUMBER(index_part(&index, 0).body_at, sizeof want - 1 - 6);
	fd_unmap(at, fetched.size);
	fd_close(&fd);

	CHECK_OK(store_piece(x.store, inbox, 1, 20, 60, &fetched, &fd));
	CHECK_OK(fd_map_sealed(fd, 60, &at));
	CHECK_SPANS(span_at(at, 60), span_at(want + 20, 60));
	fd_unmap(at, 60);
	fd_close(&fd);
	CHECK_FAULT(store_piece(x.store, inbox, 1, sizeof want - 2, 2,
			    &fetched, &fd),
		&fault_imap_gone);
	site_remove(&x);
}

/* What mx says of a message is not what scan looked at. */
static const struct {
	const char *what;
	struct span sender, address;
	const struct fault *want;
} envelopes[] = {
	{ "an envelope", SPAN("bob@else.example"), SPAN("a@agency.example"),
		OK },
	{ "no sender", SPAN(""), SPAN("a@agency.example"), OK },
	{ "a sender that ends its line", SPAN("b@c>\r\n\r\nevil"),
		SPAN("a@agency.example"), &fault_address_syntax },
	{ "an address that does", SPAN("bob@else.example"),
		SPAN("a@b\r\nX: y"), &fault_address_syntax },
	{ "a bare line feed", SPAN("b@c\nX: y"), SPAN("a@agency.example"),
		&fault_address_syntax },
};

TEST(an_envelope_adds_no_line)
{
	EACH_CASE(c, envelopes) {
		struct store_rcpt rcpt = { .account = 7,
			.address = c->address };
		struct sample m;
		struct site x;
		uint64_t id;

		site_make(&x);
		CHECK_OK(site_open(&x));
		sample_make(&x, MAIL, &m);
		CHECK_FAULT(store_deliver(x.store, &m.message, c->sender,
				    &rcpt, 1, &id),
			c->want);
		fd_close(&m.fd);
		site_remove(&x);
	}
}

static const char *const messages[] = {
	"Subject: x\r\n\r\ny\r\n",
	"no header\r\n",
	"\r\nonly a body\r\n",
	"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
	"--b\r\n\r\none\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
	"Subject: in\r\n\r\ntwo\r\n--b--\r\n",
};

TEST(a_shifted_index_is_that_of_the_longer_message)
{
	static uint8_t room[INDEX_MAX], long_room[INDEX_MAX], text[1024];
	static struct part parts[TREE_PARTS];
	const struct span prefix = SPAN("Return-Path: <>\r\n");
	struct tree tree = { .part = parts, .cap = TREE_PARTS };

	for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
		struct buf blob = BUF(room), want = BUF(long_room);
		struct buf whole = BUF(text);

		test_row = messages[i];
		CHECK(buf_put(&whole, prefix) &&
			buf_put_text(&whole, messages[i]));
		index_make(span_of(messages[i]), &tree, &blob);
		index_shift(&blob, (uint32_t)prefix.len);
		index_make(buf_view(&whole), &tree, &want);
		CHECK(span_equals(buf_view(&blob), buf_view(&want)));
	}
	test_row = NULL;
}

/* How RFC 3501 wants mailboxes treated. */
static const struct {
	const char *what, *verb, *name, *to;
	const struct fault *fault;
} edits[] = {
	{ "a new one", "create", "a/b/c", NULL, OK },
	{ "its parent is there too", "create", "a/b", NULL,
		&fault_mailbox_exists },
	{ "INBOX is always there", "create", "INBOX", NULL,
		&fault_mailbox_exists },
	{ "another INBOX cannot be", "create", "Inbox", NULL,
		&fault_imap_name },
	{ "an empty component", "create", "a//b", NULL, &fault_imap_name },
	{ "a control", "create", "a\tb", NULL, &fault_imap_name },
	{ "below INBOX in other letters", "create", "inbox/x", NULL,
		&fault_imap_name },
	{ "to below INBOX in other letters", "rename", "a", "Inbox/x/y",
		&fault_imap_name },
	{ "a path out of it is a name like others", "create", "../b", NULL,
		OK },
	{ "one with children", "delete", "a", NULL, &fault_mailbox_busy },
	{ "one that is not there", "delete", "x", NULL,
		&fault_mailbox_unknown },
	{ "INBOX stays", "delete", "INBOX", NULL, &fault_imap_name },
	{ "below itself", "rename", "a", "a/b/d", &fault_imap_name },
	{ "over another", "rename", "a", "Sent", &fault_mailbox_exists },
	{ "with its children, making what is above", "rename", "a", "n/a",
		OK },
	{ "a child by its new name", "delete", "n/a/b/c", NULL, OK },
	{ "the old name is free", "create", "a", NULL, OK },
	{ "INBOX gives what it holds", "rename", "INBOX", "old", OK },
	{ "and can do so again, elsewhere", "rename", "INBOX", "old",
		&fault_mailbox_exists },
};

static const struct fault *
edit(struct site *x, const char *verb, struct span name, const char *to)
{
	switch (verb[0]) {
	case 'c':
		return store_create(x->store, 7, name);
	case 'd':
		return store_delete(x->store, 7, name);
	default:
		return store_rename(x->store, 7, name, span_of(to));
	}
}

TEST(mailboxes_are_made_named_and_removed)
{
	struct mailbox_told told = { 0 };
	struct store_counts counts;
	struct site x;

	site_make(&x);
	CHECK_OK(site_open(&x));
	CHECK_OK(deliver(&x, 7));
	EACH_CASE(c, edits)
		CHECK_FAULT(edit(&x, c->verb, span_of(c->name), c->to),
			c->fault);
	test_row = NULL;
	CHECK_OK(store_status(x.store, 7, SPAN("old"), &told));
	CHECK_NUMBER(told.messages, 1);
	CHECK_OK(store_status(x.store, 7, SPAN("INBOX"), &told));
	CHECK_NUMBER(told.messages, 0);
	CHECK_NUMBER(told.uidnext, 2);
	CHECK_OK(check(&x, &counts));
	site_remove(&x);
}

TEST(a_list_is_sorted_and_has_what_is_subscribed)
{
	static const char *const want[] = { "Drafts", "Gone", "INBOX", "Junk",
		"Sent", "Sent x", "Sent/a", "Trash" };
	struct mailboxes_told told = { 0 };
	const struct mailbox_row *rows;
	const void *at;
	struct site x;
	int fd;

	site_make(&x);
	CHECK_OK(site_open(&x));
	CHECK_OK(store_create(x.store, 7, SPAN("Sent/a")));
	CHECK_OK(store_create(x.store, 7, SPAN("Sent x")));
	CHECK_OK(store_subscribe(x.store, 7, SPAN("Gone"), true));
	CHECK_OK(store_list(x.store, 7, &told, &fd));
	CHECK_NUMBER(told.count, 8);
	CHECK_OK(fd_map_sealed(fd, 8 * sizeof *rows, &at));
	rows = at;
	for (size_t i = 0; i < 8; i++)
		CHECK_SPAN(span_at(rows[i].name.octets, rows[i].name.len),
			want[i]);
	CHECK_NUMBER(rows[1].bits, MAILBOX_SUBSCRIBED);
	CHECK_NUMBER(rows[4].bits, MAILBOX_EXISTS | MAILBOX_SUBSCRIBED |
			MAILBOX_CHILDREN | MAILBOX_SENT);
	CHECK_NUMBER(rows[6].bits, MAILBOX_EXISTS);
	fd_unmap(at, 8 * sizeof *rows);
	fd_close(&fd);
	site_remove(&x);
}

TEST(a_message_for_many_is_kept_once_for_each_account)
{
	const uint32_t accounts[] = { 1, 2, 3, 2, 1 };
	struct store_counts counts;
	struct site x;

	site_make(&x);
	CHECK_OK(site_open(&x));
	CHECK_OK(deliver_to(&x, MAIL, accounts, 5));
	CHECK_OK(check(&x, &counts));
	CHECK_NUMBER((int64_t)counts.messages, 3);
	site_remove(&x);
}

TEST(damage_is_found)
{
	struct store_counts counts;
	struct site x;
	uint8_t octet;
	int fd;

	site_make(&x);
	CHECK_OK(site_open(&x));
	CHECK_OK(deliver(&x, 7));
	CHECK_OK(check(&x, &counts));
	CHECK_NUMBER((int64_t)counts.damaged, 0);

	/* a counter */
	{
		struct box_row row;
		bool found;

		CHECK_OK(box_get(x.store->tables, inbox, &row, &found));
		row.messages++;
		CHECK_OK(box_put(x.store->tables, inbox, &row));
		CHECK_FAULT(check(&x, &counts), &fault_record_damaged);
		CHECK(counts.damaged >= 2); /* and the index differs */
		row.messages--;
		CHECK_OK(box_put(x.store->tables, inbox, &row));
		CHECK_OK(check(&x, &counts));
	}

	/* an octet of a body on the disk; "body" is its only one */
	fd = openat(x.directory, "0000000000000001.seg", O_RDWR);
	CHECK(fd >= 0);
	for (off_t at = 0; pread(fd, &octet, 1, at) == 1; at++) {
		uint8_t four[4];

		if (pread(fd, four, 4, at) == 4 && !memcmp(four, "body", 4)) {
			CHECK_NUMBER(pwrite(fd, "B", 1, at), 1);
			break;
		}
	}
	fd_close(&fd);
	CHECK(check(&x, &counts) != OK);
	CHECK(counts.damaged >= 1);
	site_remove(&x);
}
