// amphi-demo URL FOLDER: speaks in the webinar "demo" of the control plane at URL, playing the clip
// in FOLDER: a newcomer sees and hears something without a camera. A client as any other, over a
// kernel UDP socket; comes back by itself whatever becomes of the server.
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "am_log.h"
#include "json.h"
#include "peer.h"
#include "protoo.h"
#include "speaker.h"

#define ROOM         "demo"
#define PEER_ID      "amphi-demo" // always the same: who comes later takes the other's place
#define DISPLAY_NAME "Amphi demo"
#define CNAME        "amphi-demo"
#define SESSION_LEN  32
#define ID_MAX       64 // of transports and producers
#define RETRY_NS     500000000ull
#define DATAGRAM_MAX 2048
#define NS_PER_MS    1000000ull

#define VIDEO_PT       96
#define VIDEO_RTX_PT   97
#define AUDIO_PT       111
#define VIDEO_SSRC     1001
#define VIDEO_RTX_SSRC 1002
#define AUDIO_SSRC     1003
#define VIDEO_MID      "0"
#define AUDIO_MID      "1"
#define EXT_MID        4
#define EXT_SEND_TIME  2
#define EXT_TRANSPORT  3
#define EXT_LEVEL      1

// JSON with our numbers in it, as text.
#define TEXT(...) #__VA_ARGS__
#define JSON(...) TEXT(__VA_ARGS__)

// clang-format off
#define EXTENSIONS \
	{"uri": "urn:ietf:params:rtp-hdrext:sdes:mid", "id": EXT_MID}, \
	{"uri": "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time", "id": EXT_SEND_TIME}, \
	{"uri": "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01", \
	 "id": EXT_TRANSPORT}

static const char video[] = JSON({
	"kind": "video",
	"rtpParameters": {
		"mid": VIDEO_MID,
		"codecs": [
			{"mimeType": "video/VP8", "payloadType": VIDEO_PT, "clockRate": 90000,
			 "rtcpFeedback": [{"type": "nack"}, {"type": "nack", "parameter": "pli"},
			                  {"type": "ccm", "parameter": "fir"}, {"type": "transport-cc"}]},
			{"mimeType": "video/rtx", "payloadType": VIDEO_RTX_PT, "clockRate": 90000,
			 "parameters": {"apt": VIDEO_PT}}
		],
		"headerExtensions": [EXTENSIONS],
		"encodings": [{"ssrc": VIDEO_SSRC, "rtx": {"ssrc": VIDEO_RTX_SSRC}}],
		"rtcp": {"cname": CNAME}
	}
});

static const char audio[] = JSON({
	"kind": "audio",
	"rtpParameters": {
		"mid": AUDIO_MID,
		"codecs": [{"mimeType": "audio/opus", "payloadType": AUDIO_PT, "clockRate": 48000, "channels": 2,
		            "rtcpFeedback": [{"type": "transport-cc"}]}],
		"headerExtensions": [EXTENSIONS,
			{"uri": "urn:ietf:params:rtp-hdrext:ssrc-audio-level", "id": EXT_LEVEL}],
		"encodings": [{"ssrc": AUDIO_SSRC}],
		"rtcp": {"cname": CNAME}
	}
});
// clang-format on

// The server's end of a transport, as createWebRtcTransport tells it. Points into the answer.
struct offer {
	const char *id, *ufrag, *pwd;
	uint8_t fingerprint[32];
};

struct demo {
	const char *url;
	char session[SESSION_LEN + 1];
	struct clip video, sound;
	struct protoo *protoo; // NULL: lost
	uint64_t retry_ns; // when to try again where it is lost
	struct json *producers; // ids of what we publish; NULL: not joined
	int udp; // -1: no transport
	bool speaking;
	struct peer peer;
	struct speaker speaker;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

// --- media ---

static void datagram_send(void *context, const uint8_t *bytes, size_t len)
{
	struct demo *d = context;

	// What the kernel does not take is lost, as on any network.
	(void)!send(d->udp, bytes, len, MSG_DONTWAIT);
}

static void media_stop(struct demo *d)
{
	if (d->speaking)
		speaker_fini(&d->speaker);
	if (d->udp >= 0) {
		peer_fini(&d->peer);
		close(d->udp);
	}
	d->speaking = false;
	d->udp = -1;
}

// The keys are there: the clip begins. 0 or -errno.
static int speak(struct demo *d)
{
	const uint8_t *m = d->peer.material;
	struct srtp_keys keys = {.profile = d->peer.profile};
	uint8_t salt = srtp_salt_len(keys.profile);

	// RFC 5764 4.2
	memcpy(keys.client.key, m, SRTP_KEY_LEN);
	memcpy(keys.server.key, m + SRTP_KEY_LEN, SRTP_KEY_LEN);
	memcpy(keys.client.salt, m + 2 * SRTP_KEY_LEN, salt);
	memcpy(keys.server.salt, m + 2 * SRTP_KEY_LEN + salt, salt);
	const struct speaker_config config = {
	        .video = &d->video,
	        .audio = &d->sound,
	        .video_ssrc = VIDEO_SSRC,
	        .video_rtx_ssrc = VIDEO_RTX_SSRC,
	        .audio_ssrc = AUDIO_SSRC,
	        .video_pt = VIDEO_PT,
	        .video_rtx_pt = VIDEO_RTX_PT,
	        .audio_pt = AUDIO_PT,
	        .ext_id =
	                {[AM_EXT_MID] = EXT_MID,
	                 [AM_EXT_ABS_SEND_TIME] = EXT_SEND_TIME,
	                 [AM_EXT_TRANSPORT_CC] = EXT_TRANSPORT,
	                 [AM_EXT_AUDIO_LEVEL] = EXT_LEVEL},
	        .video_mid = VIDEO_MID,
	        .audio_mid = AUDIO_MID,
	        .cname = CNAME,
	        .keys = &keys,
	        .send = datagram_send,
	        .context = d,
	};
	int ret = speaker_init(&d->speaker, &config);
	srtp_keys_wipe(&keys);
	d->speaking = ret == 0;
	if (d->speaking)
		am_info("demo: speaks; room=%s", ROOM);
	return ret;
}

// RFC 7983 and, between RTP and RTCP, RFC 5761 4.
static void datagram_take(struct demo *d, uint8_t *bytes, size_t len)
{
	if (len < 2 || bytes[0] < 128 || bytes[0] > 191)
		peer_receive(&d->peer, bytes, len, now_ns());
	else if (d->speaking && bytes[1] >= 192 && bytes[1] <= 223)
		speaker_receive(&d->speaker, bytes, len, now_ns());
}

// Takes what has come and sends what is due. 0, or -EPIPE where the transport is over.
static int media_step(struct demo *d)
{
	uint8_t bytes[DATAGRAM_MAX];
	ssize_t n;
	int ret = 0;

	while ((n = recv(d->udp, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		datagram_take(d, bytes, (size_t)n);
	peer_tick(&d->peer, now_ns());
	if (d->peer.state == PEER_FAILED || d->peer.state == PEER_CLOSED)
		return -EPIPE;
	if (d->peer.state == PEER_CONNECTED && !d->speaking)
		ret = speak(d);
	if (d->speaking)
		speaker_tick(&d->speaker, now_ns());
	return ret;
}

// --- signaling ---

static bool fingerprint_read(const struct json *parameters, uint8_t out[32])
{
	const struct json *first = json_first(json_array(parameters, "fingerprints"));
	const char *text = json_string(first, "value", 95);
	unsigned byte;

	for (int i = 0; text && i < 32; i++) {
		if (sscanf(text + 3 * i, "%2x", &byte) != 1 || (i < 31) != (text[3 * i + 2] == ':'))
			return false;
		out[i] = (uint8_t)byte;
	}
	return text != NULL;
}

static struct json *fingerprint_json(void)
{
	struct json *f = json_new_object(), *list = json_new_array(), *j = json_new_object();
	uint8_t own[32];
	char text[sizeof(own) * 3 + 1];

	peer_fingerprint(own);
	for (size_t i = 0; i < sizeof(own); i++)
		snprintf(text + 3 * i, 4, "%02X:", own[i]);
	text[sizeof(own) * 3 - 1] = '\0';
	json_add_string(f, "algorithm", "sha-256");
	json_add_string(f, "value", text);
	json_push(list, f);
	json_add_string(j, "role", "client");
	json_add(j, "fingerprints", list);
	return j;
}

// A UDP socket connected to a candidate, or -errno.
static int candidate_connect(const struct json *candidate)
{
	const char *ip = json_string(candidate, "ip", INET6_ADDRSTRLEN);
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	const struct sockaddr *to = (struct sockaddr *)&v4;
	socklen_t len = sizeof(v4);
	int64_t port;

	if (!ip || !json_int(candidate, "port", 1, UINT16_MAX, &port))
		return -EPROTO;
	v4.sin_port = v6.sin6_port = htons((uint16_t)port);
	if (inet_pton(AF_INET6, ip, &v6.sin6_addr) == 1) {
		to = (struct sockaddr *)&v6;
		len = sizeof(v6);
	} else if (inet_pton(AF_INET, ip, &v4.sin_addr) != 1) {
		return -EPROTO;
	}
	int fd = socket(to->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, to, len) < 0) {
		close(fd);
		fd = -1;
	}
	return fd < 0 ? -errno : fd;
}

// Our end: the first candidate to which this machine has a route.
static int transport_open(struct demo *d, const struct json *answer, const struct offer *o)
{
	const struct json *c = json_first(json_array(answer, "iceCandidates"));
	const struct peer_config config = {
	        .ufrag = o->ufrag,
	        .pwd = o->pwd,
	        .fingerprint = o->fingerprint,
	        .send = datagram_send,
	        .context = d,
	};

	int fd = -EPROTO;
	for (; c && fd < 0; c = json_next(c))
		fd = candidate_connect(c);
	if (fd < 0)
		return fd;
	int ret = peer_init(&d->peer, &config);
	if (ret < 0)
		close(fd);
	else
		d->udp = fd;
	return ret;
}

static int transport_connect(struct demo *d, const struct json *answer)
{
	const struct json *ice = json_object(answer, "iceParameters");
	struct offer o = {
	        .id = json_string(answer, "id", ID_MAX),
	        .ufrag = json_string(ice, "usernameFragment", PEER_WORD_MAX),
	        .pwd = json_string(ice, "password", PEER_WORD_MAX),
	};
	struct json *data = json_new_object(), *none = NULL;

	if (!o.id || !o.ufrag || !o.pwd ||
	    !fingerprint_read(json_object(answer, "dtlsParameters"), o.fingerprint)) {
		json_free(data);
		return -EPROTO;
	}
	json_add_string(data, "transportId", o.id);
	json_add(data, "dtlsParameters", fingerprint_json());
	int ret = protoo_request(d->protoo, "connectWebRtcTransport", data, &none);
	json_free(none);
	return ret < 0 ? ret : transport_open(d, answer, &o);
}

static int produce(struct demo *d, const struct json *transport, const char *what)
{
	struct json *data = json_parse(what, strlen(what)), *answer = NULL;

	json_add_string(data, "transportId", json_string(transport, "id", ID_MAX));
	int ret = protoo_request(d->protoo, "produce", data, &answer);
	const char *id = json_string(answer, "id", ID_MAX);
	if (ret == 0 && !id)
		ret = -EPROTO;
	if (ret == 0)
		json_push(d->producers, json_new_string(id));
	json_free(answer);
	return ret;
}

static int join_room(struct demo *d)
{
	static const char self[] =
	        JSON({"displayName" : DISPLAY_NAME, "device" : {"name" : "amphi-demo"}});
	struct json *answer = NULL;
	int ret = protoo_request(d->protoo, "join", json_parse(self, strlen(self)), &answer);

	json_free(answer);
	return ret;
}

// From the beginning.
static int join(struct demo *d)
{
	struct json *wanted = json_new_object(), *transport = NULL;

	json_add_bool(wanted, "producing", true);
	d->producers = json_new_array();
	int ret = protoo_request(d->protoo, "createWebRtcTransport", wanted, &transport);
	if (ret == 0)
		ret = join_room(d);
	if (ret == 0)
		ret = transport_connect(d, transport);
	if (ret == 0)
		ret = produce(d, transport, video);
	if (ret == 0)
		ret = produce(d, transport, audio);
	json_free(transport);
	return ret;
}

static void leave(struct demo *d)
{
	media_stop(d);
	json_free(d->producers);
	d->producers = NULL;
}

// After another control plane, or another WebSocket: true if the server still has all that is ours.
static bool resume(struct demo *d)
{
	struct json *data = json_new_object(), *answer = NULL;

	json_add_string(data, "session", d->session);
	json_add(data, "consumerIds", json_new_array());
	json_add(data, "producerIds", json_copy(d->producers));
	bool same = protoo_request(d->protoo, "resume", data, &answer) == 0 &&
	            json_is_true(answer, "resumed") &&
	            json_count(json_array(answer, "producerIds")) == json_count(d->producers);
	json_free(answer);
	return same;
}

// The WebSocket is lost. What we publish goes on until the server says otherwise.
static void lose(struct demo *d)
{
	protoo_close(d->protoo);
	d->protoo = NULL;
	d->retry_ns = now_ns() + RETRY_NS;
}

static void enter(struct demo *d)
{
	char path[256];

	snprintf(
	        path, sizeof(path),
	        "/webinar/?roomId=" ROOM "&peerId=" PEER_ID "&session=%s&itisparticipant=true",
	        d->session
	);
	d->protoo = protoo_open(d->url, path);
	if (!d->protoo) {
		d->retry_ns = now_ns() + RETRY_NS;
		return;
	}
	if (d->producers && resume(d))
		return;
	leave(d);
	if (join(d) < 0) {
		leave(d);
		lose(d);
	}
}

// --- both ---

static int timeout_ms(const struct demo *d)
{
	uint64_t due = d->protoo ? UINT64_MAX : d->retry_ns, now = now_ns();

	if (d->udp >= 0 && peer_deadline(&d->peer) < due)
		due = peer_deadline(&d->peer);
	if (d->speaking && speaker_deadline(&d->speaker) < due)
		due = speaker_deadline(&d->speaker);
	if (due == UINT64_MAX)
		return -1;
	return due > now ? (int)((due - now + NS_PER_MS - 1) / NS_PER_MS) : 0;
}

static void turn(struct demo *d)
{
	struct pollfd fds[2] = {
	        {.fd = d->protoo ? protoo_fd(d->protoo) : -1, .events = POLLIN},
	        {.fd = d->udp, .events = POLLIN},
	};

	poll(fds, 2, timeout_ms(d));
	if (d->protoo && fds[0].revents != 0 && protoo_step(d->protoo) < 0)
		lose(d);
	if (!d->protoo && now_ns() >= d->retry_ns)
		enter(d);
	if (d->udp >= 0 && media_step(d) < 0) {
		am_warning("demo: the transport is over");
		leave(d);
		lose(d);
	}
}

static int open_clip(struct demo *d, const char *folder)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/720p.ivf", folder);
	int ret = clip_video_init(&d->video, path);
	if (ret < 0)
		return ret;
	snprintf(path, sizeof(path), "%s/sound.opus", folder);
	return clip_audio_init(&d->sound, path);
}

int main(int argc, char **argv)
{
	static struct demo d = {.udp = -1};
	uint8_t random[SESSION_LEN / 2];

	if (argc != 3) {
		fputs("usage: amphi-demo http://HOST:PORT FOLDER\n", stderr);
		return 2;
	}
	if (open_clip(&d, argv[2]) < 0 || srtp_init_library() < 0)
		return EXIT_FAILURE;
	d.url = argv[1];
	getentropy(random, sizeof(random));
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(d.session + 2 * i, 3, "%02x", random[i]);
	while (true)
		turn(&d);
}
