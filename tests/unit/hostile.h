// Hostile bytes for a parser: every truncation and every changed byte of a valid input, and noise.
// Each input is allocated exactly, so that the sanitizers notice a read of even one byte too many.
#pragma once

#include "test.h"

#include <stdio.h>
#include <time.h>

#define HOSTILE_NOISE_ROUNDS  20000
#define HOSTILE_NOISE_LEN_MAX 96

typedef void (*hostile_parser)(const uint8_t *bytes, size_t len);

static inline void hostile_feed(hostile_parser parse, const uint8_t *bytes, size_t len)
{
	uint8_t *exact = malloc(len > 0 ? len : 1);
	assert_non_null(exact);
	// A zero-length input must not be read at all: hand out the end of the allocation.
	uint8_t *p = len > 0 ? exact : exact + 1;
	if (len > 0)
		memcpy(p, bytes, len);
	parse(p, len);
	free(exact);
}

// xorshift64*: the same noise for the same seed everywhere.
static inline uint32_t hostile_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (uint32_t)((*state * 0x2545F4914F6CDD1Du) >> 32);
}

// From AMPHI_SEED, to repeat a failure, or from the clock; printed either way.
static inline uint64_t hostile_seed(void)
{
	const char *given = getenv("AMPHI_SEED");
	uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
	printf("AMPHI_SEED=%llu\n", (unsigned long long)seed);
	return seed | 1;
}

static inline void hostile_bytes(hostile_parser parse, const uint8_t *valid, size_t len)
{
	uint8_t bytes[1500];
	assert_true(len <= sizeof(bytes));
	for (size_t cut = 0; cut <= len; cut++)
		hostile_feed(parse, valid, cut);
	for (size_t at = 0; at < len; at++) {
		for (int value = 0; value < 256; value++) {
			memcpy(bytes, valid, len);
			bytes[at] = (uint8_t)value;
			hostile_feed(parse, bytes, len);
		}
	}

	// Noise behind a valid beginning gets further than noise alone.
	uint64_t state = hostile_seed();
	for (int round = 0; round < HOSTILE_NOISE_ROUNDS; round++) {
		size_t noise_len = hostile_random(&state) % HOSTILE_NOISE_LEN_MAX;
		size_t kept = hostile_random(&state) % (len + 1);
		memcpy(bytes, valid, len);
		for (size_t i = kept; i < noise_len; i++)
			bytes[i] = (uint8_t)hostile_random(&state);
		hostile_feed(parse, bytes, noise_len > kept ? noise_len : kept);
	}
}
