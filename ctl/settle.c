#include "ctl/settle.h"

#include "ctl/command.h"
#include "sys/settings.h"

static bool
is_good(struct span text, struct instant now)
{
	static struct conf_errors errors;
	static struct site site;

	if (!settings_parse(text, now, &site, &errors))
		return true;
	for (uint32_t i = 0; i < errors.count; i++)
		if (errors.at[i].weight == WEIGHT_ERROR)
			complain(EX_USAGE, errors.at[i].key,
				errors.at[i].text);
	return false;
}

bool
settle(struct undo *u, const char *path, struct span text, struct instant now)
{
	return is_good(text, now) && undo_file(u, path, 0644, text);
}
