// Incoming SRTP of one publisher (RFC 3711, RFC 7714), and SRTCP as the reference for
// crypto/cipher.h, which the data plane uses for SRTCP. Only two files use libsrtp2: crypto/srtp.c,
// per packet, and crypto/srtp_session.c, which creates and destroys. The names are the server's
// view, whatever its DTLS role: it receives with keys->client and sends with keys->server; a client
// swaps the two.
//
//	dtls_srtp_keys ──▶ struct srtp_keys ──▶ srtp_receiver_create ──▶ srtp_receive_rtp, _rtcp
//	                    (then wiped)
//
// Each object belongs to one thread at a time. Nothing is allocated per packet: libsrtp makes one
// stream, by malloc, at the first packet of each SSRC, and for received packets only once the tag
// has verified. So a stranger causes no allocation, and a peer at most SRTP_SSRC_MAX streams
// (crypto/srtp_state.h).
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "crypto/profile.h"

#define SRTP_WINDOW 1024 // RTP packets behind the newest that are still accepted

// The most that a sender appends: the tag, and for SRTCP the index (RFC 7714 9.2: tag, E bit and
// index).
#define SRTP_TRAILER_MAX  16
#define SRTCP_TRAILER_MAX 20

// A master key. GCM uses the first 12 bytes of the salt.
struct srtp_master {
	uint8_t key[SRTP_KEY_LEN];
	uint8_t salt[SRTP_SALT_LEN_MAX];
};

// What a DTLS handshake yields (RFC 5764 4.2). Its holder wipes it after use.
struct srtp_keys {
	uint8_t profile; // enum srtp_profile_id
	struct srtp_master client; // the client encrypts with it
	struct srtp_master server; // we encrypt with it
};

struct srtp_receiver;

void srtp_keys_wipe(struct srtp_keys *);

// Once per process, before anything else. 0, or -EIO if libsrtp fails its own tests.
[[nodiscard]] int srtp_init_library(void);

// Accepts any SSRC. Copies the keys. NULL and errno: EINVAL for an unknown profile, ENOMEM.
[[nodiscard]] struct srtp_receiver *srtp_receiver_create(const struct srtp_keys *);
void srtp_receiver_destroy(struct srtp_receiver *);

// Verify, then decrypt in place and shorten *len. Returns 0, or an error; then drop the packet, of
// which only the bytes have changed: -EINVAL if it is malformed, -EBADMSG if the tag is wrong,
// -EALREADY if it is a replay or older than the window, -ENOSPC if SRTP_SSRC_MAX streams are held,
// -ENOMEM. When there are SRTP_SSRC_MAX streams, a new one replaces the one that has been silent
// longest and is not held. Only packets of no track and old reports of that stream can then be
// replayed.
[[nodiscard]] int srtp_receive_rtp(struct srtp_receiver *, uint8_t *packet, size_t *len);
[[nodiscard]] int srtp_receive_rtcp(struct srtp_receiver *, uint8_t *packet, size_t *len);

// Keep this SSRC's stream, which has received a packet, until srtp_receiver_forget: its packets are
// relayed, so none may be replayed.
void srtp_receiver_hold(struct srtp_receiver *, uint32_t ssrc);

// Free the stream of an SSRC that has ended. Its replay window goes with it: from now on, the
// caller itself must drop packets from this SSRC.
void srtp_receiver_forget(struct srtp_receiver *, uint32_t ssrc);
