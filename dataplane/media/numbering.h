// The sequence numbers of one encoding, for everyone after the publisher's worker: they go on where
// those of its source begin anew, because the source is another SSRC now or its numbers have jumped
// far ahead. (They cannot jump back under one SSRC: that would use SRTP indexes again, RFC 3711
// 3.3.2.) Written by the stream's worker.
//
//	source A  40000 … 40100             source B  20000 … 20600
//	encoding  105536 … 105636   (room)            105653 … 106253
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define NUMBERING_JUMP_MAX 500 // packets; a larger gap is a new beginning
// Numbers left free before a source's first packet: the first of them, which follows the old
// source's last one, stays nobody's, so that the two never seem to be one run; the others are for
// packets from before the first that still come late.
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
	NUMBERING_NEXT, // a packet of the source that there was
	NUMBERING_NEW, // the first packet of a source
	NUMBERING_OUTSIDE, // from before the source, or a repair of what it has not sent: drop it
};

// Number a packet: its source's extended number, to speak with the publisher of it, and the
// encoding's. `repaired` says that RTX brought it; a repair is never a new beginning.
[[nodiscard]] enum numbering_result numbering_packet(
        struct numbering *, uint16_t seq, bool repaired, uint64_t *source_seq, uint64_t *number
);

// The source is over: the next original packet is another one's first.
void numbering_end_source(struct numbering *);
