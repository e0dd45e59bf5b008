/* checks.h -- every check that clauses.def names, by file. */
#pragma once

#include "standard/standard.h"

/* services.c */
check permits_and_sockets, offered_words;

/* local.c */
check local_programs, local_closed, local_way, local_primary, local_sockets,
	local_own_host, local_sender, local_takes_reports, local_from,
	local_foreign_from, local_history;

/* ports.c, for offered_words; false: p says what is open */
bool ports_are_permitted(const struct inspection *i, struct proof *p);

/* history.c */
check kept_by_log;

/* accounts.c */
check accounts, default_logins, verifiers;

/* banner.c */
check host_name, replies, command_table, silent_commands;

/* credentials.c */
check tls_everywhere, no_login_in_clear;

/* relay.c */
check nobody_listed, relay_refused, domain_list, foreign_domains;

/* content.c */
check virus_refused;

/* limits.c */
check limits_derived, flood_refused;

/* mailboxes.c */
check own_volume;
