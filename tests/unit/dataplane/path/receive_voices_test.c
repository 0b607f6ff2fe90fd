// The loudest voices of a room, whose publishers are on two workers and whose viewer is on one.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rte_mbuf.h>

#include "am_reader.h"
#include "am_tap.h"
#include "path/feedback.h"
#include "path/forward.h"
#include "path/inbox.h"
#include "path/receive.h"
#include "path/ssrc.h"
#include "path/tx.h"
#include "rig.h"
#include "srtp_sender.h"

#define BUFFERS   4095
#define FRAME_LEN 42 // Ethernet, IPv4 and UDP, before RTP
#define FRAME_US  20000
#define STEP      960 // timestamp units in that time
#define PT        111
#define EXT_LEVEL 1
#define MICS      6
#define WORKERS   2
#define LOUDEST   3

// Levels in -dBov (RFC 6464): 0 is the loudest.
#define NOISE    65
#define SPEECH   30
#define NO_LEVEL UINT8_MAX

struct mic {
	struct transport transport;
	struct track track;
	struct ssrc_table ssrcs;
	struct srtp_sender *sender;
	struct worker *worker;
	uint16_t seq;
	uint8_t dbov; // of the next packet
	uint32_t got; // packets of it that the viewer got
	uint32_t wrong; // numbers or timestamps out of sequence
	uint16_t got_seq;
	uint32_t got_timestamp;
};

static struct rig rig;
static struct voices room;
static struct mic mics[MICS];
static uint64_t given[WORKERS]; // packets handed to each worker

static void take(const struct rte_mbuf *m)
{
	const uint8_t *rtp = rte_pktmbuf_mtod_offset(m, const uint8_t *, FRAME_LEN);
	struct am_reader r = am_reader_init(rtp + 2, 10);
	uint16_t seq = am_read_u16(&r);
	uint32_t timestamp = am_read_u32(&r);
	struct mic *mic = &mics[(am_read_u32(&r) >> 20) - 1]; // as rig_fill chooses SSRCs

	if (mic->got > 0) {
		mic->wrong += seq != (uint16_t)(mic->got_seq + 1);
		mic->wrong += timestamp - mic->got_timestamp - 1 >= 10000 * STEP;
	}
	mic->got_seq = seq;
	mic->got_timestamp = timestamp;
	mic->got++;
}

static int eal_begin(void **)
{
	return rig_port_begin("receive_voices_test", take) < 0 || srtp_init_library() < 0 ? -1 : 0;
}

static void mic_keys(struct mic *m)
{
	struct srtp_keys keys = {.profile = SRTP_PROFILE_AEAD_AES_128_GCM}, theirs = keys;

	memset(&keys.client, 1, sizeof(keys.client));
	memset(&keys.server, 2, sizeof(keys.server));
	theirs.client = keys.server;
	theirs.server = keys.client;
	m->sender = srtp_sender_create(&theirs);
	m->transport.key = cipher_key_create(&keys);
	m->transport.receiver = srtp_receiver_create(&keys);
	assert_true(m->sender && m->transport.key && m->transport.receiver);
}

static void mic_begin(struct mic *m, int i)
{
	struct track_stream *s = &m->track.streams[0];

	*m = (struct mic){.worker = &rig.worker[i % WORKERS], .dbov = NOISE, .seq = 100};
	m->track.params = (struct am_cmd_track_add){
	        .track_id = rig.fanouts[i]->track_id,
	        .clock_rate = 48000,
	        .codec = AM_CODEC_OPUS,
	        .payload_type = PT,
	        .voices = LOUDEST,
	        .encoding_count = 1,
	        .encodings = {{.ssrc = 7}},
	        .extension_id = {[AM_EXT_AUDIO_LEVEL] = EXT_LEVEL},
	};
	s->ssrc = 7;
	m->track.format = (struct rtp_track_format){.pt = 100, .mid_id = AM_EXT_MID};
	m->track.workers = 1;
	m->track.transport = &m->transport;
	m->track.voices = &room;
	m->track.voice.place = (uint8_t)voices_take(&room);
	rtp_clock_init(&s->clock, 48000);
	reception_init(&s->reception, 48000);
	nack_init(&s->nack);
	keyframe_init(&s->keyframe);
	temporal_init(&s->counter);
	m->transport.ssrcs = &m->ssrcs;
	TAILQ_INIT(&m->transport.tracks);
	TAILQ_INIT(&m->transport.subscriptions);
	TAILQ_INSERT_TAIL(&m->transport.tracks, &m->track, entry);
	TAILQ_INSERT_TAIL(&m->worker->publishers, &m->transport, publishers);
	ssrc_add_track(&m->transport, &m->track);
	mic_keys(m);
}

static void begin(void)
{
	assert_int_equal(rig_init_workers(&rig, WORKERS, BUFFERS, 0), 0);
	assert_int_equal(rig_fill(&rig, 1, MICS, SRTP_PROFILE_AEAD_AES_128_GCM), 0);
	memset(&room, 0, sizeof(room));
	memset(given, 0, sizeof(given));
	for (int i = 0; i < MICS; i++) {
		rig.fanouts[i]->codec = AM_CODEC_OPUS;
		selector_init(
		        &rig.fanouts[i]->chunks->subscriptions[0].selector, SELECTOR_AUDIO,
		        (uint16_t)(1000 * i), 0
		);
		mic_begin(&mics[i], i);
	}
}

static void check_books(int worker)
{
	const struct am_counters *c = &rig.counters[worker];
	uint64_t out = c->value[AM_COUNTER_tx_packets] + c->value[AM_COUNTER_consumed] +
	               c->value[AM_COUNTER_handover_out];

	for (int i = 0; i < DROP_COUNT; i++)
		out += c->drops[i];
	assert_int_equal(
	        given[worker] + c->value[AM_COUNTER_handover_in] + c->value[AM_COUNTER_made_copies],
	        out
	);
}

static int clear(void **)
{
	if (!rig.worker)
		return 0;
	for (int i = 0; i < MICS; i++) {
		TAILQ_REMOVE(&mics[i].worker->publishers, &mics[i].transport, publishers);
		srtp_sender_destroy(mics[i].sender);
		srtp_receiver_destroy(mics[i].transport.receiver);
		cipher_key_destroy(mics[i].transport.key);
	}
	rig_clear(&rig);
	for (int i = 0; i < WORKERS; i++)
		tx_drain(&rig.worker[i]);
	unsigned free_buffers = rte_mempool_avail_count(rig.port.pool);
	rig_fini(&rig);
	rig.worker = NULL;
	return free_buffers == BUFFERS ? 0 : -1;
}

// Ends a test: the viewer's numbers have no gaps, and no packet or buffer is missing.
static void end(void)
{
	for (int i = 0; i < MICS; i++)
		assert_int_equal(mics[i].wrong, 0);
	for (int i = 0; i < WORKERS; i++)
		check_books(i);
	assert_int_equal(clear(NULL), 0);
}

static void mic_send(struct mic *m)
{
	static const uint8_t payload[80] = {0x78};
	uint8_t packet[256] = {0x80, PT};
	size_t len = 12;
	struct packet_view v;

	am_put_u16(packet + 2, m->seq);
	am_put_u32(packet + 4, m->seq * STEP);
	am_put_u32(packet + 8, 7);
	m->seq++;
	if (m->dbov != NO_LEVEL) {
		const uint8_t ext[] = {0xbe, 0xde, 0, 1, EXT_LEVEL << 4, m->dbov, 0, 0};
		packet[0] |= 0x10;
		memcpy(packet + len, ext, sizeof(ext));
		len += sizeof(ext);
	}
	memcpy(packet + len, payload, sizeof(payload));
	len += sizeof(payload);
	assert_int_equal(srtp_send_rtp(m->sender, packet, &len, sizeof(packet)), 0);
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(rig.port.pool);
	memcpy(rte_pktmbuf_append(mbuf, (uint16_t)(FRAME_LEN + len)) + FRAME_LEN, packet, len);
	v = (struct packet_view){.payload_offset = FRAME_LEN, .payload_len = (uint16_t)len};
	given[m->worker->index]++;
	receive_rtp(m->worker, &m->transport, mbuf, &v);
}

static void settle(void)
{
	struct worker *w = rig.worker;

	do {
		inbox_workers(w, WORKER_BURST);
		forward_some(w);
		tx_flush(w);
	} while (w->tx.head != w->tx.tail || !TAILQ_EMPTY(&w->waiting[WORKER_SOUND]));
}

static void frames(int n)
{
	for (int f = 0; f < n; f++) {
		for (int i = 0; i < MICS; i++)
			mic_send(&mics[i]);
		settle();
		for (int i = 0; i < WORKERS; i++)
			rig.worker[i].now_us += FRAME_US;
	}
}

static void say(int first, int last, uint8_t dbov)
{
	for (int i = first; i <= last; i++)
		mics[i].dbov = dbov;
}

// How many packets of a microphone the viewer gets in n frames.
static uint32_t got_in(int mic, int n)
{
	uint32_t before = mics[mic].got;

	frames(n);
	return mics[mic].got - before;
}

static uint64_t withheld(int worker)
{
	return rig.counters[worker].value[AM_COUNTER_voices_withheld];
}

static void voices_of_two_workers_are_compared(void **)
{
	begin();
	frames(5);
	say(0, 2, SPEECH);
	for (int i = 0; i < 3; i++)
		assert_int_equal(got_in(i, 20), 20);
	say(3, 3, SPEECH + 5);
	assert_int_equal(got_in(3, 20), 0);
	assert_true(withheld(0) > 80 && withheld(1) > 80);
	say(3, 3, SPEECH - 10); // its next packet is heard
	assert_int_equal(got_in(3, 50), 50);
	uint32_t got = 0;
	for (int i = 0; i < 3; i++) // one of three equally loud voices has ended
		got += got_in(i, 10);
	assert_int_equal(got, 20);
	end();
}

static void numbers_go_on_over_what_was_withheld_and_lost(void **)
{
	begin();
	say(0, 0, SPEECH);
	frames(20);
	say(0, 0, NOISE);
	frames(60);
	uint32_t before = mics[0].got;
	for (int i = 0; i < 100; i++) {
		mics[0].seq += 7; // lost on the publisher's link
		frames(1);
	}
	assert_int_equal(mics[0].got, before);
	say(0, 0, SPEECH);
	assert_int_equal(got_in(0, 20), 20);
	end();
}

static void who_does_not_say_how_loud_is_forwarded(void **)
{
	begin();
	say(0, 2, SPEECH);
	mics[4].track.params.extension_id[AM_EXT_AUDIO_LEVEL] = 0;
	mics[5].dbov = NO_LEVEL;
	assert_int_equal(got_in(4, 50), 50);
	assert_int_equal(mics[5].got, 50);
	assert_true(mics[3].got < 5);
	end();
}

static void a_track_of_no_room_is_forwarded(void **)
{
	begin();
	say(0, 2, SPEECH);
	mics[4].track.voices = NULL;
	assert_int_equal(got_in(4, 50), 50);
	end();
}

// Everybody's loudness is published, since the page marks who speaks.
static void loudness_is_told_of_whom_nobody_hears(void **)
{
	begin();
	say(0, 2, SPEECH);
	frames(20);
	say(3, 3, SPEECH + 5);
	assert_int_equal(got_in(3, 50), 0);
	feedback_levels(&rig.worker[1]);
	assert_int_equal(
	        am_gauge_get(rig.gauges->tracks, mics[3].track.params.track_id), 127 - SPEECH - 5
	);
	end();
}

static void a_paused_voice_gives_way_and_comes_back(void **)
{
	begin();
	say(0, 2, SPEECH);
	frames(20);
	mics[2].track.paused = true;
	say(3, 3, SPEECH + 5);
	assert_int_equal(got_in(3, 50), 50 - 200000 / FRAME_US + 1);
	mics[2].track.paused = false;
	mics[3].dbov = NOISE;
	frames(50);
	assert_int_equal(got_in(2, 20), 20);
	end();
}

// The recorder mixes for itself.
static void voices_that_are_withheld_are_recorded(void **)
{
	struct am_tap tap;

	begin();
	assert_int_equal(am_tap_new(&tap, 1, 1), 0);
	say(0, 2, SPEECH);
	frames(20);
	mics[3].track.tapped = true; // on the second worker
	rig.worker[1].tap.ring = &tap.map->rings[0];
	assert_int_equal(got_in(3, 50), 0);
	assert_int_equal(am_tap_head(&tap.map->rings[0]), 50);
	end();
	am_tap_leave(&tap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_teardown(voices_of_two_workers_are_compared, clear),
	        cmocka_unit_test_teardown(numbers_go_on_over_what_was_withheld_and_lost, clear),
	        cmocka_unit_test_teardown(who_does_not_say_how_loud_is_forwarded, clear),
	        cmocka_unit_test_teardown(a_track_of_no_room_is_forwarded, clear),
	        cmocka_unit_test_teardown(loudness_is_told_of_whom_nobody_hears, clear),
	        cmocka_unit_test_teardown(a_paused_voice_gives_way_and_comes_back, clear),
	        cmocka_unit_test_teardown(voices_that_are_withheld_are_recorded, clear),
	};
	return cmocka_run_group_tests(tests, eal_begin, NULL);
}
