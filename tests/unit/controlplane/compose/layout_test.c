#include "layout.h"

#include <stdbool.h>

#include "test.h"

static bool overlap(const struct tile *a, const struct tile *b)
{
	return a->x < b->x + b->width && b->x < a->x + a->width && a->y < b->y + b->height &&
	       b->y < a->y + a->height;
}

static void assert_placed(const struct tile tiles[], uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct tile *t = &tiles[i];
		assert_true(t->x >= 0 && t->y >= 0 && t->width > 0 && t->height > 0);
		assert_true(t->x + t->width <= LAYOUT_WIDTH && t->y + t->height <= LAYOUT_HEIGHT);
		assert_int_equal((t->x | t->y | t->width | t->height) & 1, 0);
		for (uint32_t j = 0; j < i; j++)
			assert_false(overlap(t, &tiles[j]));
	}
}

static void tiles_are_within_the_picture_and_apart(void **)
{
	for (int layout = 0; layout < LAYOUT_COUNT; layout++) {
		for (uint32_t count = 1; count <= layout_room((enum layout)layout); count++) {
			struct tile tiles[LAYOUT_TILE_MAX] = {0};
			layout_place((enum layout)layout, count, tiles);
			assert_placed(tiles, count);
		}
	}
}

static void one_picture_fills_everything(void **)
{
	struct tile tiles[LAYOUT_TILE_MAX];

	for (int layout = 0; layout < LAYOUT_COUNT; layout++) {
		layout_place((enum layout)layout, 1, tiles);
		assert_int_equal(tiles[0].width, LAYOUT_WIDTH);
		assert_int_equal(tiles[0].height, LAYOUT_HEIGHT);
	}
}

static void in_a_grid_all_have_the_same_size(void **)
{
	struct tile tiles[LAYOUT_TILE_MAX];

	for (uint32_t count = 2; count <= LAYOUT_TILE_MAX; count++) {
		layout_place(LAYOUT_GRID, count, tiles);
		for (uint32_t i = 1; i < count; i++) {
			assert_int_equal(tiles[i].width, tiles[0].width);
			assert_int_equal(tiles[i].height, tiles[0].height);
		}
	}
}

static void the_first_is_large_otherwise(void **)
{
	struct tile tiles[LAYOUT_TILE_MAX];

	for (uint32_t count = 2; count <= layout_room(LAYOUT_SHARE); count++) {
		layout_place(LAYOUT_SHARE, count, tiles);
		for (uint32_t i = 1; i < count; i++)
			assert_true(tiles[0].width > 2 * tiles[i].width);
	}
}

static void only_known_layouts_have_names(void **)
{
	assert_int_equal(layout_by_name("grid"), LAYOUT_GRID);
	assert_int_equal(layout_by_name("speaker"), LAYOUT_SPEAKER);
	assert_int_equal(layout_by_name("share"), LAYOUT_SHARE);
	assert_int_equal(layout_by_name("Grid"), LAYOUT_COUNT);
	assert_int_equal(layout_by_name(""), LAYOUT_COUNT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(tiles_are_within_the_picture_and_apart),
	        cmocka_unit_test(one_picture_fills_everything),
	        cmocka_unit_test(in_a_grid_all_have_the_same_size),
	        cmocka_unit_test(the_first_is_large_otherwise),
	        cmocka_unit_test(only_known_layouts_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
