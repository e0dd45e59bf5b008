#include "sys/tls_files.h"

#include "lib/base/number.h"
#include "sys/fd.h"
#include "sys/keys.h"

#define CHAIN_MAX KiB(64)

static uint8_t ca_room[CHAIN_MAX];
static struct buf client_ca = { ca_room, 0, sizeof ca_room };

/* What cannot be read vouches for nobody. */
void
tls_files_client_ca(int fd)
{
	buf_clear(&client_ca);
	if (fd_read_whole(fd, &client_ca))
		buf_clear(&client_ca);
}

FALLIBLE
tls_files_context(const struct site *site, int fd, struct span protocol,
	bool binding, struct tls_context **context)
{
	static uint8_t room[CHAIN_MAX];
	struct buf chain = BUF(room);
	struct span host = SITE_TEXT(site->host);
	struct tls_context *fresh;
	struct tls_service service = {
		.key = KEY_HOST,
		.protocol = protocol,
		.names = &host,
		.names_count = 1,
		.binding = binding,
		.client_ca = binding && site->client_ca[0] && client_ca.len > 0
			? buf_view(&client_ca)
			: SPAN_NONE,
	};

	TRY(fd_read_whole(fd, &chain));
	service.chain = buf_view(&chain);
	TRY(tls_context_server(&service, &fresh));
	tls_context_close(context);
	*context = fresh;
	return OK;
}
