#include "media/probe.h"

#define BITS_US               8000000 // bits of a byte in a second
#define GOAL_PERCENT          120
#define BUCKET_BPS            40000 // of a long part's rate may come from a bucket and one packet
#define ESTIMATE_FACTOR       2
#define ESTIMATE_FACTOR_OPEN  3
#define PAUSE_PERCENT         150
#define ARRIVED_PERCENT       80
#define ARRIVED_SHORT_PERCENT 60 // with so few packets, chance may take two
#define SATURATED_PERCENT     90 // received at less than this share of the rate at which it was sent
#define SATURATED_SHARE       95 // percent of a short part's received rate that the long one tries
#define CAPACITY_SHARE        95 // percent of the capacity is the result, so that the queue drains
#define KNEE_US               3000 // of delay above the minimum
#define RISE_US               10000 // from the knee on: saturated
#define RISE_US_STOP          30000 // likewise: stop at once
#define SHORT_PACKETS         2 // besides the first
#define TOLD_PERCENT          40 // of the long part's packets, from first to last
#define CEILING_PERCENT       130 // of the capacity that the last probe found: still gentle
#define TAIL_PACKETS          4 // after the knee
#define SPAN_US_MAX           60000000 // from a probe's first packet to its last
#define WAIT_US               1000000 // for feedback
#define SEND_US_MAX           500000 // for sending the packets, beyond their nominal time
#define LOST_PERCENT_MAX      20 // of forgiven loss
#define WORTH_PERCENT         110 // of the estimate: a slower probe says nothing

void probe_init(struct probe *p, int64_t now_us)
{
	*p = (struct probe){
	        .open = true,
	        .pause_ms = PROBE_PAUSE_US / 1000,
	        .since_us = now_us,
	        .due_us = now_us,
	};
}

void probe_wish(struct probe *p, int64_t now_us, bool wished)
{
	if (wished && !p->wished && p->tried && p->due_us < now_us + PROBE_FIRST_US)
		p->due_us = now_us + PROBE_FIRST_US;
	p->wished = wished;
}

void probe_hurry(struct probe *p, int64_t at_us)
{
	if (p->due_us > at_us)
		p->due_us = at_us;
}

uint32_t probe_rate(const struct probe *p, uint32_t goal, uint32_t most, uint32_t estimate)
{
	// The last probe passed as a whole: this is another link, which may carry more than the
	// next step.
	if (p->open && p->tried && goal > 0 && goal < most)
		goal = most;
	uint64_t rate = (uint64_t)goal * GOAL_PERCENT / 100;
	if (goal > 0 && rate < (uint64_t)goal + BUCKET_BPS)
		rate = (uint64_t)goal + BUCKET_BPS; // else no result would ever be the goal
	uint64_t limit = (uint64_t)estimate * (p->open ? ESTIMATE_FACTOR_OPEN : ESTIMATE_FACTOR);
	limit = limit < PROBE_RATE_MAX ? limit : PROBE_RATE_MAX;
	uint64_t gentle = (uint64_t)p->ceiling * 1000 * CEILING_PERCENT / 100;
	// If the link was full at less than it is now known to carry, that was another link, as in
	// a fade.
	if (gentle > estimate && gentle < limit)
		limit = gentle;
	return (uint32_t)(rate < limit ? rate : limit);
}

static uint32_t bytes_of(uint32_t rate, int64_t us)
{
	return (uint32_t)((uint64_t)rate * (uint64_t)us / BITS_US);
}

static uint32_t rate_of(uint64_t bytes, int64_t us)
{
	uint64_t rate = us > 0 ? bytes * BITS_US / (uint64_t)us : UINT32_MAX;
	return rate < UINT32_MAX ? (uint32_t)rate : UINT32_MAX;
}

static void begin(struct probe *p, int64_t now_us, uint8_t state, uint64_t next, uint64_t sent)
{
	p->state = state;
	p->first = next;
	p->sent_begin = sent;
	p->since_us = now_us;
	p->sending = true;
	p->packets = p->told = p->told_first = p->told_end = 0;
	p->arrived = false;
	p->bytes = bytes_of(p->rate, PROBE_SHORT_US);
	if (state == PROBE_LONG) {
		uint32_t most = bytes_of(p->rate, PROBE_LONG_US_MAX);
		p->bytes = p->bold ? PROBE_BYTES_BOLD : PROBE_BYTES_LONG;
		p->bytes = p->bytes < most ? p->bytes : most;
	}
}

void probe_start(
        struct probe *p, int64_t now_us, uint32_t rate, uint32_t goal, uint8_t lost_percent,
        uint64_t next, uint64_t sent
)
{
	p->lost_percent = lost_percent < LOST_PERCENT_MAX ? lost_percent : LOST_PERCENT_MAX;
	p->rate = rate < PROBE_RATE_MAX ? rate : PROBE_RATE_MAX;
	// Bold after a probe that passed as a whole, if the rate is above 1.5 × the goal.
	p->bold = p->open && p->tried && goal > 0 && rate / 3 > goal / 2;
	p->narrow = p->open = false;
	p->tried = true;
	begin(p, now_us, PROBE_SHORT, next, sent);
}

// Small enough for PROBE_PACKETS_MIN packets in the short part.
static uint16_t packet_bytes(uint32_t rate)
{
	uint32_t bytes = bytes_of(rate, PROBE_SHORT_US) / PROBE_PACKETS_MIN;
	if (bytes < PROBE_PACKET_MIN)
		return PROBE_PACKET_MIN;
	return (uint16_t)(bytes < PROBE_PACKET_MAX ? bytes : PROBE_PACKET_MAX);
}

static void end(struct probe *p, int64_t now_us, uint64_t next)
{
	p->sending = false;
	uint64_t n = next - p->first;
	p->packets = n < UINT16_MAX ? (uint16_t)n : UINT16_MAX;
	p->since_us = now_us;
}

uint16_t probe_packet(struct probe *p, int64_t now_us, uint64_t next, uint64_t sent)
{
	if (!p->sending)
		return 0;
	uint64_t done = sent - p->sent_begin;
	if (done >= p->bytes && next - p->first >= PROBE_PACKETS_MIN) {
		end(p, now_us, next);
		return 0;
	}
	uint16_t bytes = packet_bytes(p->rate);
	return bytes_of(p->rate, now_us - p->since_us) + bytes > done ? bytes : 0;
}

// Counts a packet that feedback reports, unless reported again. False if it is not one of the
// probe's.
static bool count_told(struct probe *p, uint64_t number, bool again)
{
	if (p->state == PROBE_IDLE || number < p->first || number - p->first >= UINT16_MAX)
		return false;
	uint16_t index = (uint16_t)(number - p->first);
	if (index >= p->told_end)
		p->told_end = (uint16_t)(index + 1);
	if (!p->sending && index >= p->packets)
		return false;
	if (p->told == 0 || index < p->told_first)
		p->told_first = index;
	p->told += !again && p->told < UINT16_MAX;
	return true;
}

static void first_arrived(struct probe *p, int64_t sent_us, int64_t arrival_us)
{
	p->sent_us = sent_us;
	p->arrival_us = arrival_us;
	p->knee = p->last = (struct probe_point){0};
	p->delay_us_min = 0;
	p->block_us_min = INT32_MAX;
	p->block_us_min_now = 0;
	p->arrived = true;
}

void probe_told(
        struct probe *p, uint64_t number, const struct sent_packet *packet, int64_t arrival_us
)
{
	if (!count_told(p, number, packet->told_lost))
		return;
	if (!p->arrived) {
		first_arrived(p, packet->us, arrival_us);
		return;
	}
	int64_t sent = packet->us - p->sent_us, arrival = arrival_us - p->arrival_us;
	if (sent < 0 || sent > SPAN_US_MAX || arrival < -SPAN_US_MAX || arrival > SPAN_US_MAX)
		return;
	int32_t delay_us = (int32_t)(arrival - sent);

	p->last.bytes += packet->bytes;
	p->last.packets += p->last.packets < UINT16_MAX;
	if (arrival > p->last.arrival_us)
		p->last.arrival_us = (int32_t)arrival;
	if (sent > p->last.sent_us)
		p->last.sent_us = (int32_t)sent;
	if (delay_us < p->delay_us_min)
		p->delay_us_min = delay_us;
	if (delay_us <= p->delay_us_min + KNEE_US)
		p->knee = p->last;
	if (delay_us < p->block_us_min_now)
		p->block_us_min_now = delay_us;
	if (p->last.packets % PROBE_BLOCK == 0) {
		p->block_us_min = p->block_us_min_now;
		p->block_us_min_now = INT32_MAX;
	}
}

void probe_told_lost(struct probe *p, uint64_t number)
{
	(void)count_told(p, number, false);
}

static const struct probe_point start; // the first packet: all is zero

// Packets from the first reported one to the last of the probe.
static uint32_t told_span(const struct probe *p)
{
	uint32_t end = p->told_end;
	if (!p->sending && end > p->packets)
		end = p->packets;
	return end > p->told_first ? end - p->told_first : 0;
}

// What these bytes would be without the losses that occur at any rate, and if all packets were
// reported.
static uint32_t with_lost(const struct probe *p, uint32_t bytes)
{
	uint64_t all = (uint64_t)bytes * 100 / (100u - p->lost_percent);
	uint32_t span = told_span(p);
	if (p->told > 0 && p->told < span)
		all = all * span / p->told;
	return all < UINT32_MAX ? (uint32_t)all : UINT32_MAX;
}

static uint32_t
received_rate(const struct probe *p, const struct probe_point *from, const struct probe_point *to)
{
	return rate_of(with_lost(p, to->bytes - from->bytes), to->arrival_us - from->arrival_us);
}

static bool is_slower(const struct probe_point *from, const struct probe_point *to)
{
	return (int64_t)(to->arrival_us - from->arrival_us) * SATURATED_PERCENT >
	       (int64_t)(to->sent_us - from->sent_us) * 100;
}

// By how much all of the newest packets exceed the minimum delay: jitter delays only some.
static int64_t lasting_rise_us(const struct probe *p)
{
	int32_t least =
	        p->block_us_min < p->block_us_min_now ? p->block_us_min : p->block_us_min_now;
	return (int64_t)least - p->delay_us_min;
}

static bool is_saturated(const struct probe *p, int64_t rise_us_min)
{
	return p->last.packets - p->knee.packets >= TAIL_PACKETS &&
	       lasting_rise_us(p) >= rise_us_min && is_slower(&p->knee, &p->last);
}

// The rate of what arrived beyond a bucket's depth; never more than was sent or arrived.
static uint32_t proven_rate(const struct probe *p)
{
	int32_t sent_us = p->last.sent_us, arrival_us = p->last.arrival_us;
	int32_t longer_us = sent_us > arrival_us ? sent_us : arrival_us;
	uint32_t bytes = with_lost(p, p->last.bytes);
	uint32_t bucket = p->narrow ? PROBE_BUCKET_NARROW : PROBE_BUCKET;
	if (bytes <= bucket)
		return 0;
	uint32_t rate = rate_of(bytes - bucket, longer_us);
	return rate < p->rate ? rate : p->rate;
}

// Whether this share arrived, of the reported packets less the loss at any rate.
static bool has_arrived(const struct probe *p, uint8_t percent)
{
	return (uint64_t)(p->last.packets + 1) * 100 * 100 >=
	       (uint64_t)p->told * percent * (100u - p->lost_percent);
}

static enum probe_verdict judge_long(struct probe *p, bool saturated, uint32_t *rate)
{
	uint32_t proven = proven_rate(p);
	if (!saturated && told_span(p) * 100 < p->packets * TOLD_PERCENT)
		return PROBE_UNTOLD;
	if (!saturated && !has_arrived(p, ARRIVED_PERCENT))
		return PROBE_FAILED;
	*rate = proven;
	p->ceiling = 0;
	p->open = !saturated && !p->narrow;
	if (!saturated)
		return PROBE_PASSED;
	uint32_t tail = received_rate(p, &p->knee, &p->last);
	uint32_t whole = received_rate(p, &start, &p->last);
	uint64_t least = tail < whole ? tail : whole;
	least = least < p->rate ? least : p->rate;
	p->ceiling = least / 1000 < UINT16_MAX ? (uint16_t)(least / 1000) : 0;
	least = least * CAPACITY_SHARE / 100;
	*rate = least > proven ? (uint32_t)least : proven;
	return PROBE_SATURATED;
}

// Whether the short part passes. If it passes at less than its rate, p->rate is lowered.
static bool short_passes(struct probe *p, uint32_t estimate)
{
	if (!has_arrived(p, ARRIVED_SHORT_PERCENT) || p->last.packets < SHORT_PACKETS)
		return false;
	if (!is_slower(&start, &p->last))
		return true;
	uint64_t rate = received_rate(p, &start, &p->last);
	rate = rate * SATURATED_SHARE / 100;
	if (rate * 100 < (uint64_t)estimate * WORTH_PERCENT)
		return false;
	if (rate < p->rate)
		p->rate = (uint32_t)rate;
	p->narrow = true;
	return true;
}

enum probe_verdict probe_judge(
        struct probe *p, int64_t now_us, uint64_t next, uint64_t sent, uint32_t estimate,
        uint32_t *rate
)
{
	if (p->state == PROBE_IDLE)
		return PROBE_OPEN;
	int64_t send_us = (int64_t)p->bytes * BITS_US / (p->rate > 0 ? p->rate : 1);
	if (p->sending && now_us - p->since_us > send_us + SEND_US_MAX)
		return PROBE_FAILED; // nothing could be sent
	if (p->state == PROBE_LONG && p->arrived && is_saturated(p, RISE_US_STOP)) {
		if (p->sending)
			end(p, now_us, next);
		return judge_long(p, true, rate);
	}
	if (p->sending || (p->told_end < p->packets && now_us - p->since_us < WAIT_US))
		return PROBE_OPEN;
	if (p->told == 0)
		return PROBE_UNTOLD;
	if (!p->arrived)
		return PROBE_FAILED;
	if (p->state == PROBE_LONG)
		return judge_long(p, is_saturated(p, RISE_US), rate);
	if (!short_passes(p, estimate))
		return PROBE_FAILED;
	begin(p, now_us, PROBE_LONG, next, sent);
	return PROBE_OPEN;
}

void probe_put_off(struct probe *p, int64_t now_us)
{
	uint32_t longer_ms = (uint32_t)p->pause_ms * PAUSE_PERCENT / 100;
	uint32_t most_ms = PROBE_PAUSE_US_MAX / 1000;
	p->due_us = now_us + (int64_t)p->pause_ms * 1000;
	p->pause_ms = (uint16_t)(longer_ms < most_ms ? longer_ms : most_ms);
}

void probe_lasted(struct probe *p)
{
	p->pause_ms = PROBE_PAUSE_US / 1000;
}

void probe_finish(struct probe *p, int64_t now_us, enum probe_success success)
{
	bool cheap = p->state == PROBE_SHORT || p->bold; // the goal may pass all the same
	p->state = PROBE_IDLE;
	p->sending = false;
	p->since_us = now_us;
	if (success != PROBE_IN_VAIN) {
		p->due_us = now_us + (success == PROBE_NEARER ? PROBE_AGAIN_US : PROBE_PAUSE_US);
		return;
	}
	if (cheap)
		p->due_us = now_us + PROBE_PAUSE_US_SHORT;
	else
		probe_put_off(p, now_us);
}
