#include "srtp_reference.h"

#include "am_reader.h"

#include <assert.h>
#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define RTCP_HEADER_LEN 8
#define GCM_TAG_LEN     16
#define SHA1_TAG_LEN    10
#define E_BIT           0x80000000u

static uint8_t digit(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : tolower(c) - 'a' + 10);
}

size_t reference_hex(const char *text, uint8_t *out, size_t size)
{
	size_t n = 0;
	while (*text != '\0') {
		if (*text == ' ') {
			text++;
			continue;
		}
		assert(n < size && isxdigit(text[0]) && isxdigit(text[1]));
		out[n++] = (uint8_t)(digit(text[0]) << 4 | digit(text[1]));
		text += 2;
	}
	return n;
}

void reference_ctr(const uint8_t *key, const uint8_t *block, uint8_t *bytes, size_t len)
{
	int n;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	assert(EVP_EncryptInit_ex2(ctx, EVP_aes_128_ctr(), key, block, NULL) == 1);
	assert(EVP_EncryptUpdate(ctx, bytes, &n, bytes, (int)len) == 1);
	EVP_CIPHER_CTX_free(ctx);
}

// RFC 3711 4.3.3, key derivation rate 0. A GCM salt of 12 bytes is padded with zeros (RFC 7714 11).
void reference_derive(const struct srtp_master *master, uint8_t label, uint8_t *out, size_t len)
{
	uint8_t block[16] = {0};
	memcpy(block, master->salt, SRTP_SALT_LEN_MAX);
	block[7] ^= label;
	memset(out, 0, len);
	reference_ctr(master->key, block, out, len);
}

void reference_derive_all(
        struct reference_keys *k, uint8_t profile, const struct srtp_master *master, uint8_t first
)
{
	struct srtp_master padded = *master;
	for (size_t i = srtp_salt_len(profile); i < SRTP_SALT_LEN_MAX; i++)
		padded.salt[i] = 0;
	k->profile = profile;
	reference_derive(&padded, first, k->cipher, sizeof(k->cipher));
	reference_derive(&padded, first + 1, k->auth, sizeof(k->auth));
	reference_derive(&padded, first + 2, k->salt, sizeof(k->salt));
}

// Encrypts `plain_len` bytes at `bytes` and writes the tag after them. The additional data is in
// two parts, as SRTCP has it.
static void
gcm(const struct reference_keys *k, const uint8_t *iv, const uint8_t *aad1, size_t aad1_len,
    const uint8_t *aad2, size_t aad2_len, uint8_t *bytes, size_t plain_len)
{
	int n;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	assert(EVP_EncryptInit_ex2(ctx, EVP_aes_128_gcm(), k->cipher, iv, NULL) == 1);
	assert(EVP_EncryptUpdate(ctx, NULL, &n, aad1, (int)aad1_len) == 1);
	if (aad2_len > 0)
		assert(EVP_EncryptUpdate(ctx, NULL, &n, aad2, (int)aad2_len) == 1);
	if (plain_len > 0)
		assert(EVP_EncryptUpdate(ctx, bytes, &n, bytes, (int)plain_len) == 1);
	assert(EVP_EncryptFinal_ex(ctx, bytes + plain_len, &n) == 1);
	assert(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, GCM_TAG_LEN, bytes + plain_len) == 1
	);
	EVP_CIPHER_CTX_free(ctx);
}

// RFC 3711 4.2.1: HMAC-SHA1 over the packet and, for SRTP, the rollover counter; 80 bits of it.
static void hmac(const struct reference_keys *k, const uint8_t *bytes, size_t len, uint8_t *tag)
{
	uint8_t full[20];
	unsigned int full_len = sizeof(full);
	HMAC(EVP_sha1(), k->auth, sizeof(k->auth), bytes, len, full, &full_len);
	memcpy(tag, full, SHA1_TAG_LEN);
}

// RFC 3711 4.1.1: salt * 2^16 xor SSRC * 2^64 xor index * 2^16.
static void
cm_block(const struct reference_keys *k, const uint8_t *ssrc, uint64_t index, uint8_t block[16])
{
	memset(block, 0, 16);
	memcpy(block, k->salt, SRTP_SALT_LEN_MAX);
	for (int i = 0; i < 4; i++)
		block[4 + i] ^= ssrc[i];
	for (int i = 0; i < 6; i++)
		block[8 + i] ^= (uint8_t)(index >> (40 - 8 * i));
}

size_t reference_protect_rtp(
        const struct reference_keys *k, uint8_t *packet, size_t header_len, size_t len, uint32_t roc
)
{
	uint8_t *payload = packet + header_len;
	if (k->profile == SRTP_PROFILE_AEAD_AES_128_GCM) {
		uint8_t iv[12] = {0}; // RFC 7714 8.1
		memcpy(iv + 2, packet + 8, 4);
		am_put_u32(iv + 6, roc);
		memcpy(iv + 10, packet + 2, 2);
		for (int i = 0; i < 12; i++)
			iv[i] ^= k->salt[i];
		gcm(k, iv, packet, header_len, NULL, 0, payload, len - header_len);
		return len + GCM_TAG_LEN;
	}

	uint8_t block[16];
	uint64_t seq = (uint64_t)packet[2] << 8 | packet[3];
	cm_block(k, packet + 8, (uint64_t)roc << 16 | seq, block);
	reference_ctr(k->cipher, block, payload, len - header_len);
	am_put_u32(packet + len, roc); // overwritten by the tag
	uint8_t tag[SHA1_TAG_LEN];
	hmac(k, packet, len + 4, tag);
	memcpy(packet + len, tag, sizeof(tag));
	return len + SHA1_TAG_LEN;
}

size_t
reference_protect_rtcp(const struct reference_keys *k, uint8_t *packet, size_t len, uint32_t index)
{
	uint8_t word[4];
	uint8_t *body = packet + RTCP_HEADER_LEN;
	am_put_u32(word, E_BIT | index);
	if (k->profile == SRTP_PROFILE_AEAD_AES_128_GCM) {
		uint8_t iv[12] = {0}; // RFC 7714 9.1
		memcpy(iv + 2, packet + 4, 4);
		am_put_u32(iv + 8, index);
		for (int i = 0; i < 12; i++)
			iv[i] ^= k->salt[i];
		gcm(k, iv, packet, RTCP_HEADER_LEN, word, sizeof(word), body,
		    len - RTCP_HEADER_LEN);
		memcpy(packet + len + GCM_TAG_LEN, word, sizeof(word));
		return len + GCM_TAG_LEN + sizeof(word);
	}

	uint8_t block[16];
	cm_block(k, packet + 4, index, block);
	reference_ctr(k->cipher, block, body, len - RTCP_HEADER_LEN);
	memcpy(packet + len, word, sizeof(word));
	hmac(k, packet, len + sizeof(word), packet + len + sizeof(word));
	return len + sizeof(word) + SHA1_TAG_LEN;
}
