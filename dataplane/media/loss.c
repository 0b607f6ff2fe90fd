#include "media/loss.h"

#include <math.h>

#define OBSERVATIONS_MIN      3
#define OBSERVATION_US_MAX    2000000 // without a packet; then earlier losses say nothing any more
#define AGE_WEIGHT            0.9f // of an observation, relative to the one after it
#define INHERENT_START        0.01f
#define INHERENT_MIN          0.001f
#define INHERENT_OFFSET       0.05f // maximum, plus INHERENT_BALANCE divided by the capacity
#define INHERENT_BALANCE      75.0f // kbit/s
#define INHERENT_MAX          0.5f
#define NEWTON_STEP           0.75f
#define BIAS_LINEAR           0.0002f // for higher capacities, per kbit/s
#define BIAS_LOG              0.02f
#define BIAS_LOSS_MAX         0.25f // above this there is no bias
#define UPPER_LOSS            0.05f // above this the capacity is at most …
#define UPPER_BALANCE         75.0f // … these kbit/s, divided by the loss beyond
#define FORGIVEN_MAX          0.05f // of any loss; the next line is for inherent loss
#define FORGIVEN_INHERENT_MAX 0.1f
#define HOLD_FACTOR           2
#define PROBABILITY_MARGIN    1e-6f
#define KBIT                  1000.0f
#define KBYTES_OF_UNIT        (LOSS_UNIT / 1000.0f)

struct candidate {
	float capacity; // kbit/s
	float inherent;
};

void loss_init(struct loss *l)
{
	*l = (struct loss){.inherent = INHERENT_START, .hold_us = LOSS_HOLD_US_MIN};
}

static float clamp(float v, float min, float max)
{
	return v < min ? min : v > max ? max : v;
}

static int count_of(const struct loss *l)
{
	return l->count < LOSS_OBSERVATIONS ? l->count : LOSS_OBSERVATIONS;
}

struct observation {
	float rate; // kbit/s
	float kbytes; // sent
	float lost; // of them
};

// age: 0 is the newest.
static struct observation observation_at(const struct loss *l, int age)
{
	const struct loss_observation *o =
	        &l->observations[(l->newest + LOSS_OBSERVATIONS - age) % LOSS_OBSERVATIONS];
	return (struct observation){
	        .rate = o->rate,
	        .kbytes = o->units * KBYTES_OF_UNIT,
	        .lost = o->lost_units * KBYTES_OF_UNIT,
	};
}

float loss_share(const struct loss *l)
{
	float kbytes = 0, lost = 0, weight = 1;
	for (int i = 0; i < count_of(l); i++, weight *= AGE_WEIGHT) {
		struct observation o = observation_at(l, i);
		kbytes += weight * o.kbytes;
		lost += weight * o.lost;
	}
	return kbytes > 0 ? lost / kbytes : 0;
}

// The loss that a candidate predicts at a rate: whatever exceeds the capacity is lost, too.
static float expected_loss(const struct candidate *c, float rate)
{
	float p = c->inherent;
	if (rate > c->capacity && rate > 0)
		p += (1 - p) * (rate - c->capacity) / rate;
	return clamp(p, PROBABILITY_MARGIN, 1 - PROBABILITY_MARGIN);
}

static float inherent_max(float capacity)
{
	return clamp(INHERENT_OFFSET + INHERENT_BALANCE / capacity, INHERENT_MIN, INHERENT_MAX);
}

// One step of Newton's method towards the likeliest inherent loss at this capacity.
static void fit_inherent(const struct loss *l, struct candidate *c)
{
	float first = 0, second = 0, weight = 1;
	c->inherent = clamp(c->inherent, INHERENT_MIN, inherent_max(c->capacity));
	for (int i = 0; i < count_of(l); i++, weight *= AGE_WEIGHT) {
		struct observation o = observation_at(l, i);
		float p = expected_loss(c, o.rate);
		float arrived = o.kbytes - o.lost;
		first += weight * (o.lost / p - arrived / (1 - p));
		second -= weight * (o.lost / (p * p) + arrived / ((1 - p) * (1 - p)));
	}
	if (second < 0)
		c->inherent -= NEWTON_STEP * first / second;
	c->inherent = clamp(c->inherent, INHERENT_MIN, inherent_max(c->capacity));
}

// How likely the observations are, with a small bias towards higher capacities.
static float objective(const struct loss *l, const struct candidate *c, float average)
{
	float sum = 0, weight = 1, bias = 0;
	if (average < BIAS_LOSS_MAX)
		bias = BIAS_LINEAR * c->capacity + BIAS_LOG * logf(1 + c->capacity);
	for (int i = 0; i < count_of(l); i++, weight *= AGE_WEIGHT) {
		struct observation o = observation_at(l, i);
		float p = expected_loss(c, o.rate);
		sum += weight *
		       (o.lost * logf(p) + (o.kbytes - o.lost) * logf(1 - p) + bias * o.kbytes);
	}
	return sum;
}

static struct candidate best_of(const struct loss *l, float now_kbit, float acked_kbit)
{
	const float capacities[] = {1.02f * now_kbit, now_kbit, 0.95f * now_kbit, acked_kbit};
	float average = loss_share(l), best_value = 0;
	struct candidate best = {now_kbit, l->inherent};
	for (int i = 0; i < 4; i++) {
		struct candidate c = {capacities[i], l->inherent};
		if (c.capacity <= 0 || c.capacity > capacities[0])
			continue;
		fit_inherent(l, &c);
		float value = objective(l, &c, average);
		if (i > 0 && value <= best_value)
			continue;
		best_value = value;
		best = c;
	}
	// The capacity may rise only if the loss would occur at any rate.
	if (best.capacity > now_kbit && best.inherent < average)
		best.capacity = now_kbit;
	return best;
}

static float upper_bound(const struct loss *l)
{
	float beyond = loss_share(l) - UPPER_LOSS;
	return beyond > 0 ? UPPER_BALANCE / beyond : INFINITY;
}

static void hold_again(struct loss *l, int64_t now_us)
{
	l->hold = l->capacity;
	l->hold_until_us = now_us + l->hold_us;
	l->hold_us *= HOLD_FACTOR;
	if (l->hold_us > LOSS_HOLD_US_MAX)
		l->hold_us = LOSS_HOLD_US_MAX;
}

// The share of loss that is added back to what arrives. It is bounded, since a policer loses
// packets, too.
static float forgiven_loss(const struct loss *l)
{
	float share = loss_share(l);
	float any = share < FORGIVEN_MAX ? share : FORGIVEN_MAX;
	float inherent = l->inherent < FORGIVEN_INHERENT_MAX ? l->inherent : FORGIVEN_INHERENT_MAX;
	return any > inherent ? any : inherent;
}

static void estimate(struct loss *l, int64_t now_us, float delay_kbit, float acked_kbit)
{
	float now_kbit = l->capacity > 0 && l->capacity < delay_kbit ? l->capacity : delay_kbit;
	struct candidate best = best_of(l, now_kbit, acked_kbit);
	float upper = upper_bound(l);
	float capacity = best.capacity < upper ? best.capacity : upper;

	l->inherent = best.inherent;
	acked_kbit /= 1 - forgiven_loss(l);
	capacity = capacity < acked_kbit ? acked_kbit : capacity;
	if (now_us < l->hold_until_us && capacity > l->hold)
		capacity = l->hold > acked_kbit ? l->hold : acked_kbit;
	bool less = capacity < now_kbit;
	l->capacity = capacity < delay_kbit ? capacity : delay_kbit;
	if (less && now_us >= l->hold_until_us)
		hold_again(l, now_us);
	if (l->capacity >= delay_kbit && now_us >= l->hold_until_us)
		l->hold_us = LOSS_HOLD_US_MIN;
}

static uint16_t units_of(uint64_t bytes)
{
	uint64_t units = (bytes + LOSS_UNIT - 1) / LOSS_UNIT;
	return units < UINT16_MAX ? (uint16_t)units : UINT16_MAX;
}

static void observe(struct loss *l, int64_t us)
{
	int next = (l->newest + 1) % LOSS_OBSERVATIONS;
	struct loss_observation *o = &l->observations[next];
	uint64_t lost = l->lost_bytes > 0 ? (uint64_t)l->lost_bytes : 0;
	uint64_t rate = (uint64_t)l->bytes * 8000 / (uint64_t)us;

	l->lossy -= o->lost_units > 0;
	*o = (struct loss_observation){
	        .rate = rate < UINT16_MAX ? (uint16_t)rate : UINT16_MAX,
	        .units = units_of(l->bytes),
	        .lost_units = units_of(lost < l->bytes ? lost : l->bytes),
	};
	l->lossy += o->lost_units > 0;
	l->newest = (uint8_t)next;
	l->count += l->count < UINT8_MAX;
	l->bytes = 0;
	l->lost_bytes = l->lost_bytes < 0 ? l->lost_bytes : 0;
}

void loss_packet(struct loss *l, int64_t sent_us, uint32_t bytes, bool lost, bool was_lost)
{
	if (was_lost) {
		l->lost_bytes -= lost ? 0 : (int32_t)bytes;
		return;
	}
	if (!l->begun || sent_us - l->last_us > OBSERVATION_US_MAX) {
		loss_init(l);
		l->begun = true;
		l->begin_us = l->last_us = sent_us;
	}
	if (sent_us > l->last_us)
		l->last_us = sent_us;
	l->bytes += bytes;
	l->lost_bytes += lost ? (int32_t)bytes : 0;
}

void loss_update(struct loss *l, int64_t now_us, uint32_t delay, uint32_t acked)
{
	int64_t us = l->last_us - l->begin_us;
	if (!l->begun || us < LOSS_OBSERVATION_US)
		return;
	observe(l, us);
	l->begin_us = l->last_us;
	if (l->lossy == 0) {
		l->capacity = 0;
		l->inherent = INHERENT_START;
		l->hold_until_us = 0;
		l->hold_us = LOSS_HOLD_US_MIN;
	} else if (l->count >= OBSERVATIONS_MIN) {
		estimate(l, now_us, (float)delay / KBIT, (float)acked / KBIT);
	}
}

uint32_t loss_limit(const struct loss *l)
{
	return l->capacity > 0 ? (uint32_t)(l->capacity * KBIT) : UINT32_MAX;
}

void loss_set(struct loss *l, uint32_t rate)
{
	float kbit_s = (float)rate / KBIT;
	if (l->capacity > 0 && l->capacity < kbit_s)
		l->capacity = kbit_s;
	l->hold_until_us = 0;
}
