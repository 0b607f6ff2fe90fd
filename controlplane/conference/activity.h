// What changes in rooms without a request: who speaks, and how many people there are.
#pragma once

struct conference;

// Looks at who speaks, how many there are, and how good connections are, from now on.
void conference_watch_activity(struct conference *);
