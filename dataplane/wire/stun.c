#include "wire/stun.h"

#include "am_reader.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <errno.h>
#include <string.h>

#define ATTR_HEADER_LEN 4
#define INTEGRITY_LEN   20 // HMAC-SHA1
#define FINGERPRINT_LEN 4
#define FINGERPRINT_XOR 0x5354554E // RFC 8489 14.7
#define ERROR_CODE_LEN  4 // with an empty reason phrase: responses stay smaller than requests
#define FAMILY_IPV4     1
#define FAMILY_IPV6     2
#define OPTIONAL_FIRST  0x8000 // RFC 8489 14: comprehension-optional from here

enum stun_attribute {
	ATTR_MAPPED_ADDRESS = 0x0001,
	ATTR_USERNAME = 0x0006,
	ATTR_MESSAGE_INTEGRITY = 0x0008,
	ATTR_ERROR_CODE = 0x0009,
	ATTR_UNKNOWN_ATTRIBUTES = 0x000A,
	ATTR_XOR_MAPPED_ADDRESS = 0x0020,
	ATTR_PRIORITY = 0x0024,
	ATTR_USE_CANDIDATE = 0x0025,
	ATTR_FINGERPRINT = 0x8028,
	ATTR_ICE_CONTROLLED = 0x8029,
	ATTR_ICE_CONTROLLING = 0x802A,
	ATTR_NOMINATION = 0xC001, // draft-thatcher-ice-renomination
};

// One attribute of a message being parsed.
struct attribute {
	const uint8_t *value;
	uint16_t type;
	uint16_t len;
	uint16_t offset; // of its header in the message
};

// The CRC-32 of ITU V.42, four bits at a time: messages are short, tables cost cache.
static uint32_t crc32(const uint8_t *bytes, size_t len)
{
	static const uint32_t table[16] = {
	        0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4,
	        0x4DB26158, 0x5005713C, 0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
	        0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
	};
	uint32_t crc = 0xFFFFFFFF;
	for (size_t i = 0; i < len; i++) {
		crc ^= bytes[i];
		crc = crc >> 4 ^ table[crc & 0x0F];
		crc = crc >> 4 ^ table[crc & 0x0F];
	}
	return ~crc;
}

// XOR-MAPPED-ADDRESS, RFC 8489 14.2. The transaction follows the cookie in the message.
static int
parse_mapped(const struct attribute *a, const uint8_t *cookie, struct stun_address *mapped)
{
	struct am_reader r = am_reader_init(a->value, a->len);
	am_read_u8(&r);
	uint8_t family = am_read_u8(&r);
	uint8_t ip_len = family == FAMILY_IPV4 ? 4 : 16;
	mapped->port = (uint16_t)(am_read_u16(&r) ^ (STUN_COOKIE >> 16));
	const uint8_t *ip = am_reader_take(&r, ip_len);
	if (ip == NULL || am_reader_left(&r) != 0 || family < FAMILY_IPV4 || family > FAMILY_IPV6)
		return -EBADMSG;

	for (uint8_t i = 0; i < ip_len; i++)
		mapped->ip[i] = ip[i] ^ cookie[i];
	mapped->ip_len = ip_len;
	return 0;
}

static int parse_role(const struct attribute *a, struct stun_message *m)
{
	struct am_reader r = am_reader_init(a->value, a->len);
	if (a->len != 8 || m->controlled || m->controlling)
		return -EBADMSG; // RFC 8445 7.1.3: one role

	m->tie_breaker = am_read_u64(&r);
	m->controlled = a->type == ATTR_ICE_CONTROLLED;
	m->controlling = !m->controlled;
	return 0;
}

static int parse_error(const struct attribute *a, struct stun_message *m)
{
	struct am_reader r = am_reader_init(a->value, a->len);
	am_read_u16(&r);
	uint8_t hundreds = am_read_u8(&r) & 0x07, rest = am_read_u8(&r);
	if (r.failed || hundreds < 3 || hundreds > 6 || rest > 99)
		return -EBADMSG;

	m->error_code = (uint16_t)(hundreds * 100 + rest);
	return 0;
}

static int
parse_fingerprint(const struct attribute *a, const uint8_t *bytes, struct stun_message *m)
{
	struct am_reader r = am_reader_init(a->value, a->len);
	uint32_t told = am_read_u32(&r);
	if (a->len != FINGERPRINT_LEN || told != (crc32(bytes, a->offset) ^ FINGERPRINT_XOR))
		return -EBADMSG;

	m->has_fingerprint = true;
	return 0;
}

static int parse_u32(const struct attribute *a, bool *has, uint32_t *value)
{
	struct am_reader r = am_reader_init(a->value, a->len);
	if (a->len != 4)
		return -EBADMSG;
	if (!*has) // RFC 8489 14: only the first of several counts
		*value = am_read_u32(&r);
	*has = true;
	return 0;
}

static int parse_username(const struct attribute *a, struct stun_message *m)
{
	if (a->len == 0 || a->len > STUN_USERNAME_LEN_MAX)
		return -EBADMSG;
	if (m->username == NULL) {
		m->username = a->value;
		m->username_len = a->len;
	}
	return 0;
}

static void note_unknown(struct stun_message *m, uint16_t type)
{
	if (type < OPTIONAL_FIRST && m->unknown_count < STUN_UNKNOWN_MAX)
		m->unknown[m->unknown_count++] = type;
}

static int parse_attribute(const struct attribute *a, const uint8_t *bytes, struct stun_message *m)
{
	if (a->type == ATTR_FINGERPRINT)
		return parse_fingerprint(a, bytes, m);
	if (m->integrity_offset != 0)
		return 0; // RFC 8489 14.5: not protected, so not read

	switch (a->type) {
	case ATTR_USERNAME: return parse_username(a, m);
	case ATTR_PRIORITY: return parse_u32(a, &m->has_priority, &m->priority);
	case ATTR_NOMINATION: return parse_u32(a, &m->has_nomination, &m->nomination);
	case ATTR_USE_CANDIDATE: m->use_candidate = true; return a->len == 0 ? 0 : -EBADMSG;
	case ATTR_ICE_CONTROLLED:
	case ATTR_ICE_CONTROLLING: return parse_role(a, m);
	case ATTR_XOR_MAPPED_ADDRESS: return parse_mapped(a, bytes + 4, &m->mapped);
	case ATTR_ERROR_CODE: return parse_error(a, m);
	case ATTR_MESSAGE_INTEGRITY:
		m->integrity_offset = a->offset;
		return a->len == INTEGRITY_LEN ? 0 : -EBADMSG;
	case ATTR_MAPPED_ADDRESS:
	case ATTR_UNKNOWN_ATTRIBUTES: return 0;
	default: note_unknown(m, a->type); return 0;
	}
}

int stun_parse(const uint8_t *bytes, size_t len, struct stun_message *message)
{
	struct am_reader r = am_reader_init(bytes, len);
	struct stun_message m = {.type = am_read_u16(&r)};
	uint16_t body_len = am_read_u16(&r);
	uint32_t cookie = am_read_u32(&r);
	m.transaction = am_reader_take(&r, STUN_TRANSACTION_LEN);
	if (r.failed || len > STUN_LEN_MAX || m.type > 0x3FFF || cookie != STUN_COOKIE ||
	    body_len != am_reader_left(&r) || body_len % 4 != 0)
		return -EBADMSG;

	while (am_reader_left(&r) > 0) {
		struct attribute a = {.offset = (uint16_t)(r.next - bytes)};
		a.type = am_read_u16(&r);
		a.len = am_read_u16(&r);
		a.value = am_reader_take(&r, a.len);
		am_reader_take(&r, -(size_t)a.len & 3);
		if (r.failed || m.has_fingerprint) // RFC 8489 14.7: it is the last
			return -EBADMSG;
		int ret = parse_attribute(&a, bytes, &m);
		if (ret < 0)
			return ret;
	}
	*message = m;
	return 0;
}

// The HMAC-SHA1 of a message up to its MESSAGE-INTEGRITY attribute, whose length the header already
// counts (RFC 8489 14.5). `bytes` is changed only in that field.
static bool
sign(uint8_t *bytes, size_t offset, const char *password, size_t password_len,
     uint8_t digest[static INTEGRITY_LEN])
{
	unsigned int digest_len = 0;
	am_put_u16(
	        bytes + 2, (uint16_t)(offset + ATTR_HEADER_LEN + INTEGRITY_LEN - STUN_HEADER_LEN)
	);
	return password_len <= INT32_MAX &&
	       HMAC(EVP_sha1(), password, (int)password_len, bytes, offset, digest, &digest_len) !=
	               NULL &&
	       digest_len == INTEGRITY_LEN;
}

bool stun_verify(
        const uint8_t *bytes, size_t len, const struct stun_message *m, const char *password,
        size_t password_len
)
{
	uint8_t copy[STUN_LEN_MAX], digest[INTEGRITY_LEN];
	size_t offset = m->integrity_offset;
	if (offset == 0 || len > sizeof(copy) || offset + ATTR_HEADER_LEN + INTEGRITY_LEN > len)
		return false;

	memcpy(copy, bytes, offset);
	if (!sign(copy, offset, password, password_len, digest))
		return false;
	return CRYPTO_memcmp(digest, bytes + offset + ATTR_HEADER_LEN, INTEGRITY_LEN) == 0;
}

const uint8_t *stun_local_ufrag(const struct stun_message *m, size_t *len)
{
	if (m->username == NULL)
		return NULL;

	const uint8_t *colon = memchr(m->username, ':', m->username_len);
	if (colon == NULL || colon == m->username)
		return NULL;
	*len = (size_t)(colon - m->username);
	return m->username;
}

// A message being built in the caller's buffer.
struct writer {
	uint8_t *buf;
	size_t size;
	size_t len;
	bool failed;
};

static struct writer
begin(uint8_t *buf, size_t size, enum stun_type type, const uint8_t *transaction)
{
	struct writer w = {.buf = buf, .size = size, .len = STUN_HEADER_LEN};
	w.failed = size < STUN_HEADER_LEN;
	if (w.failed)
		return w;

	am_put_u16(buf, (uint16_t)type);
	am_put_u16(buf + 2, 0);
	am_put_u32(buf + 4, STUN_COOKIE);
	memcpy(buf + 8, transaction, STUN_TRANSACTION_LEN);
	return w;
}

// Append an attribute with its value and padding zeroed: no old byte of the buffer is ever sent.
// Returns where the value goes, or NULL if it does not fit.
static uint8_t *append(struct writer *w, enum stun_attribute type, size_t len)
{
	size_t whole = ATTR_HEADER_LEN + ((len + 3) & ~(size_t)3);
	if (w->failed || len > UINT16_MAX || w->size - w->len < whole) {
		w->failed = true;
		return NULL;
	}
	uint8_t *p = w->buf + w->len;
	memset(p, 0, whole);
	am_put_u16(p, (uint16_t)type);
	am_put_u16(p + 2, (uint16_t)len);
	w->len += whole;
	return p + ATTR_HEADER_LEN;
}

static void append_u32(struct writer *w, enum stun_attribute type, uint32_t value)
{
	uint8_t *p = append(w, type, 4);
	if (p != NULL)
		am_put_u32(p, value);
}

// MESSAGE-INTEGRITY if there is a password, FINGERPRINT, and the final length.
static size_t finish(struct writer *w, const char *password, size_t password_len)
{
	if (password != NULL) {
		size_t offset = w->len;
		uint8_t *digest = append(w, ATTR_MESSAGE_INTEGRITY, INTEGRITY_LEN);
		if (digest == NULL || !sign(w->buf, offset, password, password_len, digest))
			return 0;
	}
	size_t offset = w->len;
	uint8_t *fingerprint = append(w, ATTR_FINGERPRINT, FINGERPRINT_LEN);
	if (fingerprint == NULL)
		return 0;

	am_put_u16(w->buf + 2, (uint16_t)(w->len - STUN_HEADER_LEN));
	am_put_u32(fingerprint, crc32(w->buf, offset) ^ FINGERPRINT_XOR);
	return w->len;
}

size_t stun_build_request(uint8_t *buf, size_t size, const struct stun_request *q)
{
	struct writer w = begin(buf, size, STUN_BINDING_REQUEST, q->transaction);
	uint8_t *username = append(&w, ATTR_USERNAME, q->username_len);
	if (username != NULL)
		memcpy(username, q->username, q->username_len);
	append_u32(&w, ATTR_PRIORITY, q->priority);
	uint8_t *tie_breaker =
	        append(&w, q->controlled ? ATTR_ICE_CONTROLLED : ATTR_ICE_CONTROLLING, 8);
	if (tie_breaker != NULL)
		am_put_u64(tie_breaker, q->tie_breaker);
	if (q->use_candidate)
		append(&w, ATTR_USE_CANDIDATE, 0);
	if (q->has_nomination)
		append_u32(&w, ATTR_NOMINATION, q->nomination);
	return finish(&w, q->password, q->password_len);
}

size_t stun_build_success(
        uint8_t *buf, size_t size, const uint8_t *transaction, const struct stun_address *mapped,
        const char *password, size_t password_len
)
{
	if (mapped->ip_len != 4 && mapped->ip_len != 16)
		return 0;

	struct writer w = begin(buf, size, STUN_BINDING_SUCCESS, transaction);
	uint8_t *p = append(&w, ATTR_XOR_MAPPED_ADDRESS, 4u + mapped->ip_len);
	if (p == NULL)
		return 0;
	p[1] = mapped->ip_len == 4 ? FAMILY_IPV4 : FAMILY_IPV6;
	am_put_u16(p + 2, (uint16_t)(mapped->port ^ (STUN_COOKIE >> 16)));
	for (uint8_t i = 0; i < mapped->ip_len; i++)
		p[4 + i] = mapped->ip[i] ^ buf[4 + i]; // cookie, then transaction
	return finish(&w, password, password_len);
}

size_t stun_build_error(
        uint8_t *buf, size_t size, const struct stun_message *request, enum stun_error code,
        const char *password, size_t password_len
)
{
	struct writer w = begin(buf, size, STUN_BINDING_ERROR, request->transaction);
	uint8_t *p = append(&w, ATTR_ERROR_CODE, ERROR_CODE_LEN);
	if (p != NULL) {
		p[2] = (uint8_t)(code / 100);
		p[3] = (uint8_t)(code % 100);
	}
	if (code == STUN_UNKNOWN_ATTRIBUTE) {
		p = append(&w, ATTR_UNKNOWN_ATTRIBUTES, 2u * request->unknown_count);
		for (uint8_t i = 0; p != NULL && i < request->unknown_count; i++)
			am_put_u16(p + 2 * i, request->unknown[i]);
	}
	return finish(&w, password, password_len);
}
