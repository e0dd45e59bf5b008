/* posthold manual: the manual pages, made from the tables that the programs
 * use, so that they are true. */
#include <stdio.h>
#include <string.h>

#include "ctl/command.h"
#include "lib/base/number.h"
#include "lib/conf/addresses.h"
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
	"one is violated, 3 one could not be proven or its evidence is more than a\n"
	"day old, 4 (with \\-\\-strict) one is met with a remark.\n"
	".SH SIGNALS\n"
	"A running site reads its settings again on SIGHUP and stops in order on\n"
	"SIGTERM: what was acknowledged is on disk before.\n"
	".SH FILES\n"
	".TP\n.I /etc/posthold/posthold.conf\nsettings\n"
	".TP\n.I /etc/posthold/users\naccounts\n"
	".TP\n.I /var/lib/posthold\nmailboxes and queue\n"
	".TP\n.I /var/log/posthold\nevents\n"
	".TP\n.I /var/lib/posthold/evidence\nwhat posthold check proved, and when\n"
	".TP\n.I /run/posthold\ncontrol sockets\n"
	".SH SEE ALSO\n"
	".BR posthold.conf (5),\n"
	".BR posthold\\-addresses (5)\n";

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
print_made(bool (*put)(struct buf *b))
{
	static uint8_t storage[KiB(64)];
	struct buf text = BUF(storage);

	if (!put(&text))
		return complain(EX_SOFTWARE, "the manual does not fit", NULL);
	fwrite(text.at, 1, text.len, stdout);
	return EX_OK;
}

static int
print_settings(void)
{
	return print_made(put_manual);
}

static int
print_addresses(void)
{
	return print_made(put_addresses_manual);
}

static const char sendmail[] =
	".TH SENDMAIL 1\n"
	".SH NAME\n"
	"sendmail, mailq, newaliases \\- send mail of a program of this host\n"
	".SH SYNOPSIS\n"
	".B sendmail\n"
	".RB [ \\-itv ]\n"
	".RB [ \\-f\\ ADDRESS ]\n"
	".RB [ \\-F\\ NAME ]\n"
	".RI [ RECIPIENT\\ ... ]\n"
	".br\n"
	".B sendmail \\-bs\n"
	".br\n"
	".B mailq\n"
	".SH DESCRIPTION\n"
	"Makes a message of standard input and hands it to the queue of a host that\n"
	"only sends (\n"
	".BR posthold.conf (5),\n"
	".IR \"role local\" ).\n"
	"It has no rights of its own: the kernel tells the queue whose program it is.\n"
	"Lines may end with LF.  A missing From, Date or Message\\-ID is added.  A name\n"
	"without a domain is a user of this host, for whom the operator reads.  The\n"
	"sender of the envelope and the way are fixed by the settings, and a From that\n"
	"is not of a represented domain is rewritten or refused.\n"
	".SH OPTIONS\n"
	".TP\n.B \\-i, \\-oi\nA line with only a dot does not end the message.\n"
	".TP\n.B \\-t\nTake recipients from To, Cc and Bcc too; Bcc is removed.\n"
	".TP\n.BI \\-f \" ADDRESS\" \\fR,\\fP \\-r \" ADDRESS\"\n"
	"For a From that is added; never for the envelope.\n"
	".TP\n.BI \\-F \" NAME\"\nThe name in a From that is added.\n"
	".TP\n.B \\-B8BITMIME\nThe message has 8\\-bit octets; seen without it, too.\n"
	".TP\n.B \\-v\nPrint the answer for each recipient.\n"
	".TP\n.B \\-bs\nSpeak SMTP on standard input and output.\n"
	".TP\n.B \\-bp\nList the queue, as mailq; for the operator.\n"
	".TP\n.B \\-q\nTry the whole queue now; for the operator.\n"
	".TP\n.B \\-bi\nNothing, as newaliases: there are no aliases.\n"
	".TP\n.BI \\-C \" FILE\"\nAnother settings file.\n"
	".PP\n"
	"The options A, d, e, G, h, I, L, m, N, n, O, o, p, R, U, V and X of other\n"
	"systems are taken and change nothing.\n"
	".SH EXIT STATUS\n"
	"0 the message is on the disk of the queue.  64 used wrongly, 65 a value was\n"
	"refused, 67 not an address, 69 the message was refused, 71 no memory, 74\n"
	"standard input cannot be read, 75 try again, 78 the settings are wrong.\n"
	".SH SEE ALSO\n"
	".BR posthold (8),\n"
	".BR posthold.conf (5)\n";

static int
print_sendmail(void)
{
	fputs(sendmail, stdout);
	return EX_OK;
}

static const struct {
	const char *name;
	int (*print)(void);
} pages[] = { { "posthold", print_posthold },
	{ "posthold.conf", print_settings },
	{ "posthold-addresses", print_addresses },
	{ "sendmail", print_sendmail } };

static int
print_page(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(pages); i++)
		if (strcmp(name, pages[i].name) == 0)
			return pages[i].print();
	return complain(EX_USAGE, name,
		"the pages are posthold, posthold.conf, posthold-addresses "
		"and sendmail");
}

int
manual_print(struct call *c)
{
	int code = options_take(c, NULL, 0);

	if (code >= 0)
		return code;
	code = print_page(c->words[0]);
	return code == EX_OK && fflush(stdout) != 0
		? complain(EX_IOERR, "cannot write to standard output", NULL)
		: code;
}
