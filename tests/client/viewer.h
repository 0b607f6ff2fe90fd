// A browser that receives: records the packets of each subscription, checks every byte, requests
// what is missing, and judges the whole at the end.
#pragma once

#include "client.h"
#include "media.h"

#define VIEWER_SUBSCRIPTIONS 4
#define VIEWER_PACKETS       8192 // kept for a subscription

// The room's numbers, into which publishers' are rewritten.
enum {
	ROOM_PT_OPUS = 100,
	ROOM_PT_VP8 = 101,
	ROOM_PT_RTX = 102,
	ROOM_PT_RED = 109,
};

struct viewer_packet {
	uint32_t timestamp;
	bool here, marker, resent;
	bool filler; // an empty packet: its number was for other layers
	struct media_vp8 vp8; // audio uses only vp8.part
};

struct viewer_subscription {
	uint32_t ssrc, rtx_ssrc;
	uint8_t payload_type, rtx_payload_type;
	uint8_t red_payload_type; // of redundant audio, 0: none
	char mid[5];
	bool video;
	bool nack; // request missing packets again
	bool restarts; // for tests: the publisher's sources change, so timestamps follow the
	               // arrivals
	bool started;
	uint16_t first; // sequence number
	uint32_t highest; // counted from first, without wrapping
	uint32_t packets, resent, duplicates;
	uint32_t fillers; // in addition to those packets
	uint32_t redundant; // packets that repeat the previous audio
	uint32_t wrong_bytes, wrong_type, wrong_mid; // must stay 0
	uint32_t unrewritten; // extensions with ids other than the room's: must stay 0
	uint32_t asked; // sequence numbers in our NACKs
	uint32_t reports; // SRs about this stream
	struct wire_sr report; // the last report
	char cname[64];
	uint64_t nacked_ns, reported_ns, last_ns; // last_ns: of the last packet
	struct viewer_packet kept[VIEWER_PACKETS];
};

struct viewer {
	struct client *client;
	size_t count;
	uint32_t strangers; // packets of no subscription: must stay 0
	struct viewer_subscription subscriptions[VIEWER_SUBSCRIPTIONS];
};

// The verdict on a subscription's packets. If error is not empty, the rest covers what came before
// it.
struct viewer_verdict {
	uint32_t packets, missing, frames, key_frames;
	uint32_t switches; // of the encoding
	uint32_t skipped; // frames left out between base-layer frames of a past
	uint32_t repeats; // switches that showed the same moment once more
	uint32_t gaps; // places where frames were left out on purpose: after a pause
	uint32_t layer_frames[4][4]; // by encoding and temporal layer
	uint32_t first_frame, last_frame; // the publisher's numbers
	char error[160];
};

extern const struct client_events viewer_events;

void viewer_init(struct viewer *, struct client *);

// The subscription's memory belongs to the viewer. rtx_ssrc 0: none.
struct viewer_subscription *
viewer_subscribe(struct viewer *, bool video, uint32_t ssrc, uint32_t rtx_ssrc, const char *mid);

// Judges all packets so far: a sequence without gaps, complete frames, a key frame at the start,
// layer switches only at key frames, timestamps and picture ids as sent. The last frame may be
// incomplete.
struct viewer_verdict viewer_judge(const struct viewer_subscription *);

void viewer_pli_send(struct viewer *, const struct viewer_subscription *);
