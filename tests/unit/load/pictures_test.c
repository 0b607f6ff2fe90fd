// When a viewer's first pictures count as seen: key frames of which every packet has come.
#include "pictures.h"

#include "crypto/cipher.h"
#include "crypto/srtp.h"
#include "media/codec.h"
#include "stream.h"
#include "wire/rtp.h"

#include "test.h"

#include <stdio.h>
#include <string.h>

#define SSRC        77
#define PAYLOAD_LEN 100
#define MS          UINT64_C(1000000)

struct viewing {
	struct srtp_keys keys;
	struct cipher *cipher;
	struct cipher_key *key;
	struct pictures pictures;
	struct stream streams[2];
};

static int setup(void **state)
{
	static struct viewing v;

	v = (struct viewing){.keys = {.profile = SRTP_PROFILE_AEAD_AES_128_GCM}};
	memset(v.keys.server.key, 7, SRTP_KEY_LEN);
	v.cipher = cipher_create();
	v.key = cipher_key_create(&v.keys);
	assert_non_null(v.cipher);
	assert_non_null(v.key);
	assert_int_equal(pictures_init(&v.pictures, 1, 2, v.cipher), 0);
	pictures_click(&v.pictures, 0, 100 * MS);
	pictures_here(&v.pictures, 0, 150 * MS);
	*state = &v;
	return 0;
}

static int teardown(void **state)
{
	struct viewing *v = *state;

	pictures_fini(&v->pictures);
	cipher_key_destroy(v->key);
	cipher_destroy(v->cipher);
	return 0;
}

enum {
	BEGINS = 1, // a frame
	KEY = 2,
	ENDS = 4,
};

// A packet arrives at so many ms after the click.
static void arrives(struct viewing *v, uint16_t video, uint16_t seq, int what, uint64_t ms)
{
	uint8_t payload[PAYLOAD_LEN] = {0}, packet[256] = {0x80, 101};
	struct cipher_job job = {
	        .key = v->key,
	        .packet = packet,
	        .payload = payload,
	        .payload_len = PAYLOAD_LEN,
	        .header_len = RTP_HEADER_LEN,
	};

	packet[1] |= what & ENDS ? RTP_MARKER : 0;
	packet[2] = (uint8_t)(seq >> 8);
	packet[3] = (uint8_t)seq;
	packet[11] = SSRC;
	payload[0] = what & BEGINS ? 0x10 : 0; // RFC 7741 4.2: S
	payload[1] = what & KEY ? 0 : 1; // RFC 7741 4.3: P
	cipher_protect_burst(v->cipher, &job, 1);
	stream_receive(&v->streams[video], seq);
	if (pictures_wait(&v->pictures, 0, video))
		pictures_take(
		        &v->pictures, 0, video, &v->streams[video], &v->keys, packet, job.len,
		        (100 + ms) * MS
		);
}

static void a_key_frame_is_seen_with_its_last_packet(void **state)
{
	struct viewing *v = *state;

	arrives(v, 0, 65534, BEGINS | KEY, 60);
	arrives(v, 0, 65535, 0, 61);
	assert_int_equal(v->pictures.with_one, 0);
	arrives(v, 0, 0, ENDS, 70);
	assert_int_equal(v->pictures.with_one, 1);
	assert_int_equal(v->pictures.with_all, 0);
	assert_int_equal(v->pictures.first.max, 70 * MS);
	assert_int_equal(v->pictures.first_of_connected.max, 20 * MS);
	assert_int_equal(v->pictures.connected.max, 50 * MS);
	assert_int_equal(v->pictures.no_key, 0);
}

static void all_are_seen_with_the_last_speakers(void **state)
{
	struct viewing *v = *state;

	arrives(v, 1, 10, BEGINS | KEY | ENDS, 60);
	arrives(v, 0, 10, BEGINS | KEY | ENDS, 90);
	arrives(v, 0, 11, BEGINS | KEY | ENDS, 95);
	assert_int_equal(v->pictures.with_all, 1);
	assert_int_equal(v->pictures.first.max, 60 * MS);
	assert_int_equal(v->pictures.last.max, 90 * MS);
}

static void what_arrives_out_of_order_is_whole_in_the_end(void **state)
{
	struct viewing *v = *state;

	arrives(v, 0, 5, BEGINS | KEY, 60);
	arrives(v, 0, 7, ENDS, 61);
	assert_int_equal(v->pictures.with_one, 0);
	arrives(v, 0, 6, 0, 62);
	assert_int_equal(v->pictures.first.max, 62 * MS);
}

static void a_key_frame_with_a_hole_waits_for_the_next_one(void **state)
{
	struct viewing *v = *state;

	arrives(v, 0, 5, BEGINS | KEY, 60);
	arrives(v, 0, 7, ENDS, 61);
	arrives(v, 0, 8, BEGINS | ENDS, 62); // predicted from it
	assert_int_equal(v->pictures.with_one, 0);
	arrives(v, 0, 9, BEGINS | KEY, 70);
	arrives(v, 0, 10, ENDS, 71);
	assert_int_equal(v->pictures.first.max, 71 * MS);
}

static void video_without_a_key_frame_does_not_count(void **state)
{
	struct viewing *v = *state;

	arrives(v, 0, 5, BEGINS | ENDS, 60);
	assert_int_equal(v->pictures.with_one, 0);
	assert_int_equal(v->pictures.no_key, 1);
	arrives(v, 0, 6, BEGINS | KEY | ENDS, 80);
	assert_int_equal(v->pictures.first.max, 80 * MS);
	assert_int_equal(v->pictures.no_key, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(
	                a_key_frame_is_seen_with_its_last_packet, setup, teardown
	        ),
	        cmocka_unit_test_setup_teardown(
	                all_are_seen_with_the_last_speakers, setup, teardown
	        ),
	        cmocka_unit_test_setup_teardown(
	                what_arrives_out_of_order_is_whole_in_the_end, setup, teardown
	        ),
	        cmocka_unit_test_setup_teardown(
	                a_key_frame_with_a_hole_waits_for_the_next_one, setup, teardown
	        ),
	        cmocka_unit_test_setup_teardown(
	                video_without_a_key_frame_does_not_count, setup, teardown
	        ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
