// Recordings of rooms. conference.h declares what other folders may call.
#pragma once

struct conference;
struct conference_settings;

// 0 or -errno. The conference's media must exist.
[[nodiscard]] int
conference_recording_init(struct conference *, const struct conference_settings *);
