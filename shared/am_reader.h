// Bounded cursor over received bytes. Every parser reads through it: a read past the end sets
// `failed`, returns zero and leaves the cursor where it was, so a parser may check once at its end.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct am_reader {
	const uint8_t *next;
	const uint8_t *end;
	bool failed;
};

static inline struct am_reader am_reader_init(const void *bytes, size_t len)
{
	const uint8_t *p = (const uint8_t *)bytes;
	return (struct am_reader){.next = p, .end = p + len, .failed = false};
}

static inline size_t am_reader_left(const struct am_reader *r)
{
	return (size_t)(r->end - r->next);
}

// The next n bytes, or NULL (and failed) if fewer are left. They stay the caller's memory.
static inline const uint8_t *am_reader_take(struct am_reader *r, size_t n)
{
	if (r->failed || am_reader_left(r) < n) {
		r->failed = true;
		return NULL;
	}
	const uint8_t *p = r->next;
	r->next += n;
	return p;
}

static inline uint8_t am_read_u8(struct am_reader *r)
{
	const uint8_t *p = am_reader_take(r, 1);
	return p ? p[0] : 0;
}

// Big-endian, like all fields of the protocols that we parse.
static inline uint16_t am_read_u16(struct am_reader *r)
{
	const uint8_t *p = am_reader_take(r, 2);
	return p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

static inline uint32_t am_read_u24(struct am_reader *r)
{
	const uint8_t *p = am_reader_take(r, 3);
	return p ? (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2] : 0;
}

static inline uint32_t am_read_u32(struct am_reader *r)
{
	const uint8_t *p = am_reader_take(r, 4);
	return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}

static inline uint64_t am_read_u64(struct am_reader *r)
{
	uint64_t high = am_read_u32(r);
	return high << 32 | am_read_u32(r);
}

static inline void am_put_u16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void am_put_u24(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 16);
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)v;
}

static inline void am_put_u32(uint8_t *p, uint32_t v)
{
	am_put_u16(p, (uint16_t)(v >> 16));
	am_put_u16(p + 2, (uint16_t)v);
}

static inline void am_put_u64(uint8_t *p, uint64_t v)
{
	am_put_u32(p, (uint32_t)(v >> 32));
	am_put_u32(p + 4, (uint32_t)v);
}
