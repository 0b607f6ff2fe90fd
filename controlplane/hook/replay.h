// Past events, for receivers that have missed some.
#pragma once

#include <stdint.h>

#include "hook/hook.h"

struct history;
struct hook_replays;

struct hook_replays *hook_replays_create(struct history *);

// done is not called for what is under way. To be called before history_close.
void hook_replays_destroy(struct hook_replays *);

// As hook_replay. 0, -EINVAL: not numbers, or out of bounds; -EAGAIN: too many at once.
[[nodiscard]] int hook_replays_ask(
        struct hook_replays *rs, uint64_t call, uint64_t account_id, const char *after,
        const char *limit, hook_replay_done *done, void *owner
);
void hook_replays_cancel(struct hook_replays *, uint64_t call);
