#include "tcp_short.h"

#include <math.h>

// RFC 8868 6.1
#define FILE_BYTES_MIN 30000
#define FILE_BYTES_MAX 50000
#define IDLE_US        10e6 // mean of an exponential distribution

static void idle(struct tcp_short *t, int i, int64_t now_us)
{
	t->busy[i] = false;
	t->due_us[i] = now_us + (int64_t)(-IDLE_US * log(1 - xorshift_share(&t->noise)));
}

void tcp_short_start(struct tcp_short *t, int64_t now_us, int64_t back_us, uint64_t seed)
{
	t->files = 0;
	xorshift_seed(&t->noise, seed, 0);
	for (int i = 0; i < TCP_SHORT_FLOWS; i++) {
		tcp_flow_start(&t->flows[i], now_us, back_us);
		t->flows[i].wanted = 0;
		idle(t, i, now_us);
		if (i < TCP_SHORT_BUSY)
			t->due_us[i] = now_us;
	}
}

static void fetch(struct tcp_short *t, int i, int64_t now_us)
{
	double share = xorshift_share(&t->noise);
	double bytes = FILE_BYTES_MIN + share * (FILE_BYTES_MAX - FILE_BYTES_MIN);
	t->busy[i] = true;
	tcp_flow_fetch(&t->flows[i], now_us, (uint64_t)(bytes / TCP_FLOW_BYTES) + 1);
}

void tcp_short_run(struct tcp_short *t, int64_t now_us, struct lane *lane, uint32_t flag)
{
	for (int i = 0; i < TCP_SHORT_FLOWS; i++) {
		if (!t->busy[i] && now_us >= t->due_us[i])
			fetch(t, i, now_us);
		tcp_flow_run(&t->flows[i], now_us, lane, flag | (uint32_t)i << TCP_SHORT_SHIFT);
		if (t->busy[i] && tcp_flow_is_done(&t->flows[i])) {
			t->files++;
			idle(t, i, now_us);
		}
	}
}

void tcp_short_arrived(struct tcp_short *t, int64_t out_us, uint32_t word)
{
	tcp_flow_arrived(&t->flows[word >> TCP_SHORT_SHIFT], out_us, (uint16_t)word);
}
