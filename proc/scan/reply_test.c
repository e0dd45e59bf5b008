#include "proc/scan/reply.h"

#include "lib/base/number.h"
#include "lib/base/test.h"

#define NOVEMBER_23 (1795425753 * SECONDS(1)) /* 2026-11-23 09:22:33 */

static const struct {
	const char *what;
	struct span in;
	enum reply_kind kind;
	uint64_t number;
	const char *name; /* NULL: none */
	int64_t signatures;
} replies[] = {
	{ "clean", SPAN("1: fd[11]: OK\0"), REPLY_CLEAN, 1, NULL, 0 },
	{ "found", SPAN("2: fd[7]: Eicar-Signature FOUND\0"), REPLY_FOUND, 2,
		"Eicar-Signature", 0 },
	{ "a virus by the name of OK", SPAN("3: fd[7]: OK FOUND\0"),
		REPLY_FOUND, 3, "OK", 0 },
	{ "a virus by the name of an error",
		SPAN("3: fd[7]: no ERROR FOUND\0"), REPLY_FOUND, 3, "no ERROR",
		0 },
	{ "deeper than the engine looks",
		SPAN("4: fd[7]: Heuristics.Limits.Exceeded.MaxFiles FOUND\0"),
		REPLY_UNCHECKED, 4, "Heuristics.Limits.Exceeded.MaxFiles", 0 },
	{ "encrypted", SPAN("5: fd[7]: Heuristics.Encrypted.Zip FOUND\0"),
		REPLY_UNCHECKED, 5, "Heuristics.Encrypted.Zip", 0 },
	{ "an error", SPAN("6: fd[11]: Not a regular file ERROR\0"),
		REPLY_ERROR, 6, NULL, 0 },
	{ "version without signatures", SPAN("7: ClamAV 1.4.6\0"),
		REPLY_VERSION, 7, NULL, 0 },
	{ "version and signatures",
		SPAN("8: ClamAV 1.4.6/27000/Mon Nov 23 09:22:33 2026\0"),
		REPLY_VERSION, 8, NULL, NOVEMBER_23 },
	{ "a day of one digit",
		SPAN("8: ClamAV 1.4.6/27000/Sun Nov  1 09:22:33 2026\0"),
		REPLY_VERSION, 8, NULL, NOVEMBER_23 - DAYS(22) },
	{ "a date that is none",
		SPAN("8: ClamAV 1.4.6/27000/Mon Feb 30 09:22:33 2026\0"),
		REPLY_VERSION, 8, NULL, 0 },
	{ "a date with something behind",
		SPAN("8: ClamAV 1.4.6/27000/Mon Nov 23 09:22:33 2026 x\0"),
		REPLY_VERSION, 8, NULL, 0 },
	{ "the highest number", SPAN("4294967295: fd[0]: OK\0"), REPLY_CLEAN,
		4294967295, NULL, 0 },
	{ "a clean stream", SPAN("9: stream: OK\0"), REPLY_CLEAN, 9, NULL, 0 },
	{ "found in a stream", SPAN("9: stream: fd[1]: OK FOUND\0"),
		REPLY_FOUND, 9, "fd[1]: OK", 0 },
	{ "a stream that is too long",
		SPAN("9: INSTREAM size limit exceeded. ERROR\0"),
		REPLY_TOO_LONG, 9, NULL, 0 },
};

TEST(reply_take_understands_the_engine)
{
	EACH_CASE(c, replies) {
		struct span in = c->in;
		struct reply r;
		bool done;

		CHECK_OK(reply_take(&in, &r, &done));
		CHECK(done);
		CHECK_NUMBER(in.len, 0);
		CHECK_NUMBER(r.kind, c->kind);
		CHECK_NUMBER(r.number, c->number);
		CHECK_SPAN(r.name, c->name);
		CHECK_NUMBER(r.signatures.us, c->signatures);
	}
}

TEST(reply_take_tells_a_stream_from_a_descriptor)
{
	struct span in = SPAN("1: stream: OK\0" "2: fd[7]: OK\0");
	struct reply r;
	bool done;

	CHECK_OK(reply_take(&in, &r, &done));
	CHECK(r.stream);
	CHECK_OK(reply_take(&in, &r, &done));
	CHECK(!r.stream);
}

static const struct {
	const char *what;
	struct span in;
} refused[] = {
	{ "nothing", SPAN("\0") },
	{ "no number", SPAN("fd[11]: OK\0") },
	{ "number zero", SPAN("0: fd[11]: OK\0") },
	{ "a number too large", SPAN("4294967296: fd[11]: OK\0") },
	{ "no blank after the number", SPAN("1:fd[11]: OK\0") },
	{ "OK alone", SPAN("1: OK\0") },
	{ "ok in other letters", SPAN("1: fd[11]: ok\0") },
	{ "OK and a blank", SPAN("1: fd[11]: OK \0") },
	{ "OK and a line end", SPAN("1: fd[11]: OK\n\0") },
	{ "OK after something else", SPAN("1: fd[11]: not OK\0") },
	{ "of a stream and a descriptor", SPAN("1: stream: fd[1]: OK\0") },
	{ "of something like a stream", SPAN("1: streams: OK\0") },
	{ "a stream that is too long, and more",
		SPAN("1: INSTREAM size limit exceeded. ERROR \0") },
	{ "of a file with a telling name", SPAN("1: /a: fd[1]: OK\0") },
	{ "no descriptor", SPAN("1: fd[]: OK\0") },
	{ "found without a name", SPAN("1: fd[11]:  FOUND\0") },
	{ "FOUND alone", SPAN("1: fd[11]: FOUND\0") },
	{ "ERROR alone", SPAN("1: fd[11]: ERROR\0") },
	{ "a command that it does not know", SPAN("UNKNOWN COMMAND\0") },
	{ "a command that it does not allow",
		SPAN("1: Command invalid inside IDSESSION. ERROR\0") },
	{ "nobody spoke for too long", SPAN("COMMAND READ TIMED OUT\n\0") },
};

TEST(reply_take_refuses_everything_else)
{
	EACH_CASE(c, refused) {
		struct span in = c->in;
		struct reply r;
		bool done;

		CHECK_FAULT(reply_take(&in, &r, &done), &fault_reply_syntax);
		CHECK_NUMBER(in.len, c->in.len);
	}
}

TEST(reply_take_waits_for_the_end)
{
	struct span whole = SPAN("1: fd[11]: OK\0");

	for (size_t len = 0; len < whole.len; len++) {
		struct span in = span_at(whole.at, len);
		struct reply r;
		bool done = true;

		CHECK_OK(reply_take(&in, &r, &done));
		CHECK(!done);
		CHECK_NUMBER(in.len, len);
	}
}

TEST(reply_take_has_a_limit)
{
	static uint8_t octets[REPLY_MAX + 1];
	struct span in = span_at(octets, sizeof octets);
	struct reply r;
	bool done;

	memset(octets, 'x', sizeof octets);
	CHECK_FAULT(reply_take(&in, &r, &done), &fault_reply_syntax);
	in.len--;
	CHECK_OK(reply_take(&in, &r, &done));
	CHECK(!done);
}
