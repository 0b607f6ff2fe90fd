// From the packets of one tapped track to whole frames, as a decoder takes them: reordering,
// depacketising (RFC 7741, 6184, 9628, AV1, 7587), the choice of the encoding, and no frame whose
// references are missing. Pure: no I/O, the caller passes the time.
//
// The highest active encoding is taken; another one begins at a key frame only. A frame waits only
// while something before it is missing, ASSEMBLY_WAIT_US at most. After a loss, higher temporal
// layers are left out until a frame from which they may be entered, else everything until a key
// frame, which is asked for. Audio: each packet is a frame; losses leave gaps in time.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/codec.h"

#define ASSEMBLY_WAIT_US       600000
#define ASSEMBLY_SOUND_WAIT_US 150000 // sound is not repaired, only reordered
#define ASSEMBLY_ACTIVE_US     1000000 // since an encoding's last packet
// An encoding that is silent while a lower one sends frames has stopped; a picture that stands
// still, in which all are silent most of the time, has this long.
#define ASSEMBLY_STILL_US   3000000
#define ASSEMBLY_STARVED_US 2000000 // without a frame: a lower encoding will do
#define ASSEMBLY_FRAME_MAX  (4u << 20) // bytes

struct assembly;

struct assembly_packet {
	uint64_t seq; // extended, of the encoding's source
	int64_t arrival_us;
	uint32_t timestamp; // of RTP
	uint8_t encoding; // index
	uint8_t source; // seq is comparable within one source
	bool marker;
	const uint8_t
	        *payload; // empty: padding alone, which must be told, too: else it counts as lost
	size_t len;
};

// data: VP8: the frame. VP9: the frame, of several spatial layers a superframe. H.264: Annex B
// access unit, parameter sets before each IDR picture. AV1: a temporal unit in low-overhead format,
// without temporal delimiters. Opus: the packet. Valid during the call.
struct assembly_frame {
	const uint8_t *data;
	size_t len;
	uint64_t seq; // of its last packet
	int64_t arrival_us; // of its first packet
	uint32_t timestamp;
	uint16_t width, height; // of key frames; 0: unknown
	uint8_t encoding;
	uint8_t source; // differs from the last frame's of this encoding: timestamps begin anew
	bool key;
};

typedef void assembly_sink(void *owner, const struct assembly_frame *);

// encodings: 1 to AM_ENCODING_MAX. NULL with errno.
[[nodiscard]] struct assembly *
assembly_create(enum codec, uint8_t encodings, assembly_sink *, void *owner);
void assembly_destroy(struct assembly *);

// Takes one packet; frames that are complete go to the sink before it returns.
void assembly_packet(struct assembly *, const struct assembly_packet *);

// Gives up what has waited too long. Call at least every 100 ms.
void assembly_tick(struct assembly *, int64_t now_us);

// Hands over what waits, as if everything missing were lost: at the end of a recording.
void assembly_drain(struct assembly *);

// The frame that ended with seq has been handed over by an earlier life of this process: go on
// behind it without a key frame. Before the first packet. 0 or -errno.
[[nodiscard]] int
assembly_resume(struct assembly *, uint8_t encoding, uint8_t source, uint64_t seq);

// True if a key frame is required to go on: before the first one, after a loss, to change the
// encoding. The caller asks for one, at most once a second.
[[nodiscard]] bool assembly_needs_key_frame(const struct assembly *);

// Packets that never came, and frames left out because of that, so far.
uint64_t assembly_lost(const struct assembly *);
uint64_t assembly_left_out(const struct assembly *);
