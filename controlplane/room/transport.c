#include "room/transport.h"

#include "room/peer.h"
#include "room/track.h"

static bool mid_is_used(const struct transport *t, uint32_t mid)
{
	const struct subscription *s;

	LIST_FOREACH (s, &t->peer->subscriptions, of_viewer) {
		if (s->transport == t && s->mid == mid)
			return true;
	}
	return false;
}

uint16_t transport_mid_new(struct transport *t, bool *reserve)
{
	uint32_t mid = t->mid_next++;

	// MIDs are reused only after a viewer has had 10000 subscriptions.
	while (mid >= TRANSPORT_MID_COUNT && mid_is_used(t, mid % TRANSPORT_MID_COUNT))
		mid = t->mid_next++;
	*reserve = mid >= t->mid_reserved;
	if (*reserve)
		t->mid_reserved = mid + TRANSPORT_MID_BLOCK;
	return (uint16_t)(mid % TRANSPORT_MID_COUNT);
}

bool transport_data_added(struct transport *t, int result)
{
	if (t->data_stream == AM_DATA_NONE)
		return false;
	if (result < 0) {
		t->data_stream = AM_DATA_NONE;
		return false;
	}
	t->data_ready = true;
	return true;
}
