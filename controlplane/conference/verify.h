// Compares the rooms with the data plane's tables, since events may have been lost.
#pragma once

struct conference;

// Drops what the data plane lacks, and removes from it what no room has. Other differences are
// handled as if the data plane had just reported them.
void conference_verify(struct conference *);
