// What the conference keeps with rooms, peers and subscriptions: what people were told, and what it
// saw at its last look, so that it says what has changed. The rules of this folder do not read it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct room_news {
	uint32_t speaker_count, viewer_count; // as everyone was told
	uint64_t talk_ms; // when everyone was last told who speaks
};

struct peer_news {
	bool lacks; // some subscription did not fit, and the page was told
	bool lack_seen; // since the last attempt
};

struct subscription_seen {
	uint32_t packets, repeats; // of its figures, at the last look
};
