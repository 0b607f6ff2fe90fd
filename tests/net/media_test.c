// Media from speakers to watchers: every byte, number and layer.
#include <stdio.h>
#include <string.h>

#include "scene.h"

#define GCM "SRTP_AEAD_AES_128_GCM"
#define CM  "SRTP_AES128_CM_SHA1_80"

static const struct member_options top = {TOP_LAYERS};

// A speaker and two watchers for 2.5 s; checks everything that can be checked.
static void check_call(
        const struct member_options *speaker_options, const struct member_options *watcher_options,
        uint16_t profile
)
{
	struct party p;

	party_begin(&p);
	struct member *speaker = party_speaker(&p, speaker_options);
	struct member *watchers[2] = {
	        party_watcher(&p, speaker, watcher_options),
	        party_watcher(&p, speaker, watcher_options),
	};
	party_connect(&p);
	party_run(&p, 2500);
	party_settle(&p);
	for (int i = 0; i < 2; i++) {
		struct viewer_verdict video = check_video(watchers[i]);
		struct viewer_verdict sound = check_sound(watchers[i]);
		assert_int_equal(watchers[i]->client.peer.profile, profile);
		assert_true(video.frames >= 45);
		assert_true(sound.frames >= 90);
		assert_int_equal(video.gaps, 0);
		assert_int_equal(
		        video.frames + video.skipped,
		        video.last_frame - video.first_frame + 1 + video.repeats
		);
		assert_int_equal(sound.gaps, 0);
		assert_true(video.layer_frames[2][0] + video.layer_frames[2][2] > 10);
		assert_true(watchers[i]->video->reports > 0);
		assert_true(watchers[i]->sound->reports > 0);
		assert_string_equal(watchers[i]->video->cname, PUBLISHER_CNAME);
	}
	assert_true(speaker->publisher.video[2].reports > 0);
	assert_true(speaker->publisher.audio.reports > 0);
	assert_true(speaker->publisher.transport_feedback > 5);
	assert_int_equal(speaker->client.srtp_refused, 0);
	party_end(&p);
}

static void ipv4_with_gcm(void **)
{
	const struct member_options o = {.family = AF_INET, .profiles = GCM, TOP_LAYERS};
	check_call(&o, &o, 7);
}

static void ipv4_with_cm(void **)
{
	const struct member_options o = {.family = AF_INET, .profiles = CM, TOP_LAYERS};
	check_call(&o, &o, 1);
}

// proves F13
static void ipv6_with_gcm(void **)
{
	const struct member_options o = {.family = AF_INET6, .profiles = GCM, TOP_LAYERS};
	check_call(&o, &o, 7);
}

// proves F13
static void families_and_profiles_mix(void **)
{
	const struct member_options speaker = {.family = AF_INET6, .profiles = CM};
	const struct member_options watcher = {.family = AF_INET, TOP_LAYERS};
	check_call(&speaker, &watcher, 7); // GCM is the server's first choice
}

static void a_single_encoding_is_relayed(void **)
{
	const struct member_options speaker_options = {.encodings = 1};
	struct party p;

	party_begin(&p);
	struct member *speaker = party_speaker(&p, &speaker_options);
	struct member *watcher = party_watcher(&p, speaker, &top);
	party_connect(&p);
	party_run(&p, 1500);
	party_settle(&p);
	assert_true(check_video(watcher).frames > 30);
	party_end(&p);
}

// Until it publishes, it is a viewer, and the server has no keys for its media.
static void a_viewer_becomes_a_speaker(void **)
{
	static const char *const profiles[] = {GCM, CM};

	for (int i = 0; i < 2; i++) {
		const struct member_options later = {.profiles = profiles[i], .tracks_later = true};
		struct party p;

		party_begin(&p);
		struct member *speaker = party_speaker(&p, &later);
		// Begins at a low number like browsers, so that no rollover is missed (RFC 3711
		// 3.3.1).
		for (int e = 0; e < PUBLISHER_ENCODINGS; e++)
			speaker->publisher.video[e].sequence = 100;
		speaker->publisher.audio.sequence = 100;
		party_connect(&p);
		uint64_t dropped = driver_drop(&scene.driver, "unknown_ssrc");
		party_run(&p, 300);
		assert_true(driver_drop(&scene.driver, "unknown_ssrc") > dropped + 10);
		party_publish(speaker);
		struct member *watcher = party_watcher(&p, speaker, &top);
		party_connect(&p);
		party_run(&p, 1500);
		party_settle(&p);
		assert_true(check_video(watcher).frames > 30);
		assert_true(check_sound(watcher).frames > 40);
		assert_true(speaker->publisher.video[2].reports > 0);
		party_end(&p);
	}
}

static void a_late_watcher_begins_at_a_key_frame(void **)
{
	struct party p;

	party_begin(&p);
	struct member *speaker = party_speaker(&p, &top);
	struct member *early = party_watcher(&p, speaker, &top);
	party_connect(&p);
	party_run(&p, 1500);
	struct member *late = party_watcher(&p, speaker, &top);
	party_connect(&p);
	party_run(&p, 2000);
	party_settle(&p);
	check_video(early);
	struct viewer_verdict v = check_video(late);
	assert_true(v.frames > 15);
	assert_true(v.first_frame > 20);
	check_sound(late);
	party_end(&p);
}

static void layers_switch_without_a_seam(void **)
{
	static const uint8_t layers[] = {0, 1, 2, 0, 2};
	struct party p;

	party_begin(&p);
	struct member *speaker = party_speaker(&p, &top);
	struct member *watcher = party_watcher(&p, speaker, &top);
	party_connect(&p);
	party_run(&p, 1500);
	for (size_t i = 0; i < sizeof(layers); i++) {
		assert_int_equal(driver_layers(&scene.driver, watcher->video_id, layers[i], 2), 0);
		party_run(&p, 2000); // a key frame may take a second: PLIs are merged
	}
	party_settle(&p);
	struct viewer_verdict v = check_video(watcher);
	assert_in_range(v.switches, 5, 7);
	for (int e = 0; e < 3; e++)
		assert_true(v.layer_frames[e][0] > 5);
	assert_true(v.frames > 250);
	party_end(&p);
}

static void temporal_layers_thin_out_without_gaps(void **)
{
	struct party p;

	party_begin(&p);
	struct member *speaker = party_speaker(&p, &top);
	struct member *watcher = party_watcher(&p, speaker, &top);
	party_connect(&p);
	party_run(&p, 1500);
	struct viewer_verdict before = viewer_judge(watcher->video);
	assert_int_equal(driver_layers(&scene.driver, watcher->video_id, 2, 0), 0);
	party_run(&p, 200); // for what is in transit
	struct viewer_verdict thin = viewer_judge(watcher->video);
	party_run(&p, 2000);
	struct viewer_verdict after = check_video(watcher);
	assert_true(before.layer_frames[2][2] > 5);
	assert_int_equal(after.layer_frames[2][1], thin.layer_frames[2][1]);
	assert_int_equal(after.layer_frames[2][2], thin.layer_frames[2][2]);
	assert_in_range(after.layer_frames[2][0] - thin.layer_frames[2][0], 10, 20);
	assert_int_equal(driver_layers(&scene.driver, watcher->video_id, 2, 2), 0);
	party_run(&p, 1000);
	party_settle(&p);
	after = check_video(watcher);
	assert_true(after.layer_frames[2][2] > thin.layer_frames[2][2] + 5);
	party_end(&p);
}

static uint32_t packets_of(const struct member *m)
{
	return m->video->packets + m->sound->packets;
}

static void a_paused_subscription_is_silent_and_goes_on(void **)
{
	struct party p;

	party_begin(&p);
	struct member *speaker = party_speaker(&p, &top);
	struct member *watcher = party_watcher(&p, speaker, &top);
	struct member *other = party_watcher(&p, speaker, &top);
	const uint16_t pause = AM_CMD_SUBSCRIPTION_PAUSE;
	party_connect(&p);
	party_run(&p, 1500);
	assert_int_equal(driver_pause(&scene.driver, pause, watcher->video_id, true), 0);
	assert_int_equal(driver_pause(&scene.driver, pause, watcher->sound_id, true), 0);
	party_run(&p, 100);
	uint32_t packets = packets_of(watcher), others = packets_of(other);
	party_run(&p, 1000);
	assert_int_equal(packets_of(watcher), packets);
	assert_true(packets_of(other) > others + 50);
	assert_int_equal(driver_pause(&scene.driver, pause, watcher->video_id, false), 0);
	assert_int_equal(driver_pause(&scene.driver, pause, watcher->sound_id, false), 0);
	party_run(&p, 2000);
	party_settle(&p);
	struct viewer_verdict video = check_video(watcher), sound = check_sound(watcher);
	assert_int_equal(video.gaps, 1);
	assert_int_equal(sound.gaps, 1);
	assert_true(packets_of(watcher) > packets + 50);
	assert_int_equal(check_sound(other).gaps, 0);
	check_video(other);
	party_end(&p);
}

static void a_paused_track_is_silent_for_all(void **)
{
	struct party p;

	party_begin(&p);
	struct member *speaker = party_speaker(&p, &top);
	struct member *watchers[2] = {
	        party_watcher(&p, speaker, &top), party_watcher(&p, speaker, &top)};
	party_connect(&p);
	party_run(&p, 1500);
	assert_int_equal(
	        driver_pause(&scene.driver, AM_CMD_TRACK_PAUSE, speaker->video_id, true), 0
	);
	party_run(&p, 100);
	uint32_t packets[2] = {watchers[0]->video->packets, watchers[1]->video->packets};
	party_run(&p, 800);
	for (int i = 0; i < 2; i++)
		assert_int_equal(watchers[i]->video->packets, packets[i]);
	assert_int_equal(
	        driver_pause(&scene.driver, AM_CMD_TRACK_PAUSE, speaker->video_id, false), 0
	);
	party_run(&p, 2000);
	party_settle(&p);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(check_video(watchers[i]).gaps, 1);
		assert_int_equal(check_sound(watchers[i]).gaps, 0);
		assert_true(watchers[i]->video->packets > packets[i] + 30);
	}
	party_end(&p);
}

static void a_subscription_born_paused_waits(void **)
{
	const struct member_options paused = {.paused = true, TOP_LAYERS};
	struct party p;

	party_begin(&p);
	struct member *speaker = party_speaker(&p, &top);
	struct member *watcher = party_watcher(&p, speaker, &paused);
	party_connect(&p);
	party_run(&p, 500);
	assert_int_equal(packets_of(watcher), 0);
	assert_int_equal(
	        driver_pause(&scene.driver, AM_CMD_SUBSCRIPTION_PAUSE, watcher->video_id, false), 0
	);
	party_run(&p, 2000);
	party_settle(&p);
	assert_true(check_video(watcher).frames > 20);
	assert_int_equal(watcher->sound->packets, 0);
	party_end(&p);
}

static void removed_tracks_and_subscriptions_are_silent(void **)
{
	struct party p;

	party_begin(&p);
	struct member *speaker = party_speaker(&p, &top);
	struct member *watcher = party_watcher(&p, speaker, &top);
	party_connect(&p);
	party_run(&p, 1000);
	assert_int_equal(
	        driver_remove(&scene.driver, AM_CMD_SUBSCRIPTION_REMOVE, watcher->video_id), 0
	);
	party_run(&p, 100);
	uint32_t video = watcher->video->packets, sound = watcher->sound->packets;
	party_run(&p, 500);
	assert_int_equal(watcher->video->packets, video);
	assert_true(watcher->sound->packets > sound + 10);
	assert_int_equal(driver_remove(&scene.driver, AM_CMD_TRACK_REMOVE, speaker->sound_id), 0);
	party_run(&p, 100);
	sound = watcher->sound->packets;
	party_run(&p, 500);
	assert_int_equal(watcher->sound->packets, sound);
	party_end(&p);
}

// NAT rebinding: another source port, which with several workers is often another one's queue.
// proves F14
static void media_follows_a_rebinding(void **)
{
	struct party p;

	party_begin(&p);
	struct member *speaker = party_speaker(&p, &top);
	struct member *watcher = party_watcher(&p, speaker, &top);
	party_connect(&p);
	party_run(&p, 1500);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(client_rebind(&watcher->client), 0);
		uint32_t packets = packets_of(watcher);
		party_run(&p, 1000);
		assert_true(packets_of(watcher) > packets + 30);
		assert_int_equal(client_rebind(&speaker->client), 0);
		packets = packets_of(watcher);
		party_run(&p, 1000);
		assert_true(packets_of(watcher) > packets + 30);
	}
	party_settle(&p);
	check_video(watcher);
	party_end(&p);
}

static void a_room_of_many_hears_everybody(void **)
{
	struct party p;
	struct member *speakers[3], *watchers[18];

	party_begin(&p);
	for (int i = 0; i < 3; i++)
		speakers[i] = party_speaker(&p, &top);
	for (int i = 0; i < 18; i++)
		watchers[i] = party_watcher(
		        &p, speakers[i % 3],
		        &(struct member_options){.spatial = (uint8_t)(i % 2), .temporal = 2}
		);
	party_connect(&p);
	party_run(&p, 3000);
	party_settle(&p);
	for (int i = 0; i < 18; i++) {
		struct viewer_verdict v = check_video(watchers[i]);
		assert_true(v.frames > 40);
		assert_true(v.layer_frames[i % 2][0] > 10);
		assert_true(check_sound(watchers[i]).frames > 80);
	}
	party_end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(ipv4_with_gcm),
	        cmocka_unit_test(ipv4_with_cm),
	        cmocka_unit_test(ipv6_with_gcm),
	        cmocka_unit_test(families_and_profiles_mix),
	        cmocka_unit_test(a_single_encoding_is_relayed),
	        cmocka_unit_test(a_viewer_becomes_a_speaker),
	        cmocka_unit_test(a_late_watcher_begins_at_a_key_frame),
	        cmocka_unit_test(layers_switch_without_a_seam),
	        cmocka_unit_test(temporal_layers_thin_out_without_gaps),
	        cmocka_unit_test(a_paused_subscription_is_silent_and_goes_on),
	        cmocka_unit_test(a_paused_track_is_silent_for_all),
	        cmocka_unit_test(a_subscription_born_paused_waits),
	        cmocka_unit_test(removed_tracks_and_subscriptions_are_silent),
	        cmocka_unit_test(media_follows_a_rebinding),
	        cmocka_unit_test(a_room_of_many_hears_everybody),
	};
	return SCENE_RUN(tests);
}
