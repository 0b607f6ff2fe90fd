#include "scene.h"

#include "film.h"

// What a person has at a moment. A person with several cameras one after the other shows the
// newest.
struct presence {
	uint32_t camera, screen; // index of the file, or SCENE_CARD
	bool here;
};

static bool is_now(const struct film_file *f, double time)
{
	return f->begin <= time && time < f->end;
}

// Only the files of this moment count, so the newest of each kind wins: they are in order.
static uint32_t look(const struct film *film, double time, struct presence people[])
{
	uint32_t screen = SCENE_CARD;

	for (uint32_t i = 0; i < film->person_count; i++)
		people[i] = (struct presence){SCENE_CARD, SCENE_CARD, false};
	for (uint32_t i = 0; i < film->file_count; i++) {
		const struct film_file *f = &film->files[i];
		if (f->begin > time)
			break;
		if (f->kind == FILM_PROGRAMME || !is_now(f, time))
			continue;
		people[f->person].here = true;
		if (f->kind == FILM_CAMERA)
			people[f->person].camera = i;
		if (f->kind == FILM_SCREEN)
			people[f->person].screen = screen = i;
	}
	return screen;
}

static void add(struct scene *s, uint32_t room, uint32_t person, uint32_t file, bool screen)
{
	if (s->count < room)
		s->parts[s->count++] = (struct scene_part){person, file, screen};
}

// The newest share, else who leads, else the first with a picture, else the first who is there.
static uint32_t main_person(const struct film *film, double time, const struct presence people[])
{
	uint32_t leader = film_leader_at(film, time), first = UINT32_MAX;

	if (leader != UINT32_MAX && people[leader].here)
		return leader;
	for (uint32_t i = 0; i < film->person_count; i++) {
		if (!people[i].here)
			continue;
		if (people[i].camera != SCENE_CARD)
			return i;
		if (first == UINT32_MAX)
			first = i;
	}
	return first;
}

void scene_at(const struct film *film, enum layout layout, double time, struct scene *s)
{
	static struct presence people[FILM_PEOPLE_MAX];
	uint32_t room = layout_room(layout), screen = look(film, time, people), large = UINT32_MAX;

	s->count = 0;
	if (screen != SCENE_CARD && layout != LAYOUT_SPEAKER)
		add(s, room, film->files[screen].person, screen, true);
	if (layout != LAYOUT_GRID && s->count == 0) {
		large = main_person(film, time, people);
		if (large != UINT32_MAX)
			add(s, room, large, people[large].camera, false);
	}
	for (int with_picture = 1; with_picture >= 0; with_picture--) {
		for (uint32_t i = 0; i < film->person_count; i++) {
			if (people[i].here && i != large &&
			    (people[i].camera != SCENE_CARD) == with_picture)
				add(s, room, i, people[i].camera, false);
		}
	}
}
