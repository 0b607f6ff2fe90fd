#include "media/repeats.h"

// Of the round trip: requests come with some jitter.
#define RTT_PERCENT 75

bool repeats_take(struct repeats *r, uint32_t ssrc, uint16_t seq, int64_t now_us, uint32_t rtt_us)
{
	uint32_t now_ms = (uint32_t)((uint64_t)now_us / 1000);
	uint32_t wait_ms = (uint32_t)((uint64_t)rtt_us * RTT_PERCENT / 100 / 1000);
	uint8_t stream = (uint8_t)ssrc;
	// Packets lost in a row use entries in a row.
	struct repeat *of = &r->of[(seq + stream) % REPEATS_COUNT];
	uint32_t age_ms = now_ms - of->ms;

	if (of->times == 0 || of->seq != seq || of->stream != stream || age_ms > REPEATS_MS)
		*of = (struct repeat){.seq = seq, .stream = stream};
	else if (of->times == REPEATS_MAX || age_ms < wait_ms)
		return false;
	of->ms = now_ms;
	of->times++;
	return true;
}
