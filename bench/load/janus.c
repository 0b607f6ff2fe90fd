// The server under load is Janus with its videoroom plugin: one session of its API over a Unix
// socket (the pfunix transport), and a handle for each member. A speaker sends an offer, a viewer
// receives one:
//
//	speaker: ATTACHING ─▶ CONFIGURING (our offer) ──its answer──▶ SEATED
//	viewer:  ATTACHING ─▶ JOINING ─its offer─▶ STARTING (our answer) ─▶ SEATED
#include "server.h"

#include "load.h"
#include "net.h"
#include "process.h"
#include "sdp.h"

#include <cjson/cJSON.h>

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PLUGIN      "janus.plugin.videoroom"
#define ROOM        1 // as bench/peers/janus configures it
#define START_MS    20000
#define START_EVERY 50
#define CREATE_MS   5000
#define REQUEST_MAX 8191 // bytes of a request that Janus reads
#define EVENT_MAX   65536
#define SEND_BUFFER (8 << 20) // for as many requests as members may join at the same time
#define SAY_MAX     5 // errors that are reported one by one
#define NS_PER_S    1000000000ull

enum step {
	STEP_ABSENT,
	STEP_ATTACHING,
	STEP_CONFIGURING,
	STEP_JOINING,
	STEP_STARTING,
	STEP_SEATED,
};

// What is known of a member until it is seated.
struct joining {
	struct server_client client; // points into the rest
	char ufrag[SERVER_ICE_MAX + 1], pwd[SERVER_ICE_MAX + 1];
	uint8_t fingerprint[32];
	struct server_track tracks[LOAD_TRACKS];
	struct sdp theirs;
	struct server_stream streams[SERVER_STREAM_MAX];
};

struct seat {
	enum step step;
	uint32_t epoch; // counts joins of this number: answers to earlier ones are ignored
	uint64_t handle; // 0: none
	struct joining *joining;
};

struct feed {
	struct server_track tracks[LOAD_TRACKS];
	bool up; // Janus has finished DTLS, too; only then may others subscribe
};

struct server {
	int fd;
	int pid;
	uint64_t session;
	struct server_events events;
	unsigned said;
	bool lost; // the session is gone
	uint32_t feed_count;
	struct feed feeds[SERVER_SPEAKER_MAX]; // by member number
	char event[EVENT_MAX];
	struct seat seats[NET_MEMBER_MAX];
};

static void complain(struct server *s, const char *about, const char *what)
{
	if (s->said++ < SAY_MAX)
		fprintf(stderr, "bench-load: Janus: %s: %s\n", about, what);
}

static void add_id(cJSON *to, const char *name, uint64_t id)
{
	char text[24]; // cJSON's numbers are doubles, and may be written with an exponent

	snprintf(text, sizeof(text), "%" PRIu64, id);
	cJSON_AddRawToObject(to, name, text);
}

static uint64_t get_id(const cJSON *from, const char *name)
{
	double id = cJSON_GetNumberValue(cJSON_GetObjectItem(from, name));
	return id > 0 ? (uint64_t)id : 0; // Janus keeps its ids below 2^53
}

static const char *get_text(const cJSON *from, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(from, name));
	return text ? text : "";
}

static cJSON *request_new(const struct server *s, const char *kind, uint32_t member)
{
	cJSON *r = cJSON_CreateObject();
	char transaction[24];

	snprintf(transaction, sizeof(transaction), "%u.%u", member, s->seats[member].epoch);
	cJSON_AddStringToObject(r, "janus", kind);
	cJSON_AddStringToObject(r, "transaction", transaction);
	if (s->session)
		add_id(r, "session_id", s->session);
	if (s->seats[member].handle)
		add_id(r, "handle_id", s->seats[member].handle);
	return r;
}

// Sends a request, which it takes over. 0 or -errno.
static int request_send(struct server *s, cJSON *r)
{
	char *text = cJSON_PrintUnformatted(r);
	size_t len = text ? strlen(text) : 0;
	int ret = 0;

	if (len == 0)
		ret = -ENOMEM;
	else if (len > REQUEST_MAX)
		ret = -EMSGSIZE;
	else if (send(s->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		ret = -errno;
	cJSON_free(text);
	cJSON_Delete(r);
	return ret;
}

// The next event that has arrived, or NULL. Sets lost if the connection has ended.
static cJSON *event_take(struct server *s)
{
	ssize_t n = recv(s->fd, s->event, sizeof(s->event), MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN))
		s->lost = true;
	return n > 0 ? cJSON_ParseWithLength(s->event, (size_t)n) : NULL;
}

static int socket_connect(const char *path)
{
	const int size = SEND_BUFFER;
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	int ret = -errno;
	close(fd);
	return ret;
}

static int connect_within(const char *path, uint32_t ms_max, pid_t pid)
{
	int fd = socket_connect(path);

	for (uint32_t ms = 0; fd < 0 && ms < ms_max && process_runs(pid); ms += START_EVERY) {
		usleep(START_EVERY * 1000);
		fd = socket_connect(path);
	}
	return fd;
}

static int session_create(struct server *s)
{
	struct pollfd wait = {.fd = s->fd, .events = POLLIN};

	int ret = request_send(s, request_new(s, "create", 0));
	if (ret < 0)
		return ret;
	if (poll(&wait, 1, CREATE_MS) != 1)
		return -ETIMEDOUT;
	cJSON *e = event_take(s);
	s->session = get_id(cJSON_GetObjectItem(e, "data"), "id");
	cJSON_Delete(e);
	return s->session ? 0 : -EPROTO;
}

static void janus_close(struct server *s)
{
	if (s->fd >= 0)
		close(s->fd);
	for (uint32_t i = 0; i < NET_MEMBER_MAX; i++)
		free(s->seats[i].joining);
	free(s);
}

static struct server *janus_open(const struct server_options *o)
{
	struct server *s = calloc(1, sizeof(*s));

	if (!s) {
		perror("bench-load");
		return NULL;
	}
	s->events = o->events;
	s->pid = o->pid;
	s->fd = connect_within(o->address, START_MS, o->pid);
	int ret = s->fd < 0 ? s->fd : session_create(s);
	if (ret < 0) {
		fprintf(stderr, "bench-load: no Janus at %s: %s\n", o->address, strerror(-ret));
		janus_close(s);
		return NULL;
	}
	return s;
}

// Calls ready, and frees what is only required for joining.
static void seat_end(struct server *s, uint32_t member, int result)
{
	struct seat *seat = &s->seats[member];
	struct joining *j = seat->joining;
	bool viewer = !j->client.tracks;
	const struct server_answer answer = {
	        .ufrag = j->theirs.ufrag,
	        .pwd = j->theirs.pwd,
	        .fingerprint = j->theirs.fingerprint,
	        .ip = j->theirs.ip,
	        .port = j->theirs.port,
	        .full_ice = !j->theirs.lite,
	        .controlling = !j->theirs.lite && viewer,
	        .streams = j->streams,
	        .stream_count = viewer ? j->theirs.media_count : 0,
	};

	seat->joining = NULL;
	seat->step = result < 0 ? STEP_ABSENT : STEP_SEATED;
	s->events.ready(s->events.context, member, result, result < 0 ? NULL : &answer);
	free(j);
}

// Sends a request to the plugin, with or without a session description. Continues with `step`, or
// fails.
static void message_send(
        struct server *s, uint32_t member, enum step step, cJSON *body, const char *type,
        const char *sdp
)
{
	cJSON *r = request_new(s, "message", member);

	cJSON_AddItemToObject(r, "body", body);
	if (sdp) {
		cJSON *jsep = cJSON_AddObjectToObject(r, "jsep");
		cJSON_AddStringToObject(jsep, "type", type);
		cJSON_AddStringToObject(jsep, "sdp", sdp);
	}
	s->seats[member].step = step;
	int ret = request_send(s, r);
	if (ret < 0)
		seat_end(s, member, ret);
}

static cJSON *body_new(const char *request, const char *ptype)
{
	cJSON *body = cJSON_CreateObject();

	cJSON_AddStringToObject(body, "request", request);
	cJSON_AddNumberToObject(body, "room", ROOM);
	if (ptype)
		cJSON_AddStringToObject(body, "ptype", ptype);
	return body;
}

// Feeds are numbered from 1.
static void publish(struct server *s, uint32_t member)
{
	char offer[REQUEST_MAX];
	cJSON *body = body_new("joinandconfigure", "publisher");

	cJSON_AddNumberToObject(body, "id", member + 1);
	size_t len = sdp_write_offer(&s->seats[member].joining->client, offer, sizeof(offer));
	message_send(s, member, STEP_CONFIGURING, body, "offer", len > 0 ? offer : "");
}

static void subscribe(struct server *s, uint32_t member)
{
	cJSON *body = body_new("join", "subscriber");
	cJSON *streams = cJSON_AddArrayToObject(body, "streams");

	for (uint32_t i = 0; i < s->feed_count; i++) {
		cJSON *feed = cJSON_CreateObject();
		cJSON_AddNumberToObject(feed, "feed", i + 1);
		cJSON_AddItemToArray(streams, feed);
	}
	message_send(s, member, STEP_JOINING, body, NULL, NULL);
}

// Reads a feed that the plugin names. 0, or -EPROTO if it is not one of ours.
static int stream_fill(
        const struct server *s, const cJSON *named, const struct sdp *offer,
        struct server_stream *out
)
{
	uint64_t feed = get_id(named, "feed_id");
	const char *mid = get_text(named, "feed_mid");
	double index = cJSON_GetNumberValue(cJSON_GetObjectItem(named, "mindex"));

	if (feed < 1 || feed > s->feed_count || !(index >= 0 && index < offer->media_count))
		return -EPROTO;
	const struct sdp_media *m = &offer->media[(int)index];
	for (uint16_t track = 0; track < LOAD_TRACKS; track++) {
		if (strcmp(s->feeds[feed - 1].tracks[track].mid, mid) != 0)
			continue;
		*out = (struct server_stream){
		        .ssrc = m->ssrc,
		        .rtx_ssrc = m->rtx_ssrc,
		        .speaker = (uint16_t)(feed - 1),
		        .track = track,
		        .payload_type = m->payload_type,
		        .rtx_payload_type = m->rtx_payload_type,
		        .mid_id = m->mid_id,
		};
		memcpy(out->mid, m->mid, sizeof(out->mid));
		return 0;
	}
	return -EPROTO;
}

// Fills in all streams, in the plugin's order, which is that of the offer's sections.
static int streams_fill(struct server *s, struct joining *j, const cJSON *streams)
{
	uint16_t n = 0;
	const cJSON *named;

	cJSON_ArrayForEach(named, streams)
	{
		if (n == j->theirs.media_count ||
		    stream_fill(s, named, &j->theirs, &j->streams[n++]) < 0)
			return -EPROTO;
	}
	return n == j->theirs.media_count ? 0 : -EPROTO;
}

static void offered(struct server *s, uint32_t member, const cJSON *data)
{
	struct joining *j = s->seats[member].joining;
	char answer[REQUEST_MAX];

	int ret = streams_fill(s, j, cJSON_GetObjectItem(data, "streams"));
	if (ret < 0) {
		complain(s, "a viewer's offer", "its streams are not those of the speakers");
		seat_end(s, member, ret);
		return;
	}
	size_t len = sdp_write_answer(&j->client, &j->theirs, answer, sizeof(answer));
	message_send(
	        s, member, STEP_STARTING, body_new("start", NULL), "answer", len > 0 ? answer : ""
	);
}

static int description_take(struct server *s, uint32_t member, const cJSON *e)
{
	const char *text = get_text(cJSON_GetObjectItem(e, "jsep"), "sdp");

	int ret = sdp_parse(&s->seats[member].joining->theirs, text);
	if (ret < 0)
		complain(s, "its description is of no use", text);
	return ret;
}

static void plugin_take(struct server *s, uint32_t member, const cJSON *e)
{
	const cJSON *data = cJSON_GetObjectItem(cJSON_GetObjectItem(e, "plugindata"), "data");
	bool described = cJSON_GetObjectItem(e, "jsep") != NULL;
	enum step step = s->seats[member].step;

	if (cJSON_GetObjectItem(data, "error_code")) {
		complain(s, "the plugin refuses", get_text(data, "error"));
		seat_end(s, member, -EPROTO);
	} else if (described && (step == STEP_CONFIGURING || step == STEP_JOINING)) {
		int ret = description_take(s, member, e);
		if (ret < 0 || step == STEP_CONFIGURING)
			seat_end(s, member, ret);
		else
			offered(s, member, data);
	} else if (step == STEP_STARTING && strcmp(get_text(data, "started"), "ok") == 0) {
		seat_end(s, member, 0);
	}
}

static void attached(struct server *s, uint32_t member, const cJSON *e)
{
	struct seat *seat = &s->seats[member];

	seat->handle = get_id(cJSON_GetObjectItem(e, "data"), "id");
	if (seat->handle == 0)
		seat_end(s, member, -EPROTO);
	else if (seat->joining->client.tracks)
		publish(s, member);
	else
		subscribe(s, member);
}

static void feed_up(struct server *s, uint64_t handle)
{
	for (uint32_t i = 0; i < s->feed_count; i++) {
		if (s->seats[i].handle == handle)
			s->feeds[i].up = true;
	}
}

// Events without a transaction, or for a member that no longer waits, are notifications.
static void news_take(struct server *s, const cJSON *e)
{
	const char *kind = get_text(e, "janus");

	if (strcmp(kind, "webrtcup") == 0)
		feed_up(s, get_id(e, "sender"));
	else if (strcmp(kind, "timeout") == 0)
		s->lost = true;
	else if (strcmp(kind, "error") == 0)
		complain(s, "an error", get_text(cJSON_GetObjectItem(e, "error"), "reason"));
}

static void event_dispatch(struct server *s, const cJSON *e)
{
	const char *kind = get_text(e, "janus");
	uint32_t member, epoch;

	if (sscanf(get_text(e, "transaction"), "%" SCNu32 ".%" SCNu32, &member, &epoch) != 2 ||
	    member >= NET_MEMBER_MAX || epoch != s->seats[member].epoch ||
	    !s->seats[member].joining) {
		news_take(s, e);
	} else if (strcmp(kind, "error") == 0) {
		news_take(s, e);
		seat_end(s, member, -EPROTO);
	} else if (strcmp(kind, "success") == 0 && s->seats[member].step == STEP_ATTACHING) {
		attached(s, member, e);
	} else if (strcmp(kind, "event") == 0) {
		plugin_take(s, member, e);
	}
}

static int janus_poll(struct server *s)
{
	cJSON *e;

	while ((e = event_take(s))) {
		event_dispatch(s, e);
		cJSON_Delete(e);
	}
	return s->lost ? -ECONNRESET : 0;
}

static struct joining *joining_new(const struct server_client *c)
{
	struct joining *j = calloc(1, sizeof(*j));

	if (!j)
		return NULL;
	j->client = *c;
	j->client.ufrag = strncpy(j->ufrag, c->ufrag, SERVER_ICE_MAX);
	j->client.pwd = strncpy(j->pwd, c->pwd, SERVER_ICE_MAX);
	j->client.fingerprint = memcpy(j->fingerprint, c->fingerprint, sizeof(j->fingerprint));
	if (c->tracks)
		j->client.tracks = memcpy(j->tracks, c->tracks, sizeof(j->tracks));
	return j;
}

static bool feeds_up(const struct server *s)
{
	for (uint32_t i = 0; i < s->feed_count; i++) {
		if (!s->feeds[i].up)
			return false;
	}
	return true;
}

static int janus_member_add(struct server *s, uint32_t member, const struct server_client *c)
{
	struct seat *seat = &s->seats[member];

	if (member >= NET_MEMBER_MAX ||
	    (c->tracks && (member >= SERVER_SPEAKER_MAX || c->track_count != LOAD_TRACKS)))
		return -ENOSPC;
	if (!c->tracks && !feeds_up(s))
		return -EAGAIN;
	*seat = (struct seat){.step = STEP_ATTACHING, .epoch = seat->epoch + 1};
	seat->joining = joining_new(c);
	if (!seat->joining)
		return -ENOMEM;
	if (c->tracks) {
		memcpy(s->feeds[member].tracks, c->tracks, sizeof(s->feeds[member].tracks));
		if (s->feed_count <= member)
			s->feed_count = member + 1;
	}
	cJSON *r = request_new(s, "attach", member);
	cJSON_AddStringToObject(r, "plugin", PLUGIN);
	int ret = request_send(s, r);
	if (ret < 0) {
		free(seat->joining);
		seat->joining = NULL;
	}
	return ret;
}

static int janus_member_remove(struct server *s, uint32_t member)
{
	struct seat *seat = &s->seats[member];
	cJSON *r = request_new(s, "detach", member);

	free(seat->joining);
	*seat = (struct seat){.epoch = seat->epoch + 1};
	return request_send(s, r);
}

// A UDP counter of the kernel in the server's network namespace.
static uint64_t udp_count(int pid, const char *name)
{
	char path[64], names[512], values[512], *at_name = NULL, *at_value = NULL;
	uint64_t found = 0;

	snprintf(path, sizeof(path), "/proc/%d/net/snmp", pid);
	FILE *f = fopen(path, "re");
	if (!f)
		return 0;
	while (fgets(names, sizeof(names), f) && fgets(values, sizeof(values), f)) {
		if (strncmp(names, "Udp:", 4) != 0)
			continue;
		char *n = strtok_r(names, " \n", &at_name), *v = strtok_r(values, " \n", &at_value);
		for (; n && v;
		     n = strtok_r(NULL, " \n", &at_name), v = strtok_r(NULL, " \n", &at_value)) {
			if (strcmp(n, name) == 0)
				found = strtoull(v, NULL, 10);
		}
	}
	fclose(f);
	return found;
}

static const char *const udp_losses[] = {"RcvbufErrors", "SndbufErrors", "InCsumErrors", "NoPorts"};
#define UDP_LOSSES (sizeof(udp_losses) / sizeof(udp_losses[0]))

static uint64_t clock_ns_of(clockid_t clock)
{
	struct timespec t = {0};

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

// Counts all threads of the process, including those that have ended; the process has one core.
static void janus_counts(struct server *s, struct server_counts *c)
{
	clockid_t cpu;

	*c = (struct server_counts){
	        .total = clock_ns_of(CLOCK_MONOTONIC),
	        .packets_in = udp_count(s->pid, "InDatagrams"),
	        .packets_out = udp_count(s->pid, "OutDatagrams"),
	        .memory = process_memory(s->pid),
	};
	if (clock_getcpuclockid(s->pid, &cpu) == 0)
		c->busy = c->cpu_ns = clock_ns_of(cpu);
	for (size_t i = 0; i < UDP_LOSSES; i++)
		c->drops += udp_count(s->pid, udp_losses[i]);
}

static void janus_drops(
        struct server *s, void (*one)(void *context, const char *name, uint64_t count),
        void *context
)
{
	for (size_t i = 0; i < UDP_LOSSES; i++) {
		uint64_t n = udp_count(s->pid, udp_losses[i]);
		if (n > 0)
			one(context, udp_losses[i], n);
	}
}

const struct server_calls server_janus = {
        .name = "janus",
        .memory_counted = "resident memory of the process (Rss of smaps_rollup); its sockets' "
                          "buffers in the kernel are not counted",
        .card_checksums = true,
        .early_rollovers = true,
        .open = janus_open,
        .close = janus_close,
        .member_add = janus_member_add,
        .member_remove = janus_member_remove,
        .poll = janus_poll,
        .counts = janus_counts,
        .drops = janus_drops,
};
