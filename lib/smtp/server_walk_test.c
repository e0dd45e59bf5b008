/* Breadth first through all that a client can say and a host can answer, a
 * bounded alphabet and a bounded number of turns: what must hold, holds in
 * every session that can be reached. */
#include "lib/smtp/server.h"

#include "lib/base/test.h"

#define SEEN_MAX 16384
#define STEPS    9

/* What the client says; each is a whole line or the whole of a message. */
static const char *const says[] = { "EHLO c", "HELO c", "STARTTLS",
	"AUTH PLAIN AGEAYg==", "AUTH SCRAM-SHA-256", "MAIL FROM:<a@b>",
	"MAIL FROM:<>", "MAIL FROM:<", "RCPT TO:<v@b>", "RCPT TO:", "DATA",
	"BDAT 3\r\nx", "BDAT 3 LAST\r\nx", "RSET", "NOOP", "QUIT", "*", "", "YQ==",
	"x\r\n." };
#define SAYS (sizeof says / sizeof says[0])

enum answer { AGREE, REFUSE, GO_ON, ANSWERS };

/* What the world knows of the session, kept beside it and by other means. */
struct world {
	bool mail, login; /* the host agreed, in this transaction */
	unsigned rcpts;
};

struct node {
	struct smtp_server s;
	struct world w;
};

static struct node nodes[SEEN_MAX];
static size_t seen;
static unsigned keeps;

static const struct smtp_profile profiles[] = {
	{ .host = SPAN("mx.test"), .tls_offered = true, .max_message = 100,
		.max_rcpts = 2, .max_messages = 2 },
	{ .host = SPAN("mx.test"), .submission = true, .burns = true, .tls_offered = true,
		.max_message = 100, .max_rcpts = 2, .max_messages = 2 },
};

static bool
same_txn(const struct smtp_txn *a, const struct smtp_txn *b)
{
	return a->rcpts == b->rcpts && a->received == b->received &&
		a->utf8 == b->utf8 && a->failed == b->failed && a->data.at == b->data.at &&
		a->data.line == b->data.line;
}

static bool
same_world(const struct world *a, const struct world *b)
{
	return a->mail == b->mail && a->login == b->login &&
		a->rcpts == b->rcpts;
}

static bool
is_initial(const struct smtp_txn *t)
{
	static const struct smtp_txn initial;

	return same_txn(t, &initial);
}

/* Do two sessions differ in anything but buffers?  (`idle` only ends them.) */
static bool
same(const struct node *a, const struct node *b)
{
	return a->s.state == b->s.state && a->s.secured == b->s.secured &&
		a->s.logged_in == b->s.logged_in &&
		a->s.extended == b->s.extended &&
		a->s.last_word == b->s.last_word && a->s.bad == b->s.bad &&
		a->s.messages == b->s.messages &&
		same_txn(&a->s.txn, &b->s.txn) && same_world(&a->w, &b->w);
}

static void
remember(const struct node *n)
{
	for (size_t i = 0; i < seen; i++)
		if (same(&nodes[i], n))
			return;
	CHECK(seen < SEEN_MAX);
	nodes[seen++] = *n;
}

/* The buffers of a copied session are its own. */
static void
settle(struct smtp_server *s)
{
	s->out = BUF(s->out_storage);
	line_reader_init(&s->line);
}

static void
world_forget(struct world *w)
{
	w->mail = false;
	w->rcpts = 0;
}

static void
tls(struct node *n)
{
	smtp_secured(&n->s, false);
	world_forget(&n->w);
	CHECK(is_initial(&n->s.txn));
	CHECK(!n->s.logged_in && !n->s.extended && !n->s.last_word);
	CHECK_NUMBER(n->s.state, SMTP_CONNECTED);
	CHECK_NUMBER(smtp_helo(&n->s).len, 0);
}

static void
login(struct node *n, enum answer a)
{
	if (a == GO_ON) {
		smtp_challenge(&n->s, SPAN("c"));
	} else {
		n->w.login = a == AGREE;
		smtp_login_done(&n->s, a == AGREE ? OK : &fault_auth_failed,
			a == AGREE && n->s.ask.mechanism == SMTP_SCRAM_SHA_256
				? SPAN("v=x")
				: SPAN_NONE);
	}
}

static void
keep(struct node *n, enum answer a)
{
	keeps++;
	CHECK(n->w.mail && n->w.rcpts >= 1);
	CHECK(!n->s.profile->submission || (n->s.logged_in && n->w.login));
	world_forget(&n->w);
	if (a == AGREE)
		smtp_kept(&n->s, SPAN("id"));
	else
		smtp_answer(&n->s, &fault_storage_failed);
	CHECK(is_initial(&n->s.txn));
	CHECK_NUMBER(n->s.state, SMTP_READY);
}

/* Of the asks that smtp_answer answers, what the world makes of them. */
static void
other(struct node *n, enum smtp_ask_verb verb, enum answer a)
{
	bool forced = verb == SMTP_ASK_BURN || verb == SMTP_ASK_FORGET ||
		verb == SMTP_ASK_LOGIN_DROP;
	const struct fault *f = a == AGREE || forced ? OK : &fault_ipc_busy;

	if (verb == SMTP_ASK_LOGIN_DROP)
		n->w.login = false;
	if (verb == SMTP_ASK_FORGET || verb == SMTP_ASK_MAIL)
		world_forget(&n->w);
	if (verb == SMTP_ASK_MAIL)
		n->w.mail = !f;
	if (verb == SMTP_ASK_RCPT && !f)
		n->w.rcpts++;
	smtp_answer(&n->s, f);
	if (verb == SMTP_ASK_FORGET || (verb == SMTP_ASK_MAIL && f))
		CHECK(is_initial(&n->s.txn));
}

static void
answer(struct node *n, enum answer a)
{
	enum smtp_ask_verb verb = n->s.ask.verb;

	if (verb == SMTP_ASK_TLS)
		tls(n);
	else if (verb == SMTP_ASK_LOGIN || verb == SMTP_ASK_LOGIN_STEP)
		login(n, a);
	else if (verb == SMTP_ASK_KEEP)
		keep(n, a);
	else
		other(n, verb, a);
}

static void
check_state(const struct node *n)
{
	bool has_rcpt = n->s.state == SMTP_HAS_RCPT ||
		n->s.state == SMTP_HAS_CHUNKS || n->s.state == SMTP_IN_DATA;

	if (n->s.state == SMTP_OVER)
		return;
	CHECK(n->w.mail || n->s.state != SMTP_HAS_SENDER);
	CHECK((n->w.mail && n->w.rcpts > 0) || !has_rcpt);
	CHECK_NUMBER(n->s.txn.rcpts, n->w.rcpts);
	CHECK(!n->s.logged_in || n->w.login);
	if (n->s.state == SMTP_CONNECTED || n->s.state == SMTP_READY)
		CHECK(is_initial(&n->s.txn));
}

/* Say one thing; every ask on the way is answered with `a`. */
static void
step(const struct node *from, const char *say, enum answer a)
{
	static struct node n;
	uint8_t text[64];
	struct buf b = BUF(text);
	struct span in;

	n = *from;
	settle(&n.s);
	CHECK(buf_put_text(&b, say) && buf_put_text(&b, "\r\n"));
	in = buf_view(&b);
	while (smtp_run(&n.s, &in) == SMTP_ASK)
		answer(&n, a);
	CHECK_NUMBER(in.len * (n.s.state != SMTP_OVER), 0);
	check_state(&n);
	if (n.s.state != SMTP_OVER)
		remember(&n);
}

static void
walk(const struct smtp_profile *p)
{
	static struct node first;
	size_t begin = 0;

	memset(&first, 0, sizeof first);
	smtp_server_init(&first.s, p);
	seen = 0;
	remember(&first);
	for (int turn = 0; turn < STEPS && begin < seen; turn++) {
		size_t end = seen;

		for (; begin < end; begin++)
			for (size_t i = 0; i < SAYS * ANSWERS; i++)
				step(&nodes[begin], says[i / ANSWERS],
					(enum answer)(i % ANSWERS));
	}
}

TEST(a_message_is_kept_only_for_a_sender_and_a_recipient)
{
	for (int i = 0; i < 2; i++) {
		keeps = 0;
		walk(&profiles[i]);
		CHECK(keeps > 0);
		CHECK(seen > 20);
	}
}
