// How good a participant's connection is, in three steps that people understand. The measurements
// come from the data plane (struct am_gauges).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define QUALITY_LOOK_MS  2000 // between two looks
#define QUALITY_CHECK_MS 12000 // by then, a browser that is alive has sent two ICE checks

enum quality {
	QUALITY_UNKNOWN,
	QUALITY_BAD,
	QUALITY_FAIR,
	QUALITY_GOOD,
};

// One direction of a participant's connection at the last look.
struct link_quality {
	enum quality quality; // QUALITY_UNKNOWN if there is no connection
	uint8_t lost; // /256
	uint8_t jitter_ms;
	uint16_t rtt_ms; // 0: unknown
	uint16_t worker; // the worker of the data plane that serves it
	uint32_t estimate_kbps; // what the link is estimated to carry; 0: unknown
	uint32_t bps; // sent or received
	uint64_t weak_ms; // when the link was last not good, or had no room for video; 0: never
};

// What a page reports that its participant has recently seen and heard.
struct page_report {
	uint32_t span_ms; // the time that the report covers
	uint32_t frozen_ms; // how long the worst video was frozen
	uint16_t concealed; // ‰ of the audio that was concealed in the worst track
};

struct connection_quality {
	enum quality now;
	enum quality before; // at the last look
};

// The quality of a transport, from its gauge (struct am_gauges) and the time since its last ICE
// check.
enum quality quality_of(uint32_t gauge, uint64_t since_check_ms);

enum quality quality_of_page(const struct page_report *);

// The quality of a worker of the data plane, from the number of copies that it had to make, the
// number of those that were late, and how much work it leaves out (am_lifecycle.h).
enum quality quality_of_worker(uint64_t copies, uint64_t late, uint32_t shed);

// Takes a look: a worse quality counts at once, a better one when it is seen twice in a row. True
// if people should be told of a change. A connection that starts out good is no news.
bool quality_look(struct connection_quality *, enum quality);
