#include "signaling/connection.h"

#include "base/json.h"
#include "base/limit.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "base/text.h"

#include "am_log.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME_BYTES_MAX   1024 // before trimming
#define DEVICE_MAX       64
#define CAPABILITIES_MAX 65536 // bytes of rtpCapabilities as JSON
#define FINGERPRINT_MAX  8 // in a list

static struct conference *conference_of(const struct connection *c)
{
	return c->signaling->conference;
}

struct transport *connection_transport(const struct connection *c, const struct json *data)
{
	am_id id = id_read(json_string(data, "transportId", 64));
	struct transport *t = conference_transport(conference_of(c), id);
	return t && t->peer == c->peer && t->ready ? t : NULL;
}

// Only clients that speak the newer vocabulary ask for it, before anything else.
static void handle_rtc_stats_url(struct connection *c, int64_t id, const struct json *)
{
	c->is_renamed = true;
	connection_accept(c, id, NULL);
}

static void handle_router_capabilities(struct connection *c, int64_t id, const struct json *)
{
	struct json *data = ortc_router_capabilities();

	json_add(data, "routerRtpCapabilities", ortc_router_capabilities());
	connection_accept(c, id, data);
}

static struct json *ice_parameters_json(const struct transport *t)
{
	struct json *j = json_new_object();

	json_add_string(j, "usernameFragment", t->ufrag);
	json_add_string(j, "password", t->pwd);
	json_add_bool(j, "iceLite", true);
	return j;
}

static struct json *candidate_json(const struct am_address *a, int index, uint16_t port)
{
	char text[INET6_ADDRSTRLEN], foundation[32];
	struct json *j = json_new_object();

	inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->bytes, text, sizeof(text));
	snprintf(foundation, sizeof(foundation), "udpcandidate%d", index);
	json_add_string(j, "foundation", foundation);
	// RFC 8445 5.1.2.1 with type preference 64, component 1
	json_add_int(j, "priority", (64 << 24) + ((10000 - index) << 8) + 255);
	json_add_string(j, "ip", text);
	json_add_string(j, "address", text);
	json_add_string(j, "protocol", "udp");
	json_add_int(j, "port", port);
	json_add_string(j, "type", "host");
	return j;
}

static struct json *dtls_parameters_json(const struct media_info *info)
{
	struct json *j = json_new_object(), *list = json_new_array(), *f = json_new_object();
	char text[sizeof(info->fingerprint) * 3 + 1];

	for (size_t i = 0; i < sizeof(info->fingerprint); i++)
		snprintf(text + i * 3, 4, "%02X:", info->fingerprint[i]);
	text[sizeof(info->fingerprint) * 3 - 1] = '\0';
	json_add_string(f, "algorithm", "sha-256");
	json_add_string(f, "value", text);
	json_push(list, f);
	json_add_string(j, "role", "auto");
	json_add(j, "fingerprints", list);
	return j;
}

static struct json *transport_json(const struct transport *t, const struct media_info *info)
{
	struct json *j = json_new_object(), *candidates = json_new_array();

	for (int i = 0; i < AM_ADDRESS_MAX; i++) {
		if (info->addresses[i].family == 4 || info->addresses[i].family == 6)
			json_push(
			        candidates, candidate_json(&info->addresses[i], i, info->udp_port)
			);
	}
	json_add_id(j, "id", t->id);
	json_add_id(j, "transportId", t->id);
	json_add(j, "iceParameters", ice_parameters_json(t));
	json_add(j, "iceCandidates", candidates);
	json_add(j, "dtlsParameters", dtls_parameters_json(info));
	json_add(j, "sctpParameters", signaling_sctp_json());
	return j;
}

static struct media_call call_of(const struct connection *c, int64_t id)
{
	return (struct media_call){.connection = c->number, .request_id = id};
}

static void transport_added(void *owner, const struct media_call *call, int result)
{
	struct signaling *s = owner;
	struct transport *t = conference_transport_added(s->conference, call->id, result);
	struct connection *c = signaling_connection(s, call->connection);

	if (c && t)
		connection_accept(
		        c, call->request_id, transport_json(t, media_info(s->conference->media))
		);
	else if (c)
		connection_reject_errno(c, call->request_id, result < 0 ? result : -ENOENT);
	// A member who makes its receiving transport late has missed all tracks so far.
	if (t && t->consuming && t->peer->joined)
		conference_subscribe_all(s->conference, t->peer);
}

static void handle_create_transport(struct connection *c, int64_t id, const struct json *data)
{
	const char *direction = json_string(json_object(data, "appData"), "direction", 16);
	bool producing = json_is_true(data, "producing");
	bool consuming = json_is_true(data, "consuming");
	struct media_call call = call_of(c, id);

	if (direction) {
		c->is_renamed = true;
		producing = strcmp(direction, "producer") == 0;
		consuming = strcmp(direction, "consumer") == 0;
	}

	if (producing == consuming)
		return connection_reject(c, id, 400, "bad-request: either producing or consuming");
	bool data_wanted = c->is_renamed || json_object(data, "sctpCapabilities");
	int ret = conference_transport_add(
	        conference_of(c), c->peer, consuming, data_wanted, transport_added, c->signaling,
	        &call
	);
	if (ret < 0)
		connection_reject_errno(c, id, ret);
}

// "AB:CD:…" (RFC 8122 5).
static bool fingerprint_parse(const char *s, struct am_fingerprint *out)
{
	uint32_t len = am_hash_len(out->hash);

	for (uint32_t i = 0; i < len; i++, s += 3) {
		if (!isxdigit((unsigned char)s[0]) || !isxdigit((unsigned char)s[1]) ||
		    s[2] != (i < len - 1 ? ':' : '\0'))
			return false;
		const char digits[] = {s[0], s[1], '\0'};
		out->bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return true;
}

static int hash_read(const char *algorithm)
{
	static const char *const names[AM_HASH_COUNT] = {
	        [AM_HASH_SHA256] = "sha-256",
	        [AM_HASH_SHA384] = "sha-384",
	        [AM_HASH_SHA512] = "sha-512",
	};
	int hash = AM_HASH_COUNT - 1;

	while (hash >= 0 && (!algorithm || strcasecmp(algorithm, names[hash]) != 0))
		hash--;
	return hash;
}

// The strongest that we know, as RFC 8122 5 asks for. NULL, or why there is none.
static const char *fingerprint_read(const struct json *data, struct am_fingerprint *out)
{
	const struct json *list = json_array(json_object(data, "dtlsParameters"), "fingerprints");
	const char *strongest = NULL;
	int left = FINGERPRINT_MAX, best = -1;

	for (const struct json *f = json_first(list); f && left-- > 0; f = json_next(f)) {
		int hash = hash_read(json_string(f, "algorithm", 16));
		if (hash <= best)
			continue;
		best = hash;
		strongest = json_string(f, "value", 3 * AM_FINGERPRINT_MAX - 1);
	}
	if (best < 0)
		return "bad-request: a fingerprint of sha-256, sha-384 or sha-512 is needed";
	*out = (struct am_fingerprint){.hash = (uint8_t)best};
	if (!strongest || !fingerprint_parse(strongest, out))
		return "bad-request: the strongest fingerprint is malformed";
	return NULL;
}

// Ours, from the client's own (RFC 8842 5). -EINVAL: there is no such role.
static int role_read(const struct json *data)
{
	const struct json *parameters = json_object(data, "dtlsParameters");
	const char *role = json_string(parameters, "role", 8);

	if (!json_has(parameters, "role") || (role && strcmp(role, "auto") == 0))
		return AM_DTLS_EITHER;
	if (role && strcmp(role, "client") == 0)
		return AM_DTLS_SERVER;
	return role && strcmp(role, "server") == 0 ? AM_DTLS_CLIENT : -EINVAL;
}

// Acknowledges with {}.
static void done(void *owner, const struct media_call *call, int result)
{
	struct connection *c = signaling_connection(owner, call->connection);

	if (c && result < 0)
		connection_reject_errno(c, call->request_id, result);
	else if (c)
		connection_accept(c, call->request_id, NULL);
}

static void handle_connect_transport(struct connection *c, int64_t id, const struct json *data)
{
	struct transport *t = connection_transport(c, data);
	struct media_call call = call_of(c, id);
	struct am_fingerprint fingerprint;
	int role = role_read(data);

	if (!t)
		return connection_reject_errno(c, id, -ENOENT);
	const char *why = fingerprint_read(data, &fingerprint);
	if (why)
		return connection_reject(c, id, 400, why);
	if (role < 0)
		return connection_reject(
		        c, id, 400, "bad-request: the DTLS role is auto, client or server"
		);
	call.id = t->id;
	int ret = conference_transport_connect(
	        conference_of(c), t, (enum am_dtls_role)role, &fingerprint, done, c->signaling,
	        &call
	);
	if (ret < 0)
		connection_reject_errno(c, id, ret);
}

static void ice_restarted(void *owner, const struct media_call *call, int result)
{
	struct signaling *s = owner;
	struct transport *t = conference_transport(s->conference, call->id);
	struct connection *c = signaling_connection(s, call->connection);

	if (!c)
		return;
	if (result < 0 || !t)
		return connection_reject_errno(c, call->request_id, result < 0 ? result : -ENOENT);
	struct json *data = ice_parameters_json(t);
	json_add(data, "iceParameters", ice_parameters_json(t));
	connection_accept(c, call->request_id, data);
}

static void handle_restart_ice(struct connection *c, int64_t id, const struct json *data)
{
	struct transport *t = connection_transport(c, data);
	struct media_call call = call_of(c, id);

	if (!t)
		return connection_reject_errno(c, id, -ENOENT);
	call.id = t->id;
	int ret = conference_transport_restart_ice(
	        conference_of(c), t, ice_restarted, c->signaling, &call
	);
	if (ret < 0)
		connection_reject_errno(c, id, ret);
}

static void handle_close_transport(struct connection *c, int64_t id, const struct json *data)
{
	struct transport *t = connection_transport(c, data);

	if (!t)
		return connection_reject_errno(c, id, -ENOENT);
	conference_transport_close(conference_of(c), t);
	connection_accept(c, id, NULL);
}

struct json *signaling_peer_json(const struct peer *p)
{
	struct json *j = json_new_object();
	struct json *device = json_parse(p->device, strlen(p->device));

	json_add_string(j, "id", p->id);
	json_add_string(j, "peerId", p->id);
	json_add_string(j, "displayName", p->display_name);
	json_add(j, "device", device ? device : json_new_object());
	json_add_bool(j, "speaker", p->rights.speaker);
	json_add_bool(j, "moderator", p->rights.moderator);
	return j;
}

static void peers_push(struct json *list, const struct peer_list *peers, const struct peer *to)
{
	const struct peer *p;

	TAILQ_FOREACH (p, peers, in_room) {
		if (p != to && peer_is_announced(p, to))
			json_push(list, signaling_peer_json(p));
	}
}

static struct json *peers_json(const struct peer *to)
{
	struct json *list = json_new_array();

	peers_push(list, &to->room->speakers, to);
	if (to->rights.moderator)
		peers_push(list, &to->room->viewers, to);
	return list;
}

static char *device_read(const struct json *data)
{
	static const char *const keys[] = {"flag", "name", "version"};
	const struct json *device = json_object(data, "device");
	struct json *j = json_new_object();

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *value = json_string(device, keys[i], DEVICE_MAX);
		if (value && text_is_printable(value, 1, DEVICE_MAX))
			json_add_string(j, keys[i], value);
	}
	char *text = json_print(j);
	json_free(j);
	return text;
}

// Fills in the peer; a reason if the request is malformed.
static const char *join_read(struct peer *p, const struct json *data)
{
	const char *name = json_string(data, "displayName", NAME_BYTES_MAX);
	const struct json *caps = json_object(data, "rtpCapabilities");

	// A bad one does not count, as in the URL: a page may say the same twice.
	bool is_good = name && (p->name_is_fixed || peer_set_display_name(p, name) == 0);
	if (json_has(data, "displayName") && !is_good)
		am_debug("signaling: bad name ignored; peer=%s", am_log_value(p->id));
	if (json_has(data, "rtpCapabilities") && (!caps || ortc_caps_read(&p->caps, caps) < 0))
		return "bad-request: rtpCapabilities";
	p->consumes = caps != NULL;
	// Newer clients give no sctpCapabilities; who wants no data says so when it is offered.
	const char *chat = json_string(data, "chat", 16);
	p->reads_envelope = chat && strcmp(chat, "envelope") == 0;
	p->heeds_wanted = json_is_true(data, "encodingsWanted");
	p->takes_lists = json_is_true(data, "newConsumers");
	p->takes_data = p->consumes || json_object(data, "sctpCapabilities");
	peer_set_device(p, device_read(data));
	return NULL;
}

// As they are stored; owned by the caller. NULL: they are too large.
static char *capabilities_print(const struct peer *p, const struct json *data)
{
	char *caps = p->consumes ? json_print(json_object(data, "rtpCapabilities"))
	                         : memory_copy_string("");

	if (strlen(caps) <= CAPABILITIES_MAX)
		return caps;
	free(caps);
	return NULL;
}

// Whether the peer's address may join its room once more now.
static bool join_take_turn(const struct connection *c)
{
	const struct signaling *s = c->signaling;
	char name[LIMIT_NAME_MAX + 1];
	uint32_t wait_s;

	snprintf(name, sizeof(name), "%llx %s", (unsigned long long)c->peer->room->id, c->client);
	return limit_take(s->joins, name, loop_now_ms(s->loop), &wait_s);
}

static void handle_join(struct connection *c, int64_t id, const struct json *data)
{
	struct peer *p = c->peer;

	if (p->joined)
		return connection_reject(c, id, 409, "already: joined before");
	enum refusal refusal = room_admits(p->room, p->room->kind, p->rights.speaker, NULL);
	if (refusal != REFUSAL_NONE) {
		metric_count_refusal(refusal);
		return connection_reject_refusal(c, id, refusal);
	}
	const char *why = join_read(p, data);
	if (why)
		return connection_reject(c, id, 400, why);
	char *caps = capabilities_print(p, data);
	if (!caps)
		return connection_reject(c, id, 400, "bad-request: rtpCapabilities too large");
	if (!join_take_turn(c)) {
		free(caps);
		conference_expect_join_anew(conference_of(c), p);
		return connection_reject_errno(c, id, -EAGAIN);
	}
	conference_join(conference_of(c), p, caps);
	metric_count(METRIC_joins);
	free(caps);

	struct json *answer = json_new_object();
	json_add(answer, "peers", peers_json(p));
	connection_accept(c, id, answer);
	connection_send_waiting(c);
	connection_send_activity(c);
	conference_welcome(conference_of(c), p); // after the answer: the client counts on it
}

// Marks what the page still has, and lists what of it is alive, and what of that is paused by its
// publisher.
static struct json *
consumers_mark(struct connection *c, const struct json *data, struct json *paused)
{
	struct json *alive = json_new_array();
	struct subscription *s;

	LIST_FOREACH(s, &c->peer->subscriptions, of_viewer)
	s->listed = false;
	for (const struct json *e = json_first(json_array(data, "consumerIds")); e;
	     e = json_next(e)) {
		const char *text = json_text(e, 64);
		s = conference_subscription(conference_of(c), id_read(text));
		if (!s || s->viewer != c->peer || !s->ready || s->listed)
			continue;
		s->listed = true;
		json_push(alive, json_new_string(text));
		if (s->track->paused)
			json_push(paused, json_new_string(text));
	}
	return alive;
}

static struct json *producers_mark(struct connection *c, const struct json *data)
{
	struct json *alive = json_new_array();
	struct track *t;

	LIST_FOREACH(t, &c->peer->tracks, of_owner)
	t->listed = false;
	for (const struct json *e = json_first(json_array(data, "producerIds")); e;
	     e = json_next(e)) {
		const char *text = json_text(e, 64);
		t = conference_track(conference_of(c), id_read(text));
		if (!t || t->owner != c->peer || !t->ready || t->listed)
			continue;
		t->listed = true;
		json_push(alive, json_new_string(text));
	}
	return alive;
}

// What there is to send and receive with: a speaker who was made a viewer, and a speaker again, all
// while its socket was lost, has a dead one.
static struct json *transports_alive(const struct peer *p)
{
	struct json *alive = json_new_array();
	char id[ID_TEXT_SIZE];

	for (int i = 0; i < 2 * PEER_TRANSPORT_MAX; i++) {
		if (!p->transports[i].id || !p->transports[i].ready)
			continue;
		id_print(p->transports[i].id, id);
		json_push(alive, json_new_string(id));
	}
	return alive;
}

// Brings the page and the server together after the answer: what only one side has.
static void resume_settle(struct connection *c)
{
	struct track *t = LIST_FIRST(&c->peer->tracks), *next;
	struct subscription *s;

	for (; t; t = next) {
		next = LIST_NEXT(t, of_owner);
		if (!t->listed) {
			conference_track_remove(conference_of(c), t);
			continue;
		}
		conference_tell_wanted(conference_of(c), t);
		conference_tell_unfit(conference_of(c), t);
	}
	LIST_FOREACH(s, &c->peer->subscriptions, of_viewer)
	{
		if (s->listed && !s->confirmed)
			conference_subscription_confirm(conference_of(c), s);
		else if (!s->listed && s->ready)
			signaling_send_consumer(c, s);
		if (s->listed && s->withheld) // its tile has forgotten it
			conference_of(c)->events->layers_changed(
			        conference_of(c)->events->owner, s
			);
	}
	struct transport *hears = peer_transport_consuming(c->peer);
	if (hears && hears->data_ready && !c->peer->reads_envelope)
		conference_sources_offer(conference_of(c), hears);
	else if (hears && hears->data_ready && !hears->data_confirmed)
		signaling_send_data_consumer(c, hears);
	if (c->peer->lacks) // is said again: a page that was away may have missed its end
		conference_of(c)->events->lacking(conference_of(c)->events->owner, c->peer);
	conference_subscribe_all(conference_of(c), c->peer);
}

static void handle_resume(struct connection *c, int64_t id, const struct json *data)
{
	const char *session = json_string(data, "session", PEER_SESSION_MAX);
	bool resumed = c->resumable && session && strcmp(session, c->peer->session) == 0 &&
	               peer_has_transport(c->peer);
	struct json *answer = json_new_object(), *paused = json_new_array();

	c->resumable = false;
	if (c->peer->joined)
		connection_pay(c);
	json_add_bool(answer, "resumed", resumed);
	if (!resumed) {
		json_free(paused);
		conference_reset(conference_of(c), c->peer);
		return connection_accept(c, id, answer);
	}
	json_add(answer, "peers", peers_json(c->peer));
	json_add(answer, "consumerIds", consumers_mark(c, data, paused));
	json_add(answer, "pausedConsumerIds", paused);
	json_add(answer, "producerIds", producers_mark(c, data));
	json_add(answer, "transportIds", transports_alive(c->peer));
	connection_accept(c, id, answer);
	connection_send_waiting(c);
	connection_send_activity(c);
	resume_settle(c);
}

static void handle_display_name(struct connection *c, int64_t id, const struct json *data)
{
	const char *name = json_string(data, "displayName", NAME_BYTES_MAX);
	char old[PEER_NAME_SIZE];

	if (c->peer->name_is_fixed)
		return connection_reject(c, id, 403, "not-allowed: the name is signed");
	strcpy(old, c->peer->display_name);
	if (!name || peer_set_display_name(c->peer, name) < 0)
		return connection_reject(
		        c, id, 400, "bad-name: 1 to 64 characters, no control characters"
		);
	connection_accept(c, id, NULL);
	conference_rename(conference_of(c), c->peer, old);
}

static void handle_nothing(struct connection *c, int64_t id, const struct json *)
{
	connection_accept(c, id, NULL);
}

static void handle_throttle(struct connection *c, int64_t id, const struct json *)
{
	connection_reject(c, id, 403, "not-allowed: no network throttle here");
}

const struct request signaling_requests[] = {
        {"getRtcStatsUrl", handle_rtc_stats_url, .grant = TO_ADMITTED},
        {"getRouterRtpCapabilities", handle_router_capabilities, .grant = TO_ADMITTED},
        {"createWebRtcTransport", handle_create_transport, .grant = TO_ADMITTED},
        {"connectWebRtcTransport", handle_connect_transport, .grant = TO_ADMITTED},
        {"restartIce", handle_restart_ice, .grant = TO_ADMITTED},
        {"closeTransport", handle_close_transport, .grant = TO_ADMITTED, .told = true},
        {"ping", handle_nothing, .grant = TO_ANYONE},
        {"join", handle_join, .grant = TO_ADMITTED, .told = true},
        {"resume", handle_resume, .grant = TO_ADMITTED}, // pays where it has something to tell
        {"getScreenCodec", handle_screen_codec, .grant = TO_MEMBERS},
        {"produce", handle_produce, .grant = TO_MEMBERS},
        {"closeProducer", handle_close_producer, .grant = TO_MEMBERS, .told = true},
        {"produceData", handle_produce_data, .grant = TO_MEMBERS},
        {"closeDataProducer", handle_close_data_producer, .grant = TO_MEMBERS, .told = true},
        {"pauseProducer", handle_pause_producer, .grant = TO_MEMBERS, .told = true},
        {"resumeProducer", handle_resume_producer, .grant = TO_MEMBERS, .told = true},
        {"pauseConsumer", handle_pause_consumer, .grant = TO_MEMBERS},
        {"resumeConsumer", handle_resume_consumer, .grant = TO_MEMBERS},
        {"setConsumerPreferredLayers", handle_preferred_layers, .grant = TO_MEMBERS},
        {"setConsumerPriority", handle_priority, .grant = TO_MEMBERS},
        {"requestConsumerKeyFrame", handle_key_frame, .grant = TO_MEMBERS},
        {"changeDisplayName", handle_display_name, .grant = TO_MEMBERS, .told = true},
        {"raiseHand", handle_raise_hand, .grant = TO_MEMBERS, .told = true},
        {"admitPeer", handle_admit, .grant = TO_MODERATORS, .told = true},
        {"admitAll", handle_admit_all, .grant = TO_MODERATORS, .told = true},
        {"declinePeer", handle_decline, .grant = TO_MODERATORS, .told = true},
        {"declineAll", handle_decline_all, .grant = TO_MODERATORS, .told = true},
        {"mutePeer", handle_mute, .grant = TO_MODERATORS, .told = true},
        {"muteAll", handle_mute_all, .grant = TO_MODERATORS, .told = true},
        {"removePeer", handle_remove, .grant = TO_MODERATORS, .told = true},
        {"promotePeer", handle_promote, .grant = TO_MODERATORS, .told = true},
        {"demotePeer", handle_demote, .grant = TO_MODERATORS, .told = true},
        {"closeRoom", handle_close_room, .grant = TO_MODERATORS, .told = true},
        {"lowerHand", handle_lower_hand, .grant = TO_MODERATORS, .told = true},
        {"setRoomVideo", handle_room_video, .grant = TO_MODERATORS, .told = true},
        {"setRoomBitrate", handle_room_bitrate, .grant = TO_MODERATORS, .told = true},
        {"reportQuality", handle_report_quality, .grant = TO_MEMBERS},
        {"getTransportStats", handle_transport_stats, .grant = TO_ADMITTED},
        {"getProducerStats", handle_producer_stats, .grant = TO_ADMITTED},
        {"getConsumerStats", handle_consumer_stats, .grant = TO_ADMITTED},
        {"getDataProducerStats", handle_data_producer_stats, .grant = TO_ADMITTED},
        {"getDataConsumerStats", handle_data_consumer_stats, .grant = TO_ADMITTED},
        {"applyNetworkThrottle", handle_throttle, .grant = TO_ADMITTED},
        {"resetNetworkThrottle", handle_throttle, .grant = TO_ADMITTED},
        {"stopNetworkThrottle", handle_throttle, .grant = TO_ADMITTED},
        {0},
};
