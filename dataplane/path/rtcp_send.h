// RTCP that we send: a buffer first, then what it says.
#pragma once

#include "path/worker.h"

// A buffer for `size` bytes of RTCP to a connected transport, or NULL.
struct rte_mbuf *
rtcp_send_alloc(struct worker *, const struct transport *, uint16_t size, uint8_t **payload);

// Encrypts and sends len bytes of RTCP, which are at `payload` in a buffer of rtcp_send_alloc.
void rtcp_send(
        struct worker *, struct transport *, struct rte_mbuf *, uint8_t *payload, size_t len
);
