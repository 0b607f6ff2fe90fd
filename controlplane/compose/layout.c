#include "layout.h"

#include <string.h>

#define GAP        8 // pixels around and between tiles
#define SIDE_TILES 4 // beside the large one
#define ASPECT_W   16
#define ASPECT_H   9

enum layout layout_by_name(const char *name)
{
	static const char *const names[LAYOUT_COUNT] = {"grid", "speaker", "share"};

	for (int i = 0; i < LAYOUT_COUNT; i++) {
		if (strcmp(names[i], name) == 0)
			return (enum layout)i;
	}
	return LAYOUT_COUNT;
}

uint32_t layout_room(enum layout layout)
{
	return layout == LAYOUT_GRID ? LAYOUT_TILE_MAX : 1 + SIDE_TILES;
}

static int even(int n)
{
	return n & ~1;
}

// The largest tile of the usual aspect in the middle of a box.
static struct tile fit(int x, int y, int width, int height)
{
	int w = width, h = width * ASPECT_H / ASPECT_W;

	if (h > height) {
		h = height;
		w = height * ASPECT_W / ASPECT_H;
	}
	w = even(w);
	h = even(h);
	return (struct tile){even(x + (width - w) / 2), even(y + (height - h) / 2), w, h};
}

// Rows that are not full are in the middle.
static void place_grid(uint32_t count, struct tile tiles[])
{
	uint32_t columns = 1;

	while (columns * columns < count)
		columns++;
	uint32_t rows = (count + columns - 1) / columns;
	int width = (LAYOUT_WIDTH - GAP) / (int)columns, height = (LAYOUT_HEIGHT - GAP) / (int)rows;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t row = i / columns, column = i % columns;
		uint32_t in_row = row == rows - 1 ? count - row * columns : columns;
		int left = GAP + (LAYOUT_WIDTH - GAP - (int)in_row * width) / 2;
		tiles[i] =
		        fit(left + (int)column * width, GAP + (int)row * height, width - GAP,
		            height - GAP);
	}
}

// A column of small tiles on the right, next to the large one.
static void place_large(uint32_t count, struct tile tiles[])
{
	int side_height = (LAYOUT_HEIGHT - GAP) / SIDE_TILES - GAP;
	int side_width = side_height * ASPECT_W / ASPECT_H;
	int large_width = LAYOUT_WIDTH - side_width - 3 * GAP;
	int top = (LAYOUT_HEIGHT - GAP - (int)(count - 1) * (side_height + GAP)) / 2 + GAP;

	tiles[0] = fit(GAP, GAP, large_width, LAYOUT_HEIGHT - 2 * GAP);
	for (uint32_t i = 1; i < count; i++)
		tiles[i] =
		        fit(LAYOUT_WIDTH - GAP - side_width,
		            top + (int)(i - 1) * (side_height + GAP), side_width, side_height);
}

void layout_place(enum layout layout, uint32_t count, struct tile tiles[LAYOUT_TILE_MAX])
{
	if (count == 0)
		return;
	if (count == 1)
		tiles[0] = (struct tile){0, 0, LAYOUT_WIDTH, LAYOUT_HEIGHT};
	else if (layout == LAYOUT_GRID)
		place_grid(count, tiles);
	else
		place_large(count, tiles);
}
