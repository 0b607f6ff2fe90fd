#include "test.h"

#include "base/json.h"
#include "room/ortc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct json *parse(const char *text)
{
	struct json *j = json_parse(text, strlen(text));
	assert_non_null(j);
	return j;
}

// What Chromium sends for a webcam in VP8 with three encodings.
static const char simulcast[] =
        "{\"mid\":\"1\",\"codecs\":[{\"mimeType\":\"video/"
        "VP8\",\"payloadType\":96,\"clockRate\":90000,"
        "\"parameters\":{},\"rtcpFeedback\":[{\"type\":\"goog-remb\",\"parameter\":\"\"},"
        "{\"type\":\"transport-cc\",\"parameter\":\"\"},{\"type\":\"ccm\",\"parameter\":\"fir\"},"
        "{\"type\":\"nack\",\"parameter\":\"\"},{\"type\":\"nack\",\"parameter\":\"pli\"}]},"
        "{\"mimeType\":\"video/"
        "rtx\",\"payloadType\":97,\"clockRate\":90000,\"parameters\":{\"apt\":96},"
        "\"rtcpFeedback\":[]}],\"headerExtensions\":["
        "{\"uri\":\"urn:ietf:params:rtp-hdrext:sdes:mid\",\"id\":4,\"encrypt\":false,"
        "\"parameters\":{}},"
        "{\"uri\":\"urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\",\"id\":10,\"encrypt\":false},"
        "{\"uri\":\"urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id\",\"id\":11},"
        "{\"uri\":\"http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\",\"id\":2},"
        "{\"uri\":\"http://www.ietf.org/id/"
        "draft-holmer-rmcat-transport-wide-cc-extensions-01\",\"id\":3},"
        "{\"uri\":\"urn:3gpp:video-orientation\",\"id\":13},{\"uri\":\"urn:unknown\",\"id\":14}],"
        "\"encodings\":[{\"active\":true,\"scaleResolutionDownBy\":4,\"maxBitrate\":500000,"
        "\"rid\":\"r0\",\"scalabilityMode\":\"L1T3\",\"dtx\":false},{\"rid\":\"r1\","
        "\"scalabilityMode\":\"L1T3\"},{\"rid\":\"r2\",\"scalabilityMode\":\"L1T3\"}],"
        "\"rtcp\":{\"cname\":\"w1mZ\",\"reducedSize\":true}}";

static const char opus[] =
        "{\"mid\":\"0\",\"codecs\":[{\"mimeType\":\"audio/"
        "opus\",\"payloadType\":111,\"clockRate\":48000,"
        "\"channels\":2,\"parameters\":{\"minptime\":10,\"useinbandfec\":1,\"sprop-stereo\":\"1\"},"
        "\"rtcpFeedback\":[{\"type\":\"transport-cc\"}]}],\"headerExtensions\":["
        "{\"uri\":\"urn:ietf:params:rtp-hdrext:sdes:mid\",\"id\":4},"
        "{\"uri\":\"urn:ietf:params:rtp-hdrext:ssrc-audio-level\",\"id\":1}],"
        "\"encodings\":[{\"ssrc\":3735928559,\"dtx\":false}],\"rtcp\":{\"cname\":\"\"}}";

static int media_read(
        const char *text, enum ortc_kind kind, struct ortc_media *m, struct am_cmd_track_add *add
)
{
	const char *why;
	struct json *j = parse(text);
	int ret = ortc_media_read(m, add, kind, j, "fallback", &why);
	assert_true((ret == 0) == (why == NULL));
	json_free(j);
	return ret;
}

// A client that supports everything answers with the router's own capabilities.
static struct ortc_caps all_caps(void)
{
	struct ortc_caps caps;
	struct json *j = ortc_router_capabilities();
	assert_int_equal(ortc_caps_read(&caps, j), 0);
	json_free(j);
	return caps;
}

static void simulcast_by_rid_is_mapped(void **)
{
	struct ortc_media m;
	struct am_cmd_track_add add;
	assert_int_equal(media_read(simulcast, ORTC_VIDEO, &m, &add), 0);
	assert_int_equal(add.codec, AM_CODEC_VP8);
	assert_int_equal(add.payload_type, 96);
	assert_int_equal(add.rtx_payload_type, 97);
	assert_int_equal(add.room_payload_type, 101);
	assert_int_equal(add.room_rtx_payload_type, 102);
	assert_int_equal(add.clock_rate, 90000);
	assert_true(add.nack && add.transport_cc);
	assert_int_equal(add.encoding_count, 3);
	assert_string_equal(add.encodings[2].rid, "r2");
	assert_int_equal(add.extension_id[AM_EXT_MID], 4);
	assert_int_equal(add.extension_id[AM_EXT_RID], 10);
	assert_int_equal(add.extension_id[AM_EXT_REPAIRED_RID], 11);
	assert_int_equal(add.extension_id[AM_EXT_VIDEO_ORIENTATION], 0); // not offered
	assert_int_equal(add.extension_id[AM_EXT_AUDIO_LEVEL], 0);
	assert_string_equal(add.mid, "1");
	assert_string_equal(add.cname, "w1mZ");
	assert_int_equal(m.type, ORTC_SIMULCAST);
	assert_int_equal(m.spatial_layers, 3);
	assert_string_equal(m.mode, "L3T3");
	ortc_media_fini(&m);
}

static void senders_are_to_turn_their_pictures_themselves(void **)
{
	struct json *j = ortc_router_capabilities();
	char *text = json_print(j);

	assert_non_null(strstr(text, "abs-send-time"));
	assert_null(strstr(text, "video-orientation"));
	free(text);
	json_free(j);
}

static void sound_has_a_cname_in_any_case(void **)
{
	struct ortc_media m;
	struct am_cmd_track_add add;
	assert_int_equal(media_read(opus, ORTC_AUDIO, &m, &add), 0);
	assert_string_equal(add.cname, "fallback");
	assert_int_equal(add.encodings[0].ssrc, 3735928559u);
	assert_int_equal(add.room_payload_type, 100);
	assert_false(add.nack);
	assert_false(add.transport_cc); // the extension was not negotiated
	assert_int_equal(m.type, ORTC_SIMPLE);
	ortc_media_fini(&m);
}

// An fmtp value that could become another parameter or line of SDP is refused.
static void fmtp_takes_no_line_of_its_own(void **)
{
	static const struct {
		const char *parameters;
		bool good;
	} rows[] = {
	        {"{\"minptime\":10,\"useinbandfec\":\"1\"}", true},
	        {"{\"x\":\"\"}", true},
	        {"{\"x\":\"a b, \\\"c\\\" = d\"}", true},
	        {"{\"x\":\"1\\r\\na=candidate:1\"}", false},
	        {"{\"x\":\"1\\na=setup:active\"}", false},
	        {"{\"x\":\"1\\r\"}", false},
	        {"{\"x\":\"1\\t\"}", false},
	        {"{\"x\":\"\\u007f\"}", false},
	        {"{\"x\":\"\\u0085\"}", false},
	        {"{\"x\":\"\\u2028\"}", false},
	        {"{\"x\":\"1;usedtx=1\"}", false}, // a second parameter
	        {"{\"x\\r\\na=b\":1}", false},
	        {"{\"x y\":1}", false},
	        {"{\"x;y\":1}", false},
	        {"{\"x=y\":1}", false},
	        {"{\"\":1}", false},
	};
	struct ortc_media m;
	struct am_cmd_track_add add;
	char text[1024];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(
		        text, sizeof(text),
		        "{\"mid\":\"0\",\"codecs\":[{\"mimeType\":\"audio/"
		        "opus\",\"payloadType\":111,"
		        "\"clockRate\":48000,\"channels\":2,\"parameters\":%s}],"
		        "\"encodings\":[{\"ssrc\":1111}]}",
		        rows[i].parameters
		);
		int ret = media_read(text, ORTC_AUDIO, &m, &add);
		if ((ret == 0) != rows[i].good)
			fail_msg("%s: %d", rows[i].parameters, ret);
		if (ret == 0)
			ortc_media_fini(&m);
	}
}

static struct json *number(int n)
{
	char text[16];

	return json_parse(text, (size_t)snprintf(text, sizeof(text), "%d", n));
}

// The parameters that a viewer is told.
static struct json *told(const struct ortc_media *m, const struct ortc_caps *caps, int rtx_ssrc)
{
	return ortc_consumer_parameters(
	        m, caps, json_new_string("3"), number(11), rtx_ssrc ? number(rtx_ssrc) : NULL
	);
}

// Expects the codec parameters that a viewer is told, as JSON, if the publisher gives these.
static void expect_told(const char *mime, const char *parameters, const char *expected)
{
	bool audio = strncmp(mime, "audio/", 6) == 0;
	struct ortc_caps caps = all_caps();
	struct ortc_media m;
	struct am_cmd_track_add add;
	char text[1024];

	snprintf(
	        text, sizeof(text),
	        "{\"mid\":\"0\",\"codecs\":[{\"mimeType\":\"%s\",\"payloadType\":111,"
	        "\"clockRate\":%d,\"channels\":%d,\"parameters\":%s}],"
	        "\"encodings\":[{\"ssrc\":1111}]}",
	        mime, audio ? 48000 : 90000, audio ? 2 : 1, parameters
	);
	if (media_read(text, audio ? ORTC_AUDIO : ORTC_VIDEO, &m, &add) < 0)
		fail_msg("%s: %s: refused", mime, parameters);
	struct json *p = told(&m, &caps, 0);
	char *is = json_print(json_object(json_first(json_array(p, "codecs")), "parameters"));
	assert_string_equal(is, expected);
	free(is);
	json_free(p);
	ortc_media_fini(&m);
}

// A strict parser refuses the whole description because of one value that its codec does not
// define.
static void viewers_are_told_what_the_codec_knows(void **)
{
	static const struct {
		const char *mime, *given, *told;
	} rows[] = {
	        {"audio/opus",
	         "{\"minptime\":10,\"maxptime\":60,\"ptime\":20,\"useinbandfec\":1,\"usedtx\":0,"
	         "\"stereo\":1,\"sprop-stereo\":\"1\",\"cbr\":0,\"maxplaybackrate\":\"48000\","
	         "\"sprop-maxcapturerate\":48000,\"maxaveragebitrate\":510000}",
	         "{\"minptime\":10,\"maxptime\":60,\"ptime\":20,\"useinbandfec\":1,\"usedtx\":0,"
	         "\"stereo\":1,\"sprop-stereo\":1,\"cbr\":0,\"maxplaybackrate\":48000,"
	         "\"sprop-maxcapturerate\":48000,\"maxaveragebitrate\":510000}"},
	        {"audio/opus",
	         "{\"maxplaybackrate\":\"abc\",\"stereo\":\"\",\"cbr\":\"1 \",\"usedtx\":\"+1\"}",
	         "{}"},
	        {"audio/opus",
	         "{\"minptime\":1e300,\"maxptime\":-1,\"ptime\":2.5,\"stereo\":\"99999999999\"}",
	         "{}"},
	        {"audio/opus", "{\"apt\":96,\"x\":1,\"max-fs\":1,\"STEREO\":1,\"stereo\":0}",
	         "{\"stereo\":0}"},
	        {"video/VP8", "{\"max-fs\":12288,\"max-fr\":\"60\",\"apt\":96,\"max-br\":1}",
	         "{\"max-fs\":12288,\"max-fr\":60}"},
	        {"video/H264",
	         "{\"packetization-mode\":\"1\",\"profile-level-id\":\"42e01F\","
	         "\"level-asymmetry-allowed\":\"1\",\"max-mbps\":1,\"max-fs\":\"2\",\"max-br\":3,"
	         "\"max-cpb\":\"x\",\"max-evil\":1,\"sprop-parameter-sets\":\"Z0LgH9o=\"}",
	         "{\"packetization-mode\":1,\"profile-level-id\":\"42e01F\","
	         "\"level-asymmetry-allowed\":1,\"max-mbps\":1,\"max-fs\":2,\"max-br\":3}"},
	        {"video/VP9", "{\"profile-id\":\"0\",\"level-idx\":5}", "{\"profile-id\":0}"},
	        {"video/AV1", "{\"profile\":0,\"level-idx\":\"5\",\"tier\":0,\"profile-id\":0}",
	         "{\"profile\":0,\"level-idx\":5,\"tier\":0}"},
	        {"video/AV1", "{\"level-idx\":\"x\"}", "{}"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect_told(rows[i].mime, rows[i].given, rows[i].told);
}

static void svc_is_told_by_codec_and_mode(void **)
{
	static const struct {
		const char *mime, *mode;
		enum ortc_type type;
		int spatial;
	} rows[] = {
	        {"video/VP9", "L3T3_KEY", ORTC_SVC, 3},    {"video/AV1", "L1T2", ORTC_SVC, 1},
	        {"video/VP8", "L1T3", ORTC_SIMULCAST, 1},  {"video/VP9", "L1T1", ORTC_SIMPLE, 1},
	        {"video/VP9", "nonsense", ORTC_SIMPLE, 4}, {"video/AV1", "L9T9", ORTC_SIMPLE, 1},
	        {"video/VP9", "L2T1", ORTC_SVC, 2},        {"video/VP9", "L1T3", ORTC_SVC, 1},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512];
		struct ortc_media m;
		struct am_cmd_track_add add;
		snprintf(
		        text, sizeof(text),
		        "{\"codecs\":[{\"mimeType\":\"%s\",\"payloadType\":98,\"clockRate\":90000,"
		        "\"parameters\":{}}],\"encodings\":[{\"ssrc\":7,\"scalabilityMode\":\"%s\"}"
		        "]}",
		        rows[i].mime, rows[i].mode
		);
		assert_int_equal(media_read(text, ORTC_VIDEO, &m, &add), 0);
		assert_int_equal(m.type, rows[i].type);
		assert_int_equal(m.spatial_layers, rows[i].spatial);
		ortc_media_fini(&m);
	}
}

// Replaces each value of the document in turn by each of several wrong ones. Nothing may crash, and
// whatever is accepted must be acceptable to the data plane.
static void hostile_values_do_no_harm(void **)
{
	static const char *const wrong[] = {
	        "null",
	        "true",
	        "-1",
	        "1e300",
	        "4294967296",
	        "0",
	        "\"\"",
	        "[]",
	        "{}",
	        "[[[]]]",
	        "\"\\u0001\"",
	        "{\"a\":{\"b\":[1]}}",
	        "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"",
	};
	int accepted = 0, refused = 0;
	for (size_t at = 1; at < sizeof(simulcast) - 1; at++) {
		char before = simulcast[at - 1];
		if (before != ':' && before != '[')
			continue;
		struct json *probe;
		size_t len = 0; // length of the value that starts here
		do
			probe = json_parse(simulcast + at, ++len);
		while (!probe && at + len < sizeof(simulcast) - 1);
		json_free(probe);
		if (!probe)
			continue;
		for (size_t w = 0; w < sizeof(wrong) / sizeof(wrong[0]); w++) {
			char text[4096];
			snprintf(
			        text, sizeof(text), "%.*s%s%s", (int)at, simulcast, wrong[w],
			        simulcast + at + len
			);
			struct json *j = json_parse(text, strlen(text));
			if (!j)
				continue;
			struct ortc_media m;
			struct am_msg msg = {.type = AM_CMD_TRACK_ADD};
			const char *why;
			if (ortc_media_read(&m, &msg.track_add, ORTC_VIDEO, j, "c", &why) == 0) {
				msg.track_add.track_id = msg.track_add.transport_id =
				        am_id_make(1, 1);
				assert_int_equal(am_msg_check(&msg), 0);
				assert_true(m.cname[0] != '\0');
				ortc_media_fini(&m);
				accepted++;
			} else {
				assert_non_null(why);
				refused++;
			}
			json_free(j);
		}
	}
	assert_true(accepted > 100 && refused > 300);
}

static void bad_parameters_are_refused(void **)
{
#define CODEC "\"codecs\":[{\"mimeType\":\"video/VP8\",\"payloadType\":96,\"clockRate\":90000}]"
	static const char *const rows[] = {
	        "{}",
	        "[]",
	        "{" CODEC "}",
	        "{" CODEC ",\"encodings\":[]}",
	        "{" CODEC ",\"encodings\":[{}]}",
	        "{" CODEC ",\"encodings\":[{\"rid\":\"a\"}]}", // without the extension
	        "{" CODEC ",\"encodings\":[{\"ssrc\":0}]}",
	        "{" CODEC ",\"encodings\":[{\"ssrc\":1},{\"ssrc\":1}]}",
	        "{" CODEC ",\"encodings\":[{\"ssrc\":1,\"rtx\":{\"ssrc\":1}}]}",
	        "{" CODEC ",\"encodings\":[{\"ssrc\":1},{\"ssrc\":2},{\"ssrc\":3},{\"ssrc\":4},{"
	        "\"ssrc\":5}]}",
	        "{" CODEC ",\"encodings\":[{\"ssrc\":1}],\"mid\":\"12345678901234567\"}",
	        "{" CODEC ",\"encodings\":[{\"ssrc\":1}],\"mid\":\"a b\"}",
	        "{" CODEC ",\"encodings\":[{\"ssrc\":1}],\"rtcp\":{\"cname\":\"a\\nb\"}}",
	        "{" CODEC
	        ",\"encodings\":[{\"ssrc\":1}],\"headerExtensions\":[{\"uri\":\"a\",\"id\":0}]}",
	        "{" CODEC
	        ",\"encodings\":[{\"ssrc\":1}],\"headerExtensions\":[{\"uri\":\"a\",\"id\":256}]}",
	        "{" CODEC ",\"encodings\":[{\"ssrc\":1}],\"headerExtensions\":[{\"uri\":\"a\","
	        "\"id\":1},{\"uri\":\"b\",\"id\":1}]}",
	        "{\"codecs\":[{\"mimeType\":\"video/"
	        "VP8\",\"payloadType\":72,\"clockRate\":90000}],\"encodings\":[{\"ssrc\":1}]}",
	        "{\"codecs\":[{\"mimeType\":\"video/"
	        "VP8\",\"payloadType\":96,\"clockRate\":8000}],\"encodings\":[{\"ssrc\":1}]}",
	        "{\"codecs\":[{\"mimeType\":\"audio/"
	        "opus\",\"payloadType\":96,\"clockRate\":48000,\"channels\":2}],\"encodings\":[{"
	        "\"ssrc\":1}]}",
	        "{\"codecs\":[{\"mimeType\":\"video/"
	        "VP8\",\"payloadType\":96,\"clockRate\":90000,\"parameters\":{\"a\":[]}}],"
	        "\"encodings\":[{\"ssrc\":1}]}",
	        "{\"codecs\":[{\"mimeType\":\"video/"
	        "VP8\",\"payloadType\":96,\"clockRate\":90000},{\"mimeType\":\"video/"
	        "rtx\",\"payloadType\":97,\"clockRate\":90000,\"parameters\":{\"apt\":95}}],"
	        "\"encodings\":[{\"ssrc\":1}]}",
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ortc_media m;
		struct am_cmd_track_add add;
		if (media_read(rows[i], ORTC_VIDEO, &m, &add) == 0)
			fail_msg("accepted: %s", rows[i]);
	}
}

static void h264_profiles_match_as_in_rfc_6184(void **)
{
	static const struct {
		const char *a, *b;
		int same;
	} rows[] = {
	        {"42e01f", "42e034", 1}, // the level does not matter
	        {"42e01f", "42c01f", 1},
	        {"42e01f", "4d801f", 1},
	        {"42e01f", NULL, 1},
	        {"42E01F", "42e01f", 1},
	        {"42e01f", "42001f", 0},
	        {"42e01f", "4d001f", 0},
	        {"42e01f", "64001f", 0},
	        {"640c1f", "64001f", 0},
	        {"4d001f", "4d0032", 1},
	        {"42e01f", "42e0", 0},
	        {"zz", "zz", 0},
	        {"42e01fff", "42e01f", 0},
	        {"", "", 0},
	        {"ffffff", "ffffff", 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(ortc_h264_same_profile(rows[i].a, rows[i].b), rows[i].same);
		assert_int_equal(ortc_h264_same_profile(rows[i].b, rows[i].a), rows[i].same);
	}
}

static int find(const char *mime, const char *parameters)
{
	char text[512];
	snprintf(
	        text, sizeof(text), "{\"mimeType\":\"%s\",\"clockRate\":90000,\"parameters\":%s}",
	        mime, parameters
	);
	struct json *j = parse(text);
	int id = ortc_codec_find(j);
	json_free(j);
	return id;
}

static void codecs_match_by_what_tells_them_apart(void **)
{
	assert_int_equal(find("VIDEO/vp8", "{}"), AM_CODEC_VP8);
	assert_int_equal(
	        find("video/H264", "{\"packetization-mode\":1,\"profile-level-id\":\"42e01f\"}"),
	        AM_CODEC_H264
	);
	assert_int_equal(find("video/H264", "{\"packetization-mode\":\"1\"}"), AM_CODEC_H264);
	assert_int_equal(
	        find("video/H264", "{\"packetization-mode\":0,\"profile-level-id\":\"42e01f\"}"), -1
	);
	assert_int_equal(
	        find("video/H264", "{\"packetization-mode\":1,\"profile-level-id\":\"640c1f\"}"), -1
	);
	assert_int_equal(
	        find("video/H264", "{\"packetization-mode\":1,\"profile-level-id\":42}"), -1
	);
	assert_int_equal(find("video/VP9", "{\"profile-id\":\"0\"}"), AM_CODEC_VP9);
	assert_int_equal(find("video/VP9", "{}"), AM_CODEC_VP9);
	assert_int_equal(find("video/VP9", "{\"profile-id\":2}"), -1);
	assert_int_equal(find("video/AV1", "{\"profile\":0}"), AM_CODEC_AV1);
	assert_int_equal(find("video/H265", "{}"), -1);
}

static const struct json *extension(const struct json *parameters, int64_t wanted)
{
	int64_t id;
	for (const struct json *e = json_first(json_array(parameters, "headerExtensions")); e;
	     e = json_next(e)) {
		if (json_int(e, "id", 1, 15, &id) && id == wanted)
			return e;
	}
	return NULL;
}

static void a_viewer_gets_the_rooms_numbers(void **)
{
	struct ortc_caps caps = all_caps();
	struct ortc_media m;
	struct am_cmd_track_add add;
	int64_t v;
	assert_int_equal(media_read(simulcast, ORTC_VIDEO, &m, &add), 0);
	assert_true(ortc_can_consume(&m, &caps) && ortc_wants_rtx(&m, &caps));
	struct json *p = told(&m, &caps, 12);
	const struct json *codec = json_first(json_array(p, "codecs"));
	assert_true(json_int(codec, "payloadType", 101, 101, &v));
	assert_int_equal(
	        ortc_feedback_read(codec), ORTC_NACK | ORTC_PLI | ORTC_FIR | ORTC_TRANSPORT_CC
	);
	assert_true(json_int(json_next(codec), "payloadType", 102, 102, &v));
	assert_true(json_int(json_object(json_next(codec), "parameters"), "apt", 101, 101, &v));
	const struct json *e = json_first(json_array(p, "encodings"));
	assert_null(json_next(e));
	assert_true(json_int(e, "ssrc", 11, 11, &v));
	assert_true(json_int(json_object(e, "rtx"), "ssrc", 12, 12, &v));
	assert_string_equal(json_string(e, "scalabilityMode", 15), "L3T3");
	assert_string_equal(json_string(json_object(p, "rtcp"), "cname", 63), "w1mZ");
	assert_non_null(extension(p, AM_EXT_MID));
	assert_non_null(extension(p, AM_EXT_ABS_SEND_TIME));
	assert_null(extension(p, AM_EXT_RID));
	assert_non_null(extension(p, AM_EXT_TRANSPORT_CC));
	assert_true(ortc_wants_transport_cc(&m, &caps));
	assert_null(extension(p, AM_EXT_ABS_CAPTURE_TIME)); // the publisher does not send it
	json_free(p);
	ortc_media_fini(&m);
}

static void sound_is_never_retransmitted(void **)
{
	struct ortc_caps caps = all_caps();
	struct ortc_media m;
	struct am_cmd_track_add add;
	assert_int_equal(media_read(opus, ORTC_AUDIO, &m, &add), 0);
	assert_false(ortc_wants_rtx(&m, &caps));
	struct json *p = told(&m, &caps, 0);
	const struct json *codec = json_first(json_array(p, "codecs"));
	assert_null(json_next(codec));
	assert_int_equal(ortc_feedback_read(codec), ORTC_TRANSPORT_CC);
	int64_t stereo;
	assert_true(json_int(json_object(codec, "parameters"), "sprop-stereo", 1, 1, &stereo));
	assert_non_null(extension(p, AM_EXT_AUDIO_LEVEL));
	json_free(p);
	ortc_media_fini(&m);
}

// RFC 2198 5. Only a client that lists it with our payload type can receive it.
static void redundant_audio_is_for_clients_that_list_it(void **)
{
	static const char *const rows[] = {
	        "{\"codecs\":[{\"mimeType\":\"audio/"
	        "red\",\"preferredPayloadType\":109,\"clockRate\":48000,\"channels\":2}]}",
	        "{\"codecs\":[{\"mimeType\":\"audio/"
	        "red\",\"preferredPayloadType\":63,\"clockRate\":48000,\"channels\":2}]}",
	        "{\"codecs\":[]}",
	};
	struct ortc_media sound, picture;
	struct am_cmd_track_add add;
	assert_int_equal(media_read(opus, ORTC_AUDIO, &sound, &add), 0);
	assert_int_equal(media_read(simulcast, ORTC_VIDEO, &picture, &add), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct json *j = parse(rows[i]);
		struct ortc_caps caps;
		int64_t v;
		assert_int_equal(ortc_caps_read(&caps, j), 0);
		json_free(j);
		assert_int_equal(ortc_wants_red(&sound, &caps), i == 0);
		assert_false(ortc_wants_red(&picture, &caps));
		uint32_t class = ortc_consumer_class(&sound, &caps);
		struct json *p = told(&sound, &caps, 0);
		const struct json *red = json_next(json_first(json_array(p, "codecs")));
		assert_int_equal(red != NULL, i == 0);
		caps.red = false;
		assert_int_equal(ortc_consumer_class(&sound, &caps) != class, i == 0);
		if (red) {
			assert_string_equal(json_string(red, "mimeType", 63), "audio/red");
			assert_true(json_int(red, "payloadType", 109, 109, &v));
			assert_true(json_int(red, "channels", 2, 2, &v));
			assert_non_null(json_string(json_object(red, "parameters"), "100/100", 1));
		}
		json_free(p);
	}
	ortc_media_fini(&sound);
	ortc_media_fini(&picture);
}

static void caps_decide_what_is_consumed(void **)
{
	struct ortc_media m;
	struct am_cmd_track_add add;
	struct ortc_caps caps;
	assert_int_equal(media_read(simulcast, ORTC_VIDEO, &m, &add), 0);
	// A payload type other than the router's, another codec, or nothing.
	static const char *const rows[] = {
	        "{\"codecs\":[{\"mimeType\":\"video/"
	        "VP8\",\"preferredPayloadType\":96,\"clockRate\":90000}]}",
	        "{\"codecs\":[{\"mimeType\":\"video/"
	        "VP9\",\"preferredPayloadType\":105,\"clockRate\":90000}]}",
	        "{\"codecs\":[]}",
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct json *j = parse(rows[i]);
		assert_int_equal(ortc_caps_read(&caps, j), 0);
		assert_false(ortc_can_consume(&m, &caps));
		json_free(j);
	}
	struct json *j = parse("{\"codecs\":[{\"mimeType\":\"video/"
	                       "VP8\",\"preferredPayloadType\":101,\"clockRate\":90000}]}");
	assert_int_equal(ortc_caps_read(&caps, j), 0);
	assert_true(ortc_can_consume(&m, &caps));
	assert_false(ortc_wants_rtx(&m, &caps));
	json_free(j);
	ortc_media_fini(&m);
}

static void malformed_caps_are_refused(void **)
{
	static const char *const rows[] = {
	        "{}",
	        "[]",
	        "{\"codecs\":{}}",
	        "{\"codecs\":[1]}",
	        "{\"codecs\":[{}]}",
	        "{\"codecs\":[{\"mimeType\":\"video/"
	        "VP8\",\"preferredPayloadType\":128,\"clockRate\":90000}]}",
	        "{\"codecs\":[{\"mimeType\":\"video/"
	        "rtx\",\"preferredPayloadType\":102,\"clockRate\":90000}]}",
	        "{\"codecs\":[],\"headerExtensions\":{}}",
	        "{\"codecs\":[],\"headerExtensions\":[{}]}",
	        "{\"codecs\":[],\"headerExtensions\":[{\"uri\":\"a\",\"kind\":\"x\","
	        "\"preferredId\":1}]}",
	};
	struct ortc_caps caps;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct json *j = parse(rows[i]);
		assert_true(ortc_caps_read(&caps, j) < 0);
		json_free(j);
	}
	assert_true(ortc_caps_read(&caps, NULL) < 0);
	struct json *huge = json_new_object(), *list = json_new_array();
	for (int i = 0; i < 1000; i++)
		json_push(
		        list,
		        parse("{\"mimeType\":\"a/b\",\"preferredPayloadType\":1,\"clockRate\":1}")
		);
	json_add(huge, "codecs", list);
	assert_true(ortc_caps_read(&caps, huge) < 0);
	json_free(huge);
}

static void the_router_keeps_clear_of_reserved_numbers(void **)
{
	struct json *caps = ortc_router_capabilities();
	int64_t pt;
	int n = 0;
	for (const struct json *c = json_first(json_array(caps, "codecs")); c;
	     c = json_next(c), n++)
		assert_true(json_int(c, "preferredPayloadType", 96, 126, &pt));
	assert_int_equal(n, 9);
	for (const struct json *e = json_first(json_array(caps, "headerExtensions")); e;
	     e = json_next(e)) {
		if (strstr(json_string(e, "uri", 255), "transport-wide-cc"))
			assert_string_equal(json_string(e, "direction", 16), "sendrecv");
	}
	json_free(caps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(simulcast_by_rid_is_mapped),
	        cmocka_unit_test(senders_are_to_turn_their_pictures_themselves),
	        cmocka_unit_test(sound_has_a_cname_in_any_case),
	        cmocka_unit_test(fmtp_takes_no_line_of_its_own),
	        cmocka_unit_test(viewers_are_told_what_the_codec_knows),
	        cmocka_unit_test(svc_is_told_by_codec_and_mode),
	        cmocka_unit_test(hostile_values_do_no_harm),
	        cmocka_unit_test(bad_parameters_are_refused),
	        cmocka_unit_test(h264_profiles_match_as_in_rfc_6184),
	        cmocka_unit_test(codecs_match_by_what_tells_them_apart),
	        cmocka_unit_test(a_viewer_gets_the_rooms_numbers),
	        cmocka_unit_test(sound_is_never_retransmitted),
	        cmocka_unit_test(redundant_audio_is_for_clients_that_list_it),
	        cmocka_unit_test(caps_decide_what_is_consumed),
	        cmocka_unit_test(malformed_caps_are_refused),
	        cmocka_unit_test(the_router_keeps_clear_of_reserved_numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
