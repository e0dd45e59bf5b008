#include "lib/imap/fake_store.h"

#include "lib/base/test.h"

/* A dialogue: what the client sends, and all that must come back. */
struct turn {
	const char *what, *send, *want;
};

static uint8_t answer_storage[1 << 20];

static struct span
talk(struct imap_session *s, const char *send, bool *open)
{
	struct buf answer = BUF(answer_storage);

	*open = fake_run(s, span_of(send), &answer, SIZE_MAX);
	return buf_view(&answer);
}

#define DIALOGUE(s, turns)                                          \
	do {                                                        \
		bool open_;                                         \
		EACH_CASE(c, turns)                                 \
			CHECK_SPAN(talk(s, c->send, &open_), c->want); \
	} while (0)

#define PLAIN_MAIL                                                       \
	"Date: Mon, 7 Feb 1994 21:52:25 -0800\r\n"                       \
	"From: Fred Foobar <foobar@blurdybloop.example>\r\n"             \
	"Subject: afternoon meeting\r\n"                                 \
	"To: mooch@owatagu.example\r\n"                                  \
	"Message-Id: <B27397@blurdybloop.example>\r\n"                   \
	"\r\n"                                                           \
	"Hello Joe, do you think we can meet at 3:30 tomorrow?\r\n"

#define MIXED_MAIL                                                       \
	"From: a@b.example\r\n"                                          \
	"MIME-Version: 1.0\r\n"                                          \
	"Content-Type: multipart/mixed; boundary=x\r\n"                  \
	"\r\n"                                                           \
	"--x\r\n"                                                        \
	"\r\n"                                                           \
	"one\r\n"                                                        \
	"--x\r\n"                                                        \
	"Content-Type: message/rfc822\r\n"                               \
	"\r\n"                                                           \
	"Subject: in\r\n"                                                \
	"\r\n"                                                           \
	"inner\r\n"                                                      \
	"--x--\r\n"

static struct imap_session *
open_with_mail(void)
{
	struct imap_session *s = fake_open();

	CHECK_OK(fake_add(&fake.box[0], SPAN(PLAIN_MAIL), 0, 0));
	CHECK_OK(fake_add(&fake.box[0], SPAN(MIXED_MAIL), FLAG_SEEN,
		SECONDS(86400)));
	return s;
}

static struct imap_session *
open_selected(void)
{
	struct imap_session *s = open_with_mail();
	bool open;

	talk(s, "s SELECT inbox\r\n", &open);
	return s;
}

static const struct turn any_state[] = {
	{ "capability", "a CAPABILITY\r\n",
	  "* CAPABILITY IMAP4rev1 UIDPLUS MOVE IDLE NAMESPACE UNSELECT ID"
	  " ENABLE LITERAL- CHILDREN\r\na OK CAPABILITY done\r\n" },
	{ "noop", "a NOOP\r\n", "a OK NOOP done\r\n" },
	{ "id", "a ID (\"name\" \"x\")\r\n", "* ID NIL\r\na OK ID done\r\n" },
	{ "enable", "a ENABLE CONDSTORE\r\n",
	  "* ENABLED\r\na OK ENABLE done\r\n" },
	{ "namespace", "a NAMESPACE\r\n",
	  "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\na OK NAMESPACE done\r\n" },
	{ "unknown command", "a XYZZY\r\n", "a BAD Unknown command\r\n" },
	{ "no tag", "\r\n", "* BAD Tag expected\r\n" },
	{ "no verb", "a\r\n", "a BAD Command expected\r\n" },
	{ "needs a mailbox", "a FETCH 1 FLAGS\r\n",
	  "a BAD No mailbox is selected\r\n" },
	{ "too much", "a NOOP x\r\n", "a BAD Nothing more expected\r\n" },
	{ "uid of a command that has none", "a UID NOOP\r\n",
	  "a BAD Unknown command\r\n" },
};

TEST(commands_of_any_state)
{
	struct imap_session *s = fake_open();

	DIALOGUE(s, any_state);
}

static const struct turn mailboxes[] = {
	{ "create", "a CREATE foo\r\n", "a OK Done\r\n" },
	{ "create twice", "a CREATE foo\r\n",
	  "a NO [ALREADYEXISTS] Mailbox exists\r\n" },
	{ "create below", "a CREATE foo/bar/\r\n", "a OK Done\r\n" },
	{ "create in modified UTF-7", "a CREATE &AOQ-\r\n", "a OK Done\r\n" },
	{ "create with a literal", "a CREATE {5}\r\n", "+ Go on\r\n" },
	{ "the literal", "A b\"c\r\n", "a OK Done\r\n" },
	{ "list all", "b LIST \"\" *\r\n",
	  "* LIST (\\HasNoChildren) \"/\" \"A b\\\"c\"\r\n"
	  "* LIST (\\HasNoChildren) \"/\" INBOX\r\n"
	  "* LIST (\\HasChildren) \"/\" foo\r\n"
	  "* LIST (\\HasNoChildren) \"/\" foo/bar\r\n"
	  "* LIST (\\HasNoChildren) \"/\" &AOQ-\r\n"
	  "b OK LIST done\r\n" },
	{ "list one level", "b LIST \"\" %\r\n",
	  "* LIST (\\HasNoChildren) \"/\" \"A b\\\"c\"\r\n"
	  "* LIST (\\HasNoChildren) \"/\" INBOX\r\n"
	  "* LIST (\\HasChildren) \"/\" foo\r\n"
	  "* LIST (\\HasNoChildren) \"/\" &AOQ-\r\n"
	  "b OK LIST done\r\n" },
	{ "list with reference", "b LIST foo/ %\r\n",
	  "* LIST (\\HasNoChildren) \"/\" foo/bar\r\nb OK LIST done\r\n" },
	{ "inbox in any case", "b LIST \"\" inbox\r\n",
	  "* LIST (\\HasNoChildren) \"/\" INBOX\r\nb OK LIST done\r\n" },
	{ "list the delimiter", "b LIST \"\" \"\"\r\n",
	  "* LIST (\\Noselect) \"/\" \"\"\r\nb OK LIST done\r\n" },
	{ "subscribe", "c SUBSCRIBE foo/bar\r\n", "c OK Done\r\n" },
	{ "lsub", "c LSUB \"\" *\r\n",
	  "* LSUB (\\HasNoChildren) \"/\" foo/bar\r\nc OK LSUB done\r\n" },
	{ "lsub tells names above", "c LSUB \"\" %\r\n",
	  "* LSUB (\\Noselect) \"/\" foo\r\nc OK LSUB done\r\n" },
	{ "unsubscribe", "c UNSUBSCRIBE foo/bar\r\n", "c OK Done\r\n" },
	{ "lsub nothing", "c LSUB \"\" *\r\n", "c OK LSUB done\r\n" },
	{ "rename", "d RENAME foo/bar \"foo/b z\"\r\n", "d OK Done\r\n" },
	{ "rename below itself", "d RENAME foo foo/x\r\n",
	  "d NO [CANNOT] Name is the same or below it\r\n" },
	{ "rename INBOX to itself", "d RENAME INBOX inbox\r\n",
	  "d NO [CANNOT] Name is the same or below it\r\n" },
	{ "delete", "d DELETE \"foo/b z\"\r\n", "d OK Done\r\n" },
	{ "delete what is not there", "d DELETE nix\r\n",
	  "d NO [NONEXISTENT] No such mailbox\r\n" },
	{ "delete INBOX", "d DELETE Inbox\r\n",
	  "d NO [CANNOT] INBOX stays\r\n" },
	{ "status", "e STATUS foo (MESSAGES UNSEEN UIDNEXT UIDVALIDITY)\r\n",
	  "* STATUS foo (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 77 UNSEEN 0)\r\n"
	  "e OK STATUS done\r\n" },
	{ "status of nothing", "e STATUS foo ()\r\n",
	  "e BAD Status items expected\r\n" },
};

TEST(commands_on_mailboxes)
{
	struct imap_session *s = fake_open();

	DIALOGUE(s, mailboxes);
	fake.slice = 1;
	EACH_CASE(c, mailboxes) {
		bool open;

		if (span_starts(span_of(c->send), SPAN("b LIST \"\" inbox")))
			CHECK_SPAN(talk(s, c->send, &open), c->want);
	}
}

static const struct turn names[] = {
	{ "IM-D08 climbs out", "a SELECT \"../../w/INBOX\"\r\n",
	  "a NO [CANNOT] Invalid mailbox name\r\n" },
	{ "IM-D08 a home", "a SELECT \"~root\"\r\n",
	  "a NO [CANNOT] Invalid mailbox name\r\n" },
	{ "IM-D08 a slash in disguise", "a SELECT \"&AC8-\"\r\n",
	  "a NO [CANNOT] Invalid mailbox name\r\n" },
	{ "empty component", "a CREATE a//b\r\n",
	  "a NO [CANNOT] Invalid mailbox name\r\n" },
	{ "IM-D13 somebody else's", "a SELECT \"#user/w/INBOX\"\r\n",
	  "a NO [CANNOT] Invalid mailbox name\r\n" },
	{ "IM-D13 a guess", "a SELECT w/INBOX\r\n",
	  "a NO [NONEXISTENT] No such mailbox\r\n" },
	{ "IM-D13 rights", "a GETACL INBOX\r\n", "a BAD Unknown command\r\n" },
	{ "no name", "a SELECT \"\"\r\n",
	  "a NO [CANNOT] Invalid mailbox name\r\n" },
	{ "8-bit name", "a SELECT \303\244\r\n",
	  "a BAD Mailbox name expected\r\n" },
};

/* More names above the subscribed ones than the output holds. */
TEST(names_above_are_told_in_pieces)
{
	struct imap_session *s = fake_open();
	struct span answer;
	size_t lines = 0;
	bool open;

	for (uint8_t c = 'a'; c < 'e'; c++) {
		uint8_t room[IMAP_NAME_MAX];
		struct buf name = BUF(room);

		buf_push(&name, c);
		while (name.len < 251)
			buf_put(&name, SPAN("/x"));
		buf_put(&name, SPAN("/B"));
		CHECK(fake_create(buf_view(&name)) != NULL);
		fake_find(buf_view(&name))->subscribed = true;
	}
	answer = talk(s, "a LSUB \"\" *x\r\n", &open);
	CHECK(open);
	for (; answer.len > 0; lines++)
		span_shift_upto(&answer, span_find_octet(answer, '\n') + 1);
	CHECK_NUMBER(lines, 4 * 125 + 1);
}

TEST(bad_names_open_nothing)
{
	struct imap_session *s = fake_open();

	DIALOGUE(s, names);
	CHECK_NUMBER(fake.selected != NULL, 0);
}

static const struct turn reading[] = {
	{ "select", "a SELECT INBOX\r\n",
	  "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)\r\n"
	  "* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft"
	  " \\*)] Flags that can be kept\r\n"
	  "* 2 EXISTS\r\n* 0 RECENT\r\n* OK [UNSEEN 1] Noted\r\n"
	  "* OK [UIDVALIDITY 77] Noted\r\n* OK [UIDNEXT 3] Noted\r\n"
	  "a OK [READ-WRITE] Opened\r\n" },
	{ "fast", "b FETCH 1:* FAST\r\n",
	  "* 1 FETCH (FLAGS () INTERNALDATE \"01-Jan-1970 00:00:00 +0000\""
	  " RFC822.SIZE 240)\r\n"
	  "* 2 FETCH (FLAGS (\\Seen) INTERNALDATE \"02-Jan-1970 00:00:00 +0000\""
	  " RFC822.SIZE 161)\r\n"
	  "b OK FETCH done\r\n" },
	{ "envelope", "b FETCH 1 ENVELOPE\r\n",
	  "* 1 FETCH (ENVELOPE (\"Mon, 7 Feb 1994 21:52:25 -0800\""
	  " \"afternoon meeting\""
	  " ((\"Fred Foobar\" NIL \"foobar\" \"blurdybloop.example\"))"
	  " ((\"Fred Foobar\" NIL \"foobar\" \"blurdybloop.example\"))"
	  " ((\"Fred Foobar\" NIL \"foobar\" \"blurdybloop.example\"))"
	  " ((NIL NIL \"mooch\" \"owatagu.example\")) NIL NIL NIL"
	  " \"<B27397@blurdybloop.example>\"))\r\nb OK FETCH done\r\n" },
	{ "structure", "b FETCH 2 (BODY)\r\n",
	  "* 2 FETCH (BODY ((\"TEXT\" \"PLAIN\" (\"charset\" \"us-ascii\") NIL"
	  " NIL \"7BIT\" 3 1)(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 20"
	  " (NIL \"in\" NIL NIL NIL NIL NIL NIL NIL NIL) (\"TEXT\" \"PLAIN\""
	  " (\"charset\" \"us-ascii\") NIL NIL \"7BIT\" 5 1) 3) \"MIXED\"))\r\n"
	  "b OK FETCH done\r\n" },
	{ "mbsync looks for its mark",
	  "c UID FETCH 1:2 (BODY.PEEK[HEADER.FIELDS (X-TUID)])\r\n",
	  "* 1 FETCH (UID 1 BODY[HEADER.FIELDS (X-TUID)] {2}\r\n\r\n)\r\n"
	  "* 2 FETCH (UID 2 BODY[HEADER.FIELDS (X-TUID)] {2}\r\n\r\n)\r\n"
	  "c OK FETCH done\r\n" },
	{ "some fields", "c FETCH 1 BODY.PEEK[HEADER.FIELDS (subject \"To\")]\r\n",
	  "* 1 FETCH (BODY[HEADER.FIELDS (subject To)] {57}\r\n"
	  "Subject: afternoon meeting\r\nTo: mooch@owatagu.example\r\n\r\n)\r\n"
	  "c OK FETCH done\r\n" },
	{ "the other fields",
	  "c FETCH 2 BODY.PEEK[HEADER.FIELDS.NOT (Content-Type MIME-Version)]"
	  "<0.6>\r\n",
	  "* 2 FETCH (BODY[HEADER.FIELDS.NOT (Content-Type MIME-Version)]<0>"
	  " {6}\r\nFrom: )\r\nc OK FETCH done\r\n" },
	{ "a part", "c FETCH 2 BODY.PEEK[1]\r\n",
	  "* 2 FETCH (BODY[1] {3}\r\none)\r\nc OK FETCH done\r\n" },
	{ "the header of a message in a part", "c FETCH 2 BODY[2.HEADER]\r\n",
	  "* 2 FETCH (BODY[2.HEADER] {15}\r\nSubject: in\r\n\r\n)\r\n"
	  "c OK FETCH done\r\n" },
	{ "the text of that message", "c FETCH 2 (BODY[2.TEXT] BODY[2.1])\r\n",
	  "* 2 FETCH (BODY[2.TEXT] {5}\r\ninner BODY[2.1] {5}\r\ninner)\r\n"
	  "c OK FETCH done\r\n" },
	{ "the MIME header of a part", "c FETCH 2 BODY[2.MIME]\r\n",
	  "* 2 FETCH (BODY[2.MIME] {32}\r\nContent-Type: message/rfc822\r\n\r\n"
	  ")\r\nc OK FETCH done\r\n" },
	{ "no such part", "c FETCH 2 BODY[3]\r\n",
	  "* 2 FETCH (BODY[3] NIL)\r\nc OK FETCH done\r\n" },
	{ "IM-D07 behind the end", "c FETCH 2 BODY[]<4294967295.1>\r\n",
	  "* 2 FETCH (BODY[]<4294967295> {0}\r\n)\r\nc OK FETCH done\r\n" },
	{ "IM-D07 very much", "c FETCH 2 BODY[1]<1.4294967295>\r\n",
	  "* 2 FETCH (BODY[1]<1> {2}\r\nne)\r\nc OK FETCH done\r\n" },
	{ "IM-D07 negative", "c FETCH 2 BODY[]<-1.5>\r\n",
	  "c BAD Syntax error\r\n" },
	{ "reading marks", "d FETCH 1 BODY[TEXT]\r\n",
	  "* 1 FETCH (FLAGS (\\Seen) BODY[TEXT] {55}\r\nHello Joe, do you think we can meet at"
	  " 3:30 tomorrow?\r\n)\r\nd OK FETCH done\r\n" },
	{ "elder names", "d FETCH 2 (RFC822.HEADER RFC822.SIZE)\r\n",
	  "* 2 FETCH (RFC822.HEADER {83}\r\nFrom: a@b.example\r\n"
	  "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n"
	  "\r\n RFC822.SIZE 161)\r\nd OK FETCH done\r\n" },
	{ "IM-D06 zero", "e FETCH 0 FLAGS\r\n", "e BAD Syntax error\r\n" },
	{ "IM-D06 too great", "e FETCH 4294967296 FLAGS\r\n",
	  "e BAD Syntax error\r\n" },
	{ "IM-D06 stars", "e FETCH *:* UID\r\n",
	  "* 2 FETCH (UID 2)\r\ne OK FETCH done\r\n" },
	{ "beyond the mailbox", "e FETCH 3 UID\r\n", "e BAD Syntax error\r\n" },
	{ "uids beyond", "e UID FETCH 3:9 FLAGS\r\n", "e OK FETCH done\r\n" },
	{ "uid star counts even if smaller", "e UID FETCH 9:* FLAGS\r\n",
	  "* 2 FETCH (UID 2 FLAGS (\\Seen))\r\ne OK FETCH done\r\n" },
	{ "IM-D04 a deep part",
	  "e FETCH 1 BODY[1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1]\r\n",
	  "e BAD Syntax error\r\n" },
};

TEST(fetch_gives_what_is_asked)
{
	struct imap_session *s = open_with_mail();

	DIALOGUE(s, reading);
}

static const struct turn changing[] = {
	{ "add a flag", "a STORE 1 +FLAGS (\\Flagged)\r\n",
	  "* 1 FETCH (UID 1 FLAGS (\\Flagged))\r\na OK STORE done\r\n" },
	{ "silently", "a STORE 1:2 -FLAGS.SILENT \\Flagged \\Draft\r\n",
	  "a OK STORE done\r\n" },
	{ "a keyword", "a UID STORE 2 FLAGS ($Junk)\r\n",
	  "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Junk)\r\n"
	  "* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft"
	  " $Junk \\*)] Flags that can be kept\r\n"
	  "* 2 FETCH (UID 2 FLAGS ($Junk))\r\na OK STORE done\r\n" },
	{ "IM-D18 store nothing", "a STORE 0 FLAGS ()\r\n",
	  "a BAD Syntax error\r\n" },
	{ "\\Recent cannot be set", "a STORE 1 +FLAGS (\\Recent)\r\n",
	  "a BAD Flags expected\r\n" },
	{ "copy to nowhere", "b COPY 1 nix\r\n",
	  "b NO [TRYCREATE] No such mailbox\r\n" },
	{ "make it", "b CREATE nix\r\n", "b OK Done\r\n" },
	{ "copy", "b COPY 1:2 nix\r\n",
	  "b OK [COPYUID 77 1:2 1:2] COPY done\r\n" },
	{ "copy no message", "b UID COPY 99 nix\r\n",
	  "b OK No such messages\r\n" },
	{ "IM-D18 move to itself", "c MOVE 1 INBOX\r\n",
	  "* OK [COPYUID 77 1 3] Moved\r\n* 1 EXPUNGE\r\n* 2 EXISTS\r\n"
	  "c OK MOVE done\r\n" },
	{ "append", "d APPEND INBOX (\\Seen) \"01-Feb-2020 10:00:00 +0100\""
		    " {14}\r\n", "+ Ready\r\n" },
	{ "its octets", "Subject: x\r\n\r\n\r\n",
	  "* 3 EXISTS\r\nd OK [APPENDUID 77 4] APPEND done\r\n" },
	{ "it is there", "d FETCH 3 (FLAGS INTERNALDATE BODY[])\r\n",
	  "* 3 FETCH (FLAGS (\\Seen) INTERNALDATE \"01-Feb-2020 09:00:00 +0000\""
	  " BODY[] {14}\r\nSubject: x\r\n\r\n)\r\nd OK FETCH done\r\n" },
	{ "append without waiting", "d APPEND INBOX {4+}\r\n\r\n\r\n\r\n",
	  "* 4 EXISTS\r\nd OK [APPENDUID 77 5] APPEND done\r\n" },
	{ "IM-D12 bare LF", "e APPEND INBOX {4+}\r\na\nb\n\r\n",
	  "e NO [CANNOT] NUL, bare CR or bare LF\r\n" },
	{ "append to nowhere", "e APPEND nox {4}\r\n",
	  "e NO [TRYCREATE] No such mailbox\r\n" },
	{ "the same, sent already", "e APPEND nox {4+}\r\na NOOP\r\n",
	  "e NO [TRYCREATE] No such mailbox\r\n" },
	{ "too big", "e APPEND INBOX {100001}\r\n",
	  "e NO [TOOBIG] Message is too big\r\n" },
	{ "bad flags", "e APPEND INBOX (\\Recent) {4}\r\n",
	  "e BAD Flags expected\r\n" },
	{ "delete one", "f STORE 2 +FLAGS.SILENT (\\Deleted)\r\n",
	  "f OK STORE done\r\n" },
	{ "uid expunge of another", "f UID EXPUNGE 4\r\n",
	  "f OK EXPUNGE done\r\n" },
	{ "IM-D18 uid expunge nothing", "f UID EXPUNGE 0\r\n",
	  "f BAD Syntax error\r\n" },
	{ "expunge", "f EXPUNGE\r\n",
	  "* 2 EXPUNGE\r\nf OK EXPUNGE done\r\n" },
	{ "IM-D18 delete what is selected", "f DELETE INBOX\r\n",
	  "f NO [CANNOT] INBOX stays\r\n" },
	{ "unselect", "g UNSELECT\r\n", "g OK Closed\r\n" },
	{ "nothing is selected", "g CHECK\r\n",
	  "g BAD No mailbox is selected\r\n" },
	{ "logout", "h LOGOUT\r\n",
	  "* BYE Until next time\r\nh OK LOGOUT done\r\n" },
};

TEST(commands_that_change_messages)
{
	struct imap_session *s = open_selected();

	DIALOGUE(s, changing);
	CHECK_NUMBER(imap_run(s, &(struct span){ 0 }), IMAP_CLOSE);
}

static const struct turn searching[] = {
	{ "all", "a SEARCH ALL\r\n", "* SEARCH 1 2\r\na OK SEARCH done\r\n" },
	{ "a flag", "a SEARCH UNSEEN\r\n",
	  "* SEARCH 1\r\na OK SEARCH done\r\n" },
	{ "uids", "a UID SEARCH UID 2:*\r\n",
	  "* SEARCH 2\r\na OK SEARCH done\r\n" },
	{ "numbers", "a SEARCH 2 SEEN\r\n",
	  "* SEARCH 2\r\na OK SEARCH done\r\n" },
	{ "nothing", "a SEARCH NEW\r\n", "* SEARCH\r\na OK SEARCH done\r\n" },
	{ "size", "a SEARCH LARGER 200 SMALLER 300\r\n",
	  "* SEARCH 1\r\na OK SEARCH done\r\n" },
	{ "dates", "a SEARCH SINCE 2-Jan-1970\r\n",
	  "* SEARCH 2\r\na OK SEARCH done\r\n" },
	{ "on a day", "a SEARCH ON \"1-Jan-1970\"\r\n",
	  "* SEARCH 1\r\na OK SEARCH done\r\n" },
	{ "sent", "a SEARCH SENTON 7-Feb-1994\r\n",
	  "* SEARCH 1\r\na OK SEARCH done\r\n" },
	{ "subject in any case", "a SEARCH SUBJECT \"AFTERNOON\"\r\n",
	  "* SEARCH 1\r\na OK SEARCH done\r\n" },
	{ "has a field", "a SEARCH HEADER mime-version \"\"\r\n",
	  "* SEARCH 2\r\na OK SEARCH done\r\n" },
	{ "not in a literal", "a SEARCH NOT FROM {4}\r\n", "+ Go on\r\n" },
	{ "the literal", "fred\r\n", "* SEARCH 2\r\na OK SEARCH done\r\n" },
	{ "or", "a SEARCH OR FROM fred (BODY inner SEEN)\r\n",
	  "* SEARCH 1 2\r\na OK SEARCH done\r\n" },
	{ "body is not header", "a SEARCH BODY multipart\r\n",
	  "* SEARCH\r\na OK SEARCH done\r\n" },
	{ "text is both", "a SEARCH TEXT multipart\r\n",
	  "* SEARCH 2\r\na OK SEARCH done\r\n" },
	{ "charset", "a SEARCH CHARSET UTF-8 TEXT \"3:30\"\r\n",
	  "* SEARCH 1\r\na OK SEARCH done\r\n" },
	{ "another charset", "a SEARCH CHARSET KOI8-R ALL\r\n",
	  "a NO [BADCHARSET (US-ASCII UTF-8)] No\r\n" },
	{ "keyword", "a SEARCH UNKEYWORD $Junk\r\n",
	  "* SEARCH 1 2\r\na OK SEARCH done\r\n" },
	{ "unfinished", "a SEARCH NOT\r\n", "a BAD Syntax error\r\n" },
	{ "one too many", "a SEARCH (ALL))\r\n", "a BAD Syntax error\r\n" },
	{ "one too few", "a SEARCH (ALL\r\n", "a BAD Syntax error\r\n" },
	{ "empty", "a SEARCH ()\r\n", "a BAD Syntax error\r\n" },
};

TEST(search_finds)
{
	struct imap_session *s = open_selected();

	DIALOGUE(s, searching);
}

#define CODED_MAIL                                                      \
	"Subject: =?utf-8?B?R3LDvMOfZQ==?=\r\n"                         \
	"MIME-Version: 1.0\r\n"                                         \
	"Content-Type: multipart/mixed; boundary=x\r\n"                 \
	"\r\n"                                                          \
	"--x\r\nContent-Transfer-Encoding: base64\r\n\r\n"             \
	"c2VjcmV0IHdv\r\ncmRz\r\n"                                     \
	"--x\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"   \
	"sil=65nt wor=\r\nds\r\n"                                      \
	"--x\r\nContent-Type: image/png\r\n"                           \
	"Content-Transfer-Encoding: base64\r\n\r\nc2VjcmV0IHBpeGVs\r\n" \
	"--x--\r\n"

static const struct turn decoding[] = {
	{ "an encoded word", "a SEARCH SUBJECT {7+}\r\nGr\303\274\303\237e\r\n",
	  "* SEARCH 3\r\na OK SEARCH done\r\n" },
	{ "as it stands", "a SEARCH SUBJECT R3LDvMOfZQ\r\n",
	  "* SEARCH 3\r\na OK SEARCH done\r\n" },
	{ "base64", "a SEARCH BODY \"secret words\"\r\n",
	  "* SEARCH 3\r\na OK SEARCH done\r\n" },
	{ "quoted-printable", "a SEARCH TEXT \"silent words\"\r\n",
	  "* SEARCH 3\r\na OK SEARCH done\r\n" },
	{ "not in a picture", "a SEARCH BODY \"secret pixel\"\r\n",
	  "* SEARCH\r\na OK SEARCH done\r\n" },
	{ "not across parts", "a SEARCH BODY \"wordssilent\"\r\n",
	  "* SEARCH\r\na OK SEARCH done\r\n" },
};

TEST(search_reads_encodings)
{
	struct imap_session *s = open_with_mail();
	bool open;

	CHECK_OK(fake_add(&fake.box[0], SPAN(CODED_MAIL), 0, 0));
	talk(s, "s SELECT INBOX\r\n", &open);
	DIALOGUE(s, decoding);
}

/* IM-D05 */
TEST(search_is_as_deep_as_32)
{
	struct imap_session *s = open_selected();
	uint8_t storage[2048];
	bool open;

	for (int depth = 31; depth <= 33; depth++) {
		struct buf b = BUF(storage);

		buf_put_text(&b, "a SEARCH ");
		for (int i = 0; i < depth; i++)
			buf_put_text(&b, "NOT ");
		buf_put_text(&b, "ALL\r\n");
		buf_push(&b, 0);
		CHECK_SPAN(talk(s, (const char *)storage, &open),
			depth == 31 ? "* SEARCH\r\na OK SEARCH done\r\n"
			: depth == 32 ? "* SEARCH 1 2\r\na OK SEARCH done\r\n"
			: "a BAD [LIMIT] Too long or too complex\r\n");
	}
}

static const struct turn others[] = {
	{ "idle begins", "a IDLE\r\n", "+ Waiting for changes\r\n" },
	{ "ends", "done\r\n", "a OK IDLE done\r\n" },
	{ "no idle", "b IDLE\r\n", "+ Waiting for changes\r\n" },
	{ "a command instead", "c NOOP\r\n", "b BAD DONE expected\r\n" },
};

/* What other sessions do is told at the right moment. */
TEST(changes_of_others_are_told)
{
	struct imap_session *s = open_selected();
	bool open;

	DIALOGUE(s, others);
	talk(s, "i IDLE\r\n", &open);
	CHECK_OK(fake_add(fake.selected, SPAN(PLAIN_MAIL), 0, 0));
	fake.selected->message[1].entry.flags = FLAG_ANSWERED;
	imap_changed(s);
	CHECK_SPAN(talk(s, "", &open),
		"* 3 EXISTS\r\n* 2 FETCH (UID 2 FLAGS (\\Answered))\r\n");
	CHECK_SPAN(talk(s, "DONE\r\n", &open), "i OK IDLE done\r\n");

	fake.selected->message[0].gone = true;
	imap_changed(s);
	CHECK_SPAN(talk(s, "j FETCH 2 UID\r\n", &open),
		"* 2 FETCH (UID 2)\r\nj OK FETCH done\r\n");
	CHECK_SPAN(talk(s, "j STORE 2 +FLAGS (\\Draft)\r\n", &open),
		"* 2 FETCH (UID 2 FLAGS (\\Answered \\Draft))\r\n"
		"j OK STORE done\r\n");
	CHECK_SPAN(talk(s, "j NOOP\r\n", &open),
		"* 1 EXPUNGE\r\nj OK NOOP done\r\n");
	CHECK_SPAN(talk(s, "j FETCH 1 (UID FLAGS)\r\n", &open),
		"* 1 FETCH (UID 2 FLAGS (\\Answered \\Draft))\r\n"
		"j OK FETCH done\r\n");
}

static const struct {
	const char *what, *send, *want;
} ends[] = {
	{ "bare LF", "a NOOP\n", "* BYE CR and LF must come as a pair\r\n" },
	{ "bare CR", "a NO\rOP\r\n", "* BYE CR and LF must come as a pair\r\n" },
	{ "a literal of no number", "a LIST {4294967296}\r\n",
	  "* BYE Syntax error\r\n" },
	{ "a big literal that does not wait", "a LIST {4097+}\r\n",
	  "* BYE Literal not allowed\r\n" },
};

TEST(a_stream_without_next_command_ends)
{
	EACH_CASE(c, ends) {
		bool open;

		CHECK_SPAN(talk(fake_open(), c->send, &open), c->want);
		CHECK(!open);
	}
}

TEST(a_literal_that_waits_can_be_refused)
{
	struct imap_session *s = fake_open();
	bool open;

	CHECK_SPAN(talk(s, "a LIST {4097}\r\n", &open),
		"a BAD Literal too long\r\n");
	CHECK(open);
	CHECK_SPAN(talk(s, "a LIST {3}\r\n", &open), "+ Go on\r\n");
	CHECK_SPAN(talk(s, "foo {1+}\r\n*\r\n", &open), "a OK LIST done\r\n");
}

TEST(examine_changes_nothing)
{
	struct imap_session *s = open_with_mail();
	bool open;

	talk(s, "a EXAMINE INBOX\r\n", &open);
	CHECK_SPAN(talk(s, "a FETCH 1 BODY[1]<0.5>\r\n", &open),
		"* 1 FETCH (BODY[1]<0> {5}\r\nHello)\r\na OK FETCH done\r\n");
	CHECK_SPAN(talk(s, "a STORE 1 FLAGS ()\r\n", &open),
		"a NO [CANNOT] Mailbox is read-only\r\n");
	CHECK_NUMBER(fake.selected->message[0].entry.flags, 0);
}

/* A FETCH of much more than the output holds goes through it in pieces. */
TEST(fetch_streams)
{
	static uint8_t big[200000];
	struct imap_session *s = fake_open();
	struct span answer;
	bool open;

	memset(big, 'x', sizeof big);
	memcpy(big, "A: b\r\n\r\n", 8);
	for (int i = 0; i < 4; i++)
		CHECK_OK(fake_add(&fake.box[0], span_at(big, sizeof big),
			FLAG_SEEN, 0));
	talk(s, "a SELECT INBOX\r\n", &open);
	answer = talk(s, "a FETCH 1:* BODY[]\r\n", &open);
	CHECK_NUMBER(answer.len,
		4 * (sizeof big + sizeof "* 1 FETCH (BODY[] {200000}\r\n)\r\n" -
			1) + sizeof "a OK FETCH done\r\n" - 1);
	CHECK_NUMBER(fake.octets_asked, 4 * sizeof big);
}

static const struct {
	const char *what, *start, *fill, *want;
	size_t times;
} floods[] = {
	{ "IM-D03 parentheses", "a ID ", "(", "a BAD Parameter list expected\r\n",
	  10000 },
	{ "IM-D03 more of them", "a ID ", "(", "* BYE Command too long\r\n",
	  100000 },
	{ "IM-D04 brackets", "a FETCH 1 BODY", "[", "a BAD Syntax error\r\n",
	  10000 },
	{ "IM-D04 a deep part", "a FETCH 1 BODY[1", ".1",
	  "a BAD Syntax error\r\n", 5000 },
	{ "IM-D04 closing ones", "a SEARCH ", ")", "a BAD Syntax error\r\n",
	  10000 },
	{ "IM-D05 OR of OR", "a SEARCH ", "OR ",
	  "a BAD [LIMIT] Too long or too complex\r\n", 5000 },
	{ "IM-D05 parentheses", "a SEARCH ", "(",
	  "a BAD [LIMIT] Too long or too complex\r\n", 10000 },
	{ "IM-D05 many keys", "a SEARCH ALL", " ALL",
	  "a BAD [LIMIT] Too long or too complex\r\n", 4000 },
	{ "IM-D06 the same again", "a UID FETCH 1", ",1:4294967295",
	  "a BAD Syntax error\r\n", 1000 },
	{ "IM-D06 holes", "a UID FETCH 1", ",1,3,5,7,9,11,13,15,17,19",
	  "a BAD Syntax error\r\n", 500 },
	{ "IM-D10 a string without end", "a LIST \"\" \"", "x",
	  "a BAD Reference and pattern expected\r\n", 10000 },
	{ "flags", "a STORE 1 FLAGS (a", " a", "a BAD Flags expected\r\n",
	  5000 },
	{ "items", "a FETCH 1 (UID", " UID",
	  "a BAD [LIMIT] Too long or too complex\r\n", 1000 },
	{ "field names", "a FETCH 1 BODY[HEADER.FIELDS (a", " a",
	  "a BAD Syntax error\r\n", 5000 },
	{ "wildcards", "a LIST \"\" \"", "*%",
	  "a BAD Reference and pattern expected\r\n", 5000 },
	{ "errors", "", "x\r\n", "x BAD Command expected\r\n"
		"x BAD Command expected\r\nx BAD Command expected\r\n"
		"x BAD Command expected\r\nx BAD Command expected\r\n"
		"x BAD Command expected\r\nx BAD Command expected\r\n"
		"x BAD Command expected\r\nx BAD Command expected\r\n"
		"x BAD Command expected\r\nx BAD Command expected\r\n"
		"x BAD Command expected\r\nx BAD Command expected\r\n"
		"x BAD Command expected\r\nx BAD Command expected\r\n"
		"x BAD Command expected\r\nx BAD Command expected\r\n"
		"x BAD Command expected\r\nx BAD Command expected\r\n"
		"x BAD Command expected\r\nx BAD Command expected\r\n"
		"* BYE Too many errors\r\n", 1000 },
};

TEST(floods_are_refused)
{
	static uint8_t storage[300000];

	EACH_CASE(c, floods) {
		struct imap_session *s = open_selected();
		struct buf b = BUF(storage);
		bool open;

		buf_put_text(&b, c->start);
		for (size_t i = 0; i < c->times; i++)
			buf_put_text(&b, c->fill);
		buf_put(&b, SPAN("\r\n\0"));
		CHECK_SPAN(talk(s, (const char *)storage, &open), c->want);
	}
}
