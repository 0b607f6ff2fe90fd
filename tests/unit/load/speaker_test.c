// A speaker against the server's own parsers and keys: its packets must be acceptable to the data
// plane, like a browser's.
#include "speaker.h"

#include "media/codec.h"
#include "test.h"
#include "wire/rtcp.h"
#include "wire/rtp.h"

#define S         1000000000ull
#define MS        1000000ull
#define FRAME     (40 * MS)
#define GOP       25 // frames from key frame to key frame
#define LOOP      75
#define PACKETS   8192
#define FRAME_MAX 20000

enum { VP8 = 96, RTX = 97, OPUS = 111 };
enum { VIDEO_SSRC = 0x11111111, RTX_SSRC = 0x22222222, AUDIO_SSRC = 0x33333333 };

struct packet {
	struct rtp_view view;
	struct frame_info vp8;
	uint16_t transport_seq;
	uint32_t send_time;
	uint8_t level;
	char mid[8];
	uint8_t bytes[SPEAKER_PACKET_MAX];
};

// Both ends: the server's keys, and what arrived.
struct scene {
	struct speaker speaker;
	struct clip video, audio;
	uint8_t pictures[LOOP][FRAME_MAX];
	uint8_t sound[512];
	struct srtp_receiver *receiver;
	struct cipher *cipher;
	struct cipher_key *key;
	uint32_t rtcp_index;
	uint64_t now_ns;
	size_t count;
	struct packet packets[PACKETS];
	size_t told; // calls of `sent`
	size_t told_wrong; // calls whose bytes were not in the packet that followed
	struct speaker_packet last_told;
	uint8_t told_payload[SPEAKER_PAYLOAD_MAX];
	size_t reports, bad_reports;
	struct rtcp_sender_info sr[2]; // last ones: video, audio
};

static void rtcp_arrived(struct scene *s, const uint8_t *packet, size_t len)
{
	struct rtcp_iter i = rtcp_begin(packet, len);
	struct rtcp_view v;
	struct rtcp_sender_info sr;

	s->reports++;
	if (!rtcp_next(&i, &v) || v.kind != RTCP_SR || rtcp_parse_sender_info(&v, &sr) != 0 ||
	    !rtcp_next(&i, &v) || v.kind != RTCP_SDES || rtcp_next(&i, &v) || i.reader.failed) {
		s->bad_reports++;
		return;
	}
	s->sr[sr.ssrc == AUDIO_SSRC] = sr;
}

static const uint8_t *ext_find(const struct packet *p, uint8_t id, uint8_t len)
{
	struct rtp_ext e;

	assert_true(rtp_ext_find(p->bytes, &p->view, id, &e));
	assert_true(len == 0 || e.len == len);
	return p->bytes + e.offset;
}

static void told_compare(struct scene *s, const struct packet *p)
{
	const struct speaker_packet *t = &s->last_told;
	const uint8_t *payload = p->bytes + p->view.payload_offset;
	uint16_t skip = t->resent ? RTP_RTX_OSN_LEN : 0;
	uint16_t seq = t->resent ? am_read_u16(&(struct am_reader){payload, payload + 2, false})
	                         : p->view.seq;

	if (s->told != s->count || seq != t->seq || p->view.timestamp != t->timestamp ||
	    p->view.payload_len != t->payload_len + skip || t->sent_ns != s->now_ns ||
	    memcmp(payload + skip, s->told_payload, t->payload_len) != 0 ||
	    t->video != (p->view.pt != OPUS) || t->resent != (p->view.pt == RTX))
		s->told_wrong++;
}

static void arrived(void *context, const uint8_t *bytes, size_t len)
{
	struct scene *s = context;
	struct packet *p = &s->packets[s->count];

	assert_true(len <= SPEAKER_PACKET_MAX && s->count + 1 < PACKETS);
	memcpy(p->bytes, bytes, len);
	if (bytes[1] >= 192 && bytes[1] <= 223) { // RFC 5761 4
		assert_int_equal(srtp_receive_rtcp(s->receiver, p->bytes, &len), 0);
		rtcp_arrived(s, p->bytes, len);
		return;
	}
	assert_int_equal(srtp_receive_rtp(s->receiver, p->bytes, &len), 0);
	assert_int_equal(rtp_parse(p->bytes, len, &p->view), 0);
	s->count++;
	if (p->view.pt == VP8)
		assert_int_equal(
		        codec_inspect(
		                CODEC_VP8, p->bytes + p->view.payload_offset, p->view.payload_len,
		                &p->vp8
		        ),
		        0
		);
	p->transport_seq =
	        am_read_u16(&(struct am_reader){.next = ext_find(p, 5, 2), .end = p->bytes + len});
	p->send_time =
	        am_read_u24(&(struct am_reader){.next = ext_find(p, 2, 3), .end = p->bytes + len});
	memcpy(p->mid, ext_find(p, 4, 1), 1);
	if (p->view.pt == OPUS)
		p->level = *ext_find(p, 6, 1);
	told_compare(s, p);
}

static void told(void *context, const struct speaker_packet *p)
{
	struct scene *s = context;

	s->told++;
	s->last_told = *p;
	memcpy(s->told_payload, p->payload, p->payload_len);
}

// Each frame has a different length, so that it can be recognised.
static uint32_t video_len(uint64_t i)
{
	return i % GOP == 0 ? 15000 + (uint32_t)i : 100 + 97 * (uint32_t)i;
}

// Nothing but their first byte is VP8's: its lowest bit says that it is no key frame (RFC
// 6386 9.1).
static void clips_make(struct scene *s)
{
	s->video = (struct clip){.clock_rate = 90000, .frame_ticks = 3600, .count = LOOP};
	s->video.frames = calloc(LOOP, sizeof(struct clip_frame));
	for (uint32_t i = 0; i < LOOP; i++) {
		for (size_t k = 0; k < FRAME_MAX; k++)
			s->pictures[i][k] = (uint8_t)(k * 31 ^ k >> 8 ^ i);
		s->pictures[i][0] = i % GOP == 0 ? 0x10 : 0x11;
		s->video.frames[i] = (struct clip_frame
		){.bytes = s->pictures[i], .len = video_len(i), .key = i % GOP == 0};
	}
	for (size_t k = 0; k < sizeof(s->sound); k++)
		s->sound[k] = (uint8_t)(k * 37);
	s->audio = (struct clip){.clock_rate = 48000, .frame_ticks = 960, .count = 150};
	s->audio.frames = calloc(150, sizeof(struct clip_frame));
	for (uint32_t i = 0; i < 150; i++)
		s->audio.frames[i] = (struct clip_frame
		){.bytes = s->sound + i, .len = 80 + i, .key = true, .level = i % 128};
}

static struct scene *scene_make(uint8_t profile, uint64_t offset_us)
{
	struct scene *s = calloc(1, sizeof(*s));
	struct srtp_keys keys = {.profile = profile};

	memset(&keys.client, 0x11, sizeof(keys.client));
	memset(&keys.server, 0x22, sizeof(keys.server));
	clips_make(s);
	s->now_ns = 1000 * S;
	s->receiver = srtp_receiver_create(&keys);
	s->cipher = cipher_create();
	s->key = cipher_key_create(&keys);
	struct speaker_config config = {
	        .video = &s->video,
	        .audio = &s->audio,
	        .video_ssrc = VIDEO_SSRC,
	        .video_rtx_ssrc = RTX_SSRC,
	        .audio_ssrc = AUDIO_SSRC,
	        .video_pt = VP8,
	        .video_rtx_pt = RTX,
	        .audio_pt = OPUS,
	        .ext_id =
	                {[AM_EXT_MID] = 4,
	                 [AM_EXT_ABS_SEND_TIME] = 2,
	                 [AM_EXT_TRANSPORT_CC] = 5,
	                 [AM_EXT_AUDIO_LEVEL] = 6},
	        .video_mid = "0",
	        .audio_mid = "1",
	        .cname = "a-speaker",
	        .start_offset_us = offset_us,
	        .keys = &keys,
	        .send = arrived,
	        .sent = told,
	        .context = s,
	};
	assert_int_equal(speaker_init(&s->speaker, &config), 0);
	return s;
}

static void scene_free(struct scene *s)
{
	assert_int_equal(s->told_wrong, 0);
	assert_int_equal(s->bad_reports, 0);
	speaker_fini(&s->speaker);
	srtp_receiver_destroy(s->receiver);
	cipher_key_destroy(s->key);
	cipher_destroy(s->cipher);
	free(s->video.frames);
	free(s->audio.frames);
	free(s);
}

// Ticks at each deadline, for this long.
static void run(struct scene *s, uint64_t duration_ns)
{
	uint64_t end = s->now_ns + duration_ns;

	while (true) {
		speaker_tick(&s->speaker, s->now_ns);
		uint64_t due = speaker_deadline(&s->speaker);
		assert_true(due > s->now_ns);
		if (due >= end)
			break;
		s->now_ns = due;
	}
	s->now_ns = end;
}

static void feed(struct scene *s, uint8_t *packet, size_t len, size_t capacity)
{
	assert_int_equal(
	        cipher_protect_rtcp(s->cipher, s->key, ++s->rtcp_index, packet, &len, capacity), 0
	);
	speaker_receive(&s->speaker, packet, len, s->now_ns);
}

// The index of the next packet of this type from i on, or the count.
static size_t next(const struct scene *s, size_t i, uint8_t pt)
{
	while (i < s->count && s->packets[i].view.pt != pt)
		i++;
	return i;
}

// Length of the frame whose first packet is i, whose packets must follow each other and bear the
// same numbers; its bytes must be those of some clip frame. *i becomes the packet after it.
static uint32_t frame_join(const struct scene *s, size_t *i)
{
	const struct packet *first = &s->packets[*i];
	uint8_t frame[FRAME_MAX];
	uint32_t len = 0;

	assert_true(first->vp8.begin);
	for (bool marker = false; !marker; (*i)++) {
		const struct packet *p = &s->packets[*i];
		assert_true(*i < s->count && p->view.pt == VP8);
		assert_int_equal(p->view.timestamp, first->view.timestamp);
		assert_int_equal(p->vp8.picture_id, first->vp8.picture_id);
		assert_int_equal(p->vp8.tl0picidx, first->vp8.tl0picidx);
		assert_true(p->vp8.begin == (p == first));
		assert_true(p->view.payload_len <= SPEAKER_PAYLOAD_MAX);
		uint32_t n = p->view.payload_len - 6u;
		memcpy(frame + len, p->bytes + p->view.payload_offset + 6, n);
		len += n;
		marker = p->view.marker;
	}
	for (uint32_t f = 0; f < LOOP; f++) {
		if (s->video.frames[f].len == len) {
			assert_memory_equal(frame, s->video.frames[f].bytes, len);
			assert_int_equal(first->vp8.key_frame, s->video.frames[f].key);
			return f;
		}
	}
	fail_msg("no frame of the clip has %u bytes", len);
	return 0;
}

static void numbers_go_on_at_the_seam(void **)
{
	struct scene *s = scene_make(SRTP_PROFILE_AEAD_AES_128_GCM, 0);
	size_t i = 0;
	uint32_t frames = 0;

	run(s, 9 * S); // three loops
	const struct packet *before = NULL;
	while ((i = next(s, i, VP8)) < s->count) {
		const struct packet *p = &s->packets[i], *last = before;
		uint32_t frame = frame_join(s, &i);
		assert_int_equal(frame, frames++ % LOOP);
		before = &s->packets[i - 1];
		if (!last)
			continue;
		assert_int_equal(p->view.timestamp, last->view.timestamp + 3600);
		assert_int_equal(p->view.seq, (uint16_t)(last->view.seq + 1));
		assert_int_equal(p->vp8.picture_id, (last->vp8.picture_id + 1) & 0x7fff);
		assert_int_equal(p->vp8.picture_id_bits, 15);
		assert_true(p->vp8.has_tl0picidx);
		assert_int_equal(p->vp8.tl0picidx, (uint8_t)(last->vp8.tl0picidx + 1));
	}
	assert_int_equal(frames, 9 * 25);

	uint32_t sounds = 0;
	before = NULL;
	for (i = 0; (i = next(s, i, OPUS)) < s->count; i++) {
		const struct packet *p = &s->packets[i];
		const struct clip_frame *f = &s->audio.frames[sounds++ % 150];
		assert_int_equal(p->view.payload_len, f->len);
		assert_memory_equal(p->bytes + p->view.payload_offset, f->bytes, f->len);
		assert_int_equal(p->level, 0x80 | f->level);
		assert_int_equal(p->view.marker, before == NULL);
		if (before) {
			assert_int_equal(p->view.timestamp, before->view.timestamp + 960);
			assert_int_equal(p->view.seq, (uint16_t)(before->view.seq + 1));
		}
		before = p;
	}
	assert_int_equal(sounds, 9 * 50);
	scene_free(s);
}

static void packets_are_a_browsers(void **)
{
	static const uint8_t profiles[] = {
	        SRTP_PROFILE_AEAD_AES_128_GCM, SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80};

	for (size_t k = 0; k < COUNT(profiles); k++) {
		struct scene *s = scene_make(profiles[k], 0);
		run(s, 2 * S);
		for (size_t i = 0; i < s->count; i++) {
			const struct packet *p = &s->packets[i];
			bool video = p->view.pt == VP8;
			assert_int_equal(p->transport_seq, i);
			assert_int_equal(p->view.ssrc, video ? VIDEO_SSRC : AUDIO_SSRC);
			assert_string_equal(p->mid, video ? "0" : "1");
			if (i > 0)
				assert_true(
				        ((p->send_time - s->packets[i - 1].send_time) & 0xffffff) <
				        1 << 18
				);
		}
		assert_int_equal(s->speaker.counts.video_frames, 50);
		assert_int_equal(s->speaker.counts.key_frames, 2);
		assert_int_equal(
		        s->speaker.counts.video_packets + s->speaker.counts.audio_packets, s->count
		);
		scene_free(s);
	}
}

static void speakers_start_at_key_frames_at_their_offsets(void **)
{
	static const struct {
		uint64_t offset_us;
		uint32_t frame, sound;
	} cases[] = {{0, 0, 0},         {1, 25, 1},      {40000, 25, 2},
	             {1000000, 25, 50}, {2999999, 0, 0}, {5000000, 50, 100}};

	for (size_t k = 0; k < COUNT(cases); k++) {
		struct scene *s = scene_make(SRTP_PROFILE_AEAD_AES_128_GCM, cases[k].offset_us);
		run(s, 100 * MS);
		size_t i = next(s, 0, VP8);
		assert_int_equal(frame_join(s, &i), cases[k].frame);
		i = next(s, 0, OPUS);
		assert_int_equal(
		        s->packets[i].view.payload_len, s->audio.frames[cases[k].sound].len
		);
		scene_free(s);
	}
}

static void lost_packets_are_sent_again(void **)
{
	struct scene *s = scene_make(SRTP_PROFILE_AEAD_AES_128_GCM, 0);

	run(s, 2 * S);
	size_t lost[2] = {next(s, 20, VP8), next(s, 100, VP8)}, sent = s->count;
	struct rtcp_feedback to = {.sender_ssrc = 1, .media_ssrc = VIDEO_SSRC};
	uint16_t seqs[3] = {s->packets[lost[0]].view.seq, s->packets[lost[1]].view.seq, 0};
	seqs[2] = (uint16_t)(seqs[0] - SPEAKER_HISTORY); // too old
	for (size_t k = 0; k < COUNT(seqs); k++) {
		uint8_t packet[64];
		size_t len = rtcp_build_nack(packet, sizeof(packet), &to, &seqs[k], 1);
		feed(s, packet, len, sizeof(packet));
	}

	assert_int_equal(s->count, sent + 2);
	for (size_t k = 0; k < 2; k++) {
		const struct packet *was = &s->packets[lost[k]], *is = &s->packets[sent + k];
		struct rtp_view v = is->view;
		assert_int_equal(v.ssrc, RTX_SSRC);
		assert_int_equal(v.pt, RTX);
		if (k > 0)
			assert_int_equal(v.seq, (uint16_t)(s->packets[sent].view.seq + 1));
		assert_int_equal(rtp_restore_rtx(is->bytes, &v, VIDEO_SSRC, VP8), 0);
		assert_int_equal(v.seq, was->view.seq);
		assert_int_equal(v.timestamp, was->view.timestamp);
		assert_int_equal(v.marker, was->view.marker);
		assert_int_equal(v.payload_len, was->view.payload_len);
		assert_memory_equal(
		        is->bytes + v.payload_offset, was->bytes + was->view.payload_offset,
		        v.payload_len
		);
	}
	assert_int_equal(s->speaker.counts.nacked, 3);
	assert_int_equal(s->speaker.counts.resent, 2);
	scene_free(s);
}

// Both requests: the next frame is a key frame, and two seconds later the picture is where it would
// have been.
static void a_key_frame_that_is_asked_for_comes_next(void **)
{
	for (int fir = 0; fir < 2; fir++) {
		struct scene *s = scene_make(SRTP_PROFILE_AEAD_AES_128_GCM, 0);
		struct rtcp_feedback to = {.sender_ssrc = 1, .media_ssrc = fir ? 0 : VIDEO_SSRC};
		uint8_t packet[64];
		size_t len = rtcp_build_pli(packet, sizeof(packet), &to);

		if (fir) { // RFC 5104 4.3.1
			packet[0] = 0x84;
			am_put_u16(packet + 2, 4);
			am_put_u32(packet + 12, VIDEO_SSRC);
			am_put_u32(packet + 16, 1 << 24);
			len = 20;
		}
		run(s, 10 * FRAME); // 0 to 9
		size_t i = s->count;
		uint32_t timestamp = s->packets[next(s, i - 10, VP8)].view.timestamp;
		feed(s, packet, len, sizeof(packet));
		assert_int_equal(s->speaker.counts.key_requests, 1);
		run(s, 1);
		i = next(s, i, VP8);
		assert_int_equal(frame_join(s, &i), GOP);

		uint32_t frames = 1;
		run(s, 30 * FRAME - 1); // slots 10 to 39, of which the first 30 at half speed
		while ((i = next(s, i, VP8)) < s->count) {
			assert_true((int32_t)(s->packets[i].view.timestamp - timestamp) > 0);
			timestamp = s->packets[i].view.timestamp;
			assert_int_equal(frame_join(s, &i), GOP + frames++);
		}
		assert_int_equal(frames, 15);
		run(s, 35 * FRAME); // to slot 74
		size_t last = s->count;
		while (!(s->packets[last - 1].view.pt == VP8 && s->packets[last - 1].vp8.begin))
			last--;
		last--;
		assert_int_equal(frame_join(s, &last), 74);
		scene_free(s);
	}
}

static void after_a_stall_it_goes_on_where_it_would_be(void **)
{
	struct scene *s = scene_make(SRTP_PROFILE_AEAD_AES_128_GCM, 0);

	run(s, S / 2);
	size_t before = s->count, last = before - 1;
	while (s->packets[last].view.pt != VP8)
		last--;
	s->now_ns += 10 * S;
	speaker_tick(&s->speaker, s->now_ns);
	size_t i = next(s, before, VP8);
	uint32_t timestamp = s->packets[i].view.timestamp;
	assert_int_equal(frame_join(s, &i), (10 * 25 + 13 + GOP - 1) / GOP * GOP % LOOP);
	assert_int_equal(next(s, i, VP8), s->count); // one frame
	assert_int_equal(timestamp, s->packets[last].view.timestamp + 10 * 90000);
	i = next(s, before, OPUS);
	assert_int_equal(next(s, i + 1, OPUS), s->count); // one sound
	scene_free(s);
}

static void reports_say_what_was_sent_and_when(void **)
{
	struct scene *s = scene_make(SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80, 0);

	run(s, 3 * S + 1);
	assert_int_equal(s->reports, 2 * 4);
	for (int k = 0; k < 2; k++) {
		const struct rtcp_sender_info *sr = &s->sr[k];
		uint8_t pt = k == 0 ? VP8 : OPUS;
		size_t i = next(s, 0, pt), packets = 0, bytes = 0;
		uint32_t first = s->packets[i].view.timestamp;
		for (; i < s->count; i = next(s, i + 1, pt)) {
			packets++;
			bytes += s->packets[i].view.payload_len;
		}
		assert_int_equal(sr->ssrc, k == 0 ? VIDEO_SSRC : AUDIO_SSRC);
		assert_int_equal(sr->rtp_timestamp, first + 3u * (k == 0 ? 90000 : 48000));
		assert_int_equal(sr->ntp, (uint64_t)1003 << 32);
		assert_int_equal(sr->packets, packets);
		assert_int_equal(sr->octets, bytes);
	}
	scene_free(s);
}

static void what_does_not_verify_is_refused(void **)
{
	struct scene *s = scene_make(SRTP_PROFILE_AEAD_AES_128_GCM, 0);
	struct rtcp_feedback to = {.sender_ssrc = 1, .media_ssrc = VIDEO_SSRC};
	uint8_t packet[64], cut[64] = {0x81, 206, 0, 9, 0, 0, 0, 1};
	size_t len = rtcp_build_pli(packet, sizeof(packet), &to);

	run(s, S);
	speaker_receive(&s->speaker, packet, len, s->now_ns); // in the clear
	assert_int_equal(s->speaker.counts.refused, 1);
	feed(s, cut, 12, sizeof(cut)); // claims to be longer than it is
	assert_int_equal(s->speaker.counts.refused, 2);
	assert_int_equal(s->speaker.counts.key_requests, 0);

	to.media_ssrc = AUDIO_SSRC; // audio has no key frames
	len = rtcp_build_pli(packet, sizeof(packet), &to);
	feed(s, packet, len, sizeof(packet));
	assert_int_equal(s->speaker.counts.refused, 2);
	assert_int_equal(s->speaker.counts.key_requests, 0);
	scene_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(packets_are_a_browsers),
	        cmocka_unit_test(numbers_go_on_at_the_seam),
	        cmocka_unit_test(speakers_start_at_key_frames_at_their_offsets),
	        cmocka_unit_test(lost_packets_are_sent_again),
	        cmocka_unit_test(a_key_frame_that_is_asked_for_comes_next),
	        cmocka_unit_test(after_a_stall_it_goes_on_where_it_would_be),
	        cmocka_unit_test(reports_say_what_was_sent_and_when),
	        cmocka_unit_test(what_does_not_verify_is_refused),
	};
	if (srtp_init_library() < 0)
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
