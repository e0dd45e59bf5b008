#include "intake/inspect.h"

#include "lib/conf/telling.h"
#include "sys/log.h"

void
inspect_init(struct inspected *i, uint64_t session)
{
	static uint32_t sessions;

	*i = (struct inspected){ .session = session,
		.sampled = sessions++ % INSPECT_EACH == 0 };
}

static void
look_for_words(struct inspected *i, struct span line, struct span host)
{
	struct span word;

	i->octets += (uint32_t)line.len;
	word = telling_find(line, host);
	if (!span_is_set(word))
		return;
	i->words++;
	LOG(EV_WORD_TOLD, i->session, log_text(word));
}

static void
note_refusal(const struct inspected *i, struct span line)
{
	if (span_starts(line, SPAN("500 ")))
		LOG(EV_COMMAND_REFUSED, i->session, log_number(500));
	else if (span_starts(line, SPAN("502 ")))
		LOG(EV_COMMAND_REFUSED, i->session, log_number(502));
}

void
inspect_replies(struct inspected *i, struct span replies, struct span host)
{
	while (replies.len > 0) {
		struct span line = span_shift_upto(&replies,
			span_find_octet(replies, '\n'));

		span_take(&replies, '\n');
		note_refusal(i, line);
		/* 334: random octets of a login, in base64 */
		if (i->sampled && !span_starts(line, SPAN("334 ")))
			look_for_words(i, line, host);
	}
}

void
inspect_received(struct inspected *i, struct span header, struct span host)
{
	span_shift_upto(&header, span_find(header, SPAN("by ")));
	if (i->sampled)
		look_for_words(i, header, host);
}

void
inspect_done(const struct inspected *i)
{
	if (i->sampled)
		LOG(EV_REPLIES_INSPECTED, i->session, log_number(i->octets),
			log_number(i->words));
}
