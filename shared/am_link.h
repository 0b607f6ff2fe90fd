// How the control plane gets the region: over a Unix socket of type SOCK_SEQPACKET.
//
//     control ──hello──▶ data plane          magic, version, layout
//     control ◀──hello + memfd + 2 eventfds  or a hello with an error and no descriptors
//
// The connection stays open and carries nothing more: its end tells each side of the other's death.
// The data plane serves one control plane at a time.
#pragma once

#include <stdint.h>

struct am_hello {
	uint64_t magic; // AM_REGION_MAGIC
	uint64_t layout; // am_region_layout_hash()
	uint32_t version; // AM_VERSION
	uint16_t epoch; // of this connection, counted by the data plane
	uint16_t error; // errno of a refusal, 0: welcome
};

// What the control plane received. Owned by the caller.
struct am_link_fds {
	int region;
	int command_wake; // control writes: the service thread wakes to read commands
	int event_wake; // data plane writes: the control plane wakes to read events
};

// Listening socket at path (an older socket file there is replaced), or -errno.
[[nodiscard]] int am_link_listen(const char *path);

// Data plane: accepts one connection and its hello, within 1 s, and answers with the descriptors,
// or refuses with `error`. Returns the connection, or -errno: -EPROTO if the version differs.
[[nodiscard]] int
am_link_accept(int listener, uint16_t epoch, uint16_t error, const struct am_link_fds *);

// Control plane: connects, within 1 s. Returns the connection, or -errno: -EPROTO if the version
// differs, -EBUSY if another control plane is attached.
[[nodiscard]] int am_link_connect(const char *path, uint16_t *epoch, struct am_link_fds *);
