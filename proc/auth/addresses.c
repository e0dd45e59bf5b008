/* addresses.c -- the file of aliases, groups and catch-alls. */
#include "proc/auth/auth.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"

FALLIBLE
addresses_start(struct auth *a)
{
	static struct addresses two[2];

	a->addresses = &two[0];
	a->spare = &two[1];
	addresses_init(a->addresses);
	return OK;
}

void
addresses_forget(struct auth *a)
{
	addresses_init(a->addresses);
}

static FALLIBLE
parse(struct auth *a, int fd, struct conf_errors *errors)
{
	static uint8_t room[ADDRESSES_LARGEST];
	struct buf text = BUF(room);

	conf_errors_init(errors);
	TRY(fd_read_whole(fd, &text));
	return addresses_parse(buf_view(&text), site_of(a->role),
		clock_instant(), a->spare, errors);
}

void
addresses_use(struct auth *a, int fd)
{
	static struct conf_errors errors;
	struct addresses *old = a->addresses;

	if (parse(a, fd, &errors)) {
		LOG(EV_ADDRESSES_REFUSED, 0, log_number(errors.at[0].line),
			log_text(span_of(errors.at[0].key)),
			log_text(span_of(errors.at[0].text)));
		return;
	}
	a->addresses = a->spare;
	a->spare = old;
	LOG(EV_ADDRESSES_LOADED, 0, log_number(a->addresses->entries_count));
	addresses_report(a);
}

static void
report(struct span address, const char *reason)
{
	LOG(EV_ADDRESS_USELESS, 0, log_text(address),
		log_text(span_of(reason)));
}

void
addresses_report(const struct auth *a)
{
	const struct addresses *book = a->addresses;

	if (!a->users)
		return;
	for (uint32_t i = 0; i < book->entries_count; i++)
		if (users_by_address(a->users, book->entries[i].name))
			report(book->entries[i].name,
				"an account bears it, too, and gets the mail");
	for (uint32_t i = 0; i < book->targets_count; i++) {
		struct span target = book->targets[i].address;

		if (book->targets[i].entry == ENTRY_NONE &&
			!users_by_address(a->users, target) &&
			!users_by_login(a->users, target))
			report(target, "it is no account's");
	}
}
