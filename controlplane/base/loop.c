#include "base/loop.h"

#include "base/clock.h"
#include "base/memory.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define LOOP_EVENTS 256

struct loop {
	int epoll;
	volatile int stopped;
	uint64_t now_ms;
	struct loop_hook *hooks;
	TAILQ_HEAD(, loop_task) tasks;
	struct loop_timer **heap; // binary, from index 1
	uint32_t heap_count;
	uint32_t heap_size;
	struct epoll_event events[LOOP_EVENTS]; // of this turn
	int event_count;
};

static uint64_t clock_ms(void)
{
	return clock_monotonic_ns() / 1000000;
}

struct loop *loop_create(void)
{
	struct loop *l = memory_new(1, sizeof(*l));

	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0) {
		free(l);
		return NULL;
	}
	l->now_ms = clock_ms();
	TAILQ_INIT(&l->tasks);
	return l;
}

void loop_destroy(struct loop *l)
{
	close(l->epoll);
	free(l->heap);
	free(l);
}

int loop_add(struct loop *l, struct loop_source *s, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.ptr = s};
	return epoll_ctl(l->epoll, EPOLL_CTL_ADD, s->fd, &e) < 0 ? -errno : 0;
}

void loop_change(struct loop *l, struct loop_source *s, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.ptr = s};
	epoll_ctl(l->epoll, EPOLL_CTL_MOD, s->fd, &e);
}

void loop_remove(struct loop *l, struct loop_source *s)
{
	epoll_ctl(l->epoll, EPOLL_CTL_DEL, s->fd, NULL);
	for (int i = 0; i < l->event_count; i++) {
		if (l->events[i].data.ptr == s)
			l->events[i].data.ptr = NULL;
	}
}

static void heap_put(struct loop *l, uint32_t at, struct loop_timer *t)
{
	l->heap[at] = t;
	t->position = at;
}

static void heap_up(struct loop *l, uint32_t at)
{
	struct loop_timer *t = l->heap[at];

	for (; at > 1 && l->heap[at / 2]->due_ms > t->due_ms; at /= 2)
		heap_put(l, at, l->heap[at / 2]);
	heap_put(l, at, t);
}

static void heap_down(struct loop *l, uint32_t at)
{
	struct loop_timer *t = l->heap[at];

	while (at * 2 <= l->heap_count) {
		uint32_t child = at * 2;
		if (child < l->heap_count && l->heap[child + 1]->due_ms < l->heap[child]->due_ms)
			child++;
		if (l->heap[child]->due_ms >= t->due_ms)
			break;
		heap_put(l, at, l->heap[child]);
		at = child;
	}
	heap_put(l, at, t);
}

void loop_timer_cancel(struct loop *l, struct loop_timer *t)
{
	uint32_t at = t->position;
	if (at == 0)
		return;

	struct loop_timer *last = l->heap[l->heap_count--];
	t->position = 0;
	if (last == t)
		return;
	heap_put(l, at, last);
	heap_up(l, at);
	heap_down(l, last->position);
}

void loop_timer_set(struct loop *l, struct loop_timer *t, uint64_t delay_ms)
{
	loop_timer_cancel(l, t);
	if (l->heap_count + 2 > l->heap_size) {
		l->heap_size = l->heap_size ? l->heap_size * 2 : 64;
		l->heap = memory_grow(l->heap, l->heap_size, sizeof(*l->heap));
	}
	t->due_ms = l->now_ms + delay_ms;
	heap_put(l, ++l->heap_count, t);
	heap_up(l, l->heap_count);
}

void loop_task_set(struct loop *l, struct loop_task *t)
{
	if (t->due)
		return;
	t->due = true;
	TAILQ_INSERT_TAIL(&l->tasks, t, next);
}

void loop_task_cancel(struct loop *l, struct loop_task *t)
{
	if (t->due)
		TAILQ_REMOVE(&l->tasks, t, next);
	t->due = false;
}

void loop_hook_add(struct loop *l, struct loop_hook *h)
{
	h->next = l->hooks;
	l->hooks = h;
}

void loop_hook_remove(struct loop *l, struct loop_hook *h)
{
	struct loop_hook **at = &l->hooks;

	while (*at && *at != h)
		at = &(*at)->next;
	if (*at)
		*at = h->next;
}

uint64_t loop_now_ms(const struct loop *l)
{
	return l->now_ms;
}

static int wait_ms(const struct loop *l, int timeout_ms)
{
	if (l->heap_count == 0)
		return timeout_ms;
	uint64_t due = l->heap[1]->due_ms, now = clock_ms();
	uint64_t left = due > now ? due - now : 0;
	if (timeout_ms >= 0 && left > (uint64_t)timeout_ms)
		return timeout_ms;
	return left > INT_MAX ? INT_MAX : (int)left;
}

void loop_turn(struct loop *l, int timeout_ms)
{
	struct loop_task *t;

	while ((t = TAILQ_FIRST(&l->tasks))) {
		loop_task_cancel(l, t);
		t->run(t->owner);
	}
	for (struct loop_hook *h = l->hooks; h; h = h->next)
		h->before_wait(h->owner);

	int n = epoll_wait(l->epoll, l->events, LOOP_EVENTS, wait_ms(l, timeout_ms));
	l->now_ms = clock_ms();
	l->event_count = n < 0 ? 0 : n;
	for (int i = 0; i < l->event_count; i++) {
		struct loop_source *s = l->events[i].data.ptr;
		if (s)
			s->ready(s->owner, l->events[i].events);
	}
	l->event_count = 0;

	// Timers that are set while these run wait for the next turn, even with a delay of 0.
	uint64_t now = l->now_ms;
	for (uint32_t left = l->heap_count; left > 0 && l->heap_count > 0; left--) {
		struct loop_timer *first = l->heap[1];
		if (first->due_ms > now)
			break;
		loop_timer_cancel(l, first);
		first->expired(first->owner);
	}
}

void loop_run(struct loop *l)
{
	while (!l->stopped)
		loop_turn(l, -1);
}

void loop_stop(struct loop *l)
{
	l->stopped = 1;
}
