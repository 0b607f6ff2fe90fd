// The SSRCs that a transport has sent from, or may have. Each SSRC begins its indexes at a random
// number, so an SSRC reused under the same key could repeat indexes, and a repeated (key, SSRC,
// index) breaks the cipher (RFC 3711 9.1, RFC 7714 8.1). Used by the service thread only.
#pragma once

#include <stdint.h>

#define SSRC_SET_MAX 65536 // in a transport's life: 32768 subscriptions with retransmission

struct ssrc_set {
	uint32_t *values; // ascending
	uint32_t count;
	uint32_t size;
};

// Adds two SSRCs or neither; the second may be 0: none. 0; -EADDRINUSE if one is in the set or both
// are the same; -ENOSPC, -ENOMEM.
[[nodiscard]] int ssrc_set_add(struct ssrc_set *, uint32_t ssrc, uint32_t rtx_ssrc);

void ssrc_set_fini(struct ssrc_set *);
