#include "media/nack.h"

#include <string.h>

#define GRACE_FALL_REPAIRED 8 // each real loss brings the grace down by an eighth
#define RTT_GAIN            8 // RFC 6298 2: a new sample counts an eighth
#define GRACE_FALL_LATE     16 // each smaller reordering, by a sixteenth

void nack_init(struct nack *n)
{
	memset(n, 0, sizeof(*n));
	n->grace_us = NACK_GRACE_US_MIN;
	n->rtt_us = NACK_RTT_US_START;
}

void nack_restart(struct nack *n)
{
	n->started = false;
	n->n = 0;
	n->lost = 0;
}

// The index of the first missing packet that is not below seq.
static uint16_t lower_bound(const struct nack *n, uint64_t seq)
{
	uint16_t low = 0, high = n->n;
	while (low < high) {
		uint16_t middle = (uint16_t)((low + high) / 2);
		if (n->missing[middle].seq < seq)
			low = (uint16_t)(middle + 1);
		else
			high = middle;
	}
	return low;
}

// Learn how late packets come by themselves. A packet that we requested shows that only if it came
// sooner than a repair could.
static void adapt_grace(struct nack *n, const struct nack_missing *m, bool repaired, int64_t now_us)
{
	int64_t late_us = (now_us - m->found_us) * 5 / 4;
	if (repaired) {
		n->grace_us -= (n->grace_us - NACK_GRACE_US_MIN) / GRACE_FALL_REPAIRED;
		return;
	}
	if (m->tries > 0 && now_us - m->sent_us >= n->rtt_us)
		return;

	if (late_us > n->grace_us)
		n->grace_us = late_us;
	else
		n->grace_us -= (n->grace_us - late_us) / GRACE_FALL_LATE;
	if (n->grace_us > NACK_GRACE_US_MAX)
		n->grace_us = NACK_GRACE_US_MAX;
	if (n->grace_us < NACK_GRACE_US_MIN)
		n->grace_us = NACK_GRACE_US_MIN;
}

// Nothing says which of several requests was answered. The time counts from the first, so a lost
// request makes the estimate too long, never too short.
static void measure_rtt(struct nack *n, const struct nack_missing *m, int64_t now_us)
{
	int64_t us = now_us - m->asked_us;

	if (!n->measured)
		n->rtt_us = us;
	n->measured = true;
	n->rtt_us += (us - n->rtt_us) / RTT_GAIN;
}

static void came_late(struct nack *n, uint64_t seq, bool repaired, int64_t now_us)
{
	uint16_t i = lower_bound(n, seq);
	if (i == n->n || n->missing[i].seq != seq)
		return;

	if (repaired || n->missing[i].tries > 0) // a packet that was merely late is no answer
		n->vain = 0;
	adapt_grace(n, &n->missing[i], repaired, now_us);
	if (repaired && n->missing[i].tries > 0)
		measure_rtt(n, &n->missing[i], now_us);
	n->n--;
	memmove(&n->missing[i], &n->missing[i + 1], (n->n - i) * sizeof(n->missing[0]));
}

bool nack_arrived(struct nack *n, uint64_t seq, bool repaired, int64_t now_us)
{
	if (!n->started) {
		n->started = true;
		n->top = seq;
		return false;
	}
	if (seq <= n->top) {
		came_late(n, seq, repaired, now_us);
		return false;
	}

	uint64_t gap = seq - n->top - 1;
	if (gap >= NACK_JUMP_MAX || n->n + gap > NACK_MISSING_MAX) {
		n->given_up += (uint32_t)(n->n + gap);
		n->n = 0;
		n->top = seq;
		return true;
	}
	for (uint64_t lost = n->top + 1; lost < seq; lost++)
		n->missing[n->n++] = (struct nack_missing){.seq = lost, .found_us = now_us};
	n->top = seq;
	return false;
}

uint64_t nack_missing_since(const struct nack *n, int64_t before_us)
{
	uint64_t seq = 0;

	// Higher numbers are found missing later.
	for (uint16_t i = 0; i < n->n && n->missing[i].found_us < before_us; i++)
		seq = n->missing[i].seq;
	return seq;
}

uint16_t nack_collect(struct nack *n, int64_t now_us, uint16_t *seqs, uint16_t max)
{
	int64_t retry_us = n->rtt_us * 5 / 4;
	uint16_t kept = 0, told = 0;
	if (retry_us < NACK_RETRY_US_MIN)
		retry_us = NACK_RETRY_US_MIN;
	for (uint16_t i = 0; i < n->n; i++) {
		struct nack_missing m = n->missing[i];
		int64_t age_us = now_us - m.found_us;
		bool due = m.tries == 0 ? age_us >= n->grace_us : now_us - m.sent_us >= retry_us;
		if (age_us > NACK_AGE_US_MAX || (due && m.tries == NACK_TRIES_MAX)) {
			n->given_up++;
			n->lost = m.seq > n->lost ? m.seq : n->lost;
			n->vain += m.tries > 0 && n->vain < NACK_VAIN_MAX;
			continue;
		}
		if (due && told < max) {
			if (m.tries++ == 0)
				m.asked_us = now_us;
			m.sent_us = now_us;
			seqs[told++] = (uint16_t)m.seq;
		}
		n->missing[kept++] = m;
	}
	n->n = kept;
	return told;
}
