// The generator's session descriptions, against what Janus 1.1.2 says.
#include "sdp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FINGERPRINT                                                                                \
	"BD:67:67:63:8D:F8:96:0D:10:A8:E2:C6:CF:1A:E1:BF:F8:29:3D:B8:22:E3:BB:EE:43:CC:4B:D4:F1:"  \
	"FD:B6:B9"
#define TRANSPORT                                                                                  \
	"a=rtcp-mux\r\na=ice-ufrag:lW9S\r\na=ice-pwd:qpdVZsoLpetoQ44yk6dNLp\r\n"                   \
	"a=ice-options:trickle\r\na=setup:actpass\r\n"
#define CANDIDATE                                                                                  \
	"a=candidate:1 1 udp 2015363327 198.18.0.2 33292 typ host\r\na=end-of-candidates\r\n"
#define HEAD                                                                                       \
	"v=0\r\no=- 1795399876975701 1 IN IP4 198.18.0.2\r\ns=VideoRoom 1\r\nt=0 0\r\n"            \
	"a=group:BUNDLE 0 1\r\na=ice-options:trickle\r\n"
#define VIDEO                                                                                      \
	"m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 "                                           \
	"198.18.0.2\r\na=sendonly\r\na=mid:0\r\n" TRANSPORT                                        \
	"a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 ccm fir\r\na=rtcp-fb:96 nack\r\n"                   \
	"a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r\n"                \
	"a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"                                       \
	"a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"                                            \
	"a=ssrc-group:FID 5736185 1673338654\r\na=msid:janus janus0\r\n"                           \
	"a=ssrc:5736185 cname:janus\r\na=ssrc:1673338654 cname:janus\r\n" CANDIDATE
#define AUDIO                                                                                      \
	"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 "                                             \
	"198.18.0.2\r\na=sendonly\r\na=mid:1\r\n" TRANSPORT                                        \
	"a=rtpmap:111 opus/48000/2\r\na=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"  \
	"a=extmap:4/sendonly urn:ietf:params:rtp-hdrext:sdes:mid\r\n"                              \
	"a=fmtp:111 useinbandfec=1\r\na=ssrc:3969906630 cname:janus\r\n" CANDIDATE

static const char offer[] = HEAD "a=fingerprint:sha-256 " FINGERPRINT "\r\n" VIDEO AUDIO;

static const uint8_t fingerprint[32] = {
        0xbd, 0x67, 0x67, 0x63, 0x8d, 0xf8, 0x96, 0x0d, 0x10, 0xa8, 0xe2,
        0xc6, 0xcf, 0x1a, 0xe1, 0xbf, 0xf8, 0x29, 0x3d, 0xb8, 0x22, 0xe3,
        0xbb, 0xee, 0x43, 0xcc, 0x4b, 0xd4, 0xf1, 0xfd, 0xb6, 0xb9,
};

static const struct server_track tracks[] = {
        {.ssrc = 4000000001,
         .rtx_ssrc = 4000000002,
         .payload_type = 96,
         .rtx_payload_type = 97,
         .video = true,
         .mid = "0"},
        {.ssrc = 3, .payload_type = 111, .mid = "1"},
};

static const struct server_client speaker = {
        .ufrag = "abcdefgh",
        .pwd = "ijklmnopqrstuvwxyz012345",
        .fingerprint = fingerprint,
        .ip = 0xc6130001,
        .port = 10000,
        .tracks = tracks,
        .track_count = 2,
};

static void an_offer_of_janus_is_read(void **)
{
	struct sdp s;

	assert_int_equal(sdp_parse(&s, offer), 0);
	assert_string_equal(s.ufrag, "lW9S");
	assert_string_equal(s.pwd, "qpdVZsoLpetoQ44yk6dNLp");
	assert_memory_equal(s.fingerprint, fingerprint, 32);
	assert_int_equal(s.ip, 0xc6120002);
	assert_int_equal(s.port, 33292);
	assert_false(s.lite);
	assert_int_equal(s.media_count, 2);
	const struct sdp_media *v = &s.media[0], *a = &s.media[1];
	assert_true(v->video && !a->video);
	assert_string_equal(v->mid, "0");
	assert_string_equal(a->mid, "1");
	assert_int_equal(v->payload_type, 96);
	assert_int_equal(v->rtx_payload_type, 97);
	assert_int_equal(v->ssrc, 5736185);
	assert_int_equal(v->rtx_ssrc, 1673338654);
	assert_int_equal(v->mid_id, 4);
	assert_int_equal(a->payload_type, 111);
	assert_int_equal(a->rtx_payload_type, 0);
	assert_int_equal(a->ssrc, 3969906630);
	assert_int_equal(a->rtx_ssrc, 0);
	assert_int_equal(a->mid_id, 4);
}

static void what_a_transport_needs_must_be_there(void **)
{
	static const char *const needed[] = {
	        "v=0", "a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:", "a=candidate:", "m=",
	};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		char *text = strdup(offer), *at = text;
		struct sdp s;
		while ((at = strstr(at, needed[i])))
			*at = 'X';
		assert_int_equal(sdp_parse(&s, text), -EBADMSG);
		free(text);
	}
}

static void candidates_that_do_not_fit_are_passed_over(void **)
{
	static const char *const others[] = {
	        "a=candidate:1 1 tcp 2015363327 198.18.0.3 9 typ host\r\n",
	        "a=candidate:1 2 udp 2015363327 198.18.0.3 9 typ host\r\n",
	        "a=candidate:1 1 udp 2015363327 fe80::1 9 typ host\r\n",
	        "a=candidate:1 1 udp 2015363327 198.18.0.3 9 typ srflx\r\n",
	        "a=candidate:\r\n",
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		char text[4096];
		struct sdp s;
		snprintf(
		        text, sizeof(text), "%sa=fingerprint:sha-256 %s\r\n%s%s%s", HEAD,
		        FINGERPRINT, others[i], VIDEO, AUDIO
		);
		assert_int_equal(sdp_parse(&s, text), 0);
		assert_int_equal(s.ip, 0xc6120002);
	}
}

static void a_wrong_fingerprint_is_refused(void **)
{
	static const char *const wrong[] = {
	        "BD:67", "", FINGERPRINT ":00", "XX" FINGERPRINT, "B:D6:7:6:7:6:3:8:D:F:8:9:6:0",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char text[4096];
		struct sdp s;
		snprintf(
		        text, sizeof(text), "%sa=fingerprint:sha-256 %s\r\n%s", HEAD, wrong[i],
		        VIDEO
		);
		assert_int_equal(sdp_parse(&s, text), -EBADMSG);
	}
}

static void too_much_is_refused(void **)
{
	char *text = malloc(65536), *at;
	struct sdp s;

	at = text + sprintf(text, "v=0\r\n");
	for (int i = 0; i < SDP_MEDIA_MAX; i++)
		at += sprintf(at, "m=audio 9 x 1\r\n");
	assert_int_equal(sdp_parse(&s, text), -EBADMSG);
	sprintf(at, "m=audio 9 x 1\r\n");
	assert_int_equal(sdp_parse(&s, text), -E2BIG);
	sprintf(text, "v=0\r\nm=audio 9 x 1\r\na=mid:%.*s\r\n", SERVER_MID_MAX + 1,
	        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	assert_int_equal(sdp_parse(&s, text), -E2BIG);
	free(text);
}

static void no_cut_text_is_read_beyond_its_end(void **)
{
	for (size_t n = 0; n < sizeof(offer); n++) {
		char *text = strndup(offer, n);
		struct sdp s;
		int ret = sdp_parse(&s, text);
		assert_true(ret == 0 || ret == -EBADMSG);
		free(text);
	}
}

static void an_offer_says_what_the_speaker_sends(void **)
{
	char text[4096];
	struct sdp s;

	size_t len = sdp_write_offer(&speaker, text, sizeof(text));
	assert_int_equal(len, strlen(text));
	assert_int_equal(sdp_parse(&s, text), 0);
	assert_string_equal(s.ufrag, speaker.ufrag);
	assert_string_equal(s.pwd, speaker.pwd);
	assert_memory_equal(s.fingerprint, fingerprint, 32);
	assert_int_equal(s.ip, speaker.ip);
	assert_int_equal(s.port, speaker.port);
	assert_int_equal(s.media_count, 2);
	for (int i = 0; i < 2; i++) {
		const struct sdp_media *m = &s.media[i];
		assert_int_equal(m->video, tracks[i].video);
		assert_string_equal(m->mid, tracks[i].mid);
		assert_int_equal(m->payload_type, tracks[i].payload_type);
		assert_int_equal(m->rtx_payload_type, tracks[i].rtx_payload_type);
		assert_int_equal(m->ssrc, tracks[i].ssrc);
		assert_int_equal(m->rtx_ssrc, tracks[i].rtx_ssrc);
		assert_int_equal(m->mid_id, server_extension_ids[AM_EXT_MID]);
	}
	assert_non_null(strstr(text, "a=group:BUNDLE 0 1\r\n"));
	assert_non_null(strstr(text, "a=setup:active\r\n"));
	assert_non_null(strstr(text, "a=sendonly\r\n"));
}

static void an_answer_takes_what_is_offered(void **)
{
	char text[4096];
	struct sdp theirs, s;

	assert_int_equal(sdp_parse(&theirs, offer), 0);
	size_t len = sdp_write_answer(&speaker, &theirs, text, sizeof(text));
	assert_int_equal(len, strlen(text));
	assert_int_equal(sdp_parse(&s, text), 0);
	assert_string_equal(s.ufrag, speaker.ufrag);
	assert_int_equal(s.media_count, theirs.media_count);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(s.media[i].video, theirs.media[i].video);
		assert_string_equal(s.media[i].mid, theirs.media[i].mid);
		assert_int_equal(s.media[i].payload_type, theirs.media[i].payload_type);
		assert_int_equal(s.media[i].rtx_payload_type, theirs.media[i].rtx_payload_type);
		assert_int_equal(s.media[i].mid_id, 4);
		assert_int_equal(s.media[i].ssrc, 0);
	}
	assert_non_null(strstr(text, "a=recvonly\r\n"));
	assert_null(strstr(text, "abs-send-time"));
}

static void what_does_not_fit_is_not_written(void **)
{
	char text[4096];
	size_t whole = sdp_write_offer(&speaker, text, sizeof(text));

	for (size_t size = 0; size <= whole; size++)
		assert_int_equal(sdp_write_offer(&speaker, text, size), 0);
	assert_int_equal(sdp_write_offer(&speaker, text, whole + 1), whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(an_offer_of_janus_is_read),
	        cmocka_unit_test(what_a_transport_needs_must_be_there),
	        cmocka_unit_test(candidates_that_do_not_fit_are_passed_over),
	        cmocka_unit_test(a_wrong_fingerprint_is_refused),
	        cmocka_unit_test(too_much_is_refused),
	        cmocka_unit_test(no_cut_text_is_read_beyond_its_end),
	        cmocka_unit_test(an_offer_says_what_the_speaker_sends),
	        cmocka_unit_test(an_answer_takes_what_is_offered),
	        cmocka_unit_test(what_does_not_fit_is_not_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
