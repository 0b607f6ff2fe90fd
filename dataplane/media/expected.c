#include "media/expected.h"

uint16_t expected_since(struct expected *e, uint32_t ssrc, uint32_t highest)
{
	struct expected_stream *set = e->of[ssrc % EXPECTED_SETS];
	const struct expected_stream now = {(uint16_t)(ssrc >> 16 | 1), (uint16_t)highest};
	uint16_t n = 0;
	int way = 0;

	while (way < EXPECTED_WAYS - 1 && set[way].ssrc != now.ssrc)
		way++;
	if (set[way].ssrc == now.ssrc) {
		n = (uint16_t)(now.highest - set[way].highest);
		if (n > INT16_MAX) // one report has overtaken the other
			return 0;
	}
	for (; way > 0; way--)
		set[way] = set[way - 1];
	set[0] = now;
	return n;
}
