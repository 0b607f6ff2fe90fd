#include "recorder/line.h"

#include <string.h>

#define CLOCK_MAX_US (INT64_MAX / 4)

static bool clock_is_good(int64_t us)
{
	return us >= 0 && us <= CLOCK_MAX_US;
}

bool line_is_good(const struct line *l)
{
	if (!clock_is_good(l->began_us) || !clock_is_good(l->cut_us) ||
	    !clock_is_good(l->known_us) || l->count > LINE_PAUSES_MAX)
		return false;
	int64_t from_us = l->known_us > l->began_us ? l->known_us : l->began_us;
	if (l->cut_us > from_us - l->began_us)
		return false;
	for (uint32_t i = 0; i < l->count; i++) {
		const struct line_pause *p = &l->pauses[i];
		bool open = p->to_us == 0 && i + 1 == l->count;
		if (!clock_is_good(p->from_us) || p->from_us < from_us)
			return false;
		if (!open && (!clock_is_good(p->to_us) || p->to_us < p->from_us))
			return false;
		from_us = p->to_us;
	}
	return l->began_us != 0 || l->count == 0;
}

static struct line_pause *last(struct line *l)
{
	return l->count > 0 ? &l->pauses[l->count - 1] : NULL;
}

bool line_runs(const struct line *l)
{
	return l->began_us != 0 && (l->count == 0 || l->pauses[l->count - 1].to_us != 0);
}

void line_run(struct line *l, int64_t since_us)
{
	struct line_pause *p = last(l);

	if (l->began_us == 0) {
		l->began_us = since_us;
		return;
	}
	if (p && p->to_us == 0)
		p->to_us = since_us > p->from_us ? since_us : p->from_us;
}

// Makes room by forgetting where the oldest pause was, not how long.
static void forget_oldest(struct line *l)
{
	const struct line_pause oldest = l->pauses[0];

	l->cut_us += oldest.to_us - oldest.from_us;
	l->known_us = oldest.to_us;
	l->count--;
	memmove(l->pauses, l->pauses + 1, l->count * sizeof(l->pauses[0]));
}

void line_stop(struct line *l, int64_t since_us)
{
	if (!line_runs(l))
		return;
	if (l->count == LINE_PAUSES_MAX)
		forget_oldest(l);
	const struct line_pause *p = last(l);
	int64_t least_us = p ? p->to_us : l->known_us > l->began_us ? l->known_us : l->began_us;
	l->pauses[l->count] = (struct line_pause){
	        .from_us = since_us > least_us ? since_us : least_us,
	};
	l->count++;
}

int64_t line_reached(const struct line *l, int64_t clock_us)
{
	int64_t cut_us = l->cut_us;

	if (l->began_us == 0 || clock_us <= l->began_us)
		return 0;
	for (uint32_t i = 0; i < l->count; i++) {
		const struct line_pause *p = &l->pauses[i];
		if (clock_us <= p->from_us)
			break;
		int64_t to_us = p->to_us == 0 || p->to_us > clock_us ? clock_us : p->to_us;
		cut_us += to_us - p->from_us;
	}
	int64_t time_us = clock_us - l->began_us - cut_us;
	return time_us > 0 ? time_us : 0; // before known_us, the cut is too large
}

int64_t line_time(const struct line *l, int64_t clock_us)
{
	if (l->began_us == 0 || clock_us < l->began_us || clock_us < l->known_us)
		return LINE_NONE;
	for (uint32_t i = 0; i < l->count; i++) {
		const struct line_pause *p = &l->pauses[i];
		if (clock_us >= p->from_us && (p->to_us == 0 || clock_us < p->to_us))
			return LINE_NONE;
	}
	return line_reached(l, clock_us);
}
