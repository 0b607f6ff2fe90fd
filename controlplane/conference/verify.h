// What is known, held against the data plane's tables after events may have been lost.
#pragma once

struct conference;

// Drops what the data plane lacks, and removes there what nobody knows. What was missed besides is
// reported as the data plane would.
void conference_verify(struct conference *);
