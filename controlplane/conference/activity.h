// What changes in rooms without a request: who speaks, and how many peers there are.
#pragma once

struct conference;

// Starts to look regularly at who speaks, how many peers there are, and how good connections are.
void conference_watch_activity(struct conference *);
