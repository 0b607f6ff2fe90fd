// A storm: a twentieth of the viewers are in the room ("seated"), then all others join within some
// seconds. Measures how long each waits for video, and what the seated viewers lose meanwhile.
#pragma once

struct generator;
struct run_options;

// Call it once the speakers have joined. 0, or -errno if a viewer did not join or gets no video.
int storm(const struct run_options *, struct generator *);
