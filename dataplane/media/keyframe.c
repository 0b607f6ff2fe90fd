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
