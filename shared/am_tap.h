// The tap: plaintext packets of the tracks that are being recorded. The data plane writes them into
// a second memfd, which the recorder maps for reading only. One ring for each worker, and one for
// the service thread, which writes chat messages.
//
//     header │ ring of worker 0 │ … │ ring of the service thread
//
// A ring has one writer, which overwrites the oldest slot and reads nothing back, so no reader can
// stall or harm it. The memfd is sealed with F_SEAL_FUTURE_WRITE once the data plane has mapped it.
// A slot's sequence is odd while it is being written; position n leaves 2n + 2 behind. The reader
// copies a slot, then checks that its sequence has not changed; what it has missed it counts.
// Readers trust nothing: each field of a copy is checked before use (am_tap_check).
//
// Chat messages are longer than a slot: their parts follow each other in the ring.
#pragma once

#include <assert.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "am_schema.h"

#define AM_TAP_MAGIC       0x7061742d69687061ull
#define AM_TAP_VERSION     1u
#define AM_TAP_SLOTS       16384u // of each ring; a power of two
#define AM_TAP_SLOT_SIZE   2048
#define AM_TAP_PAYLOAD_MAX (AM_TAP_SLOT_SIZE - 8 - 56)
#define AM_TAP_RING_MAX    (AM_WORKER_MAX + 1)
#define AM_TAP_NUMBER_MAX  (UINT64_C(1) << 53) // of sequence numbers and µs: sums cannot overflow

enum am_tap_kind {
	AM_TAP_NONE,
	AM_TAP_PACKET, // RTP of a tapped track, after decryption, RTX restored; payload: of RTP
	AM_TAP_REPORT, // a sender report of a tapped track's encoding; no payload
	AM_TAP_CHAT, // part of a chat message in its envelope, as readers get it
	AM_TAP_KIND_COUNT,
};

enum am_tap_flags {
	AM_TAP_MARKER = 1, // the RTP marker
	AM_TAP_SEND_TIME = 2, // send_time is known
	AM_TAP_LEVEL = 4, // level is known
	AM_TAP_FIRST = 8, // CHAT: the message's first part
	AM_TAP_LAST = 16, // CHAT: the message's last part
};

struct am_tap_entry {
	uint64_t id; // am_id of the track; CHAT: room_id
	int64_t arrival_us; // CLOCK_MONOTONIC; a repeated REPORT: of the first time
	uint64_t seq; // PACKET: extended sequence number of the encoding's source
	uint64_t ntp; // REPORT: 32.32 fixed-point seconds of the sender's clock
	uint32_t timestamp; // of RTP
	uint32_t send_time; // abs-send-time, 6.18 fixed-point seconds, 24 bits
	uint16_t len; // bytes of payload
	uint16_t flags; // enum am_tap_flags
	uint8_t kind; // enum am_tap_kind
	uint8_t codec; // enum am_codec
	uint8_t encoding; // index of the encoding
	uint8_t source; // counts the encoding's sources: seq is comparable within one
	uint8_t level; // RFC 6464: voice activity in bit 7, -dBov below
	uint8_t reserved[7];
	uint8_t payload[AM_TAP_PAYLOAD_MAX];
};
static_assert(offsetof(struct am_tap_entry, payload) == 56);

struct am_tap_slot {
	_Atomic uint64_t sequence;
	struct am_tap_entry entry;
};
static_assert(sizeof(struct am_tap_slot) == AM_TAP_SLOT_SIZE);

struct am_tap_ring {
	alignas(64) _Atomic uint64_t head; // positions written so far; writer: w, readers: r
	alignas(64) struct am_tap_slot slots[AM_TAP_SLOTS];
};

struct am_tap_header {
	uint64_t magic;
	uint32_t version;
	uint32_t ring_count; // workers, and the service thread last
	uint64_t size; // of the whole memfd
	uint64_t generation; // of the data plane's life, as in the shared region
};

struct am_tap_layout {
	struct am_tap_header header;
	struct am_tap_ring rings[];
};

// One process's view of the tap.
struct am_tap {
	struct am_tap_layout *map; // NULL: none
	int fd; // owned
	uint32_t ring_count; // as found when joining: the map's own may change
	uint64_t size; // of the mapping
};

// Data plane: makes, populates, locks (as far as it may) and seals it. 0 or -errno.
[[nodiscard]] int am_tap_new(struct am_tap *, uint32_t worker_count, uint64_t generation);

// Recorder: maps a received memfd for reading and checks seals, size, magic and version. 0, or
// -EPROTO, -errno. Takes over fd in any case.
[[nodiscard]] int am_tap_join(struct am_tap *, int fd);

// Unmaps and closes; the rings themselves live as long as anyone maps them.
void am_tap_leave(struct am_tap *);

// Writer: the slot to fill next. Its fields are undefined; payload beyond len need not be written.
static inline struct am_tap_entry *am_tap_begin(struct am_tap_ring *r, uint64_t position)
{
	struct am_tap_slot *s = &r->slots[position % AM_TAP_SLOTS];

	atomic_store_explicit(&s->sequence, 2 * position + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	return &s->entry;
}

static inline void am_tap_end(struct am_tap_ring *r, uint64_t position)
{
	struct am_tap_slot *s = &r->slots[position % AM_TAP_SLOTS];

	atomic_store_explicit(&s->sequence, 2 * position + 2, memory_order_release);
	atomic_store_explicit(&r->head, position + 1, memory_order_release);
}

static inline uint64_t am_tap_head(const struct am_tap_ring *r)
{
	return atomic_load_explicit(&r->head, memory_order_acquire);
}

// Reader: copies the entry at this position and checks it; of the payload, only len bytes. 0;
// -EAGAIN if nothing is there yet, which is so from head on; -EOVERFLOW if it has been overwritten;
// -EBADMSG if its contents are impossible.
[[nodiscard]] int
am_tap_read(const struct am_tap_ring *, uint64_t position, struct am_tap_entry *copy);

// Whether a copied entry is within bounds. 0 or -EBADMSG.
[[nodiscard]] int am_tap_check(const struct am_tap_entry *);

// The Unix socket (SOCK_SEQPACKET) over which the recorder gets the memfd. The connection stays
// open and carries nothing more: its end is the data plane's.
//
//     recorder ──struct am_tap_hello──▶ data plane
//     recorder ◀──struct am_tap_hello + memfd, or one with an error and no descriptor
struct am_tap_hello {
	uint64_t magic; // AM_TAP_MAGIC
	uint32_t version; // AM_TAP_VERSION
	uint32_t error; // errno of a refusal; 0: welcome
};

#define AM_TAP_HELLO_MS 1000 // then the data plane closes a connection that has said nothing

// Data plane: listening socket at path, for root and this process's own user, and for `user`. 0:
// nobody else. -errno.
[[nodiscard]] int am_tap_listen(const char *path, uint32_t user);

// Data plane: accepts one connection, if its peer runs as one of those users. Never waits. Returns
// the connection, which does not block, or -errno: -EPERM.
[[nodiscard]] int am_tap_accept(int listener, uint32_t user);

// Data plane: reads the hello of a connection and answers it, with memfd, or with an errno if
// `error` is not 0. Never waits. 0; -EAGAIN if it has not come yet; else close the connection:
// -EPROTO, -errno.
[[nodiscard]] int am_tap_welcome(int connection, uint32_t error, int memfd);

// Recorder: connects, within 1 s. Returns the connection and the memfd, or -errno.
[[nodiscard]] int am_tap_connect(const char *path, int *memfd);
