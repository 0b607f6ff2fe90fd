#include "binding.h"

#include <errno.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <string.h>

#include "am_reader.h"

#define COOKIE    0x2112a442u
#define HEADER    20
#define INTEGRITY 24 // MESSAGE-INTEGRITY with its head

enum {
	ATTR_USERNAME = 0x0006,
	ATTR_INTEGRITY = 0x0008,
	ATTR_ERROR_CODE = 0x0009,
	ATTR_XOR_MAPPED_ADDRESS = 0x0020,
	ATTR_PRIORITY = 0x0024,
	ATTR_USE_CANDIDATE = 0x0025,
	ATTR_FINGERPRINT = 0x8028,
	ATTR_ICE_CONTROLLED = 0x8029,
	ATTR_ICE_CONTROLLING = 0x802a,
};

static uint32_t crc32_of(const uint8_t *p, size_t len)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < len; i++) {
		crc ^= p[i];
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

static size_t head(uint8_t *out, uint16_t type, const uint8_t transaction[12])
{
	am_put_u16(out, type);
	am_put_u32(out + 4, COOKIE);
	memcpy(out + 8, transaction, 12);
	return HEADER;
}

static size_t attribute(uint8_t *out, size_t n, uint16_t type, const void *value, size_t len)
{
	am_put_u16(out + n, type);
	am_put_u16(out + n + 2, (uint16_t)len);
	memset(out + n + 4, 0, (len + 3) & ~(size_t)3);
	if (len)
		memcpy(out + n + 4, value, len);
	return n + 4 + ((len + 3) & ~(size_t)3);
}

static void hmac(const char *password, const uint8_t *bytes, size_t len, uint8_t tag[20])
{
	unsigned int tag_len = 20;
	HMAC(EVP_sha1(), password, (int)strlen(password), bytes, len, tag, &tag_len);
}

// The length field counts the attribute itself while its value is computed (RFC 8489 14.5, 14.7).
static size_t finish(uint8_t *out, size_t n, const char *password, bool fingerprint)
{
	uint8_t tag[20], crc[4];

	if (password) {
		am_put_u16(out + 2, (uint16_t)(n + INTEGRITY - HEADER));
		hmac(password, out, n, tag);
		n = attribute(out, n, ATTR_INTEGRITY, tag, sizeof(tag));
	}
	am_put_u16(out + 2, (uint16_t)(n - HEADER));
	if (fingerprint) {
		am_put_u16(out + 2, (uint16_t)(n + 8 - HEADER));
		am_put_u32(crc, crc32_of(out, n) ^ 0x5354554e);
		n = attribute(out, n, ATTR_FINGERPRINT, crc, sizeof(crc));
	}
	return n;
}

size_t binding_request_build(const struct binding_request *c, uint8_t out[BINDING_LEN_MAX])
{
	uint8_t priority[4], tie_breaker[8];
	size_t n = head(out, BINDING_REQUEST, c->transaction);

	am_put_u32(priority, c->priority);
	am_put_u64(tie_breaker, c->tie_breaker);
	n = attribute(out, n, ATTR_USERNAME, c->username, strlen(c->username));
	n = attribute(out, n, ATTR_PRIORITY, priority, sizeof(priority));
	n = attribute(
	        out, n, c->controlled ? ATTR_ICE_CONTROLLED : ATTR_ICE_CONTROLLING, tie_breaker,
	        sizeof(tie_breaker)
	);
	if (c->use_candidate)
		n = attribute(out, n, ATTR_USE_CANDIDATE, NULL, 0);
	return finish(out, n, c->password, !c->no_fingerprint);
}

static void mapped_parse(struct binding_message *m, const uint8_t *v, size_t len)
{
	uint16_t port = len >= 4 ? (uint16_t)((v[2] << 8 | v[3]) ^ (COOKIE >> 16)) : 0;
	uint8_t mask[16];

	am_put_u32(mask, COOKIE);
	memcpy(mask + 4, m->transaction, 12);
	if (len == 8 && v[1] == 1) {
		struct sockaddr_in *a = (struct sockaddr_in *)&m->mapped;
		a->sin_family = AF_INET;
		a->sin_port = htons(port);
		for (int i = 0; i < 4; i++)
			((uint8_t *)&a->sin_addr)[i] = v[4 + i] ^ mask[i];
	} else if (len == 20 && v[1] == 2) {
		struct sockaddr_in6 *a = (struct sockaddr_in6 *)&m->mapped;
		a->sin6_family = AF_INET6;
		a->sin6_port = htons(port);
		for (int i = 0; i < 16; i++)
			a->sin6_addr.s6_addr[i] = v[4 + i] ^ mask[i];
	}
}

static bool
integrity_check(const uint8_t *bytes, size_t at, const uint8_t *tag, const char *password)
{
	uint8_t copy[1500], want[20];

	memcpy(copy, bytes, at);
	am_put_u16(copy + 2, (uint16_t)(at + INTEGRITY - HEADER));
	hmac(password, copy, at, want);
	return CRYPTO_memcmp(tag, want, sizeof(want)) == 0;
}

int binding_parse(struct binding_message *m, const uint8_t *bytes, size_t len, const char *password)
{
	struct am_reader r = am_reader_init(bytes, len);

	*m = (struct binding_message){.type = am_read_u16(&r)};
	uint16_t body = am_read_u16(&r);
	uint32_t cookie = am_read_u32(&r);
	const uint8_t *transaction = am_reader_take(&r, 12);
	if (!transaction || cookie != COOKIE || body != am_reader_left(&r) || len > 1500)
		return -EBADMSG;
	memcpy(m->transaction, transaction, 12);
	while (am_reader_left(&r) > 0) {
		size_t at = (size_t)(r.next - bytes);
		uint16_t type = am_read_u16(&r), n = am_read_u16(&r);
		const uint8_t *v = am_reader_take(&r, ((size_t)n + 3) & ~(size_t)3);
		if (!v)
			return -EBADMSG;
		if (type == ATTR_INTEGRITY && n == 20 && password)
			m->integrity_ok = integrity_check(bytes, at, v, password);
		else if (type == ATTR_FINGERPRINT && n == 4)
			m->fingerprint_ok =
			        am_reader_left(&r) == 0 &&
			        ((uint32_t)v[0] << 24 | (uint32_t)v[1] << 16 | (uint32_t)v[2] << 8 |
			         v[3]) == (crc32_of(bytes, at) ^ 0x5354554e);
		else if (type == ATTR_ERROR_CODE && n >= 4)
			m->error = (uint16_t)((v[2] & 7) * 100 + v[3]);
		else if (type == ATTR_XOR_MAPPED_ADDRESS)
			mapped_parse(m, v, n);
		else if (type == ATTR_USE_CANDIDATE)
			m->use_candidate = true;
	}
	return 0;
}

size_t binding_answer_build(
        const struct binding_message *request, const char *password, const struct sockaddr *to,
        uint8_t out[BINDING_LEN_MAX]
)
{
	bool v6 = to->sa_family == AF_INET6;
	const struct sockaddr_in *a = (const struct sockaddr_in *)to;
	const struct sockaddr_in6 *a6 = (const struct sockaddr_in6 *)to;
	const void *ip = v6 ? (const void *)&a6->sin6_addr : (const void *)&a->sin_addr;
	uint8_t value[20] = {0, v6 ? 2 : 1};
	size_t len = v6 ? 20 : 8;
	size_t n = head(out, BINDING_SUCCESS, request->transaction);

	// The port is at the same offset in both.
	am_put_u16(value + 2, (uint16_t)(ntohs(a->sin_port) ^ (COOKIE >> 16)));
	memcpy(value + 4, ip, len - 4);
	for (size_t i = 4; i < len; i++)
		value[i] ^= out[i]; // out holds cookie and transaction in this order
	n = attribute(out, n, ATTR_XOR_MAPPED_ADDRESS, value, len);
	return finish(out, n, password, true);
}
