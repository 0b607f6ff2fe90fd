// Where the key frames of an H.264 stream begin. A decoder takes up an IDR picture only with its
// parameter sets (H.264 7.4.1.2.1), which come before it, in the same packet or in packets of their
// own, and may come late. So the packet that makes a key frame whole is the IDR picture's first or
// a late one before it, and a viewer begins with the first of its parameter sets. Written by the
// stream's worker.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define ACCESS_UNIT_PACKETS  64 // remembered
#define ACCESS_UNIT_LEAD_MAX 16 // packets from the parameter sets to the picture

struct access_unit {
	uint64_t top; // highest extended sequence number (sequence_start), 0: none yet
	uint64_t told; // of the IDR picture that was told of last
	uint8_t units[ACCESS_UNIT_PACKETS]; // enum h264_units, by the low bits; 0: not here
};

// A key frame is whole with this packet. It begins `lead` packets before it; `trail` packets behind
// it are here already.
struct access_unit_key {
	uint8_t lead;
	uint8_t trail;
};

// Note a packet; units: enum h264_units. True if a key frame is whole with it. One without
// parameter sets counts where nothing is missing before it: its decoders have them by signaling, or
// from before.
[[nodiscard]] bool
access_unit_packet(struct access_unit *, uint64_t seq, uint8_t units, struct access_unit_key *);
