#include <stdio.h>
#include <string.h>

#include "ctl/command.h"

static void
print_usage(const struct call *c, FILE *to)
{
	const struct command *k = c->command;

	fprintf(to, "usage: posthold %s%s%s [OPTIONS]%s%s\n", k->noun,
		k->verb ? " " : "", k->verb ? k->verb : "",
		*k->operands ? " " : "", k->operands);
}

static void
print_help(const struct call *c, const struct option *options, size_t count)
{
	print_usage(c, stdout);
	printf("\n%s\n%s%s\n", c->command->summary, c->command->help,
		*c->command->help ? "\n" : "");
	for (size_t i = 0; i < count; i++) {
		const struct option *o = &options[i];

		printf("  %s %-*s %s\n", o->name, (int)(20 - strlen(o->name)),
			o->argument ? o->argument : "", o->help);
	}
	printf("  --help %-14s this text\n", "");
}

static int
misused(const struct call *c, const char *what)
{
	complain(EX_USAGE, what, NULL);
	print_usage(c, stderr);
	return EX_USAGE;
}

static const struct option *
find(const char *word, const struct option *options, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(word, options[i].name) == 0)
			return &options[i];
	return NULL;
}

/* Returns how many words it took, 0 when it is no option or used wrongly. */
static int
take_one(struct call *c, int at, const struct option *o)
{
	if (!o)
		return 0;
	if (!o->argument) {
		*o->flag = true;
		return 1;
	}
	if (at + 1 >= c->count)
		return 0;
	*o->value = c->words[at + 1];
	return 2;
}

int
options_take(struct call *c, const struct option *options, size_t count)
{
	bool only_operands = false;
	int kept = 0;

	for (int i = 0; i < c->count;) {
		char *word = c->words[i];
		int taken;

		if (only_operands || word[0] != '-' || word[1] == 0) {
			c->words[kept++] = word;
			i++;
			continue;
		}
		if (strcmp(word, "--help") == 0) {
			print_help(c, options, count);
			return EX_OK;
		}
		only_operands = strcmp(word, "--") == 0;
		taken = only_operands
			? 1
			: take_one(c, i, find(word, options, count));
		if (taken == 0)
			return misused(c, word);
		i += taken;
	}
	c->count = kept;
	if (kept < c->command->least)
		return misused(c, "an operand is missing");
	if (kept > c->command->most)
		return misused(c, "too many operands");
	return -1;
}
