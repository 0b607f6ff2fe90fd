// What one viewer may cost: it floods the server, which must not affect the others.
#include <stdio.h>
#include <string.h>

#include "am_clock.h"
#include "scene.h"

#define OTHERS      2
#define FLOOD_TURNS 150
#define TURN_MS     20
#define PACKETS     36 // of 1.4 kB in 20 ms: 20 Mbit/s
#define NACK_FCIS   347 // in a packet of 1.4 kB
#define FIR_FCIS    173
#define FIND_COST   8 // units of work for each FIR command (feedback.c)
#define RTCP_HEAD   12 // header, sender SSRC and media SSRC

static const struct member_options top = {TOP_LAYERS};
static const struct member_options lossy = {.loss_in_permille = 50, TOP_LAYERS};

// A webinar with one malicious viewer and two on bad networks, which depend on the server's
// budgets.
struct hall {
	struct party party;
	struct member *speaker, *guilty;
	struct member *others[OTHERS];
	uint64_t flooded_ns; // since when
	uint64_t shed; // RTCP packets that had been dropped unread by then
};

// If the worker is behind, as on a busy machine, it sheds packets of other viewers as well; what
// they got in the end shows whether that cost them anything.
static uint64_t shed(void)
{
	return driver_drop(&scene.driver, "rtcp_rate") + driver_drop(&scene.driver, "busy");
}

// The most that the flooding viewer may have cost since the flood began: 5000 units of work at once
// and 10 000 per second (path/transport.h).
static uint64_t work_most(const struct hall *h)
{
	return 5000 + (am_clock_ns() - h->flooded_ns) / 100000;
}

static void hall_open(struct hall *h)
{
	party_begin(&h->party);
	h->speaker = party_speaker(&h->party, &top);
	h->guilty = party_watcher(&h->party, h->speaker, &top);
	for (int i = 0; i < OTHERS; i++)
		h->others[i] = party_watcher(&h->party, h->speaker, &lossy);
	// Nobody requests packets lost before the first one that arrived.
	for (int i = 0; i < OTHERS; i++)
		h->others[i]->client.config.loss_in_permille = 0;
	party_connect(&h->party);
	party_run(&h->party, 300);
	for (int i = 0; i < OTHERS; i++)
		h->others[i]->client.config.loss_in_permille = lossy.loss_in_permille;
	party_run(&h->party, 1200);
	h->shed = shed();
	h->flooded_ns = am_clock_ns();
}

// Runs the party while the flooding viewer sends `packets` each turn.
static void hall_flood(struct hall *h, const uint8_t *rtcp, size_t len, int packets)
{
	for (int turn = 0; turn < FLOOD_TURNS; turn++) {
		for (int i = 0; i < packets; i++)
			client_rtcp_send(&h->guilty->client, rtcp, len);
		party_run(&h->party, TURN_MS);
	}
}

// Nobody has lost a frame; viewers that lost packets got them again.
static void hall_close(struct hall *h)
{
	party_settle(&h->party);
	for (int i = 0; i < OTHERS; i++) {
		struct viewer_verdict v = check_video(h->others[i]);
		assert_int_equal(v.missing, 0);
		assert_int_equal(v.gaps, 0);
		assert_true(v.frames > 100); // of 135 in 4.5 s
		assert_true(h->others[i]->client.lost_in > 20);
		assert_true(h->others[i]->video->resent > 10);
	}
	assert_int_equal(check_video(h->guilty).missing, 0);
	party_end(&h->party);
}

static size_t feedback_head(uint8_t *out, uint8_t format, uint8_t type, uint32_t media, size_t len)
{
	out[0] = (uint8_t)(0x80 | format);
	out[1] = type;
	am_put_u16(out + 2, (uint16_t)(len / 4 - 1));
	am_put_u32(out + 4, 1);
	am_put_u32(out + 8, media);
	return len;
}

// A list of 5899 numbers that were never sent.
static size_t long_nack(const struct viewer_subscription *s, uint8_t *out)
{
	uint16_t first = (uint16_t)(s->first + s->highest + 5000);

	for (uint16_t i = 0; i < NACK_FCIS; i++) {
		am_put_u16(out + RTCP_HEAD + i * 4, (uint16_t)(first + i * 17));
		am_put_u16(out + RTCP_HEAD + i * 4 + 2, 0xffff);
	}
	return feedback_head(out, WIRE_FMT_NACK, WIRE_RTPFB, s->ssrc, RTCP_HEAD + NACK_FCIS * 4);
}

// RFC 5104 4.3.1: many commands in a row, for the same stream.
static size_t long_fir(const struct viewer_subscription *s, uint8_t *out)
{
	for (uint16_t i = 0; i < FIR_FCIS; i++) {
		am_put_u32(out + RTCP_HEAD + i * 8, s->ssrc);
		am_put_u32(out + RTCP_HEAD + i * 8 + 4, (uint32_t)i << 24);
	}
	return feedback_head(out, WIRE_FMT_FIR, WIRE_PSFB, 0, RTCP_HEAD + FIR_FCIS * 8);
}

// proves A14
static void nacks_for_unknown_numbers_are_bounded(void **)
{
	struct hall h;
	uint8_t out[WIRE_MTU];

	hall_open(&h);
	uint64_t numbers = driver_counter(&scene.driver, AM_COUNTER_nacks_received);
	hall_flood(&h, out, long_nack(h.guilty->video, out), PACKETS);
	// Of 30 million; the others request little.
	numbers = driver_counter(&scene.driver, AM_COUNTER_nacks_received) - numbers;
	assert_in_range(numbers, 5000, work_most(&h) + 5000);
	assert_true(shed() > h.shed + 1000);
	hall_close(&h);
}

static void lists_of_key_frame_requests_are_bounded(void **)
{
	struct hall h;
	uint8_t out[WIRE_MTU];

	hall_open(&h);
	uint64_t asked = driver_counter(&scene.driver, AM_COUNTER_plis_received);
	hall_flood(&h, out, long_fir(h.guilty->video, out), PACKETS);
	asked = driver_counter(&scene.driver, AM_COUNTER_plis_received) - asked;
	assert_in_range(asked, 500, work_most(&h) / FIND_COST + 100); // of 900 000
	assert_true(shed() > h.shed + 1000);
	hall_close(&h);
}

// Five times a second for 15 s, in every way in which a viewer can cause a key frame.
static void ask_by_pli(const struct member *m, int)
{
	viewer_pli_send((struct viewer *)&m->viewer, m->video);
}

static void ask_by_signaling(const struct member *m, int)
{
	assert_int_equal(
	        driver_remove(&scene.driver, AM_CMD_SUBSCRIPTION_KEY_FRAME, m->video_id), 0
	);
}

static void ask_by_layers(const struct member *m, int turn)
{
	assert_int_equal(driver_layers(&scene.driver, m->video_id, turn % 2 ? 2 : 0, 2), 0);
}

static void ask_by_pause(const struct member *m, int turn)
{
	assert_int_equal(
	        driver_pause(&scene.driver, AM_CMD_SUBSCRIPTION_PAUSE, m->video_id, turn % 2 == 0),
	        0
	);
}

static void check_who_asks_forever(void (*ask)(const struct member *, int turn))
{
	struct party p;

	party_begin(&p);
	struct member *speaker = party_speaker(&p, &top);
	struct member *guilty = party_watcher(&p, speaker, &top);
	struct member *other = party_watcher(&p, speaker, &top);
	party_connect(&p);
	party_run(&p, 1500);
	uint32_t before = viewer_judge(other->video).key_frames;
	for (int turn = 0; turn < 75; turn++) {
		ask(guilty, turn);
		party_run(&p, 200);
	}
	// Four at once, then after 1, 2, 4 and 8 s; without the limit, one per second.
	uint32_t asked = viewer_judge(other->video).key_frames - before;
	assert_in_range(asked, 1, 9);

	// A newcomer waits no longer than usual.
	struct member *late = party_watcher(&p, speaker, &top);
	party_connect(&p);
	party_run(&p, 1500);
	assert_true(viewer_judge(late->video).frames > 5);
	party_settle(&p);
	struct viewer_verdict v = check_video(other);
	assert_int_equal(v.missing, 0);
	assert_int_equal(v.gaps, 0);
	assert_true(v.frames > 450); // of 30 a second
	party_end(&p);
}

// proves A14
static void endless_key_frame_requests_get_few(void **)
{
	check_who_asks_forever(ask_by_pli);
	check_who_asks_forever(ask_by_signaling);
}

static void endless_changes_get_few_key_frames(void **)
{
	check_who_asks_forever(ask_by_layers);
	check_who_asks_forever(ask_by_pause);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(nacks_for_unknown_numbers_are_bounded),
	        cmocka_unit_test(lists_of_key_frame_requests_are_bounded),
	        cmocka_unit_test(endless_key_frame_requests_get_few),
	        cmocka_unit_test(endless_changes_get_few_key_frames),
	};
	return SCENE_RUN(tests);
}
