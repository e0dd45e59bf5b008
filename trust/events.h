/* events.h -- the catalogue of events.def as a table. */
#pragma once

#include <stdint.h>

enum severity { SEVERITY_NOBODY, SEVERITY_TOMORROW, SEVERITY_NOW };

enum event {
	EVENT_NONE,
#define EVENT(id, name, ...) EV_##name,
#include "trust/events.def"
#undef EVENT
	EVENTS
};

struct event_row {
	uint32_t id;
	enum severity severity;
	const char *name;    /* "CLIENT_CONNECTED"          */
	const char *clauses; /* "NC-2.1.5 AU-12"          */
	const char *fields;  /* "peer:address port:number" */
};

/* The row of an event; an empty row (id 0) for what is none. */
const struct event_row *event_row(uint32_t event);

const char *severity_name(enum severity s);
