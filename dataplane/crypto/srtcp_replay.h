// Which SRTCP packets of one transport were accepted (RFC 3711 3.3.2), by sender: Firefox reports
// from a separate SSRC for each m-section, and from new ones as sections are added. The table has a
// fixed size: a sender too many replaces the one that has been silent longest, whose old reports
// can then be replayed. Written by the transport's worker.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SRTCP_SENDER_MAX 128 // of one transport
#define SRTCP_WINDOW     64 // packets of a sender behind its newest that are still accepted

struct srtcp_sender {
	uint32_t top; // highest index accepted
	uint32_t heard; // srtcp_replay.packets at the sender's last packet
	uint64_t seen; // bit n: top - n was accepted; never 0
};

// All zero at first.
struct srtcp_replay {
	uint32_t packets; // accepted, modulo 2^32
	uint32_t sender_count;
	uint32_t ssrcs[SRTCP_SENDER_MAX]; // kept apart from the senders because they are searched
	struct srtcp_sender senders[SRTCP_SENDER_MAX];
};

// The place of a sender, or sender_count if it is new.
static inline uint32_t srtcp_replay_find(const struct srtcp_replay *r, uint32_t ssrc)
{
	uint32_t i = 0;
	while (i < r->sender_count && r->ssrcs[i] != ssrc)
		i++;
	return i;
}

// True if the sender at this place may still use the index. Changes nothing: the tag is not
// verified yet.
[[nodiscard]] static inline bool
srtcp_replay_is_new(const struct srtcp_replay *r, uint32_t place, uint32_t index)
{
	const struct srtcp_sender *s = &r->senders[place];

	if (place == r->sender_count || index > s->top)
		return true;
	uint32_t behind = s->top - index;
	return behind < SRTCP_WINDOW && (s->seen >> behind & 1) == 0;
}

static inline uint32_t srtcp_replay_add(struct srtcp_replay *r, uint32_t ssrc)
{
	uint32_t place = r->sender_count;

	if (place < SRTCP_SENDER_MAX) {
		r->sender_count++;
	} else {
		place = 0;
		for (uint32_t i = 1; i < SRTCP_SENDER_MAX; i++) {
			if (r->packets - r->senders[i].heard > r->packets - r->senders[place].heard)
				place = i;
		}
	}
	r->ssrcs[place] = ssrc;
	r->senders[place] = (struct srtcp_sender){0};
	return place;
}

// Call once the tag has verified, with the place from srtcp_replay_find.
static inline void
srtcp_replay_commit(struct srtcp_replay *r, uint32_t place, uint32_t ssrc, uint32_t index)
{
	if (place == r->sender_count)
		place = srtcp_replay_add(r, ssrc);
	struct srtcp_sender *s = &r->senders[place];
	uint32_t ahead = index - s->top;

	if (s->seen == 0 || (index > s->top && ahead >= SRTCP_WINDOW)) {
		s->seen = 1;
		s->top = index;
	} else if (index > s->top) {
		s->seen = s->seen << ahead | 1;
		s->top = index;
	} else {
		s->seen |= UINT64_C(1) << (s->top - index);
	}
	s->heard = ++r->packets;
}
