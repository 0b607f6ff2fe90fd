#include "media/allocation.h"

#include <string.h>

static uint64_t step_bps(const struct allocation_picture *p)
{
	return p->chosen == ALLOCATION_NONE ? 0 : p->bps[p->chosen];
}

static uint8_t step_next(const struct allocation_picture *p)
{
	return p->chosen == ALLOCATION_NONE ? 0 : (uint8_t)(p->chosen + 1);
}

// Takes the next step of a video if it has one that fits.
static bool take(struct allocation_picture *p, uint64_t budget_bps, uint64_t *used_bps)
{
	uint8_t next = step_next(p);

	if (next >= p->count)
		return false;
	uint64_t sum = *used_bps - step_bps(p) + p->bps[next];
	if (sum > budget_bps)
		return false;
	p->chosen = next;
	*used_bps = sum;
	return true;
}

// Takes the next step of each video of this priority that fits. Returns whether any did.
static bool round_of(
        struct allocation_picture *pictures, unsigned count, uint8_t priority, uint64_t budget_bps,
        bool first, uint64_t *used_bps
)
{
	bool any = false;

	for (unsigned i = 0; i < count; i++) {
		struct allocation_picture *p = &pictures[i];
		if (p->priority == priority && first == (p->chosen == ALLOCATION_NONE))
			any |= take(p, budget_bps, used_bps);
	}
	return any;
}

// The highest priority below this one, or -1.
static int priority_below(const struct allocation_picture *pictures, unsigned count, int below)
{
	int highest = -1;

	for (unsigned i = 0; i < count; i++) {
		if (pictures[i].priority < below && pictures[i].priority > highest)
			highest = pictures[i].priority;
	}
	return highest;
}

// A round over every priority, most important first.
static bool round_all(
        struct allocation_picture *pictures, unsigned count, uint64_t budget_bps, bool first,
        uint64_t *used_bps
)
{
	int priority = UINT8_MAX + 1;
	bool any = false;

	while ((priority = priority_below(pictures, count, priority)) >= 0)
		any |= round_of(pictures, count, (uint8_t)priority, budget_bps, first, used_bps);
	return any;
}

uint64_t allocation_choose(struct allocation_picture *pictures, unsigned count, uint64_t budget_bps)
{
	uint64_t used_bps = 0;

	for (unsigned i = 0; i < count; i++)
		pictures[i].chosen = ALLOCATION_NONE;
	round_all(pictures, count, budget_bps, true, &used_bps);
	for (unsigned i = 0; i < count; i++) {
		struct allocation_picture *p = &pictures[i];
		while (p->chosen != ALLOCATION_NONE && step_next(p) < p->first &&
		       take(p, budget_bps, &used_bps))
			;
	}
	while (round_all(pictures, count, budget_bps, false, &used_bps))
		;
	return used_bps;
}

uint64_t allocation_used(const struct allocation_picture *pictures, unsigned count)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < count; i++)
		sum += step_bps(&pictures[i]);
	return sum;
}

uint64_t allocation_most(const struct allocation_picture *pictures, unsigned count)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < count; i++)
		sum += pictures[i].count ? pictures[i].bps[pictures[i].count - 1] : 0;
	return sum;
}

uint64_t
allocation_next(const struct allocation_picture *pictures, unsigned count, uint64_t used_bps)
{
	uint64_t least = 0;

	for (unsigned i = 0; i < count; i++) {
		const struct allocation_picture *p = &pictures[i];
		uint8_t next = step_next(p);
		if (next >= p->count)
			continue;
		uint64_t sum = used_bps - step_bps(p) + p->bps[next];
		if (least == 0 || sum < least)
			least = sum;
	}
	return least;
}

static bool is_waiting(const struct allocation *a, int64_t now_us)
{
	return a->down_us && now_us - a->down_us < a->wait_us;
}

// A link that carries this much counts as another one than that on which the step failed. A step
// far beyond the failed link says little, since a screen weighs what its next page may take.
static uint64_t other_bps(const struct allocation *a)
{
	uint64_t failed_bps = a->failed_bps;

	if (failed_bps > 2 * a->failed_budget_bps)
		failed_bps = 2 * a->failed_budget_bps;
	return a->fooled ? UINT64_MAX : failed_bps * ALLOCATION_OTHER_PERCENT / 100;
}

uint64_t allocation_wish(
        const struct allocation *a, const struct allocation_picture *pictures, unsigned count,
        uint64_t budget_bps, int64_t now_us
)
{
	struct allocation_picture granted[ALLOCATION_PICTURES];
	uint64_t used_bps = allocation_used(pictures, count);
	uint64_t most_bps = allocation_most(pictures, count);
	uint64_t next_bps = allocation_next(pictures, count, used_bps);

	if (next_bps && next_bps * ALLOCATION_UP_PERCENT <= budget_bps * 100) {
		memcpy(granted, pictures, count * sizeof(*pictures));
		used_bps =
		        allocation_choose(granted, count, budget_bps * 100 / ALLOCATION_UP_PERCENT);
		next_bps = allocation_next(granted, count, used_bps);
	}
	if (next_bps && !a->fooled && is_waiting(a, now_us) && next_bps < other_bps(a))
		next_bps = other_bps(a) < most_bps ? other_bps(a) : most_bps;
	return next_bps * ALLOCATION_MARGIN_PERCENT / 100;
}

static bool is_since(int64_t *since_us, bool is_so, int64_t for_us, int64_t now_us)
{
	if (!is_so)
		*since_us = 0;
	else if (*since_us == 0)
		*since_us = now_us;
	return is_so && now_us - *since_us >= for_us;
}

// Steps down without a step up in between are one fall.
static void
stepped_down(struct allocation *a, uint64_t used_bps, uint64_t budget_bps, int64_t now_us)
{
	bool falls =
	        a->down_us && a->up_us <= a->down_us && now_us - a->down_us < ALLOCATION_REGRET_US;
	bool regretted = a->up_us && now_us - a->up_us < ALLOCATION_REGRET_US;

	a->down_us = now_us;
	a->roomy_us = 0;
	if (falls)
		return;
	a->fooled = regretted &&
	            (a->fooled || (a->leap_us && now_us - a->leap_us < ALLOCATION_REGRET_US));
	a->failed_bps = used_bps;
	a->failed_budget_bps = budget_bps;
	a->wait_us = regretted ? a->wait_us * 2 : ALLOCATION_WAIT_US;
	if (a->wait_us < ALLOCATION_WAIT_US)
		a->wait_us = ALLOCATION_WAIT_US;
	if (a->wait_us > ALLOCATION_WAIT_US_MAX)
		a->wait_us = ALLOCATION_WAIT_US_MAX;
}

// A failure on another link is no reason for patience on this one.
static void stepped_up(struct allocation *a, uint64_t budget_bps, int64_t now_us)
{
	a->up_us = now_us;
	if (is_waiting(a, now_us) && budget_bps >= other_bps(a)) {
		a->leap_us = now_us;
		a->wait_us = ALLOCATION_WAIT_US;
	}
}

// How much the link is trusted with until the failed step may be tried again.
static uint64_t trusted_bps(const struct allocation *a, uint64_t budget_bps, int64_t now_us)
{
	uint64_t low_bps = a->failed_bps * ALLOCATION_LOW_PERCENT / 100;
	bool waits = is_waiting(a, now_us) && budget_bps < other_bps(a);

	return waits && low_bps < budget_bps ? low_bps : budget_bps;
}

static uint64_t margin_of(bool sure)
{
	return sure ? ALLOCATION_MARGIN_PERCENT : ALLOCATION_UP_PERCENT;
}

// The number of videos that are missing. Nothing is worse, so their first step waits less.
static unsigned lacks(const struct allocation_picture *pictures, unsigned count)
{
	unsigned n = 0;

	for (unsigned i = 0; i < count; i++)
		n += pictures[i].chosen == ALLOCATION_NONE && pictures[i].count > 0;
	return n;
}

// Whether fewer videos would be missing if others gave up steps for them.
static bool
makes_room(const struct allocation_picture *pictures, unsigned count, uint64_t budget_bps)
{
	struct allocation_picture other[ALLOCATION_PICTURES];

	memcpy(other, pictures, count * sizeof(*pictures));
	allocation_choose(other, count, budget_bps);
	return lacks(other, count) < lacks(pictures, count);
}

static bool
may_step_up(struct allocation *a, bool roomy, bool low, bool probed, bool black, int64_t now_us)
{
	int64_t for_us = black ? ALLOCATION_BLACK_US : ALLOCATION_UP_US, wait_us = a->wait_us;
	bool patient = is_since(&a->roomy_us, roomy, for_us, now_us);

	if (low)
		wait_us = black ? ALLOCATION_BLACK_US : ALLOCATION_LOW_US;
	else if (black)
		wait_us = wait_us > ALLOCATION_WAIT_US ? ALLOCATION_WAIT_US : ALLOCATION_BLACK_US;
	return roomy && (probed || patient) && (!a->down_us || now_us - a->down_us >= wait_us);
}

// If no video fits, the most important of those that were sent before. Otherwise count.
static unsigned
last_of(const struct allocation_picture *pictures, const uint8_t *before, unsigned count)
{
	unsigned last = count;

	for (unsigned i = 0; i < count; i++) {
		if (pictures[i].chosen != ALLOCATION_NONE)
			return count;
		if (before[i] != ALLOCATION_NONE &&
		    (last == count || pictures[i].priority > pictures[last].priority))
			last = i;
	}
	return last;
}

// Chooses anew. A video is taken away altogether only after the link has been short for a while:
// an estimate that was cut by mistake recovers sooner, and bringing a video back costs a key
// frame. The last one stays up to twice the budget, at the pace that the link carries.
static bool choose_other(
        const struct allocation *a, struct allocation_picture *pictures, unsigned count,
        uint64_t budget_bps, int64_t now_us
)
{
	uint8_t before[ALLOCATION_PICTURES];
	uint64_t most_bps = budget_bps * ALLOCATION_LAST_PERCENT / 100;
	bool spare = a->short_us == 0 || now_us - a->short_us < ALLOCATION_BLACK_US, other = false;

	for (unsigned i = 0; i < count; i++)
		before[i] = pictures[i].chosen;
	allocation_choose(pictures, count, budget_bps);
	unsigned last = last_of(pictures, before, count);
	if (last < count && pictures[last].bps[0] <= most_bps)
		pictures[last].chosen = 0;
	for (unsigned i = 0; i < count; i++) {
		if (spare && pictures[i].chosen == ALLOCATION_NONE && before[i] != ALLOCATION_NONE)
			pictures[i].chosen = 0;
		other |= pictures[i].chosen != before[i];
	}
	return other;
}

bool allocation_look(
        struct allocation *a, struct allocation_picture *pictures, unsigned count,
        uint64_t budget_bps, enum allocation_why why, int64_t now_us
)
{
	if (count > ALLOCATION_PICTURES)
		count = ALLOCATION_PICTURES;

	uint64_t used_bps = allocation_used(pictures, count);
	bool severe = used_bps * 100 > budget_bps * ALLOCATION_DOWN_PERCENT;
	bool lasts = is_since(&a->short_us, used_bps > budget_bps, ALLOCATION_DOWN_US, now_us);
	if (why == ALLOCATION_CHANGED)
		return choose_other(a, pictures, count, budget_bps, now_us);
	if (lasts || severe) {
		bool other = choose_other(a, pictures, count, budget_bps, now_us);
		if (other)
			stepped_down(a, used_bps, budget_bps, now_us);
		return other;
	}
	bool probed = why == ALLOCATION_PROBED, black = lacks(pictures, count) > 0;
	uint64_t next_bps = allocation_next(pictures, count, used_bps);
	uint64_t margin = margin_of(probed || black);
	bool roomy = next_bps && budget_bps * 100 >= next_bps * margin;
	if (black && !roomy)
		roomy = makes_room(pictures, count, budget_bps * 100 / margin);
	uint64_t trust_bps = trusted_bps(a, budget_bps * 100 / margin, now_us);
	bool low = next_bps <= trust_bps;
	if (!may_step_up(a, roomy, low, probed, black, now_us))
		return false;
	bool other = choose_other(
	        a, pictures, count, low ? trust_bps : budget_bps * 100 / margin, now_us
	);
	if (other)
		stepped_up(a, budget_bps * 100 / margin, now_us);
	a->roomy_us = 0;
	return other;
}
