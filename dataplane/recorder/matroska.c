#include "recorder/matroska.h"

#include "recorder/disk.h"
#include "recorder/ebml.h"
#include "recorder/frame_time.h"
#include "recorder/h264.h"
#include "recorder/matroska_cues.h"
#include "recorder/matroska_ids.h"
#include "recorder/matroska_layout.h"
#include "recorder/matroska_scan.h"

#include "am_reader.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define NO_PICTURE       MATROSKA_TRACK_MAX
#define PATH_MAX_LEN     512
#define TIME_MS_MAX      UINT32_MAX
#define BLOCK_HEAD_MAX   9 // id, size, track, time, flags
#define CLUSTER_HEAD_LEN 14 // id, size, Timestamp
#define RELATIVE_MS_MAX  30000 // of a block to its cluster: 16 bits
#define BLOCK_KEY        0x80
#define SIZE_BYTES       4
#define SIZE_SHORT_MAX   0x3FFE // in two bytes
#define MARKS            128 // clusters that can be cut off again

struct frame {
	struct frame *next;
	int64_t time_ms;
	int64_t arrived_ms; // by the clock of matroska_flush; -1: it has not told
	size_t len;
	uint8_t track;
	bool key;
	uint8_t data[];
};

struct track {
	enum codec codec;
	int64_t last_ms; // of the last frame that came, -1: none
	int64_t resumed_ms; // frames up to here are in the file
	int64_t frame_ms; // what a picture lasts, until the next one tells
};

// What the file was like before a cluster.
struct mark {
	uint64_t end;
	int64_t end_ms, least_ms;
	int64_t first_ms; // of that cluster: its first frame
	int64_t cluster_ms;
	struct matroska_cues cues;
};

struct matroska {
	struct disk_file *file;
	struct track tracks[MATROSKA_TRACK_MAX];
	uint8_t count;
	uint8_t picture; // index, NO_PICTURE
	bool resumed;
	uint8_t *head; // until the first cluster is queued
	char *path; // the final one
	struct frame *first; // in order of time
	int64_t now_ms; // -1: unknown
	uint64_t end; // where the next cluster begins
	int64_t end_ms; // the Duration
	int64_t least_ms; // the same, if the last picture lasts a millisecond
	int64_t cluster_ms; // Timestamp of the last cluster
	struct matroska_cues cues;
	uint32_t mark_count; // so far
	struct mark marks[MARKS]; // number n at n % MARKS
};

// --- clusters ---

static bool wants_cue(const struct matroska *m, const struct frame *f)
{
	if (m->picture != NO_PICTURE && m->cues.used > 0 && (f->track != m->picture || !f->key))
		return false;
	return matroska_cues_due(&m->cues, f->time_ms);
}

// Up to where the next cluster reaches: a key frame that gets a CuePoint begins another one.
static int64_t cluster_reach(const struct matroska *m)
{
	int64_t reach = m->first->time_ms + MATROSKA_CLUSTER_MS;

	for (const struct frame *f = m->first->next; f != NULL && f->time_ms < reach; f = f->next) {
		if (f->track == m->picture && f->key && wants_cue(m, f) &&
		    f->time_ms > m->first->time_ms)
			return f->time_ms;
	}
	return reach;
}

static bool cluster_is_due(const struct matroska *m, int64_t reach)
{
	const struct frame *f = m->first;
	int64_t wait_ms = MATROSKA_CLUSTER_MS + (m->count > 1 ? MATROSKA_WAIT_MS : 0);
	bool reached = true;

	for (uint8_t i = 0; i < m->count; i++) {
		int64_t last_ms = m->tracks[i].last_ms;
		reached &= last_ms >= reach;
		if (last_ms >= reach + MATROSKA_APART_MS)
			return true;
	}
	return reached || (f->arrived_ms >= 0 && m->now_ms - f->arrived_ms >= wait_ms);
}

// The frame behind the last one of a cluster. *len: bytes that the cluster may take.
static struct frame *cluster_stop(const struct matroska *m, int64_t reach, size_t *len)
{
	struct frame *f = m->first;

	*len = CLUSTER_HEAD_LEN;
	do {
		*len += BLOCK_HEAD_MAX + f->len;
		f = f->next;
	} while (f != NULL && f->time_ms < reach &&
	         *len + BLOCK_HEAD_MAX + f->len <= MATROSKA_CLUSTER_MAX);
	return f;
}

static void put_block(struct ebml *e, const struct frame *f, int64_t cluster_ms)
{
	uint8_t head[4] = {0x80 | (f->track + 1), 0, 0, f->key ? BLOCK_KEY : 0};
	size_t len = sizeof(head) + f->len;

	am_put_u16(head + 1, (uint16_t)(int16_t)(f->time_ms - cluster_ms));
	ebml_id(e, MATROSKA_SIMPLE_BLOCK);
	ebml_size(e, len, len <= SIZE_SHORT_MAX ? 2 : SIZE_BYTES);
	ebml_bytes(e, head, sizeof(head));
	ebml_bytes(e, f->data, f->len);
}

// A cluster's time does not go back even if a frame comes late, unless it is too late for that.
static int64_t cluster_time(const struct matroska *m)
{
	int64_t first_ms = m->first->time_ms;
	bool late = first_ms < m->cluster_ms;
	return late && m->cluster_ms - first_ms <= RELATIVE_MS_MAX ? m->cluster_ms : first_ms;
}

static void
put_cluster(struct ebml *e, const struct frame *f, const struct frame *stop, int64_t cluster_ms)
{
	size_t mark = ebml_begin(e, MATROSKA_CLUSTER, SIZE_BYTES);
	ebml_uint(e, MATROSKA_TIMESTAMP, (uint64_t)cluster_ms, 4);
	for (; f != stop; f = f->next)
		put_block(e, f, cluster_ms);
	ebml_end(e, mark, SIZE_BYTES);
	assert(!e->failed);
}

// Where the file ends with these frames. picture_ms: what a picture lasts; 0: as it seems.
static int64_t reach_ms(
        const struct matroska *m, const struct frame *f, const struct frame *stop, int64_t end_ms,
        int64_t picture_ms
)
{
	for (; f != stop; f = f->next) {
		const struct track *t = &m->tracks[f->track];
		int64_t lasts_ms = picture_ms > 0 ? picture_ms : t->frame_ms;
		int64_t ms = frame_time_ms(t->codec, f->data, f->len, lasts_ms);
		if (f->time_ms + ms > end_ms)
			end_ms = f->time_ms + ms;
	}
	return end_ms;
}

// The head with the first CuePoint and the Duration, and the first cluster, whose bytes follow it.
static int queue_first(
        struct matroska *m, uint8_t *bytes, size_t cluster_len, const uint8_t *slot,
        const uint8_t *duration
)
{
	memcpy(bytes, m->head, MATROSKA_CLUSTERS_AT);
	memcpy(bytes + matroska_slot_at(0), slot, MATROSKA_SLOT_LEN);
	memcpy(bytes + MATROSKA_DURATION_AT, duration, 8);
	int ret = disk_write(m->file, 0, bytes, MATROSKA_CLUSTERS_AT + cluster_len);
	if (ret < 0)
		return ret;
	disk_rename(m->file, m->path, false);
	free(m->head);
	m->head = NULL;
	return 0;
}

// The order is the promise: a CuePoint or a Duration never speaks of what is not there.
static int queue_next(
        struct matroska *m, const uint8_t *cluster, size_t cluster_len, const uint8_t *slot,
        const uint8_t *duration
)
{
	struct disk_piece pieces[3] = {{m->end, cluster, cluster_len}};
	uint8_t count = 1;

	if (slot != NULL)
		pieces[count++] = (struct disk_piece
		){matroska_slot_at(m->cues.used), slot, MATROSKA_SLOT_LEN};
	pieces[count++] = (struct disk_piece){MATROSKA_DURATION_AT, duration, 8};
	return disk_write_pieces(m->file, pieces, count);
}

static void free_frames(struct matroska *m, const struct frame *stop)
{
	while (m->first != stop) {
		struct frame *f = m->first;
		m->first = f->next;
		free(f);
	}
}

static int write_cluster(struct matroska *m, int64_t reach)
{
	size_t len;
	struct frame *stop = cluster_stop(m, reach, &len);
	size_t head_len = m->head != NULL ? MATROSKA_CLUSTERS_AT : 0;
	uint8_t *bytes = malloc(head_len + len);
	if (bytes == NULL)
		return -ENOMEM;

	int64_t cluster_ms = cluster_time(m), end_ms = reach_ms(m, m->first, stop, m->end_ms, 0);
	int64_t least_ms = reach_ms(m, m->first, stop, m->least_ms, 1);
	struct ebml e = {.bytes = bytes + head_len, .size = len};
	put_cluster(&e, m->first, stop, cluster_ms);

	bool cue = wants_cue(m, m->first) && m->end <= MATROSKA_POSITION_MAX;
	bool key = m->picture == NO_PICTURE || (m->first->track == m->picture && m->first->key);
	int64_t cue_ms = m->first->time_ms;
	uint8_t slot[MATROSKA_SLOT_LEN], duration[8];
	matroska_slot_put(
	        slot, &(struct matroska_cue){(uint32_t)cue_ms, m->first->track + 1, m->end}
	);
	ebml_put_double(duration, (double)end_ms);
	int ret = m->head != NULL ? queue_first(m, bytes, e.len, slot, duration)
	                          : queue_next(m, e.bytes, e.len, cue ? slot : NULL, duration);
	free(bytes);
	if (ret < 0)
		return ret;

	m->marks[m->mark_count++ % MARKS] = (struct mark){
	        .end = m->end,
	        .end_ms = m->end_ms,
	        .least_ms = m->least_ms,
	        .first_ms = cue_ms,
	        .cluster_ms = m->cluster_ms,
	        .cues = m->cues,
	};
	if (cue)
		matroska_cues_add(&m->cues, cue_ms, key);
	m->end += e.len;
	m->end_ms = end_ms;
	m->least_ms = least_ms;
	m->cluster_ms = cluster_ms;
	free_frames(m, stop);
	return 0;
}

static int write_due(struct matroska *m, bool force)
{
	int ret = 0;

	while (m->first != NULL && ret == 0) {
		int64_t reach = cluster_reach(m);
		if (!force && !cluster_is_due(m, reach))
			break;
		ret = write_cluster(m, reach);
	}
	return ret;
}

// --- frames ---

// Behind all of its time; but a picture before sound, so that it begins a cluster.
static void insert(struct matroska *m, struct frame *f)
{
	struct frame **at = &m->first;

	while (*at != NULL && ((*at)->time_ms < f->time_ms ||
	                       ((*at)->time_ms == f->time_ms && f->track != m->picture)))
		at = &(*at)->next;
	f->next = *at;
	*at = f;
}

static struct frame *
frame_create(const struct matroska *m, uint8_t track, const uint8_t *data, size_t len)
{
	bool h264 = m->tracks[track].codec == CODEC_H264;
	size_t size = h264 ? h264_sample_len(data, len) : len;
	if (size == 0 || size > MATROSKA_FRAME_MAX) {
		errno = EINVAL;
		return NULL;
	}
	struct frame *f = malloc(sizeof(*f) + size);
	if (f == NULL)
		return NULL;
	if (h264)
		h264_sample(f->data, data, len);
	else
		memcpy(f->data, data, len);
	f->len = size;
	f->track = track;
	f->arrived_ms = m->now_ms;
	return f;
}

int matroska_frame(
        struct matroska *m, uint8_t track, int64_t time_ms, const uint8_t *data, size_t len,
        bool key
)
{
	if (track >= m->count || time_ms < 0 || time_ms > TIME_MS_MAX)
		return -EINVAL;
	struct track *t = &m->tracks[track];
	if (time_ms <= t->resumed_ms)
		return 0;
	if (time_ms <= t->last_ms)
		time_ms = t->last_ms + 1;
	struct frame *f = frame_create(m, track, data, len);
	if (f == NULL)
		return -errno;

	// What was there first is written first: while the queue is full, nothing is added.
	int64_t before_ms = t->last_ms;
	t->last_ms = time_ms;
	int ret = write_due(m, false);
	if (ret < 0) {
		t->last_ms = before_ms;
		free(f);
		return ret;
	}
	if (before_ms >= 0)
		t->frame_ms = frame_time_picture_ms(time_ms - before_ms);
	f->time_ms = time_ms;
	f->key = key || m->tracks[track].codec == CODEC_OPUS;
	insert(m, f);
	return 0;
}

int matroska_flush(struct matroska *m, int64_t now_ms, bool force)
{
	m->now_ms = now_ms;
	for (struct frame *f = m->first; f != NULL; f = f->next) {
		if (f->arrived_ms < 0)
			f->arrived_ms = now_ms;
	}
	int ret = disk_error(m->file);
	return ret < 0 ? ret : write_due(m, force);
}

// --- files ---

static uint8_t find_picture(const struct matroska *m)
{
	for (uint8_t i = 0; i < m->count; i++) {
		if (m->tracks[i].codec != CODEC_OPUS)
			return i;
	}
	return NO_PICTURE;
}

static void matroska_free(struct matroska *m)
{
	free_frames(m, NULL);
	free(m->head);
	free(m->path);
	free(m);
}

static struct matroska *matroska_new(const char *path, uint8_t count)
{
	struct matroska *m = calloc(1, sizeof(*m));
	if (m == NULL)
		return NULL;
	m->path = strdup(path);
	if (m->path == NULL) {
		free(m);
		return NULL;
	}
	m->count = count;
	m->now_ms = -1;
	for (uint8_t i = 0; i < count; i++)
		m->tracks[i] = (struct track
		){.last_ms = -1, .resumed_ms = -1, .frame_ms = FRAME_TIME_PICTURE_MS};
	return m;
}

static bool are_valid(const struct matroska_track *tracks, uint8_t count)
{
	if (count == 0 || count > MATROSKA_TRACK_MAX)
		return false;
	for (uint8_t i = 0; i < count; i++) {
		const struct matroska_track *t = &tracks[i];
		if (t->codec == CODEC_OPUS ? t->channels == 0 || t->channels > 2
		                           : t->width == 0 || t->height == 0)
			return false;
	}
	return true;
}

struct matroska *matroska_create(
        struct disk *d, const char *path, const struct matroska_track *tracks, uint8_t count
)
{
	char temporary[PATH_MAX_LEN];
	int n = snprintf(temporary, sizeof(temporary), "%s" MATROSKA_TEMPORARY_NAME, path);

	if (!are_valid(tracks, count) || n >= (int)sizeof(temporary)) {
		errno = EINVAL;
		return NULL;
	}
	struct matroska *m = matroska_new(path, count);
	if (m == NULL)
		return NULL;
	for (uint8_t i = 0; i < count; i++)
		m->tracks[i].codec = tracks[i].codec;
	m->picture = find_picture(m);
	m->end = MATROSKA_CLUSTERS_AT;
	m->head = malloc(MATROSKA_CLUSTERS_AT);
	int ret = m->head == NULL ? -ENOMEM : matroska_head(m->head, tracks, count);
	if (ret == 0) {
		m->file = disk_begin(d, temporary);
		ret = m->file == NULL ? -errno : 0;
	}
	if (ret < 0) {
		matroska_free(m);
		errno = -ret;
		return NULL;
	}
	return m;
}

static ssize_t read_file(void *file, uint64_t offset, void *bytes, size_t len)
{
	return disk_read(file, offset, bytes, len);
}

// What the scan says of the file is made true.
static int mend(struct matroska *m, const struct matroska_scan *s)
{
	uint8_t duration[8];
	struct disk_piece pieces[2];
	uint8_t count = 0;

	int ret = disk_truncate(m->file, s->end);
	if (ret < 0)
		return ret;
	if (s->cues_changed)
		pieces[count++] = (struct disk_piece){MATROSKA_CUES_AT, s->cues, MATROSKA_CUES_LEN};
	ebml_put_double(duration, (double)s->end_ms);
	pieces[count++] = (struct disk_piece){MATROSKA_DURATION_AT, duration, sizeof(duration)};
	return disk_write_pieces(m->file, pieces, count);
}

static struct matroska *go_on(struct disk_file *file, const char *path, struct matroska_scan *s)
{
	struct matroska_source source = {file, read_file, disk_size(file)};
	int ret = matroska_scan(&source, s);
	if (ret < 0) {
		errno = -ret;
		return NULL;
	}
	struct matroska *m = matroska_new(path, s->count);
	if (m == NULL)
		return NULL;
	for (uint8_t i = 0; i < s->count; i++) {
		m->tracks[i].codec = s->codecs[i];
		m->tracks[i].last_ms = m->tracks[i].resumed_ms = s->last_ms[i];
	}
	m->picture = find_picture(m);
	m->file = file;
	m->resumed = s->end > MATROSKA_CLUSTERS_AT;
	m->end = s->end;
	m->end_ms = m->least_ms = s->end_ms;
	m->cluster_ms = s->cluster_ms;
	m->cues = (struct matroska_cues){.used = s->slots, .last_ms = s->cue_ms};
	ret = mend(m, s);
	if (ret < 0) {
		matroska_free(m);
		errno = -ret;
		return NULL;
	}
	return m;
}

struct matroska *
matroska_resume(struct disk *d, const char *path, int64_t last_ms[MATROSKA_TRACK_MAX])
{
	struct disk_file *file = disk_open_existing(d, path);
	if (file == NULL)
		return NULL;
	struct matroska_scan *s = malloc(sizeof(*s));
	struct matroska *m = s != NULL ? go_on(file, path, s) : NULL;
	int error = errno;

	for (uint8_t i = 0; i < MATROSKA_TRACK_MAX; i++)
		last_ms[i] = m != NULL && i < s->count ? s->last_ms[i] : -1;
	free(s);
	if (m == NULL)
		disk_close(file);
	errno = error;
	return m;
}

// --- cutting ---

static void cut_frames(struct matroska *m, int64_t time_ms)
{
	struct frame **at = &m->first;

	while (*at != NULL && (*at)->time_ms < time_ms)
		at = &(*at)->next;
	while (*at != NULL) {
		struct frame *f = *at;
		*at = f->next;
		free(f);
	}
}

// What comes late goes behind what is left.
static void cut_times(struct matroska *m, int64_t time_ms)
{
	int64_t last_ms = m->end_ms > time_ms ? m->end_ms : time_ms;

	for (uint8_t i = 0; i < m->count; i++) {
		if (m->tracks[i].last_ms > last_ms)
			m->tracks[i].last_ms = last_ms;
	}
}

// What is known of the file before the earliest cluster that begins then or later; NULL: none does.
static const struct mark *mark_find(const struct matroska *m, int64_t time_ms)
{
	const struct mark *found = NULL;
	uint32_t most = m->mark_count < MARKS ? m->mark_count : MARKS;

	for (uint32_t i = 1; i <= most; i++) {
		const struct mark *mark = &m->marks[(m->mark_count - i) % MARKS];
		if (mark->first_ms < time_ms || mark->end == MATROSKA_CLUSTERS_AT)
			break;
		found = mark;
	}
	return found;
}

// In the order of the promise: nothing speaks any more of what is cut off then.
static int cut_clusters(struct matroska *m, const struct mark *to)
{
	uint8_t slot[MATROSKA_SLOT_LEN], duration[8];

	matroska_slot_clear(slot);
	for (uint16_t i = m->cues.used; i > to->cues.used; i--) {
		int ret = disk_write(m->file, matroska_slot_at(i - 1), slot, sizeof(slot));
		if (ret < 0)
			return ret;
	}
	ebml_put_double(duration, (double)to->end_ms);
	int ret = disk_write(m->file, MATROSKA_DURATION_AT, duration, sizeof(duration));
	if (ret == 0)
		ret = disk_cut(m->file, to->end);
	if (ret < 0)
		return ret;
	m->end = to->end;
	m->end_ms = to->end_ms;
	m->least_ms = to->least_ms;
	m->cluster_ms = to->cluster_ms;
	m->cues = to->cues;
	return 0;
}

int matroska_cut(struct matroska *m, int64_t time_ms)
{
	int ret = disk_error(m->file);
	if (ret < 0)
		return ret;
	cut_frames(m, time_ms);
	const struct mark *to = mark_find(m, time_ms);
	if (to != NULL)
		ret = cut_clusters(m, to);
	if (to != NULL && ret == 0)
		m->mark_count = 0; // what comes now may stay
	cut_times(m, time_ms);
	return ret;
}

void matroska_sync(struct matroska *m)
{
	disk_sync(m->file);
}

int64_t matroska_length_ms(const struct matroska *m, int64_t duration_ms)
{
	if (duration_ms == 0)
		return m->end_ms;
	return duration_ms > m->least_ms ? duration_ms : m->least_ms;
}

void matroska_close(struct matroska *m, int64_t duration_ms)
{
	uint8_t duration[8];

	// What fails here is in the disk's log and was told before.
	(void)!write_due(m, true);
	if (m->head != NULL) {
		disk_discard(m->file);
		matroska_free(m);
		return;
	}
	duration_ms = matroska_length_ms(m, duration_ms);
	if (duration_ms != m->end_ms) {
		ebml_put_double(duration, (double)duration_ms);
		(void)!disk_write(m->file, MATROSKA_DURATION_AT, duration, sizeof(duration));
	}
	disk_close(m->file);
	matroska_free(m);
}

uint64_t matroska_bytes(const struct matroska *m)
{
	return m->head != NULL ? 0 : m->end;
}

int64_t matroska_duration_ms(const struct matroska *m)
{
	return m->end_ms;
}

bool matroska_is_on_disk(const struct matroska *m)
{
	return m->resumed || disk_is_renamed(m->file);
}

int matroska_error(const struct matroska *m)
{
	return disk_error(m->file);
}
