#include "recorder/gapless.h"

#define PACKET_MAX_US 120000 // RFC 6716 3.2.5
#define STEREO        4 // of the TOC
#define QUIET_LEN     10 // bytes of a packet of comfort noise or silence, at most
#define GAP_MIN_US    10000 // more than drift and jitter of one packet

void gapless_init(struct gapless *g, gapless_sink *sink, void *owner, int64_t end_us)
{
	*g = (struct gapless){.sink = sink, .owner = owner, .end_us = end_us, .last_us = end_us};
}

static int64_t frame_us(uint8_t toc)
{
	static const int16_t silk_ms[] = {10, 20, 40, 60};
	uint8_t config = toc >> 3;

	if (config < 12)
		return silk_ms[config % 4] * 1000;
	if (config < 16)
		return config % 2 ? 20000 : 10000;
	return 2500 << config % 4;
}

int64_t opus_duration_us(const uint8_t *opus, size_t len)
{
	if (len == 0)
		return 0;
	int64_t count = 1;
	switch (opus[0] & 3) {
	case 1:
	case 2: count = 2; break;
	case 3:
		if (len < 2)
			return 0;
		count = opus[1] & 63;
		break;
	default: break;
	}
	int64_t us = count * frame_us(opus[0]);
	return us <= PACKET_MAX_US ? us : 0;
}

// The TOC of one frame of 20 ms in the same mode and bandwidth.
static uint8_t toc_of_step(uint8_t toc)
{
	uint8_t config = toc >> 3;

	if (config < 12)
		config = (uint8_t)((config & ~3) | 1);
	else if (config < 16)
		config |= 1;
	else
		config |= 3;
	return (uint8_t)(config << 3 | (toc & STEREO));
}

static void put(struct gapless *g, const uint8_t *opus, size_t len, int64_t us)
{
	g->sink(g->owner, g->end_us, opus, len);
	g->end_us += us;
}

// Packets up to this time, as far as whole ones go.
static void fill(struct gapless *g, int64_t until_us, bool silent)
{
	const uint8_t conceal = toc_of_step(g->toc);
	const uint8_t silence[] = {(uint8_t)(0xf8 | (g->toc & STEREO)), 0xff, 0xfe};

	while (until_us - g->end_us >= GAPLESS_STEP_US) {
		if (silent)
			put(g, silence, sizeof(silence), GAPLESS_STEP_US);
		else
			put(g, &conceal, 1, GAPLESS_STEP_US);
	}
}

static bool is_quiet(int level, size_t len)
{
	return len <= QUIET_LEN || (level >= 0 && (level & 0x7f) >= GAPLESS_QUIET_DBOV);
}

// Fills the gap before a packet, to the nearest whole packet.
static void bridge(struct gapless *g, int64_t time_us)
{
	int64_t until_us = time_us + GAPLESS_STEP_US / 2,
	        conceal_us = g->end_us + GAPLESS_CONCEAL_US;

	if (until_us - g->end_us > GAPLESS_CONCEAL_US && g->any)
		fill(g, conceal_us, false);
	fill(g, until_us, until_us - g->end_us > GAPLESS_CONCEAL_US || !g->any);
}

int64_t
gapless_packet(struct gapless *g, int64_t time_us, int level, const uint8_t *opus, size_t len)
{
	int64_t us = opus_duration_us(opus, len);
	int64_t lead_us = time_us - g->end_us, jump_us = time_us - g->last_us;

	if (us == 0)
		return -1;
	bool quiet = is_quiet(level, len);
	if (jump_us >= GAP_MIN_US || !g->any)
		bridge(g, time_us);
	else if (lead_us >= (quiet ? GAPLESS_STEP_US : GAPLESS_DRIFT_MAX_US))
		fill(g, g->end_us + GAPLESS_STEP_US, false);
	g->last_us = time_us + us;
	if (time_us - g->end_us <= -(quiet ? GAPLESS_STEP_US : GAPLESS_DRIFT_MAX_US))
		return -1;
	g->toc = opus[0];
	g->any = true;
	int64_t at_us = g->end_us;
	put(g, opus, len, us);
	return at_us;
}

void gapless_silence(struct gapless *g, int64_t until_us)
{
	if (until_us - g->end_us < GAPLESS_STEP_US)
		return;
	fill(g, until_us, true);
	if (g->last_us < g->end_us)
		g->last_us = g->end_us;
}
