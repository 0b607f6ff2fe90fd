// A client's outgoing SRTP with libsrtp2, to test the receiver with, and as the reference for
// crypto/cipher.h. It sends with keys->server, so a client swaps the two.
#pragma once

#include "crypto/srtp.h"

struct srtp_sender;

// Sends from any SSRC. NULL and errno: as srtp_receiver_create.
[[nodiscard]] struct srtp_sender *srtp_sender_create(const struct srtp_keys *);
void srtp_sender_destroy(struct srtp_sender *);

// Encrypt in place and append the trailer to a buffer of `capacity` bytes. Returns 0, or an error,
// and then nothing may be sent: -ENOSPC if the trailer does not fit, -EINVAL if the packet is
// malformed, -EALREADY if this index was used before (retransmissions travel on their own SSRC, RFC
// 4588, so a repeat would be a bug, and with another payload it would break GCM), -EKEYEXPIRED
// after 2^48 packets or 2^31 compounds, -ENOMEM.
[[nodiscard]] int
srtp_send_rtp(struct srtp_sender *, uint8_t *packet, size_t *len, size_t capacity);
[[nodiscard]] int
srtp_send_rtcp(struct srtp_sender *, uint8_t *packet, size_t *len, size_t capacity);
