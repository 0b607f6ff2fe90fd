#include "stage.h"

#include "base/json.h"

#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct integrator integrator;

static const struct integrator_account accounts[] = {
        {"free", {NULL}},
        {"other", {NULL}},
        {"lobby", {"waiting-room", "on", NULL}},
        {"shy", {"record-consent", "ask", NULL}},
        {"hooked", {"api-event", "receiver:ok", NULL}},
        {"told",
         {"api-event", "receiver:told", "hook-secret", "0123456789abcdef", "hook-version", "2",
          NULL}},
        {NULL, {NULL}},
};

int stage_setup(void **)
{
	integrator_setup(&integrator, accounts);
	return 0;
}

int stage_teardown(void **)
{
	return integrator_teardown(&integrator);
}

void come(
        struct page *p, const char *account, const char *room, const char *id, const char *claims,
        const char *name
)
{
	char where[256];

	snprintf(
	        where, sizeof(where), "/webinar/?roomId=%s&peerId=%s&session=s-%s&displayName=%s",
	        room, id, id, name ? name : id
	);
	integrator_open(
	        &integrator, p, account, where, claims ? integrator_token(&integrator, claims) : ""
	);
	if (!name)
		return;
	json_free(page_notified(p, "admitted"));
	page_join(p, name);
}

const char *about(const char *peer_id)
{
	static char data[128];
	snprintf(data, sizeof(data), "{\"peerId\":\"%s\",\"kind\":\"audio\"}", peer_id);
	return data;
}

void transport_make(struct page *p, const char *direction, char id[32])
{
	char data[64];

	snprintf(data, sizeof(data), "{\"%s\":true}", direction);
	struct json *answer = page_ask(p, "createWebRtcTransport", data);
	const char *text = json_string(json_object(answer, "data"), "id", 31);
	strcpy(id, text ? text : "");
	json_free(answer);
}

int publish(struct page *p, const char *transport, enum published kind, am_id *id)
{
	static const char audio[] =
	        "{\"mid\":\"%d\",\"codecs\":[{\"mimeType\":\"audio/opus\",\"payloadType\":111,"
	        "\"clockRate\":48000,\"channels\":2}],\"encodings\":[{\"ssrc\":%d}]}";
	static const char video[] =
	        "{\"mid\":\"%d\",\"codecs\":[{\"mimeType\":\"video/VP8\",\"payloadType\":96,"
	        "\"clockRate\":90000}],\"encodings\":[{\"ssrc\":%d}]}";
	char data[1024], parameters[512];

	bool is_sound = kind == MICROPHONE || kind == SCREEN_SOUND;
	bool is_share = kind == SCREEN || kind == SCREEN_SOUND;
	snprintf(
	        parameters, sizeof(parameters), is_sound ? audio : video, (int)kind,
	        (is_sound ? 1111 : 2000) + (int)kind
	);
	snprintf(
	        data, sizeof(data),
	        "{\"transportId\":\"%s\",\"kind\":\"%s\",\"rtpParameters\":%s,\"appData\":%s}",
	        transport, is_sound ? "audio" : "video", parameters,
	        is_share ? "{\"share\":true}" : "{}"
	);
	struct json *answer = page_ask(p, "produce", data);
	const char *text = json_string(json_object(answer, "data"), "id", 31);
	int64_t code = 200;
	if (!text)
		assert_true(json_int(answer, "errorCode", 1, 999, &code));
	if (text && id)
		*id = strtoull(text, NULL, 16);
	json_free(answer);
	return (int)code;
}

static int tracks(bool paused)
{
	int count = 0;
	for (int i = 0; i < AM_TRACK_MAX; i++) {
		const struct am_track_state *t = &integrator.server.dataplane.region.map->tracks[i];
		count += t->id && t->paused == paused;
	}
	return count;
}

void expect_tracks(int playing, int paused)
{
	for (int i = 0; i < SERVER_WAIT_MS && (tracks(false) != playing || tracks(true) != paused);
	     i++)
		server_turn(&integrator.server);
	assert_int_equal(tracks(false), playing);
	assert_int_equal(tracks(true), paused);
}
