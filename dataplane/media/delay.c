#include "media/delay.h"

#define GROUP_US           5000
#define BURST_US           5000 // packets that arrive this close together were queued together
#define BURST_US_MAX       100000
#define DISORDER_MAX       3 // groups; then everything starts over
#define GAP_US_MAX         3000000 // between groups, likewise: no trend spans a pause
#define SMOOTHING          0.9f
#define GAIN               4.0f
#define DELAY_DELTAS_MAX   60 // groups until the slope counts in full
#define THRESHOLD_MS       12.5f
#define THRESHOLD_MS_MIN   6.0f
#define THRESHOLD_MS_MAX   600.0f
#define THRESHOLD_UP       0.0087f // per ms
#define THRESHOLD_DOWN     0.039f
#define THRESHOLD_OUTLIER  15.0f // ms above it: the threshold does not adapt to outliers
#define THRESHOLD_STEP_MS  100
#define OVERUSE_MS         10.0f
#define RISE_PER_S         0.08f
#define RISE_US_MAX        1000000 // a longer pause counts as this
#define RISE_MIN           4000.0f // bit/s per second
#define RESPONSE_US        100000 // of the viewer, in addition to the round trip
#define PACKET_BITS        9600 // 1200 bytes
#define CAPACITY_SMOOTHING 0.05f
#define CAPACITY_SPREAD    9.0f // square of three deviations on each side
#define DEVIATION_MIN      0.4f
#define DEVIATION_MAX      2.5f
#define CUT_AGAIN_US_MAX   200000
#define RISE_LIMIT         1.5f
#define STANDING_LEAST_MS  60 // of delay above the minimum
#define STANDING_MS        500 // the minimum over this long
#define STANDING_FALL_MS   10 // if the delay falls by this much in that time, the queue drains
#define STANDING_CUTS_MAX  2 // if these do not help, the path itself has become longer
#define FLOOR_MS           10000
#define FLOOR_UNKNOWN      INT16_MAX
#define WAY_US_MAX         1000000000

static float clamp(float v, float min, float max)
{
	return v < min ? min : v > max ? max : v;
}

void delay_init(struct delay *d, int64_t now_us, uint32_t rate)
{
	*d = (struct delay){
	        .changed_us = now_us,
	        .threshold_ms = THRESHOLD_MS,
	        .deviation = DEVIATION_MIN,
	};
	delay_set(d, now_us, rate);
}

void delay_restart(struct delay *d)
{
	d->groups = d->next = d->overuse_n = d->disorder_n = 0;
	d->samples_n = 0;
	d->delay_ms = d->smoothed_ms = d->slope = d->overuse_ms = 0;
	d->usage = DELAY_NORMAL;
}

void delay_new_clock(struct delay *d)
{
	delay_restart(d);
	d->floor = (struct delay_floor){0};
	d->standing_n = 0;
}

void delay_set(struct delay *d, int64_t now_us, uint32_t rate)
{
	d->rate = clamp((float)rate, DELAY_RATE_MIN, DELAY_RATE_MAX);
	d->changed_us = now_us;
	d->rising = false;
}

void delay_raise(struct delay *d, uint32_t rate)
{
	if (!d->high && d->capacity == 0 && (float)rate > d->rate)
		d->rate = clamp((float)rate, DELAY_RATE_MIN, DELAY_RATE_MAX);
}

// Least squares over the samples: ms of delay per ms.
static float slope_of(const struct delay *d)
{
	uint32_t newest = d->samples[(d->next + DELAY_GROUPS - 1) % DELAY_GROUPS].arrival_us;
	float x[DELAY_GROUPS], x_mean = 0, y_mean = 0;
	for (int i = 0; i < DELAY_GROUPS; i++) {
		x[i] = (float)(int32_t)(d->samples[i].arrival_us - newest) / 1000;
		x_mean += x[i] / DELAY_GROUPS;
		y_mean += d->samples[i].smoothed_ms / DELAY_GROUPS;
	}
	float product = 0, square = 0;
	for (int i = 0; i < DELAY_GROUPS; i++) {
		product += (x[i] - x_mean) * (d->samples[i].smoothed_ms - y_mean);
		square += (x[i] - x_mean) * (x[i] - x_mean);
	}
	return square > 0 ? product / square : d->slope;
}

static void adapt_threshold(struct delay *d, float trend_ms, int64_t arrival_us)
{
	float size = trend_ms < 0 ? -trend_ms : trend_ms;
	uint32_t us = d->samples_n <= 1 ? 0 : (uint32_t)arrival_us - d->threshold_us;
	d->threshold_us = (uint32_t)arrival_us;
	if (size > d->threshold_ms + THRESHOLD_OUTLIER)
		return;
	float step_ms = clamp((float)us / 1000, 0, THRESHOLD_STEP_MS);
	float share = size < d->threshold_ms ? THRESHOLD_DOWN : THRESHOLD_UP;
	d->threshold_ms += share * (size - d->threshold_ms) * step_ms;
	d->threshold_ms = clamp(d->threshold_ms, THRESHOLD_MS_MIN, THRESHOLD_MS_MAX);
}

static void detect(struct delay *d, float slope, float sent_ms, int64_t arrival_us)
{
	float trend_ms = (float)d->samples_n * slope * GAIN;
	if (trend_ms > d->threshold_ms) {
		d->overuse_ms += d->overuse_n == 0 ? sent_ms / 2 : sent_ms;
		d->overuse_n += d->overuse_n < UINT8_MAX;
		if (d->overuse_ms > OVERUSE_MS && d->overuse_n > 1 && slope >= d->slope) {
			d->overuse_ms = 0;
			d->overuse_n = 0;
			d->usage = DELAY_OVERUSE;
		}
	} else {
		d->overuse_ms = 0;
		d->overuse_n = 0;
		d->usage = trend_ms < -d->threshold_ms ? DELAY_UNDERUSE : DELAY_NORMAL;
	}
	d->slope = slope;
	adapt_threshold(d, trend_ms, arrival_us);
}

// Two groups are complete: how much did the delay change from the first to the second?
static void compare(struct delay *d)
{
	int64_t sent_us = d->group.sent_us - d->before_sent_us;
	int64_t arrival_us = d->group.arrival_us - d->before_arrival_us;
	if (arrival_us < 0) {
		if (++d->disorder_n >= DISORDER_MAX)
			delay_restart(d);
		return;
	}
	d->disorder_n = 0;
	if (sent_us > GAP_US_MAX || arrival_us > GAP_US_MAX) {
		delay_restart(d);
		return;
	}
	d->delay_ms += (float)(arrival_us - sent_us) / 1000;
	d->smoothed_ms = SMOOTHING * d->smoothed_ms + (1 - SMOOTHING) * d->delay_ms;
	d->samples[d->next] = (struct delay_sample){
	        .arrival_us = (uint32_t)d->group.arrival_us,
	        .smoothed_ms = d->smoothed_ms,
	};
	d->next = (uint8_t)((d->next + 1) % DELAY_GROUPS);
	d->samples_n += d->samples_n < DELAY_DELTAS_MAX;
	float slope = d->samples_n < DELAY_GROUPS ? d->slope : slope_of(d);
	detect(d, slope, (float)sent_us / 1000, d->group.arrival_us);
}

// Packets that were held up together on the way say nothing about the delay between them.
static bool is_of_group(const struct delay_group *g, int64_t sent_us, int64_t arrival_us)
{
	int64_t behind_us = arrival_us - g->arrival_us;
	int64_t after_us = sent_us - g->sent_us;
	if (after_us + g->sent_span_us <= GROUP_US)
		return true;
	return behind_us < after_us && behind_us <= BURST_US &&
	       behind_us + g->arrival_span_us < BURST_US_MAX;
}

static void grow_group(struct delay_group *g, int64_t sent_us, int64_t arrival_us)
{
	if (sent_us > g->sent_us) {
		g->sent_span_us += (int32_t)(sent_us - g->sent_us);
		g->sent_us = sent_us;
	}
	if (arrival_us > g->arrival_us && arrival_us - g->arrival_us < WAY_US_MAX) {
		g->arrival_span_us += (int32_t)(arrival_us - g->arrival_us);
		g->arrival_us = arrival_us;
	}
}

static int16_t least(int16_t a, int16_t b)
{
	return a < b ? a : b;
}

static void follow_floor(struct delay *d, int64_t sent_us, int64_t arrival_us)
{
	struct delay_floor *f = &d->floor;
	uint32_t ms = (uint32_t)(arrival_us / 1000);
	if (f->way_us == 0) {
		f->way_us = arrival_us - sent_us;
		f->before = f->ten_s = f->now = FLOOR_UNKNOWN;
		f->last = 0;
		f->ten_s_ms = ms;
		f->now_ms = (uint16_t)ms;
	}
	int64_t above_ms = (arrival_us - sent_us - f->way_us) / 1000;
	if (above_ms <= INT16_MIN || above_ms >= FLOOR_UNKNOWN)
		return;
	f->now = least(f->now, (int16_t)above_ms);
	f->ten_s = least(f->ten_s, (int16_t)above_ms);
}

// Has the queue stood for half a second? Called after each feedback message.
static bool queue_stands(struct delay *d)
{
	struct delay_floor *f = &d->floor;
	uint32_t ms = (uint32_t)(d->group.arrival_us / 1000);
	if ((uint16_t)(ms - f->now_ms) < STANDING_MS || f->now == FLOOR_UNKNOWN)
		return false;
	int16_t floor = least(f->before, f->ten_s);
	bool high = f->now > floor + STANDING_LEAST_MS;
	bool stands = high && f->now > f->last - STANDING_FALL_MS;
	d->high = high;
	if (!high)
		d->standing_n = 0;
	if (stands && d->standing_n >= STANDING_CUTS_MAX) {
		f->before = f->ten_s = f->now;
		stands = d->high = false;
	}
	if (ms - f->ten_s_ms >= FLOOR_MS) {
		f->before = f->ten_s;
		f->ten_s = f->now;
		f->ten_s_ms = ms;
	}
	f->last = f->now;
	f->now = FLOOR_UNKNOWN;
	f->now_ms = (uint16_t)ms;
	return stands;
}

void delay_packet(struct delay *d, int64_t sent_us, int64_t arrival_us)
{
	struct delay_group *g = &d->group;
	follow_floor(d, sent_us, arrival_us);
	if (d->groups > 0 && sent_us < g->sent_us - g->sent_span_us)
		return;
	if (d->groups > 0 && is_of_group(g, sent_us, arrival_us)) {
		grow_group(g, sent_us, arrival_us);
		return;
	}
	if (d->groups == 2)
		compare(d);
	d->before_sent_us = g->sent_us;
	d->before_arrival_us = g->arrival_us;
	d->groups += d->groups < 2;
	*g = (struct delay_group){.sent_us = sent_us, .arrival_us = arrival_us};
}

// Is a rate (kbit/s) further from the capacity than its usual scatter?
static bool is_beyond_capacity(const struct delay *d, float kbit_s)
{
	float off = kbit_s - d->capacity;
	return off * off > CAPACITY_SPREAD * d->deviation * d->capacity;
}

static void learn_capacity(struct delay *d, float kbit_s)
{
	if (d->capacity == 0 || (kbit_s < d->capacity && is_beyond_capacity(d, kbit_s))) {
		d->capacity = kbit_s;
		return;
	}
	d->capacity += CAPACITY_SMOOTHING * (kbit_s - d->capacity);
	float off = kbit_s - d->capacity;
	float norm = d->capacity > 1 ? d->capacity : 1;
	d->deviation += CAPACITY_SMOOTHING * (off * off / norm - d->deviation);
	d->deviation = clamp(d->deviation, DEVIATION_MIN, DEVIATION_MAX);
}

static bool cut(struct delay *d, int64_t now_us, const struct delay_input *in)
{
	int64_t again_us = in->rtt_us < CUT_AGAIN_US_MAX ? in->rtt_us : CUT_AGAIN_US_MAX;
	bool far = in->acked > 0 && (float)in->acked < d->rate / 2;
	d->rising = false;
	if (now_us - d->changed_us < again_us && !far)
		return false;

	float left = (in->acked > 0 ? (float)in->acked : d->rate) * DELAY_CUT_SHARE;
	if (left > d->rate && d->capacity > 0)
		left = d->capacity * 1000 * DELAY_CUT_SHARE;
	bool less = left < d->rate;
	if (less)
		d->rate = clamp(left, DELAY_RATE_MIN, DELAY_RATE_MAX);
	if (in->acked > 0)
		learn_capacity(d, (float)in->acked / 1000);
	d->changed_us = now_us;
	return less;
}

// The queue has stood for a while, so the rate falls even if no less arrives than it allows.
static bool cut_standing(struct delay *d, int64_t now_us, const struct delay_input *in)
{
	float left = in->acked_long > 0 && (float)in->acked_long < d->rate ? (float)in->acked_long
	                                                                   : d->rate;
	d->rising = false;
	d->changed_us = now_us;
	d->rate = clamp(left * DELAY_CUT_SHARE, DELAY_RATE_MIN, DELAY_RATE_MAX);
	return true;
}

static void rise(struct delay *d, int64_t now_us, const struct delay_input *in)
{
	int64_t us = now_us - d->changed_us;
	float s = (float)(us < RISE_US_MAX ? us : RISE_US_MAX) / 1000000;
	float acked_kbit_s = (float)in->acked_long / 1000;
	float limit = RISE_LIMIT * (float)in->acked_long + DELAY_HEADROOM;
	float step;

	if (d->capacity > 0 && acked_kbit_s > d->capacity && is_beyond_capacity(d, acked_kbit_s))
		d->capacity = 0;
	if (d->capacity > 0) {
		// Half a packet per response time: what the queue takes until we hear of it.
		float response_s = (float)(in->rtt_us + RESPONSE_US) / 1000000;
		float a_second = PACKET_BITS / 2 / response_s;
		step = (a_second > RISE_MIN ? a_second : RISE_MIN) * s;
	} else {
		step = (RISE_PER_S * d->rate > RISE_MIN ? RISE_PER_S * d->rate : RISE_MIN) * s;
	}
	d->changed_us = now_us;
	if (d->rate < limit)
		d->rate = clamp(d->rate + step, DELAY_RATE_MIN, limit);
	d->rate = clamp(d->rate, DELAY_RATE_MIN, DELAY_RATE_MAX);
}

bool delay_update(struct delay *d, int64_t now_us, const struct delay_input *in)
{
	bool stands = queue_stands(d);
	if (stands && d->usage == DELAY_NORMAL) {
		d->standing_n++;
		return cut_standing(d, now_us, in);
	}
	switch (d->usage) {
	case DELAY_OVERUSE: return !in->excused && cut(d, now_us, in);
	case DELAY_UNDERUSE: // the queue drains: let it
		d->rising = false;
		return false;
	}
	if (!d->rising) {
		d->rising = true;
		d->changed_us = now_us;
		return false;
	}
	if (in->acked_long > 0 && !d->high)
		rise(d, now_us, in);
	return false;
}
