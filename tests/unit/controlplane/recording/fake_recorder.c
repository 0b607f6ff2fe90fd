#include "fake_recorder.h"

#include "am_clock.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define REPORT_MS 200

void fake_recorder_start(struct fake_recorder *f, const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	snprintf(f->path, sizeof(f->path), "%s", path);
	strcpy(a.sun_path, f->path);
	unlink(path);
	f->connection = -1;
	f->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
	if (bind(f->listener, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(f->listener, 4) < 0)
		abort();
}

static void disconnect(struct fake_recorder *f)
{
	if (f->connection >= 0)
		close(f->connection);
	f->connection = -1;
}

void fake_recorder_stop(struct fake_recorder *f)
{
	disconnect(f);
	if (f->listener >= 0)
		close(f->listener);
	f->listener = -1;
	unlink(f->path);
}

void fake_recorder_say(struct fake_recorder *f, const struct am_record_msg *m)
{
	if (f->connection >= 0)
		(void)!send(f->connection, m, sizeof(*m), MSG_NOSIGNAL);
}

struct fake_recording *fake_recorder_of(struct fake_recorder *f, const char *room)
{
	char part[80];

	snprintf(part, sizeof(part), "/%s/", room);
	for (int i = 0; i < FAKE_RECORDING_MAX; i++) {
		struct fake_recording *r = &f->recordings[i];
		if (r->set.recording_id && strstr(r->set.dir, part))
			return r;
	}
	return NULL;
}

const struct am_record_track *fake_track(const struct fake_recording *r, enum am_record_kind kind)
{
	for (uint32_t i = 0; i < r->track_count; i++) {
		if (r->tracks[i].kind == kind)
			return &r->tracks[i];
	}
	return NULL;
}

static struct fake_recording *by_id(struct fake_recorder *f, uint64_t id)
{
	for (int i = 0; i < FAKE_RECORDING_MAX; i++) {
		if (f->recordings[i].set.recording_id == id)
			return &f->recordings[i];
	}
	return NULL;
}

static void file(struct fake_recorder *f, const struct fake_recording *r, bool complete)
{
	struct am_record_msg m = {
	        .type = AM_RECORD_FILE,
	        .file =
	                {
	                        .recording_id = r->set.recording_id,
	                        .duration_ms = 1500,
	                        .bytes = 12345,
	                        .kind = AM_RECORD_PROGRAMME,
	                        .codec = AM_CODEC_VP8,
	                        .complete = complete,
	                        .name = "programme.webm",
	                },
	};
	fake_recorder_say(f, &m);
	for (uint32_t i = 0; i < r->track_count; i++) {
		m.file.track_id = r->tracks[i].track_id;
		m.file.publisher = r->tracks[i].publisher;
		m.file.kind = r->tracks[i].kind;
		m.file.codec = r->tracks[i].codec;
		snprintf(m.file.name, sizeof(m.file.name), "tracks/%u-audio.webm", i + 1);
		fake_recorder_say(f, &m);
	}
}

static void report(struct fake_recorder *f, struct fake_recording *r)
{
	static const uint8_t states[AM_RECORD_RUN_COUNT] = {
	        [AM_RECORD_RUN] = AM_RECORD_RECORDING,
	        [AM_RECORD_PAUSE] = AM_RECORD_PAUSED,
	        [AM_RECORD_STOP] = AM_RECORD_STOPPED,
	};
	struct am_record_msg m = {
	        .type = AM_RECORD_STATE,
	        .state =
	                {
	                        .recording_id = r->set.recording_id,
	                        .began_us = 1,
	                        .duration_ms = 1500,
	                        .bytes = 12345,
	                        .missed = 7,
	                        .free_bytes = f->free_bytes,
	                        .files = 1 + r->track_count,
	                        .state = states[r->set.run],
	                        .error = r->error,
	                },
	};
	bool over = r->set.run == AM_RECORD_STOP || r->error;

	if (r->error)
		m.state.state = AM_RECORD_STOPPED;
	else if (f->refuses)
		m.state.state = AM_RECORD_STARTING;
	fake_recorder_say(f, &m);
	if (!f->refuses)
		file(f, r, over);
}

static void set(struct fake_recorder *f, const struct am_record_set *s)
{
	struct fake_recording *r = by_id(f, s->recording_id);

	if (!r)
		r = by_id(f, 0);
	if (!r)
		abort();
	r->set = *s;
	r->stated = true;
	f->stated++;
	report(f, r);
}

static struct am_record_track *track_of(struct fake_recording *r, am_id id)
{
	for (uint32_t i = 0; i < r->track_count; i++) {
		if (r->tracks[i].track_id == id)
			return &r->tracks[i];
	}
	return NULL;
}

static void track(struct fake_recorder *f, const struct am_record_track *t, bool ends)
{
	struct fake_recording *r = by_id(f, t->recording_id);
	struct am_record_track *known = r ? track_of(r, t->track_id) : NULL;

	if (!r)
		abort();
	if (ends && known && known->generation != t->generation)
		abort(); // no track of the recorder's
	if (ends && known)
		*known = r->tracks[--r->track_count];
	f->ended += ends;
	if (ends)
		return;
	if (!known && r->track_count == FAKE_TRACK_MAX)
		abort();
	if (!known)
		known = &r->tracks[r->track_count++];
	*known = *t;
}

static void sync_all(struct fake_recorder *f)
{
	f->synced++;
	for (int i = 0; i < FAKE_RECORDING_MAX; i++) {
		struct fake_recording *r = &f->recordings[i];
		if (r->set.recording_id && !r->stated)
			r->set.run = AM_RECORD_STOP;
	}
}

static void take(struct fake_recorder *f, const struct am_record_msg *m)
{
	struct fake_recording *r;

	switch (m->type) {
	case AM_RECORD_SET: return set(f, &m->set);
	case AM_RECORD_TRACK: return track(f, &m->track, false);
	case AM_RECORD_TRACK_END: return track(f, &m->track, true);
	case AM_RECORD_LEADER:
		r = by_id(f, m->leader.recording_id);
		if (!r)
			abort();
		r->leader = m->leader.publisher;
		return;
	case AM_RECORD_SYNC: return sync_all(f);
	case AM_RECORD_FORGET:
		r = by_id(f, m->set.recording_id);
		if (r)
			*r = (struct fake_recording){0};
		f->forgotten++;
		return;
	default: return;
	}
}

static void welcome(struct fake_recorder *f)
{
	const struct am_record_msg hello = {
	        .type = AM_RECORD_HELLO,
	        .hello = {AM_RECORD_MAGIC, AM_RECORD_VERSION, (uint32_t)getpid(), f->free_bytes},
	};
	int fd = accept4(f->listener, NULL, NULL, SOCK_NONBLOCK);

	if (fd < 0)
		return;
	disconnect(f);
	f->connection = fd;
	fake_recorder_say(f, &hello);
	for (int i = 0; i < FAKE_RECORDING_MAX; i++) {
		f->recordings[i].stated = false;
		if (f->recordings[i].set.recording_id)
			report(f, &f->recordings[i]);
	}
}

void fake_recorder_turn(struct fake_recorder *f)
{
	uint64_t now_ms = am_clock_ns() / 1000000;
	struct am_record_msg m;
	ssize_t n = -1;

	if (f->listener < 0 || f->is_hung)
		return;
	welcome(f);
	while (f->connection >= 0 && (n = recv(f->connection, &m, sizeof(m), MSG_TRUNC)) > 0) {
		if (am_record_check(&m, (size_t)n) < 0)
			abort();
		take(f, &m);
	}
	if (n == 0)
		disconnect(f);
	if (now_ms - f->reported_ms < REPORT_MS)
		return;
	f->reported_ms = now_ms;
	for (int i = 0; i < FAKE_RECORDING_MAX; i++) {
		if (f->recordings[i].set.recording_id)
			report(f, &f->recordings[i]);
	}
}
