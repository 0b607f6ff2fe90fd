#include "tcp_flow.h"

#include <math.h>

#define WINDOW_FIRST   10 // RFC 6928
#define BETA           0.7 // RFC 9438 4.6
#define CUBIC_C        0.4 // 5
#define REORDER        3 // RFC 5681 3.2: acknowledgements behind a loss
#define TIMEOUT_US     1000000
#define SECOND_US      1e6
#define SLOT(number)   ((number) % TCP_FLOW_PACKETS)
#define FRIENDLY_ALPHA (3 * (1 - BETA) / (1 + BETA)) // 4.3

void tcp_flow_start(struct tcp_flow *t, int64_t now_us, int64_t back_us)
{
	*t = (struct tcp_flow){
	        .back_us = back_us,
	        .rtt_us = 2 * back_us,
	        .acked_us = now_us,
	        .window = WINDOW_FIRST,
	        .threshold = TCP_FLOW_PACKETS,
	        .wanted = UINT64_MAX,
	};
}

void tcp_flow_fetch(struct tcp_flow *t, int64_t now_us, uint64_t packets)
{
	t->acked_us = now_us;
	t->window = WINDOW_FIRST;
	t->threshold = TCP_FLOW_PACKETS;
	t->top = 0;
	t->inside = 0;
	t->recovered = t->next;
	t->lost_begin = t->lost_end;
	t->wanted = t->acked + packets;
}

static void cut(struct tcp_flow *t, int64_t now_us)
{
	t->top = t->window < t->top ? t->window * (1 + BETA) / 2 : t->window; // 4.7
	t->window = t->window * BETA > 2 ? t->window * BETA : 2;
	t->threshold = t->window;
	t->recovered = t->next;
	t->cut_us = now_us;
}

static void grow(struct tcp_flow *t, int64_t now_us)
{
	if (t->window < t->threshold) {
		t->window++;
		return;
	}
	double rtt = (double)t->rtt_us / SECOND_US;
	double since = (double)(now_us - t->cut_us) / SECOND_US;
	double k = cbrt(t->top * (1 - BETA) / CUBIC_C);
	double cubic = CUBIC_C * pow(since + rtt - k, 3) + t->top;
	double friendly = t->top * BETA + FRIENDLY_ALPHA * since / (rtt > 0 ? rtt : 1);
	double goal = cubic > friendly ? cubic : friendly;
	double step = (goal - t->window) / t->window;
	t->window += step < 0 ? 0 : step > 0.5 ? 0.5 : step;
}

static void acknowledged(struct tcp_flow *t, int64_t now_us, uint64_t number, int64_t sent_us)
{
	t->acked_us = now_us;
	t->rtt_us = now_us - sent_us;
	t->acked++;
	t->inside -= t->inside > 0;
	for (; t->lost_begin != t->lost_end; t->lost_begin++) {
		uint64_t lost = t->lost[SLOT(t->lost_begin)];
		if (lost + REORDER > number)
			break;
		t->inside -= t->inside > 0;
		if (lost >= t->recovered)
			cut(t, now_us);
	}
	if (number >= t->recovered)
		grow(t, now_us);
}

static void time_out(struct tcp_flow *t, int64_t now_us)
{
	if (t->inside == 0 || now_us - t->acked_us < TIMEOUT_US)
		return;
	cut(t, now_us);
	t->window = 1;
	t->inside = 0;
	t->lost_begin = t->lost_end;
	t->acked_us = now_us;
}

void tcp_flow_run(struct tcp_flow *t, int64_t now_us, struct lane *lane, uint32_t flag)
{
	for (; t->acks_begin != t->acks_end; t->acks_begin++) {
		uint32_t at = SLOT(t->acks_begin);
		if (t->acks[at].us > now_us)
			break;
		acknowledged(t, now_us, t->acks[at].number, t->acks[at].sent_us);
	}
	time_out(t, now_us);
	while (t->inside < t->window && t->inside < TCP_FLOW_PACKETS / 2 &&
	       t->acked + t->inside < t->wanted) {
		void *packet = (void *)(uintptr_t)(flag | (uint16_t)t->next);
		t->sent_us[SLOT(t->next)] = now_us;
		if (lane_send(lane, now_us, TCP_FLOW_BYTES, packet) != LANE_ACCEPTED)
			t->lost[SLOT(t->lost_end++)] = t->next;
		t->next++;
		t->inside++;
	}
}

void tcp_flow_arrived(struct tcp_flow *t, int64_t out_us, uint16_t number)
{
	uint64_t whole = t->next - (uint16_t)((uint16_t)t->next - number);
	uint32_t at = SLOT(t->acks_end++);
	t->arrived_bytes += TCP_FLOW_BYTES;
	t->acks[at].us = out_us + t->back_us;
	t->acks[at].number = whole;
	t->acks[at].sent_us = t->sent_us[SLOT(whole)];
}
