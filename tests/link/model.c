#include "model.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "xorshift.h"

#define RING_MIN 64 // packets; a power of two

struct waiting {
	void *packet;
	int64_t in_us;
	uint32_t bytes;
};

// A packet that has been sent and is on its way.
struct flying {
	struct lane_packet out;
	uint64_t order; // of two that are due at the same time, the lower comes first
};

struct lane {
	struct lane_config config;
	struct lane_stats stats;
	int64_t now_us; // the latest time that was passed in
	int64_t start_us; // when the rate began
	int64_t tokens, tokens_us; // tokens: saved by tokens_us
	int64_t limit_bit_s; // the last finite rate, for queue_us
	int64_t last_due_us; // of the packets in order
	uint64_t queue_bytes;
	uint64_t order;
	bool bad; // in the bad state of Gilbert–Elliott
	struct xorshift loss, jitter, reorder,
	        duplicate; // separate, so that none affects the others

	struct waiting *ring;
	uint32_t ring_size, head, waiting_n;
	struct flying *heap;
	uint32_t heap_size, flying_n;
};

// Configuration

static bool share_is_valid(double share)
{
	return share >= 0 && share <= 1;
}

static double bad_loss(const struct lane_config *c)
{
	return c->loss_bad > 0 ? c->loss_bad : 1;
}

// Probability of a step from the good state to the bad one, such that `loss` is the mean: the bad
// state has the share loss / bad_loss of all packets, and ends after loss_burst of them.
static double good_to_bad(const struct lane_config *c)
{
	double bad = c->loss / bad_loss(c);

	return bad / ((1 - bad) * c->loss_burst);
}

static bool config_is_valid(const struct lane_config *c)
{
	if (!rate_is_valid(&c->rate) || !share_is_valid(c->loss) || !share_is_valid(c->loss_bad) ||
	    !share_is_valid(c->reorder) || !share_is_valid(c->duplicate) || !(c->loss_burst >= 0))
		return false;
	if (c->loss_burst > 1 && (c->loss >= bad_loss(c) || good_to_bad(c) > 1))
		return false;
	if (c->reorder > 0 && c->reorder_us <= 0)
		return false;
	return c->queue_us >= 0 && c->delay_us >= 0 && c->jitter_us >= 0 && c->reorder_us >= 0;
}

struct lane *lane_create(const struct lane_config *config, int64_t now_us)
{
	if (!config_is_valid(config)) {
		errno = EINVAL;
		return NULL;
	}
	struct lane *l = calloc(1, sizeof(*l));
	if (!l)
		return NULL;
	l->config = *config;
	l->now_us = l->start_us = l->tokens_us = now_us;
	l->tokens = rate_tokens_of(config->depth_bytes);
	l->last_due_us = INT64_MIN;
	xorshift_seed(&l->loss, config->seed, 0);
	xorshift_seed(&l->jitter, config->seed, 1);
	xorshift_seed(&l->reorder, config->seed, 2);
	xorshift_seed(&l->duplicate, config->seed, 3);
	return l;
}

void lane_destroy(struct lane *l, void (*release)(void *packet))
{
	if (!l)
		return;
	for (uint32_t i = 0; release && i < l->waiting_n; i++)
		release(l->ring[(l->head + i) & (l->ring_size - 1)].packet);
	for (uint32_t i = 0; release && i < l->flying_n; i++)
		if (!l->heap[i].out.again)
			release(l->heap[i].out.packet);
	free(l->ring);
	free(l->heap);
	free(l);
}

const struct lane_config *lane_config(const struct lane *l)
{
	return &l->config;
}

const struct lane_stats *lane_stats(const struct lane *l)
{
	return &l->stats;
}

uint64_t lane_queue_bytes(const struct lane *l)
{
	return l->queue_bytes;
}

uint32_t lane_inside_packets(const struct lane *l)
{
	return l->waiting_n + l->flying_n;
}

// Memory: room for all packets inside and one more, each with a copy, so that an accepted packet
// never requires more later.

static bool ring_reserve(struct lane *l)
{
	if (l->waiting_n < l->ring_size)
		return true;
	uint32_t size = l->ring_size ? 2 * l->ring_size : RING_MIN;
	struct waiting *ring = malloc(size * sizeof(*ring));
	if (!ring)
		return false;
	for (uint32_t i = 0; i < l->waiting_n; i++)
		ring[i] = l->ring[(l->head + i) & (l->ring_size - 1)];
	free(l->ring);
	l->ring = ring;
	l->ring_size = size;
	l->head = 0;
	return true;
}

static bool heap_reserve(struct lane *l)
{
	uint32_t wanted = l->flying_n + 2 * (l->waiting_n + 1);

	if (wanted <= l->heap_size)
		return true;
	struct flying *heap = realloc(l->heap, 2 * (size_t)wanted * sizeof(*heap));
	if (!heap)
		return false;
	l->heap = heap;
	l->heap_size = 2 * wanted;
	return true;
}

// The heap of packets on their way: the next one due is on top.

static bool flying_before(const struct flying *a, const struct flying *b)
{
	return a->out.out_us != b->out.out_us ? a->out.out_us < b->out.out_us : a->order < b->order;
}

static void heap_push(struct lane *l, const struct lane_packet *out)
{
	struct flying new = {.out = *out, .order = l->order++};
	uint32_t i = l->flying_n++;

	assert(l->flying_n <= l->heap_size);
	for (; i > 0 && flying_before(&new, &l->heap[(i - 1) / 2]); i = (i - 1) / 2)
		l->heap[i] = l->heap[(i - 1) / 2];
	l->heap[i] = new;
}

static void heap_pop(struct lane *l)
{
	struct flying last = l->heap[--l->flying_n];
	uint32_t i = 0, child;

	for (; (child = 2 * i + 1) < l->flying_n; i = child) {
		if (child + 1 < l->flying_n && flying_before(&l->heap[child + 1], &l->heap[child]))
			child++;
		if (!flying_before(&l->heap[child], &last))
			break;
		l->heap[i] = l->heap[child];
	}
	l->heap[i] = last;
}

// The rate

// Earns tokens until this time. If no packet waits, they are kept up to the bucket's depth.
static void tokens_earn(struct lane *l, int64_t until_us)
{
	int64_t depth = rate_tokens_of(l->config.depth_bytes);

	l->tokens +=
	        rate_earned(&l->config.rate, l->tokens_us - l->start_us, until_us - l->start_us);
	l->tokens_us = until_us;
	if (l->tokens > RATE_TOKENS_MAX)
		l->tokens = RATE_TOKENS_MAX;
	if (l->waiting_n == 0 && l->tokens > depth)
		l->tokens = depth;
}

// When the first waiting packet will have been sent.
static int64_t head_due(const struct lane *l)
{
	int64_t missing = rate_tokens_of(l->ring[l->head].bytes) - l->tokens;
	int64_t due = rate_due(&l->config.rate, l->tokens_us - l->start_us, missing);

	return due == INT64_MAX ? INT64_MAX : due + l->start_us;
}

// The first waiting packet has been sent: puts it on its way.
static void head_leave(struct lane *l, int64_t at_us)
{
	const struct lane_config *c = &l->config;
	struct waiting w = l->ring[l->head];
	struct lane_packet out = {
	        .packet = w.packet,
	        .bytes = w.bytes,
	        .out_us = at_us + c->delay_us,
	        .queue_us = at_us - w.in_us,
	};

	tokens_earn(l, at_us);
	l->tokens -= rate_tokens_of(w.bytes);
	if (l->tokens < 0) // the rate is unlimited from now on
		l->tokens = 0;
	l->head = (l->head + 1) & (l->ring_size - 1);
	l->waiting_n--;
	l->queue_bytes -= w.bytes;
	tokens_earn(l, at_us);

	if (c->jitter_us > 0)
		out.out_us += (int64_t)(xorshift_share(&l->jitter) * (double)(c->jitter_us + 1));
	if (c->reorder > 0 && xorshift_share(&l->reorder) < c->reorder) {
		out.out_us += c->reorder_us;
		l->stats.reordered++;
	} else {
		if (out.out_us < l->last_due_us)
			out.out_us = l->last_due_us;
		l->last_due_us = out.out_us;
	}
	if (c->duplicate > 0 && xorshift_share(&l->duplicate) < c->duplicate) {
		out.again = true;
		heap_push(l, &out);
		out.again = false;
		l->stats.duplicates++;
	}
	heap_push(l, &out);
}

static void lane_advance(struct lane *l, int64_t now_us)
{
	if (now_us > l->now_us)
		l->now_us = now_us;
	while (l->waiting_n > 0) {
		int64_t due = head_due(l);
		if (due > l->now_us)
			break;
		head_leave(l, due);
	}
}

int lane_configure(struct lane *l, int64_t now_us, const struct lane_config *config)
{
	if (!config_is_valid(config))
		return -EINVAL;
	lane_advance(l, now_us);
	tokens_earn(l, l->now_us);
	if (!rate_is_same(&config->rate, &l->config.rate))
		l->start_us = l->now_us;
	l->config = *config;
	tokens_earn(l, l->now_us);
	return 0;
}

// Sending

static bool is_lost(struct lane *l)
{
	const struct lane_config *c = &l->config;

	if (c->loss <= 0)
		return false;
	if (c->loss_burst <= 1)
		return xorshift_share(&l->loss) < c->loss;
	if (xorshift_share(&l->loss) < (l->bad ? 1 / c->loss_burst : good_to_bad(c)))
		l->bad = !l->bad;
	return l->bad && (bad_loss(c) >= 1 || xorshift_share(&l->loss) < bad_loss(c));
}

// How many bytes may wait; UINT64_MAX: no limit.
static uint64_t queue_limit(struct lane *l)
{
	const struct lane_config *c = &l->config;
	int64_t bit_s = rate_at(&c->rate, l->now_us - l->start_us);
	uint64_t limit = c->queue_bytes ? c->queue_bytes : UINT64_MAX;

	if (bit_s > 0)
		l->limit_bit_s = bit_s;
	if (c->queue_us == 0)
		return limit;
	uint64_t timed = (uint64_t)((double)l->limit_bit_s * (double)c->queue_us / 8e6);
	if (timed < RATE_MTU)
		timed = RATE_MTU;
	return timed < limit ? timed : limit;
}

// Whether a packet can be sent at once, or may wait.
static bool has_place(struct lane *l, uint32_t bytes)
{
	uint64_t limit = queue_limit(l);

	if (l->waiting_n == 0) {
		tokens_earn(l, l->now_us);
		if (l->tokens >= rate_tokens_of(bytes) ||
		    rate_at(&l->config.rate, l->now_us - l->start_us) == RATE_UNLIMITED)
			limit = UINT64_MAX;
	}
	return l->queue_bytes + bytes <= limit && ring_reserve(l) && heap_reserve(l);
}

enum lane_verdict lane_send(struct lane *l, int64_t now_us, uint32_t bytes, void *packet)
{
	lane_advance(l, now_us);
	l->stats.in_packets++;
	l->stats.in_bytes += bytes;
	if (is_lost(l)) {
		l->stats.lost_packets++;
		l->stats.lost_bytes += bytes;
		return LANE_LOST;
	}
	if (!has_place(l, bytes)) {
		l->stats.dropped_packets++;
		l->stats.dropped_bytes += bytes;
		return LANE_DROPPED;
	}
	l->ring[(l->head + l->waiting_n++) & (l->ring_size - 1)] =
	        (struct waiting){.packet = packet, .in_us = l->now_us, .bytes = bytes};
	l->queue_bytes += bytes;
	lane_advance(l, l->now_us);
	return LANE_ACCEPTED;
}

// Taking

int64_t lane_next_us(const struct lane *l)
{
	int64_t next = l->flying_n > 0 ? l->heap[0].out.out_us : INT64_MAX;
	int64_t due = l->waiting_n > 0 ? head_due(l) : INT64_MAX;

	if (due != INT64_MAX && due + l->config.delay_us < next)
		next = due + l->config.delay_us;
	return next;
}

bool lane_take(struct lane *l, int64_t now_us, struct lane_packet *out)
{
	lane_advance(l, now_us);
	if (l->flying_n == 0 || l->heap[0].out.out_us > l->now_us)
		return false;
	*out = l->heap[0].out;
	heap_pop(l);
	l->stats.out_packets++;
	l->stats.out_bytes += out->bytes;
	return true;
}
