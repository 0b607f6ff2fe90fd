#include "walk.h"

#include "test.h"

#include <stdio.h>

struct cursor {
	size_t at, end;
};

static void problem(struct walk *w, const char *what, size_t at)
{
	if (w->problem[0] == '\0')
		snprintf(w->problem, sizeof(w->problem), "%s at %zu", what, at);
}

static size_t vint_len(uint8_t first)
{
	size_t len = 1;
	for (; len <= 8 && (first & 0x80) == 0; len++)
		first = (uint8_t)(first << 1);
	return len;
}

// An id and a size; size UINT64_MAX: unknown. False: the bytes end.
static bool element(const struct walk *w, struct cursor *c, uint32_t *id, uint64_t *size)
{
	uint64_t value[2];
	size_t at = c->at;

	for (int part = 0; part < 2; part++) {
		if (at >= c->end)
			return false;
		size_t len = vint_len(w->bytes[at]);
		if (len > 8 || len > c->end - at)
			return false;
		value[part] = part == 0 ? w->bytes[at] : w->bytes[at] & (0xFFu >> len);
		for (size_t i = 1; i < len; i++)
			value[part] = value[part] << 8 | w->bytes[at + i];
		if (part == 1 && value[1] == (1ull << (7 * len)) - 1)
			value[1] = UINT64_MAX;
		at += len;
	}
	*id = (uint32_t)value[0];
	*size = value[1];
	c->at = at;
	return true;
}

static uint64_t number(const struct walk *w, size_t at, size_t len)
{
	uint64_t value = 0;
	for (size_t i = 0; i < len; i++)
		value = value << 8 | w->bytes[at + i];
	return value;
}

uint64_t walk_sum(const uint8_t *bytes, size_t len)
{
	uint64_t sum = 0xcbf29ce484222325u;
	for (size_t i = 0; i < len; i++)
		sum = (sum ^ bytes[i]) * 0x100000001b3u;
	return sum;
}

static void *more(void *array, size_t count, size_t size)
{
	if ((count & (count - 1)) != 0)
		return array;
	array = realloc(array, (count == 0 ? 1 : count * 2) * size);
	assert_non_null(array);
	return array;
}

static void read_block(struct walk *w, struct walk_cluster *cluster, size_t at, size_t len)
{
	if (len < 5 || (w->bytes[at] & 0x7F) == 0 || (w->bytes[at] & 0x7F) > WALK_TRACKS) {
		problem(w, "a block of no track", at);
		return;
	}
	w->blocks = more(w->blocks, w->block_count, sizeof(*w->blocks));
	struct walk_block *b = &w->blocks[w->block_count++];
	*b = (struct walk_block){
	        .time_ms = cluster->time_ms + (int16_t)number(w, at + 1, 2),
	        .len = len - 4,
	        .sum = walk_sum(w->bytes + at + 4, len - 4),
	        .track = (uint8_t)((w->bytes[at] & 0x7F) - 1),
	        .key = w->bytes[at + 3] == 0x80,
	};
	if (b->time_ms < w->last_ms[b->track])
		problem(w, "a track's time goes back", at);
	w->last_ms[b->track] = b->time_ms;
	cluster->block_count++;
}

static void read_cluster(struct walk *w, size_t offset, size_t at, size_t end)
{
	struct cursor c = {at, end};
	uint32_t id;
	uint64_t size;

	w->clusters = more(w->clusters, w->cluster_count, sizeof(*w->clusters));
	struct walk_cluster *cluster = &w->clusters[w->cluster_count++];
	*cluster = (struct walk_cluster
	){.offset = offset, .len = end - offset, .first_block = w->block_count, .time_ms = -1};
	while (element(w, &c, &id, &size)) {
		if (size > c.end - c.at)
			break;
		if (id == 0xE7 && cluster->time_ms < 0)
			cluster->time_ms = (int64_t)number(w, c.at, size);
		else if (id == 0xA3 && cluster->time_ms >= 0)
			read_block(w, cluster, c.at, size);
		else
			problem(w, "a strange element in a cluster", c.at);
		c.at += size;
	}
	if (c.at != end || cluster->block_count == 0)
		problem(w, "a cluster that does not add up", offset);
	if (w->cluster_count > 1 && cluster->time_ms < cluster[-1].time_ms)
		problem(w, "the time of clusters goes back", offset);
}

static void read_cue_point(struct walk *w, size_t at)
{
	static const uint8_t like[18] = {0xB3, 0x84, 0,    0, 0,    0,   0xB7,
	                                 0x8A, 0xF7, 0x81, 0, 0xF1, 0x85};
	uint8_t found[18];

	memcpy(found, w->bytes + at, sizeof(found));
	memset(found + 2, 0, 4);
	memset(found + 10, 0, 1);
	memset(found + 13, 0, 5);
	if (memcmp(found, like, sizeof(like)) != 0)
		problem(w, "a strange CuePoint", at);
	w->cues = more(w->cues, w->cue_count, sizeof(*w->cues));
	w->cues[w->cue_count++] = (struct walk_cue){
	        .time_ms = (int64_t)number(w, at + 2, 4),
	        .track = (uint8_t)(w->bytes[at + 10] - 1),
	        .offset = number(w, at + 13, 5) + 0x30,
	};
}

static void read_cues(struct walk *w, size_t at, size_t end)
{
	struct cursor c = {at, end};
	uint32_t id;
	uint64_t size;

	while (element(w, &c, &id, &size) && size <= c.end - c.at) {
		if (id == 0xBB && size == 18)
			read_cue_point(w, c.at);
		else if (id != 0xEC)
			problem(w, "a strange element in the Cues", c.at);
		c.at += size;
	}
	if (c.at != end)
		problem(w, "Cues that do not add up", at);
}

static void read_info(struct walk *w, size_t at, size_t end)
{
	struct cursor c = {at, end};
	uint32_t id;
	uint64_t size;

	while (element(w, &c, &id, &size) && size <= c.end - c.at) {
		if (id == 0x4489 && size == 8) {
			uint64_t bits = number(w, c.at, 8);
			memcpy(&w->duration, &bits, sizeof(bits));
		}
		c.at += size;
	}
	if (c.at != end)
		problem(w, "an Info that does not add up", at);
}

static void read_segment(struct walk *w, size_t at)
{
	struct cursor c = {at, w->size};
	uint32_t id;
	uint64_t size;

	while (c.at < c.end) {
		size_t offset = c.at;
		if (!element(w, &c, &id, &size) || size > c.end - c.at) {
			w->torn = true;
			if (w->size - offset >= 4 && number(w, offset, 4) != 0x1F43B675)
				problem(w, "the end is no cluster", offset);
			return;
		}
		if (id == 0x1F43B675)
			read_cluster(w, offset, c.at, c.at + size);
		else if (id == 0x1C53BB6B)
			read_cues(w, c.at, c.at + size);
		else if (id == 0x1549A966)
			read_info(w, c.at, c.at + size);
		else if (id != 0x114D9B74 && id != 0x1654AE6B && id != 0xEC)
			problem(w, "a strange element in the Segment", offset);
		c.at += size;
	}
}

static void load(struct walk *w, const char *path)
{
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	w->size = (size_t)ftell(f);
	rewind(f);
	w->bytes = malloc(w->size + 1);
	assert_non_null(w->bytes);
	assert_int_equal(fread(w->bytes, 1, w->size, f), w->size);
	fclose(f);
}

struct walk *walk_file(const char *path)
{
	struct walk *w = calloc(1, sizeof(*w));
	uint32_t id;
	uint64_t size;

	assert_non_null(w);
	for (int i = 0; i < WALK_TRACKS; i++)
		w->last_ms[i] = -1;
	load(w, path);
	struct cursor c = {0, w->size};
	if (!element(w, &c, &id, &size) || id != 0x1A45DFA3 || size > c.end - c.at) {
		problem(w, "no EBML head", 0);
		return w;
	}
	c.at += size;
	if (!element(w, &c, &id, &size) || id != 0x18538067 || size != UINT64_MAX)
		problem(w, "no Segment of unknown size", c.at);
	else
		read_segment(w, c.at);
	return w;
}

void walk_free(struct walk *w)
{
	free(w->blocks);
	free(w->clusters);
	free(w->cues);
	free(w->bytes);
	free(w);
}

static const struct walk_cluster *cluster_at(const struct walk *w, uint64_t offset)
{
	for (size_t i = 0; i < w->cluster_count; i++) {
		if (w->clusters[i].offset == offset)
			return &w->clusters[i];
	}
	return NULL;
}

void walk_assert_whole(const struct walk *w, bool torn)
{
	assert_string_equal(w->problem, "");
	assert_true(torn || !w->torn);
	assert_true(w->cluster_count > 0 && w->cue_count > 0);
	for (size_t i = 0; i < w->cue_count; i++) {
		const struct walk_cluster *c = cluster_at(w, w->cues[i].offset);
		assert_non_null(c);
		const struct walk_block *b = &w->blocks[c->first_block];
		assert_true(i == 0 || b->key);
		assert_int_equal(b->track, w->cues[i].track);
		assert_int_equal(b->time_ms, w->cues[i].time_ms);
	}
}
