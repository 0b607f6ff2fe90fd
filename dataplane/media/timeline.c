#include "media/timeline.h"

#include <assert.h>

#define SECOND_US INT64_C(1000000)
#define WINDOW_US (10 * SECOND_US) // of minimum filters

#define OFFSET_PPM     2000 // how fast the publisher's offset moves
#define OFFSET_JUMP_US (SECOND_US / 2) // it was wrong, not merely late
#define TRACK_PPM      5000 // how fast a track follows its reports; clocks differ by 100
// A sender's clock has jumped if its reports do and its timestamps do not, by this much; by
// CLOCK_JUMP_US in any case, since no network is so late.
#define CLOCK_STEP_US (SECOND_US / 5)
#define CLOCK_JUMP_US (10 * SECOND_US)

#define LATE_US_MAX       (5 * SECOND_US) // from capture to arrival
#define EARLY_US_MAX      SECOND_US // the offset may be that wrong
#define REPORT_AGE_US_MAX (60 * SECOND_US)

#define STALL_WINDOW_US   (SECOND_US / 2)
#define STALL_PACKETS     5
#define SILENCE_US        (3 * SECOND_US / 10) // after which one packet is enough
#define STALL_ARRIVALS_US (3 * SECOND_US / 10) // arrivals alone: queues in the network look alike
#define PICTURE_RATE      90000 // Hz: pictures are paced, so their send times say nothing

#define TIME_MAX (INT64_C(1) << 52) // above all NTP times; keeps sums far from overflow

static int64_t within(int64_t value, int64_t least, int64_t most)
{
	return value < least ? least : value > most ? most : value;
}

static int64_t least_of(const int64_t two[2])
{
	return two[0] < two[1] ? two[0] : two[1];
}

static int64_t ntp_us(uint64_t ntp)
{
	return (int64_t)((ntp >> 32) * 1000000 + ((ntp & 0xFFFFFFFF) * 1000000 >> 32));
}

// How far something moves from `from` to `to` within elapsed_us at this many millionths.
static int64_t slew(int64_t from, int64_t to, int64_t elapsed_us, int64_t ppm)
{
	int64_t most = within(elapsed_us, 0, WINDOW_US) * ppm / 1000000;
	return within(to - from, -most, most);
}

void timeline_publisher_init(struct timeline_publisher *p)
{
	*p = (struct timeline_publisher){0};
}

static void publisher_measure(struct timeline_publisher *p, int64_t offset_us, int64_t now_us)
{
	if (!p->known) {
		p->known = true;
		p->offset_us = p->goal_us = p->least_us[0] = p->least_us[1] = offset_us;
		p->window_us = p->moved_us = now_us;
		return;
	}
	int64_t age_us = now_us - p->window_us;
	if (age_us >= WINDOW_US) {
		p->least_us[1] = age_us < 2 * WINDOW_US ? p->least_us[0] : offset_us;
		p->least_us[0] = offset_us;
		p->window_us = now_us;
	} else if (offset_us < p->least_us[0]) {
		p->least_us[0] = offset_us;
	}
	p->goal_us = least_of(p->least_us);
	if (p->goal_us < p->offset_us - OFFSET_JUMP_US ||
	    p->goal_us > p->offset_us + OFFSET_JUMP_US)
		p->offset_us = p->goal_us;
}

static void publisher_move(struct timeline_publisher *p, int64_t now_us)
{
	if (!p->known || now_us <= p->moved_us)
		return;
	// In steps that are not rounded to nothing.
	if (now_us - p->moved_us < SECOND_US / 100)
		return;
	p->offset_us += slew(p->offset_us, p->goal_us, now_us - p->moved_us, OFFSET_PPM);
	p->moved_us = now_us;
}

// The sender's clock has jumped ahead by this much: all that is tied to it follows.
static void publisher_step(struct timeline_publisher *p, int64_t step_us)
{
	p->steps_us += step_us;
	p->offset_us -= step_us;
	p->goal_us -= step_us;
	p->least_us[0] -= step_us;
	p->least_us[1] -= step_us;
}

void timeline_track_init(struct timeline_track *t, struct timeline_publisher *p, uint32_t rate)
{
	assert(rate > 0);
	*t = (struct timeline_track){.publisher = p, .rate = rate, .steps_us = p->steps_us};
}

void timeline_track_restart(struct timeline_track *t)
{
	t->started = t->reported = t->behind = t->has_report = false;
}

static int64_t ticks_us(const struct timeline_track *t, int64_t ticks)
{
	return ticks * 1000000 / (int64_t)t->rate;
}

// On our clock.
static int64_t track_time(const struct timeline_track *t)
{
	int64_t time_us = t->base_us + ticks_us(t, t->ticks);
	return t->reported ? time_us + t->publisher->offset_us : time_us;
}

static bool is_plausible(int64_t time_us, int64_t arrival_us)
{
	return time_us >= arrival_us - LATE_US_MAX && time_us <= arrival_us + EARLY_US_MAX;
}

// Moves the track's time line; as a rule, what is usual moves along.
static void track_shift(struct timeline_track *t, int64_t us)
{
	t->base_us += us;
	t->lag_sent.usual_us[0] -= us;
	t->lag_sent.usual_us[1] -= us;
	t->lag_sent.recent_us -= us;
	t->lag_arrived.usual_us[0] -= us;
	t->lag_arrived.usual_us[1] -= us;
	t->lag_arrived.recent_us -= us;
}

static void track_reset(struct timeline_track *t, int64_t base_us, bool reported)
{
	t->base_us = t->goal_us = base_us;
	t->reported = reported;
	t->behind = false;
	t->lag_sent.known = t->lag_arrived.known = false;
}

static void track_follow_steps(struct timeline_track *t)
{
	int64_t step_us = t->publisher->steps_us - t->steps_us;
	if (step_us == 0)
		return;
	t->steps_us = t->publisher->steps_us;
	t->report_us += step_us;
	if (t->reported) {
		t->base_us += step_us;
		t->goal_us += step_us;
		t->lag_sent.known = false;
	}
}

// Where the last report would have base_us.
static int64_t reported_base_us(const struct timeline_track *t)
{
	int64_t ticks = t->ticks + (int32_t)(t->report_timestamp - t->last_timestamp);
	return t->report_us - ticks_us(t, ticks);
}

// Begins anew with the packet that the track is at: with the last report if that makes sense, else
// with the arrival.
static void track_anchor(struct timeline_track *t, int64_t arrival_us)
{
	t->ticks = 0;
	t->moved_us = arrival_us;
	if (t->has_report && arrival_us - t->report_arrival_us < REPORT_AGE_US_MAX) {
		track_reset(t, reported_base_us(t), true);
		if (is_plausible(track_time(t), arrival_us))
			return;
	}
	track_reset(t, arrival_us - t->usual_wait_us, false);
}

// Whole seconds of ticks become part of the base, so ticks stay small.
static void track_advance(struct timeline_track *t, uint32_t timestamp, int64_t arrival_us)
{
	t->ticks += (int32_t)(timestamp - t->last_timestamp);
	t->last_timestamp = timestamp;
	int64_t seconds = t->ticks / (int64_t)t->rate;
	t->ticks -= seconds * (int64_t)t->rate;
	t->base_us += seconds * SECOND_US;
	t->goal_us += seconds * SECOND_US;

	if (arrival_us - t->moved_us >= SECOND_US / 100) {
		track_shift(t, slew(t->base_us, t->goal_us, arrival_us - t->moved_us, TRACK_PPM));
		t->moved_us = arrival_us;
	}
}

// How far the sender's clock has jumped ahead, as this report tells; 0: it has not.
static int64_t clock_step_us(const struct timeline_track *t, int64_t goal_us, int64_t offset_us)
{
	const struct timeline_publisher *p = t->publisher;
	if (!p->known)
		return 0;
	int64_t early_us = p->offset_us - offset_us;
	if (t->started && t->reported) {
		// A stall, too, makes the report's time jump, but the report is not early then.
		int64_t jump_us = goal_us - t->goal_us;
		int64_t size_us = jump_us < 0 ? -jump_us : jump_us;
		int64_t differ_us = jump_us < early_us ? early_us - jump_us : jump_us - early_us;
		if (size_us >= CLOCK_STEP_US && differ_us <= within(size_us / 2, 0, SECOND_US))
			return jump_us;
	}
	return early_us > CLOCK_JUMP_US || early_us < -CLOCK_JUMP_US ? early_us : 0;
}

static void track_report(struct timeline_track *t)
{
	int64_t goal_us = reported_base_us(t);
	int64_t ahead_us = goal_us - t->base_us;
	if (!t->reported) {
		track_reset(t, goal_us, true);
		return;
	}
	// Forwards at once, since capture has stalled. Backwards only if two reports agree.
	if (ahead_us <= -TIMELINE_STALL_US) {
		if (t->behind)
			track_reset(t, goal_us, true);
		else
			t->behind = true;
		return;
	}
	t->behind = false;
	t->goal_us = goal_us;
	if (ahead_us >= TIMELINE_STALL_US)
		t->base_us = goal_us; // sending is behind by as much: its lag is as usual again
}

void timeline_report(struct timeline_track *t, uint64_t ntp, uint32_t timestamp, int64_t arrival_us)
{
	struct timeline_publisher *p = t->publisher;
	if (ntp >> 32 == 0)
		return; // RFC 3550 6.4.1: a sender without a clock
	arrival_us = within(arrival_us, 0, TIME_MAX);
	track_follow_steps(t);
	t->has_report = true;
	t->report_timestamp = timestamp;
	t->report_us = ntp_us(ntp);
	t->report_arrival_us = arrival_us;

	int64_t offset_us = arrival_us - t->report_us;
	int64_t step_us = clock_step_us(t, t->started ? reported_base_us(t) : 0, offset_us);
	if (step_us != 0) {
		publisher_step(p, step_us);
		// The report already is in the new time.
		t->report_us -= step_us;
		track_follow_steps(t);
	}
	publisher_measure(p, offset_us, arrival_us);
	if (t->started)
		track_report(t);
}

// Where timestamps go on after a silence as if there had been none, the first packet tells. If
// those that follow are less behind, they had only waited. Returns how far to go forwards or back.
static int64_t lag_after_silence(struct timeline_lag *l, int64_t lag_us, bool silence)
{
	int64_t behind_us = lag_us - least_of(l->usual_us);
	if (silence && behind_us >= SILENCE_US) {
		l->eager = true;
		return behind_us;
	}
	return l->eager && behind_us < 0 ? behind_us : 0;
}

// Notes how far the packet is behind, silence: the first one after one. Returns by how much all
// were further behind than usual in the last half second, at its end, or after a silence.
static int64_t lag_note(struct timeline_lag *l, int64_t lag_us, bool silence, int64_t now_us)
{
	if (!l->known) {
		*l = (struct timeline_lag){
		        .known = true,
		        .usual_us = {lag_us, lag_us},
		        .usual_since_us = now_us,
		        .recent_us = lag_us,
		        .recent_since_us = now_us,
		        .recent_count = 1,
		};
		return 0;
	}
	int64_t moved_us = lag_after_silence(l, lag_us, silence);
	if (moved_us != 0) {
		l->recent_count = 0;
		l->recent_since_us = now_us;
		return moved_us;
	}
	if (now_us - l->usual_since_us >= WINDOW_US) {
		l->usual_us[1] = l->usual_us[0];
		l->usual_us[0] = lag_us;
		l->usual_since_us = now_us;
	}
	if (lag_us < l->usual_us[0])
		l->usual_us[0] = lag_us;
	if (l->recent_count == 0 || lag_us < l->recent_us)
		l->recent_us = lag_us;
	l->recent_count++;
	if (now_us - l->recent_since_us < STALL_WINDOW_US || l->recent_count < STALL_PACKETS)
		return 0;

	l->recent_count = 0;
	l->eager = false;
	l->recent_since_us = now_us;
	return l->recent_us - least_of(l->usual_us);
}

// By how much capture has stalled, as sending shows it.
static int64_t stall_us(struct timeline_track *t, int64_t arrival_us, int64_t send_us, bool silence)
{
	struct timeline_lag *l = &t->lag_sent;
	int64_t lag_us, least_us = TIMELINE_STALL_US;
	if (send_us != INT64_MIN && t->rate != PICTURE_RATE) {
		send_us = within(send_us, -TIME_MAX, TIME_MAX);
		lag_us = send_us - (t->base_us + ticks_us(t, t->ticks));
	} else if (t->reported && arrival_us - t->report_arrival_us < WINDOW_US) {
		return 0;
	} else {
		l = &t->lag_arrived;
		lag_us = arrival_us - track_time(t);
		least_us = STALL_ARRIVALS_US;
	}
	int64_t behind_us = lag_note(l, lag_us, silence, arrival_us);
	return behind_us >= least_us || behind_us < 0 ? behind_us : 0;
}

// While there are no reports, the packet that came fastest says where the time line is. Reports
// then tell how long that packet took.
static void track_learn_wait(struct timeline_track *t, int64_t arrival_us)
{
	int64_t wait_us = arrival_us - track_time(t);
	if (!t->reported) {
		if (wait_us < t->usual_wait_us)
			track_shift(t, wait_us - t->usual_wait_us);
		t->goal_us = t->base_us;
	} else if (wait_us < t->usual_wait_us || !t->waited) {
		t->waited = true;
		t->usual_wait_us = within(wait_us, 0, SECOND_US);
	} else {
		t->usual_wait_us += (within(wait_us, 0, SECOND_US) - t->usual_wait_us) / 1024;
	}
}

// Never back; where the time line went back, time runs at half its speed until it fits again.
static int64_t
track_tell(struct timeline_track *t, int64_t time_us, int64_t elapsed_us, int64_t arrival_us)
{
	if (t->timed) {
		int64_t least_us = t->last_us + within(elapsed_us, 0, SECOND_US) / 2;
		if (time_us < least_us)
			time_us = least_us;
	}
	if (time_us > arrival_us + TIMELINE_AHEAD_US)
		time_us = arrival_us + TIMELINE_AHEAD_US;
	if (t->timed && time_us < t->last_us)
		time_us = t->last_us;
	t->timed = true;
	t->last_us = time_us;
	return time_us;
}

int64_t
timeline_time(struct timeline_track *t, uint32_t timestamp, int64_t arrival_us, int64_t send_us)
{
	arrival_us = within(arrival_us, 0, TIME_MAX);
	publisher_move(t->publisher, arrival_us);
	track_follow_steps(t);

	int64_t elapsed_us = 0;
	if (t->started) {
		elapsed_us = ticks_us(t, (int32_t)(timestamp - t->last_timestamp));
		track_advance(t, timestamp, arrival_us);
	} else {
		t->started = true;
		t->last_timestamp = timestamp;
		track_anchor(t, arrival_us);
	}
	if (!is_plausible(track_time(t), arrival_us)) {
		elapsed_us = 0;
		track_anchor(t, arrival_us);
	}
	bool silence = arrival_us - t->last_arrival_us >= SILENCE_US;
	t->last_arrival_us = arrival_us;
	int64_t stalled_us = stall_us(t, arrival_us, send_us, silence);
	t->base_us += stalled_us;
	t->goal_us += stalled_us;
	track_learn_wait(t, arrival_us);
	return track_tell(t, track_time(t), elapsed_us, arrival_us);
}
