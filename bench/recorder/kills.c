// kill -9 at random moments of one recording. What lies on disk then is compared with the time that
// has passed; at the end, each frame of each track must be there.
#include "recorder_bench.h"

#include "test.h"
#include "walk.h"

#include <signal.h>
#include <sys/random.h>
#include <unistd.h>

#define TALKERS      10
#define RECORDING    1
#define PHASE_MS     1204
#define FIRST_US     1000000 // before the first kill
#define LIFE_US_MIN  200000 // of each recorder
#define LIFE_US_MAX  3500000
#define LAST_US      2000000 // after the last kill
#define AHEAD        600 // frames among which a block is sought; the clip has as many of sound
#define SOUND_STEP   20 // ms
#define PICTURE_STEP 40

static int64_t life_us(void)
{
	uint32_t random = 0;

	assert_int_equal(getrandom(&random, sizeof(random), 0), sizeof(random));
	return LIFE_US_MIN + random % (LIFE_US_MAX - LIFE_US_MIN);
}

static void begin(struct studio *s, int64_t since_us)
{
	studio_start(s);
	studio_connect(s);
	studio_set(s, RECORDING, AM_RECORD_RUN, true, since_us);
	for (int i = 0; i < s->talker_count; i++)
		studio_tracks(s, RECORDING, &s->talkers[i]);
	studio_leader(s, RECORDING, &s->talkers[0]);
	studio_sync(s);
}

// Whether a track of the file has pictures: of what the studio sends, those have tracks alone.
static int64_t step_of(const struct am_record_file *f, uint8_t track)
{
	bool picture = f->kind == AM_RECORD_PROGRAMME ? track == 0 : f->kind == AM_RECORD_CAMERA;
	return picture ? PICTURE_STEP : SOUND_STEP;
}

// What the file, as it lies, lacks of this time of the recording, in ms: the track that ends first.
static int64_t lack_of(const struct studio *s, const struct am_record_file *f, int64_t elapsed_ms)
{
	int64_t end_ms = INT64_MAX;

	if (access(studio_path(s, f), F_OK) != 0)
		return elapsed_ms;
	struct walk *w = walk_file(studio_path(s, f));
	walk_assert_whole(w, true);
	for (uint8_t i = 0; i < WALK_TRACKS; i++) {
		int64_t track_ms = w->last_ms[i] + step_of(f, i);
		if (w->last_ms[i] >= 0 && track_ms < end_ms)
			end_ms = track_ms;
	}
	walk_free(w);
	return elapsed_ms - (int64_t)f->offset_ms - end_ms;
}

// Meanwhile, people go on talking.
static int64_t worst_lack(struct studio *s, int64_t killed_us)
{
	int64_t elapsed_ms = (killed_us - studio_state(s, RECORDING)->began_us) / 1000, worst = 0;

	assert_int_equal(s->file_count, 2 * TALKERS + 1);
	for (int i = 0; i < s->file_count; i++) {
		int64_t lack = lack_of(s, &s->files[i], elapsed_ms);
		worst = lack > worst ? lack : worst;
		studio_talk(s);
	}
	return worst;
}

// --- what is missing at the end ---

struct sums {
	uint64_t *of; // the film's frames of one track
	size_t count;
};

static struct sums sums_of(const struct film *film, uint8_t track)
{
	struct sums s = {.of = calloc(film->frame_count, sizeof(*s.of))};

	assert_non_null(s.of);
	for (size_t i = 0; i < film->frame_count; i++) {
		const struct film_frame *f = &film->frames[i];
		if (f->track == track)
			s.of[s.count++] = walk_sum(f->data, f->len);
	}
	return s;
}

// How many frames lie between the next one of the film and this block; -1: it is none of them.
static int64_t skipped(const struct sums *s, size_t next, uint64_t sum)
{
	for (size_t n = 0; n < s->count && n < AHEAD; n++) {
		if (s->of[(next + n) % s->count] == sum)
			return (int64_t)n;
	}
	return -1;
}

// Frames of the film that a track of the file has left out after its first one.
static int64_t
missing_frames(const struct walk *w, uint8_t track, const struct sums *s, const char *name)
{
	int64_t missing = 0;
	size_t next = 0;
	bool first = true;

	for (size_t i = 0; i < w->block_count; i++) {
		if (w->blocks[i].track != track)
			continue;
		int64_t n = skipped(s, next, w->blocks[i].sum);
		if (n < 0)
			continue; // what fills a gap
		if (!first && n > 0) {
			fprintf(stderr, "bench: %s lacks %lld frames before %lld ms\n", name,
			        (long long)n, (long long)w->blocks[i].time_ms);
			missing += n;
		}
		first = false;
		next = (next + (size_t)n + 1) % s->count;
	}
	assert_false(first);
	return missing;
}

// Sound that is encoded anew follows itself without gaps.
static int64_t missing_sound_ms(const struct walk *w, uint8_t track)
{
	int64_t missing_ms = 0, last_ms = -1;

	for (size_t i = 0; i < w->block_count; i++) {
		const struct walk_block *b = &w->blocks[i];
		if (b->track != track)
			continue;
		if (last_ms >= 0 && b->time_ms - last_ms > SOUND_STEP + 1)
			missing_ms += b->time_ms - last_ms - SOUND_STEP;
		last_ms = b->time_ms;
	}
	return missing_ms;
}

static int64_t
missing_of(const struct studio *s, const struct am_record_file *f, const struct sums sums[2])
{
	struct walk *w = walk_file(studio_path(s, f));
	int64_t missing_ms;

	walk_assert_whole(w, false);
	if (f->kind == AM_RECORD_VOICE)
		missing_ms = missing_frames(w, 0, &sums[1], f->name) * SOUND_STEP;
	else
		missing_ms = missing_frames(w, 0, &sums[0], f->name) * PICTURE_STEP;
	if (f->kind == AM_RECORD_PROGRAMME)
		missing_ms += missing_sound_ms(w, 1);
	walk_free(w);
	return missing_ms;
}

static int64_t worst_missing(const struct studio *s, const struct film *film)
{
	const struct sums sums[2] = {sums_of(film, 0), sums_of(film, 1)};
	int64_t worst = 0;

	for (int i = 0; i < s->file_count; i++) {
		int64_t missing_ms = missing_of(s, &s->files[i], sums);
		assert_true(s->files[i].complete);
		worst = missing_ms > worst ? missing_ms : worst;
	}
	free(sums[0].of);
	free(sums[1].of);
	return worst;
}

// --- the whole ---

void measure_kills(const struct recorder_bench *b)
{
	struct studio s;
	struct series lacks = {0};

	studio_open(&s, b->recorder, NULL, 1);
	int64_t since_us = studio_now_us();
	for (int i = 0; i < TALKERS; i++)
		studio_talker_at(&s, b->demo, i, i * PHASE_MS);
	begin(&s, since_us);
	studio_until(&s, RECORDING, AM_RECORD_RECORDING);
	studio_run(&s, studio_now_us() + FIRST_US);
	for (int i = 0; i < b->kills; i++) {
		studio_run(&s, studio_now_us() + life_us());
		int64_t killed_us = studio_now_us();
		studio_kill(&s, SIGKILL);
		series_add(&lacks, (double)worst_lack(&s, killed_us));
		begin(&s, since_us);
	}
	studio_run(&s, studio_now_us() + LAST_US);
	studio_set(&s, RECORDING, AM_RECORD_STOP, true, studio_now_us());
	studio_until(&s, RECORDING, AM_RECORD_STOPPED);

	char load[64];
	snprintf(load, sizeof(load), "%d kills", b->kills);
	double median = series_median(&lacks); // sorts
	struct figure f = {
	        .name = "lost_at_kill_ms_max",
	        .unit = "ms",
	        .load = load,
	        .value = lacks.values[lacks.count - 1],
	        .goal = 1000,
	};
	record_value(b->json, &f);
	f.goal = 0;
	f.name = "lost_at_kill_ms_median";
	f.value = median;
	record_value(b->json, &f);
	f.name = "lost_after_restart_ms";
	f.value = (double)worst_missing(&s, b->demo);
	record_value(b->json, &f);
	studio_close(&s);
}
