#include "media/vp8_frame.h"

#include "am_reader.h"
#include "media/frame_bytes.h"

#include <errno.h>

// RFC 7741 4.2: X R N S R PID, then I L T K, then the fields they announce.
int vp8_append(struct frame_bytes *b, const uint8_t *payload, size_t len)
{
	struct am_reader r = am_reader_init(payload, len);
	uint8_t first = am_read_u8(&r);
	uint8_t has = (first & 0x80) != 0 ? am_read_u8(&r) : 0;
	if ((has & 0x80) != 0 && (am_read_u8(&r) & 0x80) != 0)
		am_read_u8(&r);
	if ((has & 0x40) != 0)
		am_read_u8(&r);
	if ((has & 0x30) != 0)
		am_read_u8(&r);
	if (r.failed || am_reader_left(&r) == 0)
		return -EBADMSG;
	frame_bytes_append(b, r.next, am_reader_left(&r));
	return b->failed ? -EBADMSG : 0;
}

// RFC 6386 9.1: sizes of 14 bits, little-endian; how to scale them does not matter here.
int vp8_header_read(const uint8_t *frame, size_t len, struct vp8_header *h)
{
	struct am_reader r = am_reader_init(frame, len);
	const uint8_t *tag = am_reader_take(&r, 3);
	if (tag == NULL)
		return -EBADMSG;
	*h = (struct vp8_header){.key = (tag[0] & 0x01) == 0};
	if (!h->key)
		return 0;
	const uint8_t *start = am_reader_take(&r, 7);
	if (start == NULL || start[0] != 0x9D || start[1] != 0x01 || start[2] != 0x2A)
		return -EBADMSG;
	h->width = (uint16_t)((start[4] << 8 | start[3]) & 0x3FFF);
	h->height = (uint16_t)((start[6] << 8 | start[5]) & 0x3FFF);
	return h->width > 0 && h->height > 0 ? 0 : -EBADMSG;
}
