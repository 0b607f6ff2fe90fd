// The signaling to Janus, against a thread that plays Janus: the messages of Janus 1.1.2, over the
// same kind of socket.
#include "server.h"

#include "load.h"

#include <cjson/cJSON.h>

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define SESSION 7513016297858190ull // sixteen digits of which the last is 0
#define POLLS   2000 // of a millisecond each
#define FINGERPRINT                                                                                \
	"BD:67:67:63:8D:F8:96:0D:10:A8:E2:C6:CF:1A:E1:BF:F8:29:3D:B8:22:E3:BB:EE:43:CC:4B:D4:F1:"  \
	"FD:B6:B9"
#define TRANSPORT                                                                                  \
	"a=ice-ufrag:lW9S\\r\\na=ice-pwd:qpdVZsoLpetoQ44yk6dNLp\\r\\n"                             \
	"a=fingerprint:sha-256 " FINGERPRINT "\\r\\n"                                              \
	"a=candidate:1 1 udp 2015363327 198.18.0.2 33292 typ host\\r\\n"
#define DESCRIPTION                                                                                \
	"v=0\\r\\nm=video 9 UDP/TLS/RTP/SAVPF 96 97\\r\\na=mid:0\\r\\n" TRANSPORT                  \
	"a=rtpmap:96 VP8/90000\\r\\na=rtpmap:97 rtx/90000\\r\\na=fmtp:97 apt=96\\r\\n"             \
	"a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\\r\\na=ssrc-group:FID 5 6\\r\\n"           \
	"m=audio 9 UDP/TLS/RTP/SAVPF 111\\r\\na=mid:1\\r\\na=rtpmap:111 opus/48000/2\\r\\n"        \
	"a=ssrc:7 cname:janus\\r\\n"

// The behaviour of the played Janus.
struct play {
	char path[108];
	int listener;
	pthread_t thread;
	const char *streams; // streams that a viewer's offer names
	bool refuse; // the plugin
	bool silent; // does not report the speaker's DTLS
	bool leave; // ends after the session's creation
	unsigned requests;
	unsigned attached, joined; // handles: the last one, and that of the last viewer's join
};

struct heard {
	unsigned count;
	uint32_t member;
	int result;
	struct server_answer answer;
	struct server_stream streams[4];
};

static const char both_streams[] = "[{\"mindex\":0,\"mid\":\"0\",\"feed_id\":1,\"feed_mid\":\"0\"},"
                                   "{\"mindex\":1,\"mid\":\"1\",\"feed_id\":1,\"feed_mid\":\"1\"}]";

static const struct server_track tracks[LOAD_TRACKS] = {
        {.ssrc = 1,
         .rtx_ssrc = 2,
         .payload_type = 96,
         .rtx_payload_type = 97,
         .video = true,
         .mid = "0"},
        {.ssrc = 3, .payload_type = 111, .mid = "1"},
};

static const uint8_t fingerprint[32] = {1, 2, 3};
static const struct server_client viewer = {
        .ufrag = "abcdefgh",
        .pwd = "ijklmnopqrstuvwxyz012345",
        .fingerprint = fingerprint,
        .ip = 0xc6130001,
        .port = 10000,
};

static const char *text_of(const cJSON *j, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(j, name));
	return text ? text : "";
}

static void say(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(int fd, const char *format, ...)
{
	char text[8192];
	va_list args;

	va_start(args, format);
	int n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	send(fd, text, (size_t)n, MSG_NOSIGNAL);
}

// jsep: as JSON, or "null".
static void event(int fd, const char *transaction, const char *data, const char *jsep)
{
	say(fd, "{\"janus\":\"ack\",\"transaction\":\"%s\"}", transaction);
	say(fd, "{\"janus\":\"event\",\"transaction\":\"%s\",\"plugindata\":{\"data\":%s}%s%s}",
	    transaction, data, jsep ? ",\"jsep\":" : "", jsep ? jsep : "");
}

static void answer_message(struct play *p, int fd, const cJSON *r, const char *transaction)
{
	const cJSON *body = cJSON_GetObjectItem(r, "body");
	const char *request = text_of(body, "request");
	char data[1024];

	if (p->refuse) {
		event(fd, transaction, "{\"error_code\":428,\"error\":\"No such feed\"}", NULL);
	} else if (strcmp(request, "joinandconfigure") == 0) {
		event(fd, transaction, "{\"configured\":\"ok\"}",
		      "{\"type\":\"answer\",\"sdp\":\"" DESCRIPTION "\"}");
		if (!p->silent)
			say(fd, "{\"janus\":\"webrtcup\",\"sender\":101}");
	} else if (strcmp(request, "join") == 0) {
		p->joined = (unsigned)cJSON_GetNumberValue(cJSON_GetObjectItem(r, "handle_id"));
		snprintf(data, sizeof(data), "{\"streams\":%s}", p->streams);
		event(fd, transaction, data, "{\"type\":\"offer\",\"sdp\":\"" DESCRIPTION "\"}");
	} else if (strcmp(request, "start") == 0) {
		event(fd, transaction, "{\"started\":\"ok\"}", NULL);
	}
}

static void answer(struct play *p, int fd, const cJSON *r)
{
	const char *kind = text_of(r, "janus"), *transaction = text_of(r, "transaction");

	p->requests++;
	if (strcmp(kind, "create") != 0 &&
	    cJSON_GetNumberValue(cJSON_GetObjectItem(r, "session_id")) != (double)SESSION)
		return;
	if (strcmp(kind, "attach") == 0)
		p->attached = 99 + p->requests; // 101 for the first handle
	if (strcmp(kind, "create") == 0)
		say(fd, "{\"janus\":\"success\",\"transaction\":\"%s\",\"data\":{\"id\":%llu}}",
		    transaction, SESSION);
	else if (strcmp(kind, "attach") == 0)
		say(fd, "{\"janus\":\"success\",\"transaction\":\"%s\",\"data\":{\"id\":%u}}",
		    transaction, p->attached);
	else if (strcmp(kind, "message") == 0)
		answer_message(p, fd, r, transaction);
}

static void *play_run(void *context)
{
	struct play *p = context;
	char text[16384];
	ssize_t n;

	int fd = accept(p->listener, NULL, NULL);
	while ((n = recv(fd, text, sizeof(text), 0)) > 0 && !(p->leave && p->requests > 0)) {
		// jansson, which Janus uses, does not take such an id for a whole number.
		bool good = !memmem(text, (size_t)n, "e+", 2);
		cJSON *r = good ? cJSON_ParseWithLength(text, (size_t)n) : NULL;
		answer(p, fd, r);
		cJSON_Delete(r);
	}
	close(fd);
	return NULL;
}

static void play_begin(struct play *p)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	snprintf(p->path, sizeof(p->path), "/tmp/janus-test-%d", getpid());
	strcpy(a.sun_path, p->path);
	unlink(p->path);
	p->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(p->listener, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(p->listener, 1), 0);
	assert_int_equal(pthread_create(&p->thread, NULL, play_run, p), 0);
}

static void play_end(struct play *p)
{
	pthread_join(p->thread, NULL);
	close(p->listener);
	unlink(p->path);
}

static void ready(void *context, uint32_t member, int result, const struct server_answer *a)
{
	struct heard *h = context;

	h->count++;
	h->member = member;
	h->result = result;
	if (!a)
		return;
	h->answer = *a;
	assert_string_equal(a->ufrag, "lW9S");
	assert_in_range(a->stream_count, 0, 4);
	memcpy(h->streams, a->streams, a->stream_count * sizeof(*a->streams));
}

static struct server *begin(struct play *p, struct heard *h)
{
	if (!p->streams)
		p->streams = both_streams;
	play_begin(p);
	const struct server_options o = {
	        .address = p->path,
	        .pid = getpid(),
	        .events = {.ready = ready, .context = h},
	};
	struct server *s = server_janus.open(&o);
	assert_non_null(s);
	return s;
}

static void end(struct play *p, struct server *s)
{
	server_janus.close(s);
	play_end(p);
}

static void poll_until(struct server *s, const struct heard *h, unsigned count)
{
	for (int i = 0; i < POLLS && h->count < count; i++) {
		assert_int_equal(server_janus.poll(s), 0);
		usleep(1000);
	}
	assert_int_equal(h->count, count);
}

static void speaker_add(struct server *s, const struct heard *h)
{
	struct server_client c = viewer;

	c.tracks = tracks;
	c.track_count = LOAD_TRACKS;
	assert_int_equal(server_janus.member_add(s, 0, &c), 0);
	poll_until(s, h, 1);
}

// -EAGAIN until Janus has the speaker's DTLS.
static int viewer_add(struct server *s, uint32_t member)
{
	int ret = -EAGAIN;

	for (int i = 0; i < POLLS && ret == -EAGAIN; i++) {
		server_janus.poll(s);
		ret = server_janus.member_add(s, member, &viewer);
		usleep(1000);
	}
	return ret;
}

static void a_speaker_offers(void **)
{
	struct play p = {0};
	struct heard h = {0};
	struct server *s = begin(&p, &h);

	speaker_add(s, &h);
	assert_int_equal(h.member, 0);
	assert_int_equal(h.result, 0);
	assert_int_equal(h.answer.ip, 0xc6120002);
	assert_int_equal(h.answer.port, 33292);
	assert_true(h.answer.full_ice);
	assert_false(h.answer.controlling);
	assert_int_equal(h.answer.stream_count, 0);
	end(&p, s);
}

static void a_viewer_is_offered_to(void **)
{
	struct play p = {0};
	struct heard h = {0};
	struct server *s = begin(&p, &h);

	speaker_add(s, &h);
	assert_int_equal(viewer_add(s, 5), 0);
	poll_until(s, &h, 2);
	assert_int_equal(h.member, 5);
	assert_int_equal(h.result, 0);
	assert_true(h.answer.full_ice && h.answer.controlling);
	assert_int_equal(h.answer.stream_count, 2);
	const struct server_stream *v = &h.streams[0], *a = &h.streams[1];
	assert_int_equal(v->ssrc, 5);
	assert_int_equal(v->rtx_ssrc, 6);
	assert_int_equal(v->payload_type, 96);
	assert_int_equal(v->rtx_payload_type, 97);
	assert_int_equal(v->mid_id, 4);
	assert_int_equal(v->track, 0);
	assert_int_equal(a->ssrc, 7);
	assert_int_equal(a->track, 1);
	assert_string_equal(a->mid, "1");
	end(&p, s);
}

static void nobody_watches_before_the_speaker_is_up(void **)
{
	struct play p = {.silent = true};
	struct heard h = {0};
	struct server *s = begin(&p, &h);

	speaker_add(s, &h);
	for (int i = 0; i < 100; i++) {
		server_janus.poll(s);
		assert_int_equal(server_janus.member_add(s, 1, &viewer), -EAGAIN);
		usleep(1000);
	}
	end(&p, s);
}

static void a_refusal_is_told(void **)
{
	struct play p = {.refuse = true};
	struct heard h = {0};
	struct server *s = begin(&p, &h);

	speaker_add(s, &h);
	assert_int_equal(h.result, -EPROTO);
	end(&p, s);
}

static void foreign_streams_are_refused(void **)
{
	static const char *const wrong[] = {
	        "null",
	        "[]",
	        "[{\"mindex\":0,\"feed_id\":1,\"feed_mid\":\"0\"}]",
	        "[{\"mindex\":0,\"feed_id\":2,\"feed_mid\":\"0\"},"
	        "{\"mindex\":1,\"feed_id\":1,\"feed_mid\":\"1\"}]",
	        "[{\"mindex\":0,\"feed_id\":1,\"feed_mid\":\"0\"},"
	        "{\"mindex\":2,\"feed_id\":1,\"feed_mid\":\"1\"}]",
	        "[{\"mindex\":0,\"feed_id\":1,\"feed_mid\":\"0\"},"
	        "{\"mindex\":1,\"feed_id\":1,\"feed_mid\":\"x\"}]",
	        "[{\"mindex\":0,\"feed_id\":1,\"feed_mid\":\"0\"},"
	        "{\"mindex\":-1,\"feed_id\":1,\"feed_mid\":\"1\"}]",
	        "[{\"mindex\":0,\"feed_id\":1,\"feed_mid\":\"0\"},"
	        "{\"mindex\":1,\"feed_id\":1,\"feed_mid\":\"1\"},"
	        "{\"mindex\":1,\"feed_id\":1,\"feed_mid\":\"1\"}]",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct play p = {.streams = wrong[i]};
		struct heard h = {0};
		struct server *s = begin(&p, &h);
		speaker_add(s, &h);
		assert_int_equal(viewer_add(s, 1), 0);
		poll_until(s, &h, 2);
		assert_int_equal(h.result, -EPROTO);
		end(&p, s);
	}
}

// A late event for a member that has left does not affect the next one with its number.
static void a_member_that_left_is_not_answered(void **)
{
	struct play p = {0};
	struct heard h = {0};
	struct server *s = begin(&p, &h);

	speaker_add(s, &h);
	assert_int_equal(viewer_add(s, 1), 0);
	assert_int_equal(server_janus.member_remove(s, 1), 0);
	assert_int_equal(server_janus.member_add(s, 1, &viewer), 0);
	poll_until(s, &h, 2);
	usleep(50000);
	server_janus.poll(s);
	assert_int_equal(h.count, 2);
	assert_int_equal(h.result, 0);
	end(&p, s);
	assert_int_equal(p.joined, p.attached);
}

static void a_janus_that_ends_is_noticed(void **)
{
	struct play p = {.leave = true};
	struct heard h = {0};
	struct server *s = begin(&p, &h);
	struct server_client c = viewer;
	int ret = 0;

	c.tracks = tracks;
	c.track_count = LOAD_TRACKS;
	server_janus.member_add(s, 0, &c);
	for (int i = 0; i < POLLS && ret == 0; i++) {
		ret = server_janus.poll(s);
		usleep(1000);
	}
	assert_int_equal(ret, -ECONNRESET);
	end(&p, s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_speaker_offers),
	        cmocka_unit_test(a_viewer_is_offered_to),
	        cmocka_unit_test(nobody_watches_before_the_speaker_is_up),
	        cmocka_unit_test(a_refusal_is_told),
	        cmocka_unit_test(foreign_streams_are_refused),
	        cmocka_unit_test(a_member_that_left_is_not_answered),
	        cmocka_unit_test(a_janus_that_ends_is_noticed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
