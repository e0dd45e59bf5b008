/* kinds.h -- how each kind of value is read and written; for the files of
 * value.h only.
 *
 * place  the member (of a list: its next free element)
 * also   the second member that a kind needs, see schema.h
 *
 * A taker returns NULL, or what is wrong; then nothing is changed.
 */
#pragma once

#include "lib/conf/schema.h"

typedef const char *taker(const struct setting *row, struct span text,
	void *place, void *also);
typedef bool putter(const struct setting *row, const void *place,
	const void *also, struct buf *b);

/* value_text.c */
taker take_host, take_mailbox, take_path, take_text, take_yesno, take_choice;
putter put_text, put_yesno, put_choice;

/* value_number.c */
taker take_number, take_size, take_time, take_schedule;
putter put_number, put_size, put_time, put_schedule;

/* value_address.c */
taker take_address, take_date, take_smarthost, take_stub;
putter put_address, put_date, put_smarthost, put_stub;

/* value_route.c */
taker take_route;
putter put_route;

/* Text into a char array of `size`, NUL to its end; the second in lower case.
 * MUST fit. */
void value_store(void *place, size_t size, struct span text);
void value_store_lower(void *place, size_t size, struct span text);

/* A number into, or out of, the row's 2, 4 or 8 octets. */
void value_store_number(const struct setting *row, void *place, uint64_t n);
uint64_t value_load_number(const struct setting *row, const void *place);

/* A domain of lib/mail/address.h with two labels or more, the last not of
 * digits only: that would be taken for an address. */
bool value_is_host(struct span text);
