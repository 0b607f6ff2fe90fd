#include "learn.h"

#include "crypto/cipher.h"
#include "wire/rtp.h"

#include <string.h>

#define GCM_TAG 16
#define CM_TAG  10

// 0, or -errno if the key could not be made.
static int payload_decrypt(
        struct cipher *cipher, const struct srtp_keys *keys, uint32_t roc, const uint8_t *packet,
        const struct rtp_view *view, uint16_t payload_len, uint8_t *out
)
{
	struct cipher_job job = {
	        .key = cipher_key_create(keys),
	        .packet = out,
	        .payload = packet + view->payload_offset,
	        .roc = roc,
	        .payload_len = payload_len,
	        .header_len = (uint8_t)view->payload_offset,
	};

	if (!job.key)
		return -1;
	memcpy(out, packet, view->payload_offset);
	cipher_protect_burst(cipher, &job, 1);
	cipher_key_destroy((struct cipher_key *)(uintptr_t)job.key);
	return 0;
}

static bool view_read(
        const struct srtp_keys *keys, const uint8_t *packet, size_t len, struct rtp_view *view,
        uint16_t *payload_len
)
{
	size_t tag = keys->profile == SRTP_PROFILE_AEAD_AES_128_GCM ? GCM_TAG : CM_TAG;

	if (len + CIPHER_TRAILER_MAX > LEARN_PACKET_MAX ||
	    rtp_parse_header(packet, len, view) < 0 || view->payload_offset > UINT8_MAX ||
	    view->payload_len <= tag)
		return false;
	*payload_len = (uint16_t)(view->payload_len - tag);
	return true;
}

const uint8_t *learn_payload(
        struct cipher *cipher, const struct srtp_keys *keys, uint32_t roc, const uint8_t *packet,
        size_t len, uint8_t out[LEARN_PACKET_MAX], uint16_t *payload_len
)
{
	struct rtp_view view;

	if (!view_read(keys, packet, len, &view, payload_len) ||
	    payload_decrypt(cipher, keys, roc, packet, &view, *payload_len, out) < 0)
		return NULL;
	return out + view.payload_offset;
}

enum learned learn_offset(
        struct cipher *cipher, const struct srtp_keys *keys, struct stream *s,
        struct source *source, const uint8_t *packet, size_t len, uint64_t since
)
{
	uint8_t plain[LEARN_PACKET_MAX];
	struct source_match match = {0};
	struct rtp_view view;
	uint16_t payload_len;

	if (!view_read(keys, packet, len, &view, &payload_len))
		return LEARN_FOREIGN;
	uint32_t roc = stream_extend(s->top, view.seq) >> 16, wrapped = 0;
	for (; wrapped < 2 && match.count == 0; wrapped++) {
		if (payload_decrypt(
		            cipher, keys, roc + wrapped, packet, &view, payload_len, plain
		    ) < 0)
			return LEARN_UNSURE;
		match = source_find(source, plain + view.payload_offset, payload_len, since);
	}
	if (match.count != 1)
		return match.count == 0 ? LEARN_FOREIGN : LEARN_UNSURE;
	// Packets before the first one that we saw may have been lost, and a wrap with them.
	s->first += (wrapped - 1) << 16;
	s->top += (wrapped - 1) << 16;
	s->seq_offset = (uint16_t)(view.seq - match.packet->seq);
	s->known = true;
	return LEARN_FOUND;
}
