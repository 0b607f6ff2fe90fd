#include "am_schema.h"

#include <errno.h>
#include <string.h>

static const char *const names[AM_MSG_COUNT] = {
        [AM_MSG_NONE] = "none",
        [AM_CMD_TRANSPORT_ADD] = "transport_add",
        [AM_CMD_TRANSPORT_CONNECT] = "transport_connect",
        [AM_CMD_TRANSPORT_RESTART_ICE] = "transport_restart_ice",
        [AM_CMD_TRANSPORT_REMOVE] = "transport_remove",
        [AM_CMD_TRACK_ADD] = "track_add",
        [AM_CMD_TRACK_PAUSE] = "track_pause",
        [AM_CMD_TRACK_TAP] = "track_tap",
        [AM_CMD_TRACK_KEY_FRAME] = "track_key_frame",
        [AM_CMD_TRACK_REMOVE] = "track_remove",
        [AM_CMD_SUBSCRIPTION_ADD] = "subscription_add",
        [AM_CMD_SUBSCRIPTION_PAUSE] = "subscription_pause",
        [AM_CMD_SUBSCRIPTION_LAYERS] = "subscription_layers",
        [AM_CMD_SUBSCRIPTION_KEY_FRAME] = "subscription_key_frame",
        [AM_CMD_SUBSCRIPTION_REMOVE] = "subscription_remove",
        [AM_CMD_DATA_PRODUCER_ADD] = "data_producer_add",
        [AM_CMD_DATA_PRODUCER_REMOVE] = "data_producer_remove",
        [AM_CMD_DATA_CONSUMER_ADD] = "data_consumer_add",
        [AM_CMD_DATA_CONSUMER_SOURCE] = "data_consumer_source",
        [AM_CMD_DATA_CONSUMER_START] = "data_consumer_start",
        [AM_CMD_DATA_CONSUMER_REMOVE] = "data_consumer_remove",
        [AM_CMD_ROOM_TAP] = "room_tap",
        [AM_EVENT_ACK] = "ack",
        [AM_EVENT_TRANSPORT_STATE] = "transport_state",
        [AM_EVENT_SUBSCRIPTION_LAYERS] = "subscription_layers_now",
        [AM_EVENT_TRACK_TOO_LONG] = "track_too_long",
        [AM_EVENT_TRACK_WANTED] = "track_wanted",
};

const char *am_msg_name(uint16_t type)
{
	return type < AM_MSG_COUNT ? names[type] : "unknown";
}

static bool id_is_valid(am_id id, uint32_t slots)
{
	return am_id_epoch(id) != 0 && am_id_slot(id) < slots;
}

static bool string_is_terminated(const char *s, size_t size)
{
	return memchr(s, '\0', size) != NULL;
}

static bool pt_is_valid(uint8_t pt)
{
	// 64 to 95 collide with RTCP on a muxed transport (RFC 5761 4).
	return pt < 64 || (pt >= 96 && pt < 128);
}

static bool credentials_are_valid(am_id id, const char *ufrag, const char *pwd)
{
	for (int i = 0; i < AM_UFRAG_LEN; i++) {
		if (ufrag[i] < '+' || ufrag[i] > 'z')
			return false;
	}
	for (int i = 0; i < AM_PWD_LEN; i++) {
		if (pwd[i] < '+' || pwd[i] > 'z')
			return false;
	}
	return id_is_valid(id, AM_TRANSPORT_MAX) &&
	       am_ufrag_slot(ufrag, AM_UFRAG_LEN) == am_id_slot(id);
}

static bool track_add_is_valid(const struct am_cmd_track_add *t)
{
	if (!id_is_valid(t->track_id, AM_TRACK_MAX) ||
	    !id_is_valid(t->transport_id, AM_TRANSPORT_MAX))
		return false;
	if (t->codec >= AM_CODEC_COUNT || t->clock_rate < 8000 || t->clock_rate > 192000)
		return false;
	if (!pt_is_valid(t->payload_type) || !pt_is_valid(t->rtx_payload_type) ||
	    !pt_is_valid(t->room_payload_type) || !pt_is_valid(t->room_rtx_payload_type))
		return false;
	if (t->paused > 1 || t->nack > 1 || t->transport_cc > 1 || t->screen > 1)
		return false;
	if (t->encoding_count < 1 || t->encoding_count > AM_ENCODING_MAX)
		return false;
	if (!string_is_terminated(t->mid, sizeof(t->mid)) ||
	    !string_is_terminated(t->cname, sizeof(t->cname)))
		return false;
	for (int i = 0; i < t->encoding_count; i++) {
		if (!string_is_terminated(t->encodings[i].rid, sizeof(t->encodings[i].rid)))
			return false;
	}
	return true;
}

static bool subscription_add_is_valid(const struct am_cmd_subscription_add *s)
{
	return id_is_valid(s->subscription_id, AM_SUBSCRIPTION_MAX) &&
	       id_is_valid(s->track_id, AM_TRACK_MAX) &&
	       id_is_valid(s->transport_id, AM_TRANSPORT_MAX) && s->ssrc != 0 &&
	       s->ssrc != s->rtx_ssrc && string_is_terminated(s->mid, sizeof(s->mid)) &&
	       s->paused <= 1 && s->transport_cc <= 1 && s->red_payload_type <= 127;
}

static bool data_add_is_valid(const struct am_cmd_data_add *d)
{
	uint16_t streams = d->tag_len ? AM_DATA_STREAMS_IN : AM_DATA_STREAMS_OUT;

	return id_is_valid(d->transport_id, AM_TRANSPORT_MAX) && d->stream < streams &&
	       d->tag_len <= AM_DATA_TAG_MAX && !memchr(d->tag, '\n', d->tag_len);
}

static bool data_source_is_valid(const struct am_cmd_data_source *d)
{
	return id_is_valid(d->transport_id, AM_TRANSPORT_MAX) && d->stream < AM_DATA_SOURCES &&
	       (!d->source_id || id_is_valid(d->source_id, AM_TRANSPORT_MAX));
}

static bool msg_is_valid(const struct am_msg *m)
{
	switch (m->type) {
	case AM_CMD_TRANSPORT_ADD:
		return credentials_are_valid(
		        m->transport_add.transport_id, m->transport_add.ufrag, m->transport_add.pwd
		);
	case AM_CMD_TRANSPORT_RESTART_ICE:
		return credentials_are_valid(
		        m->transport_restart_ice.transport_id, m->transport_restart_ice.ufrag,
		        m->transport_restart_ice.pwd
		);
	case AM_CMD_TRANSPORT_CONNECT:
		return id_is_valid(m->transport_connect.transport_id, AM_TRANSPORT_MAX) &&
		       m->transport_connect.role < AM_DTLS_ROLE_COUNT &&
		       m->transport_connect.fingerprint.hash < AM_HASH_COUNT;
	case AM_CMD_TRANSPORT_REMOVE:
	case AM_CMD_DATA_PRODUCER_REMOVE:
	case AM_CMD_DATA_CONSUMER_START:
	case AM_CMD_DATA_CONSUMER_REMOVE: return id_is_valid(m->id.id, AM_TRANSPORT_MAX);
	case AM_CMD_DATA_PRODUCER_ADD:
		return data_add_is_valid(&m->data_add) && m->data_add.tag_len && !m->data_add.apart;
	case AM_CMD_DATA_CONSUMER_ADD:
		return data_add_is_valid(&m->data_add) && !m->data_add.tag_len &&
		       m->data_add.apart <= 1;
	case AM_CMD_DATA_CONSUMER_SOURCE: return data_source_is_valid(&m->data_source);
	case AM_CMD_TRACK_ADD: return track_add_is_valid(&m->track_add);
	case AM_CMD_TRACK_PAUSE:
	case AM_CMD_TRACK_TAP:
	case AM_CMD_TRACK_KEY_FRAME:
	case AM_CMD_TRACK_REMOVE: return id_is_valid(m->id.id, AM_TRACK_MAX) && m->id.on <= 1;
	case AM_CMD_SUBSCRIPTION_ADD: return subscription_add_is_valid(&m->subscription_add);
	case AM_CMD_SUBSCRIPTION_PAUSE:
	case AM_CMD_SUBSCRIPTION_KEY_FRAME:
	case AM_CMD_SUBSCRIPTION_REMOVE:
		return id_is_valid(m->id.id, AM_SUBSCRIPTION_MAX) && m->id.on <= 1;
	case AM_CMD_ROOM_TAP: return m->room_tap.room_id != 0 && m->room_tap.on <= 1;
	case AM_CMD_SUBSCRIPTION_LAYERS:
		return id_is_valid(m->subscription_layers.subscription_id, AM_SUBSCRIPTION_MAX);
	case AM_EVENT_ACK: return m->ack.result <= 0;
	case AM_EVENT_TRANSPORT_STATE:
		return id_is_valid(m->transport_state.transport_id, AM_TRANSPORT_MAX) &&
		       m->transport_state.ice < AM_ICE_COUNT &&
		       m->transport_state.dtls < AM_DTLS_COUNT;
	case AM_EVENT_SUBSCRIPTION_LAYERS:
		return id_is_valid(m->subscription_layer.subscription_id, AM_SUBSCRIPTION_MAX) &&
		       m->subscription_layer.withheld < AM_LIMIT_COUNT;
	case AM_EVENT_TRACK_TOO_LONG: return id_is_valid(m->track_too_long.track_id, AM_TRACK_MAX);
	case AM_EVENT_TRACK_WANTED:
		return id_is_valid(m->track_wanted.track_id, AM_TRACK_MAX) &&
		       m->track_wanted.encodings < 1u << AM_ENCODING_MAX;
	default: return false;
	}
}

int am_msg_check(const struct am_msg *m)
{
	return msg_is_valid(m) ? 0 : -EINVAL;
}

static const char hex[] = "0123456789abcdef";

void am_ufrag_set_slot(char ufrag[AM_UFRAG_LEN], uint32_t slot)
{
	for (int i = AM_UFRAG_SLOT_LEN - 1; i >= 0; i--, slot >>= 4)
		ufrag[i] = hex[slot & 15];
}

int64_t am_ufrag_slot(const char *ufrag, uint32_t len)
{
	int64_t slot = 0;

	if (len != AM_UFRAG_LEN)
		return -EINVAL;
	for (int i = 0; i < AM_UFRAG_SLOT_LEN; i++) {
		const char *digit = ufrag[i] ? strchr(hex, ufrag[i]) : NULL;
		if (!digit)
			return -EINVAL;
		slot = slot << 4 | (digit - hex);
	}
	return slot < AM_TRANSPORT_MAX ? slot : -EINVAL;
}

const char *am_limit_name(enum am_limit limit)
{
	static const char *const limits[AM_LIMIT_COUNT] = {
	        [AM_LIMIT_BANDWIDTH] = "bandwidth",
	        [AM_LIMIT_ASKED] = "asked",
	        [AM_LIMIT_SPEAKER] = "speaker",
	        [AM_LIMIT_OVERLOAD] = "overload",
	};

	return limit < AM_LIMIT_COUNT ? limits[limit] : NULL;
}
