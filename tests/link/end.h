// One end of the link: a packet socket that receives every incoming Ethernet frame of an interface
// and sends frames out of it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define FRAME_MAX 65550 // bytes with the Ethernet header
#define FRAME_ETH 14 // bytes of these that the model does not count

struct frame {
	uint32_t len;
	uint8_t bytes[];
};

struct end {
	const char *name; // of the interface
	int fd;
	uint32_t mtu;
	uint64_t overrun; // frames that the socket had no room for
	uint64_t refused; // frames that the interface did not take
	bool told_checksum, told_size, told_refused; // each is reported once
};

// Opens an end and checks the interface's offloads. 0 or -errno; reports the reason on stderr.
[[nodiscard]] int end_open(struct end *, const char *name);
void end_close(struct end *);

// The next incoming frame, which the caller frees; NULL if there is none, with errno (EAGAIN).
[[nodiscard]] struct frame *end_receive(struct end *);

// Whether this error means that the interface no longer exists.
bool end_is_gone(const struct end *, int error);

void end_send(struct end *, const struct frame *);

// Brings `overrun` up to date.
void end_count(struct end *);
