/* append.c -- a message that the client hands in: collected, scanned, stored. */
#include "lib/base/must.h"
#include "proc/imap/imap.h"
#include "sys/clock.h"
#include "sys/fd.h"

FALLIBLE
append_begin(struct imap *i, uint64_t len)
{
	struct plain m;

	body_close(&i->append); /* of one that failed */
	TRY(body_open(&i->append));
	if (len <= BODY_MEMORY_MAX) {
		imap_answer(i->engine, OK);
		return OK;
	}
	m = (struct plain){ .head = ask_head(i, SPOOL_WANTED) };
	return channel_send(i->queue, &m, -1);
}

void
append_spool_came(struct imap *i, const struct spool_file *m, int fd)
{
	OWNED(fd_close) int file = fd;
	const struct fault *f = fault_row(m->fault);

	if (!ask_is_answered(i, &m->head))
		return;
	if (!f)
		f = file < 0 ? &fault_ipc_malformed
			     : body_move(&i->append, fd_give(&file));
	if (f)
		body_close(&i->append);
	imap_answer(i->engine, f);
	imap_pump(i);
}

FALLIBLE
append_end(struct imap *i)
{
	struct scan_request m = { .size = i->append.size };

	TRY(body_seal(&i->append));
	m.head = ask_head(i, SCAN_REQUEST);
	return channel_send(i->scan, &m, i->append.fd);
}

static const struct fault *
judge(const struct scan_answer *m)
{
	const struct fault *f = fault_row(m->fault);

	if (f)
		return f;
	switch (m->verdict.outcome) {
	case OUTCOME_CLEAN:
		return OK;
	case OUTCOME_INFECTED:
		return &fault_message_infected;
	default:
		return &fault_message_unscannable;
	}
}

static FALLIBLE
store(struct imap *i, const struct scan_answer *verdict)
{
	static struct store_append m;
	const struct imap_ask *ask = imap_asked(i->engine);
	struct instant date = ask->has_date ? ask->date : clock_instant();

	MUST(ask->mailbox[0].len <= MAILBOX_NAME_MAX);
	m = (struct store_append){ .head = ask_head(i, STORE_APPEND),
		.size = i->append.size,
		.flags = ask->flags,
		.idate_us = date.us,
		.verdict = verdict->verdict };
	m.to.len = (uint8_t)ask->mailbox[0].len;
	memcpy(m.to.octets, ask->mailbox[0].at, m.to.len);
	m.keywords.count = (uint32_t)ask->keywords;
	for (size_t n = 0; n < ask->keywords; n++) {
		if (ask->keyword[n].len > STORE_KEYWORD)
			return &fault_imap_too_big;
		m.keywords.at[n].len = (uint8_t)ask->keyword[n].len;
		memcpy(m.keywords.at[n].octets, ask->keyword[n].at,
			ask->keyword[n].len);
	}
	return channel_send(i->store, &m, i->append.fd);
}

void
append_verdict_came(struct imap *i, const struct scan_answer *m)
{
	const struct fault *f;

	if (!ask_is_answered(i, &m->head))
		return;
	f = judge(m);
	if (!f)
		f = store(i, m);
	if (!f)
		return; /* store_added comes */
	i->asked = 0;
	body_close(&i->append);
	imap_answer(i->engine, f);
	imap_pump(i);
}
