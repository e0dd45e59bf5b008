#include "lib/conf/errors.h"

void
conf_errors_init(struct conf_errors *e)
{
	memset(e, 0, sizeof *e);
}

static void
copy_printable(char *to, size_t size, struct span s)
{
	size_t n = s.len < size - 1 ? s.len : size - 1;

	for (size_t i = 0; i < n; i++)
		to[i] = s.at[i] >= 0x20 && s.at[i] < 0x7f ? (char)s.at[i] : '?';
	to[n] = 0;
}

void
conf_errors_add(struct conf_errors *e, enum weight weight, uint32_t line,
	struct span key, struct span text)
{
	struct conf_error *one;

	e->refused += weight == WEIGHT_ERROR;
	if (e->count == CONF_ERRORS) {
		e->dropped++;
		return;
	}
	one = &e->at[e->count++];
	one->line = line > 0 ? line : 1;
	one->weight = weight;
	copy_printable(one->key, sizeof one->key, key);
	copy_printable(one->text, sizeof one->text, text);
}

/* Insertion sort: at most CONF_ERRORS, nearly sorted already. */
void
conf_errors_sort(struct conf_errors *e)
{
	for (uint32_t i = 1; i < e->count; i++) {
		struct conf_error moved = e->at[i];
		uint32_t to = i;

		for (; to > 0 && e->at[to - 1].line > moved.line; to--)
			e->at[to] = e->at[to - 1];
		e->at[to] = moved;
	}
}
