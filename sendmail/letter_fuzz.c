/* Whatever a program writes becomes lines of SMTP: they end with CRLF and
 * hold no NUL, and the header ends; every recipient is an
 * address. */
#include "sendmail/sendmail.h"

#include "lib/base/fuzz.h"
#include "lib/mail/address.h"

int
complain(int code, const char *what, struct span detail)
{
	(void)what;
	(void)detail;
	return code;
}

static void
check_lines(struct span text)
{
	while (text.len > 0) {
		size_t len = span_find(text, SPAN("\r\n"));
		struct span line = span_shift_upto(&text, len);

		MUST(text.len >= 2);
		span_shift_upto(&text, 2);
		MUST(span_find_octet(line, '\r') == line.len);
		MUST(span_find_octet(line, '\n') == line.len);
		MUST(span_find_octet(line, 0) == line.len);
	}
}

FUZZ(struct span input)
{
	static struct site site = { .host = "h.l.test",
		.sender = "app@l.test" };
	static uint8_t text_room[1 << 16], address_room[1 << 14];
	static struct letter l;
	uint8_t options = input.len > 0 ? *input.at : 0;

	span_shift_upto(&input, 1);
	l = (struct letter){ .site = &site,
		.dot_is_text = options & 1,
		.rcpts_inside = options & 2,
		.name = SPAN("p"),
		.text = BUF(text_room),
		.addresses = BUF(address_room) };
	if (letter_add_rcpts(&l, SPAN("root")) || letter_take(&l, input))
		return;
	check_lines(buf_view(&l.text));
	MUST(span_find(buf_view(&l.text), SPAN("\r\n\r\n")) < l.text.len);
	for (size_t i = 0; i < l.count; i++) {
		struct address a;

		MUST(!address_parse(l.rcpts[i], &a));
	}
}
