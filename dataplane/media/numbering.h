// The sequence numbers of one encoding, as everyone behind the publisher's worker sees them: they
// continue where those of its source begin anew, because the source has a new SSRC or its numbers
// have jumped far ahead. (They cannot jump back under one SSRC: that would reuse SRTP indexes, RFC
// 3711 3.3.2.) Written by the stream's worker.
//
//	source A  40000 … 40100             source B  20000 … 20600
//	encoding  105536 … 105636   (room)            105653 … 106253
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define NUMBERING_JUMP_MAX 500 // packets; a larger gap is a new beginning
// Numbers left free before a source's first packet. The first of them, right after the old source's
// last one, is never used, so the two never look like one run; the others are for packets before
// the source's first that arrive late.
#define NUMBERING_ROOM 16

// All zero at first.
struct numbering {
	uint64_t source_top; // highest extended number of the source
	uint64_t source_first;
	uint64_t shift; // from the source's numbers to the encoding's, modulo 2^64
	uint64_t top; // highest number of the encoding; 0: none yet
	uint8_t source; // changes with each new beginning
	bool started; // the source has sent a packet
};

enum numbering_result {
	NUMBERING_NEXT, // a packet of the current source
	NUMBERING_NEW, // the first packet of a new source
	NUMBERING_OUTSIDE, // from before the source, or a repair of a packet never sent: drop it
};

// Number a packet: *source_seq is the source's extended number, for messages to the publisher,
// *number the encoding's. `repaired`: it came by RTX; a repair is never a new beginning.
[[nodiscard]] enum numbering_result numbering_packet(
        struct numbering *, uint16_t seq, bool repaired, uint64_t *source_seq, uint64_t *number
);

// The source has ended: the next original packet is the first of another.
void numbering_end_source(struct numbering *);
