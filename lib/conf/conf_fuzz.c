/* Laws: every error has a line of the file; what is accepted is a sound site
 * and survives its own text. */
#include "lib/base/fuzz.h"
#include "lib/conf/conf.h"

static struct site site, again;
static struct conf_errors errors;
static uint8_t storage[128 * 1024];

static void
check_errors(uint32_t lines)
{
	MUST(errors.count <= CONF_ERRORS);
	for (uint32_t i = 0; i < errors.count; i++) {
		MUST(errors.at[i].line >= 1 && errors.at[i].line <= lines);
		MUST(errors.at[i].text[0] != 0 && errors.at[i].key[0] != 0);
	}
}

FUZZ(struct span input)
{
	const struct instant now = { SECONDS(1795509000) };
	struct buf text = BUF(storage);
	uint32_t lines = 1;

	for (size_t i = 0; i < input.len; i++)
		lines += input.at[i] == '\n';
	if (conf_parse(input, now, &site, &errors) != OK) {
		MUST(errors.refused > 0 && !site_is_sound(&site));
		check_errors(lines);
		return;
	}
	check_errors(lines);
	MUST(errors.refused == 0 && site_is_sound(&site));
	MUST(put_site(&text, &site));
	MUST(conf_parse(buf_view(&text), now, &again, &errors) == OK);
	MUST(memcmp(&site, &again, sizeof site) == 0);
}
