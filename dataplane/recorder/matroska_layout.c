#include "recorder/matroska_layout.h"

#include "recorder/av1.h"
#include "recorder/ebml.h"
#include "recorder/h264.h"
#include "recorder/matroska_ids.h"

#include "am_reader.h"

#include <assert.h>
#include <errno.h>

#define APP "Amphi"

#define SCALE_NS          1000000 // of a timestamp: milliseconds
#define OPUS_RATE         48000
#define OPUS_PRE_ROLL_NS  80000000 // RFC 7845 4.6
#define CONFIG_LEN_MAX    1024 // of a codec's private data
#define TRACK_TYPE_VIDEO  1
#define TRACK_TYPE_AUDIO  2
#define SEEK_POSITION_LEN 4

static_assert(MATROSKA_FILLER_LEN + MATROSKA_SECTOR_SLOTS * MATROSKA_SLOT_LEN == MATROSKA_SECTOR);
static_assert(
        MATROSKA_DURATION_AT / MATROSKA_SECTOR == (MATROSKA_DURATION_AT + 7) / MATROSKA_SECTOR
);

// WebM has no H.264.
static bool is_webm(const struct matroska_track *tracks, uint8_t count)
{
	for (uint8_t i = 0; i < count; i++) {
		if (tracks[i].codec == CODEC_H264)
			return false;
	}
	return true;
}

static void put_ebml_head(struct ebml *e, bool webm)
{
	size_t mark = ebml_begin(e, EBML_HEAD, 1);
	ebml_uint(e, EBML_VERSION, 1, 0);
	ebml_uint(e, EBML_READ_VERSION, 1, 0);
	// The default, left out where the longer name needs its place: the Segment's is fixed.
	if (webm)
		ebml_uint(e, EBML_MAX_ID_LENGTH, 4, 0);
	ebml_uint(e, EBML_MAX_SIZE_LENGTH, 8, 0);
	ebml_text(e, EBML_DOC_TYPE, webm ? "webm" : "matroska");
	ebml_uint(e, EBML_DOC_TYPE_VERSION, 4, 0);
	ebml_uint(e, EBML_DOC_TYPE_READ_VERSION, 2, 0);
	ebml_end(e, mark, 1);
	assert(e->len == MATROSKA_SEGMENT_AT);
}

// Returns where the position is to be filled in.
static size_t put_seek(struct ebml *e, uint32_t id)
{
	size_t mark = ebml_begin(e, MATROSKA_SEEK, 1);
	ebml_uint(e, MATROSKA_SEEK_ID, id, 4);
	ebml_uint(e, MATROSKA_SEEK_POSITION, 0, SEEK_POSITION_LEN);
	ebml_end(e, mark, 1);
	return e->len - SEEK_POSITION_LEN;
}

static void fill_seek(struct ebml *e, size_t at, size_t offset)
{
	am_put_u32(e->bytes + at, (uint32_t)(offset - MATROSKA_SEGMENT_DATA));
}

static void put_info(struct ebml *e)
{
	size_t mark = ebml_begin(e, MATROSKA_INFO, 2);
	ebml_uint(e, MATROSKA_TIMESTAMP_SCALE, SCALE_NS, 0);
	ebml_float(e, MATROSKA_DURATION, 0);
	assert(e->len == MATROSKA_DURATION_AT + 8);
	ebml_text(e, MATROSKA_MUXING_APP, APP);
	ebml_text(e, MATROSKA_WRITING_APP, APP);
	ebml_end(e, mark, 2);
}

// RFC 7845 5.1, whose numbers are little-endian.
static size_t put_opus_head(uint8_t to[19], const struct matroska_track *t)
{
	static const uint8_t head[19] = {'O', 'p', 'u', 's', 'H', 'e', 'a', 'd', 1};

	memcpy(to, head, sizeof(head));
	to[9] = t->channels;
	to[10] = (uint8_t)t->pre_skip;
	to[11] = (uint8_t)(t->pre_skip >> 8);
	to[12] = OPUS_RATE & 0xFF;
	to[13] = OPUS_RATE >> 8 & 0xFF;
	return sizeof(head);
}

static ssize_t make_config(uint8_t *to, size_t size, const struct matroska_track *t)
{
	switch (t->codec) {
	case CODEC_OPUS: return (ssize_t)put_opus_head(to, t);
	case CODEC_H264: return h264_config(to, size, t->key, t->key_len);
	case CODEC_AV1: return av1_config(to, size, t->key, t->key_len);
	default: return 0;
	}
}

static const char *codec_id(enum codec codec)
{
	switch (codec) {
	case CODEC_OPUS: return "A_OPUS";
	case CODEC_VP8: return "V_VP8";
	case CODEC_VP9: return "V_VP9";
	case CODEC_H264: return "V_MPEG4/ISO/AVC";
	case CODEC_AV1: return "V_AV1";
	}
	return "";
}

static void put_sound(struct ebml *e, const struct matroska_track *t)
{
	ebml_uint(e, MATROSKA_CODEC_DELAY, t->pre_skip * 1000000000ull / OPUS_RATE, 0);
	ebml_uint(e, MATROSKA_SEEK_PRE_ROLL, OPUS_PRE_ROLL_NS, 0);
	size_t mark = ebml_begin(e, MATROSKA_AUDIO, 1);
	ebml_float(e, MATROSKA_SAMPLING_FREQUENCY, OPUS_RATE);
	ebml_uint(e, MATROSKA_CHANNELS, t->channels, 0);
	ebml_end(e, mark, 1);
}

static void put_picture(struct ebml *e, const struct matroska_track *t)
{
	size_t mark = ebml_begin(e, MATROSKA_VIDEO, 1);
	ebml_uint(e, MATROSKA_PIXEL_WIDTH, t->width, 0);
	ebml_uint(e, MATROSKA_PIXEL_HEIGHT, t->height, 0);
	ebml_end(e, mark, 1);
}

static void put_track(struct ebml *e, const struct matroska_track *t, uint8_t number)
{
	bool sound = t->codec == CODEC_OPUS;
	uint8_t config[CONFIG_LEN_MAX];
	ssize_t config_len = make_config(config, sizeof(config), t);
	if (config_len < 0) {
		e->failed = true;
		return;
	}

	size_t mark = ebml_begin(e, MATROSKA_TRACK_ENTRY, 2);
	ebml_uint(e, MATROSKA_TRACK_NUMBER, number, 0);
	ebml_uint(e, MATROSKA_TRACK_UID, number, 0);
	ebml_uint(e, MATROSKA_TRACK_TYPE, sound ? TRACK_TYPE_AUDIO : TRACK_TYPE_VIDEO, 0);
	ebml_uint(e, MATROSKA_FLAG_LACING, 0, 0);
	ebml_text(e, MATROSKA_LANGUAGE, "und");
	ebml_text(e, MATROSKA_CODEC_ID, codec_id(t->codec));
	if (config_len > 0)
		ebml_binary(e, MATROSKA_CODEC_PRIVATE, config, (size_t)config_len);
	if (sound)
		put_sound(e, t);
	else
		put_picture(e, t);
	ebml_end(e, mark, 2);
}

static void put_cues(struct ebml *e)
{
	static const uint8_t filler[MATROSKA_FILLER_LEN] = {EBML_VOID, 0x80 | 10};
	uint8_t slot[MATROSKA_SLOT_LEN];

	matroska_slot_clear(slot);
	ebml_id(e, MATROSKA_CUES);
	ebml_size(e, MATROSKA_CUES_LEN - MATROSKA_FILLER_LEN, 8);
	for (uint32_t i = 0; i < MATROSKA_SLOTS; i++) {
		if (i > 0 && i % MATROSKA_SECTOR_SLOTS == 0)
			ebml_bytes(e, filler, sizeof(filler));
		assert(e->failed || e->len == matroska_slot_at((uint16_t)i));
		ebml_bytes(e, slot, sizeof(slot));
	}
}

int matroska_head(
        uint8_t head[MATROSKA_CLUSTERS_AT], const struct matroska_track *tracks, uint8_t count
)
{
	struct ebml e = {.bytes = head, .size = MATROSKA_CLUSTERS_AT};

	put_ebml_head(&e, is_webm(tracks, count));
	ebml_id(&e, MATROSKA_SEGMENT);
	ebml_size(&e, (1ull << 56) - 1, 8); // unknown
	size_t mark = ebml_begin(&e, MATROSKA_SEEK_HEAD, 1);
	size_t info = put_seek(&e, MATROSKA_INFO);
	size_t tracks_seek = put_seek(&e, MATROSKA_TRACKS);
	size_t cues = put_seek(&e, MATROSKA_CUES);
	ebml_end(&e, mark, 1);
	fill_seek(&e, info, e.len);
	put_info(&e);

	fill_seek(&e, tracks_seek, e.len);
	mark = ebml_begin(&e, MATROSKA_TRACKS, 2);
	for (uint8_t i = 0; i < count; i++)
		put_track(&e, &tracks[i], i + 1);
	ebml_end(&e, mark, 2);
	ebml_void_until(&e, MATROSKA_CUES_AT);
	fill_seek(&e, cues, MATROSKA_CUES_AT);
	put_cues(&e);
	return e.failed ? -EBADMSG : 0;
}

// --- slots ---

// The bytes of a CuePoint that are the same in all of them.
static const uint8_t cue_point[MATROSKA_SLOT_LEN] = {
        MATROSKA_CUE_POINT,
        0x80 | 18,
        MATROSKA_CUE_TIME,
        0x80 | 4,
        0,
        0,
        0,
        0,
        MATROSKA_CUE_TRACK_POSITIONS,
        0x80 | 10,
        MATROSKA_CUE_TRACK,
        0x80 | 1,
        0,
        MATROSKA_CUE_CLUSTER_POSITION,
        0x80 | 5,
        0,
        0,
        0,
        0,
        0,
};

#define SLOT_TIME     4
#define SLOT_TRACK    12
#define SLOT_POSITION 15

size_t matroska_slot_at(uint16_t slot)
{
	size_t sector = slot / MATROSKA_SECTOR_SLOTS, place = slot % MATROSKA_SECTOR_SLOTS;
	return MATROSKA_CUES_AT + sector * MATROSKA_SECTOR + MATROSKA_FILLER_LEN +
	       place * MATROSKA_SLOT_LEN;
}

void matroska_slot_put(uint8_t to[MATROSKA_SLOT_LEN], const struct matroska_cue *cue)
{
	uint64_t position = cue->offset - MATROSKA_SEGMENT_DATA;

	memcpy(to, cue_point, sizeof(cue_point));
	am_put_u32(to + SLOT_TIME, cue->time_ms);
	to[SLOT_TRACK] = cue->track;
	to[SLOT_POSITION] = (uint8_t)(position >> 32);
	am_put_u32(to + SLOT_POSITION + 1, (uint32_t)position);
}

void matroska_slot_clear(uint8_t to[MATROSKA_SLOT_LEN])
{
	memset(to, 0, MATROSKA_SLOT_LEN);
	to[0] = EBML_VOID;
	to[1] = 0x80 | (MATROSKA_SLOT_LEN - 2);
}

int matroska_slot_get(const uint8_t from[MATROSKA_SLOT_LEN], struct matroska_cue *cue)
{
	struct am_reader time = am_reader_init(from + SLOT_TIME, 4);
	struct am_reader position = am_reader_init(from + SLOT_POSITION, 5);
	uint8_t again[MATROSKA_SLOT_LEN];

	matroska_slot_clear(again);
	if (memcmp(from, again, sizeof(again)) == 0)
		return 0;
	cue->time_ms = am_read_u32(&time);
	cue->track = from[SLOT_TRACK];
	cue->offset = (uint64_t)am_read_u8(&position) << 32;
	cue->offset = (cue->offset | am_read_u32(&position)) + MATROSKA_SEGMENT_DATA;
	matroska_slot_put(again, cue);
	return memcmp(from, again, sizeof(again)) == 0 ? 1 : -EBADMSG;
}
