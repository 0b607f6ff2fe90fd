// A registry and its workers without threads, for tests of what the service thread gives to
// workers: a speaker with one track of video, and a viewer, both on the first of two workers.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "am_region.h"
#include "rig.h"
#include "service/registry.h"

#define MEETING_ROOM    7
#define MEETING_WORKERS 2
#define MEETING_TRACK   am_id_make(3, 1)
#define MEETING_VIEWER  am_id_make(1, 1)

// The only meeting of this program.
struct meeting {
	struct rig rig;
	struct am_region region;
	struct registry registry;
};
extern struct meeting meeting;

// The EAL and the workers: a group's setup.
int meeting_open(void **);

void meeting_begin(bool screen); // screen: the track is a shared screen
void meeting_end(void);

// Runs the workers, and handles what they hand back.
void meeting_settle(void);

// Adds a transport in this slot, on no worker yet.
struct session *meeting_session(uint32_t slot, uint64_t room_id);
void meeting_leave(struct session *);

// Adds the viewer's subscription to the track, in this slot. 0 or -errno.
int meeting_subscribe(uint32_t slot, uint32_t ssrc, uint32_t rtx_ssrc);
void meeting_unsubscribe(uint32_t slot);
