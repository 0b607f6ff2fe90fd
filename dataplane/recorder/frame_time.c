#include "recorder/frame_time.h"

#define OPUS_MAX_MS 120

static int64_t opus_ms(const uint8_t *packet, size_t len)
{
	static const uint8_t silk_ms[] = {10, 20, 40, 60};
	uint8_t config = packet[0] >> 3, code = packet[0] & 3;
	uint32_t frame_us;

	if (config < 12)
		frame_us = silk_ms[config & 3] * 1000u;
	else if (config < 16)
		frame_us = (config & 1) != 0 ? 20000 : 10000;
	else
		frame_us = 2500u << (config & 3);
	uint32_t frames = code == 0 ? 1 : code < 3 ? 2 : len > 1 ? packet[1] & 0x3F : 0;
	int64_t ms = (frames * frame_us + 999) / 1000;
	return ms < OPUS_MAX_MS ? ms : OPUS_MAX_MS;
}

int64_t frame_time_ms(enum codec codec, const uint8_t *data, size_t len, int64_t picture_ms)
{
	if (codec != CODEC_OPUS)
		return picture_ms;
	return len > 0 ? opus_ms(data, len) : 0;
}

int64_t frame_time_picture_ms(int64_t since_last_ms)
{
	if (since_last_ms < 1)
		return 1;
	return since_last_ms < 1000 ? since_last_ms : 1000;
}
