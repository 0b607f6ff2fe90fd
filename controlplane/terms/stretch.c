#include "terms/stretch.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

const char *stretch_cause_name(enum stretch_cause c)
{
	static const char *const names[STRETCH_CAUSE_COUNT] = {
	        [STRETCH_UNKNOWN] = "unknown",
	        [STRETCH_OWN_LINK] = "own link",
	        [STRETCH_SPEAKER] = "speaker's link",
	        [STRETCH_SERVER] = "server",
	};
	return c < STRETCH_CAUSE_COUNT ? names[c] : names[STRETCH_UNKNOWN];
}

static bool is_alike(const struct stretch *a, const struct stretch *b)
{
	if (a->quality != b->quality || a->cause != b->cause || !a->speaker != !b->speaker)
		return false;
	return !a->speaker || strcmp(a->speaker, b->speaker) == 0;
}

static void label(struct stretch *s, const struct stretch *as)
{
	free(s->speaker);
	s->speaker = as->speaker ? memory_copy_string(as->speaker) : NULL;
	s->quality = as->quality;
	s->cause = as->cause;
}

// Adds the measurements of `more`, which follows s.
static void extend(struct stretch *s, const struct stretch *more)
{
	if (s->from_ms == 0)
		s->from_ms = more->from_ms;
	s->to_ms = more->to_ms;
	s->frozen_ms += more->frozen_ms;
	if (more->concealed > s->concealed)
		s->concealed = more->concealed;
	if (more->lost > s->lost)
		s->lost = more->lost;
	if (more->rtt_ms > s->rtt_ms)
		s->rtt_ms = more->rtt_ms;
	if (more->estimate_kbps && (!s->estimate_kbps || more->estimate_kbps < s->estimate_kbps))
		s->estimate_kbps = more->estimate_kbps;
}

static void clear(struct stretch *s)
{
	free(s->speaker);
	*s = (struct stretch){0};
}

static void tell(struct stretches *s, stretch_told *told, void *owner)
{
	bool bad = s->now.quality == QUALITY_BAD || s->now.quality == QUALITY_FAIR;

	if (!bad || s->now.to_ms <= s->now.from_ms || s->count == STRETCH_COUNT_MAX)
		return;
	s->count++;
	told(owner, &s->now);
}

static void turn_over(struct stretches *s, stretch_told *told, void *owner)
{
	tell(s, told, owner);
	clear(&s->now);
	s->now = s->next;
	s->next = (struct stretch){0};
	s->differing = 0;
}

// Reports the part of a long stretch up to now; the stretch goes on.
static void cut(struct stretches *s, stretch_told *told, void *owner)
{
	struct stretch *now = &s->now;

	tell(s, told, owner);
	*now = (struct stretch){
	        .quality = now->quality,
	        .cause = now->cause,
	        .speaker = now->speaker,
	        .from_ms = now->to_ms,
	        .to_ms = now->to_ms,
	};
}

void stretches_look(
        struct stretches *s, const struct stretch *look, stretch_told *told, void *owner
)
{
	if (s->now.quality == QUALITY_UNKNOWN)
		label(&s->now, look);
	if (is_alike(&s->now, look)) {
		if (s->differing > 0)
			extend(&s->now, &s->next);
		clear(&s->next);
		s->differing = 0;
		extend(&s->now, look);
	} else {
		label(&s->next, look);
		extend(&s->next, look);
		s->differing++;
	}
	if (s->differing == STRETCH_SETTLE || (s->differing && look->quality < s->now.quality))
		turn_over(s, told, owner);
	if (s->now.to_ms - s->now.from_ms >= STRETCH_MS_MAX)
		cut(s, told, owner);
}

void stretches_end(struct stretches *s, stretch_told *told, void *owner)
{
	tell(s, told, owner);
	clear(&s->now);
	clear(&s->next);
	*s = (struct stretches){0};
}
