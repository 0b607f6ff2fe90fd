#include "hook_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "am_clock.h"

#define LOG_TEXT_MAX 65536

uint64_t world_now_ms(void)
{
	return am_clock_ns() / 1000000;
}

void world_start(struct world *w)
{
	w->loop = loop_create();
	w->history = history_open(w->loop, w->path, 0);
	assert_non_null(w->history);
	w->hooks = hooks_create(
	        w->loop, w->history, &w->config.hook_allowed, w->config.hook_authorities
	);
	assert_non_null(w->hooks);
}

void world_stop(struct world *w)
{
	hooks_destroy(w->hooks);
	history_close(w->history);
	loop_destroy(w->loop);
}

int world_setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	receiver_start(&w->receiver);
	strcpy(w->config.hook_authorities, w->receiver.authority);
	strcpy(w->config.hook_allowed.values[0], "localhost");
	w->config.hook_allowed.count = 1;
	snprintf(w->path, sizeof(w->path), "%s/history.db", w->receiver.directory);
	world_start(w);
	*state = w;
	return 0;
}

int world_teardown(void **state)
{
	struct world *w = *state;

	world_stop(w);
	receiver_stop(&w->receiver);
	free(w);
	return 0;
}

struct hook_peer world_peer(struct world *w, const char *program, const char *peer_id)
{
	return (struct hook_peer){
	        .account_id = 1,
	        .room_id = "r",
	        .peer_id = peer_id,
	        .display_name = "Ada",
	        .token = "a.b.c",
	        .url = receiver_url(&w->receiver, program, w->url, sizeof(w->url)),
	        .version = 1,
	};
}

void world_heard(void *owner, uint64_t call, const struct hook_answer *a)
{
	struct world *w = owner;

	assert_true(w->count < CALLS_MAX);
	struct heard *h = &w->heard[w->count++];
	*h = (struct heard){
	        .call = call,
	        .verdict = a->verdict,
	        .admission = a->admission,
	        .at_ms = world_now_ms(),
	};
	snprintf(h->message, sizeof(h->message), "%s", a->message);
}

// CPU time of this thread, so that other processes do not count.
static uint64_t cpu_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void turn(struct world *w)
{
	uint64_t start = cpu_ms();

	loop_turn(w->loop, 5);
	uint64_t took = cpu_ms() - start;
	w->turns_ms += took;
	if (took > w->turn_ms_max)
		w->turn_ms_max = took;
}

void world_wait(struct world *w, int answers, uint64_t ms)
{
	uint64_t end = world_now_ms() + ms;

	while (w->count < answers && world_now_ms() < end)
		turn(w);
	assert_int_equal(w->count, answers);
}

void world_run(struct world *w, uint64_t ms)
{
	for (uint64_t end = world_now_ms() + ms; world_now_ms() < end;)
		turn(w);
}

void world_wait_pending(struct world *w, uint32_t pending, uint64_t ms)
{
	uint64_t end = world_now_ms() + ms;
	struct hook_counts counts;

	do {
		turn(w);
		hooks_count(w->hooks, &counts);
	} while (counts.pending != pending && world_now_ms() < end);
	assert_int_equal(counts.pending, pending);
}

size_t world_requests(const struct world *w)
{
	struct json *log = receiver_log(&w->receiver);
	size_t n = json_count(log);
	json_free(log);
	return n;
}

void world_wait_requests(struct world *w, size_t wanted)
{
	uint64_t end = world_now_ms() + PATIENCE_MS;

	while (world_requests(w) < wanted && world_now_ms() < end)
		turn(w);
	assert_int_equal(world_requests(w), wanted);
}

void world_wait_unanswered(struct world *w, uint64_t unanswered)
{
	uint64_t end = world_now_ms() + PATIENCE_MS;
	struct hook_counts counts;

	do {
		turn(w);
		hooks_count(w->hooks, &counts);
	} while (counts.unanswered < unanswered && world_now_ms() < end);
	assert_int_equal(counts.unanswered, unanswered);
}

const struct heard *world_join(struct world *w, const struct hook_peer *p)
{
	uint64_t call = hook_join(w->hooks, p, world_heard, w);
	int before = w->count;

	world_wait(w, before + 1, 2 * HOOK_WAIT_MS);
	assert_true(w->heard[before].call == call);
	return &w->heard[before];
}

const struct json *request_at(const struct json *log, int i)
{
	const struct json *request = json_first(log);

	while (request && i-- > 0)
		request = json_next(request);
	return request;
}

const char *request_text(const struct json *request, const char *key)
{
	return json_string(request, key, LOG_TEXT_MAX);
}

const char *request_query(const struct json *request, const char *key)
{
	return json_string(json_object(request, "query"), key, LOG_TEXT_MAX);
}

const char *request_header(const struct json *request, const char *key)
{
	return json_string(json_object(request, "headers"), key, LOG_TEXT_MAX);
}

void events_print(const struct json *log, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (const struct json *r = json_first(log); r && len < size; r = json_next(r)) {
		const char *path = request_text(r, "path");
		if (!json_has(r, "status"))
			continue;
		len += (size_t)snprintf(
		        out + len, size - len, "%s%s %s", len ? ", " : "", strrchr(path, '/') + 1,
		        request_query(r, "peerId")
		);
	}
}
