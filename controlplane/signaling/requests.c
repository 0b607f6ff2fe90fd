#include "signaling/requests.h"

#include "base/json.h"
#include "room/ortc.h"
#include "signaling/chat.h"
#include "signaling/handlers.h"
#include "signaling/offers.h"

#include <string.h>

#define METHOD_MAX 64
#define ID_MAX     ((int64_t)1 << 53)

// Only clients that speak the newer vocabulary send this request, before anything else.
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

static void handle_nothing(struct connection *c, int64_t id, const struct json *)
{
	connection_accept(c, id, NULL);
}

static void handle_throttle(struct connection *c, int64_t id, const struct json *)
{
	connection_reject(c, id, 403, "not-allowed: no network throttle here");
}

enum grant_to {
	TO_ANYONE, // also to peers that wait to be let in
	TO_ADMITTED,
	TO_MEMBERS, // to peers that have joined
	TO_MODERATORS, // to members that are moderators
};

// told: others are told of the request, so it has a price if it is accepted.
static const struct request {
	const char *method;
	request_fn *handle;
	enum grant_to grant;
	bool told;
} requests[] = {
        {"getRtcStatsUrl", handle_rtc_stats_url, .grant = TO_ADMITTED},
        {"getRouterRtpCapabilities", handle_router_capabilities, .grant = TO_ADMITTED},
        {"createWebRtcTransport", handle_create_transport, .grant = TO_ADMITTED},
        {"connectWebRtcTransport", handle_connect_transport, .grant = TO_ADMITTED},
        {"restartIce", handle_restart_ice, .grant = TO_ADMITTED},
        {"closeTransport", handle_close_transport, .grant = TO_ADMITTED, .told = true},
        {"ping", handle_nothing, .grant = TO_ANYONE},
        {"join", handle_join, .grant = TO_ADMITTED, .told = true},
        {"resume", handle_resume, .grant = TO_ADMITTED}, // the handler charges the price itself
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
        {"startRecording", handle_start_recording, .grant = TO_MODERATORS, .told = true},
        {"stopRecording", handle_stop_recording, .grant = TO_MODERATORS, .told = true},
        {"pauseRecording", handle_pause_recording, .grant = TO_MODERATORS, .told = true},
        {"resumeRecording", handle_resume_recording, .grant = TO_MODERATORS, .told = true},
        {"consentToRecording", handle_consent, .grant = TO_MEMBERS},
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

static bool ends_with(const char *s, const char *end)
{
	size_t len = strlen(s), end_len = strlen(end);
	return len >= end_len && strcmp(s + len - end_len, end) == 0;
}

// The only check of values that become SDP, here and in other pages: rtpParameters,
// rtpCapabilities, sctpCapabilities and the like. A line break in one of them would begin a new
// line of SDP (RFC 8866 5).
static bool parameters_are_printable(const struct json *data)
{
	for (const struct json *m = json_first(data); m; m = json_next(m)) {
		const char *key = json_key(m);
		bool is_sdp = ends_with(key, "Parameters") || ends_with(key, "Capabilities");
		if (is_sdp && !json_is_printable(m))
			return false;
	}
	return true;
}

static void request_handle(struct connection *c, int64_t id, const struct json *message)
{
	const char *method = json_string(message, "method", METHOD_MAX);
	const struct request *r = requests;

	if (!method)
		return;
	while (r->method && strcmp(r->method, method) != 0)
		r++;
	c->told = r->told;
	if (r->method && r->grant == TO_ANYONE)
		return r->handle(c, id, NULL);
	if (c->peer->waiting)
		return connection_reject(c, id, 403, "waiting: a moderator has not let you in yet");
	if (!r->method)
		return connection_reject(c, id, 500, "unknown method");
	// If the page was a member before, but does not resume, it starts anew.
	if (c->resumable && strcmp(method, "resume") != 0) {
		c->resumable = false;
		conference_reset(conference_of(c), c->peer);
	}
	if (r->grant != TO_ADMITTED && !c->peer->joined)
		return connection_reject(c, id, 400, "not-joined: join first");
	if (r->grant == TO_MODERATORS && !c->peer->rights.moderator)
		return connection_reject(c, id, 403, "not-allowed: moderators only");
	const struct json *data = json_object(message, "data");
	if (!parameters_are_printable(data))
		return connection_reject(c, id, 400, "bad-request: control characters");
	r->handle(c, id, data);
}

// Handles the answer to newConsumer, newConsumers or newDataConsumer, the only requests that the
// server sends.
static void response_handle(struct connection *c, const struct json *message)
{
	int64_t id;

	if (json_int(message, "id", 1, UINT32_MAX, &id) && !offer_answer(c, id, message))
		data_answer(c, id, json_is_true(message, "ok"));
}

void request_read(struct connection *c, const char *text, size_t len)
{
	struct json *message = json_parse(text, len);
	int64_t id;

	if (json_is_true(message, "request")) {
		if (json_int(message, "id", 0, ID_MAX, &id))
			request_handle(c, id, message);
	} else if (json_is_true(message, "response")) {
		response_handle(c, message);
	} else if (json_is_true(message, "notification")) {
		request_handle(c, -1, message);
	}
	json_free(message);
}
