// Outgoing SRTP (RFC 3711, RFC 7714) for many viewers at once, and SRTCP in both directions, with
// ipsec-mb. crypto/srtp.h decrypts the RTP that publishers send.
//
//	            service thread                                worker
//	srtp_keys ─┬▶ cipher_key_create ────▶ struct cipher_key ────▶ cipher_protect_burst, _rtcp
//	           └▶ srtcp_receiver_create ▶ struct srtcp_receiver ▶ cipher_unprotect_rtcp
//
// A cipher_key holds the session keys of keys->server, prepared for this machine's instructions,
// and never changes. The caller keeps what changes: the RTCP index, and a cipher_index for each
// outgoing SSRC. A struct cipher is one worker's scratch memory. Protecting allocates nothing,
// waits for nothing and keeps no packet once it has returned.
#pragma once

#include "crypto/cipher_job.h"
#include "crypto/srtp.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CIPHER_RTCP_TRAILER_MAX 20 // tag and index word
#define CIPHER_RTCP_INDEX_MAX   0x7fffffffu // RFC 3711 3.4: 31 bits
#define CIPHER_INDEX_WINDOW     1024 // packets behind the newest that may still be sent, once

struct cipher;
struct cipher_key;
struct srtcp_receiver; // keys of keys->client and what was accepted under them

// A late packet that srtp_receive_rtp accepted can still be sent to viewers.
static_assert(CIPHER_INDEX_WINDOW >= SRTP_WINDOW);

// The indexes that one outgoing SSRC has used under its key; all zero at first. Written by the
// SSRC's worker. It must live as long as the key, even if the stream pauses or its subscription
// ends and returns: only a new key may begin at zero again.
struct cipher_index {
	uint64_t top; // highest index taken: 32 bits of rollover counter, 16 of sequence number
	// Which indexes are taken, a bit each, in blocks of 64: the one that contains top, and
	// those before it. So a packet in order touches one cache line.
	uint64_t current;
	uint64_t blocks[CIPHER_INDEX_WINDOW / 64];
};

static inline uint64_t *cipher_index_block(struct cipher_index *i, uint64_t index)
{
	if (index / 64 == i->top / 64)
		return &i->current;
	return &i->blocks[index / 64 % (CIPHER_INDEX_WINDOW / 64)];
}

// Moves the window to `index`, which is above top: the indexes in between are not taken.
static inline void cipher_index_advance(struct cipher_index *i, uint64_t index)
{
	const uint64_t count = CIPHER_INDEX_WINDOW / 64;
	uint64_t block = i->top / 64;

	if (index / 64 != block) {
		i->blocks[block % count] = i->current;
		i->current = 0;
		if (index / 64 - block > count)
			block = index / 64 - count - 1;
		while (++block < index / 64)
			i->blocks[block % count] = 0;
	}
	i->top = index;
}

// Take a sequence number for one packet. False if its index was taken before or may have been; then
// nothing may be sent, since a nonce used twice reveals GCM's authentication key (RFC 7714 8.1).
// Sets *roc to the nearest rollover counter (RFC 3711 3.3.1).
[[nodiscard]] static inline bool
cipher_index_take(struct cipher_index *i, uint16_t seq, uint32_t *roc)
{
	bool started = i->current >> (i->top & 63) & 1;
	int16_t ahead = (int16_t)(uint16_t)(seq - (uint16_t)i->top);
	uint64_t index = started ? i->top + (uint64_t)(int64_t)ahead : seq;

	if (index >> 48 != 0) // before the first wrap, or after 2^48 packets
		return false;
	if (!started)
		i->top = index;
	else if (ahead > 0)
		cipher_index_advance(i, index);
	else if (ahead <= -CIPHER_INDEX_WINDOW)
		return false;
	uint64_t *block = cipher_index_block(i, index), bit = UINT64_C(1) << (index & 63);
	if (*block & bit)
		return false;
	*block |= bit;
	*roc = (uint32_t)(index >> 16);
	return true;
}

// A copy of the session keys of keys->server, for one thread at a time. NULL and errno: EINVAL for
// an unknown profile, ENOMEM, EIO if the crypto library failed.
[[nodiscard]] struct cipher_key *cipher_key_create(const struct srtp_keys *);

// Wipes and frees the key, which no cipher may still be using. NULL is allowed.
void cipher_key_destroy(struct cipher_key *);

// The same for incoming SRTCP: session keys of keys->client.
[[nodiscard]] struct srtcp_receiver *srtcp_receiver_create(const struct srtp_keys *);
void srtcp_receiver_destroy(struct srtcp_receiver *);

// The scratch memory of one worker. NULL and errno: ENOMEM, EIO if ipsec-mb fails its own tests.
[[nodiscard]] struct cipher *cipher_create(void);
void cipher_destroy(struct cipher *);

// Returns an enum srtp_profile_id.
[[nodiscard]] uint8_t cipher_key_profile(const struct cipher_key *);

// Prefetch the parts of a key of this profile that a packet of len bytes requires. Call it for each
// viewer while its jobs are made, so that memory has a whole burst's time to answer. Does not touch
// the key.
void cipher_key_prefetch(const struct cipher_key *, uint8_t profile, size_t len);

// Encrypt n copies into their packets, append the tags and set each job's len. Profiles may mix. n
// may be any number; multiples of CIPHER_BURST are best. Cannot fail: the caller guarantees the
// lengths, which are asserted.
void cipher_protect_burst(struct cipher *, struct cipher_job *, unsigned n);

// Encrypt a compound in place and append the trailer to a buffer of `capacity` bytes. The caller
// counts `index` from 1, with one counter per key, and never repeats it. Returns 0, or an error,
// and then nothing may be sent: -ENOSPC if the trailer does not fit, -EINVAL if the packet is too
// short, -EKEYEXPIRED if the index is above CIPHER_RTCP_INDEX_MAX.
[[nodiscard]] int cipher_protect_rtcp(
        struct cipher *, const struct cipher_key *, uint32_t index, uint8_t *packet, size_t *len,
        size_t capacity
);

// Verify, then decrypt in place and shorten *len. Returns 0, or an error; then drop the packet, of
// which only the bytes have changed: -EINVAL if it is malformed, or not encrypted although CM
// requires that; -EBADMSG if the tag is wrong; -EALREADY if it is a replay or older than
// SRTCP_WINDOW.
[[nodiscard]] int
cipher_unprotect_rtcp(struct cipher *, struct srtcp_receiver *, uint8_t *packet, size_t *len);
