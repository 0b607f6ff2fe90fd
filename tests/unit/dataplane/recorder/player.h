// What ffmpeg makes of a file.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct film;

// Asserts that it decodes everything and says nothing; torn: it may say that the file ends early.
void player_decodes(const char *path, bool torn);

// Asserts that its packets are the frames of the film up to this index, at their times.
void player_shows(const char *path, const struct film *, size_t to);

// Asserts that the picture at this time, after a seek, is that of the film.
void player_seeks(const char *path, int64_t time_ms);

// The duration that it reports, rounded.
int64_t player_duration_ms(const char *path);
