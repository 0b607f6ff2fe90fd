#include "rate.h"

static bool bit_s_is_valid(int64_t bit_s)
{
	return bit_s >= RATE_STALLED && bit_s <= RATE_MAX;
}

bool rate_is_valid(const struct rate *r)
{
	for (uint32_t i = 0; i < r->steps_n; i++) {
		int64_t at = r->steps[i].at_us;
		if (!bit_s_is_valid(r->steps[i].bit_s) ||
		    (i == 0 ? at != 0 : at <= r->steps[i - 1].at_us))
			return false;
	}
	for (uint32_t i = 1; i < r->trace_n; i++)
		if (r->trace[i] < r->trace[i - 1])
			return false;
	if (r->trace_n > 0 && r->trace[r->trace_n - 1] == 0)
		return false;
	return bit_s_is_valid(r->bit_s);
}

bool rate_is_same(const struct rate *a, const struct rate *b)
{
	return a->bit_s == b->bit_s && a->steps == b->steps && a->steps_n == b->steps_n &&
	       a->trace == b->trace && a->trace_n == b->trace_n;
}

// Constant rates

static int64_t constant_earned(int64_t bit_s, int64_t us)
{
	if (us <= 0 || bit_s == RATE_STALLED)
		return 0;
	if (bit_s == RATE_UNLIMITED || us >= RATE_TOKENS_MAX / bit_s)
		return RATE_TOKENS_MAX;
	return bit_s * us;
}

// How long it takes to earn the tokens; INT64_MAX: for ever.
static int64_t constant_takes(int64_t bit_s, int64_t tokens)
{
	if (tokens <= 0 || bit_s == RATE_UNLIMITED)
		return 0;
	return bit_s == RATE_STALLED ? INT64_MAX : (tokens + bit_s - 1) / bit_s;
}

// Steps: the index of the step in force at a time, and when it ends.

static uint32_t step_at(const struct rate *r, int64_t at_us)
{
	uint32_t i = 0;

	while (i + 1 < r->steps_n && r->steps[i + 1].at_us <= at_us)
		i++;
	return i;
}

static int64_t step_end(const struct rate *r, uint32_t i)
{
	return i + 1 < r->steps_n ? r->steps[i + 1].at_us : INT64_MAX;
}

static int64_t steps_earned(const struct rate *r, int64_t from, int64_t to)
{
	int64_t sum = 0;

	for (uint32_t i = step_at(r, from); from < to; i++) {
		int64_t end = step_end(r, i) < to ? step_end(r, i) : to;
		sum += constant_earned(r->steps[i].bit_s, end - from);
		if (sum >= RATE_TOKENS_MAX)
			return RATE_TOKENS_MAX;
		from = end;
	}
	return sum;
}

static int64_t steps_due(const struct rate *r, int64_t from, int64_t tokens)
{
	for (uint32_t i = step_at(r, from); i < r->steps_n; i++) {
		int64_t takes = constant_takes(r->steps[i].bit_s, tokens), end = step_end(r, i);
		if (takes <= end - from)
			return takes == INT64_MAX ? INT64_MAX : from + takes;
		tokens -= constant_earned(r->steps[i].bit_s, end - from);
		from = end;
	}
	return INT64_MAX;
}

// Traces

static int64_t trace_period(const struct rate *r)
{
	return (int64_t)r->trace[r->trace_n - 1] * 1000;
}

// The number of delivery opportunities until this time.
static int64_t trace_count(const struct rate *r, int64_t until_us)
{
	if (until_us < 0)
		return 0;
	int64_t rest = until_us % trace_period(r);
	uint32_t low = 0, high = r->trace_n; // bounds of the first one that is later
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if ((int64_t)r->trace[middle] * 1000 <= rest)
			low = middle + 1;
		else
			high = middle;
	}
	return until_us / trace_period(r) * r->trace_n + low;
}

static int64_t trace_earned(const struct rate *r, int64_t from, int64_t to)
{
	int64_t n = trace_count(r, to) - trace_count(r, from);
	int64_t max = RATE_TOKENS_MAX / rate_tokens_of(RATE_MTU);

	return n >= max ? RATE_TOKENS_MAX : n * rate_tokens_of(RATE_MTU);
}

static int64_t trace_due(const struct rate *r, int64_t from, int64_t tokens)
{
	if (tokens <= 0)
		return from;
	int64_t index = trace_count(r, from) - 1 +
	                (tokens + rate_tokens_of(RATE_MTU) - 1) / rate_tokens_of(RATE_MTU);
	return index / r->trace_n * trace_period(r) + (int64_t)r->trace[index % r->trace_n] * 1000;
}

int64_t rate_earned(const struct rate *r, int64_t from_us, int64_t to_us)
{
	if (r->trace_n > 0)
		return trace_earned(r, from_us, to_us);
	if (r->steps_n > 0)
		return steps_earned(r, from_us, to_us);
	return constant_earned(r->bit_s, to_us - from_us);
}

int64_t rate_due(const struct rate *r, int64_t from_us, int64_t tokens)
{
	if (r->trace_n > 0)
		return trace_due(r, from_us, tokens);
	if (r->steps_n > 0)
		return steps_due(r, from_us, tokens);
	int64_t takes = constant_takes(r->bit_s, tokens);
	return takes == INT64_MAX ? INT64_MAX : from_us + takes;
}

int64_t rate_at(const struct rate *r, int64_t at_us)
{
	if (r->trace_n > 0)
		return (int64_t)r->trace_n * RATE_MTU * 8 * 1000000 / trace_period(r);
	return r->steps_n > 0 ? r->steps[step_at(r, at_us)].bit_s : r->bit_s;
}
