// A strict reader of Matroska, written apart from the recorder's: every byte of a file has to be
// what it says it is.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WALK_TRACKS 2

struct walk_block {
	int64_t time_ms;
	size_t len;
	uint64_t sum; // of its bytes
	uint8_t track; // from 0
	bool key;
};

struct walk_cluster {
	uint64_t offset;
	int64_t time_ms;
	size_t len; // with its head
	size_t first_block, block_count;
};

struct walk_cue {
	int64_t time_ms;
	uint8_t track; // from 0
	uint64_t offset; // of the cluster in the file
};

struct walk {
	char problem[128]; // "": none
	bool torn; // the file ends within a cluster
	double duration;
	size_t block_count, cluster_count, cue_count;
	struct walk_block *blocks;
	struct walk_cluster *clusters;
	struct walk_cue *cues;
	int64_t last_ms[WALK_TRACKS]; // -1: no block
	uint8_t *bytes;
	size_t size;
};

// Reads the file at this path; asserts that there is one.
struct walk *walk_file(const char *path);
void walk_free(struct walk *);

// Asserts that there is no problem, and that each CuePoint but the first points at a cluster that
// begins with a key frame of that track and time. torn: the file may end within a cluster.
void walk_assert_whole(const struct walk *, bool torn);

uint64_t walk_sum(const uint8_t *bytes, size_t len);
