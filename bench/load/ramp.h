// Finds the largest number of viewers that a server keeps up with: doubles the number until packets
// are lost or late, then bisects between the last good number and the first bad one. Viewers join
// and leave the running room.
#pragma once

struct generator;
struct run_options;

#define RAMP_FIRST     250 // viewers
#define RAMP_SECONDS   3 // of a step's window
#define RAMP_LOSS      1 // packets per million; less counts as none
#define RAMP_BEHIND_S  0.25 // of media that is overdue: the server does not keep up
#define RAMP_PRECISION 0.05 // of the number found
#define RAMP_S_MAX     180

// Call it once the speakers have joined. 0 or -errno.
int ramp(const struct run_options *, struct generator *);
