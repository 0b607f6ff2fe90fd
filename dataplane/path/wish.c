#include "path/wish.h"

#include <rte_common.h>

#include "path/post.h"

// How many encodings the subscription wishes for.
static uint8_t wish_of(const struct subscription *s)
{
	uint8_t count = s->fanout->stream_count;

	if (count < 2 || s->paused)
		return 0;
	return (uint8_t)RTE_MIN((RTE_MIN(s->given, s->asked) >> 4) + 1, count);
}

static void wish_set(struct subscription *s, uint8_t wish)
{
	uint32_t *wishes = s->fanout->wishes;

	if (s->wish > 0)
		wishes[s->wish - 1]--;
	if (wish > 0)
		wishes[wish - 1]++;
	s->wish = wish & 7;
}

void wish_note(struct subscription *s)
{
	uint8_t wish = wish_of(s);

	if (wish != s->wish)
		wish_set(s, wish);
}

void wish_end(struct subscription *s)
{
	wish_set(s, 0);
}

static uint8_t wish_highest(const struct fanout *f)
{
	uint8_t n = f->stream_count;

	while (n > 0 && f->wishes[n - 1] == 0)
		n--;
	return n;
}

void wish_tell(struct worker *w)
{
	struct fanout *f;

	TAILQ_FOREACH (f, &w->fanout_list, entry) {
		uint8_t wished = wish_highest(f);
		if (f->stream_count < 2 || wished == f->wish_told)
			continue;
		const struct message msg = {
		        .type = MESSAGE_WISHES, .id = f->track_id, .value = wished};
		// If the ring is full, the next call reports it.
		if (message_post(w->replies, &msg))
			f->wish_told = wished;
	}
}
