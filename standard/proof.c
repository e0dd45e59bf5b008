#include <stdarg.h>
#include <stdio.h>

#include "standard/standard.h"

void
proof_looked(struct proof *p, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	vsnprintf(p->looked, sizeof p->looked, format, values);
	va_end(values);
}

__attribute__((format(printf, 4, 0))) static void
conclude(struct proof *p, enum mark mark, const char *remedy,
	const char *format, va_list values)
{
	p->mark = mark;
	snprintf(p->remedy, sizeof p->remedy, "%s", remedy);
	vsnprintf(p->found, sizeof p->found, format, values);
}

#define CONCLUDE(mark, remedy)                               \
	do {                                                 \
		va_list values;                              \
                                                             \
		va_start(values, format);                    \
		conclude(p, mark, remedy, format, values);   \
		va_end(values);                              \
	} while (0)

void
proof_good(struct proof *p, const char *format, ...)
{
	CONCLUDE(MARK_GOOD, "");
}

void
proof_remark(struct proof *p, const char *remedy, const char *format, ...)
{
	CONCLUDE(MARK_REMARK, remedy);
}

void
proof_bad(struct proof *p, const char *remedy, const char *format, ...)
{
	CONCLUDE(MARK_BAD, remedy);
}

void
proof_missing(struct proof *p, const char *format, ...)
{
	CONCLUDE(MARK_MISSING, "");
}

void
proof_absent(struct proof *p, const char *format, ...)
{
	CONCLUDE(MARK_ABSENT, "");
}
