// Transport-wide feedback as browsers send it: arrivals for a viewer are recorded by the number of
// the copy, and reported every ANSWERS_MS (draft-holmer-rmcat-transport-wide-cc-extensions-01).
#pragma once

#include <rte_prefetch.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/twcc.h"

#define ANSWERS_MS 50

struct audience;
struct members;

struct answers {
	struct members *members;
	struct audience *audience;
	struct twcc *all; // one for each viewer; NULL: no viewer sends feedback
	uint64_t start_ns; // of the first round of visits
	uint64_t visited; // visits since then
	uint64_t sent; // number of messages
};

// answers: whether any viewer sends feedback. 0 or -ENOMEM.
[[nodiscard]] int
answers_init(struct answers *, struct members *, struct audience *, bool answers, uint64_t now_ns);
void answers_fini(struct answers *);

// The transport-wide number of an RTP packet, whose header is never encrypted. False: it has none.
[[nodiscard]] bool answers_number(const uint8_t *packet, size_t len, uint16_t *number);

// An RTP packet arrived for a viewer: media, a retransmission or a probe.
static inline void
answers_take(struct answers *a, uint32_t viewer, const uint8_t *packet, size_t len, uint64_t now_ns)
{
	uint16_t number;

	if (a->all && answers_number(packet, len, &number))
		twcc_arrived(&a->all[viewer], number, (int64_t)(now_ns / 1000));
}

// Prefetches the record for the viewer's next packet.
static inline void answers_prefetch(const struct answers *a, uint32_t viewer)
{
	if (a->all)
		rte_prefetch0(&a->all[viewer]);
}

// Builds the next message about arrivals for a viewer. Returns its length; 0: everything is
// reported.
size_t answers_next(struct answers *, uint32_t viewer, uint8_t *packet, size_t size);

// Lets the viewers among 0 to viewers - 1 report whose turn has come; turns are spread evenly over
// time. Returns the number of turns.
unsigned answers_tick(struct answers *, uint32_t viewers, uint64_t now_ns);

// The viewer leaves: the next one in its place starts afresh.
void answers_forget(struct answers *, uint32_t viewer);
