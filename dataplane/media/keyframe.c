#include "media/keyframe.h"

void keyframe_init(struct keyframe *k)
{
	*k = (struct keyframe){0};
}

bool keyframe_due(struct keyframe *k, int64_t now_us)
{
	if (!k->pending || (k->sent && now_us - k->sent_us < KEYFRAME_INTERVAL_US))
		return false;

	k->pending = false;
	k->sent = true;
	k->sent_us = now_us;
	return true;
}

bool keyframe_request(struct keyframe *k, int64_t now_us)
{
	k->pending = true;
	return keyframe_due(k, now_us);
}

void keyframe_arrived(struct keyframe *k)
{
	k->pending = false;
}

bool keyframe_share_is_served(const struct keyframe_share *k, int64_t now_us, uint32_t rtt_us)
{
	uint32_t way_us = rtt_us > KEYFRAME_SHARE_WAY_US ? rtt_us : KEYFRAME_SHARE_WAY_US;
	uint32_t age_ms = (uint32_t)((uint64_t)now_us / 1000) - k->got_ms;

	return k->got && age_ms <= way_us / 1000;
}

static void forget(struct keyframe_share *k, int64_t now_us)
{
	int64_t steps = (now_us - k->forgotten_us) / KEYFRAME_SHARE_WAIT_MAX_US;

	if (steps <= 0)
		return;
	k->used = steps < k->used ? (uint8_t)(k->used - steps) : 0;
	k->forgotten_us = k->used ? k->forgotten_us + steps * KEYFRAME_SHARE_WAIT_MAX_US : now_us;
}

// How long after this key frame the next may follow.
static int64_t wait_after(const struct keyframe_share *k)
{
	int64_t wait_us = KEYFRAME_SHARE_WAIT_US;

	if (k->used < KEYFRAME_SHARE_FREE)
		return 0;
	for (int i = KEYFRAME_SHARE_FREE; i < k->used && wait_us < KEYFRAME_SHARE_WAIT_MAX_US; i++)
		wait_us *= 2;
	return wait_us;
}

static void use(struct keyframe_share *k, int64_t at_us)
{
	k->used++;
	k->next_us = at_us + wait_after(k);
}

bool keyframe_share_take(struct keyframe_share *k, int64_t now_us)
{
	if (k->asked)
		return true;
	k->asked_us = now_us;
	forget(k, now_us);
	if (now_us < k->next_us)
		return false;
	use(k, now_us);
	k->asked = true;
	return true;
}

void keyframe_share_reserve(struct keyframe_share *k, int64_t now_us)
{
	bool calm = k->asked_us && now_us - k->asked_us >= KEYFRAME_SHARE_CALM_US;

	k->asked_us = now_us;
	if (calm) {
		k->reserved_us = now_us;
		return;
	}
	// A request already waits, or the key frame is on its way. But a wish may have been taken
	// back.
	if (k->reserved_us && now_us < k->reserved_us + KEYFRAME_INTERVAL_US)
		return;
	forget(k, now_us);
	k->reserved_us = now_us < k->next_us ? k->next_us : now_us;
	use(k, k->reserved_us);
}
