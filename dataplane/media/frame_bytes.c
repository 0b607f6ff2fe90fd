#include "media/frame_bytes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_MIN 4096

void frame_bytes_fini(struct frame_bytes *b)
{
	free(b->bytes);
	*b = (struct frame_bytes){0};
}

static bool grow(struct frame_bytes *b, size_t len)
{
	if (b->failed || len > FRAME_BYTES_MAX - b->len) {
		b->failed = true;
		return false;
	}
	size_t size = b->size > 0 ? b->size : SIZE_MIN;
	while (size < b->len + len)
		size *= 2;
	if (size == b->size)
		return true;
	uint8_t *bytes = realloc(b->bytes, size);
	if (bytes == NULL) {
		b->failed = true;
		return false;
	}
	b->bytes = bytes;
	b->size = size;
	return true;
}

void frame_bytes_append(struct frame_bytes *b, const void *bytes, size_t len)
{
	if (len > 0 && grow(b, len)) {
		memcpy(b->bytes + b->len, bytes, len);
		b->len += len;
	}
}

uint8_t *frame_bytes_insert(struct frame_bytes *b, size_t at, size_t len)
{
	assert(at <= b->len);
	if (!grow(b, len))
		return NULL;
	memmove(b->bytes + at + len, b->bytes + at, b->len - at);
	b->len += len;
	return b->bytes + at;
}
