#include "room/ortc.h"

#include "base/json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define CODECS_MAX     16
#define EXTENSIONS_MAX 64
#define PARAMETERS_MAX 32 // fmtp parameters of a codec
#define PARAMETER_MAX  256 // characters of one
#define URI_MAX        255

// Payload types that cannot be taken for RTCP on a muxed transport (RFC 5761 4).
static bool pt_read(const struct json *codec, uint8_t *pt)
{
	int64_t v;
	if (!json_int(codec, "payloadType", 1, 127, &v) || (v >= 64 && v < 96))
		return false;
	*pt = (uint8_t)v;
	return true;
}

static bool is_visible(const char *s)
{
	for (; *s; s++) {
		if (*s <= ' ' || *s > '~')
			return false;
	}
	return true;
}

// RFC 8866 9: token
static bool is_token(const char *s)
{
	size_t len = strnlen(s, PARAMETER_MAX);

	for (const char *p = s; *p; p++) {
		if (*p <= ' ' || *p > '~' || strchr("\"(),/:;<=>?@[\\]", *p))
			return false;
	}
	return len > 0 && len < PARAMETER_MAX;
}

// Whether s may follow a parameter's '=' without beginning a second parameter or line.
static bool is_parameter_value(const char *s)
{
	for (; *s; s++) {
		if (*s < ' ' || *s > '~' || *s == ';')
			return false;
	}
	return true;
}

// The codec's fmtp as viewers' SDP will have it. NULL if a key is not a token, or if a value is
// neither a string nor a number.
static struct json *parameters_read(enum am_codec id, const struct json *codec)
{
	const struct json *p = json_object(codec, "parameters");
	double number;

	if (!p)
		return json_has(codec, "parameters") ? NULL : json_new_object();
	if (json_count(p) > PARAMETERS_MAX)
		return NULL;
	for (const struct json *v = json_first(p); v; v = json_next(v)) {
		const char *text = json_text(v, PARAMETER_MAX);
		if (text ? !is_parameter_value(text) : !json_number(v, &number))
			return NULL;
		if (!is_token(json_key(v)))
			return NULL;
	}
	return ortc_fmtp(id, p);
}

static const char *codecs_read(
        struct ortc_media *m, struct am_cmd_track_add *add, enum ortc_kind kind,
        const struct json *list
)
{
	const struct json *codec = json_first(list);
	int64_t apt;

	if (!codec || json_count(list) > CODECS_MAX)
		return "codecs: one media codec is required";
	int id = ortc_codec_find(codec);
	if (id < 0 || ortc_codecs[id].kind != kind)
		return "codecs: not a codec of this room";
	if (!pt_read(codec, &add->payload_type))
		return "codecs: bad payloadType";
	m->codec = (enum am_codec)id;
	m->parameters = parameters_read(m->codec, codec);
	if (!m->parameters)
		return "codecs: bad parameters";

	add->codec = (uint8_t)id;
	add->clock_rate = ortc_codecs[id].clock_rate;
	add->room_payload_type = ortc_codecs[id].payload_type;
	add->nack = (ortc_feedback_read(codec) & ORTC_NACK) != 0;
	for (codec = json_next(codec); codec; codec = json_next(codec)) {
		const char *mime = json_string(codec, "mimeType", 64);
		if (!mime)
			return "codecs: bad mimeType";
		if (strcasecmp(mime, "video/rtx") != 0)
			continue;
		if (!json_int(json_object(codec, "parameters"), "apt", 0, 127, &apt) ||
		    apt != add->payload_type || add->rtx_payload_type ||
		    !pt_read(codec, &add->rtx_payload_type) ||
		    add->rtx_payload_type == add->payload_type)
			return "codecs: bad rtx";
		add->room_rtx_payload_type = ortc_codecs[id].rtx_payload_type;
	}
	return NULL;
}

static const char *
extensions_read(struct ortc_media *m, struct am_cmd_track_add *add, const struct json *parameters)
{
	const struct json *list = json_array(parameters, "headerExtensions");
	bool seen[256] = {0};
	int64_t id;

	if (json_has(parameters, "headerExtensions") && !list)
		return "headerExtensions: not a list";
	if (json_count(list) > EXTENSIONS_MAX)
		return "headerExtensions: too many";
	for (const struct json *e = json_first(list); e; e = json_next(e)) {
		const char *uri = json_string(e, "uri", URI_MAX);
		if (!uri || !json_int(e, "id", 1, 255, &id) || seen[id])
			return "headerExtensions: bad entry";
		seen[id] = true;
		enum am_extension ext = ortc_extension_find(uri);
		if (ext == AM_EXT_NONE || json_is_true(e, "encrypt") ||
		    ortc_extensions[ext].direction[m->kind] == ORTC_NONE)
			continue; // the data plane skips ids that it does not know
		add->extension_id[ext] = (uint8_t)id;
		m->extensions |= (uint16_t)(1u << ext);
	}
	add->transport_cc = add->extension_id[AM_EXT_TRANSPORT_CC] != 0;
	return NULL;
}

#define SPATIAL_LAYERS_MAX 4 // of a mode; the data plane distinguishes no more

// Reads the numbers of layers from "L3T3_KEY", "S2T1h", … (W3C webrtc-svc 6).
static bool mode_read(const char *mode, uint8_t *spatial, uint8_t *temporal)
{
	if ((mode[0] != 'L' && mode[0] != 'S') || mode[1] < '1' || mode[1] > '4' ||
	    mode[2] != 'T' || mode[3] < '1' || mode[3] > '4' || !is_visible(mode))
		return false;
	*spatial = (uint8_t)(mode[1] - '0');
	*temporal = (uint8_t)(mode[3] - '0');
	return true;
}

static const char *encoding_read(struct am_encoding *out, const struct json *e, bool has_rtx)
{
	const char *rid = json_string(e, "rid", AM_MID_MAX);
	int64_t ssrc = 0, rtx_ssrc = 0;

	if (!json_is_object(e))
		return "encodings: not an object";
	if (json_has(e, "ssrc") && !json_int(e, "ssrc", 1, UINT32_MAX, &ssrc))
		return "encodings: bad ssrc";
	if (json_has(e, "rid") && (!rid || !rid[0] || !is_visible(rid)))
		return "encodings: bad rid";
	if (!ssrc && !rid)
		return "encodings: neither ssrc nor rid";
	if (json_has(e, "rtx") &&
	    (!json_int(json_object(e, "rtx"), "ssrc", 1, UINT32_MAX, &rtx_ssrc) || rtx_ssrc == ssrc
	    ))
		return "encodings: bad rtx.ssrc";
	out->ssrc = (uint32_t)ssrc;
	out->rtx_ssrc = has_rtx ? (uint32_t)rtx_ssrc : 0;
	if (rid)
		strcpy(out->rid, rid);
	return NULL;
}

static bool encodings_are_distinct(const struct am_cmd_track_add *add)
{
	for (int i = 0; i < add->encoding_count; i++) {
		for (int k = i + 1; k < add->encoding_count; k++) {
			const struct am_encoding *a = &add->encodings[i], *b = &add->encodings[k];
			if ((a->ssrc && (a->ssrc == b->ssrc || a->ssrc == b->rtx_ssrc)) ||
			    (a->rtx_ssrc && (a->rtx_ssrc == b->rtx_ssrc || a->rtx_ssrc == b->ssrc)))
				return false;
			if (a->rid[0] && strcmp(a->rid, b->rid) == 0)
				return false;
		}
	}
	return true;
}

static const char *
encodings_read(struct ortc_media *m, struct am_cmd_track_add *add, const struct json *list)
{
	size_t count = json_count(list);
	uint8_t spatial = 1, temporal = 0;
	const char *why = NULL;

	if (count < 1 || count > AM_ENCODING_MAX || (m->kind == ORTC_AUDIO && count > 1))
		return "encodings: bad number";
	for (const struct json *e = json_first(list); e && !why; e = json_next(e)) {
		struct am_encoding *to = &add->encodings[add->encoding_count++];
		why = encoding_read(to, e, add->rtx_payload_type != 0);
		if (!why && !to->ssrc && !add->extension_id[AM_EXT_RID])
			why = "encodings: rid without its header extension";
		const char *mode = json_string(e, "scalabilityMode", ORTC_MODE_MAX);
		if (mode && e == json_first(list) && mode_read(mode, &spatial, &temporal))
			strcpy(m->mode, mode);
	}
	if (why)
		return why;
	if (!encodings_are_distinct(add))
		return "encodings: ssrc or rid given twice";

	m->type = ORTC_SIMPLE;
	if (count > 1)
		m->type = ORTC_SIMULCAST;
	else if (m->kind == ORTC_VIDEO && (spatial > 1 || temporal > 1))
		m->type = m->codec == AM_CODEC_VP9 || m->codec == AM_CODEC_AV1 ? ORTC_SVC
		                                                               : ORTC_SIMULCAST;
	// VP9 may have layers without announcing them: a viewer that requests no certain layer gets
	// all.
	if (!m->mode[0] && m->codec == AM_CODEC_VP9)
		spatial = SPATIAL_LAYERS_MAX;
	m->spatial_layers = count > 1 ? (uint8_t)count : spatial;
	m->temporal_layers = temporal;
	if (count > 1)
		snprintf(
		        m->mode, sizeof(m->mode), "L%zuT%u", count,
		        temporal ? (unsigned)temporal : 1u
		);
	return NULL;
}

static const char *names_read(
        struct ortc_media *m, struct am_cmd_track_add *add, const struct json *parameters,
        const char *fallback
)
{
	const struct json *rtcp = json_object(parameters, "rtcp");
	const char *mid = json_string(parameters, "mid", AM_MID_MAX);
	const char *cname = json_string(rtcp, "cname", AM_CNAME_MAX);

	if (json_has(parameters, "mid") && (!mid || !is_visible(mid)))
		return "mid: not a short string";
	if (json_has(rtcp, "cname") && (!cname || !is_visible(cname)))
		return "rtcp: bad cname";
	if (!cname || !cname[0])
		cname = fallback;
	if (mid)
		strcpy(add->mid, mid);
	strcpy(add->cname, cname);
	strcpy(m->cname, cname);
	return NULL;
}

int ortc_media_read(
        struct ortc_media *m, struct am_cmd_track_add *add, enum ortc_kind kind,
        const struct json *parameters, const char *cname, const char **why
)
{
	*m = (struct ortc_media){.kind = kind, .spatial_layers = 1};
	*add = (struct am_cmd_track_add){0};

	*why = codecs_read(m, add, kind, json_array(parameters, "codecs"));
	if (!*why)
		*why = extensions_read(m, add, parameters);
	if (!*why)
		*why = encodings_read(m, add, json_array(parameters, "encodings"));
	if (!*why)
		*why = names_read(m, add, parameters, cname);
	if (!*why)
		return 0;
	ortc_media_fini(m);
	return -EINVAL;
}

void ortc_media_fini(struct ortc_media *m)
{
	json_free(m->parameters);
	m->parameters = NULL;
}

bool ortc_can_consume(const struct ortc_media *m, const struct ortc_caps *caps)
{
	return caps->codecs[m->codec].usable;
}

bool ortc_wants_rtx(const struct ortc_media *m, const struct ortc_caps *caps)
{
	return ortc_codecs[m->codec].rtx_payload_type != 0 && caps->codecs[m->codec].rtx;
}

bool ortc_wants_red(const struct ortc_media *m, const struct ortc_caps *caps)
{
	return m->codec == AM_CODEC_OPUS && caps->red;
}

static bool
extension_is_sent(const struct ortc_media *m, const struct ortc_caps *caps, enum am_extension ext)
{
	if (ortc_extensions[ext].direction[m->kind] != ORTC_BOTH)
		return false;
	if (ext == AM_EXT_TRANSPORT_CC && !(caps->codecs[m->codec].feedback & ORTC_TRANSPORT_CC))
		return false; // nobody would answer this number
	if (ext == AM_EXT_ABS_CAPTURE_TIME && !(m->extensions >> ext & 1))
		return false; // nothing to pass on
	return caps->extensions[m->kind] >> ext & 1;
}

bool ortc_wants_transport_cc(const struct ortc_media *m, const struct ortc_caps *caps)
{
	return extension_is_sent(m, caps, AM_EXT_TRANSPORT_CC);
}

static uint8_t feedback_of(const struct ortc_media *m, const struct ortc_caps *caps)
{
	uint8_t feedback = caps->codecs[m->codec].feedback;

	if (ortc_wants_transport_cc(m, caps))
		feedback &= (uint8_t)~ORTC_REMB;
	else if (extension_is_sent(m, caps, AM_EXT_ABS_SEND_TIME))
		feedback &= (uint8_t)~ORTC_TRANSPORT_CC;
	else
		feedback &= (uint8_t) ~(ORTC_REMB | ORTC_TRANSPORT_CC);
	if (m->kind == ORTC_AUDIO)
		feedback &= (uint8_t)~ORTC_NACK; // audio is not retransmitted
	return feedback;
}

static struct json *codecs_json(const struct ortc_media *m, const struct ortc_caps *caps, bool rtx)
{
	const struct ortc_codec *c = &ortc_codecs[m->codec];
	struct json *list = json_new_array();

	json_push(
	        list,
	        ortc_codec_json(c, "payloadType", json_copy(m->parameters), feedback_of(m, caps))
	);
	if (rtx)
		json_push(list, ortc_rtx_json(c, "payloadType"));
	if (ortc_wants_red(m, caps))
		json_push(list, ortc_red_json(c, "payloadType"));
	return list;
}

static struct json *extensions_json(const struct ortc_media *m, const struct ortc_caps *caps)
{
	struct json *list = json_new_array();

	for (int i = AM_EXT_NONE + 1; i < AM_EXT_COUNT; i++) {
		if (!extension_is_sent(m, caps, (enum am_extension)i))
			continue;
		struct json *j = json_new_object();
		json_add_string(j, "uri", ortc_extensions[i].uri);
		json_add_int(j, "id", i);
		json_add_bool(j, "encrypt", false);
		json_add(j, "parameters", json_new_object());
		json_push(list, j);
	}
	return list;
}

uint32_t ortc_consumer_class(const struct ortc_media *m, const struct ortc_caps *caps)
{
	uint32_t class = feedback_of(m, caps) | (uint32_t)ortc_wants_red(m, caps) << 8;

	static_assert(AM_EXT_NONE == 0 && AM_EXT_COUNT <= 24);
	for (int i = AM_EXT_NONE + 1; i < AM_EXT_COUNT; i++)
		class |= (uint32_t)extension_is_sent(m, caps, (enum am_extension)i) << (8 + i);
	return class;
}

struct json *ortc_consumer_parameters(
        const struct ortc_media *m, const struct ortc_caps *caps, struct json *mid,
        struct json *ssrc, struct json *rtx_ssrc
)
{
	struct json *j = json_new_object(), *encoding = json_new_object();
	struct json *encodings = json_new_array(), *rtcp = json_new_object();

	json_add(encoding, "ssrc", ssrc);
	if (rtx_ssrc) {
		struct json *rtx = json_new_object();
		json_add(rtx, "ssrc", rtx_ssrc);
		json_add(encoding, "rtx", rtx);
	}
	if (m->mode[0])
		json_add_string(encoding, "scalabilityMode", m->mode);
	json_push(encodings, encoding);
	// Without a cname the client writes no a=ssrc lines.
	json_add_string(rtcp, "cname", m->cname);
	json_add_bool(rtcp, "reducedSize", true);

	json_add(j, "mid", mid);
	json_add(j, "codecs", codecs_json(m, caps, rtx_ssrc != NULL));
	json_add(j, "headerExtensions", extensions_json(m, caps));
	json_add(j, "encodings", encodings);
	json_add(j, "rtcp", rtcp);
	return j;
}
