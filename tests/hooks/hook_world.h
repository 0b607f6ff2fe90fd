// A loop with hooks and their history, and a receiver that they can call.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/loop.h"
#include "config.h"
#include "hook/hook.h"
#include "hook/queue.h"
#include "receiver.h"
#include "store/history.h"

#define CALLS_MAX   4096
#define PATIENCE_MS 10000 // on a busy machine

struct heard {
	uint64_t call;
	enum hook_verdict verdict;
	char message[HOOK_MESSAGE_MAX + 1];
	uint64_t admission;
	uint64_t at_ms;
};

struct world {
	struct receiver receiver;
	struct config config;
	struct loop *loop;
	struct history *history;
	struct hooks *hooks;
	char path[96]; // of the history
	char url[512];
	int count;
	struct heard heard[CALLS_MAX]; // in the order of arrival
	uint64_t turns_ms, turn_ms_max; // CPU time of all turns of the loop, and of the longest
};

int world_setup(void **state); // *state is a struct world
int world_teardown(void **state);

// The hooks' process exits cleanly, and starts again on the same file.
void world_stop(struct world *);
void world_start(struct world *);

// A peer of account 1 in room "r"; the URL is that of the receiver with this program.
struct hook_peer world_peer(struct world *, const char *program, const char *peer_id);

// Runs the loop until this many answers have arrived; fails after ms.
void world_wait(struct world *, int answers, uint64_t ms);
void world_run(struct world *, uint64_t ms);

// Runs the loop until this many closes are pending; fails after ms.
void world_wait_pending(struct world *, uint32_t pending, uint64_t ms);

// How many requests the receiver has received so far.
size_t world_requests(const struct world *);

// Runs the loop until the receiver has received this many requests, or this many calls had no
// answer.
void world_wait_requests(struct world *, size_t requests);
void world_wait_unanswered(struct world *, uint64_t unanswered);

// Sends one join and waits for its answer.
const struct heard *world_join(struct world *, const struct hook_peer *);

// A hook_done whose owner is the world.
void world_heard(void *owner, uint64_t call, const struct hook_answer *);

uint64_t world_now_ms(void); // monotonic

// The members of the i-th request in the receiver's log.
const struct json *request_at(const struct json *log, int i);
const char *request_text(const struct json *request, const char *key);
const char *request_query(const struct json *request, const char *key);
const char *request_header(const struct json *request, const char *key);

// Prints the events that were answered, in order: "joinPeer a, closePeer a, …".
void events_print(const struct json *log, char *out, size_t size);
