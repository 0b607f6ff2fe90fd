#include "media/red.h"

#include "am_reader.h"

#include <assert.h>

#define FOLLOWED   0x80 // another block header follows this one
#define OFFSET_MAX 0x3FFF
#define LEN_BITS   10

static_assert(RED_LEN_MAX <= UINT8_MAX);

uint8_t red_len(const struct red_sound *before, const struct red_sound *now)
{
	uint32_t offset = now->timestamp - before->timestamp;

	if (before->len == 0 || before->len > RED_SOUND_MAX || before->source != now->source ||
	    offset == 0 || offset > OFFSET_MAX)
		return 0;
	return (uint8_t)(RED_HEADER_LEN + before->len);
}

void red_write(
        const struct red_sound *before, const struct red_sound *now, uint8_t type,
        uint8_t to[static RED_HEADER_LEN]
)
{
	to[0] = FOLLOWED | type;
	am_put_u24(to + 1, (now->timestamp - before->timestamp) << LEN_BITS | before->len);
	to[4] = type;
	memcpy(to + RED_HEADER_LEN, before->payload, before->len);
}
