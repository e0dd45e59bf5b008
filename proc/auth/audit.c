/* audit.c -- which accounts the operator changed, and who that was (NC-2.1.2,
 * AC-2). */
#include "proc/auth/auth.h"

#include "sys/log.h"

static const char *
deed_of(const struct user *before, const struct user *after)
{
	if (!before)
		return "created";
	if (before->state != after->state)
		return after->state == USER_ENABLED ? "enabled" : "disabled";
	if (strcmp(before->login, after->login) != 0)
		return "renamed";
	if (before->changed_us != after->changed_us)
		return "password";
	if (before->addresses_len != after->addresses_len ||
		memcmp(before->addresses, after->addresses,
			after->addresses_len) != 0)
		return "addresses";
	return NULL;
}

static void
tell(const struct user *u, const char *deed, uint32_t actor)
{
	if (deed)
		LOG(EV_ACCOUNT_CHANGED, 0, log_text(span_of(deed)),
			log_text(span_of(u->login)), log_number(u->account),
			log_number(actor));
}

void
audit_users(const struct users *before, const struct users *after,
	uint32_t actor)
{
	if (!before)
		return; /* at the start all are new to us, and none is */
	for (size_t i = 0; i < users_count(after); i++) {
		const struct user *u = users_at(after, i);

		tell(u, deed_of(users_by_account(before, u->account), u),
			actor);
	}
	for (size_t i = 0; i < users_count(before); i++) {
		const struct user *u = users_at(before, i);

		if (!users_by_account(after, u->account))
			tell(u, "removed", actor);
	}
}
