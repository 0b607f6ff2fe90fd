// What scripts/bench record measures: each case runs a recorder of its own, in real time.
#pragma once

#include "film.h"
#include "record.h"
#include "studio.h"

#include <stdint.h>
#include <stdio.h>

struct recorder_bench {
	FILE *json;
	const char *recorder; // binary
	const struct film *demo; // 720p
	const struct film *marks; // says when its pictures and beeps are
	const char *skew; // script that reads them back
	int seconds, kills;
};

// What 20 tracks cost, and how long stopping them takes.
void measure_cost(const struct recorder_bench *);

// What a recorder that is killed leaves behind, and what the next one cannot get back.
void measure_kills(const struct recorder_bench *);

// How soon recordings that a kill has cut are complete.
void measure_leftovers(const struct recorder_bench *);

// How far apart sound and picture are after a bad link.
void measure_skew(const struct recorder_bench *);

// The film that a folder's 720p.ivf and sound.opus make. Exits if they are not usable.
struct film *clip_film(const char *picture, const char *sound);
