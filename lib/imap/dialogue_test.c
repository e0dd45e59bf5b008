/* What real clients say, as they were heard (curl 7.88, mbsync 1.4.4, neomutt
 * 20220429), and what they must get. */
#include "lib/imap/fake_client.h"
#include "lib/imap/fake_store.h"

#include "lib/base/test.h"

static const struct span one = SPAN(
	"From: a <a@b.example>\r\nSubject: one\r\n\r\nhello\r\n");
static const struct span two = SPAN(
	"From: n@y\r\nSubject: two\r\nX-TUID: XPfjLxzlQQvD\r\n\r\nbody\r\n");

struct turn {
	const char *what, *send, *want;
};

#define SELECTED(tag)                                                       \
	"* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)\r\n"       \
	"* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen"       \
	" \\Draft \\*)] Flags that can be kept\r\n"                         \
	"* 2 EXISTS\r\n* 0 RECENT\r\n* OK [UNSEEN 1] Noted\r\n"             \
	"* OK [UIDVALIDITY 77] Noted\r\n* OK [UIDNEXT 3] Noted\r\n" tag     \
	" OK [READ-WRITE] Opened\r\n"
#define GONE(tag) "* BYE Until next time\r\n" tag " OK LOGOUT done\r\n"

/* curl looks for the literal in the first response only. */
static const struct turn curl[] = {
	{ "list", "A003 LIST \"\" *\r\n",
	  "* LIST (\\HasNoChildren) \"/\" INBOX\r\nA003 OK LIST done\r\n" },
	{ "select", "A004 SELECT INBOX\r\n", SELECTED("A004") },
	{ "fetch", "A005 FETCH 1 BODY[]\r\n",
	  "* 1 FETCH (FLAGS (\\Seen) BODY[] {46}\r\n"
	  "From: a <a@b.example>\r\nSubject: one\r\n\r\nhello\r\n)\r\n"
	  "A005 OK FETCH done\r\n" },
	{ "fetch by uid", "A006 UID FETCH 2 BODY[TEXT]\r\n",
	  "* 2 FETCH (FLAGS (\\Seen) UID 2 BODY[TEXT] {6}\r\nbody\r\n)\r\n"
	  "A006 OK FETCH done\r\n" },
	{ "search", "A007 SEARCH SUBJECT two\r\n",
	  "* SEARCH 2\r\nA007 OK SEARCH done\r\n" },
	{ "append", "A008 APPEND INBOX (\\Seen) {15}\r\n", "+ Ready\r\n" },
	{ "its octets", "Subject: up\r\n\r\n\r\n",
	  "* 3 EXISTS\r\nA008 OK [APPENDUID 77 3] APPEND done\r\n" },
	{ "logout", "A009 LOGOUT\r\n", GONE("A009") },
};

static const struct turn mbsync[] = {
	{ "namespace", "2 NAMESPACE\r\n",
	  "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n2 OK NAMESPACE done\r\n" },
	{ "list", "3 LIST \"\" \"*\"\r\n",
	  "* LIST (\\HasNoChildren) \"/\" INBOX\r\n3 OK LIST done\r\n" },
	{ "select", "4 SELECT \"INBOX\"\r\n", SELECTED("4") },
	{ "what is there", "5 UID FETCH 1:2 (UID FLAGS)\r\n",
	  "* 1 FETCH (UID 1 FLAGS ())\r\n* 2 FETCH (UID 2 FLAGS ())\r\n"
	  "5 OK FETCH done\r\n" },
	{ "two at once",
	  "6 UID FETCH 1 (BODY.PEEK[])\r\n7 UID FETCH 2 (BODY.PEEK[])\r\n",
	  "* 1 FETCH (UID 1 BODY[] {46}\r\nFrom: a <a@b.example>\r\n"
	  "Subject: one\r\n\r\nhello\r\n)\r\n6 OK FETCH done\r\n"
	  "* 2 FETCH (UID 2 BODY[] {55}\r\nFrom: n@y\r\nSubject: two\r\n"
	  "X-TUID: XPfjLxzlQQvD\r\n\r\nbody\r\n)\r\n7 OK FETCH done\r\n" },
	{ "its mark",
	  "8 UID FETCH 1:1000000000 (UID BODY.PEEK[HEADER.FIELDS (X-TUID)])\r\n",
	  "* 1 FETCH (UID 1 BODY[HEADER.FIELDS (X-TUID)] {2}\r\n\r\n)\r\n"
	  "* 2 FETCH (UID 2 BODY[HEADER.FIELDS (X-TUID)] {24}\r\n"
	  "X-TUID: XPfjLxzlQQvD\r\n\r\n)\r\n8 OK FETCH done\r\n" },
	{ "append", "9 APPEND \"INBOX\" {11}\r\n", "+ Ready\r\n" },
	{ "its octets", "X-TUID: a\r\n\r\n",
	  "* 3 EXISTS\r\n9 OK [APPENDUID 77 3] APPEND done\r\n" },
	{ "delete", "10 UID STORE 2 +FLAGS.SILENT (\\Deleted)\r\n",
	  "10 OK STORE done\r\n" },
	{ "to a trash that is missing", "11 UID MOVE 2 \"Trash\"\r\n",
	  "11 NO [TRYCREATE] No such mailbox\r\n" },
	{ "make it", "12 CREATE \"Trash\"\r\n", "12 OK Done\r\n" },
	{ "to the trash", "13 UID MOVE 2 \"Trash\"\r\n",
	  "* OK [COPYUID 77 2 1] Moved\r\n* 2 EXPUNGE\r\n13 OK MOVE done\r\n" },
	{ "close", "14 CLOSE\r\n", "14 OK Closed\r\n" },
	{ "logout", "15 LOGOUT\r\n", GONE("15") },
};

static const struct turn neomutt[] = {
	{ "enable and delimiter",
	  "a0002 ENABLE UTF8=ACCEPT\r\na0003 LIST \"\" \"\"\r\n",
	  "* ENABLED\r\na0002 OK ENABLE done\r\n"
	  "* LIST (\\Noselect) \"/\" \"\"\r\na0003 OK LIST done\r\n" },
	{ "select", "a0004 SELECT \"INBOX\"\r\n", SELECTED("a0004") },
	{ "headers",
	  "a0005 FETCH 1:2 (UID FLAGS INTERNALDATE RFC822.SIZE"
	  " BODY.PEEK[HEADER.FIELDS (DATE FROM SUBJECT TO X-LABEL)])\r\n",
	  "* 1 FETCH (UID 1 FLAGS () INTERNALDATE"
	  " \"01-Jan-1970 00:00:00 +0000\" RFC822.SIZE 46"
	  " BODY[HEADER.FIELDS (DATE FROM SUBJECT TO X-LABEL)] {39}\r\n"
	  "From: a <a@b.example>\r\nSubject: one\r\n\r\n)\r\n"
	  "* 2 FETCH (UID 2 FLAGS () INTERNALDATE"
	  " \"01-Jan-1970 00:00:00 +0000\" RFC822.SIZE 55"
	  " BODY[HEADER.FIELDS (DATE FROM SUBJECT TO X-LABEL)] {27}\r\n"
	  "From: n@y\r\nSubject: two\r\n\r\n)\r\na0005 OK FETCH done\r\n" },
	{ "changes in a row",
	  "a0007 UID STORE 1 +FLAGS.SILENT (\\Deleted)\r\n"
	  "a0008 UID STORE 2 +FLAGS.SILENT (\\Flagged)\r\n",
	  "a0007 OK STORE done\r\na0008 OK STORE done\r\n" },
	{ "expunge", "a0010 EXPUNGE\r\n",
	  "* 1 EXPUNGE\r\na0010 OK EXPUNGE done\r\n" },
	{ "idle", "a0011 IDLE\r\n", "+ Waiting for changes\r\n" },
	{ "idle ends", "DONE\r\n", "a0011 OK IDLE done\r\n" },
	{ "close", "a0012 CLOSE\r\n", "a0012 OK Closed\r\n" },
};

static uint8_t answer_storage[65536];

static void
hold(const struct turn *turns, size_t count)
{
	struct imap_session *s = fake_open();
	static struct fake_client client;

	memset(&client, 0, sizeof client);
	CHECK_OK(fake_add(&fake.box[0], one, 0, 0));
	CHECK_OK(fake_add(&fake.box[0], two, 0, 0));
	for (size_t i = 0; i < count; i++) {
		struct buf answer = BUF(answer_storage);

		test_row = turns[i].what;
		fake_run(s, span_of(turns[i].send), &answer, SIZE_MAX);
		CHECK_SPAN(buf_view(&answer), turns[i].want);
		client_read(&client, buf_view(&answer));
	}
}

TEST(curl_is_understood)
{
	hold(curl, COUNT_OF(curl));
}

TEST(mbsync_is_understood)
{
	hold(mbsync, COUNT_OF(mbsync));
}

TEST(neomutt_is_understood)
{
	hold(neomutt, COUNT_OF(neomutt));
}
