#include "sys/sockets.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/span.h"

#define TCP_LISTEN_ 0x0A /* as in the tables */

static int
hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = octet_upper(c);
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* `digits` hexadecimal digits off the front. */
static bool
take_hex(struct span *in, size_t digits, uint32_t *out)
{
	*out = 0;
	for (size_t i = 0; i < digits; i++) {
		int v = in->len > 0 ? hex_value(*in->at) : -1;

		if (v < 0)
			return false;
		span_shift(in);
		*out = *out << 4 | (uint32_t)v;
	}
	return true;
}

/* An address is one or four words in the byte order of the machine. */
static bool
take_address(struct span *in, bool v6, uint8_t out[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	uint32_t word;

	memcpy(out, mapped, sizeof mapped);
	for (size_t i = v6 ? 0 : 12; i < 16; i += 4) {
		if (!take_hex(in, 8, &word))
			return false;
		memcpy(out + i, &word, sizeof word);
	}
	return true;
}

/* "   0: 0100007F:0019 00000000:0000 0A ..." */
static bool
read_line(struct span in, bool v6, struct listening *out, bool *listens)
{
	uint32_t port, state;

	span_shift_upto(&in, span_find_octet(in, ':') + 2);
	if (!take_address(&in, v6, out->address) || !span_take(&in, ':') ||
		!take_hex(&in, 4, &port) || !span_take(&in, ' '))
		return false;
	span_shift_upto(&in, span_find_octet(in, ' ') + 1);
	if (!take_hex(&in, 2, &state))
		return false;
	out->port = (uint16_t)port;
	*listens = state == TCP_LISTEN_;
	return true;
}

static bool
read_table(const char *path, bool v6, struct listening *out, size_t most,
	size_t *count)
{
	FILE *f = fopen(path, "re");
	char line[512];
	bool good = f && fgets(line, sizeof line, f), listens;

	while (good && fgets(line, sizeof line, f)) {
		struct listening one;

		good = read_line(span_of(line), v6, &one, &listens);
		if (!good || !listens)
			continue;
		good = *count < most;
		if (good)
			out[(*count)++] = one;
	}
	if (f)
		fclose(f);
	return good;
}

bool
sockets_listening(struct listening *out, size_t most, size_t *count)
{
	*count = 0;
	return read_table("/proc/net/tcp", false, out, most, count) &&
		read_table("/proc/net/tcp6", true, out, most, count);
}
