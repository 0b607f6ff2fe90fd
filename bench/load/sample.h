// A rotating sample of viewers: libsrtp2 verifies and decrypts each of their packets, which is
// compared with the speaker's, byte by byte, and its header checked. Retransmissions are not
// checked.
#pragma once

#include <srtp2/srtp.h>
#include <stddef.h>
#include <stdint.h>

#include "server.h"

#define SAMPLE_VIEWERS  8
#define SAMPLE_EVERY_NS 50000000ull // how often a viewer is replaced
#define SAMPLE_SAY_MAX  10 // errors that are reported one by one

struct audience;
struct members;
struct source;
struct stream;

struct sample_viewer {
	srtp_t session; // NULL: none
	uint32_t viewer;
	uint64_t added; // bit per stream: its rollover counter is set in the session
	uint64_t verified; // bit per stream: a packet of it has verified
	uint64_t timed; // bit per stream: its timestamp_offset is known
	uint64_t settled; // … and does not change any more
	uint32_t timestamp_offset[SERVER_STREAM_MAX];
	uint32_t timestamp[SERVER_STREAM_MAX]; // of the last packet
};

struct sample {
	struct members *members;
	struct audience *audience;
	struct source *sources;
	uint64_t next_ns;
	uint32_t chosen; // counts choices
	uint64_t viewers, packets, reports; // checked: viewers, RTP packets, SRTCP packets
	uint64_t old; // packets whose source was no longer kept
	uint64_t errors;
	struct sample_viewer seats[SAMPLE_VIEWERS];
};

// sources: one for each track, LOAD_TRACKS for each speaker. 0 or -errno.
[[nodiscard]] int
sample_init(struct sample *, struct members *, struct audience *, struct source *sources);
void sample_fini(struct sample *);

// Replaces a viewer by another one of the first `viewers`, if it is time.
void sample_tick(struct sample *, uint32_t viewers, uint64_t now_ns);

// The viewer leaves.
void sample_forget(struct sample *, uint32_t viewer);

// Takes a frame with an SRTP packet of a known sampled stream, after it was counted; decrypts it in
// place. False if it is not the packet that its number says, which is an error unless `may_move`.
bool sample_rtp(
        struct sample *, uint32_t viewer, const struct stream *, uint8_t *frame, size_t payload_len,
        bool may_move
);

// A stream of a viewer continues with other numbers, after a pause.
void sample_moved(struct sample *, uint32_t viewer, const struct stream *);

// Takes SRTCP for any viewer, and verifies it for sampled ones.
void sample_rtcp(struct sample *, uint32_t viewer, uint8_t *packet, size_t len);
