#include "path/rtcp_send.h"

#include <rte_mbuf.h>

#include "path/tx.h"

struct rte_mbuf *
rtcp_send_alloc(struct worker *w, const struct transport *t, uint16_t size, uint8_t **payload)
{
	worker_count(w, AM_COUNTER_made_rtcp, 1);
	return tx_alloc(w, &t->route, (uint16_t)(size + CIPHER_RTCP_TRAILER_MAX), payload);
}

void rtcp_send(
        struct worker *w, struct transport *t, struct rte_mbuf *m, uint8_t *payload, size_t len
)
{
	size_t capacity = rte_pktmbuf_data_len(m) - t->route.len;

	if (len == 0 ||
	    cipher_protect_rtcp(w->cipher, t->key, ++t->rtcp_index, payload, &len, capacity) < 0) {
		rte_pktmbuf_free(m);
		worker_count_drop(w, DROP_cipher_failed);
		return;
	}
	tx_send(w, &t->route, m, (uint16_t)len);
}
