#include "room/ortc.h"

#include "base/hash.h"
#include "base/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define VERSION_LEN 16 // characters

#define MIME_MAX       64
#define URI_MAX        255
#define CODECS_MAX     128 // entries of a client's list
#define EXTENSIONS_MAX 64

#define H264_PROFILE "42e01f"
#define ROUTER_PT    "preferredPayloadType"
#define RED_MIME     "audio/red"

const struct ortc_codec ortc_codecs[AM_CODEC_COUNT] = {
        [AM_CODEC_OPUS] = {"audio/opus", ORTC_AUDIO, 48000, 2, 100, 0},
        [AM_CODEC_VP8] = {"video/VP8", ORTC_VIDEO, 90000, 1, 101, 102},
        [AM_CODEC_H264] = {"video/H264", ORTC_VIDEO, 90000, 1, 103, 104},
        [AM_CODEC_VP9] = {"video/VP9", ORTC_VIDEO, 90000, 1, 105, 106},
        [AM_CODEC_AV1] = {"video/AV1", ORTC_VIDEO, 90000, 1, 107, 108},
};

const struct ortc_extension ortc_extensions[AM_EXT_COUNT] = {
        [AM_EXT_MID] = {"urn:ietf:params:rtp-hdrext:sdes:mid", {ORTC_BOTH, ORTC_BOTH}},
        [AM_EXT_RID] = {"urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id", {ORTC_NONE, ORTC_RECEIVE}},
        [AM_EXT_REPAIRED_RID] =
                {"urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
                 {ORTC_NONE, ORTC_RECEIVE}},
        [AM_EXT_ABS_SEND_TIME] =
                {"http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
                 {ORTC_BOTH, ORTC_BOTH}},
        [AM_EXT_TRANSPORT_CC] =
                {"http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
                 {ORTC_BOTH, ORTC_BOTH}},
        [AM_EXT_AUDIO_LEVEL] =
                {"urn:ietf:params:rtp-hdrext:ssrc-audio-level", {ORTC_BOTH, ORTC_NONE}},
        [AM_EXT_DEPENDENCY_DESCRIPTOR] =
                {"https://aomediacodec.github.io/av1-rtp-spec/"
                 "#dependency-descriptor-rtp-header-extension",
                 {ORTC_NONE, ORTC_RECEIVE}},
        // Not offered: senders then turn the picture itself (RFC 7742 4), so that it is upright in
        // recordings too.
        [AM_EXT_VIDEO_ORIENTATION] = {"urn:3gpp:video-orientation", {ORTC_NONE, ORTC_NONE}},
        [AM_EXT_TOFFSET] = {"urn:ietf:params:rtp-hdrext:toffset", {ORTC_NONE, ORTC_BOTH}},
        [AM_EXT_ABS_CAPTURE_TIME] =
                {"http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
                 {ORTC_BOTH, ORTC_BOTH}},
        [AM_EXT_PLAYOUT_DELAY] =
                {"http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
                 {ORTC_BOTH, ORTC_BOTH}},
};

static const struct {
	enum ortc_feedback bit;
	const char *type, *parameter;
} feedbacks[] = {
        {ORTC_NACK, "nack", ""},
        {ORTC_PLI, "nack", "pli"},
        {ORTC_FIR, "ccm", "fir"},
        {ORTC_REMB, "goog-remb", ""},
        {ORTC_TRANSPORT_CC, "transport-cc", ""},
};
#define FEEDBACK_COUNT (sizeof(feedbacks) / sizeof(feedbacks[0]))

static struct json *feedback_json(uint8_t feedback)
{
	struct json *list = json_new_array();

	for (size_t i = 0; i < FEEDBACK_COUNT; i++) {
		if (!(feedback & feedbacks[i].bit))
			continue;
		struct json *f = json_new_object();
		json_add_string(f, "type", feedbacks[i].type);
		json_add_string(f, "parameter", feedbacks[i].parameter);
		json_push(list, f);
	}
	return list;
}

uint8_t ortc_feedback_read(const struct json *codec)
{
	uint8_t bits = 0;
	int left = 32;

	for (const struct json *f = json_first(json_array(codec, "rtcpFeedback")); f && left-- > 0;
	     f = json_next(f)) {
		const char *type = json_string(f, "type", 32);
		const char *parameter = json_string(f, "parameter", 32);
		for (size_t i = 0; type && i < FEEDBACK_COUNT; i++) {
			if (strcmp(type, feedbacks[i].type) == 0 &&
			    strcmp(parameter ? parameter : "", feedbacks[i].parameter) == 0)
				bits |= (uint8_t)feedbacks[i].bit;
		}
	}
	return bits;
}

static struct json *codec_parameters(enum am_codec id)
{
	struct json *p = json_new_object();

	if (id == AM_CODEC_H264) {
		json_add_int(p, "packetization-mode", 1);
		json_add_string(p, "profile-level-id", H264_PROFILE);
		json_add_int(p, "level-asymmetry-allowed", 1);
	}
	if (id == AM_CODEC_VP9)
		json_add_int(p, "profile-id", 0);
	if (ortc_codecs[id].kind == ORTC_VIDEO)
		json_add_int(p, "x-google-start-bitrate", 1000);
	return p;
}

static struct json *entry_json(
        const struct ortc_codec *c, const char *mime, const char *pt_key, uint8_t pt,
        struct json *parameters, struct json *feedback
)
{
	struct json *j = json_new_object();

	json_add_string(j, "mimeType", mime);
	json_add_int(j, pt_key, pt);
	json_add_int(j, "clockRate", c->clock_rate);
	if (c->kind == ORTC_AUDIO)
		json_add_int(j, "channels", c->channels);
	json_add(j, "parameters", parameters);
	json_add(j, "rtcpFeedback", feedback);
	return j;
}

struct json *ortc_codec_json(
        const struct ortc_codec *c, const char *pt_key, struct json *parameters, uint8_t feedback
)
{
	return entry_json(c, c->mime, pt_key, c->payload_type, parameters, feedback_json(feedback));
}

struct json *ortc_rtx_json(const struct ortc_codec *c, const char *pt_key)
{
	struct json *apt = json_new_object();

	json_add_int(apt, "apt", c->payload_type);
	return entry_json(c, "video/rtx", pt_key, c->rtx_payload_type, apt, json_new_array());
}

struct json *ortc_red_json(const struct ortc_codec *c, const char *pt_key)
{
	struct json *parameters = json_new_object();
	char sounds[16];

	// RFC 2198 5: the payload types of both encodings, with no name before them.
	snprintf(sounds, sizeof(sounds), "%u/%u", c->payload_type, c->payload_type);
	json_add_string(parameters, sounds, "");
	return entry_json(c, RED_MIME, pt_key, ORTC_RED_PAYLOAD_TYPE, parameters, json_new_array());
}

static void router_entry_push(struct json *codecs, const struct ortc_codec *c, struct json *entry)
{
	json_add_string(entry, "kind", ortc_kind_name(c->kind));
	json_push(codecs, entry);
}

static void router_codec_push(struct json *codecs, enum am_codec id)
{
	const struct ortc_codec *c = &ortc_codecs[id];
	uint8_t feedback = ORTC_NACK | ORTC_TRANSPORT_CC;

	if (c->kind == ORTC_VIDEO)
		feedback |= ORTC_PLI | ORTC_FIR | ORTC_REMB;
	router_entry_push(codecs, c, ortc_codec_json(c, ROUTER_PT, codec_parameters(id), feedback));
	if (c->rtx_payload_type)
		router_entry_push(codecs, c, ortc_rtx_json(c, ROUTER_PT));
}

static void router_extension_push(struct json *list, int id, enum ortc_kind kind)
{
	enum ortc_direction direction = ortc_extensions[id].direction[kind];
	if (direction == ORTC_NONE)
		return;

	struct json *j = json_new_object();
	json_add_string(j, "kind", ortc_kind_name(kind));
	json_add_string(j, "uri", ortc_extensions[id].uri);
	json_add_int(j, "preferredId", id);
	json_add_bool(j, "preferredEncrypt", false);
	json_add_string(j, "direction", direction == ORTC_BOTH ? "sendrecv" : "recvonly");
	json_push(list, j);
}

struct json *ortc_router_capabilities(void)
{
	struct json *caps = json_new_object();
	struct json *codecs = json_new_array(), *extensions = json_new_array();

	for (int i = 0; i < AM_CODEC_COUNT; i++)
		router_codec_push(codecs, (enum am_codec)i);
	for (int i = AM_EXT_NONE + 1; i < AM_EXT_COUNT; i++) {
		router_extension_push(extensions, i, ORTC_AUDIO);
		router_extension_push(extensions, i, ORTC_VIDEO);
	}
	json_add(caps, "codecs", codecs);
	json_add(caps, "headerExtensions", extensions);
	return caps;
}

const char *ortc_router_version(void)
{
	static char version[HASH_HEX_SIZE];

	if (!version[0]) {
		uint8_t hash[HASH_SIZE];
		struct json *caps = ortc_router_capabilities();
		char *text = json_print(caps);
		hash_sha256(hash, text, strlen(text));
		hash_hex(version, hash);
		version[VERSION_LEN] = '\0';
		free(text);
		json_free(caps);
	}
	return version;
}

// Reads an fmtp value, which is a number or a string of digits.
static int64_t parameter_int(const struct json *parameters, const char *key)
{
	int64_t v;
	if (json_int(parameters, key, 0, 255, &v))
		return v;
	const char *s = json_string(parameters, key, 3);
	return s ? atoi(s) : 0; // the default of all parameters that are read here is 0
}

static bool parameters_match(enum am_codec id, const struct json *p)
{
	if (id == AM_CODEC_VP9)
		return parameter_int(p, "profile-id") == 0;
	if (id != AM_CODEC_H264)
		return true;
	if (json_has(p, "profile-level-id") && !json_string(p, "profile-level-id", 6))
		return false;
	return parameter_int(p, "packetization-mode") == 1 &&
	       ortc_h264_same_profile(json_string(p, "profile-level-id", 6), H264_PROFILE);
}

int ortc_codec_find(const struct json *codec)
{
	const char *mime = json_string(codec, "mimeType", MIME_MAX);
	int64_t clock_rate, channels = 1;

	if (!mime || !json_int(codec, "clockRate", 1, UINT32_MAX, &clock_rate))
		return -1;
	if (json_has(codec, "channels") && !json_int(codec, "channels", 1, 255, &channels))
		return -1;
	for (int i = 0; i < AM_CODEC_COUNT; i++) {
		const struct ortc_codec *c = &ortc_codecs[i];
		if (strcasecmp(c->mime, mime) == 0 && c->clock_rate == clock_rate &&
		    (c->kind == ORTC_VIDEO || c->channels == channels) &&
		    parameters_match((enum am_codec)i, json_object(codec, "parameters")))
			return i;
	}
	return -1;
}

enum am_extension ortc_extension_find(const char *uri)
{
	for (int i = AM_EXT_NONE + 1; i < AM_EXT_COUNT; i++) {
		if (strcmp(ortc_extensions[i].uri, uri) == 0)
			return (enum am_extension)i;
	}
	return AM_EXT_NONE;
}

static int caps_codec_read(struct ortc_caps *caps, const struct json *codec)
{
	const char *mime = json_string(codec, "mimeType", MIME_MAX);
	int64_t pt, apt;

	if (!mime || !json_int(codec, "preferredPayloadType", 0, 127, &pt))
		return -EINVAL;
	if (strcasecmp(mime, "video/rtx") == 0) {
		if (!json_int(json_object(codec, "parameters"), "apt", 0, 127, &apt))
			return -EINVAL;
		for (int i = 0; i < AM_CODEC_COUNT; i++) {
			if (ortc_codecs[i].payload_type == apt &&
			    ortc_codecs[i].rtx_payload_type == pt)
				caps->codecs[i].rtx = true;
		}
		return 0;
	}
	if (strcasecmp(mime, RED_MIME) == 0) {
		caps->red = pt == ORTC_RED_PAYLOAD_TYPE;
		return 0;
	}
	int id = ortc_codec_find(codec);
	if (id < 0 || ortc_codecs[id].payload_type != pt)
		return 0; // a codec that this server does not relay
	caps->codecs[id].usable = true;
	caps->codecs[id].feedback = ortc_feedback_read(codec);
	return 0;
}

static int caps_extension_read(struct ortc_caps *caps, const struct json *extension)
{
	const char *uri = json_string(extension, "uri", URI_MAX);
	const char *name = json_string(extension, "kind", 8);
	int64_t id;

	if (!uri || !name || !json_int(extension, "preferredId", 1, 255, &id))
		return -EINVAL;
	int kind = ortc_kind_read(name);
	if (kind < 0)
		return kind;
	if (ortc_extension_find(uri) == (enum am_extension)id)
		caps->extensions[kind] |= (uint16_t)(1u << id);
	return 0;
}

int ortc_caps_read(struct ortc_caps *caps, const struct json *j)
{
	const struct json *codecs = json_array(j, "codecs");
	const struct json *extensions = json_array(j, "headerExtensions");
	int ret = 0;

	*caps = (struct ortc_caps){0};
	if (!codecs || json_count(codecs) > CODECS_MAX || json_count(extensions) > EXTENSIONS_MAX)
		return -EINVAL;
	if (json_has(j, "headerExtensions") && !extensions)
		return -EINVAL;
	for (const struct json *c = json_first(codecs); c && ret == 0; c = json_next(c))
		ret = caps_codec_read(caps, c);
	for (const struct json *e = json_first(extensions); e && ret == 0; e = json_next(e))
		ret = caps_extension_read(caps, e);
	return ret;
}

int ortc_kind_read(const char *name)
{
	if (name && strcmp(name, "audio") == 0)
		return ORTC_AUDIO;
	if (name && strcmp(name, "video") == 0)
		return ORTC_VIDEO;
	return -EINVAL;
}

const char *ortc_kind_name(enum ortc_kind kind)
{
	return kind == ORTC_AUDIO ? "audio" : "video";
}

const char *ortc_type_name(enum ortc_type type)
{
	static const char *const names[] = {"simple", "simulcast", "svc"};
	return names[type];
}
