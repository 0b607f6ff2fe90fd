// rte_ip_frag_table_del_expired_entries is marked experimental in DPDK 22.11, unchanged to date.
#define ALLOW_EXPERIMENTAL_API

#include "service/fragment.h"

#include "host/port.h"

#include "am_log.h"

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_ip_frag.h>
#include <rte_mbuf.h>

#include <errno.h>
#include <stdlib.h>

#define BUCKET_ENTRIES  16
#define FRAGMENT_HEADER 8 // IPv6

struct fragment_table {
	struct rte_ip_frag_tbl *flows;
	struct rte_mempool *pool; // of waiting fragments
	struct rte_mempool *out; // of whole datagrams, the caller's
	struct rte_ip_frag_death_row dead;
	struct fragment_counts counts;
};

struct fragment_table *fragment_create(struct rte_mempool *out)
{
	const uint64_t timeout = rte_get_tsc_hz() * FRAGMENT_TIMEOUT_MS / 1000;
	struct fragment_table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->out = out;
	t->flows = rte_ip_frag_table_create(
	        FRAGMENT_FLOW_MAX / BUCKET_ENTRIES, BUCKET_ENTRIES, FRAGMENT_FLOW_MAX, timeout,
	        SOCKET_ID_ANY
	);
	if (!t->flows)
		goto free_table;
	t->pool = rte_pktmbuf_pool_create(
	        "fragments", FRAGMENT_BUFFERS, 0, 0, PORT_MBUF_DATA_ROOM, SOCKET_ID_ANY
	);
	if (!t->pool)
		goto free_flows;
	return t;

free_flows:
	rte_ip_frag_table_destroy(t->flows);
free_table:
	free(t);
	am_error("fragment: no memory for reassembly; error=%s", rte_strerror(rte_errno));
	errno = rte_errno;
	return NULL;
}

void fragment_destroy(struct fragment_table *t)
{
	if (!t)
		return;
	rte_ip_frag_free_death_row(&t->dead, 0);
	rte_ip_frag_table_destroy(t->flows);
	rte_mempool_free(t->pool);
	free(t);
}

const struct fragment_counts *fragment_counts(const struct fragment_table *t)
{
	return &t->counts;
}

void fragment_expire(struct fragment_table *t, uint64_t now_tsc)
{
	rte_ip_frag_table_del_expired_entries(t->flows, &t->dead, now_tsc);
	rte_ip_frag_free_death_row(&t->dead, 0);
}

// The fragment's offset in the datagram, in bytes, and whether more follow.
static uint32_t fragment_offset(const uint8_t *frame, const struct packet_view *view, bool *more)
{
	if (view->family == 4) {
		const uint8_t *field = frame + view->l3_offset + 6;
		*more = field[0] & 0x20;
		return (uint32_t)((field[0] & 0x1f) << 8 | field[1]) * 8;
	}
	const uint8_t *field = frame + view->payload_offset - FRAGMENT_HEADER + 2;
	*more = field[1] & 1;
	return (uint32_t)(field[0] << 8 | (field[1] & 0xf8));
}

// Accepts only valid parts of a datagram: none that is empty (the library would chain it to itself)
// or beyond the limit, and only the last may have a length that is not a multiple of 8 (RFC 8200
// 4.5). IPv4 options are refused: browsers' networks make no fragments with them.
static bool acceptable(const uint8_t *frame, const struct packet_view *view)
{
	bool more;
	uint32_t offset = fragment_offset(frame, view, &more);
	uint16_t header = (uint16_t)(view->payload_offset - view->l3_offset);

	if (view->payload_len == 0 || header != (view->family == 4 ? 20 : 40 + FRAGMENT_HEADER))
		return false;
	if (more && view->payload_len % 8 != 0)
		return false;
	return view->payload_offset + offset + view->payload_len <= FRAGMENT_DATAGRAM_MAX;
}

// Copies the fragment into a buffer of our own, without Ethernet padding.
static struct rte_mbuf *
copy_in(struct fragment_table *t, const struct rte_mbuf *m, const struct packet_view *view)
{
	struct rte_mbuf *own =
	        rte_pktmbuf_copy(m, t->pool, 0, (uint32_t)view->payload_offset + view->payload_len);

	if (own) {
		own->ol_flags = 0;
		own->l2_len = view->l3_offset;
		own->l3_len = (uint16_t)(view->payload_offset - view->l3_offset);
	}
	return own;
}

// The library updates the length to that of the whole datagram, but not the IPv4 checksum.
static struct rte_mbuf *copy_out(struct fragment_table *t, const struct rte_mbuf *chain)
{
	struct rte_mbuf *whole = rte_pktmbuf_copy(chain, t->out, 0, UINT32_MAX);

	if (!whole)
		return NULL;
	if (whole->nb_segs > 1) {
		rte_pktmbuf_free(whole);
		return NULL;
	}
	whole->ol_flags = 0;
	uint8_t *ip = rte_pktmbuf_mtod_offset(whole, uint8_t *, chain->l2_len);
	if (ip[0] >> 4 == 4) {
		memset(ip + 10, 0, 2);
		uint16_t check = packet_sum_fold(packet_sum(ip, 20, 0));
		memcpy(ip + 10, &check, 2);
	}
	return whole;
}

static struct rte_mbuf *reassemble(
        struct fragment_table *t, struct rte_mbuf *m, const struct packet_view *view, uint64_t now
)
{
	uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, view->l3_offset);

	if (view->family == 4)
		return rte_ipv4_frag_reassemble_packet(
		        t->flows, &t->dead, m, now, (struct rte_ipv4_hdr *)ip
		);
	return rte_ipv6_frag_reassemble_packet(
	        t->flows, &t->dead, m, now, (struct rte_ipv6_hdr *)ip,
	        (struct rte_ipv6_fragment_ext *)(ip + 40)
	);
}

struct rte_mbuf *fragment_add(
        struct fragment_table *t, struct rte_mbuf *m, const struct packet_view *view,
        uint64_t now_tsc
)
{
	struct rte_mbuf *own = NULL, *chain, *whole = NULL;

	t->counts.received++;
	if (m->nb_segs == 1 && acceptable(rte_pktmbuf_mtod(m, const uint8_t *), view))
		own = copy_in(t, m, view);
	rte_pktmbuf_free(m);
	if (!own) {
		t->counts.refused++;
		return NULL;
	}

	chain = reassemble(t, own, view, now_tsc);
	if (chain) {
		whole = copy_out(t, chain);
		rte_pktmbuf_free(chain);
		if (whole)
			t->counts.completed++;
	}
	t->counts.refused += t->dead.cnt + (chain && !whole ? 1 : 0);
	rte_ip_frag_free_death_row(&t->dead, 0);
	return whole;
}
