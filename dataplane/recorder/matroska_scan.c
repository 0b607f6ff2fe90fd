#include "recorder/matroska_scan.h"

#include "recorder/ebml.h"
#include "recorder/frame_time.h"
#include "recorder/matroska_ids.h"

#include "am_reader.h"

#include <errno.h>
#include <stdlib.h>

#define CLUSTER_HEAD_LEN 8 // id and size
#define CLUSTER_LEN_MAX  (MATROSKA_CLUSTER_MAX + MATROSKA_FRAME_MAX)
#define BLOCK_HEAD_LEN   4
#define BACK_MAX         16 // CuePoints, in search of a track's last frame

struct cluster {
	size_t len; // in the file
	int64_t time_ms;
	int64_t first_ms; // its first block
	uint8_t first_track; // from 1
	int64_t last_ms[MATROSKA_TRACK_MAX]; // -1: no block
	int64_t end_ms;
};

struct walk {
	const struct matroska_source *source;
	struct matroska_scan *scan;
	uint8_t *bytes; // of a cluster
	size_t size;
	int64_t picture_ms[MATROSKA_TRACK_MAX];
};

static int read_exact(const struct matroska_source *s, uint64_t offset, void *bytes, size_t len)
{
	if (offset > s->size || len > s->size - offset)
		return -EBADMSG;
	ssize_t n = s->read(s->owner, offset, bytes, len);
	if (n < 0)
		return (int)n;
	return (size_t)n == len ? 0 : -EBADMSG;
}

// --- the head ---

static int codec_of(const struct ebml_element *e)
{
	static const struct {
		const char *id;
		enum codec codec;
	} known[] = {
	        {"A_OPUS", CODEC_OPUS},          {"V_VP8", CODEC_VP8}, {"V_VP9", CODEC_VP9},
	        {"V_MPEG4/ISO/AVC", CODEC_H264}, {"V_AV1", CODEC_AV1},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (e->len == strlen(known[i].id) && memcmp(e->data, known[i].id, e->len) == 0)
			return (int)known[i].codec;
	}
	return -EBADMSG;
}

static int read_track(const struct ebml_element *entry, struct matroska_scan *s)
{
	struct am_reader r = am_reader_init(entry->data, entry->len);
	struct ebml_element e;
	int codec = -EBADMSG;
	int64_t number = -1;

	while (ebml_next(&r, &e)) {
		if (e.id == MATROSKA_TRACK_NUMBER)
			number = ebml_get_uint(&e);
		else if (e.id == MATROSKA_CODEC_ID)
			codec = codec_of(&e);
	}
	if (r.failed || codec < 0 || s->count == MATROSKA_TRACK_MAX || number != s->count + 1)
		return -EBADMSG;
	s->codecs[s->count++] = (enum codec)codec;
	return 0;
}

static int read_tracks(const struct ebml_element *tracks, struct matroska_scan *s)
{
	struct am_reader r = am_reader_init(tracks->data, tracks->len);
	struct ebml_element e;

	while (ebml_next(&r, &e)) {
		if (e.id == MATROSKA_TRACK_ENTRY && read_track(&e, s) < 0)
			return -EBADMSG;
	}
	return r.failed ? -EBADMSG : 0;
}

static int read_head(const struct matroska_source *source, struct matroska_scan *s)
{
	static const uint8_t ebml[] = {0x1A, 0x45, 0xDF, 0xA3};
	static const uint8_t segment[] = {0x18, 0x53, 0x80, 0x67, 0x01, 0xFF,
	                                  0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
	static const uint8_t duration[] = {0x44, 0x89, 0x88};
	uint8_t head[MATROSKA_CUES_AT];
	struct ebml_element e;

	int ret = read_exact(source, 0, head, sizeof(head));
	if (ret < 0)
		return ret;
	if (memcmp(head, ebml, sizeof(ebml)) != 0 ||
	    memcmp(head + MATROSKA_SEGMENT_AT, segment, sizeof(segment)) != 0 ||
	    memcmp(head + MATROSKA_DURATION_AT - sizeof(duration), duration, sizeof(duration)) != 0)
		return -EBADMSG;
	struct am_reader r =
	        am_reader_init(head + MATROSKA_SEGMENT_DATA, sizeof(head) - MATROSKA_SEGMENT_DATA);
	while (ebml_next(&r, &e)) {
		if (e.id == MATROSKA_TRACKS && read_tracks(&e, s) < 0)
			return -EBADMSG;
	}
	return r.failed || s->count == 0 ? -EBADMSG : 0;
}

// --- clusters ---

static int read_block(struct walk *w, const struct ebml_element *e, struct cluster *c, bool first)
{
	struct am_reader r = am_reader_init(e->data, e->len);
	uint8_t number = am_read_u8(&r) & 0x7F;
	int64_t time_ms = c->time_ms + (int16_t)am_read_u16(&r);
	am_read_u8(&r); // flags
	if (r.failed || number == 0 || number > w->scan->count || time_ms < 0)
		return -EBADMSG;

	uint8_t track = number - 1;
	int64_t *picture_ms = &w->picture_ms[track], *last_ms = &c->last_ms[track];
	int64_t before_ms = *last_ms >= 0 ? *last_ms : w->scan->last_ms[track];
	if (before_ms >= 0 && time_ms > before_ms)
		*picture_ms = frame_time_picture_ms(time_ms - before_ms);
	enum codec codec = w->scan->codecs[track];
	int64_t end_ms = time_ms + frame_time_ms(codec, r.next, am_reader_left(&r), *picture_ms);
	if (end_ms > c->end_ms)
		c->end_ms = end_ms;
	if (time_ms > *last_ms)
		*last_ms = time_ms;
	if (first) {
		c->first_ms = time_ms;
		c->first_track = number;
	}
	return 0;
}

static int read_blocks(struct walk *w, struct cluster *c)
{
	struct am_reader r = am_reader_init(w->bytes + CLUSTER_HEAD_LEN, c->len - CLUSTER_HEAD_LEN);
	struct ebml_element e;

	if (!ebml_next(&r, &e) || e.id != MATROSKA_TIMESTAMP)
		return -EBADMSG;
	c->time_ms = ebml_get_uint(&e);
	if (c->time_ms < 0 || c->time_ms > UINT32_MAX)
		return -EBADMSG;
	bool first = true;
	while (ebml_next(&r, &e)) {
		if (e.id != MATROSKA_SIMPLE_BLOCK || read_block(w, &e, c, first) < 0)
			return -EBADMSG;
		first = false;
	}
	return r.failed || first ? -EBADMSG : 0;
}

static int grow(struct walk *w, size_t len)
{
	if (len <= w->size)
		return 0;
	uint8_t *bytes = realloc(w->bytes, len);
	if (bytes == NULL)
		return -ENOMEM;
	w->bytes = bytes;
	w->size = len;
	return 0;
}

// The cluster at this place. 0, or -EBADMSG: there is no whole one.
static int read_cluster(struct walk *w, uint64_t offset, struct cluster *c)
{
	uint8_t head[CLUSTER_HEAD_LEN];
	int ret = read_exact(w->source, offset, head, sizeof(head));
	if (ret < 0)
		return ret;
	struct am_reader r = am_reader_init(head, sizeof(head));
	uint32_t id = am_read_u32(&r), size = am_read_u32(&r);
	if (id != MATROSKA_CLUSTER || size >> 28 != 1 || (size & 0x0FFFFFFF) > CLUSTER_LEN_MAX)
		return -EBADMSG;

	*c = (struct cluster){.len = CLUSTER_HEAD_LEN + (size & 0x0FFFFFFF), .last_ms = {-1, -1}};
	ret = grow(w, c->len);
	if (ret == 0)
		ret = read_exact(w->source, offset, w->bytes, c->len);
	return ret < 0 ? ret : read_blocks(w, c);
}

// --- the whole ---

// What a cluster adds to what is known of its tracks.
static void note(const struct walk *w, const struct cluster *c)
{
	struct matroska_scan *s = w->scan;

	for (uint8_t i = 0; i < s->count; i++) {
		if (c->last_ms[i] > s->last_ms[i])
			s->last_ms[i] = c->last_ms[i];
	}
	if (c->end_ms > s->end_ms)
		s->end_ms = c->end_ms;
}

// From here to the file's end. 0 or -errno of a read.
static int walk_to_end(struct walk *w, uint64_t offset)
{
	struct cluster c;
	int ret;

	w->scan->end = offset;
	while ((ret = read_cluster(w, w->scan->end, &c)) == 0) {
		note(w, &c);
		w->scan->cluster_ms = c.time_ms;
		w->scan->end += c.len;
	}
	return ret == -EBADMSG ? 0 : ret;
}

// Which tracks have no frame yet, and whether clusters from `from` to `to` have one.
static int walk_back(struct walk *w, uint64_t from, uint64_t to, int64_t found_ms[])
{
	struct cluster c;

	while (from < to) {
		int ret = read_cluster(w, from, &c);
		if (ret < 0)
			return ret;
		for (uint8_t i = 0; i < MATROSKA_TRACK_MAX; i++) {
			if (c.last_ms[i] > found_ms[i])
				found_ms[i] = c.last_ms[i];
		}
		from += c.len;
	}
	return 0;
}

static uint8_t *slot_of(struct matroska_scan *s, uint16_t slot)
{
	return s->cues + matroska_slot_at(slot) - MATROSKA_CUES_AT;
}

static void clear_slot(struct matroska_scan *s, uint16_t slot)
{
	matroska_slot_clear(slot_of(s, slot));
	s->cues_changed = true;
}

// Fillers and the element's head as they have to be.
static int check_sectors(struct matroska_scan *s)
{
	static const uint8_t begin[MATROSKA_FILLER_LEN] = {0x1C, 0x53, 0xBB, 0x6B, 0x01, 0,
	                                                   0,    0,    0,    0,    0xFF, 0xF4};
	static const uint8_t filler[MATROSKA_FILLER_LEN] = {EBML_VOID, 0x80 | 10};

	if (memcmp(s->cues, begin, sizeof(begin)) != 0)
		return -EBADMSG;
	for (size_t at = MATROSKA_SECTOR; at < MATROSKA_CUES_LEN; at += MATROSKA_SECTOR) {
		if (memcmp(s->cues + at, filler, sizeof(filler)) == 0)
			continue;
		memcpy(s->cues + at, filler, sizeof(filler));
		s->cues_changed = true;
	}
	return 0;
}

// Clears what cannot be a CuePoint of this file: they go forwards in time and place.
static int read_cues(const struct matroska_source *source, struct matroska_scan *s)
{
	struct matroska_cue cue, last = {.offset = 0};

	int ret = read_exact(source, MATROSKA_CUES_AT, s->cues, sizeof(s->cues));
	if (ret == 0)
		ret = check_sectors(s);
	if (ret < 0)
		return ret;
	for (uint32_t slot = 0; slot < MATROSKA_SLOTS; slot++) {
		uint16_t i = (uint16_t)slot;
		ret = matroska_slot_get(slot_of(s, i), &cue);
		if (ret == 0)
			continue;
		bool forwards = s->slots == 0
		                        ? cue.offset == MATROSKA_CLUSTERS_AT
		                        : cue.offset > last.offset && cue.time_ms > last.time_ms;
		if (ret < 0 || !forwards || cue.offset >= source->size || cue.track == 0 ||
		    cue.track > s->count) {
			clear_slot(s, i);
			continue;
		}
		last = cue;
		s->slots = i + 1;
	}
	return 0;
}

// The last CuePoint below this slot that points at a whole cluster; those that do not are cleared.
// Its slot; -ENOENT; or -errno of a read.
static int find_cue(struct walk *w, uint16_t below, struct matroska_cue *cue)
{
	struct cluster c;

	for (uint16_t i = below; i > 0; i--) {
		if (matroska_slot_get(slot_of(w->scan, i - 1), cue) != 1)
			continue;
		int ret = read_cluster(w, cue->offset, &c);
		if (ret < 0 && ret != -EBADMSG)
			return ret;
		if (ret == 0 && c.first_ms == cue->time_ms && c.first_track == cue->track)
			return i - 1;
		clear_slot(w->scan, i - 1);
	}
	return -ENOENT;
}

// Tracks without a frame behind the last CuePoint: further back.
static int find_last(struct walk *w, int slot, struct matroska_cue cue)
{
	struct matroska_scan *s = w->scan;
	int64_t found_ms[MATROSKA_TRACK_MAX] = {-1, -1};
	bool missing = false;

	for (uint8_t i = 0; i < s->count; i++)
		missing |= s->last_ms[i] < 0;
	for (uint8_t n = 0; missing && slot > 0 && n < BACK_MAX; n++) {
		uint64_t to = cue.offset;
		slot = find_cue(w, (uint16_t)slot, &cue);
		if (slot < 0)
			break;
		int ret = walk_back(w, cue.offset, to, found_ms);
		if (ret < 0 && ret != -EBADMSG)
			return ret;
		missing = false;
		for (uint8_t i = 0; i < s->count; i++)
			missing |= s->last_ms[i] < 0 && found_ms[i] < 0;
	}
	for (uint8_t i = 0; i < s->count; i++) {
		if (s->last_ms[i] < 0)
			s->last_ms[i] = found_ms[i];
		if (s->last_ms[i] < 0 && slot > 0) // not in what was looked at
			s->last_ms[i] = (int64_t)cue.time_ms - 1;
	}
	return 0;
}

// The file's first CuePoint, if none was left. Its slot; -ENOENT: there is no cluster.
static int restore_cue(struct walk *w, struct matroska_cue *cue)
{
	struct cluster c;

	int ret = read_cluster(w, MATROSKA_CLUSTERS_AT, &c);
	if (ret < 0)
		return ret == -EBADMSG ? -ENOENT : ret;
	*cue = (struct matroska_cue){(uint32_t)c.first_ms, c.first_track, MATROSKA_CLUSTERS_AT};
	matroska_slot_put(slot_of(w->scan, 0), cue);
	w->scan->cues_changed = true;
	return 0;
}

static int scan_clusters(struct walk *w)
{
	struct matroska_scan *s = w->scan;
	struct matroska_cue cue;

	int slot = find_cue(w, s->slots, &cue);
	if (slot == -ENOENT)
		slot = restore_cue(w, &cue);
	if (slot == -ENOENT) {
		s->slots = 0;
		s->end = MATROSKA_CLUSTERS_AT;
		return 0;
	}
	if (slot < 0)
		return slot;
	s->slots = (uint16_t)(slot + 1);
	s->cue_ms = cue.time_ms;
	int ret = walk_to_end(w, cue.offset);
	return ret < 0 ? ret : find_last(w, slot, cue);
}

int matroska_scan(const struct matroska_source *source, struct matroska_scan *s)
{
	struct walk w = {.source = source, .scan = s};

	memset(s, 0, sizeof(*s));
	for (uint8_t i = 0; i < MATROSKA_TRACK_MAX; i++) {
		s->last_ms[i] = -1;
		w.picture_ms[i] = FRAME_TIME_PICTURE_MS;
	}
	int ret = read_head(source, s);
	if (ret == 0)
		ret = read_cues(source, s);
	if (ret == 0)
		ret = scan_clusters(&w);
	free(w.bytes);
	return ret;
}
