#include "ctl/secret.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "ctl/command.h"
#include "sys/password.h"

/* One line of standard input without its LF; an empty one at its end. */
static bool
read_line(struct buf *out)
{
	int c;

	buf_clear(out);
	while ((c = getchar()) != EOF && c != '\n')
		if (!buf_push(out, (uint8_t)c))
			return false;
	return true;
}

static bool
ask(const char *prompt, struct buf *out)
{
	struct termios shown, hidden;
	bool fits;

	if (tcgetattr(STDIN_FILENO, &shown) != 0)
		return read_line(out);
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
	fputs(prompt, stderr);
	fits = read_line(out);
	fputc('\n', stderr);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
	return fits;
}

/* A terminal is asked twice. */
static int
read_password(struct buf *out)
{
	uint8_t storage[PASSWORD_LONGEST + 1];
	struct buf again = BUF(storage);
	bool same;

	if (!isatty(STDIN_FILENO))
		return read_line(out)
			? -1
			: complain(EX_DATAERR, "the password",
				  "has more than 256 characters");
	if (!ask("New password (empty: make one): ", out))
		return complain(EX_DATAERR, "the password",
			"has more than 256 characters");
	if (out->len == 0)
		return -1;
	same = ask("Once more: ", &again) &&
		span_equals(buf_view(out), buf_view(&again));
	password_wipe(storage, sizeof storage);
	return same ? -1
		    : complain(EX_DATAERR, "the two passwords differ",
			      "start again");
}

int
secret_read(bool make, struct buf *out, bool *made)
{
	int code = make ? -1 : read_password(out);

	if (code >= 0)
		return code;
	*made = out->len == 0;
	if (*made && !password_make(out))
		return complain(EX_SOFTWARE, "no room for a password", NULL);
	return -1;
}
