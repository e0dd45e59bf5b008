/* tls_context.h -- what sys/tls.c and sys/tls_context.c share. */
#pragma once

#include "sys/tls.h"

#define TLS_PROTOCOL_MAX 32

/* Freed by the library with the last connection that uses it. */
struct tls_context {
	struct ssl_ctx_st *ssl;
	bool server, verify, binding;
	uint8_t protocol[TLS_PROTOCOL_MAX];
	size_t protocol_len; /* 0: no ALPN identifier is registered */
	uint8_t names[TLS_NAMES_MAX][256];
	size_t name_len[TLS_NAMES_MAX];
	size_t names_count;
};
