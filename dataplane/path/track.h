// A track on its publisher's worker, with its encodings as they come in, and the packets that it
// passes on.
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <rte_mbuf.h>

#include "am_schema.h"
#include "host/port.h"
#include "media/access_unit.h"
#include "media/dependency_descriptor.h"
#include "media/hold.h"
#include "media/keyframe.h"
#include "media/level.h"
#include "media/nack.h"
#include "media/numbering.h"
#include "media/reception.h"
#include "media/temporal.h"
#include "media/track_packet.h"
#include "media/voices.h"
#include "path/transport.h"
#include "wire/clock.h"
#include "wire/rtp.h"

#define TRACK_STREAM_AGE_US 1000000 // without a packet for this long, an encoding is inactive
#define TRACK_SCREEN_AGE_US                                                                        \
	3000000 // … for a screen, which stands still and whose pictures are large

// A viewer chooses among spatial layers if there is one encoding and the payload format describes
// them: VP9 (RFC 9628). AV1's are relayed whole, because browsers decode them only with a
// dependency descriptor, which would have to be rewritten for each viewer. 1: no spatial layers.
static inline uint8_t track_spatial_limits(const struct am_cmd_track_add *p)
{
	static_assert(SPATIAL_LIMITS <= AM_ENCODING_MAX);
	return p->codec == AM_CODEC_VP9 && p->encoding_count == 1 ? SPATIAL_LIMITS : 1;
}

// One encoding of a track, as it comes in.
struct track_stream {
	uint32_t ssrc; // 0: not seen yet, here and below
	uint32_t rtx_ssrc;
	struct numbering numbering;
	int64_t arrived_us; // of the last packet, 0: none yet
	uint64_t octets; // of payload received
	uint32_t packets; // received, including repairs
	uint32_t repaired; // by retransmission
	bool left; // it sent a BYE, and nothing has come since
	struct rtp_clock clock;
	struct reception reception;
	struct hold hold; // of mbufs, if NACKs may repair gaps
	struct nack nack;
	struct keyframe keyframe;
	uint64_t key_seq; // source number with which the last key frame began; 0: none
	uint32_t key_timestamp; // of that key frame
	uint64_t tap_lost; // highest source number for whose loss the tap requested one; 0: none
	struct layer_counter counter;
	struct access_unit unit; // of H.264
	struct dependency_structure dependencies; // of AV1
	LIST_ENTRY(track_stream) holding; // in the worker's list while packets wait in hold
};

struct track {
	struct am_cmd_track_add params;
	struct transport *transport;
	struct rtp_track_format format;
	uint32_t workers; // bit per worker that has a fan-out
	bool paused;
	bool tapped; // the recorder gets a copy (tap.h)
	bool too_long_told; // the service thread has been told
	struct level level; // of audio
	struct voice voice; // of audio
	struct voices *voices; // of its room; NULL: the track is always forwarded
	// If there are spatial layers, stream n counts for spatial limit n, and its arrived_us is
	// that of layer n.
	struct track_stream streams[AM_ENCODING_MAX];
	struct ssrc_table *ssrcs; // for its transport if that has none yet; NULL otherwise
	struct twcc *twcc; // likewise
	TAILQ_ENTRY(track) entry; // of its transport
};

// Which encodings or spatial layers are being received, a bit each.
static inline uint8_t track_active(const struct track *t, int64_t now_us)
{
	uint8_t active = 0;
	uint8_t spatial = track_spatial_limits(&t->params);
	int count = RTE_MAX(t->params.encoding_count, spatial);
	int64_t age_us = t->params.screen ? TRACK_SCREEN_AGE_US : TRACK_STREAM_AGE_US;

	for (int i = 0; i < count; i++) {
		const struct track_stream *s = &t->streams[i];
		bool left = spatial > 1 ? t->streams[0].left : s->left;
		if (s->arrived_us && !left && now_us - s->arrived_us < age_us)
			active |= (uint8_t)(1 << i);
	}
	return active;
}

// A packet of a track, in the private area of the mbuf that holds the decrypted payload. Written
// once by the publisher's worker; read-only for everyone from the moment it is passed on.
struct media_packet {
	am_id track_id;
	struct track_packet info;
	struct rtp_template template;
	uint8_t active; // encodings or spatial layers that are being received, a bit each
	uint8_t picture_id_offset; // in the payload, with info.picture_id_bits
	uint8_t tl0picidx_offset;
	uint8_t patch_len; // bytes of the payload up to the last of those fields
	uint8_t header[RTP_TRACK_HEADER_LEN_MAX];
	int64_t ready_us; // when it was passed on; it may have waited for a repair before that
};
static_assert(sizeof(struct media_packet) <= PORT_MBUF_PRIV);

// What the publisher's worker has noted about a packet.
static inline const struct media_packet *media_packet_of(const struct rte_mbuf *m)
{
	return rte_mbuf_to_priv((struct rte_mbuf *)(uintptr_t)m);
}
