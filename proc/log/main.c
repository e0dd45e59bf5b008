/* log -- the only process that writes the log. */
#include "state/log/writer.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/role.h"

struct log_process {
	struct role_process *role;
	struct writer writer;
	int directory;
};

static struct log_process process;

/* A row of our own, made as everybody's rows are. */
static void
say(struct log_process *p, enum event event, struct span text, uint64_t number)
{
	struct instant now = clock_instant();
	struct log_row row = { .time_us = now.us,
		.event = event,
		.pid = role_pid() };
	struct buf fields = BUF(row.fields);

	if (log_put(&fields, log_text(text)) &&
		(event != EV_LOG_SUPPRESSED ||
			log_put(&fields, log_number(number)))) {
		row.fields_len = (uint16_t)fields.len;
		if (writer_add(&p->writer, &row, "log", now))
			p->writer.dropped++;
	}
}

static void
take_row(void *owner, struct channel *c, const void *message, int fd)
{
	struct log_process *p = owner;
	const struct log_row *row = message;
	const char *role = role_name(channel_peer(c));

	(void)fd;
	if (row->suppressed > 0)
		say(p, EV_LOG_SUPPRESSED, span_of(role), row->suppressed);
	if (writer_add(&p->writer, row, role, clock_instant()))
		say(p, EV_LOG_SUPPRESSED, span_of(role), 1);
}

static void
turn(void *arg)
{
	struct log_process *p = arg;
	uint64_t dropped = p->writer.dropped;

	if (writer_flush(&p->writer, clock_instant()) || dropped == 0)
		return;
	p->writer.dropped = 0;
	say(p, EV_LOG_SUPPRESSED, SPAN("log"), dropped);
}

static void
take_file(void *owner, enum file_purpose purpose, uint32_t number, int fd)
{
	struct log_process *p = owner;

	(void)number;
	if (purpose == FILE_DIRECTORY)
		p->directory = fd;
	else
		fd_close(&fd);
}

static void
stop(void *owner)
{
	struct log_process *p = owner;

	turn(p);
	role_stop(p->role);
}

static const struct handlers handlers = { .on = { [LOG_ROW] = take_row } };
static const struct role_hooks hooks = { .file = take_file, .stop = stop };

int
main(void)
{
	struct log_process *p = &process;

	p->directory = -1;
	writer_open(&p->writer, -1);
	p->role = role_start(LOG, &handlers, &hooks, p);
	if (p->directory < 0)
		return EXIT_SITE;
	p->writer.directory = p->directory;
	role_sandbox(p->role);
	say(p, EV_LOG_STARTED, SPAN("daily file"), 0);
	loop_each_turn(role_loop(p->role), turn, p);
	return role_run(p->role);
}
