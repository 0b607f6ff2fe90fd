// A client's transport as the packet path sees it, and what the path knows of its viewer.
//
//     publisher's worker                                       each worker with subscribers
//     transport ─▶ track ─▶ stream (one encoding)  ──packet──▶  fanout ─▶ subscription ─▶ transport
//
// The service thread allocates each of these objects and hands it to one worker by message; from
// then on only that worker touches it, until it hands it back to be freed. The track (track.h) and
// its fan-outs (fanout.h) are different objects because they may live on different workers: only
// read-only packets cross between them.
#pragma once

#include <assert.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "am_schema.h"
#include "crypto/cipher.h"
#include "crypto/srtp.h"
#include "media/allocation.h"
#include "media/downlink.h"
#include "media/expected.h"
#include "media/link.h"
#include "media/repeats.h"
#include "media/twcc.h"
#include "path/bucket.h"
#include "path/flow.h"
#include "wire/packet.h"

// Incoming SSRCs of one transport. Tracks that require more are refused.
#define TRANSPORT_SSRC_MAX  AM_SSRC_MAX
#define TRANSPORT_SSRC_OVER 128 // SSRCs that have ended; the oldest are forgotten
#define TRANSPORT_AWAITED   4 // as many as ICE keeps paths
// Retransmissions that one viewer's NACKs may cost, so that a lying viewer cannot make us multiply
// its traffic.
#define TRANSPORT_RTX_PER_S 1000
#define TRANSPORT_RTX_BURST 500
// What a client's RTCP may cost, in units of work. One unit is about the time to look up one number
// of a NACK (feedback.c). Without this limit, one viewer's lists of useless numbers could take a
// whole core.
#define TRANSPORT_RTCP_PER_S 10000
#define TRANSPORT_RTCP_BURST 5000

// An SSRC that a transport receives, as signaled or learned from MID and RID (RFC 8843 9.2).
struct ssrc_route {
	uint32_t ssrc;
	uint8_t stream; // index of the encoding
	bool rtx;
	bool held; // its SRTP stream is kept
	struct track *track;
};

struct ssrc_table {
	uint16_t count;
	uint16_t over_count, over_next; // a ring
	uint32_t over[TRANSPORT_SSRC_OVER]; // SSRCs that have ended; never learned again
	struct ssrc_route routes[TRANSPORT_SSRC_MAX];
};

// The viewer's side of a transport that has had subscriptions: what its link carries, and how much
// of that each video gets.
struct viewer {
	alignas(64) struct downlink downlink;
	struct allocation allocation;
	int64_t looked_us; // of the last look at it
	int64_t hurried_us; // of the last extra look, when its queue grew
	int64_t figured_us; // when its figures were last published
	struct bucket repairs; // bytes of retransmissions
	struct repeats repeats; // recent ones
	struct expected expected; // packets covered by its reports
	int64_t reported_us; // of the last report that covered any packets
	bool changed; // subscriptions or wishes have changed since the last look
	bool probing; // it is in the worker's list of viewers being probed
	uint32_t audio_bps; // of all audio that may be sent twice, counted once
	uint8_t shed; // the worker's shedding level that is applied to it
	bool roomy; // its link carries more than enough for everything
	int64_t pace_us; // when pace_bytes was updated
	int32_t pace_bytes; // bytes that may be sent
	uint32_t pace_sent; // bytes sent by then, low bits
	struct subscription *waiting; // first of the subscriptions with waiting packets
	int64_t rest_us; // when a video beyond ALLOCATION_PICTURES was last taken away
	uint8_t rest; // looks that may be skipped, since it is roomy
};

struct transport {
	// What each copy requires, in two cache lines.
	alignas(64) am_id id;
	struct viewer *viewer; // set once it has had a subscription; NULL before
	struct cipher_key *key; // for sending; NULL until DTLS is connected
	uint8_t key_profile; // of key
	bool slow; // its link has little to spare: video is paced
	bool doubled; // audio is sent twice: RED
	struct packet_route route; // to the selected tuple; route.len 0: not connected
	struct srtcp_receiver *rtcp_receiver; // NULL until DTLS is connected
	struct srtp_receiver *receiver; // of RTP; NULL until then and until it has a track
	uint32_t rtcp_index; // of the last SRTCP packet sent
	uint32_t feedback_ssrc; // of the RTCP that we originate towards a publisher
	struct ssrc_table *ssrcs; // set once it has had a track; NULL before
	TAILQ_HEAD(, track) tracks;
	TAILQ_HEAD(, subscription) subscriptions;
	struct twcc *twcc; // NULL: no transport-wide feedback
	int64_t twcc_sent_us;
	int64_t report_sent_us;
	struct link link;
	struct flow_key awaited[TRANSPORT_AWAITED]; // new paths, which an authentic packet proves
	uint8_t awaits; // bit per awaited path from which none has come yet
	uint8_t awaited_next; // index of the oldest, which the next one replaces
	struct bucket rtx; // retransmissions
	struct bucket rtcp; // work for its RTCP
	struct bucket in_packets, in_bytes; // authentic RTP that it may still send
	TAILQ_ENTRY(transport) publishers; // in the worker's list while it has tracks
	TAILQ_ENTRY(transport) viewers; // in the worker's list once it is a viewer
	TAILQ_ENTRY(transport) probing; // likewise, while a probe is sent to it
	TAILQ_ENTRY(transport) pacing; // likewise, while packets wait for its pace
};
static_assert(offsetof(struct transport, route) + sizeof(struct packet_route) <= 2 * 64);

// Whether packets wait for the viewer's pace.
static inline bool transport_has_backlog(const struct transport *t)
{
	return t->viewer->waiting;
}

#define TRANSPORT_RTT_US     50000 // of a viewer while it is unknown
#define TRANSPORT_RTT_US_MAX 1000000

// The round-trip time to a viewer. Reports and transport-wide feedback both measure it; queues and
// waits only lengthen it, so the shorter one counts.
static inline uint32_t transport_rtt_us(const struct transport *t)
{
	uint32_t us = t->link.rtt_ms * 1000u, answered_us = t->viewer->downlink.rtt_us;

	if (us == 0 || (answered_us > 0 && answered_us < us))
		us = answered_us;
	if (us == 0)
		return TRANSPORT_RTT_US;
	return us < TRANSPORT_RTT_US_MAX ? us : TRANSPORT_RTT_US_MAX;
}

// True once there is a path and a key to send with.
static inline bool transport_is_reachable(const struct transport *t)
{
	return t->key && t->route.len;
}
