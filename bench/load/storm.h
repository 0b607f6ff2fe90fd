// A storm: a twentieth of the viewers is seated, then all others come within some seconds. How long
// each waits for its pictures, and what those who sit there miss meanwhile.
#pragma once

struct generator;
struct run_options;

// Speakers are here. 0 or -errno: somebody did not come, or sees nothing.
int storm(const struct run_options *, struct generator *);
