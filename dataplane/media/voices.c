#include "media/voices.h"

#include <stdatomic.h>

// A word: milliseconds << 16 | flags | loudness.
#define WORD_TIME_SHIFT 16
#define WORD_ON         0x100 // it is forwarded
#define WORD_SOUNDS     0x200 // it was loud a moment ago
#define MS_US           1000

// Counts of the other voices.
struct others {
	uint8_t count; // that send anything at all
	uint8_t louder;
	uint8_t louder_on; // of these, forwarded
};

int voices_take(struct voices *r)
{
	uint64_t taken = atomic_load_explicit(&r->taken, memory_order_relaxed);

	if (taken == UINT64_MAX)
		return -1;
	int place = __builtin_ctzll(~taken);
	atomic_store_explicit(&r->words[place], 0, memory_order_relaxed);
	atomic_store_explicit(&r->taken, taken | UINT64_C(1) << place, memory_order_release);
	return place;
}

void voices_give(struct voices *r, uint8_t place)
{
	uint64_t taken = atomic_load_explicit(&r->taken, memory_order_relaxed);
	atomic_store_explicit(&r->taken, taken & ~(UINT64_C(1) << place), memory_order_relaxed);
}

// As loud as its loudest recent packet, since syllables have gaps.
static uint8_t strength_of(struct voice *v, uint8_t loudness, int64_t now_us)
{
	int64_t fallen = (now_us - v->peak_us) / VOICES_FALL_US;

	if (v->peak - fallen > loudness)
		return (uint8_t)(v->peak - fallen);
	v->peak = loudness;
	v->peak_us = now_us;
	return loudness;
}

// Workers' clocks may differ by a few microseconds.
static bool is_fresh(uint64_t word, int64_t now_us)
{
	return now_us / MS_US - (int64_t)(word >> WORD_TIME_SHIFT) < VOICES_FRESH_US / MS_US;
}

// Whether another voice is louder. Both of two voices come to the same result.
static bool is_louder(uint64_t word, bool is_earlier, const struct voice *v, uint8_t strength)
{
	bool on = word & WORD_ON;
	int other = (uint8_t)word + (on && !v->on ? VOICES_EDGE : 0);
	int own = strength + (v->on && !on ? VOICES_EDGE : 0);

	return other > own || (other == own && is_earlier);
}

static struct others
compare(struct voices *r, const struct voice *v, uint8_t strength, int64_t now_us)
{
	uint64_t places = atomic_load_explicit(&r->taken, memory_order_acquire);
	struct others o = {0};

	places &= ~(UINT64_C(1) << v->place);
	for (; places; places &= places - 1) {
		int i = __builtin_ctzll(places);
		uint64_t word = atomic_load_explicit(&r->words[i], memory_order_relaxed);
		bool fresh = is_fresh(word, now_us);
		bool louder = fresh && is_louder(word, i < v->place, v, strength);
		o.count += fresh;
		o.louder += louder && word & WORD_SOUNDS;
		o.louder_on += louder && word & WORD_ON;
	}
	return o;
}

static void begin(struct voice *v, int64_t now_us)
{
	v->on = true;
	v->ranked_us = now_us;
}

// Whether a packet of a forwarded voice is still forwarded. A decoder continues with what it heard
// last, so that should be quiet.
static bool
go_on(struct voice *v, struct others o, uint8_t loudest, uint8_t loudness, uint8_t strength,
      int64_t now_us)
{
	if (o.louder < loudest)
		v->ranked_us = now_us;
	bool is_quiet = loudness < VOICES_OFF || loudness + VOICES_DIP <= strength;
	int64_t ousted_us = now_us - v->ranked_us;

	if (o.louder_on >= loudest + VOICES_OVER || ousted_us >= VOICES_LAST_US) {
		v->on = false;
		return is_quiet;
	}
	if (now_us - v->heard_us >= VOICES_QUIET_US || (ousted_us >= VOICES_OUSTED_US && is_quiet))
		v->on = false;
	return true;
}

static uint64_t word_of(const struct voice *v, uint8_t strength, int64_t now_us)
{
	uint64_t word = (uint64_t)(now_us / MS_US) << WORD_TIME_SHIFT | strength;

	word |= v->on ? WORD_ON : 0;
	word |= now_us - v->heard_us < VOICES_REST_US ? WORD_SOUNDS : 0;
	return word;
}

bool voices_packet(
        struct voices *r, struct voice *v, uint8_t loudest, uint8_t loudness, int64_t now_us
)
{
	uint8_t strength = strength_of(v, loudness, now_us);
	const struct others o = compare(r, v, strength, now_us);
	bool is_loud = loudness > (v->on ? VOICES_OFF - 1 : VOICES_ON);
	bool forwarded = o.count < loudest;

	if (is_loud)
		v->heard_us = now_us;
	if (v->on)
		forwarded |= go_on(v, o, loudest, loudness, strength, now_us);
	else if (is_loud && o.louder < loudest)
		begin(v, now_us);
	atomic_store_explicit(
	        &r->words[v->place], word_of(v, strength, now_us), memory_order_relaxed
	);
	return forwarded || v->on;
}
