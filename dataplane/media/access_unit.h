// Where the key frames of an H.264 stream begin. A decoder can begin with an IDR picture only if it
// has the parameter sets (H.264 7.4.1.2.1). They come before the picture, in the same packet or in
// packets of their own, and may come late. So the packet that completes a key frame is the IDR
// picture's first or a late one before it, and a viewer begins with the first of its parameter
// sets. Written by the stream's worker.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define ACCESS_UNIT_PACKETS  64 // that are remembered
#define ACCESS_UNIT_LEAD_MAX 16 // packets from the parameter sets to the picture

struct access_unit {
	uint64_t top; // highest extended sequence number (sequence_start), 0: none yet
	uint64_t told; // first packet of the IDR picture that was reported last
	uint8_t units[ACCESS_UNIT_PACKETS]; // enum h264_units, indexed by low bits; 0: not received
};

// This packet completes a key frame, which begins `lead` packets before it; `trail` packets after
// it have already arrived.
struct access_unit_key {
	uint8_t lead;
	uint8_t trail;
};

// Note a packet; units: enum h264_units. True if it completes a key frame. One without parameter
// sets counts if nothing is missing before it: decoders then have them from signaling or from an
// earlier picture.
[[nodiscard]] bool
access_unit_packet(struct access_unit *, uint64_t seq, uint8_t units, struct access_unit_key *);
