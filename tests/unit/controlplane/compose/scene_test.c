#include "film.h"
#include "scene.h"

#include "test.h"

enum { ADA, BOB, EVE, PEOPLE };

static struct film_person people[PEOPLE] = {{.name = "Ada"}, {.name = "Bob"}, {.name = "Eve"}};

// Ada and Bob have cameras, Bob shares a screen from 20 to 30 s, Eve has only a microphone, from 5
// s on. Ada's camera is off from 40 to 50 s. Bob leaves at 60 s.
enum { ALL, ADA_SOUND, ADA_CAMERA, BOB_CAMERA, EVE_SOUND, BOB_SCREEN, ADA_CAMERA_2, FILES };
static struct film_file files[FILES] = {
        [ALL] = {FILM_PROGRAMME, UINT32_MAX, 0, 100, "programme.webm"},
        [ADA_SOUND] = {FILM_SOUND, ADA, 0, 100, "a"},
        [ADA_CAMERA] = {FILM_CAMERA, ADA, 0, 40, "b"},
        [BOB_CAMERA] = {FILM_CAMERA, BOB, 2, 60, "c"},
        [EVE_SOUND] = {FILM_SOUND, EVE, 5, 100, "d"},
        [BOB_SCREEN] = {FILM_SCREEN, BOB, 20, 30, "e"},
        [ADA_CAMERA_2] = {FILM_CAMERA, ADA, 50, 100, "f"},
};
static struct film_leader leaders[] = {{10, BOB}, {15, EVE}, {70, BOB}};

static const struct film film = {
        .duration = 100,
        .person_count = PEOPLE,
        .file_count = FILES,
        .leader_count = COUNT(leaders),
        .people = people,
        .files = files,
        .leaders = leaders,
};

struct want {
	double time;
	enum layout layout;
	uint32_t count;
	uint32_t persons[4], files[4];
};

static void everybody_has_a_place(void **)
{
	static const struct want rows[] = {
	        {1, LAYOUT_GRID, 1, {ADA}, {ADA_CAMERA}},
	        {6, LAYOUT_GRID, 3, {ADA, BOB, EVE}, {ADA_CAMERA, BOB_CAMERA, SCENE_CARD}},
	        // Nobody has led yet: the first with a picture.
	        {6, LAYOUT_SPEAKER, 3, {ADA, BOB, EVE}, {ADA_CAMERA, BOB_CAMERA, SCENE_CARD}},
	        {11, LAYOUT_SPEAKER, 3, {BOB, ADA, EVE}, {BOB_CAMERA, ADA_CAMERA, SCENE_CARD}},
	        // Who leads without a picture is large all the same.
	        {16, LAYOUT_SPEAKER, 3, {EVE, ADA, BOB}, {SCENE_CARD, ADA_CAMERA, BOB_CAMERA}},
	        // The screen is large in share, first in the grid, and not in speaker.
	        {25,
	         LAYOUT_SHARE,
	         4,
	         {BOB, ADA, BOB, EVE},
	         {BOB_SCREEN, ADA_CAMERA, BOB_CAMERA, SCENE_CARD}},
	        {25,
	         LAYOUT_GRID,
	         4,
	         {BOB, ADA, BOB, EVE},
	         {BOB_SCREEN, ADA_CAMERA, BOB_CAMERA, SCENE_CARD}},
	        {25, LAYOUT_SPEAKER, 3, {EVE, ADA, BOB}, {SCENE_CARD, ADA_CAMERA, BOB_CAMERA}},
	        {30, LAYOUT_SHARE, 3, {EVE, ADA, BOB}, {SCENE_CARD, ADA_CAMERA, BOB_CAMERA}},
	        // A camera that is off leaves a card; those with pictures come first.
	        {45, LAYOUT_GRID, 3, {BOB, ADA, EVE}, {BOB_CAMERA, SCENE_CARD, SCENE_CARD}},
	        {55, LAYOUT_GRID, 3, {ADA, BOB, EVE}, {ADA_CAMERA_2, BOB_CAMERA, SCENE_CARD}},
	        // Bob leads, but is gone.
	        {75, LAYOUT_SPEAKER, 2, {ADA, EVE}, {ADA_CAMERA_2, SCENE_CARD}},
	        {100, LAYOUT_GRID, 0, {0}, {0}},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct scene s;
		scene_at(&film, rows[i].layout, rows[i].time, &s);
		assert_int_equal(s.count, rows[i].count);
		for (uint32_t j = 0; j < s.count; j++) {
			assert_int_equal(s.parts[j].person, rows[i].persons[j]);
			assert_int_equal(s.parts[j].file, rows[i].files[j]);
			assert_int_equal(s.parts[j].screen, rows[i].files[j] == BOB_SCREEN);
		}
	}
}

static void no_more_than_fit_are_shown(void **)
{
	enum { MANY = 40 };
	static struct film_person crowd[MANY];
	static struct film_file cameras[MANY];
	struct film f = {
	        .duration = 1,
	        .person_count = MANY,
	        .file_count = MANY,
	        .people = crowd,
	        .files = cameras};
	struct scene s;

	for (uint32_t i = 0; i < MANY; i++)
		cameras[i] = (struct film_file){FILM_CAMERA, i, 0, 1, "x"};
	for (int layout = 0; layout < LAYOUT_COUNT; layout++) {
		scene_at(&f, (enum layout)layout, 0.5, &s);
		assert_int_equal(s.count, layout_room((enum layout)layout));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(everybody_has_a_place),
	        cmocka_unit_test(no_more_than_fit_are_shown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
