#include "answers.h"

#include <errno.h>
#include <stdlib.h>

#include "am_reader.h"
#include "am_schema.h"
#include "audience.h"
#include "members.h"
#include "wire/rtp.h"

#define NS_PER_S       1000000000ull
#define PER_S          (1000 / ANSWERS_MS)
#define SENDER_SSRC    1 // as in reports.c
#define CAPACITY       1400 // bytes of a message with its trailer
#define VISITS_AT_ONCE 256 // after a stall, the others are left out

int answers_init(
        struct answers *a, struct members *members, struct audience *audience, bool answers,
        uint64_t now_ns
)
{
	*a = (struct answers){.members = members, .audience = audience, .start_ns = now_ns};
	if (!answers)
		return 0;
	a->all = calloc(audience->options.capacity, sizeof(*a->all));
	if (!a->all)
		return -ENOMEM;
	for (uint32_t i = 0; i < audience->options.capacity; i++)
		twcc_init(&a->all[i]);
	return 0;
}

void answers_fini(struct answers *a)
{
	free(a->all);
	*a = (struct answers){0};
}

bool answers_number(const uint8_t *packet, size_t len, uint16_t *number)
{
	struct am_reader r = am_reader_init(packet, len);
	uint8_t first = am_read_u8(&r);

	if (!(first & 0x10)) // RFC 3550 5.1: no extension
		return false;
	am_reader_take(&r, RTP_HEADER_LEN - 1 + (size_t)(first & 15) * 4);
	uint16_t form = am_read_u16(&r);
	size_t size = (size_t)am_read_u16(&r) * 4;
	const uint8_t *elements = am_reader_take(&r, size);
	if (!elements || form != RTP_EXT_ONE_BYTE)
		return false;
	for (size_t i = 0; i + 2 < size;) {
		uint8_t id = elements[i] >> 4; // RFC 8285 4.2; 0: padding
		if (id == AM_EXT_TRANSPORT_CC) {
			*number = (uint16_t)(elements[i + 1] << 8 | elements[i + 2]);
			return true;
		}
		i += id == 0 ? 1 : 2 + (elements[i] & 15u);
	}
	return false;
}

size_t answers_next(struct answers *a, uint32_t viewer, uint8_t *packet, size_t size)
{
	uint32_t media_ssrc = audience_streams(a->audience, viewer)->ssrc;

	return twcc_build(&a->all[viewer], packet, size, SENDER_SSRC, media_ssrc);
}

static void answer(struct answers *a, uint32_t viewer)
{
	uint32_t member = a->audience->options.first + viewer;
	uint8_t packet[CAPACITY];
	size_t len;

	if (a->members->all[member].state != MEMBER_HERE)
		return;
	while ((len = answers_next(a, viewer, packet, CAPACITY - CIPHER_RTCP_TRAILER_MAX))) {
		members_send_rtcp(a->members, member, packet, len, CAPACITY);
		a->sent++;
	}
}

unsigned answers_tick(struct answers *a, uint32_t viewers, uint64_t now_ns)
{
	uint64_t due = (now_ns - a->start_ns) * viewers * PER_S / NS_PER_S;
	unsigned n = 0;

	if (!a->all || viewers == 0 || due < a->visited || due - a->visited > VISITS_AT_ONCE)
		a->visited = due; // the number of viewers has changed
	for (; a->visited < due; a->visited++, n++)
		answer(a, (uint32_t)(a->visited % viewers));
	return n;
}

void answers_forget(struct answers *a, uint32_t viewer)
{
	if (a->all)
		twcc_init(&a->all[viewer]);
}
