#include "scene.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "am_clock.h"

#define START_MS  30000 // sanitizers and DPDK's memory take their time
#define STOP_MS   10000
#define BOOKS_MS  3000
#define SETTLE_MS 800
#define WORDS_MAX 16

struct scene scene;

static void dataplane_exec(const char *command)
{
	char copy[1024], *words[WORDS_MAX + 1];
	size_t n = 0;

	snprintf(copy, sizeof(copy), "%s", command);
	for (char *word = strtok(copy, " "); word && n < WORDS_MAX; word = strtok(NULL, " "))
		words[n++] = word;
	words[n] = NULL;
	int log = open(getenv("AMPHI_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (log >= 0) {
		dup2(log, STDOUT_FILENO);
		dup2(log, STDERR_FILENO);
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execvp(words[0], words);
	_exit(127);
}

int scene_open(void **)
{
	const char *command = getenv("AMPHI_DATAPLANE"), *socket_path = getenv("AMPHI_SOCKET");

	if (!command || !socket_path || !getenv("AMPHI_LOG")) {
		fprintf(stderr, "scene: run this by tests/net/fixture\n");
		return -1;
	}
	scene.dataplane = fork();
	if (scene.dataplane == 0)
		dataplane_exec(command);
	int ret = driver_open(&scene.driver, socket_path, START_MS);
	if (ret < 0)
		fprintf(stderr, "scene: the data plane does not answer: %s\n", strerror(-ret));
	return ret;
}

// Removes all members. False if the data plane refused one.
static bool members_drop(void)
{
	bool good = true;

	for (size_t i = 0; i < scene.member_count; i++) {
		struct member *m = scene.members[i];
		int ret = driver_remove(&scene.driver, AM_CMD_TRANSPORT_REMOVE, m->transport.id);
		good = good && ret == 0;
		client_fini(&m->client);
		free(m);
	}
	scene.member_count = 0;
	return good;
}

int scene_close(void **)
{
	int status = 0;
	uint64_t end = am_clock_ns() + STOP_MS * NS_PER_MS;

	members_drop();
	if (scene.driver.wrong_events)
		fprintf(stderr, "scene: %u malformed events\n", scene.driver.wrong_events);
	driver_close(&scene.driver);
	kill(scene.dataplane, SIGTERM);
	while (waitpid(scene.dataplane, &status, WNOHANG) == 0) {
		if (am_clock_ns() > end) {
			fprintf(stderr, "scene: the data plane does not stop\n");
			kill(scene.dataplane, SIGKILL);
			waitpid(scene.dataplane, &status, 0);
			return -1;
		}
		usleep(20000);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return scene.driver.wrong_events ? -1 : 0;
	fprintf(stderr, "scene: the data plane ended with %s %d\n",
	        WIFSIGNALED(status) ? "signal" : "status",
	        WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return -1;
}

int scene_tap(struct am_tap *tap)
{
	const char *socket_path = getenv("AMPHI_SOCKET");
	char path[128];
	int memfd;

	int dir_len = (int)(strrchr(socket_path, '/') - socket_path);
	snprintf(path, sizeof(path), "%.*s/tap.sock", dir_len, socket_path);
	int connection = am_tap_connect(path, &memfd);
	assert_true(connection >= 0);
	assert_int_equal(am_tap_join(tap, memfd), 0);
	return connection;
}

struct sockaddr_storage scene_server(int family)
{
	struct sockaddr_storage a = {0};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&a;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a;

	a.ss_family = (sa_family_t)family;
	if (family == AF_INET6) {
		v6->sin6_port = htons(SERVER_PORT);
		inet_pton(AF_INET6, "fd00:616d:7068::2", &v6->sin6_addr);
	} else {
		v4->sin_port = htons(SERVER_PORT);
		inet_pton(AF_INET, "198.18.0.2", &v4->sin_addr);
	}
	return a;
}

void party_begin(struct party *p)
{
	members_drop();
	*p = (struct party){.room = ++scene.rooms};
}

static struct member *member_add(
        struct party *p, const struct member_options *o, const struct client_events *events,
        bool speaker
)
{
	uint8_t fingerprint[32];
	struct member *m = calloc(1, sizeof(*m));

	assert_non_null(m);
	assert_true(p->count < PARTY_MEMBERS);
	assert_int_equal(driver_transport_add(&scene.driver, p->room, &m->transport), 0);
	const struct client_config config = {
	        .server = scene_server(o->family ? o->family : AF_INET),
	        .ufrag = m->transport.ufrag,
	        .pwd = m->transport.pwd,
	        .profiles = o->profiles,
	        .dtls_mtu = o->dtls_mtu,
	        .loss_in_permille = o->loss_in_permille,
	        .loss_out_permille = o->loss_out_permille,
	        .seed = p->count + 1,
	        .dtls_server = o->dtls_server,
	};
	void *context = speaker ? (void *)&m->publisher : (void *)&m->viewer;
	assert_int_equal(client_init(&m->client, &config, events, context), 0);
	p->members[p->count] = m;
	scene.members[scene.member_count++] = m;
	p->clients[p->count++] = &m->client;
	peer_fingerprint(fingerprint);
	if (o->wrong_fingerprint)
		fingerprint[31] ^= 1;
	enum am_dtls_role role = o->auto_role     ? AM_DTLS_EITHER
	                         : o->dtls_server ? AM_DTLS_CLIENT
	                                          : AM_DTLS_SERVER;
	if (!o->no_connect)
		assert_int_equal(
		        driver_transport_connect_as(
		                &scene.driver, m->transport.id, role, fingerprint
		        ),
		        0
		);
	return m;
}

struct member *party_transport(struct party *p, const struct member_options *o)
{
	return member_add(p, o, NULL, false);
}

static void extensions_set(uint8_t ids[AM_EXT_COUNT])
{
	ids[AM_EXT_MID] = PUBLISHER_EXT_MID;
	ids[AM_EXT_RID] = PUBLISHER_EXT_RID;
	ids[AM_EXT_REPAIRED_RID] = PUBLISHER_EXT_REPAIRED_RID;
	ids[AM_EXT_ABS_SEND_TIME] = PUBLISHER_EXT_ABS_SEND_TIME;
	ids[AM_EXT_TRANSPORT_CC] = PUBLISHER_EXT_TRANSPORT_CC;
	ids[AM_EXT_AUDIO_LEVEL] = PUBLISHER_EXT_AUDIO_LEVEL;
}

static void video_add(struct member *m)
{
	struct am_msg msg = {.type = AM_CMD_TRACK_ADD};
	struct am_cmd_track_add *t = &msg.track_add;

	m->video_id = driver_track_id(&scene.driver);
	*t = (struct am_cmd_track_add){
	        .track_id = m->video_id,
	        .transport_id = m->transport.id,
	        .clock_rate = 90000,
	        .codec = AM_CODEC_VP8,
	        .payload_type = PUBLISHER_PT_VP8,
	        .rtx_payload_type = PUBLISHER_PT_RTX,
	        .room_payload_type = ROOM_PT_VP8,
	        .room_rtx_payload_type = ROOM_PT_RTX,
	        .nack = 1,
	        .transport_cc = 1,
	        .encoding_count = m->publisher.encodings,
	        .mid = PUBLISHER_MID_VIDEO,
	        .cname = PUBLISHER_CNAME,
	};
	extensions_set(t->extension_id);
	for (uint8_t i = 0; i < t->encoding_count; i++)
		strcpy(t->encodings[i].rid, m->publisher.video[i].rid);
	if (t->encoding_count == 1) { // without simulcast, SSRCs are signaled, and no RIDs
		t->encodings[0].ssrc = m->publisher.video[0].ssrc;
		t->encodings[0].rtx_ssrc = m->publisher.video[0].rtx_ssrc;
	}
	assert_int_equal(driver_command(&scene.driver, &msg), 0);
}

static void sound_add(struct member *m)
{
	struct am_msg msg = {.type = AM_CMD_TRACK_ADD};
	struct am_cmd_track_add *t = &msg.track_add;

	m->sound_id = driver_track_id(&scene.driver);
	*t = (struct am_cmd_track_add){
	        .track_id = m->sound_id,
	        .transport_id = m->transport.id,
	        .clock_rate = 48000,
	        .codec = AM_CODEC_OPUS,
	        .payload_type = PUBLISHER_PT_OPUS,
	        .room_payload_type = ROOM_PT_OPUS,
	        .transport_cc = 1,
	        .voices = m->voices,
	        .encoding_count = 1,
	        .mid = PUBLISHER_MID_AUDIO,
	        .cname = PUBLISHER_CNAME,
	        .encodings = {{.ssrc = m->publisher.audio.ssrc}},
	};
	extensions_set(t->extension_id);
	assert_int_equal(driver_command(&scene.driver, &msg), 0);
}

struct member *party_speaker(struct party *p, const struct member_options *o)
{
	struct member *m = member_add(p, o, &publisher_events, true);

	m->voices = o->voices;
	publisher_init(
	        &m->publisher, &m->client, (uint32_t)(p->room * 64 + p->count),
	        o->encodings ? o->encodings : PUBLISHER_ENCODINGS
	);
	if (!o->tracks_later)
		party_publish(m);
	return m;
}

void party_publish(struct member *m)
{
	video_add(m);
	sound_add(m);
}

static am_id subscription_add(
        struct party *p, const struct member *m, am_id track, const struct member_options *o,
        bool video, struct viewer_subscription **out
)
{
	struct am_msg msg = {.type = AM_CMD_SUBSCRIPTION_ADD};
	struct am_cmd_subscription_add *s = &msg.subscription_add;

	*s = (struct am_cmd_subscription_add){
	        .subscription_id = driver_subscription_id(&scene.driver),
	        .track_id = track,
	        .transport_id = m->transport.id,
	        .paused = o->paused,
	        .spatial_layer = o->spatial,
	        .temporal_layer = o->temporal,
	        .red_payload_type = o->red && !video ? ROOM_PT_RED : 0,
	};
	s->ssrc = driver_ssrc(s->subscription_id);
	s->rtx_ssrc = video ? s->ssrc + 1 : 0;
	snprintf(s->mid, sizeof(s->mid), "%u", p->mid_next++ % 10000u);
	assert_int_equal(driver_command(&scene.driver, &msg), 0);
	*out = viewer_subscribe((struct viewer *)&m->viewer, video, s->ssrc, s->rtx_ssrc, s->mid);
	assert_non_null(*out);
	(*out)->red_payload_type = s->red_payload_type;
	return s->subscription_id;
}

struct member *
party_watcher(struct party *p, const struct member *speaker, const struct member_options *o)
{
	struct member *m = member_add(p, o, &viewer_events, false);

	viewer_init(&m->viewer, &m->client);
	m->video_id = subscription_add(p, m, speaker->video_id, o, true, &m->video);
	m->sound_id = subscription_add(p, m, speaker->sound_id, o, false, &m->sound);
	return m;
}

void party_run(struct party *p, uint64_t ms)
{
	clients_run(p->clients, p->count, ms, NULL, NULL);
	driver_events(&scene.driver);
}

static bool all_connected(void *context)
{
	const struct party *p = context;

	for (size_t i = 0; i < p->count; i++) {
		if (p->clients[i]->peer.state != PEER_CONNECTED)
			return false;
	}
	return true;
}

void party_connect(struct party *p)
{
	if (clients_run(p->clients, p->count, 10000, all_connected, p))
		return;
	driver_print(&scene.driver);
	for (size_t i = 0; i < p->count; i++)
		fprintf(stderr, "  client %zu: state %d, %llu of %llu checks answered\n", i,
		        p->clients[i]->peer.state,
		        (unsigned long long)p->clients[i]->peer.checks_answered,
		        (unsigned long long)p->clients[i]->peer.checks_sent);
	fail_msg("not all are connected after 10 s");
}

void party_settle(struct party *p)
{
	for (size_t i = 0; i < p->count; i++) {
		p->members[i]->publisher.video_off = true;
		p->members[i]->publisher.audio_off = true;
		p->clients[i]->config.loss_in_permille = 0;
		p->clients[i]->config.loss_out_permille = 0;
	}
	party_run(p, SETTLE_MS);
}

static void check_books(void)
{
	char why[128];
	uint64_t end = am_clock_ns() + BOOKS_MS * NS_PER_MS;

	while (!driver_books_balance(&scene.driver, why, sizeof(why))) {
		if (am_clock_ns() > end) {
			driver_print(&scene.driver);
			fail_msg("the books do not balance: %s", why);
		}
		usleep(20000);
	}
}

void party_end(struct party *p)
{
	p->count = 0;
	assert_true(members_drop());
	driver_events(&scene.driver);
	check_books();
}

static void check_subscription(const struct viewer_subscription *s, const struct viewer_verdict *v)
{
	const char *kind = s->video ? "video" : "sound";

	if (v->error[0] || s->wrong_bytes || s->wrong_type || s->wrong_mid || s->unrewritten) {
		driver_print(&scene.driver);
		fail_msg(
		        "%s: %s; %u packets, %u missing, %u asked, %u resent, wrong: %u bytes, "
		        "%u types, %u mids, %u extensions",
		        kind, v->error, s->packets, v->missing, s->asked, s->resent, s->wrong_bytes,
		        s->wrong_type, s->wrong_mid, s->unrewritten
		);
	}
}

struct viewer_verdict check_video(const struct member *watcher)
{
	struct viewer_verdict v = viewer_judge(watcher->video);

	check_subscription(watcher->video, &v);
	assert_int_equal(watcher->viewer.strangers, 0);
	assert_int_equal(watcher->client.srtp_refused, 0);
	assert_int_equal(watcher->client.unknown_in + watcher->client.peer.unknown_in, 0);
	return v;
}

struct viewer_verdict check_sound(const struct member *watcher)
{
	struct viewer_verdict v = viewer_judge(watcher->sound);

	check_subscription(watcher->sound, &v);
	return v;
}

struct waiting {
	am_id id;
	int ice, dtls; // -1: any
	struct am_transport_state state;
};

static bool state_reached(void *context)
{
	struct waiting *w = context;

	driver_events(&scene.driver);
	return driver_transport_state(&scene.driver, w->id, &w->state) &&
	       (w->ice < 0 || w->ice == w->state.ice) && (w->dtls < 0 || w->dtls == w->state.dtls);
}

static void check_state(struct party *p, struct waiting w, uint64_t ms)
{
	if (!clients_run(p->clients, p->count, ms, state_reached, &w))
		fail_msg(
		        "ICE is %u, DTLS is %u; wanted %d and %d (-1: any)", w.state.ice,
		        w.state.dtls, w.ice, w.dtls
		);
}

void check_ice(struct party *p, const struct member *m, enum am_ice_state state, uint64_t ms)
{
	check_state(p, (struct waiting){.id = m->transport.id, .ice = (int)state, .dtls = -1}, ms);
}

void check_dtls(struct party *p, const struct member *m, enum am_dtls_state state, uint64_t ms)
{
	check_state(p, (struct waiting){.id = m->transport.id, .ice = -1, .dtls = (int)state}, ms);
}
