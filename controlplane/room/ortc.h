// RTP capabilities and parameters in the style of ORTC, as mediasoup-client uses them: match, map,
// derive. All payload types and extension ids towards viewers are those of the router.
//
//     publisher's RtpParameters ──ortc_media_read──▶ am_cmd_track_add   how the data plane reads it
//                                              └──▶ ortc_media ──┐
//     viewer's RtpCapabilities ──ortc_caps_read──▶ ortc_caps ────┴──▶ consumer's RtpParameters
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "am_schema.h"

struct json;

#define ORTC_MODE_MAX 15 // characters of a scalability mode

// Redundant audio (RFC 2198). It is not among the router's codecs, because mediasoup-client writes
// an SDP for it that browsers refuse. A client that lists it in its own capabilities can repair
// that SDP.
#define ORTC_RED_PAYLOAD_TYPE 109

enum ortc_kind {
	ORTC_AUDIO,
	ORTC_VIDEO,
	ORTC_KIND_COUNT,
};

enum ortc_direction { // as seen from the server
	ORTC_NONE,
	ORTC_RECEIVE,
	ORTC_BOTH,
};

// The router's codecs, by enum am_codec; the order is the order of preference.
struct ortc_codec {
	const char *mime;
	enum ortc_kind kind;
	uint32_t clock_rate;
	uint8_t channels;
	uint8_t payload_type;
	uint8_t rtx_payload_type; // 0: none
};
extern const struct ortc_codec ortc_codecs[AM_CODEC_COUNT];

// The router's header extensions, by enum am_extension.
struct ortc_extension {
	const char *uri;
	enum ortc_direction direction[ORTC_KIND_COUNT];
};
extern const struct ortc_extension ortc_extensions[AM_EXT_COUNT];

// RTCP feedback (RFC 4585 and others), as bits.
enum ortc_feedback {
	ORTC_NACK = 1,
	ORTC_PLI = 2,
	ORTC_FIR = 4,
	ORTC_REMB = 8,
	ORTC_TRANSPORT_CC = 16,
};

// What a viewer can receive, in the router's numbers.
struct ortc_caps {
	struct {
		bool usable;
		bool rtx;
		uint8_t feedback; // enum ortc_feedback
	} codecs[AM_CODEC_COUNT];
	uint16_t extensions[ORTC_KIND_COUNT]; // bit i: enum am_extension i
	bool red; // redundant audio
};

enum ortc_type {
	ORTC_SIMPLE,
	ORTC_SIMULCAST,
	ORTC_SVC,
};

// A publisher's stream as its viewers see it.
struct ortc_media {
	enum ortc_kind kind;
	enum am_codec codec;
	enum ortc_type type;
	uint8_t spatial_layers; // at least 1
	uint8_t temporal_layers; // 0: not announced
	uint16_t extensions; // that the publisher sends; bit i: enum am_extension i
	char mode[ORTC_MODE_MAX + 1]; // scalability mode for viewers, may be empty
	char cname[AM_CNAME_MAX + 1]; // never empty
	struct json *parameters; // of the codec, as ortc_fmtp returns them; owned
};

// The router's RtpCapabilities.
struct json *ortc_router_capabilities(void);

// Identifies ortc_router_capabilities; different capabilities have different versions.
const char *ortc_router_version(void);

// The router codec (enum am_codec) that a client's codec entry matches, or -1.
int ortc_codec_find(const struct json *codec);

// The extension with this uri, or AM_EXT_NONE.
enum am_extension ortc_extension_find(const char *uri);

// enum ortc_feedback bits of a codec's rtcpFeedback list.
uint8_t ortc_feedback_read(const struct json *codec);

// A router codec and its retransmission as entries of a codec list. pt_key is the key of payload
// types in that list; feedback has bits of enum ortc_feedback. The entry takes over the parameters.
struct json *ortc_codec_json(
        const struct ortc_codec *, const char *pt_key, struct json *parameters, uint8_t feedback
);
struct json *ortc_rtx_json(const struct ortc_codec *, const char *pt_key);
// The same for the redundant audio of a codec.
struct json *ortc_red_json(const struct ortc_codec *, const char *pt_key);

// Reads a viewer's RtpCapabilities. 0 or -EINVAL.
[[nodiscard]] int ortc_caps_read(struct ortc_caps *, const struct json *);

// Reads "audio" or "video" as enum ortc_kind; else -EINVAL.
[[nodiscard]] int ortc_kind_read(const char *);
const char *ortc_kind_name(enum ortc_kind);
const char *ortc_type_name(enum ortc_type);

// Reads a publisher's RtpParameters into *media and into the stream's part of *add; the caller
// fills in the ids. cname is for publishers that give none. Returns 0, or -EINVAL with a reason in
// *why.
[[nodiscard]] int ortc_media_read(
        struct ortc_media *media, struct am_cmd_track_add *add, enum ortc_kind,
        const struct json *parameters, const char *cname, const char **why
);
void ortc_media_fini(struct ortc_media *);

// The publisher's codec parameters (fmtp) that the codec defines and whose values are valid. A
// strict SDP parser would refuse a viewer's whole description because of any other parameter. Owned
// by the caller.
[[nodiscard]] struct json *ortc_fmtp(enum am_codec, const struct json *given);

bool ortc_can_consume(const struct ortc_media *, const struct ortc_caps *);

// True if the viewer receives retransmissions on a separate stream.
bool ortc_wants_rtx(const struct ortc_media *, const struct ortc_caps *);

// True if the viewer may be sent redundant audio, under ORTC_RED_PAYLOAD_TYPE.
bool ortc_wants_red(const struct ortc_media *, const struct ortc_caps *);

// True if the viewer's copies carry transport-wide sequence numbers, for which it sends feedback.
bool ortc_wants_transport_cc(const struct ortc_media *, const struct ortc_caps *);

// The RtpParameters of a consumer with these values, which it takes over. If rtx_ssrc is NULL,
// there is no retransmission.
struct json *ortc_consumer_parameters(
        const struct ortc_media *, const struct ortc_caps *, struct json *mid, struct json *ssrc,
        struct json *rtx_ssrc
);

// Viewers of the same class receive the same parameters, except for mid, ssrc and rtx_ssrc.
uint32_t ortc_consumer_class(const struct ortc_media *, const struct ortc_caps *);

// True if both profile-level-ids (RFC 6184 8.1; NULL: constrained baseline) name the same profile.
[[nodiscard]] bool ortc_h264_same_profile(const char *a, const char *b);
