// The Opus packets of one track's file: no gaps, since players drift at them. What DTX or loss left
// out becomes packets without contents, which decoders conceal (RFC 7845 4.1); longer gaps become
// silence. Where the sender's clock has drifted by 20 ms, one packet is left out or put in, in a
// quiet place if there is one. Pure; microseconds from the file's beginning.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GAPLESS_STEP_US      20000 // of the packets that fill, and the drift that is corrected
#define GAPLESS_DRIFT_MAX_US 60000 // corrected wherever it is
#define GAPLESS_CONCEAL_US   1000000 // longer gaps are silence; Chrome's DTX sends each 400 ms
#define GAPLESS_QUIET_DBOV   50 // below full scale

typedef void gapless_sink(void *owner, int64_t time_us, const uint8_t *opus, size_t len);

struct gapless {
	gapless_sink *sink;
	void *owner;
	int64_t end_us; // of what the file has
	int64_t last_us; // end of the last packet, by its own time
	uint8_t toc; // of the last packet
	bool any;
};

// end_us: of what the file has already; 0 of a new one.
void gapless_init(struct gapless *, gapless_sink *, void *owner, int64_t end_us);

// One packet at its time. level: RFC 6464 byte, or -1. Returns where it is in the file; -1: it was
// left out.
int64_t
gapless_packet(struct gapless *, int64_t time_us, int level, const uint8_t *opus, size_t len);

// Silence up to this time, as far as whole packets go.
void gapless_silence(struct gapless *, int64_t until_us);

// How long a packet plays (RFC 6716 3.1); 0 if it is malformed.
int64_t opus_duration_us(const uint8_t *opus, size_t len);
