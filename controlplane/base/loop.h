// One epoll loop with timers on the monotonic clock, for one thread. Sources, timers and hooks are
// the caller's memory; the caller must remove them before it frees them.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct loop;

struct loop_source {
	int fd;
	void (*ready)(void *owner, uint32_t events); // EPOLLIN, …; level-triggered
	void *owner;
};

struct loop_timer {
	void (*expired)(void *owner); // once for each loop_timer_set
	void *owner;
	uint64_t due_ms;
	uint32_t position; // in the heap, from 1; 0: not set
};

// Work that is put off to the end of the turn, and done once however often it was requested.
struct loop_task {
	void (*run)(void *owner);
	void *owner;
	bool due;
	TAILQ_ENTRY(loop_task) next; // while it is due
};

// Work that is done once for all events of a turn: called before each wait, after all tasks.
struct loop_hook {
	void (*before_wait)(void *owner);
	void *owner;
	struct loop_hook *next;
};

// NULL with errno.
[[nodiscard]] struct loop *loop_create(void);
void loop_destroy(struct loop *);

// 0 or -errno.
[[nodiscard]] int loop_add(struct loop *, struct loop_source *, uint32_t events);
void loop_change(struct loop *, struct loop_source *, uint32_t events);

// Also drops this turn's events that have not been delivered yet.
void loop_remove(struct loop *, struct loop_source *);

// Sets or moves the timer.
void loop_timer_set(struct loop *, struct loop_timer *, uint64_t delay_ms);
void loop_timer_cancel(struct loop *, struct loop_timer *);

void loop_task_set(struct loop *, struct loop_task *);
void loop_task_cancel(struct loop *, struct loop_task *);

// A hook must not set a task.
void loop_hook_add(struct loop *, struct loop_hook *);
void loop_hook_remove(struct loop *, struct loop_hook *);

// CLOCK_MONOTONIC in milliseconds, as read at the start of this turn.
uint64_t loop_now_ms(const struct loop *);

// Runs until loop_stop, which is safe in a signal handler.
void loop_run(struct loop *);
void loop_stop(struct loop *);

// One turn, waiting at most timeout_ms.
void loop_turn(struct loop *, int timeout_ms);
