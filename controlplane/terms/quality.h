// How good a participant's connection is, in three steps that people understand. What is measured
// comes from the data plane (struct am_gauges).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define QUALITY_LOOK_MS  2000 // between two looks
#define QUALITY_CHECK_MS 12000 // a browser that is there has sent two ICE checks by then

enum quality {
	QUALITY_UNKNOWN,
	QUALITY_BAD,
	QUALITY_FAIR,
	QUALITY_GOOD,
};

// One direction of a participant's connection, as last looked at.
struct link_quality {
	enum quality quality; // QUALITY_UNKNOWN: there is none
	uint8_t lost; // /256
	uint8_t jitter_ms;
	uint16_t rtt_ms; // 0: unknown
	uint16_t worker; // of the data plane, that it is on
	uint32_t estimate_kbps; // of what may be sent; 0: unknown
	uint32_t bps; // of what is sent or comes
	uint64_t weak_ms; // when it last was not good, or carried no picture; 0: never
};

// What a page says that its participant has seen and heard of late.
struct page_report {
	uint32_t span_ms; // in so much time
	uint32_t frozen_ms; // the picture that stood still longest
	uint16_t concealed; // ‰ of the sound that was made up, where it was most
};

struct connection_quality {
	enum quality now;
	enum quality before; // at the last look
};

// Of one transport.
enum quality quality_of(uint32_t gauge, uint64_t since_check_ms);

enum quality quality_of_page(const struct page_report *);

// Of a worker of the data plane, which was too late for some of the copies that it was to make, and
// leaves out so much (am_lifecycle.h).
enum quality quality_of_worker(uint64_t copies, uint64_t late, uint32_t shed);

// A look: worse counts at once, better when it is so twice. True if people are to be told; who
// begins well is what everybody takes it for.
bool quality_look(struct connection_quality *, enum quality);
