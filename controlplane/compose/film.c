#include "film.h"

#include "base/json.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_SIZE_MAX (64l << 20)

static char *text_read(const char *path, size_t *len)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	long size;

	if (!f)
		return NULL;
	if (fseek(f, 0, SEEK_END) < 0 || (size = ftell(f)) < 0 || size > FILE_SIZE_MAX) {
		errno = EFBIG;
		goto close;
	}
	rewind(f);
	text = malloc((size_t)size + 1);
	if (text)
		*len = fread(text, 1, (size_t)size, f);
close:
	fclose(f);
	return text;
}

static bool seconds(const struct json *j, const char *key, double *out)
{
	return json_number(json_member(j, key), out) && isfinite(*out) && *out >= 0 &&
	       *out <= FILM_DURATION_MAX;
}

// The file stays within the folder: letters, digits, "_", "-", "." and single slashes, no "..".
static bool path_is_good(const char *path)
{
	static const char letters[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./";

	return *path && *path != '/' && *path != '.' && strspn(path, letters) == strlen(path) &&
	       !strstr(path, "..") && !strstr(path, "//");
}

static bool kind_of(const char *name, enum film_kind *kind)
{
	static const struct {
		const char *name;
		enum film_kind kind;
	} kinds[] = {
	        {"programme", FILM_PROGRAMME},
	        {"audio", FILM_SOUND},
	        {"video", FILM_CAMERA},
	        {"screen", FILM_SCREEN},
	};

	for (size_t i = 0; name && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, name) == 0) {
			*kind = kinds[i].kind;
			return true;
		}
	}
	return false;
}

// The person with this id, added if it is new. UINT32_MAX: there are too many.
static uint32_t person_find(struct film *f, const char *peer_id, const char *name, char (*ids)[129])
{
	for (uint32_t i = 0; i < f->person_count; i++) {
		if (strcmp(ids[i], peer_id) == 0)
			return i;
	}
	if (f->person_count == FILM_PEOPLE_MAX)
		return UINT32_MAX;
	snprintf(ids[f->person_count], sizeof(*ids), "%s", peer_id);
	snprintf(f->people[f->person_count].name, FILM_NAME_SIZE, "%s", name ? name : peer_id);
	return f->person_count++;
}

static int by_begin(const void *a, const void *b)
{
	const struct film_file *x = a, *y = b;

	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	return strcmp(x->path, y->path);
}

// Files that are of no use here, such as the chat, are passed over.
static void file_take(struct film *f, const struct json *j, char (*ids)[129])
{
	const char *path = json_string(j, "name", FILM_PATH_SIZE - 1);
	const char *peer_id = json_string(j, "peerId", 128 * 4);
	struct film_file file = {.person = UINT32_MAX};
	double duration;

	if (f->file_count == FILM_FILES_MAX || !path || !path_is_good(path) ||
	    !kind_of(json_string(j, "kind", 32), &file.kind) ||
	    !seconds(j, "offset", &file.begin) || !seconds(j, "duration", &duration))
		return;
	if (file.kind != FILM_PROGRAMME) {
		if (!peer_id)
			return;
		file.person = person_find(
		        f, peer_id, json_string(j, "displayName", FILM_NAME_SIZE - 1), ids
		);
		if (file.person == UINT32_MAX)
			return;
	}
	file.end = file.begin + duration;
	strcpy(file.path, path);
	f->files[f->file_count++] = file;
}

static void leader_take(struct film *f, const struct json *j, char (*ids)[129])
{
	const char *peer_id = json_string(j, "peerId", 128 * 4);
	double time;

	if (f->leader_count == FILM_LEADERS_MAX || !peer_id || !seconds(j, "time", &time))
		return;
	if (f->leader_count > 0 && f->leaders[f->leader_count - 1].time > time)
		return;
	uint32_t person = person_find(f, peer_id, NULL, ids);
	if (person != UINT32_MAX)
		f->leaders[f->leader_count++] = (struct film_leader){time, person};
}

static int film_take(struct film *f, const struct json *j)
{
	char(*ids)[129] = calloc(FILM_PEOPLE_MAX, sizeof(*ids));
	const struct json *e;

	f->people = calloc(FILM_PEOPLE_MAX, sizeof(*f->people));
	f->files = calloc(FILM_FILES_MAX, sizeof(*f->files));
	f->leaders = calloc(FILM_LEADERS_MAX, sizeof(*f->leaders));
	if (!ids || !f->people || !f->files || !f->leaders) {
		free(ids);
		return -ENOMEM;
	}
	for (e = json_first(json_array(j, "files")); e; e = json_next(e))
		file_take(f, e, ids);
	for (e = json_first(json_array(j, "leaders")); e; e = json_next(e))
		leader_take(f, e, ids);
	qsort(f->files, f->file_count, sizeof(*f->files), by_begin);
	free(ids);
	return seconds(j, "duration", &f->duration) && f->duration > 0 ? 0 : -EBADMSG;
}

int film_read(struct film *f, const char *folder, char *error, size_t error_size)
{
	char path[4096];
	size_t len = 0;
	int ret;

	*f = (struct film){0};
	snprintf(path, sizeof(path), "%s/recording.json", folder);
	char *text = text_read(path, &len);
	if (!text) {
		ret = -errno;
		snprintf(error, error_size, "%s cannot be read: %s", path, strerror(-ret));
		return ret;
	}
	struct json *j = json_parse(text, len);
	free(text);
	ret = j ? film_take(f, j) : -EBADMSG;
	json_free(j);
	if (ret < 0) {
		snprintf(
		        error, error_size, "%s %s", path,
		        ret == -ENOMEM ? "takes more memory than there is"
		                       : "does not describe a recording that has ended"
		);
		film_free(f);
	}
	return ret;
}

void film_free(struct film *f)
{
	free(f->people);
	free(f->files);
	free(f->leaders);
	*f = (struct film){0};
}

uint32_t film_leader_at(const struct film *f, double time)
{
	uint32_t low = 0, high = f->leader_count; // the answer is before high

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (f->leaders[middle].time <= time)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? f->leaders[low - 1].person : UINT32_MAX;
}
