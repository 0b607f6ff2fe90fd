// What participants experience: their links, what their pages report, and what causes it. Stretches
// that were not good are kept in the history.
#pragma once

struct conference;
struct peer;

// Looks at all workers and peers; to be called every QUALITY_LOOK_MS.
void conference_look_at_quality(struct conference *);

// Ends the peer's history, because its stay is over.
void conference_end_quality(struct conference *, struct peer *);
