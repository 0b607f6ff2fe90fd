// Session descriptions (RFC 8866) as Janus and a browser exchange them: reading an offer or answer
// of Janus, and writing a member's. Everything is bundled on one transport.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server.h"

#define SDP_MEDIA_MAX SERVER_STREAM_MAX
#define SDP_MID_URI   "urn:ietf:params:rtp-hdrext:sdes:mid"

// One m= section. A number is 0 if the section does not say it.
struct sdp_media {
	bool video;
	char mid[SERVER_MID_MAX + 1];
	uint8_t payload_type; // the first one of VP8 or opus
	uint8_t rtx_payload_type;
	uint8_t mid_id; // header extension
	uint32_t ssrc, rtx_ssrc;
};

struct sdp {
	char ufrag[SERVER_ICE_MAX + 1], pwd[SERVER_ICE_MAX + 1];
	uint8_t fingerprint[32];
	uint32_t ip; // of the first UDP candidate with an IPv4 address, host byte order
	uint16_t port;
	bool lite;
	uint16_t media_count;
	struct sdp_media media[SDP_MEDIA_MAX];
};

// 0; -EBADMSG if the text is not a description or lacks what a transport requires; -E2BIG.
[[nodiscard]] int sdp_parse(struct sdp *, const char *text);

// Writes a speaker's offer of its tracks. Returns the length, or 0 if `size` is too small.
size_t sdp_write_offer(const struct server_client *, char *out, size_t size);

// Writes a viewer's answer, which accepts all streams. Of the header extensions it accepts only the
// MID, so that the server does not spend time on others.
size_t
sdp_write_answer(const struct server_client *, const struct sdp *offer, char *out, size_t size);
