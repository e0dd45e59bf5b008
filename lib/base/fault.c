#include "lib/base/fault.h"

#define FAULT(name, blame, smtp, enhanced, text)       \
	const struct fault fault_##name = { #name, BLAME_##blame, smtp, \
		enhanced, text };
#include "lib/base/faults.def"
#undef FAULT

static const struct fault *const rows[] = {
	NULL,
#define FAULT(name, ...) &fault_##name,
#include "lib/base/faults.def"
#undef FAULT
};

uint16_t
fault_number(const struct fault *f)
{
	for (uint16_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i] == f)
			return i;
	return fault_number(&fault_ipc_malformed);
}

const struct fault *
fault_row(uint16_t number)
{
	if (number >= sizeof rows / sizeof rows[0])
		return &fault_ipc_malformed;
	return rows[number];
}
