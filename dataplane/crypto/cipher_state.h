// The layout of outgoing keys, for the two files that touch ipsec-mb: crypto/cipher.c, per packet,
// and crypto/cipher_key.c, which creates and destroys.
//
// A key begins with what each packet requires, in order of use. What RTCP requires, a few times a
// second, follows on cache lines of its own:
//
//	GCM  | salt, profile | round keys, powers of the hash key | RTCP's salt and AES key |
//	     0               16                                   1024                      1088
//	CM   | salt, profile | round keys, SHA-1 states | RTCP's salt, round keys, states |
//	     0               16                         256                               512
#pragma once

#include <assert.h>
#include <intel-ipsec-mb.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/cipher_job.h"
#include "crypto/profile.h"
#include "crypto/srtcp_replay.h"

#define CIPHER_LINE       64 // bytes of a cache line
#define CIPHER_ROUND_KEYS 176 // bytes of AES-128's schedule
#define CIPHER_SHA1_LEN   20

// The salt is padded with zeros. Of the two bytes after it, one is used.
struct cipher_salt {
	alignas(16) uint8_t bytes[SRTP_SALT_LEN_MAX];
	uint8_t profile; // enum srtp_profile_id
};

// Every key begins with this struct.
struct cipher_key {
	struct cipher_salt salt;
};

// Powers of the hash key take 768 bytes. RTCP stores none: making them from its AES key for each
// packet costs 110 ns, but saves 1 KiB per viewer.
struct cipher_key_gcm {
	alignas(CIPHER_LINE) struct cipher_key head;
	struct gcm_key_data rtp; // ipsec-mb reads it unaligned
	alignas(CIPHER_LINE) struct cipher_salt rtcp_salt;
	uint8_t rtcp_key[SRTP_KEY_LEN];
};
static_assert(offsetof(struct cipher_key_gcm, rtcp_salt) == 1024);
static_assert(sizeof(struct cipher_key_gcm) == 1088);

// AES-128-CTR and HMAC-SHA1 with the key's first block already hashed (RFC 2104 4).
struct cipher_cm {
	alignas(16) uint8_t round_keys[CIPHER_ROUND_KEYS];
	alignas(16) uint8_t inner[CIPHER_SHA1_LEN];
	alignas(16) uint8_t outer[CIPHER_SHA1_LEN];
};

struct cipher_key_cm {
	alignas(CIPHER_LINE) struct cipher_key head;
	struct cipher_cm rtp;
	alignas(CIPHER_LINE) struct cipher_salt rtcp_salt;
	struct cipher_cm rtcp;
};
static_assert(offsetof(struct cipher_key_cm, rtcp_salt) == 256);
static_assert(sizeof(struct cipher_key_cm) == 512);

struct srtcp_receiver {
	struct cipher_salt salt;
	union {
		uint8_t gcm_key[SRTP_KEY_LEN];
		struct cipher_cm cm;
	};
	struct srtcp_replay replay;
};

// Number of a key's cache lines that RTP requires.
#define CIPHER_LINES(key) (offsetof(struct key, rtcp_salt) / CIPHER_LINE)

// Job fields that are the same for every packet are written once.
struct cipher {
	aes_gcm_enc_dec_t gcm_encrypt;
	aes_gcm_enc_dec_t gcm_decrypt;
	aes_gcm_pre_t gcm_prepare;
	IMB_MGR *ctr; // managers keep state, so each kind of use has its own
	IMB_MGR *hmac; // many lanes: wide, but slow if few are filled
	IMB_MGR *hmac_few; // with SHA instructions, one or two lanes; else the same as hmac
	struct gcm_context_data gcm;
	IMB_JOB ctr_job;
	struct cipher_job *hashed[CIPHER_BURST]; // the jobs that hmac_jobs hash
	IMB_JOB hmac_jobs[CIPHER_BURST];
	uint8_t tags[CIPHER_BURST][CIPHER_SHA1_LEN]; // ipsec-mb writes 12 or 20 bytes, never 10
};
