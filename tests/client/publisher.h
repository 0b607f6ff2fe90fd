// A browser that publishes one VP8 video, in up to three simulcast encodings of 30 frames per
// second and three temporal layers, and one opus audio track. Answers NACKs with RTX and PLIs with
// a key frame. Tests can make its link lose video packets, and delay its answers.
#pragma once

#include "client.h"
#include "media.h"

#define PUBLISHER_ENCODINGS 3
#define PUBLISHER_HISTORY   1024 // packets kept for NACKs
#define PUBLISHER_REPAIRS   256 // repairs under way

// The publisher's own numbers: none equals the room's, so a number that was not rewritten shows.
enum {
	PUBLISHER_PT_VP8 = 96,
	PUBLISHER_PT_RTX = 97,
	PUBLISHER_PT_OPUS = 111,
	PUBLISHER_EXT_AUDIO_LEVEL = 1,
	PUBLISHER_EXT_ABS_SEND_TIME = 2,
	PUBLISHER_EXT_TRANSPORT_CC = 3,
	PUBLISHER_EXT_MID = 4,
	PUBLISHER_EXT_RID = 10,
	PUBLISHER_EXT_REPAIRED_RID = 11,
};
#define PUBLISHER_MID_VIDEO "0"
#define PUBLISHER_MID_AUDIO "1"
#define PUBLISHER_CNAME     "amphi-publisher"

struct publisher_sent {
	struct wire_rtp head; // without pointers
	uint16_t len;
	uint8_t payload[MEDIA_PAYLOAD_MAX];
};

// One RTP stream.
struct publisher_stream {
	uint32_t ssrc, rtx_ssrc;
	uint32_t timestamp_base;
	uint16_t sequence, rtx_sequence;
	uint16_t picture_id;
	uint8_t tl0, key_index;
	char rid[4]; // empty: none
	bool off; // for tests: send nothing
	bool key_wanted;
	uint32_t key_frames, plis, nacked, resent, lost, packets, bytes;
	uint64_t pli_times_ns[64]; // of the first PLIs
	uint32_t reports; // RR blocks about this stream
	struct publisher_sent history[PUBLISHER_HISTORY];
};

// The answer to a NACK, until it is due.
struct publisher_repair {
	struct publisher_stream *stream;
	uint64_t due_ns;
	uint16_t sequence;
};

struct publisher {
	struct client *client;
	uint32_t source;
	uint8_t encodings;
	bool audio_off, video_off;
	bool deaf; // for tests: answer no NACKs
	uint32_t lose_every; // for tests: lose one packet in so many of an encoding; 0: none
	uint32_t repair_ms; // for tests: minimum time until an answer
	uint8_t level; // of the audio, in -dBov (RFC 6464)
	uint64_t ntp; // of the last sender reports
	uint32_t frame, sound; // number of the next one
	uint64_t start_ns, report_next_ns;
	uint16_t transport_sequence;
	uint32_t transport_feedback; // packets of transport-wide feedback received
	struct publisher_stream video[PUBLISHER_ENCODINGS];
	struct publisher_stream audio;
	uint32_t repair_first, repair_next; // run freely
	struct publisher_repair repairs[PUBLISHER_REPAIRS]; // in order of due time
};

// client: to be initialised with publisher_events and with this publisher as its context. source:
// distinguishes publishers.
void publisher_init(struct publisher *, struct client *, uint32_t source, uint8_t encodings);

extern const struct client_events publisher_events;
