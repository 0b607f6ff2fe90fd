// The server under load is all of Amphi: members join through the control plane, like pages, each
// with its own WebSocket.
//
//	speaker: OPENING ─▶ CAPABILITIES ─▶ TRANSPORT ─▶ JOINING ─▶ CONNECTING ─▶
//	         VIDEO ─▶ AUDIO ─▶ SEATED
//	viewer:  … JOINING ─▶ OFFERED ─newConsumer─▶ CONNECTING ─▶ SEATED
//
// A viewer answers each newConsumer once its transport is connected, as mediasoup-client does.
#include "server.h"

#include "base/json.h"
#include "fingerprint.h"
#include "load.h"
#include "net.h"
#include "process.h"
#include "ws.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START_MS       20000
#define START_EVERY_MS 50
#define SAY_MAX        5 // errors that are reported one by one
#define WORD_MAX       SERVER_ICE_MAX
#define ID_SIZE        17 // of a transport id, as text
#define CAPS_MAX       32768
#define REQUEST_MAX    (CAPS_MAX + 1024)
#define MESSAGE_MAX    262143
#define PARSED_EVERY                                                                               \
	31 // one offer in this many is parsed in full; does not divide a viewer's number of offers
#define METRICS_MAX   262144
#define WORKER_THREAD "rte-worker"
#define SPEAKER_NAME  "speaker-"
#define PRODUCER      "\"producerId\":"

enum step {
	STEP_ABSENT,
	STEP_OPENING,
	STEP_CAPABILITIES,
	STEP_TRANSPORT,
	STEP_JOINING,
	STEP_OFFERED,
	STEP_CONNECTING,
	STEP_VIDEO,
	STEP_AUDIO,
	STEP_SEATED,
};

struct seat {
	struct server *server;
	struct ws *ws; // NULL: none
	enum step step;
	bool viewer;
	uint32_t request; // id of the last one
	uint16_t offered; // consumers that have been offered
	uint16_t held_count;
	uint32_t held[SERVER_STREAM_MAX]; // requests with consumers that are not answered yet
	char transport[ID_SIZE];
	char ufrag[WORD_MAX + 1], pwd[WORD_MAX + 1];
	struct server_track tracks[LOAD_TRACKS]; // a speaker's
};

struct server {
	struct wss wss;
	struct server_events events;
	int pid; // the data plane's
	int control_pid;
	bool lost;
	unsigned said;
	uint64_t offers; // requests with consumers, of all viewers
	uint16_t speaker_count; // members that are speakers
	uint16_t port; // of media
	uint8_t fingerprint[32]; // the server's
	char ours[FINGERPRINT_TEXT + 1]; // the members', which share one certificate
	char caps[CAPS_MAX]; // rtpCapabilities; empty: not known yet
	char request[REQUEST_MAX];
	char text[MESSAGE_MAX + 1]; // the message that is being read
	struct seat seats[NET_MEMBER_MAX];
};

static uint32_t member_of(const struct seat *seat)
{
	return (uint32_t)(seat - seat->server->seats);
}

static void complain(struct server *s, const char *about, const char *what)
{
	if (s->said++ < SAY_MAX)
		fprintf(stderr, "bench-load: Amphi: %s: %s\n", about, what);
}

// Lets this member fail.
static void seat_fail(struct seat *seat, const char *about, const char *what)
{
	struct server *s = seat->server;

	complain(s, about, what);
	if (seat->step != STEP_SEATED)
		s->events.ready(s->events.context, member_of(seat), -EPROTO, NULL);
	else
		s->lost = true;
	seat->step = STEP_ABSENT;
}

// --- requests ---

// data: the contents between its braces.
__attribute__((format(printf, 4, 5))) static void
request_send(struct seat *seat, enum step step, const char *method, const char *data, ...)
{
	struct server *s = seat->server;
	size_t len = (size_t)snprintf(
	        s->request, REQUEST_MAX, "{\"request\":true,\"id\":%u,\"method\":\"%s\",\"data\":{",
	        ++seat->request, method
	);
	va_list args;

	va_start(args, data);
	len += (size_t)vsnprintf(s->request + len, REQUEST_MAX - len, data, args);
	va_end(args);
	seat->step = step;
	if (len + sizeof("}}") > REQUEST_MAX)
		return;
	strcpy(s->request + len, "}}");
	ws_send(seat->ws, s->request, len + 2);
}

static void capabilities_get(struct seat *seat)
{
	request_send(seat, STEP_CAPABILITIES, "getRouterRtpCapabilities", "%s", "");
}

static void transport_make(struct seat *seat)
{
	request_send(
	        seat, STEP_TRANSPORT, "createWebRtcTransport",
	        "\"forceTcp\":false,\"producing\":%s,\"consuming\":%s",
	        seat->viewer ? "false" : "true", seat->viewer ? "true" : "false"
	);
}

static void join(struct seat *seat)
{
	request_send(
	        seat, STEP_JOINING, "join",
	        "\"displayName\":\"Somebody\",\"device\":{\"flag\":\"chrome\","
	        "\"name\":\"Chrome\",\"version\":\"131\"},\"newConsumers\":true%s%s",
	        seat->viewer ? ",\"rtpCapabilities\":" : "", seat->viewer ? seat->server->caps : ""
	);
}

static void transport_connect(struct seat *seat)
{
	request_send(
	        seat, STEP_CONNECTING, "connectWebRtcTransport",
	        "\"transportId\":\"%s\",\"dtlsParameters\":{\"role\":\"client\",\"fingerprints\":["
	        "{\"algorithm\":\"sha-256\",\"value\":\"%s\"}]}",
	        seat->transport, seat->server->ours
	);
}

static int extensions_print(char *out, size_t size, bool video)
{
	const uint8_t *id = server_extension_ids;
	int n = snprintf(
	        out, size,
	        "{\"uri\":\"urn:ietf:params:rtp-hdrext:sdes:mid\",\"id\":%u},"
	        "{\"uri\":\"http://www.webrtc.org/experiments/rtp-hdrext/"
	        "abs-send-time\",\"id\":%u},"
	        "{\"uri\":\"http://www.ietf.org/id/"
	        "draft-holmer-rmcat-transport-wide-cc-extensions-01\",\"id\":%u}",
	        id[AM_EXT_MID], id[AM_EXT_ABS_SEND_TIME], id[AM_EXT_TRANSPORT_CC]
	);

	if (video)
		return n;
	return n + snprintf(
	                   out + n, size - (size_t)n,
	                   ",{\"uri\":\"urn:ietf:params:rtp-hdrext:ssrc-audio-level\",\"id\":%u}",
	                   id[AM_EXT_AUDIO_LEVEL]
	           );
}

static int codecs_print(char *out, size_t size, const struct server_track *t)
{
	if (!t->video)
		return snprintf(
		        out, size,
		        "{\"mimeType\":\"audio/opus\",\"payloadType\":%u,\"clockRate\":48000,"
		        "\"channels\":2,\"rtcpFeedback\":[{\"type\":\"transport-cc\"}]}",
		        t->payload_type
		);
	return snprintf(
	        out, size,
	        "{\"mimeType\":\"video/VP8\",\"payloadType\":%u,\"clockRate\":90000,"
	        "\"rtcpFeedback\":[{\"type\":\"nack\"},{\"type\":\"nack\",\"parameter\":\"pli\"},"
	        "{\"type\":\"ccm\",\"parameter\":\"fir\"},{\"type\":\"transport-cc\"}]},"
	        "{\"mimeType\":\"video/rtx\",\"payloadType\":%u,\"clockRate\":90000,"
	        "\"parameters\":{\"apt\":%u}}",
	        t->payload_type, t->rtx_payload_type, t->payload_type
	);
}

static void produce(struct seat *seat, enum step step, const struct server_track *t)
{
	char codecs[512], extensions[512], rtx[32] = "";

	codecs_print(codecs, sizeof(codecs), t);
	extensions_print(extensions, sizeof(extensions), t->video);
	if (t->rtx_ssrc)
		snprintf(rtx, sizeof(rtx), ",\"rtx\":{\"ssrc\":%u}", t->rtx_ssrc);
	request_send(
	        seat, step, "produce",
	        "\"transportId\":\"%s\",\"kind\":\"%s\",\"appData\":{},\"rtpParameters\":"
	        "{\"mid\":\"%s\",\"codecs\":[%s],\"headerExtensions\":[%s],\"encodings\":"
	        "[{\"ssrc\":%u%s}],\"rtcp\":{\"cname\":\"speaker\"}}",
	        seat->transport, t->video ? "video" : "audio", t->mid, codecs, extensions, t->ssrc,
	        rtx
	);
}

// --- answers ---

// The capabilities of a browser that supports everything the room offers. Copies with
// transport-wide numbers would require feedback that the generator does not send, so the names of
// these extensions are replaced by unknown ones of the same length.
static bool capabilities_take(struct seat *seat, const struct json *data)
{
	static const char unwanted[] = "transport-cc", unwanted_uri[] = "transport-wide-cc";
	struct server *s = seat->server;
	struct json *caps = json_new_object();

	if (s->caps[0] == '\0') {
		json_add(caps, "codecs", json_copy(json_array(data, "codecs")));
		json_add(caps, "headerExtensions", json_copy(json_array(data, "headerExtensions")));
		char *text = json_print(caps);
		for (char *p = text; (p = strstr(p, unwanted)); p += strlen(unwanted))
			memset(p, 'x', strlen(unwanted));
		for (char *p = text; (p = strstr(p, unwanted_uri)); p += strlen(unwanted_uri))
			memset(p, 'x', strlen(unwanted_uri));
		if (strlen(text) < CAPS_MAX)
			strcpy(s->caps, text);
		free(text);
	}
	json_free(caps);
	return s->caps[0] != '\0';
}

static bool transport_take(struct seat *seat, const struct json *data)
{
	const struct json *ice = json_object(data, "iceParameters");
	const char *ufrag = json_string(ice, "usernameFragment", WORD_MAX);
	const char *pwd = json_string(ice, "password", WORD_MAX);
	const char *id = json_string(data, "id", ID_SIZE - 1);
	struct server *s = seat->server;
	int64_t port;

	if (!ufrag || !pwd || !id ||
	    !json_int(
	            json_first(json_array(data, "iceCandidates")), "port", 1, UINT16_MAX, &port
	    ) ||
	    !fingerprint_read(json_object(data, "dtlsParameters"), s->fingerprint))
		return false;
	strcpy(seat->ufrag, ufrag);
	strcpy(seat->pwd, pwd);
	strcpy(seat->transport, id);
	s->port = (uint16_t)port;
	return true;
}

static void consumer_answer(struct seat *seat, uint32_t id)
{
	char text[64];
	int n = snprintf(
	        text, sizeof(text), "{\"response\":true,\"id\":%u,\"ok\":true,\"data\":{}}", id
	);

	ws_send(seat->ws, text, (size_t)n);
}

static void seat_ready(struct seat *seat)
{
	struct server *s = seat->server;
	const struct server_answer answer = {
	        .ufrag = seat->ufrag,
	        .pwd = seat->pwd,
	        .fingerprint = s->fingerprint,
	        .ip = NET_SERVER,
	        .port = s->port,
	};

	seat->step = STEP_SEATED;
	s->events.ready(s->events.context, member_of(seat), 0, &answer);
	for (uint16_t i = 0; i < seat->held_count; i++)
		consumer_answer(seat, seat->held[i]);
	seat->held_count = 0;
}

// Takes the answer to the pending request, and continues with the next one.
static void answer_take(struct seat *seat, const struct json *message)
{
	const struct json *data = json_object(message, "data");
	const char *reason = json_string(message, "errorReason", 256);

	if (!json_is_true(message, "ok"))
		return seat_fail(seat, "refused", reason ? reason : "for no reason");
	switch (seat->step) {
	case STEP_CAPABILITIES:
		return capabilities_take(seat, data)
		               ? transport_make(seat)
		               : seat_fail(seat, "getRouterRtpCapabilities", "bad answer");
	case STEP_TRANSPORT:
		return transport_take(seat, data)
		               ? join(seat)
		               : seat_fail(seat, "createWebRtcTransport", "bad answer");
	case STEP_JOINING:
		if (!seat->viewer)
			return transport_connect(seat);
		seat->step = STEP_OFFERED;
		return;
	case STEP_CONNECTING:
		return seat->viewer ? seat_ready(seat)
		                    : produce(seat, STEP_VIDEO, &seat->tracks[0]);
	case STEP_VIDEO: return produce(seat, STEP_AUDIO, &seat->tracks[1]);
	case STEP_AUDIO: return seat_ready(seat);
	default: return;
	}
}

// --- newConsumer ---

// The number after the first occurrence of key, or 0.
static uint32_t number_after(const char *text, const char *key)
{
	const char *at = text ? strstr(text, key) : NULL;
	return at ? (uint32_t)strtoul(at + strlen(key), NULL, 10) : 0;
}

// False if the fully parsed object says something else.
static bool consumer_is(const struct json *data, const struct server_stream *stream)
{
	const struct json *rtp = json_object(data, "rtpParameters");
	const struct json *encoding = json_first(json_array(rtp, "encodings"));
	const char *peer = json_string(data, "peerId", 32), *mid = json_string(rtp, "mid", 8);
	char speaker[32];
	int64_t ssrc;

	snprintf(speaker, sizeof(speaker), SPEAKER_NAME "%u", stream->speaker);
	return peer && strcmp(peer, speaker) == 0 && mid && strcmp(mid, stream->mid) == 0 &&
	       json_int(encoding, "ssrc", 1, UINT32_MAX, &ssrc) && ssrc == stream->ssrc;
}

// Reads one consumer's object. A browser's JSON parser runs on the viewer's own machine; here all
// viewers share one core, so most objects are only searched for the few values that matter.
static bool consumer_read(const char *text, struct server_stream *stream)
{
	const char *peer = strstr(text, "\"peerId\":\"" SPEAKER_NAME);
	const char *codecs = strstr(text, "\"codecs\":"), *mid = strstr(text, "\"mid\":\"");
	const char *encodings = strstr(text, "\"encodings\":");
	const char *rtx = encodings ? strstr(encodings, "\"rtx\":") : NULL;

	if (!peer || !codecs || !mid || !encodings)
		return false;
	*stream = (struct server_stream){
	        .speaker = (uint16_t)number_after(peer, SPEAKER_NAME),
	        .track = strstr(text, "\"kind\":\"video\"") ? 0 : 1,
	        .ssrc = number_after(encodings, "\"ssrc\":"),
	        .rtx_ssrc = number_after(rtx, "\"ssrc\":"),
	        .payload_type = (uint8_t)number_after(codecs, "\"payloadType\":"),
	        .mid_id = server_extension_ids[AM_EXT_MID],
	};
	if (stream->rtx_ssrc)
		stream->rtx_payload_type =
		        (uint8_t)number_after(strstr(codecs, "video/rtx"), "\"payloadType\":");
	snprintf(stream->mid, sizeof(stream->mid), "%.*s", (int)strcspn(mid + 7, "\""), mid + 7);
	return true;
}

// Takes the object that begins here; parsed: the same object, fully parsed, or NULL.
static void consumer_take(struct seat *seat, const char *text, const struct json *parsed)
{
	struct server *s = seat->server;
	struct server_stream stream;

	if (!consumer_read(text, &stream) || (parsed && !consumer_is(parsed, &stream)))
		return seat_fail(seat, "a consumer is not as it seems", text);
	seat->offered++;
	s->events.offered(
	        s->events.context, member_of(seat),
	        (uint16_t)(stream.speaker * LOAD_TRACKS + stream.track), &stream
	);
}

// Where the next object begins; each names its producer once, after its peer. NULL: there is none.
static char *consumer_find(char *text)
{
	char *at = strstr(text, PRODUCER);

	while (at && at > text && *at != '{')
		at--;
	return at;
}

// Takes newConsumer, or newConsumers with several; answered once the transport is connected.
static void consumers_take(struct seat *seat, char *text, size_t len)
{
	struct server *s = seat->server;
	struct json *message = s->offers++ % PARSED_EVERY == 0 ? json_parse(text, len) : NULL;
	const struct json *data = json_object(message, "data");
	const struct json *parsed = json_array(data, "consumers");
	char *at = consumer_find(text), *end = strrchr(text, ':');
	uint32_t id = end ? (uint32_t)strtoul(end + 1, NULL, 10) : 0;

	parsed = parsed ? json_first(parsed) : data;
	while (at && seat->step != STEP_ABSENT) {
		char *next = consumer_find(strstr(at, PRODUCER) + sizeof(PRODUCER) - 1);
		if (next)
			next[-1] = '\0';
		consumer_take(seat, at, parsed);
		parsed = parsed && next ? json_next(parsed) : NULL;
		at = next;
	}
	json_free(message);
	if (seat->step == STEP_SEATED)
		return consumer_answer(seat, id);
	if (seat->held_count < SERVER_STREAM_MAX)
		seat->held[seat->held_count++] = id;
	if (seat->step == STEP_OFFERED)
		transport_connect(seat);
}

// --- the WebSocket ---

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static void on_open(void *owner)
{
	capabilities_get(owner);
}

static void on_message(void *owner, const char *bytes, size_t len)
{
	struct seat *seat = owner;
	char *text = seat->server->text;
	int64_t id;

	if (len > MESSAGE_MAX)
		return seat_fail(seat, "a message", "too long");
	memcpy(text, bytes, len);
	text[len] = '\0';
	if (begins(text, "{\"notification\":true") && !strstr(text, "\"sessionClosed\""))
		return;
	if (begins(text, "{\"request\":true,\"method\":\"newConsumer"))
		return consumers_take(seat, text, len);
	struct json *message = json_parse(text, len);
	if (json_is_true(message, "response") && json_int(message, "id", 1, UINT32_MAX, &id) &&
	    id == seat->request)
		answer_take(seat, message);
	else
		seat_fail(seat, "unexpected", text);
	json_free(message);
}

static void on_closed(void *owner, const char *why)
{
	struct seat *seat = owner;

	seat->ws = NULL;
	if (seat->step != STEP_ABSENT)
		seat_fail(seat, "a WebSocket", why);
}

static const struct ws_events ws_events = {
        .open = on_open,
        .message = on_message,
        .closed = on_closed,
};

static int control_member_add(struct server *s, uint32_t member, const struct server_client *c)
{
	struct seat *seat = &s->seats[member];
	char path[WS_PATH_MAX + 1];

	if (member >= NET_MEMBER_MAX || (c->tracks && c->track_count != LOAD_TRACKS))
		return -ENOSPC;
	for (int i = 0; i < 32; i++)
		snprintf(s->ours + 3 * i, 4, i < 31 ? "%02X:" : "%02X", c->fingerprint[i]);
	if (seat->ws)
		ws_close(seat->ws);
	*seat = (struct seat){.server = s, .step = STEP_OPENING, .viewer = !c->tracks};
	if (c->tracks)
		memcpy(seat->tracks, c->tracks, sizeof(seat->tracks));
	snprintf(
	        path, sizeof(path), "/webinar/?roomId=storm&peerId=%s%u&session=%032u%s",
	        c->tracks ? SPEAKER_NAME : "viewer-", member, member,
	        c->tracks ? "&itisparticipant=true" : ""
	);
	seat->ws = ws_open(&s->wss, path, seat);
	if (!seat->ws)
		seat->step = STEP_ABSENT;
	return seat->ws ? 0 : -errno;
}

static int control_member_remove(struct server *s, uint32_t member)
{
	struct seat *seat = &s->seats[member];

	if (seat->ws)
		ws_close(seat->ws);
	*seat = (struct seat){.server = s};
	return 0;
}

static int control_poll(struct server *s)
{
	wss_poll(&s->wss);
	return s->lost || !process_runs(s->control_pid) ? -EPIPE : 0;
}

// --- the processes ---

// A blocking GET, only at the ends of a window. Returns the length of the answer; 0: none.
static size_t page_get(const struct server *s, const char *path, char *out, size_t size)
{
	BIO *bio = s->wss.tls ? BIO_new_ssl_connect(s->wss.tls) : BIO_new(BIO_s_connect());
	size_t len = 0;
	int n;

	if (!bio)
		return 0;
	BIO_set_conn_hostname(bio, s->wss.host);
	if (BIO_do_connect(bio) == 1 &&
	    BIO_printf(
	            bio, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path,
	            s->wss.host
	    ) > 0) {
		while (len < size - 1 && (n = BIO_read(bio, out + len, (int)(size - 1 - len))) > 0)
			len += (size_t)n;
	}
	out[len] = '\0';
	BIO_free_all(bio);
	return len;
}

// The sum of a metric over all workers, without the service thread.
static uint64_t metric(const char *text, const char *name)
{
	size_t len = strlen(name);
	uint64_t sum = 0;

	for (const char *p = text; (p = strstr(p, name)); p += len) {
		const char *value = strchr(p, ' ');
		if (p[len] == '{' && p > text && p[-1] == '\n' && value &&
		    !begins(p + len, "{worker=\"service\""))
			sum += strtoull(value, NULL, 10);
	}
	return sum;
}

static void control_counts(struct server *s, struct server_counts *c)
{
	char *text = malloc(METRICS_MAX);

	*c = (struct server_counts){
	        .cpu_ns = process_cpu_ns(s->pid, WORKER_THREAD),
	        .memory = process_memory(s->pid),
	        .signaling_ns = process_cpu_ns(s->control_pid, NULL),
	        .handshakes_ns = process_main_cpu_ns(s->pid),
	};
	if (text && page_get(s, "/metrics", text, METRICS_MAX) > 0) {
		c->busy = metric(text, "amphi_dataplane_busy_cycles_total");
		c->total = c->busy + metric(text, "amphi_dataplane_idle_cycles_total");
		c->packets_in = metric(text, "amphi_dataplane_rx_packets_total");
		c->packets_out = metric(text, "amphi_dataplane_tx_packets_total");
		c->drops = metric(text, "amphi_dataplane_dropped_packets_total");
	}
	free(text);
}

static void control_drops(
        struct server *s, void (*one)(void *context, const char *name, uint64_t count),
        void *context
)
{
	static const char head[] = "amphi_dataplane_dropped_packets_total{worker=\"";
	char *text = malloc(METRICS_MAX), name[64];

	if (text && page_get(s, "/metrics", text, METRICS_MAX) > 0) {
		for (const char *p = text; (p = strstr(p, head)); p += strlen(head)) {
			const char *reason = strstr(p, "reason=\""), *value = strchr(p, ' ');
			if (reason && value && sscanf(reason + 8, "%63[^\"]", name) == 1 &&
			    strtoull(value, NULL, 10) > 0)
				one(context, name, strtoull(value, NULL, 10));
		}
	}
	free(text);
}

static void control_close(struct server *s)
{
	for (uint32_t i = 0; i < NET_MEMBER_MAX; i++) {
		if (s->seats[i].ws)
			ws_close(s->seats[i].ws);
	}
	if (s->control_pid > 0 && !process_stop(s->control_pid))
		fprintf(stderr, "bench-load: WRONG: the control plane did not shut down cleanly\n");
	wss_fini(&s->wss);
	free(s);
}

// Starts the control plane and waits until it listens, which it does once it is connected to the
// data plane. 0 or -errno.
static int control_start(struct server *s, const struct server_options *o)
{
	char text[64];
	int pid = process_start(o->control, o->log);

	if (pid < 0)
		return pid;
	s->control_pid = pid;
	for (int ms = 0; ms < START_MS; ms += START_EVERY_MS) {
		if (!process_runs(pid)) {
			s->control_pid = 0;
			return -ECHILD;
		}
		if (page_get(s, "/healthz", text, sizeof(text)) > 0)
			return 0;
		usleep(START_EVERY_MS * 1000);
	}
	return -ETIMEDOUT;
}

static struct server *control_open(const struct server_options *o)
{
	struct server *s = calloc(1, sizeof(*s));
	int ret = s ? wss_init(&s->wss, o->address, &ws_events) : -ENOMEM;

	if (ret < 0) {
		fprintf(stderr, "bench-load: %s: %s\n", o->address, strerror(-ret));
		free(s);
		return NULL;
	}
	s->events = o->events;
	s->pid = o->pid;
	ret = o->control ? control_start(s, o) : -EINVAL;
	if (ret < 0) {
		fprintf(stderr, "bench-load: no control plane: %s, see %s\n", strerror(-ret),
		        o->log);
		control_close(s);
		return NULL;
	}
	return s;
}

const struct server_calls server_control = {
        .name = "control",
        .memory_counted = "resident memory of the data plane (Rss of smaps_rollup: heap, and its "
                          "part of the shared region) with hugepages",
        .polls = true,
        .open = control_open,
        .close = control_close,
        .member_add = control_member_add,
        .member_remove = control_member_remove,
        .poll = control_poll,
        .counts = control_counts,
        .drops = control_drops,
};
