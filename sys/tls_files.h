/* tls_files.h -- the server contexts of a role that accepts TLS. */
#pragma once

#include "lib/conf/site.h"
#include "sys/tls.h"

/* Read the certificate chain from `fd` (not closed) and make the context of a
 * service whose private key is KEY_HOST; the site's host is its only name.
 * *context is replaced on success, NULL or not: sessions that use the old one
 * keep it.
 *
 * protocol  ALPN identifier, SPAN_NONE if none is registered
 * binding   logins bind to the channel
 *
 * tls_unavailable  the file does not hold a usable chain */
FALLIBLE tls_files_context(const struct site *site, int fd,
	struct span protocol, bool binding, struct tls_context **context);

/* The authorities of clients, for contexts that are made later; they hold as
 * long as the settings name such a file. */
void tls_files_client_ca(int fd);
