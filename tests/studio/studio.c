#include "studio.h"

#include "am_clock.h"
#include "am_socket.h"
#include "scratch.h"
#include "test.h"
#include "walk.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LAST_RING   1u
#define PATIENCE_US 10000000

int64_t studio_now_us(void)
{
	return (int64_t)(am_clock_ns() / 1000);
}

// --- the tap ---

static void *serve(void *arg)
{
	struct studio *s = arg;

	while (!__atomic_load_n(&s->closing, __ATOMIC_ACQUIRE)) {
		struct pollfd p = {.fd = s->tap_listener, .events = POLLIN};
		if (poll(&p, 1, 20) <= 0)
			continue;
		int fd = am_tap_accept(s->tap_listener, 0);
		int ret = -EAGAIN;
		for (int i = 0; i < 1000 && fd >= 0 && ret == -EAGAIN; i++, usleep(1000))
			ret = am_tap_welcome(fd, 0, s->tap.fd);
		if (s->tap_connection >= 0)
			close(s->tap_connection);
		s->tap_connection = fd;
	}
	return NULL;
}

static void serve_begin(struct studio *s)
{
	s->closing = false;
	s->tap_connection = -1;
	s->tap_listener = am_tap_listen(s->tap_path, 0);
	assert_true(s->tap_listener >= 0);
	assert_int_equal(pthread_create(&s->server, NULL, serve, s), 0);
}

static void serve_end(struct studio *s)
{
	__atomic_store_n(&s->closing, true, __ATOMIC_RELEASE);
	pthread_join(s->server, NULL);
	close(s->tap_listener);
	if (s->tap_connection >= 0)
		close(s->tap_connection);
}

static void tap_begin(struct studio *s)
{
	s->generation++;
	memset(s->positions, 0, sizeof(s->positions));
	assert_int_equal(am_tap_new(&s->tap, LAST_RING, s->generation), 0);
	serve_begin(s);
}

void studio_renew_tap(struct studio *s)
{
	serve_end(s);
	am_tap_leave(&s->tap);
	tap_begin(s);
}

struct am_tap_entry *studio_entry_begin(struct studio *s, uint32_t ring)
{
	struct am_tap_entry *e = am_tap_begin(&s->tap.map->rings[ring], s->positions[ring]);

	memset(e, 0, offsetof(struct am_tap_entry, payload));
	e->arrival_us = studio_now_us();
	return e;
}

void studio_entry_end(struct studio *s, uint32_t ring)
{
	am_tap_end(&s->tap.map->rings[ring], s->positions[ring]++);
}

void studio_chat(struct studio *s, uint64_t id, const char *text)
{
	struct am_tap_entry *e = studio_entry_begin(s, LAST_RING);

	e->kind = AM_TAP_CHAT;
	e->id = 1000 + id;
	e->flags = AM_TAP_FIRST | AM_TAP_LAST;
	e->len = (uint16_t)strlen(text);
	memcpy(e->payload, text, e->len);
	studio_entry_end(s, LAST_RING);
}

// --- talking ---

static void on_talk(void *owner, const struct am_tap_entry *e)
{
	struct studio *s = owner;
	struct am_tap_entry *to = am_tap_begin(&s->tap.map->rings[0], s->positions[0]);

	memcpy(to, e, offsetof(struct am_tap_entry, payload) + e->len);
	studio_entry_end(s, 0);
}

struct talker *
studio_talker_at(struct studio *s, const struct film *film, int number, int64_t phase_ms)
{
	assert_true(s->talker_count < STUDIO_TALKERS);
	struct talker *t = &s->talkers[s->talker_count++];

	talker_init(t, film, number, studio_now_us(), phase_ms);
	return t;
}

struct talker *studio_talker(struct studio *s, const struct film *film, int number)
{
	return studio_talker_at(s, film, number, 0);
}

void studio_talk(struct studio *s)
{
	int64_t now_us = studio_now_us();

	for (int i = 0; i < s->talker_count; i++)
		talker_run(&s->talkers[i], now_us, on_talk, s);
}

// --- the control plane ---

void studio_say(struct studio *s, const struct am_record_msg *m)
{
	assert_int_equal(am_record_check(m, sizeof(*m)), 0);
	assert_int_equal(am_socket_send(s->control, m, sizeof(*m), NULL, 0), 0);
}

void studio_connect(struct studio *s)
{
	const struct am_record_msg hello = {
	        .type = AM_RECORD_HELLO,
	        .hello.magic = AM_RECORD_MAGIC,
	        .hello.version = AM_RECORD_VERSION,
	        .hello.pid = (uint32_t)getpid(),
	};

	for (int i = 0; i < 1000; i++, usleep(10000)) {
		studio_talk(s); // a data plane does not wait for us
		s->control = am_socket_connect(s->control_path);
		if (s->control >= 0)
			break;
	}
	assert_true(s->control >= 0);
	studio_say(s, &hello);
}

void studio_disconnect(struct studio *s)
{
	if (s->control >= 0)
		close(s->control);
	s->control = -1;
}

void studio_set(struct studio *s, uint64_t id, uint8_t run, bool track_files, int64_t since_us)
{
	struct am_record_msg m = {
	        .type = AM_RECORD_SET,
	        .set = {
	                .recording_id = id,
	                .room_id = 1000 + id,
	                .since_us = since_us,
	                .run = run,
	                .track_files = track_files,
	        }};

	snprintf(m.set.dir, sizeof(m.set.dir), "account/room/%llu", (unsigned long long)id);
	studio_say(s, &m);
}

void studio_tracks(struct studio *s, uint64_t id, const struct talker *t)
{
	struct am_record_msg m = {
	        .type = AM_RECORD_TRACK,
	        .track = {
	                .recording_id = id,
	                .track_id = t->camera,
	                .generation = s->generation,
	                .publisher = t->publisher,
	                .clock_rate = 90000,
	                .kind = AM_RECORD_CAMERA,
	                .codec = AM_CODEC_VP8,
	                .encoding_count = 1,
	                .paused = t->quiet,
	        }};

	studio_say(s, &m);
	m.track.track_id = t->voice;
	m.track.paused = t->quiet || t->muted;
	m.track.clock_rate = 48000;
	m.track.kind = AM_RECORD_VOICE;
	m.track.codec = AM_CODEC_OPUS;
	studio_say(s, &m);
}

void studio_leader(struct studio *s, uint64_t id, const struct talker *t)
{
	const struct am_record_msg m = {
	        .type = AM_RECORD_LEADER,
	        .leader.recording_id = id,
	        .leader.publisher = t->publisher,
	};

	studio_say(s, &m);
}

void studio_sync(struct studio *s)
{
	studio_say(s, &(struct am_record_msg){.type = AM_RECORD_SYNC});
}

static void note_file(struct studio *s, const struct am_record_file *f)
{
	int i = 0;

	while (i < s->file_count && (s->files[i].recording_id != f->recording_id ||
	                             strcmp(s->files[i].name, f->name) != 0))
		i++;
	assert_true(i < STUDIO_FILES);
	s->files[i] = *f;
	if (i == s->file_count)
		s->file_count++;
}

static void note_state(struct studio *s, const struct am_record_status *state)
{
	int i = 0;

	while (i < STUDIO_RECORDINGS && s->states[i].recording_id != 0 &&
	       s->states[i].recording_id != state->recording_id)
		i++;
	assert_true(i < STUDIO_RECORDINGS);
	s->states[i] = *state;
	s->told_us = studio_now_us();
	if (state->state == AM_RECORD_RECORDING && s->recording_us == 0)
		s->recording_us = studio_now_us();
}

static void listen_to(struct studio *s)
{
	struct am_record_msg m;
	ssize_t n;

	while (s->control >= 0 && (n = recv(s->control, &m, sizeof(m), MSG_DONTWAIT)) > 0) {
		assert_int_equal(am_record_check(&m, (size_t)n), 0);
		if (m.type == AM_RECORD_STATE)
			note_state(s, &m.state);
		else if (m.type == AM_RECORD_FILE)
			note_file(s, &m.file);
		else if (m.type == AM_RECORD_KEY_FRAME)
			s->key_asks++;
	}
}

static void step(struct studio *s)
{
	studio_talk(s);
	listen_to(s);
	usleep(2000);
}

void studio_run(struct studio *s, int64_t until_us)
{
	while (studio_now_us() < until_us)
		step(s);
}

const struct am_record_status *studio_state(const struct studio *s, uint64_t id)
{
	for (int i = 0; i < STUDIO_RECORDINGS; i++) {
		if (s->states[i].recording_id == id)
			return &s->states[i];
	}
	return NULL;
}

void studio_until(struct studio *s, uint64_t id, uint8_t state)
{
	int64_t end_us = studio_now_us() + PATIENCE_US;
	const struct am_record_status *now;

	do {
		step(s);
		now = studio_state(s, id);
	} while (studio_now_us() < end_us && (!now || now->state != state));
	assert_non_null(now);
	assert_int_equal(now->state, state);
}

const struct am_record_file *studio_file(const struct studio *s, uint64_t id, uint8_t kind, int n)
{
	for (int i = 0; i < s->file_count; i++) {
		const struct am_record_file *f = &s->files[i];
		if (f->recording_id == id && f->kind == kind && n-- == 0)
			return f;
	}
	return NULL;
}

const char *studio_path(const struct studio *s, const struct am_record_file *f)
{
	static char paths[8][320];
	static unsigned next;
	char *path = paths[next++ % COUNT(paths)];

	assert_non_null(f);
	snprintf(
	        path, sizeof(paths[0]), "%s/account/room/%llu/%s", s->directory,
	        (unsigned long long)f->recording_id, f->name
	);
	return path;
}

// --- what it made ---

static const struct film_frame *frame_of(const struct film *film, uint8_t track, size_t n)
{
	for (size_t i = 0;; i++) {
		const struct film_frame *f = &film->frames[i % film->frame_count];
		if (f->track == track && n-- == 0)
			return f;
	}
}

struct studio_range studio_shows(
        const struct film *film, const char *path, uint8_t block_track, uint8_t track,
        int64_t off_ms
)
{
	struct walk *w = walk_file(path);
	struct studio_range r = {0, 0};
	int64_t offset_ms = 0;

	walk_assert_whole(w, false);
	for (size_t i = 0; i < w->block_count; i++) {
		const struct walk_block *b = &w->blocks[i];
		if (b->track != block_track)
			continue;
		const struct film_frame *f = frame_of(film, track, r.first + r.count);
		while (r.count == 0 && r.first < film->frame_count &&
		       walk_sum(f->data, f->len) != b->sum)
			f = frame_of(film, track, ++r.first);
		if (walk_sum(f->data, f->len) != b->sum)
			fail_msg(
			        "%s: block %zu at %lld ms is not frame %zu", path, i,
			        (long long)b->time_ms, r.first + r.count
			);
		int64_t step_ms = track ? FILM_SOUND_MS : FILM_PICTURE_MS;
		if (r.count == 0)
			offset_ms = b->time_ms;
		int64_t late_ms = b->time_ms - offset_ms - (int64_t)r.count * step_ms;
		if (late_ms < -off_ms || late_ms > off_ms)
			fail_msg("%s: block %zu is %lld ms late", path, i, (long long)late_ms);
		r.count++;
	}
	walk_free(w);
	return r;
}

// --- the process ---

static void config_write(const struct studio *s, int free_min_mib)
{
	FILE *f = fopen(s->config, "w");

	assert_non_null(f);
	fprintf(f,
	        "link: { tap = \"%s\"; recorder = \"%s\"; };\n"
	        "recording: { directory = \"%s\"; free_min_mib = %d; log_level = \"%s\"; };\n",
	        s->tap_path, s->control_path, s->directory, free_min_mib,
	        getenv("AMPHI_LOG_LEVEL") ? getenv("AMPHI_LOG_LEVEL") : "error");
	fclose(f);
}

void studio_open(struct studio *s, const char *recorder, const char *directory, int free_min_mib)
{
	static int studios;
	const char *base = scratch_directory();
	int n = studios++;

	*s = (struct studio){.recorder = recorder, .control = -1};
	s->generation = (uint64_t)studio_now_us();
	snprintf(s->config, sizeof(s->config), "%s/%d.conf", base, n);
	snprintf(s->tap_path, sizeof(s->tap_path), "%s/%d.tap", base, n);
	snprintf(s->control_path, sizeof(s->control_path), "%s/%d.sock", base, n);
	if (directory)
		snprintf(s->directory, sizeof(s->directory), "%s", directory);
	else
		snprintf(s->directory, sizeof(s->directory), "%s/%d", base, n);
	config_write(s, free_min_mib);
	tap_begin(s);
}

void studio_start(struct studio *s)
{
	unlink(s->control_path);
	s->pid = fork();
	assert_true(s->pid >= 0);
	if (s->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (s->preload) { // the sanitizers want to be first
			setenv("LD_PRELOAD", s->preload, 1);
			setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
		}
		execl(s->recorder, s->recorder, "-c", s->config, NULL);
		_exit(127);
	}
}

void studio_kill(struct studio *s, int signal)
{
	int status;

	if (s->pid == 0)
		return;
	kill(s->pid, signal);
	kill(s->pid, SIGCONT);
	assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
	s->pid = 0;
	studio_disconnect(s);
	if (signal == SIGTERM)
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	else
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == signal);
}

void studio_close(struct studio *s)
{
	studio_kill(s, SIGTERM);
	serve_end(s);
	am_tap_leave(&s->tap);
	for (int i = 0; i < s->talker_count; i++)
		talker_fini(&s->talkers[i]);
}
