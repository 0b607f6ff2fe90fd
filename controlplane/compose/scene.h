// Who and what is seen at a moment of the recording, in the order of places.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "layout.h"

struct film;

#define SCENE_CARD UINT32_MAX // in place of a file: somebody is there without a picture

struct scene_part {
	uint32_t person; // index
	uint32_t file; // index of its picture, or SCENE_CARD
	bool screen;
};

struct scene {
	uint32_t count;
	struct scene_part parts[LAYOUT_TILE_MAX];
};

// Pure. The first part is the large one if the layout has one. People who do not fit are left out:
// those without a picture first.
void scene_at(const struct film *, enum layout, double time, struct scene *);
