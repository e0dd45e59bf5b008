/* sendmail -- what programs call to send mail.
 *
 * The options of other systems' sendmail that say how or in whose name mail is
 * sent are taken, so that programs need no change, and say nothing here: the
 * sender and the way are fixed by the settings (NC-2.1.9). */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/base/number.h"
#include "lib/mail/address.h"
#include "sendmail/sendmail.h"
#include "sys/clock.h"
#include "sys/settings.h"

#define SETTINGS "/etc/posthold/posthold.conf"

/* A colon: a value follows, at once or as the next word; two: only at once. */
static const char options[] = "+"
	"A:B:C:F:GIL:N:O:R:UV:X:b:d::e:f:h:imno:p:q::r:tv";

enum mode { SEND, SESSION, LIST, FLUSH, NOTHING };

struct call {
	enum mode mode;
	const char *settings, *name, *sender;
	bool dot_is_text, rcpts_inside, eight_bit, verbose;
};

int
complain(int code, const char *what, struct span detail)
{
	fprintf(stderr, "sendmail: %s%s%.*s\n", what, detail.len ? ": " : "",
		(int)detail.len, (const char *)detail.at);
	return code;
}

/* --- options ------------------------------------------------------------- */

static int
take_mode(struct call *c, const char *value)
{
	static const struct {
		char letter;
		enum mode mode;
	} modes[] = { { 'm', SEND }, { 's', SESSION }, { 'p', LIST },
		{ 'i', NOTHING } };

	for (size_t i = 0; i < COUNT_OF(modes); i++)
		if (value[0] == modes[i].letter && value[1] == 0) {
			c->mode = modes[i].mode;
			return 0;
		}
	return complain(EX_USAGE, "this host only sends; no such mode",
		span_of(value));
}

static int
take_option(struct call *c, int letter, const char *value)
{
	switch (letter) {
	case 'b':
		return take_mode(c, value);
	case 'q':
		c->mode = FLUSH;
		return 0;
	case 'i':
		c->dot_is_text = true;
		return 0;
	case 'o':
		c->dot_is_text |= strcmp(value, "i") == 0;
		return 0;
	case 't':
		c->rcpts_inside = true;
		return 0;
	case 'f':
	case 'r':
		c->sender = value;
		return 0;
	case 'F':
		c->name = value;
		return 0;
	case 'B':
		c->eight_bit = strcmp(value, "8BITMIME") == 0;
		return 0;
	case 'C':
		c->settings = value;
		return 0;
	case 'v':
		c->verbose = true;
		return 0;
	case '?':
		return EX_USAGE; /* getopt said it */
	default:
		return 0;
	}
}

static int
take_options(struct call *c, int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	const char *self = slash ? slash + 1 : argv[0];
	int letter, code = 0;

	if (strcmp(self, "mailq") == 0)
		c->mode = LIST;
	if (strcmp(self, "newaliases") == 0)
		c->mode = NOTHING;
	while (!code && (letter = getopt(argc, argv, options)) != -1)
		code = take_option(c, letter, optarg);
	return code;
}

/* --- the queue is the operator's ----------------------------------------- */

/* The operator's command: beside this program, or where it is installed. */
static int
ask_operator(const struct call *c, const char *verb, const char *operand)
{
	static const char *const places[] = { "posthold", "../bin/posthold" };
	char self[512], path[600];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	self[n > 0 ? n : 0] = 0;
	if (strrchr(self, '/'))
		strrchr(self, '/')[1] = 0;
	for (size_t i = 0; i < COUNT_OF(places); i++) {
		snprintf(path, sizeof path, "%s%s", self, places[i]);
		execl(path, "posthold", "queue", verb, "-c", c->settings,
			operand, (char *)NULL);
	}
	return complain(EX_UNAVAILABLE, "the operator's command is not here",
		SPAN_NONE);
}

/* --- sending ------------------------------------------------------------- */

static int
load(const char *path, struct site *site)
{
	static struct conf_errors errors;

	if (settings_load(path, clock_instant(), site, &errors))
		return complain(EX_CONFIG, errors.at[0].text, span_of(path));
	if (site->role != SITE_LOCAL)
		return complain(EX_CONFIG, "not the settings of a host that "
					   "only sends", span_of(path));
	return 0;
}

/* A phrase in quotes: what would end it, or the line, becomes a blank. */
static struct span
clean_name(const char *name, char room[64])
{
	size_t n = 0;

	for (; name[n] && n < 63; n++) {
		bool bad = name[n] < ' ' || name[n] > '~' || name[n] == '"' ||
			name[n] == '\\';

		room[n] = bad ? ' ' : name[n];
	}
	return span_at(room, n);
}

static int
set_sender(struct letter *l, const char *sender)
{
	static uint8_t room[ADDRESS_MAX];
	struct buf b = BUF(room);
	struct span text = span_of(sender ? sender : "");
	struct address a;

	if (text.len == 0 || span_equals(text, SPAN("<>")))
		return 0;
	if (!buf_put(&b, text) ||
		(span_find_octet(text, '@') == text.len &&
			(!buf_push(&b, '@') ||
				!buf_put(&b, SITE_TEXT(l->site->host)))) ||
		address_parse(buf_view(&b), &a))
		return complain(EX_USAGE, "not an address", text);
	l->sender = buf_view(&b);
	return 0;
}

static int
make_room(struct letter *l)
{
	size_t addresses = RCPTS_MAX * (ADDRESS_MAX + 1);
	size_t text = (size_t)l->site->max_message;

	l->text = (struct buf){ malloc(text), 0, text };
	l->addresses = (struct buf){ malloc(addresses), 0, addresses };
	return l->text.at && l->addresses.at
		? 0
		: complain(EX_OSERR, "no memory", SPAN_NONE);
}

static int
send_letter(const struct call *c, const struct site *site, int argc,
	char **argv)
{
	static struct letter l;
	const struct passwd *who = getpwuid(getuid());
	char name[64];
	int code;

	l.site = site;
	l.dot_is_text = c->dot_is_text;
	l.rcpts_inside = c->rcpts_inside;
	l.eight_bit = c->eight_bit;
	l.name = clean_name(c->name ? c->name : who ? who->pw_name : "program",
		name);
	code = make_room(&l);
	if (!code)
		code = set_sender(&l, c->sender);
	for (int i = 0; !code && i < argc; i++)
		code = letter_add_rcpts(&l, span_of(argv[i]));
	if (!code)
		code = letter_read(&l);
	return code ? code : submit(&l, c->verbose);
}

int
main(int argc, char **argv)
{
	struct call c = { .settings = SETTINGS };
	static struct site site;
	int code = take_options(&c, argc, argv);

	if (code || c.mode == NOTHING) /* there are no aliases */
		return code;
	if (c.mode == LIST)
		return ask_operator(&c, "list", NULL);
	if (c.mode == FLUSH)
		return ask_operator(&c, "retry", "all");
	code = load(c.settings, &site);
	if (code)
		return code;
	if (c.mode == SESSION)
		return submit_session(&site);
	return send_letter(&c, &site, argc - optind, argv + optind);
}
