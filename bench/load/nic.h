// The generator's port: DPDK's environment in this process, and one virtual device at the other end
// of the server's.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rte_mbuf;
struct rte_mempool;

#define NIC_BURST     64 // frames per call
#define NIC_QUEUE_MAX 16
#define NIC_FRAME_MAX 1700 // bytes of a frame that we send

struct nic_options {
	const char *device; // "net_memif0,role=server,…"
	uint16_t queues;
	uint16_t core; // the calling thread is pinned to it
	bool hugepages;
	uint32_t memory_mb; // without hugepages
};

struct nic {
	uint16_t id;
	uint16_t queues;
	uint8_t mac[6];
	struct rte_mempool *pool;
	uint16_t waiting[NIC_QUEUE_MAX]; // frames to send
	struct rte_mbuf *out[NIC_QUEUE_MAX][NIC_BURST];
	uint64_t unsent; // frames that the port did not take
};

// Once per process. 0 or -errno; logs the reason on stderr.
[[nodiscard]] int nic_open(struct nic *, const struct nic_options *);
void nic_close(struct nic *);

// True once there is a peer at the other end.
bool nic_is_up(const struct nic *);

// A buffer for one frame of NIC_FRAME_MAX bytes. After writing, queue it with nic_commit or release
// it with nic_release. NULL: out of buffers, counted as unsent.
uint8_t *nic_reserve(struct nic *, uint16_t queue);
void nic_commit(struct nic *, uint16_t queue, size_t len);
void nic_release(struct nic *, uint16_t queue);

// Sends the queued frames.
void nic_flush(struct nic *);

// Frames that the port or the kernel lost on the way to us, as far as they count it.
uint64_t nic_missed(const struct nic *);
