// A publisher like a browser, without a socket: plays a clip as VP8 video and opus audio, over SRTP
// with the keys that a peer (tests/client/peer.h) has negotiated. Single-threaded; the caller
// passes the time.
//
// Both clips loop on one clock, so they stay in sync; RTP timestamps, sequence numbers and picture
// ids continue across the seam. All packets of a video frame leave in one burst. On a request for a
// key frame, the video sends the clip's next key frame instead of the next frame, and continues at
// half speed until the audio has caught up: so the two are apart by a second at most, for two
// seconds.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "am_schema.h"
#include "clip.h"
#include "crypto/cipher.h"
#include "crypto/srtp.h"

#define SPEAKER_PAYLOAD_MAX 1200 // bytes of RTP payload, with the VP8 descriptor
#define SPEAKER_PACKET_MAX  1400 // the most that `send` is given
#define SPEAKER_HISTORY     1024 // packets kept for NACKs: some 6 s of 720p
#define SPEAKER_CNAME_MAX   32

// A packet in the clear, gone after the call.
struct speaker_packet {
	const uint8_t *payload;
	uint64_t sent_ns; // the tick's now_ns
	uint32_t timestamp;
	uint16_t seq; // if resent: the original number
	uint16_t payload_len; // if resent: of the original payload, without RTX's number
	bool video;
	bool resent;
};

struct speaker_config {
	const struct clip *video, *audio; // NULL: none; must outlive the speaker
	uint32_t video_ssrc, video_rtx_ssrc, audio_ssrc; // video_rtx_ssrc 0: NACKs are not answered
	uint8_t video_pt, video_rtx_pt, audio_pt;
	// Ids under which it sends MID, abs-send-time, transport-cc and audio level; 0: not sent.
	uint8_t ext_id[AM_EXT_COUNT];
	char video_mid[AM_MID_MAX + 1], audio_mid[AM_MID_MAX + 1];
	char cname[SPEAKER_CNAME_MAX];
	uint64_t start_offset_us; // into the clips, so that speakers differ
	const struct srtp_keys *keys; // for us as the DTLS client; copied
	void (*send)(void *context, const uint8_t *packet, size_t len); // SRTP or SRTCP
	// Each RTP packet, just before it is sent. May be NULL.
	void (*sent)(void *context, const struct speaker_packet *);
	void *context;
};

struct speaker_counts {
	uint64_t video_packets, video_bytes; // without resent packets; bytes of payloads
	uint64_t audio_packets, audio_bytes;
	uint64_t video_frames, key_frames;
	uint64_t reports; // RRs and SRs received
	uint64_t transport_feedback;
	uint64_t nacked; // sequence numbers requested
	uint64_t resent;
	uint64_t key_requests; // PLI and FIR
	uint64_t refused; // SRTCP that did not verify or parse
};

// What a video packet is rebuilt from when it is requested again.
struct speaker_kept {
	const struct clip_frame *frame; // NULL: none
	uint32_t offset, len; // in the frame
	uint32_t timestamp;
	uint16_t seq;
	uint16_t picture_id;
	uint8_t tl0picidx;
	bool marker;
};

// One outgoing SSRC.
struct speaker_stream {
	uint32_t ssrc;
	uint32_t packets, bytes; // for SRs
	uint32_t timestamp_base;
	uint16_t seq; // of the next packet
	struct cipher_index index;
};

// One clip being played. Time is divided into slots of one frame, counted from the clip's
// beginning: frame n, modulo the clip's count, is for slot n.
struct speaker_track {
	struct speaker_stream stream;
	uint64_t slot; // next one
	uint64_t frame; // to be sent in that slot; ahead of it after a jump to a key frame
};

struct speaker {
	struct speaker_config config; // without its keys
	struct speaker_counts counts;
	struct speaker_track video, audio;
	struct speaker_stream rtx;
	struct cipher *cipher;
	struct cipher_key *key;
	struct srtp_receiver *receiver;
	uint64_t zero_ns; // when slot 0 began
	uint64_t report_due_ns;
	uint32_t rtcp_index;
	uint16_t transport_seq;
	uint16_t picture_id;
	uint8_t tl0picidx;
	bool started;
	bool muted; // set by the owner: audio goes on, but is not sent
	bool key_wanted;
	struct speaker_kept history[SPEAKER_HISTORY];
};

// Call srtp_init_library first. Sequence numbers, timestamps and picture ids begin at random. 0 or
// -errno.
[[nodiscard]] int speaker_init(struct speaker *, const struct speaker_config *);
void speaker_fini(struct speaker *);

// Sends what is due: frames, and every second SR and SDES. The first call starts the clips. Returns
// the number of RTP packets sent. After a long stall, the speaker continues where the clip would be
// by now.
unsigned speaker_tick(struct speaker *, uint64_t now_ns);

// When speaker_tick has something to send; 0 before the first call.
uint64_t speaker_deadline(const struct speaker *);

// Takes SRTCP, which it decrypts in place: NACKs are answered with RTX at once, PLI and FIR with a
// key frame as the next frame; reports and transport-wide feedback are counted.
void speaker_receive(struct speaker *, uint8_t *packet, size_t len, uint64_t now_ns);
