// A writer that is killed at any moment leaves a file that plays and lacks a second at most; the
// next one goes on, and in the end no frame is missing.
#include "test.h"

#include "film.h"
#include "hostile.h"
#include "player.h"
#include "scratch.h"
#include "walk.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILLS       30
#define SECONDS     10
#define LOST_MS_MAX 1000
#define AGAIN_MS    500 // frames that the next writer gets once more
#define FRAME_US    300 // between two frames: the film takes less than a second
#define LIFE_US_MAX 250000

// What the writer tells: the time of the last frame that it has given to the recorder.
static _Atomic int64_t *given_ms;

static struct matroska *
open_file(struct disk *d, const struct film *f, const char *name, size_t *from)
{
	int64_t last_ms[MATROSKA_TRACK_MAX];
	struct matroska *m = matroska_resume(d, name, last_ms);

	*from = 0;
	if (m != NULL) {
		int64_t first_ms = last_ms[0] < last_ms[1] ? last_ms[0] : last_ms[1];
		*from = film_at(f, first_ms - AGAIN_MS);
		return m;
	}
	assert_int_equal(errno, ENOENT);
	return matroska_create(d, name, f->tracks, f->count);
}

// Plays the film from where the file ends. Without a queue, so that what is lost is what waits for
// its cluster.
static void write_film(const struct film *f, const char *name, uint64_t pause_us)
{
	struct disk *d = disk_create(scratch_directory());
	size_t from;
	struct matroska *m = open_file(d, f, name, &from);

	assert_non_null(m);
	for (size_t i = from; i < f->frame_count; i++) {
		film_play(f, m, i, i + 1);
		atomic_store(given_ms, f->frames[i].time_ms);
		while (disk_oldest_us(d) != 0)
			usleep(50);
		if (pause_us > 0)
			usleep((useconds_t)pause_us);
	}
	matroska_close(m, 0);
	disk_destroy(d);
}

// False: it came to its end before.
static bool kill_writer(const struct film *f, const char *name, uint32_t life_us)
{
	int status;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		write_film(f, name, FRAME_US);
		_exit(0);
	}
	usleep(life_us);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status))
		assert_int_equal(WEXITSTATUS(status), 0);
	return WIFSIGNALED(status);
}

static void assert_has_frames(const struct walk *w, const struct film *f, int64_t to_ms)
{
	size_t at[2] = {0, 0};

	for (size_t i = 0; i < f->frame_count && f->frames[i].time_ms <= to_ms; i++) {
		const struct film_frame *frame = &f->frames[i];
		size_t *n = &at[frame->track];
		while (*n < w->block_count && w->blocks[*n].track != frame->track)
			(*n)++;
		assert_true(*n < w->block_count);
		const struct walk_block *b = &w->blocks[(*n)++];
		assert_int_equal(b->time_ms, frame->time_ms);
		assert_int_equal(b->key, frame->key);
		assert_int_equal(b->sum, walk_sum(frame->data, frame->len));
	}
}

// The file as it lies.
static void check_left(const struct film *f, const char *name)
{
	const char *path = scratch_path(name);
	int64_t given = atomic_load(given_ms);

	if (access(path, F_OK) < 0) {
		assert_true(given <= LOST_MS_MAX);
		return;
	}
	struct walk *w = walk_file(path);
	walk_assert_whole(w, true);
	assert_has_frames(w, f, given - LOST_MS_MAX);
	// A cluster may be there without its Duration yet.
	assert_true(w->duration >= (double)(w->last_ms[0] - MATROSKA_CLUSTER_MS - FILM_PICTURE_MS));
	player_decodes(path, w->torn);
	walk_free(w);
}

static void a_killed_writer_leaves_a_file_that_plays(void **)
{
	struct film *f = film_create(CODEC_VP8, true, SECONDS);
	uint64_t random = hostile_seed();
	int kills = 0, files = 0;
	char name[32];

	while (kills < KILLS) {
		snprintf(name, sizeof(name), "killed-%d.webm", files++);
		atomic_store(given_ms, 0);
		while (kills < KILLS && kill_writer(f, name, hostile_random(&random) % LIFE_US_MAX)
		) {
			kills++;
			check_left(f, name);
		}
		write_film(f, name, 0);
		struct walk *w = walk_file(scratch_path(name));
		walk_assert_whole(w, false);
		assert_int_equal(w->block_count, f->frame_count);
		assert_has_frames(w, f, SECONDS * 1000);
		assert_int_equal(w->duration, SECONDS * 1000);
		walk_free(w);
		player_decodes(scratch_path(name), false);
		player_shows(scratch_path(name), f, f->frame_count);
	}
	printf("%d kills, %d files\n", kills, files);
	film_free(f);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_killed_writer_leaves_a_file_that_plays),
};

int main(void)
{
	given_ms =
	        mmap(NULL, sizeof(*given_ms), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
	             -1, 0);
	if (given_ms == MAP_FAILED)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
