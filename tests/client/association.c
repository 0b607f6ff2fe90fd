#include "association.h"

#include <string.h>

#include "am_reader.h"

#define PORT     5000
#define HEADER   12
#define DATA_MAX 1100 // bytes of a message in one chunk
#define RWND     131072
#define STREAMS  ASSOCIATION_STREAMS

enum {
	CHUNK_DATA = 0,
	CHUNK_INIT = 1,
	CHUNK_INIT_ACK = 2,
	CHUNK_SACK = 3,
	CHUNK_HEARTBEAT = 4,
	CHUNK_HEARTBEAT_ACK = 5,
	CHUNK_ABORT = 6,
	CHUNK_COOKIE_ECHO = 10,
	CHUNK_COOKIE_ACK = 11,
};
#define PARAMETER_COOKIE 7

static uint32_t crc32c(const uint8_t *bytes, size_t len)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < len; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

void association_seal(uint8_t *packet, size_t len)
{
	memset(packet + 8, 0, 4);
	uint32_t crc = crc32c(packet, len);
	for (int i = 0; i < 4; i++) // least significant byte first (RFC 9260 appendix A)
		packet[8 + i] = (uint8_t)(crc >> 8 * i);
}

void association_raw(struct association *a, uint32_t tag, const void *chunks, size_t len)
{
	uint8_t packet[HEADER + 8192];

	if (len > sizeof(packet) - HEADER)
		return;
	am_put_u16(packet, PORT);
	am_put_u16(packet + 2, PORT);
	am_put_u32(packet + 4, tag);
	memcpy(packet + HEADER, chunks, len);
	association_seal(packet, HEADER + len);
	a->send(a->context, packet, HEADER + len);
}

static size_t chunk_head(uint8_t *out, uint8_t type, uint8_t flags, size_t len)
{
	out[0] = type;
	out[1] = flags;
	am_put_u16(out + 2, (uint16_t)len);
	return (len + 3) / 4 * 4;
}

void association_start(struct association *a)
{
	uint8_t init[20] = {0};

	if (!a->own_tag)
		a->own_tag = 0x12345678;
	a->tsn = 1000;
	chunk_head(init, CHUNK_INIT, 0, sizeof(init));
	am_put_u32(init + 4, a->own_tag);
	am_put_u32(init + 8, RWND);
	am_put_u16(init + 12, STREAMS);
	am_put_u16(init + 14, STREAMS);
	am_put_u32(init + 16, a->tsn);
	association_raw(a, 0, init, sizeof(init));
}

void association_data(
        struct association *a, uint8_t flags, uint16_t stream, uint32_t ppid, const void *bytes,
        size_t len
)
{
	uint8_t chunk[16 + 2048] = {0};
	uint16_t ssn = stream < STREAMS ? a->ssn[stream] : 0;

	if (len > 2048)
		return;
	size_t size = chunk_head(chunk, CHUNK_DATA, flags, 16 + len);
	am_put_u32(chunk + 4, a->tsn++);
	am_put_u16(chunk + 8, stream);
	am_put_u16(chunk + 10, ssn);
	am_put_u32(chunk + 12, ppid);
	memcpy(chunk + 16, bytes, len);
	if (flags & DATA_END && stream < STREAMS)
		a->ssn[stream]++;
	association_raw(a, a->peer_tag, chunk, size);
}

void association_say(
        struct association *a, uint16_t stream, uint32_t ppid, const void *message, size_t len
)
{
	const uint8_t *bytes = message;

	for (size_t at = 0; at < len; at += DATA_MAX) {
		size_t n = len - at < DATA_MAX ? len - at : DATA_MAX;
		uint8_t flags =
		        (uint8_t)((at == 0 ? DATA_BEGIN : 0) | (at + n == len ? DATA_END : 0));
		association_data(a, flags, stream, ppid, bytes + at, n);
	}
}

static void acknowledge(struct association *a)
{
	uint8_t sack[16] = {0};

	chunk_head(sack, CHUNK_SACK, 0, sizeof(sack));
	am_put_u32(sack + 4, a->peer_tsn);
	am_put_u32(sack + 8, RWND);
	association_raw(a, a->peer_tag, sack, sizeof(sack));
}

static void init_ack_take(struct association *a, struct am_reader *r)
{
	uint8_t echo[4 + sizeof(a->cookie)];

	a->init_acks_in++;
	a->peer_tag = am_read_u32(r);
	am_read_u32(r); // the peer's window
	a->streams_out = am_read_u16(r);
	a->streams_in = am_read_u16(r);
	a->peer_tsn = am_read_u32(r) - 1;
	while (am_reader_left(r) >= 4) {
		uint16_t type = am_read_u16(r), len = am_read_u16(r);
		size_t size = len >= 4 ? len - 4u : 0;
		const uint8_t *value = am_reader_take(r, size);
		if (!value)
			return;
		am_reader_take(r, -size & 3);
		if (type != PARAMETER_COOKIE || size > sizeof(a->cookie))
			continue;
		memcpy(a->cookie, value, size);
		a->cookie_len = size;
	}
	size_t size = chunk_head(echo, CHUNK_COOKIE_ECHO, 0, 4 + a->cookie_len);
	memcpy(echo + 4, a->cookie, a->cookie_len);
	association_raw(a, a->peer_tag, echo, size);
}

static void data_take(struct association *a, uint8_t flags, struct am_reader *r)
{
	uint32_t tsn = am_read_u32(r);
	uint16_t stream = am_read_u16(r);
	am_read_u16(r);
	uint32_t ppid = am_read_u32(r);
	size_t len = am_reader_left(r);

	if (r->failed || a->deaf)
		return;
	if (tsn == a->peer_tsn + 1) {
		a->peer_tsn = tsn;
		if (flags & DATA_BEGIN)
			a->message_len = 0;
		if (len > sizeof(a->message) - a->message_len) {
			a->bad_in++;
			return;
		}
		memcpy(a->message + a->message_len, r->next, len);
		a->message_len += len;
		if (flags & DATA_END && a->receive)
			a->receive(a->context, stream, ppid, a->message, a->message_len);
	}
	acknowledge(a);
}

static void heartbeat_answer(struct association *a, const struct am_reader *r)
{
	uint8_t ack[4 + 1200];
	size_t len = am_reader_left(r);

	if (len > 1200)
		return;
	size_t size = chunk_head(ack, CHUNK_HEARTBEAT_ACK, 0, 4 + len);
	memcpy(ack + 4, r->next, len);
	association_raw(a, a->peer_tag, ack, size);
}

static void chunk_take(struct association *a, uint8_t type, uint8_t flags, struct am_reader *r)
{
	switch (type) {
	case CHUNK_INIT: a->inits_in++; break; // our own INIT is on its way (RFC 9260 5.2.1)
	case CHUNK_INIT_ACK: init_ack_take(a, r); break;
	case CHUNK_COOKIE_ACK: a->up = true; break;
	case CHUNK_ABORT:
		a->up = false;
		a->aborted = true;
		break;
	case CHUNK_HEARTBEAT: heartbeat_answer(a, r); break;
	case CHUNK_DATA: data_take(a, flags, r); break;
	default: break; // SACK, RE-CONFIG: nothing is retransmitted or reset here
	}
}

void association_take(struct association *a, const uint8_t *packet, size_t len)
{
	struct am_reader r = am_reader_init(packet, len);

	a->packets_in++;
	am_reader_take(&r, HEADER);
	while (!r.failed && am_reader_left(&r) >= 4) {
		uint8_t type = am_read_u8(&r), flags = am_read_u8(&r);
		uint16_t size = am_read_u16(&r);
		const uint8_t *body = size >= 4 ? am_reader_take(&r, size - 4u) : NULL;
		if (!body)
			break;
		struct am_reader chunk = am_reader_init(body, size - 4u);
		chunk_take(a, type, flags, &chunk);
		if (am_reader_left(&r))
			am_reader_take(&r, -(size_t)size & 3);
	}
	if (r.failed)
		a->bad_in++;
}
