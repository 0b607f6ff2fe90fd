#include "media/downlink.h"

#include <errno.h>

#define WISH_PERCENT        115 // of the wish: what the allocator must see before it steps up
#define USED_WINDOWS        5
#define BURST_WINDOWS       2
#define BURST_PERCENT       120 // of the estimate
#define BURST_USUAL_PERCENT 150 // of what is sent on average
#define EXCUSE_US           1000000 // how long our own burst, such as a key frame, excuses overuse
#define EXCUSE_AGAIN_US     3000000
#define ALR_PERCENT         65 // less is used: the media, not the link, is the limit
#define WHOLE_PERCENT       85 // of what is sent has arrived, recently or over a second
#define DROP_PERCENT        66 // of the former rate: a cut below this is worth a probe
#define PEAK_FADE           32 // the peak loses one part in this many per tick
#define FUTURE_US_MAX       1000000 // an arrival further ahead comes from another clock
#define PAST_US_MAX         10000000
#define CLOCK_SHIFT         10 // the clock follows a slower path by 1/1024
#define RTT_SHIFT           3
#define CALM_US             300000 // after a probe
#define LASTED_PERCENT      90 // of a probe's result, which the estimate must keep until the next
#define WORTH_PERCENT       110 // of the estimate: a worthwhile result
#define FORMER_US           5000000 // how long after a cut the rate before it counts
#define RECOVER_US          1000000 // from a cut in ALR to its probe
#define RAISE_US            2000000 // without overuse: then what arrives shows what passes
#define REMB_CALM_MS        4000 // an REMB that has not fallen for so long …
#define REMB_TRY            3 // … follows what is sent: this many times it may be tried
#define REMB_DOUBLE_MS      8000 // … and twice as much for each time that this has passed
#define REMB_DOUBLINGS      4
#define REMB_FELL_PERCENT   97
#define SILENCE_US          5000000 // without feedback: then the link itself is silent
#define SILENCE_PACKETS     10
#define SILENCE_STEP_US     2000000
#define SILENCE_PERCENT     80

// After a cut the queue drains. Once it has, it is time to probe what the link carries.
enum drain {
	DRAIN_NONE,
	DRAIN_CUT,
	DRAIN_UNDERUSE,
};

void downlink_init(
        struct downlink *d, int64_t now_us, uint32_t rate, uint16_t number, bool transport_wide
)
{
	*d = (struct downlink){
	        .transport_wide = transport_wide,
	        .unhurt = true,
	        .feedback_us = now_us,
	        .overuse_us = now_us,
	        .excuse_us = now_us - EXCUSE_AGAIN_US,
	        .remb_us = now_us - DOWNLINK_REMB_US,
	};
	sent_init(&d->sent, now_us, number);
	d->sent.answered = transport_wide;
	delay_init(&d->delay, now_us, rate > 0 ? rate : DOWNLINK_RATE_START);
	loss_init(&d->loss);
	probe_init(&d->probe, now_us);
	acked_init(&d->acked);
	d->answered = (uint32_t)d->sent.next;
}

void downlink_answers(struct downlink *d)
{
	d->transport_wide = true;
	d->sent.answered = true;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

// What arrives according to the viewer, but never more than was sent.
static uint32_t acked_long(const struct downlink *d)
{
	return smaller(acked_rate(&d->acked, ACKED_LONG), d->sent_peak);
}

// The same over a shorter time, since a queue may have begun to grow within the longer one.
static uint32_t acked_short(const struct downlink *d)
{
	uint32_t rate = acked_rate(&d->acked, ACKED_SHORT);
	uint32_t brief = acked_rate(&d->acked, ACKED_BRIEF);
	return rate > brief ? rate : brief;
}

static uint32_t estimate(const struct downlink *d)
{
	uint32_t rate = smaller((uint32_t)d->delay.rate, loss_limit(&d->loss));
	return rate > DELAY_RATE_MIN ? rate : DELAY_RATE_MIN;
}

static bool remb_is_fresh(const struct downlink *d, int64_t now_us)
{
	return now_us - d->remb_us < DOWNLINK_REMB_US;
}

// What an REMB allows. A receiver's estimate falls when the link is full; otherwise it grows up to
// one and a half times what arrives, so without more it would never show room for a larger step. Of
// a viewer that gets little it may say next to nothing, so the longer it has not fallen, the more.
static uint32_t remb_rate(const struct downlink *d)
{
	uint32_t calm_ms = (uint32_t)(d->remb_us / 1000) - d->remb_fell_ms;
	uint32_t doublings = calm_ms / REMB_DOUBLE_MS, try = REMB_TRY;

	if (calm_ms < REMB_CALM_MS)
		return d->remb;
	try <<= doublings < REMB_DOUBLINGS ? doublings : REMB_DOUBLINGS;
	return smaller(d->remb, DELAY_RATE_MAX / try) * try;
}

uint32_t downlink_target(const struct downlink *d, int64_t now_us)
{
	if (d->transport_wide)
		return estimate(d);
	bool fresh = remb_is_fresh(d, now_us);
	uint32_t rate = smaller(fresh ? remb_rate(d) : DELAY_RATE_MAX, loss_limit(&d->loss));
	return rate > DELAY_RATE_MIN ? rate : DELAY_RATE_MIN;
}

uint32_t downlink_proven(const struct downlink *d, int64_t now_us)
{
	return d->probe.state == PROBE_IDLE && now_us - d->probe.since_us < DOWNLINK_PROVEN_US
	               ? d->proven
	               : 0;
}

// If the clock has changed, or is the first, earlier arrivals cannot be compared.
static void follow_clock(struct downlink *d, int64_t now_us, int64_t arrival_us)
{
	int64_t ahead_us = arrival_us - now_us - d->clock_us;
	if (!d->clock_known || ahead_us > FUTURE_US_MAX || ahead_us < -PAST_US_MAX) {
		d->clock_known = true;
		d->clock_us = arrival_us - now_us;
		acked_init(&d->acked);
		delay_new_clock(&d->delay);
		return;
	}
	d->clock_us += ahead_us > 0 ? ahead_us : ahead_us >> CLOCK_SHIFT;
}

static void packet_arrived(
        struct downlink *d, int64_t now_us, uint64_t number, const struct sent_packet *p,
        int64_t arrival_us
)
{
	loss_packet(&d->loss, p->us, p->bytes, false, p->told_lost);
	sent_told_arrived(&d->sent, number);
	if (arrival_us - now_us - d->clock_us > FUTURE_US_MAX)
		return;
	acked_add(&d->acked, arrival_us, p->bytes);
	delay_packet(&d->delay, p->us, arrival_us);
	probe_told(&d->probe, number, p, arrival_us);
}

static void packet_lost(struct downlink *d, uint64_t number, const struct sent_packet *p)
{
	loss_packet(&d->loss, p->us, p->bytes, true, p->told_lost);
	sent_told_lost(&d->sent, number);
	if (!p->told_lost)
		probe_told_lost(&d->probe, number);
}

// Returns when the newest packet that arrived was sent, or -1.
static int64_t read_statuses(struct downlink *d, int64_t now_us, struct twcc_feedback *f)
{
	uint64_t base = sent_extend(&d->sent, f->base);
	uint64_t oldest = d->sent.next - SENT_COUNT;
	oldest = oldest > d->sent.first && oldest < d->sent.next ? oldest : d->sent.first;
	if (base < oldest)
		twcc_feedback_skip(
		        f, oldest - base < UINT16_MAX ? (uint16_t)(oldest - base) : UINT16_MAX
		);
	if (!d->clock_known)
		d->time.reference = f->reference;
	int64_t reference_us = twcc_time_us(&d->time, f->reference), newest_us = -1;

	struct twcc_status status;
	struct sent_packet packet;
	while (twcc_feedback_next(f, &status) && base + status.index < d->sent.next) {
		uint64_t number = base + status.index;
		if (!sent_find(&d->sent, number, now_us, &packet))
			continue;
		if (!status.arrived) {
			packet_lost(d, number, &packet);
			continue;
		}
		if (newest_us < 0)
			follow_clock(d, now_us, reference_us + status.arrival_us);
		packet_arrived(d, now_us, number, &packet, reference_us + status.arrival_us);
		newest_us = packet.us > newest_us ? packet.us : newest_us;
	}
	return newest_us;
}

static void follow_rtt(struct downlink *d, int64_t us)
{
	us = us < DELAY_RTT_US_MIN ? DELAY_RTT_US_MIN : us;
	us = us > DELAY_RTT_US_MAX ? DELAY_RTT_US_MAX : us;
	if (d->rtt_us == 0)
		d->rtt_us = (uint32_t)us;
	else
		d->rtt_us = (uint32_t)(d->rtt_us + ((us - (int64_t)d->rtt_us) >> RTT_SHIFT));
}

static bool is_application_limited(const struct downlink *d)
{
	return d->used < ALR_PERCENT;
}

static uint64_t window_bytes(const struct downlink *d, int age, int n)
{
	uint64_t bytes = 0;
	for (int i = age; i < age + n; i++)
		bytes += d->windows[(d->window + DOWNLINK_WINDOWS - 1 - i) % DOWNLINK_WINDOWS];
	return bytes;
}

// Have we sent more than the estimate in 200 ms of the last 500, or far more than before, as with a
// key frame? Then a queue may show nothing but that.
static bool has_burst(const struct downlink *d)
{
	uint64_t second = window_bytes(d, 0, DOWNLINK_WINDOWS);
	uint64_t usual = second * BURST_WINDOWS / DOWNLINK_WINDOWS * BURST_USUAL_PERCENT / 100;
	uint64_t limit = (uint64_t)d->delay.rate * BURST_WINDOWS * BURST_PERCENT /
	                 (8 * 100 * DOWNLINK_WINDOWS);
	limit = limit < usual ? limit : usual;
	for (int age = 0; age <= USED_WINDOWS - BURST_WINDOWS; age++) {
		if (window_bytes(d, age, BURST_WINDOWS) > limit)
			return true;
	}
	return false;
}

// True if a probe has just passed: then the queue comes from the key frame of the step that
// followed.
static bool was_just_proven(const struct downlink *d, int64_t now_us)
{
	return d->probe.open && d->probe.tried && now_us - d->probe.since_us < EXCUSE_US;
}

// An excuse holds for a while and is not renewed soon, so constant bursts excuse nothing.
static bool is_excused(struct downlink *d, int64_t now_us)
{
	bool again = now_us - d->excuse_us >= EXCUSE_AGAIN_US;
	if ((again && has_burst(d)) ||
	    (d->excuse_us < d->probe.since_us && was_just_proven(d, now_us)))
		d->excuse_us = now_us;
	return now_us - d->excuse_us < EXCUSE_US;
}

// True if little is sent and all of it arrives, recently or over a second, since a few pictures
// prove nothing. Then it is jitter or another sender's queue that looks like overuse, and there is
// no reason to cut the rate to the little that arrives.
static bool arrives_whole(const struct downlink *d)
{
	uint64_t sent = (uint64_t)d->used * estimate(d) / 100;
	uint64_t acked = acked_short(d) > acked_long(d) ? acked_short(d) : acked_long(d);
	return is_application_limited(d) && acked * 100 >= sent * WHOLE_PERCENT;
}

static void follow_delay(struct downlink *d, int64_t now_us, uint32_t acked)
{
	struct delay_input in = {
	        .acked = smaller(acked_short(d), d->sent_peak),
	        .acked_long = acked,
	        .rtt_us = d->rtt_us,
	};
	uint32_t before = (uint32_t)d->delay.rate;
	bool known = d->delay.capacity > 0;
	bool probed = d->probe.state != PROBE_IDLE || now_us - d->probe.since_us < CALM_US;
	if (probed && d->delay.usage != DELAY_UNDERUSE)
		return; // the probe is what arrives and what fills the queue
	if (d->delay.usage == DELAY_OVERUSE) {
		d->overuse_us = now_us;
		in.excused = is_excused(d, now_us) || arrives_whole(d);
	}
	if (delay_update(&d->delay, now_us, &in)) {
		d->unhurt = false;
		bool large = d->delay.rate * 100 < (float)before * DROP_PERCENT;
		// A fade may be over once the queue has drained.
		if (large && d->former < before)
			d->former = before;
		if (large && is_application_limited(d))
			probe_hurry(&d->probe, now_us + RECOVER_US);
		d->drain = DRAIN_CUT;
	}
	if (known && d->delay.capacity == 0) { // more arrives than we thought the link carries
		probe_lasted(&d->probe);
		probe_hurry(&d->probe, d->probe.since_us + PROBE_PAUSE_US);
	}
	bool calm = d->unhurt || now_us - d->overuse_us >= RAISE_US;
	if (calm && d->delay.usage == DELAY_NORMAL)
		delay_raise(&d->delay, acked);
	if (d->delay.usage == DELAY_UNDERUSE && d->drain == DRAIN_CUT)
		d->drain = DRAIN_UNDERUSE;
	if (d->delay.usage == DELAY_NORMAL && d->drain == DRAIN_UNDERUSE) {
		d->drain = DRAIN_NONE;
		probe_hurry(&d->probe, d->former > 0 ? now_us : d->probe.since_us + PROBE_PAUSE_US);
	}
}

static void set_rate(struct downlink *d, int64_t now_us, uint32_t rate)
{
	delay_set(&d->delay, now_us, rate);
	loss_set(&d->loss, rate);
}

static void follow_probe(struct downlink *d, int64_t now_us)
{
	uint32_t rate = 0, now = estimate(d);
	enum probe_verdict verdict =
	        probe_judge(&d->probe, now_us, d->sent.next, d->sent.bytes, now, &rate);
	if (verdict == PROBE_OPEN)
		return;
	if (verdict != PROBE_PASSED)
		delay_restart(&d->delay);
	if (verdict == PROBE_SATURATED || (verdict == PROBE_PASSED && rate > now))
		set_rate(d, now_us, rate);
	d->former = rate > 0 ? 0 : d->former / 2; // the probe came too early or tried too much
	d->proven = rate;
	enum probe_success success = verdict == PROBE_UNTOLD ? PROBE_REACHED : PROBE_IN_VAIN;
	if (d->probe.open || (uint64_t)rate * 100 > (uint64_t)now * WORTH_PERCENT)
		success = verdict == PROBE_PASSED ? PROBE_NEARER : PROBE_REACHED;
	if (rate > 0 && rate >= d->want)
		success = PROBE_REACHED;
	d->gained = success != PROBE_IN_VAIN && verdict != PROBE_UNTOLD;
	probe_finish(&d->probe, now_us, success);
}

int downlink_feedback(struct downlink *d, int64_t now_us, const uint8_t *fci, size_t len)
{
	struct twcc_feedback f;
	int ret = twcc_feedback_begin(&f, fci, len);
	if (ret < 0)
		return ret;
	int64_t newest_us = read_statuses(d, now_us, &f);
	d->feedback_us = now_us;
	d->answered = (uint32_t)d->sent.next;
	if (newest_us < 0) {
		follow_probe(d, now_us);
		return 0;
	}
	follow_rtt(d, now_us - newest_us);
	uint32_t acked = acked_long(d);
	follow_delay(d, now_us, acked);
	loss_update(&d->loss, now_us, (uint32_t)d->delay.rate, acked);
	if (loss_limit(&d->loss) < (uint32_t)d->delay.rate)
		d->unhurt = false;
	follow_probe(d, now_us);
	return 0;
}

void downlink_remb(struct downlink *d, int64_t now_us, uint64_t bitrate)
{
	uint32_t rate = bitrate < DELAY_RATE_MAX ? (uint32_t)bitrate : DELAY_RATE_MAX;

	if (!remb_is_fresh(d, now_us) || rate < d->remb / 100 * REMB_FELL_PERCENT)
		d->remb_fell_ms = (uint32_t)(now_us / 1000);
	d->remb = rate;
	d->remb_us = now_us;
	d->unhurt = false; // the viewer says what its link carries
}

void downlink_report(struct downlink *d, int64_t now_us, uint8_t fraction_lost)
{
	uint32_t bytes = (uint32_t)d->sent.bytes - d->report_bytes;
	if (d->transport_wide || bytes == 0)
		return;
	uint32_t lost = (uint32_t)((uint64_t)bytes * fraction_lost / 256);
	uint32_t acked = (uint32_t)((uint64_t)d->sent_peak * (256u - fraction_lost) / 256);
	d->report_bytes = (uint32_t)d->sent.bytes;
	loss_packet(&d->loss, now_us, bytes - lost, false, false);
	loss_packet(&d->loss, now_us, lost, true, false);
	bool fresh = remb_is_fresh(d, now_us);
	uint32_t most = d->sent_peak / 2 * 3 + DELAY_HEADROOM;
	loss_update(&d->loss, now_us, fresh ? remb_rate(d) : most, acked);
	if (loss_limit(&d->loss) < most)
		d->unhurt = false;
}

static void count_sent(struct downlink *d)
{
	d->windows[d->window] = (uint32_t)d->sent.bytes - d->tick_bytes;
	d->tick_bytes = (uint32_t)d->sent.bytes;
	d->window = (uint8_t)((d->window + 1) % DOWNLINK_WINDOWS);

	uint64_t used = window_bytes(d, 0, USED_WINDOWS) * 8 * DOWNLINK_WINDOWS / USED_WINDOWS;
	uint64_t percent = used * 100 / estimate(d);
	d->used = percent < UINT8_MAX ? (uint8_t)percent : UINT8_MAX;
	uint64_t rate = window_bytes(d, 0, DOWNLINK_WINDOWS) * 8;
	d->sent_peak -= d->sent_peak / PEAK_FADE;
	if (rate > d->sent_peak)
		d->sent_peak = rate < UINT32_MAX ? (uint32_t)rate : UINT32_MAX;
}

// Much was sent, and no feedback has come for long: the way back is as full as the way there.
static void heed_silence(struct downlink *d, int64_t now_us)
{
	uint32_t unanswered = (uint32_t)d->sent.next - d->answered;
	if (unanswered < SILENCE_PACKETS)
		d->feedback_us = now_us;
	if (now_us - d->feedback_us < SILENCE_US)
		return;
	d->feedback_us += SILENCE_STEP_US;
	d->unhurt = false;
	delay_set(&d->delay, now_us, (uint32_t)d->delay.rate / 100 * SILENCE_PERCENT);
}

static void start_probe(struct downlink *d, int64_t now_us)
{
	if (d->probe.state != PROBE_IDLE || now_us < d->probe.due_us || !d->clock_known)
		return;
	uint32_t now = estimate(d), rate = probe_rate(&d->probe, d->want, d->most, now);
	bool gained = d->gained;
	d->gained = false;
	if (gained && (uint64_t)now * 100 < (uint64_t)d->proven * LASTED_PERCENT) {
		probe_put_off(&d->probe, now_us);
		return;
	}
	if (gained)
		probe_lasted(&d->probe);
	if (now_us - d->overuse_us >= FORMER_US || d->former <= now)
		d->former = 0;
	if (d->former > 0)
		rate = d->former; // a probe that passes proves 0.85 of it; no wish is required
	if (rate > now)
		probe_start(
		        &d->probe, now_us, rate, d->former > 0 ? 0 : d->want,
		        (uint8_t)(loss_share(&d->loss) * 100), d->sent.next, d->sent.bytes
		);
}

void downlink_tick(struct downlink *d, int64_t now_us)
{
	sent_tick(&d->sent, now_us);
	count_sent(d);
	if (!d->transport_wide)
		return;
	heed_silence(d, now_us);
	follow_probe(d, now_us);
	bool more = (uint64_t)d->want * WISH_PERCENT > (uint64_t)estimate(d) * 100;
	// After a wish that was just met, the wish for the next step is about to follow.
	bool met = d->probe.wished && downlink_proven(d, now_us) > 0;
	probe_wish(&d->probe, now_us, more || met);
	if (d->probe.wished || d->former > 0)
		start_probe(d, now_us);
}

void downlink_want(struct downlink *d, int64_t now_us, uint32_t rate, uint32_t most)
{
	d->most = most;
	// The step that the last probe had proven has been taken: on to the next.
	if (rate > d->want && d->want > 0 && d->proven >= d->want)
		probe_hurry(&d->probe, now_us + PROBE_AGAIN_US);
	d->want = rate;
}

uint16_t downlink_probe(struct downlink *d, int64_t now_us)
{
	return probe_packet(&d->probe, now_us, d->sent.next, d->sent.bytes);
}
