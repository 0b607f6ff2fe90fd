// One RTP packet of a publisher on its way through receive.c.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "path/track.h"
#include "wire/rtp.h"

struct incoming {
	struct rtp_view view;
	const uint8_t *bytes; // of the decrypted RTP packet
	struct track *track;
	struct track_stream *stream;
	int64_t arrival_us;
	uint8_t index; // of the stream
	uint8_t source; // its number: numbering.source
	bool rtx;
	uint64_t source_seq; // extended sequence number, the publisher's
	uint64_t seq; // the encoding's
};

// An element of the packet's header, if the publisher negotiated this extension and it has this
// length. NULL: there is none.
static inline const uint8_t *
incoming_ext(const struct incoming *in, enum am_extension extension, uint8_t len)
{
	uint8_t id = in->track->params.extension_id[extension];
	struct rtp_ext ext;

	return id && rtp_ext_find(in->bytes, &in->view, id, &ext) && ext.len == len
	               ? in->bytes + ext.offset
	               : NULL;
}
