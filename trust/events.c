#include "trust/events.h"

static const struct event_row rows[EVENTS] = {
#define EVENT(id, name, severity, clauses, fields) \
	[EV_##name] = { id, SEVERITY_##severity, #name, clauses, fields },
#include "trust/events.def"
#undef EVENT
};

const struct event_row *
event_row(uint32_t event)
{
	return &rows[event < EVENTS ? event : EVENT_NONE];
}

const char *
severity_name(enum severity s)
{
	static const char *const names[] = { "nobody", "tomorrow", "now" };

	return names[s];
}
