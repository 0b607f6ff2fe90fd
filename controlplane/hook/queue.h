// Decides which call is next. Each account has its own share, so that a slow receiver delays only
// its own account. Calls about one peer, or one recording, run one after the other, in order. The
// queue knows nothing of HTTP: a turn is embedded in its owner's call, starts the call, and is told
// how it ended.
//
//     lined up ──first of its peer──▶ ready ──share──▶ running ──▶ (end)
//        └──────────── wait ───────────┘                  │
//            over: give_up                ready ◀─ back-off ─ resting: only closes
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/loop.h"
#include "base/map.h"

#define HOOK_ANSWER_MS 3000 // time for a receiver to answer
#define HOOK_WAIT_MS   15000 // longest wait for a turn; after that, the call counts as unanswered

// Limits of each account.
#define HOOK_CALLS_MAX         100 // joins and checks that run at once
#define HOOK_CALLS_FIRST       8 // of these at first; more if answers are quick
#define HOOK_CALLS_LEAST       4 // of these if there are no answers
#define HOOK_CLOSES_MAX        16 // closes that run at once
#define HOOK_CLOSES_SILENT_MAX 1 // of these while the receiver is silent
#define HOOK_WAITING_MAX       4096 // joins and checks that wait
#define HOOK_RETRY_MS          1000 // before the second try; doubled for each later one
#define HOOK_RETRY_MS_MAX      300000
#define HOOK_TRIES_MAX         300 // about a day

struct hook_channel;
struct hook_lane;

enum turn_state {
	TURN_NONE,
	TURN_LINED_UP, // behind other turns of its peer
	TURN_READY,
	TURN_RUNNING,
	TURN_RESTING,
};

struct hook_turn {
	bool closes; // reports what has happened, such as a close; else it asks: a join or a check
	void (*start)(struct hook_turn *); // the turn has come
	void (*give_up)(struct hook_turn *); // the turn will not come and is over; never for closes
	// Private.
	enum turn_state state;
	uint32_t tries;
	uint64_t started_ms;
	struct hook_queue *queue;
	struct hook_channel *channel;
	struct hook_lane *lane; // NULL: the call is about no peer
	struct loop_timer timer; // runs until give_up, or for the back-off
	TAILQ_ENTRY(hook_turn) in_lane, in_channel;
};

TAILQ_HEAD(turn_list, hook_turn);

struct hook_queue {
	struct loop *loop;
	struct map channels; // by account
	struct map lanes; // by account, room and peer
	TAILQ_HEAD(busy_list, hook_channel) busy; // channels in which a turn may start
	struct loop_timer pump;
};

void hook_queue_init(struct hook_queue *, struct loop *);

// All turns must be over.
void hook_queue_fini(struct hook_queue *);

// Lines up a turn. Turns with the same key, peer, run in order; it may be NULL. Nothing starts
// before the next turn of the loop. False if too many joins and checks wait; the turn is then over.
// Closes are never refused.
[[nodiscard]] bool
hook_turn_take(struct hook_queue *q, struct hook_turn *t, uint64_t account_id, const char *peer);

// A running turn has ended.
void hook_turn_end(struct hook_turn *, bool answered);

// Puts off a running close, to try it again later. False if it has been tried often enough, or if
// it was answered and a join waits behind it; the turn is then over.
[[nodiscard]] bool hook_turn_rest(struct hook_turn *, bool answered);

// Whether another turn waits for this one.
[[nodiscard]] bool hook_turn_is_awaited(const struct hook_turn *);

// Ends a turn, whatever its state.
void hook_turn_leave(struct hook_turn *);

// The next sequence number of an account, from 1.
int64_t hook_queue_sequence(struct hook_queue *, uint64_t account_id);
void hook_queue_set_sequence(struct hook_queue *, uint64_t account_id, int64_t last);
