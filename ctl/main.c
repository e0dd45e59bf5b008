/* posthold -- the operator's command. */
#include <stdio.h>
#include <string.h>

#include "ctl/command.h"
#include "lib/base/number.h"

/* clang-format off */
const struct command commands[] = {
{ "conf", "check", "", 0, 0, "Find every mistake in the settings file.",
  "Each error is listed with its line, what is wrong and the remedy.  Nothing is\n"
  "changed.", conf_check },
{ "conf", "explain", "[NAME ...]", 0, 64, "Tell what settings mean.",
  "Range, default, what a change needs, clauses.  NAME is a setting or a section;\n"
  "without one, all are explained.", conf_explain },
{ "conf", "show", "", 0, 0, "Print the settings in force, defaults included.",
  "The output is a settings file.", conf_show },
#ifdef POSTHOLD_LOCAL
{ "init", NULL, "DOMAIN", 1, 1, "Make a host that only sends.",
  "Writes the settings of a host that hands all mail of its own programs to the\n"
  "agency's mail server, as NC-2.1.9 wants it.  DOMAIN is what a From may say.",
  init_local },
{ "conf", "egress", "", 0, 0, "Print packet filter rules for outgoing mail.",
  "Input for nft(8): of this host only `dial` reaches mail ports elsewhere, and\n"
  "only those of the smarthosts.", conf_egress },
#else
{ "init", NULL, "DOMAIN", 1, 1, "Make a new site.",
  "Writes settings, key, certificate request, a certificate of its own until the\n"
  "real one arrives, and an empty file of accounts.  Prints the DNS records.\n"
  "Undoes everything if a step fails.", init_site },
{ "user", "add", "LOGIN [ADDRESS ...]", 1, 9, "Add an account.",
  "Its address is LOGIN at the first domain unless given; the first ADDRESS is\n"
  "the primary one.  The password is read from the terminal or the first line of\n"
  "standard input; when it is empty one is made and printed.", user_add },
{ "user", "passwd", "LOGIN", 1, 1, "Change a password.",
  "It is read as by `user add`.  The sessions of the account end at once.",
  user_passwd },
{ "user", "list", "", 0, 0, "List accounts.",
  "A burnt one does not log in: a credential of it was seen in clear.  Give it\n"
  "another password, or remove the app password.", user_list },
{ "user", "disable", "LOGIN [REASON]", 1, 2, "Refuse logins of an account.",
  "Its sessions end at once; its mail is still received.", user_disable },
{ "user", "enable", "LOGIN", 1, 1, "Admit logins again.", "", user_enable },
{ "user", "app-password", "add|list|remove LOGIN [NAME [SCOPE]]", 2, 4,
  "Passwords for one program each.",
  "`add LOGIN NAME [smtp|imap|smtp,imap]` makes one and prints it once; the program\n"
  "logs in as LOGIN/NAME.  `remove LOGIN NAME` ends it and the sessions of the\n"
  "account.", user_app_password },
{ "user", "certificate", "add|list|remove LOGIN [NAME [FILE]]", 2, 4,
  "Certificates that an account logs in with.",
  "`add LOGIN NAME FILE` takes a client's certificate (PEM) of an authority of\n"
  "client-ca; SASL EXTERNAL.  `remove LOGIN NAME` ends it and the sessions of the\n"
  "account.", user_certificate },
#endif
{ "run", NULL, "", 0, 0, "Run the site in the foreground until SIGTERM.",
  "SIGHUP reads the settings again; a bad file changes nothing.", run_site },
{ "status", NULL, "", 0, 0, "Show the processes of the running site.", "",
  site_status },
{ "reload", NULL, "", 0, 0, "Have the running site read its settings again.",
  "The settings are checked before; bad ones change nothing.", site_reload },
{ "queue", "list", "", 0, 0, "List the mail that waits.",
  "Each recipient with its state, the reason in words and the next attempt (UTC).\n"
  "Options choose among them; all that are given must hold.", queue_list },
{ "queue", "show", "ID", 1, 1, "Show one message of the queue.", "",
  queue_show },
{ "queue", "retry", "ID|all", 1, 1, "Try again now.",
  "With `all`, the messages that the options choose; so with the other verbs.",
  queue_retry },
{ "queue", "drop", "ID|all", 1, 1, "Delete from the queue.",
  "Nobody is told; the log keeps it.  What is at work is left out.", queue_drop },
{ "queue", "hold", "ID|all", 1, 1, "Do not try until released.", "",
  queue_hold },
{ "queue", "release", "ID|all", 1, 1, "Try again what was held.", "",
  queue_release },
#ifndef POSTHOLD_LOCAL
{ "queue", "route", "ID|all HOST[:PORT]", 2, 2, "Send somewhere else.",
  "To this host instead of where the settings and the DNS say, at once; `default`\n"
  "takes it back.  A host that is named is dialled wherever it is.", queue_route },
{ "calibrate", NULL, "[DIR]", 0, 1,
  "Measure this machine and sign what it does.",
  "Runs a scratch site in DIR (./calibration, on the volume of the mailboxes), which\n"
  "is removed, for about a minute: messages, connections and octets a second, waiting\n"
  "times, fdatasync.  Writes the file `performance-standard` of the settings, signed\n"
  "with the key beside it (.key, made the first time; keep it elsewhere if you like),\n"
  "and prints the limits that follow: at most 70 % of what was measured.  `posthold\n"
  "conf check` refuses settings above.  Run it when the machine does nothing else.",
  calibrate },
{ "limits", "show", "[WHO]", 0, 1, "Show what is used up of the limits.",
  "Of everybody together and of WHO: an IP address (with its network), a\n"
  "represented domain, or a login.", limits_show },
{ "limits", "release", "LOGIN", 1, 1, "Let a held account send again.",
  "It was held because it used up its budget of a day (account-day, account-first).\n"
  "Find out why first; its counters begin anew.", limits_release_account },
{ "trace", NULL, "ID|ADDRESS", 1, 1, "Tell what became of mail.",
  "ID is the number of a message as the log, the queue or a reply names it;\n"
  "ADDRESS a sender or recipient, here or elsewhere.  What the log keeps, then what\n"
  "waits in the queue.  Times are UTC.  Exit code 1 when there is nothing.",
  trace_mail },
{ "store", "check", "", 0, 0, "Compare the mailboxes with their journal.",
  "The site must be stopped.  Prints what is damaged, then counts; exit code 1\n"
  "when something is.", store_verify },
{ "store", "rebuild-index", "", 0, 0, "Make the index from the journal again.",
  "The site must be stopped.  The index is derived: nothing can be lost.",
  store_remake },
#endif
{ "log", "follow", "[TEXT ...]", 0, 8, "Print events as they come.",
  "Lines of JSON; every TEXT must be in the line.", log_follow },
{ "log", "grep", "[TEXT ...]", 0, 8, "Print the events that hold every TEXT.",
  "Lines of JSON.  Exit code 1 when there are none.", log_grep },
{ "check", NULL, "", 0, 0, "Answer every clause of the standard.",
  "From evidence that is made now.  Exit code 0: every requirement is satisfied,\n"
  "1: no verdict, 2: one is violated, 3: one is not proven.", check_site },
#ifndef POSTHOLD_LOCAL
{ "demo", NULL, "[DIR]", 0, 1, "Run a throw-away site on loopback until SIGINT.",
  "Domain agency.example, users alice and bob, a volume for the mailboxes, a virus\n"
  "engine with two signatures.  Writes DIR/site.json and prints \"ready\" when\n"
  "everything answers.  Started again on the same DIR (./demo) it goes on with that\n"
  "site's mail.", demo_site },
#endif
{ "manual", NULL, "PAGE", 1, 1, "Print a manual page for man(1).",
  "PAGE is posthold, posthold.conf, posthold-addresses or sendmail.",
  manual_print },
};
/* clang-format on */
const size_t commands_count = COUNT_OF(commands);

static void
print_summary(const struct command *k, FILE *to)
{
	fprintf(to, "  %-7s %-13s %s\n", k->noun, k->verb ? k->verb : "",
		k->summary);
}

/* All verbs, or those of one noun. */
static int
print_all(FILE *to, const char *noun, int code)
{
	fprintf(to, "usage: posthold %s VERB [OPTIONS] [OPERANDS]\n\n",
		noun ? noun : "NOUN");
	for (size_t i = 0; i < commands_count; i++)
		if (!noun || strcmp(noun, commands[i].noun) == 0)
			print_summary(&commands[i], to);
	fprintf(to, "\n`posthold NOUN VERB --help` tells more.\n");
	return code;
}

static bool
is_noun(const char *word)
{
	for (size_t i = 0; i < commands_count; i++)
		if (strcmp(word, commands[i].noun) == 0)
			return true;
	return false;
}

static const struct command *
find(int argc, char **argv)
{
	for (size_t i = 0; i < commands_count; i++) {
		const struct command *k = &commands[i];

		if (strcmp(argv[1], k->noun) == 0 &&
			(!k->verb ||
				(argc > 2 && strcmp(argv[2], k->verb) == 0)))
			return k;
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	const struct command *k;
	struct call c;
	int skip;

	if (argc < 2)
		return print_all(stderr, NULL, EX_USAGE);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
		return print_all(stdout, NULL, EX_OK);
	k = find(argc, argv);
	if (!k && is_noun(argv[1]))
		return argc > 2 && strcmp(argv[2], "--help") == 0
			? print_all(stdout, argv[1], EX_OK)
			: print_all(stderr, argv[1], EX_USAGE);
	if (!k)
		return complain(EX_USAGE, argv[1],
			"no such noun; `posthold --help` lists them");
	skip = k->verb ? 3 : 2;
	c = (struct call){ k, argc - skip, argv + skip };
	return k->run(&c);
}
