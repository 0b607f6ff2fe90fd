// Copies of tapped tracks for the recorder, in the worker's ring of the tap (am_tap.h): all
// encodings as the publisher sends them, whatever viewers get. Nothing comes back from the
// recorder, so the tap also sees to it that what was lost is followed by a key frame.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "path/worker.h"

struct incoming;

// The recorder waits 600 ms for a packet (dataplane/media/assembly.h); it can do without one that
// has been missing for this long only after a key frame.
#define TAP_WAIT_US 500000

// Copies a packet that has been decrypted, and restored if it came by RTX. Does nothing without a
// tap.
void tap_packet(struct worker *, const struct incoming *);

// Copies the last sender report of an encoding, if one has come.
void tap_report(struct worker *, const struct track *, uint8_t stream);

// The recording of a track begins, or goes on with another recorder: repeats its sender reports,
// and requests key frames.
void tap_begin(struct worker *, struct track *);

// Requests a key frame of each encoding that is being received.
void tap_request_key_frames(struct worker *, struct track *);

// True if the recorder has lost a packet of a tapped encoding for good, and no key frame has been
// requested for that yet.
[[nodiscard]] bool tap_has_lost(const struct worker *, const struct track *, struct track_stream *);
