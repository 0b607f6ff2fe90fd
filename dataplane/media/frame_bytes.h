// The bytes of a frame while it is put together. The memory is kept for the next frame.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_BYTES_MAX (4u << 20)

// All zero at first.
struct frame_bytes {
	uint8_t *bytes;
	size_t len;
	size_t size; // allocated
	bool failed; // too long, or no memory: the frame is lost
};

void frame_bytes_fini(struct frame_bytes *);

static inline void frame_bytes_clear(struct frame_bytes *b)
{
	b->len = 0;
	b->failed = false;
}

void frame_bytes_append(struct frame_bytes *, const void *bytes, size_t len);

// Make room for len bytes at this place; NULL if that fails. The caller writes them.
uint8_t *frame_bytes_insert(struct frame_bytes *, size_t at, size_t len);
