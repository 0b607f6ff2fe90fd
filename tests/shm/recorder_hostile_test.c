// A recorder whose neighbours are broken: garbage in the rings and on its socket, rings that are
// overwritten, a data plane that dies, a full disk. The program's argument is its binary.
#include "test.h"

#include "am_socket.h"
#include "film.h"
#include "hostile.h"
#include "player.h"
#include "scratch.h"
#include "studio.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define SECOND 1000000

static const char *binary;
static struct film *film;

static int64_t begin(struct studio *s, int free_min_mib, const char *directory)
{
	studio_open(s, binary, directory, free_min_mib);
	studio_start(s);
	studio_connect(s);
	studio_talker(s, film, 0);
	int64_t begin_us = studio_now_us();
	studio_set(s, 7, AM_RECORD_RUN, true, begin_us);
	studio_tracks(s, 7, &s->talkers[0]);
	studio_sync(s);
	return begin_us;
}

static void stop(struct studio *s)
{
	studio_set(s, 7, AM_RECORD_STOP, true, studio_now_us());
	studio_until(s, 7, AM_RECORD_STOPPED);
}

static void all_play(const struct studio *s)
{
	for (int i = 0; i < s->file_count; i++) {
		if (s->files[i].kind != AM_RECORD_CHAT)
			player_decodes(studio_path(s, &s->files[i]), false);
	}
}

static void an_overrun_is_counted(void **)
{
	static struct studio s; // its thread outlives a failure
	int64_t begin_us = begin(&s, 1, NULL);

	studio_run(&s, begin_us + SECOND);
	kill(s.pid, SIGSTOP);
	usleep(20000);
	for (uint32_t i = 0; i < AM_TAP_SLOTS + 5000; i++) {
		struct am_tap_entry *e = studio_entry_begin(&s, 0);
		e->kind = AM_TAP_PACKET;
		e->id = am_id_make(99, 1);
		studio_entry_end(&s, 0);
	}
	kill(s.pid, SIGCONT);
	studio_run(&s, begin_us + 4 * SECOND);
	stop(&s);
	const struct am_record_status *state = studio_state(&s, 7);
	assert_true(state->missed >= 5000 && state->missed < 6000);
	assert_true(s.key_asks > 0); // for the picture that lacks packets
	all_play(&s);
	studio_close(&s);
}

static void random_entry(struct studio *s, uint64_t *random, uint32_t ring)
{
	struct am_tap_entry *e = studio_entry_begin(s, ring);
	const am_id ids[] = {s->talkers[0].camera, s->talkers[0].voice, 1007, 1};
	uint8_t *bytes = (uint8_t *)e;

	for (size_t i = 0; i < offsetof(struct am_tap_entry, payload) + 64; i++)
		bytes[i] = (uint8_t)hostile_random(random);
	uint32_t how = hostile_random(random);
	if (how & 1) { // it gets further
		e->id = ids[how / 2 % COUNT(ids)];
		e->kind = (uint8_t)(1 + how / 8 % 3);
		e->flags &= 0x1f;
		e->len = (uint16_t)(e->kind == AM_TAP_REPORT ? 0 : how / 64 % 1500);
		e->arrival_us = studio_now_us() + (int)(hostile_random(random) % 2000000) - 1000000;
		e->seq = hostile_random(random);
		e->send_time &= 0xffffff;
		e->codec = how & 2 ? AM_CODEC_OPUS : AM_CODEC_VP8;
		e->encoding = 0;
		e->source = (uint8_t)(how / 256 % 2);
	}
	studio_entry_end(s, ring);
}

static void garbage_in_the_rings_is_survived(void **)
{
	static struct studio s; // its thread outlives a failure
	uint64_t random = hostile_seed();
	int64_t begin_us = begin(&s, 1, NULL);

	for (int i = 0; i < 3000; i++) {
		for (int k = 0; k < 10; k++)
			random_entry(&s, &random, (uint32_t)(k % 2));
		if (i % 10 == 0)
			studio_run(&s, studio_now_us() + 1000);
	}
	struct am_tap_ring *ring = &s.tap.map->rings[0];
	for (int i = 0; i < 64; i++) // slots that claim to be anything
		atomic_store(&ring->slots[hostile_random(&random) % AM_TAP_SLOTS].sequence, random);
	studio_run(&s, begin_us + 4 * SECOND);
	stop(&s);
	assert_true(studio_state(&s, 7)->files >= 3);
	studio_close(&s);
}

static void garbage_on_the_socket_is_survived(void **)
{
	static struct studio s; // its thread outlives a failure
	uint64_t random = hostile_seed();
	int64_t begin_us = begin(&s, 1, NULL);
	uint8_t bytes[300];

	for (int i = 0; i < 2000; i++) {
		for (size_t k = 0; k < sizeof(bytes); k++)
			bytes[k] = (uint8_t)hostile_random(&random);
		bytes[0] = (uint8_t)(i % 14);
		bytes[1] = 0;
		size_t len = i % 3 ? sizeof(struct am_record_msg)
		                   : 1 + random % sizeof(bytes); // 0: an end
		(void)!send(s.control, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (i % 20)
			continue;
		int fd = am_socket_connect(s.control_path); // a stranger
		assert_true(fd >= 0);
		(void)!send(fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		studio_run(&s, studio_now_us() + 15000);
		close(fd);
	}
	studio_run(&s, begin_us + 3 * SECOND);
	stop(&s); // this connection is still the control plane's
	all_play(&s);
	studio_close(&s);
}

static void the_newest_control_plane_counts(void **)
{
	static struct studio s; // its thread outlives a failure
	int64_t begin_us = begin(&s, 1, NULL);
	struct am_record_msg m;

	studio_run(&s, begin_us + SECOND);
	int old = s.control;
	s.file_count = 0;
	studio_connect(&s);
	studio_run(&s, begin_us + 2 * SECOND);
	assert_int_equal(s.file_count, 3); // everything is told again
	while (recv(old, &m, sizeof(m), MSG_DONTWAIT) > 0)
		;
	assert_true(recv(old, &m, sizeof(m), MSG_DONTWAIT) == 0);
	close(old);
	studio_sync(&s); // without having stated the recording
	studio_until(&s, 7, AM_RECORD_STOPPED);
	all_play(&s);
	studio_close(&s);
}

static void the_next_data_plane_is_recorded(void **)
{
	static struct studio s; // its thread outlives a failure
	int64_t begin_us = begin(&s, 1, NULL);

	studio_run(&s, begin_us + 2 * SECOND);
	s.talkers[0].quiet = true;
	studio_renew_tap(&s);
	studio_run(&s, begin_us + 9 * SECOND / 2);
	assert_int_equal(studio_state(&s, 7)->error, AM_RECORD_OK);
	studio_talker(&s, film, 1);
	studio_tracks(&s, 7, &s.talkers[1]);
	studio_run(&s, begin_us + 7 * SECOND);
	stop(&s);
	const struct am_record_file *second = studio_file(&s, 7, AM_RECORD_CAMERA, 1);
	assert_non_null(second);
	assert_true(second->offset_ms >= 3000);
	struct studio_range r = studio_shows(film, studio_path(&s, second), 0, 0);
	assert_true(r.count >= 2 * FILM_FPS);
	assert_null(studio_file(&s, 7, AM_RECORD_PROGRAMME, 1));
	all_play(&s);
	studio_close(&s);
}

static void a_missing_data_plane_is_told(void **)
{
	static struct studio s; // its thread outlives a failure

	begin(&s, 1, NULL);
	studio_until(&s, 7, AM_RECORD_RECORDING);
	__atomic_store_n(&s.closing, true, __ATOMIC_RELEASE);
	pthread_join(s.server, NULL);
	close(s.tap_listener);
	unlink(s.tap_path);
	close(s.tap_connection);
	studio_run(&s, studio_now_us() + 3 * SECOND);
	assert_int_equal(studio_state(&s, 7)->error, AM_RECORD_NO_TAP);
	assert_int_equal(studio_state(&s, 7)->state, AM_RECORD_RECORDING);
	stop(&s);
	all_play(&s);
	studio_kill(&s, SIGTERM);
}

// --- the disk ---

static const char *disk_mount(int mib)
{
	char options[32], said[64];
	const char *path = scratch_path("disk");
	static char kept[256];

	snprintf(kept, sizeof(kept), "%s", path);
	snprintf(options, sizeof(options), "size=%dm", mib);
	assert_int_equal(scratch_run(said, sizeof(said), "mkdir -p %s", kept), 0);
	assert_int_equal(mount("none", kept, "tmpfs", 0, options), 0);
	return kept;
}

static void disk_fill(const char *path, int left_kib)
{
	char said[256];

	scratch_run(
	        said, sizeof(said),
	        "n=$(($(df --output=avail %s | tail -1) - %d)); dd if=/dev/zero of=%s/fill bs=1024 "
	        "count=$n 2>&1",
	        path, left_kib, path
	);
}

static void stops_as_full(int free_min_mib, int left_kib)
{
	static struct studio s; // its thread outlives a failure
	const char *path = disk_mount(48);
	int64_t begin_us = begin(&s, free_min_mib, path);

	studio_run(&s, begin_us + 2 * SECOND);
	assert_int_equal(studio_state(&s, 7)->error, AM_RECORD_OK);
	disk_fill(path, left_kib);
	studio_until(&s, 7, AM_RECORD_STOPPED);
	assert_int_equal(studio_state(&s, 7)->error, AM_RECORD_DISK_FULL);
	assert_int_equal(s.file_count, 3);
	all_play(&s);
	assert_true(player_duration_ms(studio_path(&s, &s.files[0])) >= 1000);
	studio_close(&s);
	umount2(path, MNT_DETACH);
}

static void a_recording_stops_before_the_disk_is_full(void **)
{
	stops_as_full(8, 4096);
}

static void a_recording_stops_when_the_disk_is_full(void **)
{
	stops_as_full(1, 0);
}

// Here, one that lets no file become large.
static void a_recording_stops_at_an_error_of_the_disk(void **)
{
	static struct studio s; // its thread outlives a failure
	int64_t begin_us = begin(&s, 1, NULL);
	const struct rlimit most = {120000, 120000};

	studio_run(&s, begin_us + SECOND);
	assert_int_equal(prlimit(s.pid, RLIMIT_FSIZE, &most, NULL), 0);
	studio_until(&s, 7, AM_RECORD_STOPPED);
	assert_int_equal(studio_state(&s, 7)->error, AM_RECORD_DISK_ERROR);
	all_play(&s);
	studio_close(&s);
}

static void nothing_begins_on_a_full_disk(void **)
{
	static struct studio s; // its thread outlives a failure
	const char *path = disk_mount(8);

	disk_fill(path, 0);
	begin(&s, 1, path);
	studio_until(&s, 7, AM_RECORD_FAILED);
	assert_int_equal(studio_state(&s, 7)->error, AM_RECORD_DISK_FULL);
	assert_int_equal(s.file_count, 0);
	studio_close(&s);
	umount2(path, MNT_DETACH);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(an_overrun_is_counted),
	        cmocka_unit_test(garbage_in_the_rings_is_survived),
	        cmocka_unit_test(garbage_on_the_socket_is_survived),
	        cmocka_unit_test(the_newest_control_plane_counts),
	        cmocka_unit_test(the_next_data_plane_is_recorded),
	        cmocka_unit_test(a_missing_data_plane_is_told),
	        cmocka_unit_test(a_recording_stops_before_the_disk_is_full),
	        cmocka_unit_test(a_recording_stops_when_the_disk_is_full),
	        cmocka_unit_test(a_recording_stops_at_an_error_of_the_disk),
	        cmocka_unit_test(nothing_begins_on_a_full_disk),
	};

	if (argc != 2 || !freopen("/dev/null", "r", stdin)) // ffmpeg would take commands
		return 2;
	binary = argv[1];
	film = film_create(CODEC_VP8, true, 20);
	int ret = cmocka_run_group_tests(tests, NULL, NULL);
	film_free(film);
	return ret;
}
