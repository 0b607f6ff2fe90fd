// The minimum cost of a copy on this machine: encrypting it, and handing it to a port.
#pragma once

#include <stdio.h>

#define FLOOR_HEADER_LEN 20 // RTP with one extension word and a MID, like copies
#define FLOOR_VIEWERS    2000

// Measures encryption, raw and with crypto/cipher.h. 0 or -errno.
[[nodiscard]] int floor_crypto(FILE *json);

// Measures transmission through the device of this name and DPDK arguments ("net_null0", ""). With
// a peer, frames are received there; its arguments follow its name. `port` is for the table. 0 or
// -errno; an error is recorded as a missing figure.
[[nodiscard]] int
floor_transmit(FILE *json, const char *port, const char *device, const char *peer);
