#include "guest.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "fingerprint.h"
#include "protoo.h"

#define PATH_MAX_LEN 512

// JSON with our numbers in it, as text.
#define TEXT(...) #__VA_ARGS__
#define JSON(...) TEXT(__VA_ARGS__)

// clang-format off
#define EXTENSIONS \
	{"uri": "urn:ietf:params:rtp-hdrext:sdes:mid", "id": GUEST_EXT_MID}, \
	{"uri": "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time", "id": GUEST_EXT_SEND_TIME}, \
	{"uri": "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01", \
	 "id": GUEST_EXT_TRANSPORT}

static const char video[] = JSON({
	"kind": "video",
	"rtpParameters": {
		"mid": GUEST_VIDEO_MID,
		"codecs": [
			{"mimeType": "video/VP8", "payloadType": GUEST_VIDEO_PT, "clockRate": 90000,
			 "rtcpFeedback": [{"type": "nack"}, {"type": "nack", "parameter": "pli"},
			                  {"type": "ccm", "parameter": "fir"}, {"type": "transport-cc"}]},
			{"mimeType": "video/rtx", "payloadType": GUEST_VIDEO_RTX_PT, "clockRate": 90000,
			 "parameters": {"apt": GUEST_VIDEO_PT}}
		],
		"headerExtensions": [EXTENSIONS],
		"encodings": [{"ssrc": GUEST_VIDEO_SSRC, "rtx": {"ssrc": GUEST_VIDEO_RTX_SSRC}}],
		"rtcp": {"cname": GUEST_CNAME}
	}
});

static const char audio[] = JSON({
	"kind": "audio",
	"rtpParameters": {
		"mid": GUEST_AUDIO_MID,
		"codecs": [{"mimeType": "audio/opus", "payloadType": GUEST_AUDIO_PT, "clockRate": 48000, "channels": 2,
		            "rtcpFeedback": [{"type": "transport-cc"}]}],
		"headerExtensions": [EXTENSIONS,
			{"uri": "urn:ietf:params:rtp-hdrext:ssrc-audio-level", "id": GUEST_EXT_LEVEL}],
		"encodings": [{"ssrc": GUEST_AUDIO_SSRC}],
		"rtcp": {"cname": GUEST_CNAME}
	}
});
// clang-format on

// --- the transport ---

static struct json *dtls_parameters_json(const uint8_t fingerprint[32])
{
	struct json *f = json_new_object(), *list = json_new_array(), *j = json_new_object();
	char text[FINGERPRINT_TEXT + 2];

	for (int i = 0; i < 32; i++)
		snprintf(text + 3 * i, 4, "%02X:", fingerprint[i]);
	text[FINGERPRINT_TEXT] = '\0';
	json_add_string(f, "algorithm", "sha-256");
	json_add_string(f, "value", text);
	json_push(list, f);
	json_add_string(j, "role", "client");
	json_add(j, "fingerprints", list);
	return j;
}

static bool candidate_read(const struct json *candidate, struct sockaddr_storage *out)
{
	const char *ip = json_string(candidate, "ip", INET6_ADDRSTRLEN);
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	int64_t port;

	*out = (struct sockaddr_storage){0};
	if (!ip || !json_int(candidate, "port", 1, UINT16_MAX, &port))
		return false;
	if (inet_pton(AF_INET6, ip, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
		return true;
	}
	v4->sin_family = AF_INET;
	v4->sin_port = htons((uint16_t)port);
	return inet_pton(AF_INET, ip, &v4->sin_addr) == 1;
}

// Reads the answer to createWebRtcTransport.
static int transport_read(struct guest_transport *t, const struct json *answer)
{
	const struct json *ice = json_object(answer, "iceParameters");
	const char *ufrag = json_string(ice, "usernameFragment", GUEST_WORD_MAX);
	const char *pwd = json_string(ice, "password", GUEST_WORD_MAX);
	const struct json *c = json_first(json_array(answer, "iceCandidates"));

	*t = (struct guest_transport){0};
	for (; c && t->candidate_count < GUEST_CANDIDATE_MAX; c = json_next(c))
		t->candidate_count += candidate_read(c, &t->candidates[t->candidate_count]);
	if (!ufrag || !pwd || t->candidate_count == 0 ||
	    !fingerprint_read(json_object(answer, "dtlsParameters"), t->fingerprint))
		return -EPROTO;
	strcpy(t->ufrag, ufrag);
	strcpy(t->pwd, pwd);
	return 0;
}

// --- requests ---

// Sends a request whose answer has no data.
static int request(struct guest *g, const char *method, struct json *data)
{
	struct json *answer = NULL;
	int ret = protoo_request(g->protoo, method, data, &answer);

	json_free(answer);
	return ret;
}

static int join(struct guest *g)
{
	struct json *data = json_new_object(), *device = json_new_object();

	json_add_string(device, "name", "amphi-guest");
	json_add_string(data, "displayName", g->name);
	json_add(data, "device", device);
	return request(g, "join", data);
}

static int connect_transport(struct guest *g, const char *id, const uint8_t fingerprint[32])
{
	struct json *data = json_new_object();

	json_add_string(data, "transportId", id);
	json_add(data, "dtlsParameters", dtls_parameters_json(fingerprint));
	return request(g, "connectWebRtcTransport", data);
}

static int produce(struct guest *g, const char *transport, const char *what)
{
	struct json *data = json_parse(what, strlen(what)), *answer = NULL;

	json_add_string(data, "transportId", transport);
	int ret = protoo_request(g->protoo, "produce", data, &answer);
	const char *id = json_string(answer, "id", GUEST_WORD_MAX);
	if (ret == 0 && !id)
		ret = -EPROTO;
	if (ret == 0)
		json_push(g->producers, json_new_string(id));
	json_free(answer);
	return ret;
}

// Enters with the same requests as a page, in the same order.
static int
enter_anew(struct guest *g, const uint8_t fingerprint[32], struct guest_transport *transport)
{
	struct json *wanted = json_new_object(), *answer = NULL;

	json_add_bool(wanted, "producing", true);
	int ret = protoo_request(g->protoo, "createWebRtcTransport", wanted, &answer);
	const char *id = json_string(answer, "id", GUEST_WORD_MAX);
	if (ret == 0)
		ret = id ? transport_read(transport, answer) : -EPROTO;
	if (ret == 0)
		ret = join(g);
	if (ret == 0)
		ret = connect_transport(g, id, fingerprint);
	g->producers = json_new_array();
	if (ret == 0)
		ret = produce(g, id, video);
	if (ret == 0)
		ret = produce(g, id, audio);
	json_free(answer);
	return ret;
}

// 1 if the server still has all that the guest had, 0 if not, or -errno.
static int resume(struct guest *g)
{
	struct json *data = json_new_object(), *answer = NULL;

	json_add_string(data, "session", g->session);
	json_add(data, "consumerIds", json_new_array());
	json_add(data, "producerIds", json_copy(g->producers));
	int ret = protoo_request(g->protoo, "resume", data, &answer);
	if (ret == 0)
		ret = json_is_true(answer, "resumed") &&
		      json_count(json_array(answer, "producerIds")) == json_count(g->producers);
	json_free(answer);
	return ret;
}

// --- the guest ---

void guest_init(
        struct guest *g, const char *url, const char *room, const char *peer_id, const char *name
)
{
	*g = (struct guest){.url = url, .room = room, .peer_id = peer_id, .name = name};
}

// A new session for each visit, since the session of a guest who was removed is not admitted again.
static void session_make(struct guest *g)
{
	uint8_t random[GUEST_SESSION_LEN / 2];

	memory_random(random, sizeof(random));
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(g->session + 2 * i, 3, "%02x", random[i]);
}

static void hang_up(struct guest *g)
{
	protoo_close(g->protoo);
	g->protoo = NULL;
}

void guest_leave(struct guest *g)
{
	hang_up(g);
	json_free(g->producers);
	g->producers = NULL;
}

bool guest_is_in(const struct guest *g)
{
	return g->producers != NULL;
}

int guest_fd(const struct guest *g)
{
	return g->protoo ? protoo_fd(g->protoo) : -1;
}

int guest_step(struct guest *g)
{
	int ret = protoo_step(g->protoo);

	if (ret < 0)
		hang_up(g);
	return ret;
}

int guest_enter(struct guest *g, const uint8_t fingerprint[32], struct guest_transport *transport)
{
	char path[PATH_MAX_LEN];

	if (!g->producers)
		session_make(g);
	snprintf(
	        path, sizeof(path), "/webinar/?roomId=%s&peerId=%s&session=%s&itisparticipant=true",
	        g->room, g->peer_id, g->session
	);
	g->protoo = protoo_open(g->url, path);
	if (!g->protoo)
		return -errno;
	if (g->producers) {
		int same = resume(g);
		if (same < 0)
			hang_up(g);
		if (same != 0)
			return same < 0 ? same : 0;
		json_free(g->producers);
		g->producers = NULL;
	}
	int ret = enter_anew(g, fingerprint, transport);
	if (ret < 0)
		guest_leave(g);
	return ret < 0 ? ret : 1;
}
