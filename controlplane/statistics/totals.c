#include "statistics/totals.h"

#include "base/memory.h"

#include <stdlib.h>

#define PERSONS_SIZE_FIRST 64 // power of two

static int64_t step_down(int64_t ms)
{
	int64_t s = ms / 1000 - (ms % 1000 < 0);
	int64_t rest = s % STATISTICS_STEP_S;

	return s - (rest < 0 ? rest + STATISTICS_STEP_S : rest);
}

static int64_t step_up(int64_t ms)
{
	int64_t down = step_down(ms);

	return down * 1000 == ms ? down : down + STATISTICS_STEP_S;
}

struct statistics_span
statistics_span(int64_t joined_ms, int64_t left_ms, int64_t from_ms, int64_t to_ms, int64_t now_ms)
{
	int64_t join = joined_ms > from_ms ? joined_ms : from_ms;
	int64_t leave = left_ms < to_ms ? left_ms : to_ms;

	if (leave > now_ms)
		leave = now_ms;
	int64_t duration_s = leave > join ? step_up(leave - join) : STATISTICS_STEP_S;
	int64_t join_s = step_down(join), latest_s = step_down(now_ms) - duration_s;
	if (join_s > latest_s)
		join_s = latest_s;
	return (struct statistics_span){join_s, join_s + duration_s};
}

// Finds the slot that holds the person, or the free slot where it belongs.
static int64_t *person_slot(int64_t *slots, size_t size, int64_t person)
{
	uint64_t at = (uint64_t)person * 0x9e3779b97f4a7c15ull >> 20;

	while (slots[at & (size - 1)] && slots[at & (size - 1)] != person)
		at++;
	return &slots[at & (size - 1)];
}

static void persons_grow(struct statistics_totals *t)
{
	size_t size = t->size ? t->size * 2 : PERSONS_SIZE_FIRST;
	int64_t *slots = memory_new(size, sizeof(*slots));

	for (size_t i = 0; i < t->size; i++) {
		if (t->persons[i])
			*person_slot(slots, size, t->persons[i]) = t->persons[i];
	}
	free(t->persons);
	t->persons = slots;
	t->size = size;
}

static void person_add(struct statistics_totals *t, int64_t person)
{
	if (2 * (t->count + 1) > t->size)
		persons_grow(t);
	int64_t *slot = person_slot(t->persons, t->size, person);
	t->count += *slot == 0;
	*slot = person;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

// Returns the part of the span that no other span has covered.
static int64_t uncovered(struct statistics_totals *t, struct statistics_span span)
{
	int64_t s = 0;

	if (span.join_s > t->latest_s) {
		t->before_s = t->covered_s;
		t->latest_s = span.join_s;
	} else if (span.join_s < t->latest_s) { // the part before latest_s, where later spans begin
		int64_t end = span.leave_s < t->latest_s ? span.leave_s : t->latest_s;
		s += later(end - later(span.join_s, t->before_s), 0);
		t->before_s = later(t->before_s, span.leave_s);
	}
	s += later(span.leave_s - later(later(span.join_s, t->latest_s), t->covered_s), 0);
	t->covered_s = later(t->covered_s, span.leave_s);
	return s;
}

void statistics_totals_add(struct statistics_totals *t, struct statistics_span span, int64_t person)
{
	if (t->sessions++ == 0) {
		t->start_s = t->covered_s = t->latest_s = span.join_s;
		t->before_s = INT64_MIN; // there are no earlier sessions
		t->end_s = span.leave_s;
	}
	if (span.join_s < t->start_s)
		t->start_s = span.join_s;
	t->end_s = later(t->end_s, span.leave_s);
	t->person_s += span.leave_s - span.join_s;
	t->active_s += uncovered(t, span);
	person_add(t, person);
}

void statistics_totals_fini(struct statistics_totals *t)
{
	free(t->persons);
	*t = (struct statistics_totals){0};
}
