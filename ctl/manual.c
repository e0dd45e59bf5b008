/* posthold manual: the manual pages, made from the tables that the programs
 * use, so that they are true. */
#include <stdio.h>
#include <string.h>

#include "ctl/command.h"
#include "lib/base/number.h"
#include "lib/conf/explain.h"

static void
print_roff(const char *text)
{
	for (; *text; text++) {
		if (*text == '-' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
}

static void
print_verb(const struct command *k)
{
	printf(".TP\n.BI \"posthold %s%s%s\" \"%s", k->noun, k->verb ? " " : "",
		k->verb ? k->verb : "", *k->operands ? " " : "");
	print_roff(k->operands);
	putchar('"');
	putchar('\n');
	print_roff(k->summary);
	putchar('\n');
	print_roff(k->help);
	if (*k->help)
		putchar('\n');
}

static const char head[] =
	".TH POSTHOLD 8\n"
	".SH NAME\n"
	"posthold \\- run a mail site and answer for it\n"
	".SH SYNOPSIS\n"
	".B posthold\n"
	".I NOUN VERB\n"
	"[OPTIONS] [OPERANDS]\n"
	".SH DESCRIPTION\n"
	"The operator's command.  Every verb tells its options with\n"
	".BR \\-\\-help .\n"
	"It finds the site by\n"
	".BR \\-c\\ FILE ,\n"
	"by\n"
	".B \\-\\-site DIR\n"
	"(the file posthold.conf in DIR), or in /etc/posthold.  Passwords are\n"
	"never taken from the command line.\n"
	".SH VERBS\n";

static const char tail[] =
	".SH EXIT STATUS\n"
	"0 done.  64 used wrongly, 65 a value is refused, 66 a file is missing,\n"
	"67 no such account, 69 the site does not answer, 73 a file cannot be\n"
	"made, 75 try again, 78 the settings are wrong.\n"
	".B posthold check\n"
	"has its own: 0 every requirement is met, 1 no verdict could be found, 2\n"
	"one is violated, 3 one could not be proven, 4 (with \\-\\-strict) one is\n"
	"met with a remark.\n"
	".SH SIGNALS\n"
	"A running site reads its settings again on SIGHUP and stops in order on\n"
	"SIGTERM: what was acknowledged is on disk before.\n"
	".SH FILES\n"
	".TP\n.I /etc/posthold/posthold.conf\nsettings\n"
	".TP\n.I /etc/posthold/users\naccounts\n"
	".TP\n.I /var/lib/posthold\nmailboxes and queue\n"
	".TP\n.I /var/log/posthold\nevents\n"
	".TP\n.I /run/posthold\ncontrol sockets\n"
	".SH SEE ALSO\n"
	".BR posthold.conf (5)\n";

static int
print_posthold(void)
{
	fputs(head, stdout);
	for (size_t i = 0; i < commands_count; i++)
		print_verb(&commands[i]);
	fputs(tail, stdout);
	return EX_OK;
}

static int
print_settings(void)
{
	static uint8_t storage[KiB(64)];
	struct buf text = BUF(storage);

	if (!put_manual(&text))
		return complain(EX_SOFTWARE, "the manual does not fit", NULL);
	fwrite(text.at, 1, text.len, stdout);
	return EX_OK;
}

int
manual_print(struct call *c)
{
	int code = options_take(c, NULL, 0);

	if (code >= 0)
		return code;
	code = strcmp(c->words[0], "posthold") == 0	 ? print_posthold()
		: strcmp(c->words[0], "posthold.conf") == 0
		? print_settings()
		: complain(EX_USAGE, c->words[0],
			  "the pages are posthold and posthold.conf");
	return code == EX_OK && fflush(stdout) != 0
		? complain(EX_IOERR, "cannot write to standard output", NULL)
		: code;
}
