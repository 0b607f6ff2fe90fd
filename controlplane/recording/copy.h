// What the control plane writes beside the recorder's files: recording.json, a copy of what the
// history and this process know, for people who have nothing but the files, and for the next
// control plane, which has no other memory of who took part; at the end, speakers and chat as
// WebVTT.
#pragma once

#include <stdbool.h>

struct recording;

#define COPY_MS       1000 // between two writes
#define COPY_MS_LARGE 10000 // … of a file of COPY_LARGE bytes or more
#define COPY_LARGE    65536

// Writes the file if it is out of date, and the last time is long enough ago, or now is true.
void copy_write(struct recording *, bool now);

// Writes speakers.vtt, a chapter for each leader, if anybody led, and has the chat written as
// WebVTT, if there is any.
void copy_finish(struct recording *);

// Reads participants, leaders and pauses that the last process wrote.
void copy_read(struct recording *);
