// Where pictures go in the composed video. Pure. All numbers are even, since a pixel of chroma
// covers two by two.
#pragma once

#include <stdint.h>

#define LAYOUT_WIDTH    1280
#define LAYOUT_HEIGHT   720
#define LAYOUT_TILE_MAX 25

enum layout {
	LAYOUT_GRID, // all the same size
	LAYOUT_SPEAKER, // who leads is large
	LAYOUT_SHARE, // a shared screen is large; without one, as LAYOUT_SPEAKER
	LAYOUT_COUNT,
};

struct tile {
	int x, y, width, height; // pixels
};

// "grid", "speaker", "share"; LAYOUT_COUNT for any other name.
enum layout layout_by_name(const char *);

// How many of `count` pictures are shown, at most.
uint32_t layout_room(enum layout);

// Places `count` pictures, up to layout_room, of which the first is the large one if there is one.
void layout_place(enum layout, uint32_t count, struct tile tiles[LAYOUT_TILE_MAX]);
