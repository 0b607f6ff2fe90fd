#include "reports.h"

#include "audience.h"
#include "members.h"
#include "wire/clock.h"
#include "wire/rtcp.h"

#include <string.h>
#include <time.h>

#define NS_PER_S        1000000000ull
#define SENDER_SSRC     1 // the SSRC from which Chrome reports if it sends nothing
#define CAPACITY        1400 // bytes of a compound with its trailer
#define REMB_LEN        24
#define REMB_EXPONENT   10
#define REMB_MANTISSA   (50000000u >> REMB_EXPONENT) // 50 Mbit/s
#define ROUND_TRIP_US   10000 // as reported by viewers
#define NTP_UNIX_OFFSET 2208988800u // seconds from 1900 to 1970, RFC 5905 6
#define VISITS_AT_ONCE  256 // after a stall, the others are left out

void reports_init(struct reports *r, struct members *members, struct audience *a, uint64_t now_ns)
{
	*r = (struct reports){
	        .members = members,
	        .audience = a,
	        .start_ns = now_ns,
	        .random = 0x9e3779b97f4a7c15ull,
	};
}

// Marsaglia's xorshift.
static uint64_t random_next(struct reports *r)
{
	r->random ^= r->random << 13;
	r->random ^= r->random >> 7;
	r->random ^= r->random << 17;
	return r->random;
}

// 32.32 fixed-point seconds since 1900.
static uint64_t ntp_from_unix_us(uint64_t us)
{
	return (us / 1000000 + NTP_UNIX_OFFSET) << 32 | ((us % 1000000) << 32) / 1000000;
}

// The sender report that a receiver report quotes. The real one would have to be decrypted for each
// viewer; a made-up one from some milliseconds ago, on the clock that the server uses, too, tells
// the server the same: a round trip time. Some servers (Janus) keep nothing for retransmission
// before they know that time.
static uint32_t last_sr(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return ntp_middle(ntp_from_unix_us(
	        (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000 - ROUND_TRIP_US
	));
}

static void block_fill(struct stream *s, struct rtcp_report *b)
{
	uint32_t expected = stream_expected(s);
	uint32_t wanted = expected - s->expected_before, came = s->received - s->received_before;
	uint32_t lost = wanted > came ? wanted - came : 0;

	*b = (struct rtcp_report){
	        .ssrc = s->ssrc,
	        .cumulative_lost = (int32_t)stream_lost(s),
	        .highest_seq = s->top,
	        .last_sr = last_sr(),
	        .jitter = s->jitter >> 4,
	        .fraction_lost = (uint8_t)(wanted ? (lost << 8) / wanted - (lost == wanted) : 0),
	};
	s->expected_before = expected;
	s->received_before = s->received;
}

// draft-alvestrand-rmcat-remb-03 2.2, for all of the viewer's streams together.
static size_t remb_build(uint8_t *out, uint32_t media_ssrc)
{
	static const uint8_t head[] = {0x8f, 206, 0, REMB_LEN / 4 - 1};

	memcpy(out, head, sizeof(head));
	am_put_u32(out + 4, SENDER_SSRC);
	am_put_u32(out + 8, 0);
	memcpy(out + 12, "REMB", 4);
	out[16] = 1; // number of SSRCs
	am_put_u24(out + 17, (uint32_t)REMB_EXPONENT << 18 | REMB_MANTISSA);
	am_put_u32(out + 20, media_ssrc);
	return REMB_LEN;
}
static_assert(REMB_MANTISSA < 1u << 18);

static void report_send(struct reports *r, uint32_t viewer)
{
	struct audience *a = r->audience;
	struct stream *streams = audience_streams(a, viewer);
	struct rtcp_report blocks[RTCP_REPORT_COUNT_MAX];
	uint8_t packet[CAPACITY];
	size_t len = 0, room = CAPACITY - REMB_LEN - CIPHER_RTCP_TRAILER_MAX;
	uint8_t n = 0;

	for (uint16_t i = 0; i < a->options.stream_count; i++) {
		if (streams[i].seen != 0)
			block_fill(&streams[i], &blocks[n++]);
		if (n == RTCP_REPORT_COUNT_MAX || (n > 0 && i + 1 == a->options.stream_count)) {
			len += rtcp_build_rr(packet + len, room - len, SENDER_SSRC, blocks, n);
			n = 0;
		}
	}
	if (len == 0)
		return;
	len += remb_build(packet + len, streams[0].ssrc);
	members_send_rtcp(r->members, a->options.first + viewer, packet, len, CAPACITY);
	r->sent++;
}

unsigned reports_tick(struct reports *r, uint32_t viewers, uint64_t now_ns)
{
	uint64_t per_s = (uint64_t)viewers * REPORTS_VISITS_PER_S;
	uint64_t due = (now_ns - r->start_ns) * per_s / NS_PER_S;
	unsigned n = 0;

	if (viewers == 0 || due < r->visited || due - r->visited > VISITS_AT_ONCE)
		r->visited = due; // the number of viewers has changed
	for (; r->visited < due; r->visited++, n++) {
		uint32_t viewer = (uint32_t)(r->visited % viewers);
		uint32_t member = r->audience->options.first + viewer;
		members_visit(r->members, member, now_ns);
		if (r->members->all[member].state == MEMBER_HERE && (random_next(r) >> 32 & 1))
			report_send(r, viewer);
	}
	return n;
}

static void nack_send(struct reports *r, uint32_t viewer, const struct stream *s)
{
	const struct rtcp_feedback head = {SENDER_SSRC, s->ssrc};
	uint16_t missing[STREAM_WINDOW];
	uint8_t packet[CAPACITY];
	uint16_t n = 0;

	for (uint32_t back = STREAM_WINDOW - 1; back > 0; back--) {
		if (back <= s->top - s->first && !(s->seen >> back & 1))
			missing[n++] = (uint16_t)(s->top - back);
	}
	size_t room = CAPACITY - CIPHER_RTCP_TRAILER_MAX;
	size_t len = rtcp_build_rr(packet, room, SENDER_SSRC, NULL, 0);
	len += rtcp_build_nack(packet + len, room - len, &head, missing, n);
	members_send_rtcp(r->members, r->audience->options.first + viewer, packet, len, CAPACITY);
	r->nacked += n;
}

void reports_ask(struct reports *r)
{
	struct audience *a = r->audience;

	for (uint16_t i = 0; i < a->asked_count; i++) {
		struct stream *s = &a->streams[a->asked[i]];
		uint32_t viewer = a->asked[i] / a->options.stream_count;
		s->asked = false;
		if (s->rtx_ssrc != 0)
			nack_send(r, viewer, s);
	}
	a->asked_count = 0;
}
