// Loss and feedback: NACK, RTX, PLI, reports.
#include <stdio.h>
#include <string.h>

#include "scene.h"

static const struct member_options top = {TOP_LAYERS};

// A speaker and a watcher of it.
struct pair {
	struct party p;
	struct member *speaker, *watcher;
};

static void pair_begin(struct pair *t, uint64_t ms)
{
	party_begin(&t->p);
	t->speaker = party_speaker(&t->p, &top);
	t->watcher = party_watcher(&t->p, t->speaker, &top);
	party_connect(&t->p);
	party_run(&t->p, ms);
}

static void check_lossy_call(uint16_t out_permille, uint16_t in_permille)
{
	const struct member_options speaker_options = {.loss_out_permille = out_permille};
	const struct member_options watcher_options = {.loss_in_permille = in_permille, TOP_LAYERS};
	struct party p;

	party_begin(&p);
	struct member *speaker = party_speaker(&p, &speaker_options);
	struct member *watchers[2] = {
	        party_watcher(&p, speaker, &watcher_options),
	        party_watcher(&p, speaker, &watcher_options)};
	uint64_t sent = driver_counter(&scene.driver, AM_COUNTER_nacks_sent);
	party_connect(&p);
	party_run(&p, 5000);
	party_settle(&p);
	for (int i = 0; i < 2; i++) {
		struct viewer_verdict v = check_video(watchers[i]);
		assert_int_equal(v.missing, 0);
		assert_true(v.frames > 100);
		if (in_permille) {
			assert_true(watchers[i]->client.lost_in > 20);
			assert_true(watchers[i]->video->resent > 10);
		}
	}
	if (out_permille) {
		uint32_t resent = 0;
		for (int i = 0; i < 3; i++)
			resent += speaker->publisher.video[i].resent;
		assert_true(speaker->client.lost_out > 20);
		assert_true(resent > 10);
		assert_true(driver_counter(&scene.driver, AM_COUNTER_nacks_sent) > sent);
	}
	party_end(&p);
}

// proves F09
static void loss_to_the_watcher_is_made_good(void **)
{
	check_lossy_call(0, 50);
}

// proves F09
static void loss_from_the_speaker_is_made_good(void **)
{
	check_lossy_call(50, 0);
}

// proves F09
static void loss_on_both_sides_is_made_good(void **)
{
	check_lossy_call(50, 50);
}

static uint32_t lost_of(const struct member *speaker)
{
	const struct publisher_stream *s = speaker->publisher.video;
	return s[0].lost + s[1].lost + s[2].lost;
}

static uint32_t nacked_of(const struct member *speaker)
{
	const struct publisher_stream *s = speaker->publisher.video;
	return s[0].nacked + s[1].nacked + s[2].nacked;
}

// A loss on the speaker's link is repaired before watchers' numbers are assigned: they do not
// notice it, and request nothing.
static void a_loss_of_the_speaker_is_repaired_once_for_all(void **)
{
	struct party p;
	struct member *watchers[2];

	party_begin(&p);
	struct member *speaker = party_speaker(&p, &top);
	for (int i = 0; i < 2; i++)
		watchers[i] = party_watcher(&p, speaker, &top);
	party_connect(&p);
	party_run(&p, 500);
	uint64_t held = driver_counter(&scene.driver, AM_COUNTER_held);
	uint64_t vain = driver_counter(&scene.driver, AM_COUNTER_held_in_vain);
	uint64_t made = driver_counter(&scene.driver, AM_COUNTER_made_retransmissions);
	speaker->publisher.repair_ms = 80;
	speaker->publisher.lose_every = 15;
	party_run(&p, 2000);
	speaker->publisher.lose_every = 0;
	party_run(&p, 300);
	uint32_t lost = lost_of(speaker);
	assert_true(lost > 20);
	assert_in_range(nacked_of(speaker), lost, lost + lost / 10);
	assert_true(driver_counter(&scene.driver, AM_COUNTER_held) > held + lost);
	assert_int_equal(driver_counter(&scene.driver, AM_COUNTER_held_in_vain), vain);
	party_settle(&p);
	for (int i = 0; i < 2; i++) {
		struct viewer_verdict v = check_video(watchers[i]);
		assert_int_equal(v.missing, 0);
		assert_true(v.frames > 50);
		assert_int_equal(watchers[i]->video->asked, 0);
		assert_int_equal(check_sound(watchers[i]).gaps, 0);
	}
	assert_int_equal(driver_counter(&scene.driver, AM_COUNTER_made_retransmissions), made);
	party_end(&p);
}

// If no repair arrives, watchers continue after the gap, delayed by the time that a repair may
// take; and at once when it is clear that none will come.
static void watchers_go_on_without_a_repair(void **)
{
	struct pair t;

	pair_begin(&t, 500);
	uint64_t held = driver_counter(&scene.driver, AM_COUNTER_held);
	uint64_t vain = driver_counter(&scene.driver, AM_COUNTER_held_in_vain);
	uint32_t packets = t.watcher->video->packets;
	t.speaker->publisher.deaf = true;
	t.speaker->publisher.lose_every = 5;
	party_run(&t.p, 1000);
	assert_true(driver_counter(&scene.driver, AM_COUNTER_held) > held + 50);
	assert_true(driver_counter(&scene.driver, AM_COUNTER_held_in_vain) > vain + 10);
	assert_true(t.watcher->video->packets > packets + 60);
	assert_true(t.watcher->video->asked > 0);
	party_run(&t.p, 2000); // each encoding has lost enough
	held = driver_counter(&scene.driver, AM_COUNTER_held);
	packets = t.watcher->video->packets;
	party_run(&t.p, 400);
	assert_int_equal(driver_counter(&scene.driver, AM_COUNTER_held), held);
	assert_true(t.watcher->video->packets > packets + 20);
	party_end(&t.p);
}

// A repair that takes longer than anybody waits is still requested only once per round trip.
static void a_distant_speaker_is_asked_once_for_each_loss(void **)
{
	struct pair t;

	pair_begin(&t, 500);
	t.speaker->publisher.repair_ms = 250;
	t.speaker->publisher.lose_every = 10;
	party_run(&t.p, 1200);
	uint64_t held = driver_counter(&scene.driver, AM_COUNTER_held);
	uint32_t lost = lost_of(t.speaker), nacked = nacked_of(t.speaker);
	party_run(&t.p, 1500);
	lost = lost_of(t.speaker) - lost;
	assert_true(lost > 20);
	assert_in_range(nacked_of(t.speaker) - nacked, lost * 4 / 5, lost * 5 / 4);
	assert_int_equal(driver_counter(&scene.driver, AM_COUNTER_held), held);
	t.speaker->publisher.lose_every = 0;
	party_run(&t.p, 600);
	party_settle(&t.p);
	assert_int_equal(check_video(t.watcher).missing, 0);
	party_end(&t.p);
}

// A watcher of one temporal layer would see a gap wherever a packet of another layer is late; its
// numbers show none.
static void late_packets_of_other_layers_are_no_gap(void **)
{
	static const struct member_options low = {.spatial = 2, .temporal = 0};
	struct party p;

	party_begin(&p);
	struct member *speaker = party_speaker(&p, &top);
	struct member *watcher = party_watcher(&p, speaker, &low);
	party_connect(&p);
	party_run(&p, 500);
	speaker->publisher.repair_ms = 250;
	speaker->publisher.lose_every = 11;
	party_run(&p, 3000);
	speaker->publisher.lose_every = 0;
	party_run(&p, 600);
	party_settle(&p);
	struct viewer_verdict v = check_video(watcher);
	assert_int_equal(v.missing, 0);
	assert_true(v.frames > 20);
	assert_true(watcher->video->fillers > 5);
	party_end(&p);
}

// Without loss nobody requests anything.
static void without_loss_there_are_no_nacks(void **)
{
	struct party p;

	party_begin(&p);
	uint64_t sent = driver_counter(&scene.driver, AM_COUNTER_nacks_sent);
	uint64_t made = driver_counter(&scene.driver, AM_COUNTER_made_retransmissions);
	uint64_t held = driver_counter(&scene.driver, AM_COUNTER_held);
	struct member *speaker = party_speaker(&p, &top);
	struct member *watcher = party_watcher(&p, speaker, &top);
	party_connect(&p);
	party_run(&p, 2000);
	party_settle(&p);
	check_video(watcher);
	assert_int_equal(watcher->video->asked, 0);
	assert_int_equal(driver_counter(&scene.driver, AM_COUNTER_held), held);
	assert_int_equal(driver_counter(&scene.driver, AM_COUNTER_nacks_sent), sent);
	assert_int_equal(driver_counter(&scene.driver, AM_COUNTER_made_retransmissions), made);
	party_end(&p);
}

static void a_nack_is_answered_by_rtx(void **)
{
	struct pair t;
	uint8_t out[32];

	pair_begin(&t, 1500);
	struct viewer_subscription *s = t.watcher->video;
	uint16_t newest = (uint16_t)(s->first + s->highest);
	const uint16_t wanted[] = {(uint16_t)(newest - 9), (uint16_t)(newest - 3), newest};
	uint32_t duplicates = s->duplicates;
	client_rtcp_send(&t.watcher->client, out, wire_nack_build(1, s->ssrc, wanted, 3, out));
	party_run(&t.p, 300);
	assert_int_equal(s->duplicates, duplicates + 3);
	assert_int_equal(s->wrong_bytes, 0);
	assert_int_equal(s->wrong_type, 0);
	party_settle(&t.p);
	check_video(t.watcher);
	party_end(&t.p);
}

// A viewer that requests the same packets all the time.
// proves A14
static void a_nack_flood_is_bounded(void **)
{
	struct party p;
	uint8_t out[512];
	uint16_t wanted[64];

	party_begin(&p);
	struct member *speaker = party_speaker(&p, &top);
	struct member *flooder = party_watcher(&p, speaker, &top);
	struct member *other = party_watcher(&p, speaker, &top);
	party_connect(&p);
	party_run(&p, 1500);
	uint64_t made = driver_counter(&scene.driver, AM_COUNTER_made_retransmissions);
	for (int turn = 0; turn < 100; turn++) {
		struct viewer_subscription *s = flooder->video;
		for (uint16_t i = 0; i < 64; i++)
			wanted[i] = (uint16_t)(s->first + s->highest - 64 + i);
		for (int i = 0; i < 10; i++)
			client_rtcp_send(
			        &flooder->client, out, wire_nack_build(1, s->ssrc, wanted, 64, out)
			);
		party_run(&p, 20);
	}
	made = driver_counter(&scene.driver, AM_COUNTER_made_retransmissions) - made;
	assert_true(made < 6000); // of 64 000 that were requested in 2 s
	party_settle(&p);
	check_video(other);
	assert_int_equal(check_sound(other).gaps, 0);
	party_end(&p);
}

static void plis_of_many_are_merged(void **)
{
	struct party p;
	struct member *watchers[20];

	party_begin(&p);
	struct member *speaker = party_speaker(&p, &top);
	for (int i = 0; i < 20; i++)
		watchers[i] = party_watcher(&p, speaker, &top);
	party_connect(&p);
	party_run(&p, 1500);
	uint32_t before = speaker->publisher.video[2].plis;
	for (int turn = 0; turn < 40; turn++) {
		for (int i = 0; i < 20; i++)
			viewer_pli_send(&watchers[i]->viewer, watchers[i]->video);
		party_run(&p, 100);
	}
	uint32_t plis = speaker->publisher.video[2].plis;
	assert_in_range(plis - before, 3, 6);
	for (int e = 0; e < 3; e++) {
		const struct publisher_stream *s = &speaker->publisher.video[e];
		for (uint32_t i = 1; i < s->plis && i < 64; i++) {
			uint64_t apart = s->pli_times_ns[i] - s->pli_times_ns[i - 1];
			assert_true(apart > 900 * NS_PER_MS);
		}
	}
	party_settle(&p);
	for (int i = 0; i < 20; i++)
		check_video(watchers[i]);
	party_end(&p);
}

// A sender report maps the wall clock to the timestamps that the watcher sees.
static void reports_match_the_rewritten_timestamps(void **)
{
	struct pair t;

	pair_begin(&t, 3500);
	const struct viewer_subscription *s = t.watcher->video;
	assert_in_range(s->reports, 2, 10);
	assert_string_equal(s->cname, PUBLISHER_CNAME);
	assert_string_equal(t.watcher->sound->cname, PUBLISHER_CNAME);
	uint32_t last = s->kept[s->highest].timestamp;
	int32_t apart = (int32_t)(last - s->report.rtp_timestamp);
	assert_in_range(apart + 200000, 200000 - 9000, 200000 + 135000); // -0.1 to 1.5 s
	assert_true(s->report.packets > 0 && s->report.packets <= s->packets);
	party_settle(&t.p);
	party_end(&t.p);
}

static void the_speaker_learns_its_loss(void **)
{
	const struct member_options lossy = {.loss_out_permille = 100};
	struct party p;

	party_begin(&p);
	struct member *speaker = party_speaker(&p, &lossy);
	struct member *watcher = party_watcher(&p, speaker, &top);
	party_connect(&p);
	party_run(&p, 3000);
	for (int e = 0; e < 3; e++)
		assert_in_range(speaker->publisher.video[e].reports, 2, 12);
	assert_true(speaker->publisher.transport_feedback > 10);
	party_settle(&p);
	check_video(watcher);
	party_end(&p);
}

static void loss_tell(struct member *m, uint8_t fraction, int times)
{
	static uint32_t ahead; // packets covered so far: each report covers some more
	uint8_t rr[64];

	for (int i = 0; i < times; i++) {
		uint32_t highest = m->sound->first + m->sound->highest + (ahead += 50);
		size_t n = wire_rr_build(1, m->sound->ssrc, highest, 0, rr);
		rr[12] = fraction; // RFC 3550 6.4.1: of 256
		assert_int_equal(client_rtcp_send(&m->client, rr, n), 0);
	}
}

// RFC 2198, for clients that support it.
static void audio_is_sent_twice_over_a_lossy_link(void **)
{
	static const struct member_options able = {.red = true, TOP_LAYERS};
	struct party p;

	party_begin(&p);
	struct member *speaker = party_speaker(&p, &top);
	struct member *watcher = party_watcher(&p, speaker, &able),
	              *other = party_watcher(&p, speaker, &top);
	party_connect(&p);
	party_run(&p, 1000);
	assert_int_equal(watcher->sound->redundant, 0);
	loss_tell(watcher, 26, 12);
	loss_tell(other, 26, 12);
	party_run(&p, 1000);
	assert_in_range(watcher->sound->redundant, 30, 60);
	loss_tell(watcher, 0, 12);
	party_run(&p, 200);
	uint32_t redundant = watcher->sound->redundant;
	party_run(&p, 500);
	assert_int_equal(watcher->sound->redundant, redundant);
	party_settle(&p);
	assert_int_equal(check_sound(watcher).gaps, 0);
	assert_int_equal(check_sound(other).gaps, 0);
	party_end(&p);
}

static uint8_t loudness(const struct member *speaker)
{
	return (uint8_t)am_gauge_get(scene.driver.region.map->gauges.tracks, speaker->sound_id);
}

// RFC 6464: the loudness of each speaker in the region.
static void loud_and_quiet_speakers_are_measured(void **)
{
	struct party p;

	party_begin(&p);
	struct member *loud = party_speaker(&p, &top), *quiet = party_speaker(&p, &top);
	struct member *watcher = party_watcher(&p, loud, &top);
	loud->publisher.level = 20;
	quiet->publisher.level = 70;
	party_connect(&p);
	party_run(&p, 1500);
	assert_int_equal(loudness(loud), 127 - 20);
	assert_int_equal(loudness(quiet), 127 - 70);
	loud->publisher.level = 127; // silence
	quiet->publisher.audio_off = true; // DTX
	party_run(&p, 2500);
	assert_int_equal(loudness(loud), 0);
	assert_int_equal(loudness(quiet), 0);

	// A paused track is silent, whatever its publisher sends.
	loud->publisher.level = 20;
	party_run(&p, 500);
	assert_true(loudness(loud) > 0);
	assert_int_equal(driver_pause(&scene.driver, AM_CMD_TRACK_PAUSE, loud->sound_id, true), 0);
	party_run(&p, 1000);
	assert_int_equal(loudness(loud), 0);
	assert_true(check_sound(watcher).frames > 0);
	party_end(&p);
}

static uint32_t link_of(const struct member *m)
{
	return am_gauge_get(scene.driver.region.map->gauges.transports, m->transport.id);
}

// The region's link word for a member's copies of an SSRC.
static const struct am_subscription_figures *figures_of(const struct member *m, uint32_t ssrc)
{
	const struct am_region_layout *map = scene.driver.region.map;

	for (uint32_t i = 0; i < AM_SUBSCRIPTION_MAX; i++) {
		const struct am_subscription_state *s = &map->subscriptions[i];
		if (s->id && s->ssrc == ssrc && s->transport_id == m->transport.id)
			return &map->figures.subscriptions[i];
	}
	fail_msg("no subscription has SSRC %u", ssrc);
	return NULL;
}

static void a_lossy_publisher_is_measured(void **)
{
	const struct member_options lossy = {.loss_out_permille = 200};
	struct party p;

	party_begin(&p);
	struct member *good = party_speaker(&p, &top), *bad = party_speaker(&p, &lossy);
	party_connect(&p);
	party_run(&p, 5000);
	assert_int_equal(link_of(good) & 0xff, 0);
	assert_in_range(link_of(bad) & 0xff, 20, 90); // 51 on average
	const struct am_figures *f = &scene.driver.region.map->figures;
	const struct am_encoding_figures *e = &f->tracks[am_id_slot(bad->sound_id)].encodings[0];
	assert_in_range(e->packets, 50, 300);
	assert_in_range(e->octets, 50 * 10, 300 * 1500);
	assert_in_range(am_loss_cumulative(e->loss), 10, 150);
	assert_true(f->transports[am_id_slot(bad->transport.id)].bps > 10000);
	party_end(&p);
}

// A viewer's report: loss, jitter, and the delay since a sender report that it quotes.
static void a_viewers_reports_are_measured(void **)
{
	struct party p;
	uint8_t rr[64];

	party_begin(&p);
	struct member *speaker = party_speaker(&p, &top);
	struct member *watcher = party_watcher(&p, speaker, &top);
	struct member *other = party_watcher(&p, speaker, &top);
	party_connect(&p);
	party_run(&p, 1000);
	// Stops the watcher's own reports, which show no loss and quote nothing.
	for (size_t i = 0; i < watcher->viewer.count; i++)
		watcher->viewer.subscriptions[i].reported_ns = UINT64_MAX / 2;
	uint32_t link = 0;
	for (int i = 0; i < 200 && (link >> 16 == 0 || (link >> 8 & 0xff) == 0); i++) {
		uint32_t highest = watcher->sound->first + watcher->sound->highest;
		size_t n = wire_rr_build(1, watcher->sound->ssrc, highest, 0, rr);
		rr[12] = 200; // fraction lost
		am_put_u32(rr + 20, 2400); // jitter: 50 ms of 48 kHz
		am_put_u32(rr + 24, (uint32_t)(speaker->publisher.ntp >> 16)); // LSR
		assert_int_equal(client_rtcp_send(&watcher->client, rr, n), 0);
		party_run(&p, 50);
		link = link_of(watcher);
	}
	assert_true((link & 0xff) > 20);
	assert_int_equal(link >> 8 & 0xff, 50);
	assert_in_range(link >> 16, 1, 2000);
	assert_int_equal(link_of(other), 0); // a report affects only its sender
	const struct am_subscription_figures *f = figures_of(watcher, watcher->sound->ssrc);
	assert_int_equal(am_loss_fraction(f->loss), 200);
	assert_int_equal(f->jitter_ms, 50);
	assert_true(f->packets > 20 && f->octets > f->packets && f->bps > 1000);
	assert_int_equal(am_loss_fraction(figures_of(other, other->sound->ssrc)->loss), 0);
	party_end(&p);
}

// A sender report from before a viewer joined counts from when it was forwarded to that viewer.
static void a_joiners_round_trip_begins_when_its_report_goes_out(void **)
{
	struct party p;
	uint8_t rr[64];

	party_begin(&p);
	struct member *speaker = party_speaker(&p, &top);
	struct member *first = party_watcher(&p, speaker, &top);
	for (int i = 0; i < 10; i++) // a worker keeps a report only if somebody watches
		party_watcher(&p, speaker, &top);
	party_connect(&p);
	party_run(&p, 1000);
	speaker->publisher.report_next_ns = UINT64_MAX; // it was the last one
	party_run(&p, 5000);
	struct member *joiner = party_watcher(&p, speaker, &top);
	for (size_t i = 0; i < joiner->viewer.count; i++)
		joiner->viewer.subscriptions[i].reported_ns = UINT64_MAX / 2;
	party_connect(&p);
	for (int i = 0; i < 100 && joiner->sound->reports == 0; i++)
		party_run(&p, 20);
	assert_true(joiner->sound->reports > 0);
	uint32_t link = 0;
	for (int i = 0; i < 100 && link >> 16 == 0; i++) {
		size_t n = wire_rr_build(1, joiner->sound->ssrc, 1, 0, rr);
		am_put_u32(rr + 24, (uint32_t)(joiner->sound->report.ntp >> 16)); // LSR
		assert_int_equal(client_rtcp_send(&joiner->client, rr, n), 0);
		party_run(&p, 20);
		link = link_of(joiner);
	}
	assert_in_range(link >> 16, 1, 2000); // the test's own time, not the 5 s before
	party_settle(&p);
	check_video(first);
	party_end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(loss_to_the_watcher_is_made_good),
	        cmocka_unit_test(loss_from_the_speaker_is_made_good),
	        cmocka_unit_test(loud_and_quiet_speakers_are_measured),
	        cmocka_unit_test(a_lossy_publisher_is_measured),
	        cmocka_unit_test(a_viewers_reports_are_measured),
	        cmocka_unit_test(a_joiners_round_trip_begins_when_its_report_goes_out),
	        cmocka_unit_test(loss_on_both_sides_is_made_good),
	        cmocka_unit_test(a_loss_of_the_speaker_is_repaired_once_for_all),
	        cmocka_unit_test(watchers_go_on_without_a_repair),
	        cmocka_unit_test(a_distant_speaker_is_asked_once_for_each_loss),
	        cmocka_unit_test(late_packets_of_other_layers_are_no_gap),
	        cmocka_unit_test(without_loss_there_are_no_nacks),
	        cmocka_unit_test(a_nack_is_answered_by_rtx),
	        cmocka_unit_test(a_nack_flood_is_bounded),
	        cmocka_unit_test(plis_of_many_are_merged),
	        cmocka_unit_test(reports_match_the_rewritten_timestamps),
	        cmocka_unit_test(the_speaker_learns_its_loss),
	        cmocka_unit_test(audio_is_sent_twice_over_a_lossy_link),
	};
	return SCENE_RUN(tests);
}
