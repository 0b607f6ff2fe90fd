// A disk that stands still under a recorder: its file system, of its own, is frozen. The program's
// argument is the recorder's binary.
#include "test.h"

#include "film.h"
#include "player.h"
#include "scratch.h"
#include "studio.h"
#include "walk.h"

#include "recorder/state.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECOND  1000000
#define TURN_US 1500000 // the recorder reports each second, on a busy machine

static const char *binary;
static struct film *film;
static struct studio studios[8], *s; // one for each test: its thread outlives a failure
static int thawer = -1; // a pipe: whatever happens, the file system does not stay frozen
static int disk; // a descriptor of it

// --- the disk ---

// Thaws when the test ends, however it does.
static void thawer_begin(void)
{
	int ends[2];
	char byte;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(ends[1]);
		while (read(ends[0], &byte, 1) > 0)
			;
		ioctl(disk, FITHAW, 0);
		_exit(0);
	}
	close(ends[0]);
	thawer = ends[1];
}

static void unmount_disk(void)
{
	ioctl(disk, FITHAW, 0);
	close(disk);
	umount2(scratch_path("disk"), MNT_DETACH); // before the folder is removed
}

static void mount_disk(void)
{
	char said[4096];
	const char *image = scratch_path("image"), *folder = scratch_path("disk");

	assert_int_equal(unshare(CLONE_NEWNS), 0);
	assert_int_equal(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	assert_int_equal(mkdir(folder, 0700), 0);
	if (scratch_run(
	            said, sizeof(said),
	            "truncate -s 256M %s && mkfs.ext4 -q -F %s 2>&1 && mount -o loop %s %s 2>&1",
	            image, image, image, folder
	    ) != 0)
		fail_msg("no file system that can be frozen: %s", said);
	disk = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(disk >= 0);
	atexit(unmount_disk);
	thawer_begin();
}

static void freeze(void)
{
	assert_int_equal(ioctl(disk, FIFREEZE, 0), 0);
}

static void thaw(void)
{
	assert_int_equal(ioctl(disk, FITHAW, 0), 0);
}

// The state of one of the recorder's threads: D if it waits for a disk.
static char thread_state(pid_t thread)
{
	char path[64], text[512];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", s->pid, thread);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	const char *end = strrchr(text, ')');
	assert_non_null(end);
	return end[2];
}

// Until then, the disk stands still, the recorder reports, and its main thread never waits for it.
static void run_stalled(int64_t until_us)
{
	unsigned looks = 0, waits = 0;

	while (studio_now_us() < until_us) {
		studio_run(s, studio_now_us() + 10000);
		assert_true(studio_now_us() - s->told_us < TURN_US);
		looks++;
		waits += thread_state(s->pid) == 'D';
	}
	// A page fault may look like that for a moment.
	if (waits > 1 + looks / 50)
		fail_msg("the main thread waited %u of %u times", waits, looks);
}

// --- a recording ---

static void state_all(uint8_t run, int64_t since_us)
{
	studio_set(s, 7, run, true, since_us);
	for (int i = 0; i < s->talker_count; i++)
		studio_tracks(s, 7, &s->talkers[i]);
	studio_sync(s);
}

static int64_t begin(int talkers)
{
	static int runs;
	char name[32];

	assert_true((size_t)runs < COUNT(studios));
	s = &studios[runs];
	snprintf(name, sizeof(name), "disk/%d", runs++);
	studio_open(s, binary, scratch_path(name), 1);
	studio_start(s);
	studio_connect(s);
	for (int i = 0; i < talkers; i++)
		studio_talker(s, film, i);
	int64_t begin_us = studio_now_us();
	state_all(AM_RECORD_RUN, begin_us);
	return begin_us;
}

static void stop(int64_t since_us)
{
	studio_set(s, 7, AM_RECORD_STOP, true, since_us);
	studio_until(s, 7, AM_RECORD_STOPPED);
}

static int teardown(void **)
{
	ioctl(disk, FITHAW, 0); // after a failure
	if (s->pid != 0) {
		kill(s->pid, SIGKILL);
		waitpid(s->pid, NULL, 0);
		s->pid = 0;
	}
	return 0;
}

static void assert_track(uint8_t kind, int n, uint8_t film_track, size_t at_least)
{
	const struct am_record_file *f = studio_file(s, 7, kind, n);

	assert_non_null(f);
	assert_true(f->complete);
	struct studio_range r =
	        studio_shows(film, studio_path(s, f), 0, film_track, STUDIO_EXACT_MS);
	assert_true(r.count >= at_least);
}

// Two talk; a third one comes while nothing can be created.
static void check_stall(int seconds)
{
	int64_t begin_us = begin(2);

	studio_run(s, begin_us + 2 * SECOND);
	freeze();
	run_stalled(begin_us + 3 * SECOND);
	studio_talker(s, film, 2);
	studio_tracks(s, 7, &s->talkers[2]);
	run_stalled(begin_us + (2 + seconds) * SECOND);
	assert_int_equal(studio_state(s, 7)->error, AM_RECORD_OK);
	assert_int_equal(studio_state(s, 7)->state, AM_RECORD_RECORDING);
	thaw();
	studio_run(s, begin_us + (4 + seconds) * SECOND);
	stop(studio_now_us());
	const struct am_record_status *state = studio_state(s, 7);
	assert_int_equal(state->missed, 0);
	assert_int_equal(state->gaps, 0);
	for (int i = 0; i < 3; i++) {
		size_t least = (size_t)(seconds + (i < 2 ? 4 : 1)) - 1;
		assert_track(AM_RECORD_CAMERA, i, 0, least * FILM_FPS);
		assert_track(AM_RECORD_VOICE, i, 1, least * 50);
	}
	const struct am_record_file *programme = studio_file(s, 7, AM_RECORD_PROGRAMME, 0);
	player_decodes(studio_path(s, programme), false);
	assert_true(llabs((int64_t)programme->duration_ms - (4 + seconds) * 1000) < 500);
	assert_null(studio_file(s, 7, AM_RECORD_PROGRAMME, 1));
	studio_close(s);
}

static void a_stall_of_3_s_loses_nothing(void **)
{
	check_stall(3);
}

static void a_stall_of_8_s_loses_nothing(void **)
{
	check_stall(8);
}

// Chat of some 6 MB a second: the disk's queue fills within seconds.
static void flood(int64_t until_us)
{
	static char text[1500];

	memset(text, '\n', sizeof(text) - 1);
	for (int i = 0; studio_now_us() < until_us; i++) {
		studio_chat(s, 7, text);
		if (i % 20 == 0)
			studio_run(s, studio_now_us() + 8000);
	}
}

// First the tracks' files end, then the recording.
static void a_longer_stall_ends_it_in_order(void **)
{
	int64_t begin_us = begin(2), dropped_us = 0;

	studio_run(s, begin_us + 2 * SECOND);
	freeze();
	while (studio_now_us() < begin_us + 30 * SECOND) {
		const struct am_record_status *state = studio_state(s, 7);
		if (state->error == AM_RECORD_DISK_SLOW && dropped_us == 0) {
			dropped_us = studio_now_us();
			assert_int_equal(
			        state->state, AM_RECORD_RECORDING
			); // the programme goes on
			run_stalled(dropped_us + 2 * SECOND);
			state = studio_state(s, 7);
			assert_int_equal(state->state, AM_RECORD_RECORDING);
			assert_true(
			        (int64_t)state->duration_ms * 1000 >
			        dropped_us + SECOND / 2 - begin_us
			);
		}
		flood(studio_now_us() + SECOND / 10);
		assert_true(studio_now_us() - s->told_us < TURN_US);
		if (dropped_us != 0 && studio_now_us() - dropped_us > 8 * SECOND)
			break;
	}
	assert_true(dropped_us != 0);
	thaw();
	studio_until(s, 7, AM_RECORD_STOPPED); // by itself
	assert_int_equal(studio_state(s, 7)->error, AM_RECORD_DISK_SLOW);
	for (int i = 0; i < s->file_count; i++) {
		if (s->files[i].kind == AM_RECORD_CHAT)
			continue;
		player_decodes(studio_path(s, &s->files[i]), false);
		assert_true(s->files[i].complete);
	}
	studio_close(s);
}

// Nothing else may wait for a new recording, which cannot begin anyway.
static void while_it_stands_still_none_begins(void **)
{
	int64_t begin_us = begin(1);

	studio_run(s, begin_us + 2 * SECOND);
	freeze();
	run_stalled(begin_us + 6 * SECOND);
	studio_set(s, 8, AM_RECORD_RUN, true, studio_now_us());
	run_stalled(begin_us + 8 * SECOND);
	assert_int_equal(studio_state(s, 8)->state, AM_RECORD_FAILED);
	assert_int_equal(studio_state(s, 8)->error, AM_RECORD_DISK_SLOW);
	thaw();
	stop(studio_now_us());
	studio_close(s);
}

// --- the ends of others ---

static void live_path(char path[160])
{
	snprintf(path, 160, "%s.states/%016x", s->control_path, 7);
}

// As if the machine had been started anew: the state is of another life, and the live one is gone.
static void reboot(void)
{
	char live[160], copy[256];

	live_path(live);
	assert_int_equal(unlink(live), 0);
	snprintf(copy, sizeof(copy), "%s/account/room/7/" STATE_COPY, s->directory);
	int fd = open(copy, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "0", 1, offsetof(struct state_head, boot_id)), 1);
	assert_int_equal(pwrite(fd, "another", 8, offsetof(struct state_head, boot_id)), 8);
	close(fd);
}

static void after_a_reboot_the_copy_completes_the_files(void **)
{
	int64_t begin_us = begin(2);
	char path[160];

	studio_run(s, begin_us + 5 * SECOND);
	studio_kill(s, SIGKILL);
	reboot();
	s->file_count = 0;
	memset(s->states, 0, sizeof(s->states));
	studio_start(s);
	studio_connect(s);
	studio_set(s, 7, AM_RECORD_STOP, true, begin_us + 5 * SECOND);
	studio_sync(s);
	studio_until(s, 7, AM_RECORD_STOPPED);
	studio_run(s, studio_now_us() + SECOND / 2);
	assert_int_equal(s->file_count, 5);
	for (int i = 0; i < s->file_count; i++) {
		const struct am_record_file *f = &s->files[i];
		struct stat st;
		assert_true(f->complete);
		player_decodes(studio_path(s, f), false);
		assert_int_equal(stat(studio_path(s, f), &st), 0);
		assert_int_equal(f->bytes, st.st_size);
		assert_true(
		        llabs(player_duration_ms(studio_path(s, f)) - (int64_t)f->duration_ms) <= 20
		);
		assert_true(f->offset_ms + f->duration_ms >= 4000);
	}
	assert_true(studio_state(s, 7)->duration_ms >= 4000);

	const struct am_record_msg forget = {
	        .type = AM_RECORD_FORGET,
	        .set.recording_id = 7,
	        .set.run = AM_RECORD_STOP,
	};
	struct am_record_msg m = forget;
	snprintf(m.set.dir, sizeof(m.set.dir), "account/room/7");
	studio_say(s, &m);
	studio_run(s, studio_now_us() + SECOND);
	live_path(path);
	assert_int_equal(access(path, F_OK), -1);
	char copy[256];
	snprintf(copy, sizeof(copy), "%s/account/room/7/" STATE_COPY, s->directory);
	assert_int_equal(access(copy, F_OK), -1);
	studio_close(s);
}

// The recorder's folder has been cleared, but it is the same life: it goes on.
static void without_the_live_state_it_goes_on(void **)
{
	int64_t begin_us = begin(1);
	char path[160];

	studio_run(s, begin_us + 3 * SECOND);
	studio_kill(s, SIGKILL);
	live_path(path);
	assert_int_equal(unlink(path), 0);
	studio_start(s);
	studio_connect(s);
	state_all(AM_RECORD_RUN, begin_us);
	studio_run(s, begin_us + 6 * SECOND);
	stop(studio_now_us());
	assert_int_equal(s->file_count, 3); // the same ones
	for (int i = 0; i < s->file_count; i++) {
		player_decodes(studio_path(s, &s->files[i]), false);
		assert_true(s->files[i].offset_ms + s->files[i].duration_ms >= 5500);
	}
	studio_close(s);
}

// The control plane has given it up meanwhile: what is later is in no file.
static void a_late_stop_cuts(void **)
{
	int64_t begin_us = begin(2);

	studio_run(s, begin_us + 9 * SECOND);
	stop(begin_us + 4 * SECOND);
	studio_run(s, studio_now_us() + SECOND / 10);
	uint64_t duration_ms = studio_state(s, 7)->duration_ms;
	assert_in_range(duration_ms, 4000, 5000);
	for (int i = 0; i < s->file_count; i++) {
		const struct am_record_file *f = &s->files[i];
		const char *path = studio_path(s, f);
		player_decodes(path, false);
		int64_t end_ms = (int64_t)f->offset_ms + player_duration_ms(path);
		assert_true(end_ms >= 3500 && end_ms <= 5000);
		assert_true(end_ms <= (int64_t)duration_ms + 300); // whole clusters
		struct walk *w = walk_file(path);
		walk_assert_whole(w, false);
		for (size_t b = 0; b < w->block_count; b++)
			assert_true(w->blocks[b].time_ms + (int64_t)f->offset_ms < 5000);
		walk_free(w);
	}
	assert_track(AM_RECORD_CAMERA, 0, 0, 3 * FILM_FPS);
	assert_track(AM_RECORD_VOICE, 1, 1, 3 * 50);
	studio_close(s);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_teardown(a_stall_of_3_s_loses_nothing, teardown),
	        cmocka_unit_test_teardown(a_stall_of_8_s_loses_nothing, teardown),
	        cmocka_unit_test_teardown(a_longer_stall_ends_it_in_order, teardown),
	        cmocka_unit_test_teardown(while_it_stands_still_none_begins, teardown),
	        cmocka_unit_test_teardown(after_a_reboot_the_copy_completes_the_files, teardown),
	        cmocka_unit_test_teardown(without_the_live_state_it_goes_on, teardown),
	        cmocka_unit_test_teardown(a_late_stop_cuts, teardown),
	};

	if (argc != 2 || !freopen("/dev/null", "r", stdin)) // ffmpeg would take commands
		return 2;
	binary = argv[1];
	mount_disk();
	film = film_create(CODEC_VP8, true, 20);
	int ret = cmocka_run_group_tests(tests, NULL, NULL);
	film_free(film);
	return ret;
}
