// What the conference has told people about rooms and peers, and what it saw when it last looked,
// so that it reports only changes. The rules in this folder do not use it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct room_news {
	uint32_t speaker_count, viewer_count; // that everyone was last told
	uint64_t talk_ms; // when everyone was last told who speaks
};

struct peer_news {
	bool lacks; // there was no room for a subscription, and the page was told
	bool lack_seen; // that happened again since the last attempt
};

struct subscription_seen {
	uint32_t packets, repeats; // when the figures were last read
};
