// Past events, for receivers that have missed some.
#pragma once

#include <stdint.h>

#include "hook/call.h"

struct history;
struct hook_replays;

struct hook_replays *hook_replays_create(struct history *);

// Does not call done for replays under way. To be called before history_close.
void hook_replays_destroy(struct hook_replays *);

// Like hook_replay. Returns 0; -EINVAL if the texts are not numbers or out of bounds; or -EAGAIN if
// too many are under way.
[[nodiscard]] int hook_replays_ask(
        struct hook_replays *rs, uint64_t call, uint64_t account_id, const char *after,
        const char *limit, hook_replay_done *done, void *owner
);
void hook_replays_cancel(struct hook_replays *, uint64_t call);
