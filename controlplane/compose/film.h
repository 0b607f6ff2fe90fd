// What a recording's folder says about itself (recording.json): who was there, which files have
// whose pictures, who led, and where the sound of all of them is. Times are seconds on the
// recording's time line.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FILM_PEOPLE_MAX   4096
#define FILM_FILES_MAX    8192
#define FILM_LEADERS_MAX  65536
#define FILM_NAME_SIZE    257 // bytes of a display name, terminated
#define FILM_PATH_SIZE    128 // of a file's name below the folder
#define FILM_DURATION_MAX (48 * 3600.0)

enum film_kind {
	FILM_PROGRAMME, // its sound is everybody's
	FILM_SOUND, // a microphone: somebody is there
	FILM_CAMERA,
	FILM_SCREEN,
};

struct film_person {
	uint64_t publisher; // as recording.json counts people; 0: unknown
	char name[FILM_NAME_SIZE];
};

struct film_file {
	enum film_kind kind;
	uint32_t person; // index; FILM_PROGRAMME: none
	double begin, end;
	char path[FILM_PATH_SIZE];
};

struct film_leader {
	double time; // from when on
	uint32_t person; // index
};

struct film {
	double duration;
	uint32_t person_count, file_count, leader_count;
	struct film_person *people; // in the order of their first file
	struct film_file *files; // in the order of their beginning
	struct film_leader *leaders; // in the order of time
};

// Reads folder/recording.json. 0, or -errno with a sentence in error: -EBADMSG if it is no
// recording's.
[[nodiscard]] int film_read(struct film *, const char *folder, char *error, size_t error_size);
void film_free(struct film *);

// Who leads at this time; UINT32_MAX: nobody has yet.
uint32_t film_leader_at(const struct film *, double time);
