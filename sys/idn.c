#include "sys/idn.h"

#include <idn2.h>
#include <string.h>

static void
drop(char **text)
{
	idn2_free(*text);
}

bool
idn_put_ascii(struct buf *b, const char *domain)
{
	__attribute__((cleanup(drop))) char *ascii = NULL;

	return idn2_to_ascii_8z(domain, &ascii,
		       IDN2_NONTRANSITIONAL) == IDN2_OK &&
		buf_put(b, span_at(ascii, strlen(ascii)));
}

bool
idn_is_sound(const char *domain)
{
	__attribute__((cleanup(drop))) char *people = NULL;
	uint8_t room[256];
	struct buf again = BUF(room);

	return idn2_to_unicode_8z8z(domain, &people, 0) == IDN2_OK &&
		idn_put_ascii(&again, people) &&
		span_equals_nocase(buf_view(&again),
			span_at(domain, strlen(domain)));
}
