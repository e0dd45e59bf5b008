#include "lib/policy/reason.h"

#include "lib/base/number.h"

static const struct {
	const char *name, *words;
	bool of_place;
} reasons[REASONS] = {
	[REASON_NONE] = { "none", "not tried yet", false },
	[REASON_GREYLISTED] = { "greylisted", "peer greylists", false },
	[REASON_BUSY] = { "busy", "peer is busy", true },
	[REASON_UNREACHED] = { "unreached", "peer cannot be reached", true },
	[REASON_NAME] = { "name", "no answer about the name", true },
	[REASON_LOOP] = { "loop", "mail leads back to this host", true },
	[REASON_TLS] = { "tls", "no proper TLS with the peer", true },
	[REASON_FULL] = { "full", "no room at the peer", false },
	[REASON_UNKNOWN] = { "unknown", "no such mailbox there", false },
	[REASON_REFUSED] = { "refused", "peer refuses by its policy", false },
	[REASON_HERE] = { "here", "trouble on this host", false },
	[REASON_TEMPORARY] = { "temporary", "peer says later", false },
	[REASON_PERMANENT] = { "permanent", "peer says no", false },
};

/* The first row that fits, from the particular to the general.  Words decide
 * before codes: for greylisting every server has another code. */
static const struct {
	enum reason reason;
	uint16_t code;        /* 0: any         */
	const char *enhanced; /* how it begins, after the class */
	const char *text;     /* in it, any case */
} rows[] = {
	{ REASON_GREYLISTED, 0, "", "greylist" },
	{ REASON_GREYLISTED, 0, "", "graylist" },
	{ REASON_GREYLISTED, 0, "", "grey-list" },
	{ REASON_GREYLISTED, 0, "", "grey list" },
	{ REASON_GREYLISTED, 0, "", "come back later" },
	{ REASON_BUSY, 0, "", "rate limit" },
	{ REASON_BUSY, 0, "", "too many connections" },
	{ REASON_BUSY, 0, "", "too many messages" },
	{ REASON_HERE, 0, ".3.0", "cannot be read" },
	{ REASON_HERE, 0, ".3.2", "service restarting" },
	{ REASON_HERE, 0, ".3.2", "too many calls" },
	{ REASON_HERE, 0, ".4.0", "no connection" },
	{ REASON_HERE, 0, ".4.0", "no room" },
	{ REASON_UNREACHED, 0, ".4.1", "" },
	{ REASON_UNREACHED, 0, ".4.2", "" },
	{ REASON_LOOP, 0, ".4.6", "" },
	{ REASON_NAME, 0, ".4.3", "" },
	{ REASON_NAME, 0, ".4.4", "" },
	{ REASON_NAME, 0, ".1.2", "" },
	{ REASON_TLS, 0, ".7.4", "" },
	{ REASON_TLS, 0, ".7.5", "" },
	{ REASON_TLS, 0, ".7.10", "" },
	{ REASON_TLS, 0, ".7.11", "" },
	{ REASON_FULL, 0, ".2.2", "" },
	{ REASON_FULL, 0, ".3.1", "" },
	{ REASON_UNKNOWN, 0, ".1.1", "" },
	{ REASON_UNKNOWN, 0, ".1.10", "" },
	{ REASON_REFUSED, 0, ".7", "" },
	{ REASON_BUSY, 0, ".4.5", "" },
	{ REASON_BUSY, 0, ".3.2", "" },
	{ REASON_FULL, 452, "", "" },
	{ REASON_FULL, 552, "", "" },
	{ REASON_BUSY, 421, "", "" },
};

/* "4.7.1" begins with ".7" after its class, and not with ".70". */
static bool
begins(struct span enhanced, const char *with)
{
	struct span start = span_of(with);

	if (start.len == 0)
		return true;
	if (enhanced.len < 1 + start.len)
		return false;
	enhanced = span_at(enhanced.at + 1, enhanced.len - 1);
	return span_starts(enhanced, start) &&
		(enhanced.len == start.len || enhanced.at[start.len] == '.');
}

static bool
holds(struct span text, const char *what)
{
	struct span needle = span_of(what);

	return needle.len == 0 || span_find_nocase(text, needle) < text.len;
}

enum reason
reason_of(unsigned code, struct span enhanced, struct span text)
{
	if (code < 400)
		return REASON_NONE;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if ((rows[i].code == 0 || rows[i].code == code) &&
			begins(enhanced, rows[i].enhanced) &&
			holds(text, rows[i].text))
			return rows[i].reason;
	return code < 500 ? REASON_TEMPORARY : REASON_PERMANENT;
}

const char *
reason_name(enum reason r)
{
	return reasons[r].name;
}

const char *
reason_words(enum reason r)
{
	return reasons[r].words;
}

bool
reason_is_of_place(enum reason r)
{
	return reasons[r].of_place;
}
