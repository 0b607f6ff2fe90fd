#include "sender.h"

struct lane_packet out[OUT_MAX];
uint32_t out_n;

struct lane *lane_new(const struct lane_config *config)
{
	struct lane *l = lane_create(config, 0);

	assert_non_null(l);
	out_n = 0;
	return l;
}

void take_until(struct lane *l, int64_t until_us)
{
	int64_t next;

	while ((next = lane_next_us(l)) <= until_us)
		while (out_n < OUT_MAX && lane_take(l, next, &out[out_n]))
			out_n++;
}

uint32_t send_evenly(
        struct lane *l, uint32_t bytes, int64_t from_us, int64_t until_us, int64_t every_us,
        uintptr_t *n
)
{
	uint32_t dropped = 0;

	for (int64_t t = from_us; t < until_us; t += every_us) {
		take_until(l, t);
		dropped += lane_send(l, t, bytes, (void *)(*n)++) == LANE_DROPPED;
	}
	take_until(l, until_us);
	return dropped;
}

uint64_t bytes_between(int64_t from_us, int64_t to_us)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < out_n; i++)
		if (out[i].out_us > from_us && out[i].out_us <= to_us)
			sum += out[i].bytes;
	return sum;
}

void overload(struct lane *l, int64_t us)
{
	uintptr_t n = 0;

	send_evenly(l, 1000, 0, us, 2 * MS, &n);
}
