/* command.h -- the operator's command: nouns, verbs, options, messages.
 *
 * Every verb is a function of one file per noun.  It takes its options, does
 * its work and returns an exit code of sysexits.h: 0 done, 1 done and the
 * answer is no, EX_USAGE, EX_CONFIG, EX_NOINPUT ...
 *
 * Messages for the operator go to standard error as "posthold: what: remedy".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sysexits.h>

#include "lib/base/fault.h"
#include "lib/conf/site.h"

struct call;
typedef int verb(struct call *c);

struct command {
	const char *noun, *verb; /* verb NULL: the noun says it all       */
	const char *operands;    /* "LOGIN [ADDRESS ...]"                 */
	int least, most;         /* operands                              */
	const char *summary;     /* one sentence                          */
	const char *help;        /* more, in lines; may be empty          */
	verb *run;
};

/* What was typed.  After options_take only operands are left. */
struct call {
	const struct command *command;
	int count;
	char **words;
};

struct option {
	const char *name;     /* "--dir"                                  */
	const char *argument; /* "DIR"; NULL: a flag                      */
	const char **value;   /* where an argument goes                   */
	bool *flag;           /* where a flag goes                        */
	const char *help;
};

/* Take the options out of the words.  Returns -1 to go on, or the exit code:
 * after --help, or when the words are wrong (a message was printed). */
int options_take(struct call *c, const struct option *options, size_t count);

/* The table of verbs of main.c. */
extern const struct command commands[];
extern const size_t commands_count;

/* --- messages ------------------------------------------------------------ */

/* Both return `code`, so that a verb can end with them.  A NULL remedy is left
 * out. */
int complain(int code, const char *what, const char *remedy);
int complain_fault(const struct fault *f, const char *what, const char *remedy);

/* --- the site ------------------------------------------------------------ */

#define DEFAULT_SETTINGS "/etc/posthold/posthold.conf"

struct where {
	const char *file;      /* -c FILE             */
	const char *directory; /* --site DIR          */
};

#define WHERE_OPTIONS(w)                                                 \
	{ "-c", "FILE", &(w)->file, NULL,                                \
		"settings file (" DEFAULT_SETTINGS ")" },                \
	{ "--site", "DIR", &(w)->directory, NULL,                        \
		"directory with the file posthold.conf" }

/* The path of the settings file; in static memory. */
const char *where_path(const struct where *w);

/* Read it.  Prints every error; with `all` every warning, too, and what is wrong
 * with the file of addresses.  Returns -1, or the exit code. */
int where_load(const struct where *w, bool all, struct site *out);

/* Settings hold absolute paths: `directory` made one, without a "/" at its end.
 * False after a message. */
bool absolute_path(const char *directory, char out[416]);

/* --- verbs --------------------------------------------------------------- */

verb conf_check, conf_explain, conf_show;
verb manual_print, check_site;
verb init_site, init_local, conf_egress;
verb run_site, site_status, site_reload, demo_site;
verb calibrate;
verb limits_show, limits_release_account;
verb log_follow, log_grep, trace_mail;
verb queue_list, queue_show, queue_retry, queue_drop, queue_hold,
	queue_release, queue_route;
verb store_verify, store_remake;
verb user_add, user_passwd, user_list, user_disable, user_enable,
	user_app_password, user_certificate;
