// Streams that start again: BYE, other SSRCs, numbers that jump; and the limits of one transport.
#include <errno.h>
#include <string.h>

#include "scene.h"

#define VIDEO_OF(member) (&(member)->publisher.video[2])

static const struct member_options top = {TOP_LAYERS};

// A publisher's stream starts again from another source, which shares nothing with the old one.
static void source_change(struct publisher_stream *s, uint32_t i)
{
	s->ssrc += 0x01000000;
	s->rtx_ssrc += 0x01000000;
	s->sequence = (uint16_t)(i * 7919);
	s->rtx_sequence = (uint16_t)(i * 31);
	s->timestamp_base += 0x37000000;
	s->picture_id = (uint16_t)(i * 12345) & 0x7fff;
	s->tl0 = (uint8_t)(i * 77);
	s->packets = s->bytes = 0;
	s->key_wanted = true;
}

static void bye_send(struct member *m, uint32_t ssrc)
{
	uint8_t bye[8] = {0x81, 203, 0, 1};

	am_put_u32(bye + 4, ssrc);
	assert_int_equal(client_rtcp_send(&m->client, bye, sizeof(bye)), 0);
}

static void a_stream_goes_on_after_its_bye(void **)
{
	struct party p;

	party_begin(&p);
	struct member *speaker = party_speaker(&p, &top);
	for (int e = 0; e < PUBLISHER_ENCODINGS; e++)
		speaker->publisher.video[e].sequence = 65400; // wraps within the test
	struct member *watcher = party_watcher(&p, speaker, &top);
	party_connect(&p);
	party_run(&p, 3000);
	uint64_t old = driver_drop(&scene.driver, "too_old");
	uint32_t packets = watcher->video->packets, sound = watcher->sound->packets;
	for (int e = 0; e < PUBLISHER_ENCODINGS; e++)
		bye_send(speaker, speaker->publisher.video[e].ssrc);
	bye_send(speaker, speaker->publisher.audio.ssrc);
	party_run(&p, 1500);
	assert_true(watcher->video->packets > packets + 100);
	assert_true(watcher->sound->packets > sound + 50);
	assert_int_equal(driver_drop(&scene.driver, "too_old"), old);
	party_settle(&p);
	check_video(watcher);
	assert_int_equal(check_sound(watcher).gaps, 0);
	party_end(&p);
}

// Each encoding, and the audio, changes its SSRC again and again.
static void sources_may_change(void **)
{
	struct party p;

	party_begin(&p);
	struct member *speaker = party_speaker(&p, &top);
	struct member *watchers[2] = {
	        party_watcher(&p, speaker, &top),
	        party_watcher(&p, speaker, &(struct member_options){.spatial = 0, .temporal = 2}),
	};
	for (int w = 0; w < 2; w++)
		watchers[w]->video->restarts = watchers[w]->sound->restarts = true;
	party_connect(&p);
	party_run(&p, 1500);
	for (uint32_t i = 1; i <= 5; i++) {
		uint32_t video[2] = {watchers[0]->video->packets, watchers[1]->video->packets};
		uint32_t sound = watchers[0]->sound->packets;
		for (int e = 0; e < PUBLISHER_ENCODINGS; e++)
			source_change(&speaker->publisher.video[e], i);
		source_change(&speaker->publisher.audio, i);
		party_run(&p, 1000);
		for (int w = 0; w < 2; w++)
			assert_true(watchers[w]->video->packets > video[w] + 10);
		assert_true(watchers[0]->sound->packets > sound + 30);
	}
	assert_int_equal(driver_drop(&scene.driver, "srtp_stream_limit"), 0);
	party_settle(&p);
	for (int w = 0; w < 2; w++) {
		struct viewer_verdict v = check_video(watchers[w]);
		assert_int_equal(v.missing, 0);
		assert_int_equal(check_sound(watchers[w]).gaps, 0);
	}
	party_end(&p);
}

static void a_hundred_and_thirty_sources_one_after_the_other(void **)
{
	struct party p;

	party_begin(&p);
	struct member *speaker = party_speaker(&p, &top);
	struct member *watcher = party_watcher(&p, speaker, &top);
	watcher->video->restarts = true;
	party_connect(&p);
	party_run(&p, 1500);
	for (uint32_t i = 1; i <= 130; i++) {
		for (int e = 0; e < PUBLISHER_ENCODINGS; e++)
			source_change(&speaker->publisher.video[e], i);
		party_run(&p, 100);
	}
	uint32_t packets = watcher->video->packets;
	party_run(&p, 1000);
	assert_true(watcher->video->packets > packets + 50);
	assert_int_equal(driver_drop(&scene.driver, "srtp_stream_limit"), 0);
	party_settle(&p);
	check_video(watcher);
	party_end(&p);
}

static void numbers_may_jump_ahead(void **)
{
	struct party p;

	party_begin(&p);
	struct member *speaker = party_speaker(&p, &top);
	struct member *watcher = party_watcher(&p, speaker, &top);
	party_connect(&p);
	party_run(&p, 1500);
	for (uint32_t i = 1; i <= 4; i++) {
		uint32_t packets = watcher->video->packets;
		VIDEO_OF(speaker)->sequence += 20000;
		VIDEO_OF(speaker)->key_wanted = true;
		party_run(&p, 800);
		assert_true(watcher->video->packets > packets + 20);
	}
	party_settle(&p);
	assert_int_equal(check_video(watcher).missing, 0);
	party_end(&p);
}

static int track_add(const struct member *m, uint8_t encodings)
{
	struct am_msg msg = {
	        .type = AM_CMD_TRACK_ADD,
	        .track_add =
	                {
	                        .track_id = driver_track_id(&scene.driver),
	                        .transport_id = m->transport.id,
	                        .clock_rate = 90000,
	                        .codec = AM_CODEC_VP8,
	                        .payload_type = PUBLISHER_PT_VP8,
	                        .rtx_payload_type = PUBLISHER_PT_RTX,
	                        .room_payload_type = ROOM_PT_VP8,
	                        .room_rtx_payload_type = ROOM_PT_RTX,
	                        .encoding_count = encodings,
	                },
	};
	return driver_command(&scene.driver, &msg);
}

static void more_ssrcs_than_a_transport_may_have_are_refused(void **)
{
	struct party p;

	party_begin(&p);
	struct member *m = party_transport(&p, &top);
	for (int i = 0; i < 4; i++)
		assert_int_equal(track_add(m, i < 3 ? 4 : 3), 0);
	assert_int_equal(track_add(m, 2), -E2BIG);
	assert_int_equal(track_add(m, 1), 0);
	assert_int_equal(track_add(m, 1), -E2BIG);
	party_end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_stream_goes_on_after_its_bye),
	        cmocka_unit_test(sources_may_change),
	        cmocka_unit_test(a_hundred_and_thirty_sources_one_after_the_other),
	        cmocka_unit_test(numbers_may_jump_ahead),
	        cmocka_unit_test(more_ssrcs_than_a_transport_may_have_are_refused),
	};
	return SCENE_RUN(tests);
}
