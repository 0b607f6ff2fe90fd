// Figures for clients: the objects of mediasoup's getStats(), as far as the data plane counts what
// they contain.
#include "signaling/stats.h"

#include "base/clock.h"
#include "base/json.h"
#include "signaling/handlers.h"
#include "signaling/named.h"
#include "terms/id.h"

#include <errno.h>

static struct json *stat_new(const char *type)
{
	struct json *j = json_new_object();

	json_add_string(j, "type", type);
	json_add_int(j, "timestamp", clock_real_ms());
	return j;
}

// Each object in the list costs as much as a request.
void stats_send(struct connection *c, int64_t id, struct json *list)
{
	size_t count = json_count(list);

	if (count > 1)
		connection_charge(c, (uint32_t)count - 1);
	if (!c->is_renamed)
		return connection_accept(c, id, list);
	struct json *data = json_new_object();
	json_add(data, "stats", list);
	connection_accept(c, id, data);
}

static const char *ice_state_name(uint8_t state)
{
	return state == AM_ICE_CONNECTED ? "connected"
	       : state == AM_ICE_EXPIRED ? "disconnected"
	                                 : "new";
}

static const char *dtls_state_name(uint8_t state)
{
	static const char *const names[AM_DTLS_COUNT] = {
	        [AM_DTLS_NEW] = "new",
	        [AM_DTLS_CONNECTING] = "connecting",
	        [AM_DTLS_CONNECTED] = "connected",
	        [AM_DTLS_FAILED] = "failed",
	        [AM_DTLS_CLOSED] = "closed",
	};
	return state < AM_DTLS_COUNT ? names[state] : "failed";
}

static void
add_transport_figures(struct json *j, const struct connection *c, const struct transport *t)
{
	struct am_transport_figures f;

	conference_transport_figures(conference_of(c), t, &f);
	json_add_int(j, t->consuming ? "bytesSent" : "bytesReceived", (int64_t)f.octets);
	json_add_int(j, t->consuming ? "sendBitrate" : "recvBitrate", f.bps);
}

static struct json *transport_stat(const struct connection *c, const struct transport *t)
{
	struct json *j = stat_new("webrtc-transport");
	const struct transport_link link = conference_link(conference_of(c), t);

	json_add_id(j, "transportId", t->id);
	json_add_string(j, "iceRole", "controlled");
	json_add_string(j, "iceState", ice_state_name(t->ice));
	json_add_string(j, "dtlsState", dtls_state_name(t->dtls));
	json_add_number(
	        j, t->consuming ? "rtpPacketLossSent" : "rtpPacketLossReceived", link.lost / 256.0
	);
	if (link.rtt_ms)
		json_add_int(j, "roundTripTime", link.rtt_ms);
	add_transport_figures(j, c, t);
	uint32_t kbps = conference_downlink_kbps(conference_of(c), t);
	if (t->consuming && kbps)
		json_add_int(j, "availableOutgoingBitrate", (int64_t)kbps * 1000);
	return j;
}

// What an encoding and a subscription have in common.
struct stream_figures {
	uint64_t octets;
	uint32_t packets, bps, loss, nacks;
	uint16_t plis;
	uint8_t jitter_ms;
};

// Jitter is in units of the timestamp, as RFC 3550 6.4.1 has it.
static void
add_stream(struct json *j, const struct stream_figures *f, const struct track *t, uint16_t rtt_ms)
{
	const struct ortc_codec *codec = &ortc_codecs[t->media.codec];

	json_add_string(j, "kind", ortc_kind_name(t->media.kind));
	json_add_string(j, "mimeType", codec->mime);
	json_add_int(j, "packetCount", f->packets);
	json_add_int(j, "byteCount", (int64_t)f->octets);
	json_add_int(j, "bitrate", f->bps);
	json_add_int(j, "packetsLost", am_loss_cumulative(f->loss));
	json_add_int(j, "fractionLost", am_loss_fraction(f->loss));
	json_add_int(j, "jitter", (int64_t)f->jitter_ms * codec->clock_rate / 1000);
	json_add_int(j, "nackCount", f->nacks);
	json_add_int(j, "pliCount", f->plis);
	if (rtt_ms)
		json_add_int(j, "roundTripTime", rtt_ms);
}

static void
add_encoding(struct json *j, const struct connection *c, const struct track *t, int encoding)
{
	struct am_track_figures all;

	conference_track_figures(conference_of(c), t, &all);
	const struct am_encoding_figures *e = &all.encodings[encoding];
	const struct stream_figures f = {e->octets, e->packets, e->bps,      e->loss,
	                                 e->nacks,  e->plis,    e->jitter_ms};
	add_stream(j, &f, t, conference_link(conference_of(c), t->transport).rtt_ms);
	json_add_int(j, "packetsRepaired", e->repaired);
}

static void producer_push(struct json *list, const struct connection *c, const struct track *t)
{
	for (int i = 0; i < t->encoding_count; i++) {
		const struct am_encoding *e = &t->encodings[i];
		struct json *j = stat_new("inbound-rtp");
		if (e->ssrc)
			json_add_int(j, "ssrc", e->ssrc);
		if (e->rtx_ssrc)
			json_add_int(j, "rtxSsrc", e->rtx_ssrc);
		if (e->rid[0])
			json_add_string(j, "rid", e->rid);
		json_add_int(j, "encodingIdx", i);
		json_add_id(j, "producerId", t->id);
		add_encoding(j, c, t, i);
		json_push(list, j);
	}
}

static void add_layers(struct json *j, const struct subscription *s, uint8_t limit)
{
	const char *why = am_limit_name(subscription_limit(s, limit));

	if (s->track->media.kind == ORTC_AUDIO)
		return;
	json_add_int(j, "preferredSpatialLayer", s->spatial_layer);
	json_add_int(j, "preferredTemporalLayer", s->temporal_layer);
	if (s->spatial_layer_now != AM_LAYER_NONE) {
		json_add_int(j, "spatialLayer", s->spatial_layer_now);
		json_add_int(j, "temporalLayer", s->temporal_layer_now);
	}
	if (why)
		json_add_string(j, "limitedBy", why);
}

static struct json *consumer_stat(const struct connection *c, const struct subscription *s)
{
	struct json *j = stat_new("outbound-rtp");
	struct am_subscription_figures f;

	json_add_id(j, "consumerId", s->id);
	json_add_int(j, "ssrc", s->ssrc);
	if (s->rtx_ssrc)
		json_add_int(j, "rtxSsrc", s->rtx_ssrc);
	conference_subscription_figures(conference_of(c), s, &f);
	const struct stream_figures stream = {f.octets, f.packets, f.bps,      f.loss,
	                                      f.nacks,  f.plis,    f.jitter_ms};
	add_stream(j, &stream, s->track, conference_link(conference_of(c), s->transport).rtt_ms);
	json_add_int(j, "packetsRetransmitted", f.retransmitted);
	add_layers(j, s, f.limit);
	return j;
}

// Without an id, all transports of the client.
void handle_transport_stats(struct connection *c, int64_t id, const struct json *data)
{
	bool all = !json_has(data, "transportId");
	const struct transport *t = named_transport(c, data);

	if (!all && !t)
		return connection_reject_errno(c, id, -ENOENT);
	struct json *list = json_new_array();
	for (int i = 0; all && i < 2 * PEER_TRANSPORT_MAX; i++) {
		if (c->peer->transports[i].ready)
			json_push(list, transport_stat(c, &c->peer->transports[i]));
	}
	if (!all)
		json_push(list, transport_stat(c, t));
	stats_send(c, id, list);
}

void handle_producer_stats(struct connection *c, int64_t id, const struct json *data)
{
	bool all = !json_has(data, "producerId");
	const struct track *t = named_track(c, data);

	if (!all && !t)
		return connection_reject_errno(c, id, -ENOENT);
	struct json *list = json_new_array();
	if (!all)
		producer_push(list, c, t);
	LIST_FOREACH (t, &c->peer->tracks, of_owner) {
		if (all && t->ready)
			producer_push(list, c, t);
	}
	stats_send(c, id, list);
}

void handle_consumer_stats(struct connection *c, int64_t id, const struct json *data)
{
	bool all = !json_has(data, "consumerId");
	const struct subscription *s = named_subscription(c, data);

	if (!all && !s)
		return connection_reject_errno(c, id, -ENOENT);
	struct json *list = json_new_array();
	if (!all)
		json_push(list, consumer_stat(c, s));
	LIST_FOREACH (s, &c->peer->subscriptions, of_viewer) {
		if (all && s->ready)
			json_push(list, consumer_stat(c, s));
	}
	stats_send(c, id, list);
}
