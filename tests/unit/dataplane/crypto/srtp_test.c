#include "crypto/srtp.c"

#include "../../../vectors/srtp_vectors.h"
#include "srtp_reference.h"
#include "srtp_sender.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIZE 2048

static const uint8_t both[] = {SRTP_PROFILE_AEAD_AES_128_GCM, SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80};

// Keys that differ in every byte, so that a wrong half or order shows.
static struct srtp_keys make_keys(uint8_t profile)
{
	struct srtp_keys keys = {.profile = profile};
	for (uint8_t i = 0; i < SRTP_KEY_LEN; i++) {
		keys.client.key[i] = (uint8_t)(0x10 + i);
		keys.server.key[i] = (uint8_t)(0x50 + i);
	}
	for (uint8_t i = 0; i < SRTP_SALT_LEN_MAX; i++) {
		keys.client.salt[i] = (uint8_t)(0x90 + i);
		keys.server.salt[i] = (uint8_t)(0xd0 + i);
	}
	return keys;
}

static struct srtp_keys swap(const struct srtp_keys *keys)
{
	return (struct srtp_keys
	){.profile = keys->profile, .client = keys->server, .server = keys->client};
}

// The two ends of one direction: a client that sends, a server that receives.
struct pair {
	struct srtp_sender *sender;
	struct srtp_receiver *receiver;
};

static struct pair pair_create(uint8_t profile)
{
	struct srtp_keys server = make_keys(profile);
	struct srtp_keys client = swap(&server);
	struct pair p = {srtp_sender_create(&client), srtp_receiver_create(&server)};
	assert_non_null(p.sender);
	assert_non_null(p.receiver);
	return p;
}

static void pair_destroy(struct pair *p)
{
	srtp_sender_destroy(p->sender);
	srtp_receiver_destroy(p->receiver);
}

static size_t make_rtp(uint8_t *packet, uint32_t ssrc, uint16_t seq, size_t payload_len)
{
	memset(packet, 0, RTP_HEADER_LEN);
	packet[0] = 0x80;
	packet[1] = 96;
	am_put_u16(packet + 2, seq);
	am_put_u32(packet + 8, ssrc);
	for (size_t i = 0; i < payload_len; i++)
		packet[RTP_HEADER_LEN + i] = (uint8_t)(seq + i);
	return RTP_HEADER_LEN + payload_len;
}

static size_t make_rtcp(uint8_t *packet, uint32_t ssrc, size_t body_len)
{
	packet[0] = 0x80;
	packet[1] = 201;
	am_put_u16(packet + 2, (uint16_t)(1 + body_len / 4));
	am_put_u32(packet + 4, ssrc);
	memset(packet + 8, 0x77, body_len);
	return 8 + body_len;
}

static size_t protect_rtp(struct srtp_sender *s, uint8_t *packet, uint32_t ssrc, uint16_t seq)
{
	size_t len = make_rtp(packet, ssrc, seq, 100);
	assert_int_equal(srtp_send_rtp(s, packet, &len, SIZE), 0);
	return len;
}

// Offers a copy, so that the caller's packet may be offered again.
static int offer_rtp(struct srtp_receiver *r, const uint8_t *packet, size_t len)
{
	uint8_t copy[SIZE];
	memcpy(copy, packet, len);
	return srtp_receive_rtp(r, copy, &len);
}

static int offer_rtcp(struct srtp_receiver *r, const uint8_t *packet, size_t len)
{
	uint8_t copy[SIZE];
	memcpy(copy, packet, len);
	return srtp_receive_rtcp(r, copy, &len);
}

static void assert_hex(const uint8_t *bytes, size_t len, const char *text)
{
	uint8_t want[SIZE];
	assert_int_equal(len, reference_hex(text, want, sizeof(want)));
	assert_memory_equal(bytes, want, len);
}

static void reference_reproduces_rfc_3711(void **)
{
	uint8_t key[16], block[16], stream[48] = {0};
	reference_hex(RFC3711_B2_KEY, key, sizeof(key));
	reference_hex(RFC3711_B2_BLOCK, block, sizeof(block));
	reference_ctr(key, block, stream, sizeof(stream));
	assert_hex(stream, sizeof(stream), RFC3711_B2_STREAM);

	struct srtp_master master;
	struct reference_keys k;
	reference_hex(RFC3711_B3_MASTER_KEY, master.key, sizeof(master.key));
	reference_hex(RFC3711_B3_MASTER_SALT, master.salt, sizeof(master.salt));
	reference_derive_all(
	        &k, SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80, &master, REFERENCE_RTP_CIPHER
	);
	assert_hex(k.cipher, sizeof(k.cipher), RFC3711_B3_CIPHER_KEY);
	assert_hex(k.salt, sizeof(k.salt), RFC3711_B3_CIPHER_SALT);
	assert_hex(k.auth, sizeof(k.auth), RFC3711_B3_AUTH_KEY);
}

static void reference_reproduces_rfc_7714(void **)
{
	struct reference_keys k = {.profile = SRTP_PROFILE_AEAD_AES_128_GCM};
	reference_hex(RFC7714_KEY, k.cipher, sizeof(k.cipher));
	reference_hex(RFC7714_SALT, k.salt, sizeof(k.salt));

	uint8_t packet[SIZE];
	size_t len = reference_hex(RFC7714_16_1_1_PLAIN, packet, sizeof(packet));
	len = reference_protect_rtp(&k, packet, RTP_HEADER_LEN, len, 0);
	assert_hex(packet, len, RFC7714_16_1_1_PACKET);

	len = reference_hex(RFC7714_17_1_PLAIN, packet, sizeof(packet));
	len = reference_protect_rtcp(&k, packet, len, 0x5d4);
	assert_hex(packet, len, RFC7714_17_1_PACKET);
}

static void libsrtp_reproduces_its_packet(void **)
{
	struct srtp_keys keys = {.profile = SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80};
	reference_hex(RFC3711_B3_MASTER_KEY, keys.server.key, SRTP_KEY_LEN);
	reference_hex(RFC3711_B3_MASTER_SALT, keys.server.salt, SRTP_SALT_LEN_MAX);
	keys.client = keys.server;
	struct srtp_sender *s = srtp_sender_create(&keys);
	struct srtp_receiver *r = srtp_receiver_create(&keys);

	uint8_t packet[SIZE];
	size_t len = reference_hex(LIBSRTP_CM_PLAIN, packet, sizeof(packet));
	assert_int_equal(srtp_send_rtp(s, packet, &len, sizeof(packet)), 0);
	assert_hex(packet, len, LIBSRTP_CM_PACKET);
	assert_int_equal(srtp_receive_rtp(r, packet, &len), 0);
	assert_hex(packet, len, LIBSRTP_CM_PLAIN);
	srtp_sender_destroy(s);
	srtp_receiver_destroy(r);
}

// Header forms: plain, two CSRCs, an extension of 8 bytes, both.
static size_t make_header(uint8_t *packet, unsigned form, uint16_t seq)
{
	size_t len = make_rtp(packet, 0xdecafbad, seq, 0);
	if (form & 1) {
		packet[0] |= 2;
		memset(packet + len, 0x33, 8);
		len += 8;
	}
	if (form & 2) {
		packet[0] |= 0x10;
		am_put_u32(packet + len, 0xbede0002);
		memset(packet + len + 4, 0x10, 8);
		len += 12;
	}
	return len;
}

static void rtp_equals_the_reference(uint8_t profile)
{
	static const size_t payload_lens[] = {0, 1, 15, 16, 17, 100, 1200};
	struct srtp_keys keys = make_keys(profile);
	struct srtp_sender *s = srtp_sender_create(&keys);
	struct srtp_keys swapped = swap(&keys);
	struct srtp_receiver *r = srtp_receiver_create(&swapped);
	struct reference_keys k;
	reference_derive_all(&k, profile, &keys.server, REFERENCE_RTP_CIPHER);

	uint32_t index = 65500; // wraps after 36 packets
	for (unsigned form = 0; form < 4; form++) {
		for (size_t i = 0; i < 7 * 3; i++, index++) {
			uint8_t plain[SIZE], want[SIZE], got[SIZE];
			size_t header_len = make_header(plain, form, (uint16_t)index);
			size_t plain_len = header_len + payload_lens[i % 7];
			memset(plain + header_len, (int)index, payload_lens[i % 7]);
			memcpy(want, plain, plain_len);
			memcpy(got, plain, plain_len);
			size_t want_len =
			        reference_protect_rtp(&k, want, header_len, plain_len, index >> 16);
			size_t len = plain_len;
			assert_int_equal(srtp_send_rtp(s, got, &len, SIZE), 0);
			assert_int_equal(len, want_len);
			assert_memory_equal(got, want, len);
			assert_int_equal(srtp_receive_rtp(r, want, &len), 0);
			assert_int_equal(len, plain_len);
			assert_memory_equal(want, plain, len);
		}
	}
	assert_int_equal(index >> 16, 1);
	srtp_sender_destroy(s);
	srtp_receiver_destroy(r);
}

static void rtcp_equals_the_reference(uint8_t profile)
{
	struct srtp_keys keys = make_keys(profile);
	struct srtp_sender *s = srtp_sender_create(&keys);
	struct srtp_keys swapped = swap(&keys);
	struct srtp_receiver *r = srtp_receiver_create(&swapped);
	struct reference_keys k;
	reference_derive_all(&k, profile, &keys.server, REFERENCE_RTCP_CIPHER);

	for (uint32_t index = 1; index < 40; index++) { // libsrtp counts from 1
		uint8_t want[SIZE], got[SIZE];
		size_t plain_len = make_rtcp(want, 0xcafe, 4 * index - 4);
		make_rtcp(got, 0xcafe, 4 * index - 4);
		size_t want_len = reference_protect_rtcp(&k, want, plain_len, index);
		size_t len = plain_len;
		assert_int_equal(srtp_send_rtcp(s, got, &len, SIZE), 0);
		assert_int_equal(len, want_len);
		assert_memory_equal(got, want, len);
		assert_int_equal(srtp_receive_rtcp(r, want, &len), 0);
		make_rtcp(got, 0xcafe, 4 * index - 4);
		assert_int_equal(len, plain_len);
		assert_memory_equal(want, got, len);
	}
	srtp_sender_destroy(s);
	srtp_receiver_destroy(r);
}

static void packets_equal_the_reference(void **)
{
	for (size_t i = 0; i < sizeof(both); i++) {
		rtp_equals_the_reference(both[i]);
		rtcp_equals_the_reference(both[i]);
	}
}

static void sides_use_their_own_keys(void **)
{
	struct srtp_keys keys = make_keys(SRTP_PROFILE_AEAD_AES_128_GCM);
	struct srtp_sender *server = srtp_sender_create(&keys);
	struct srtp_receiver *receiver = srtp_receiver_create(&keys);
	uint8_t packet[SIZE];
	size_t len = protect_rtp(server, packet, 1, 1);
	// The server does not accept what it sends itself: a reflected packet is a stranger's.
	assert_int_equal(offer_rtp(receiver, packet, len), -EBADMSG);
	srtp_sender_destroy(server);
	srtp_receiver_destroy(receiver);
}

// proves A07
static void rollover_survives_loss_and_reordering(void **)
{
	for (size_t i = 0; i < sizeof(both); i++) {
		struct pair p = pair_create(both[i]);
		static uint8_t packets[200][SIZE];
		size_t lens[200];
		for (uint16_t n = 0; n < 200; n++)
			lens[n] = protect_rtp(p.sender, packets[n], 7, (uint16_t)(65436 + n));
		for (int n = 0; n < 95; n++)
			assert_int_equal(offer_rtp(p.receiver, packets[n], lens[n]), 0);
		// 95 to 104 are lost: the last before the wrap and the first after it.
		assert_int_equal(offer_rtp(p.receiver, packets[106], lens[106]), 0);
		assert_int_equal(
		        offer_rtp(p.receiver, packets[99], lens[99]), 0
		); // late: from before the wrap
		assert_int_equal(offer_rtp(p.receiver, packets[105], lens[105]), 0);
		for (int n = 107; n < 200; n += 3)
			assert_int_equal(offer_rtp(p.receiver, packets[n], lens[n]), 0);
		pair_destroy(&p);
	}
}

// proves A07
static void replays_are_refused(void **)
{
	for (size_t i = 0; i < sizeof(both); i++) {
		struct pair p = pair_create(both[i]);
		uint8_t first[SIZE], second[SIZE], rtcp[SIZE];
		size_t first_len = protect_rtp(p.sender, first, 7, 100);
		size_t second_len = protect_rtp(p.sender, second, 7, 101);
		assert_int_equal(offer_rtp(p.receiver, first, first_len), 0);
		assert_int_equal(offer_rtp(p.receiver, first, first_len), -EALREADY);

		uint8_t newest[SIZE];
		size_t newest_len = protect_rtp(p.sender, newest, 7, 100 + SRTP_WINDOW);
		assert_int_equal(offer_rtp(p.receiver, newest, newest_len), 0);
		assert_int_equal(offer_rtp(p.receiver, second, second_len), 0); // just inside
		assert_int_equal(offer_rtp(p.receiver, second, second_len), -EALREADY);
		assert_int_equal(
		        offer_rtp(p.receiver, first, first_len), -EALREADY
		); // just outside

		size_t rtcp_len = make_rtcp(rtcp, 7, 8);
		assert_int_equal(srtp_send_rtcp(p.sender, rtcp, &rtcp_len, SIZE), 0);
		assert_int_equal(offer_rtcp(p.receiver, rtcp, rtcp_len), 0);
		assert_int_equal(offer_rtcp(p.receiver, rtcp, rtcp_len), -EALREADY);
		pair_destroy(&p);
	}
}

// proves A05
static void a_wrong_tag_changes_nothing(void **)
{
	for (size_t i = 0; i < sizeof(both); i++) {
		struct pair p = pair_create(both[i]);
		uint8_t packet[SIZE], forged[SIZE];
		size_t len = protect_rtp(p.sender, packet, 7, 65000);
		for (size_t n = 1; n < len; n++) { // byte 0 says where the payload begins
			memcpy(forged, packet, len);
			forged[n] ^= 1;
			assert_int_equal(offer_rtp(p.receiver, forged, len), -EBADMSG);
		}
		assert_int_equal(p.receiver->stream_count, 0);
		assert_int_equal(offer_rtp(p.receiver, packet, len), 0);

		// Far ahead: if accepted, it would move the window and the rollover counter.
		memcpy(forged, packet, len);
		am_put_u16(forged + 2, 1000);
		assert_int_equal(offer_rtp(p.receiver, forged, len), -EBADMSG);
		len = protect_rtp(p.sender, packet, 7, 65001);
		assert_int_equal(offer_rtp(p.receiver, packet, len), 0);

		len = make_rtcp(packet, 7, 20);
		assert_int_equal(srtp_send_rtcp(p.sender, packet, &len, SIZE), 0);
		for (size_t n = 1; n < len; n++) {
			memcpy(forged, packet, len);
			forged[n] ^= 1;
			assert_true(offer_rtcp(p.receiver, forged, len) < 0);
		}
		assert_int_equal(offer_rtcp(p.receiver, packet, len), 0);
		pair_destroy(&p);
	}
}

// Each packet is in memory of its own, of exactly its length.
static void hostile_lengths_are_refused(void **)
{
	for (size_t i = 0; i < sizeof(both); i++) {
		struct pair p = pair_create(both[i]);
		for (unsigned first = 0; first < 256; first++) {
			for (size_t len = 0; len < 80; len++) {
				uint8_t *bytes = malloc(len + 1);
				memset(bytes, 0xff, len);
				bytes[0] = (uint8_t)first;
				size_t n = len;
				assert_true(srtp_receive_rtp(p.receiver, bytes, &n) < 0);
				assert_true(srtp_receive_rtcp(p.receiver, bytes, &n) < 0);
				assert_int_equal(n, len);
				free(bytes);
			}
		}
		uint8_t *huge = calloc(1, 70000);
		size_t n = 65536;
		assert_int_equal(srtp_receive_rtp(p.receiver, huge, &n), -EINVAL);
		assert_int_equal(srtp_receive_rtcp(p.receiver, huge, &n), -EINVAL);
		assert_int_equal(srtp_send_rtp(p.sender, huge, &n, 70000), -EINVAL);
		n = SIZE_MAX;
		assert_int_equal(srtp_send_rtcp(p.sender, huge, &n, 70000), -EINVAL);
		assert_int_equal(srtp_receive_rtp(p.receiver, huge, &n), -EINVAL);
		free(huge);
		assert_int_equal(p.receiver->stream_count, 0);
		pair_destroy(&p);
	}
}

static bool has_stream(const struct srtp_receiver *r, uint32_t ssrc)
{
	uint32_t roc;
	return srtp_get_stream_roc(r->session, ssrc, &roc) == srtp_err_status_ok;
}

static void strangers_make_no_streams(void **)
{
	for (size_t i = 0; i < sizeof(both); i++) {
		struct pair p = pair_create(both[i]);
		uint8_t packet[SIZE];
		for (uint32_t ssrc = 1000; ssrc < 2000; ssrc++) {
			size_t len = make_rtp(packet, ssrc, 5, 200);
			assert_int_equal(offer_rtp(p.receiver, packet, len), -EBADMSG);
			assert_false(has_stream(p.receiver, ssrc));
			len = make_rtcp(packet, ssrc, 40);
			memset(packet + 8, 0xff, 40); // E bit set, wherever it is
			assert_int_equal(offer_rtcp(p.receiver, packet, len), -EBADMSG);
			assert_false(has_stream(p.receiver, ssrc));
		}
		assert_int_equal(p.receiver->stream_count, 0);
		pair_destroy(&p);
	}
}

static void a_peer_makes_a_bounded_number_of_streams(void **)
{
	struct pair p = pair_create(SRTP_PROFILE_AEAD_AES_128_GCM);
	uint8_t packet[SIZE];
	size_t len;
	for (uint32_t ssrc = 0; ssrc < SRTP_SSRC_MAX; ssrc++) {
		len = protect_rtp(p.sender, packet, ssrc, 1);
		assert_int_equal(offer_rtp(p.receiver, packet, len), 0);
		assert_true(has_stream(p.receiver, ssrc));
		srtp_receiver_hold(p.receiver, ssrc);
	}
	srtp_receiver_hold(p.receiver, 5000); // never seen: no effect
	len = protect_rtp(p.sender, packet, 5000, 1);
	assert_int_equal(offer_rtp(p.receiver, packet, len), -ENOSPC);
	assert_false(has_stream(p.receiver, 5000));

	srtp_receiver_forget(p.receiver, 4999); // never seen: no effect
	srtp_receiver_forget(p.receiver, 3);
	assert_false(has_stream(p.receiver, 3));
	assert_int_equal(offer_rtp(p.receiver, packet, len), 0);
	len = protect_rtp(p.sender, packet, SRTP_SSRC_MAX - 1, 2); // moved within the table
	assert_int_equal(offer_rtp(p.receiver, packet, len), 0);
	pair_destroy(&p);
}

// As with Firefox, SSRCs that only report come and go. The same holds for SSRCs without a track.
static void streams_that_nobody_holds_give_way(void **)
{
	struct pair p = pair_create(SRTP_PROFILE_AEAD_AES_128_GCM);
	uint8_t rtp[SIZE], steady[SIZE], packet[SIZE];
	size_t rtp_len = protect_rtp(p.sender, rtp, 1, 1);
	assert_int_equal(offer_rtp(p.receiver, rtp, rtp_len), 0);
	srtp_receiver_hold(p.receiver, 1);
	size_t steady_len = 0;
	for (uint32_t ssrc = 1000; ssrc < 2000; ssrc++) {
		size_t len = make_rtcp(packet, ssrc, 8);
		assert_int_equal(srtp_send_rtcp(p.sender, packet, &len, SIZE), 0);
		packet[len - 1] ^= 1; // a forged packet displaces no stream
		uint8_t count = p.receiver->stream_count;
		assert_true(offer_rtcp(p.receiver, packet, len) < 0);
		assert_int_equal(p.receiver->stream_count, count);
		packet[len - 1] ^= 1;
		assert_int_equal(offer_rtcp(p.receiver, packet, len), 0);
		assert_true(has_stream(p.receiver, ssrc));

		steady_len = make_rtcp(steady, 2, 8);
		assert_int_equal(srtp_send_rtcp(p.sender, steady, &steady_len, SIZE), 0);
		assert_int_equal(offer_rtcp(p.receiver, steady, steady_len), 0);
	}
	assert_int_equal(p.receiver->stream_count, SRTP_SSRC_MAX);
	assert_false(has_stream(p.receiver, 1000));
	assert_true(has_stream(p.receiver, 1999 - (SRTP_SSRC_MAX - 3)));
	assert_false(has_stream(p.receiver, 1999 - (SRTP_SSRC_MAX - 2)));
	assert_int_equal(offer_rtp(p.receiver, rtp, rtp_len), -EALREADY);
	assert_int_equal(offer_rtcp(p.receiver, steady, steady_len), -EALREADY);
	pair_destroy(&p);
}

static void an_index_is_never_sent_twice(void **)
{
	for (size_t i = 0; i < sizeof(both); i++) {
		struct pair p = pair_create(both[i]);
		uint8_t packet[SIZE];
		protect_rtp(p.sender, packet, 7, 10);
		size_t len = make_rtp(packet, 7, 10, 50);
		assert_int_equal(srtp_send_rtp(p.sender, packet, &len, SIZE), -EALREADY);
		assert_int_equal(len, RTP_HEADER_LEN + 50);
		protect_rtp(p.sender, packet, 8, 10); // another SSRC, another key stream
		pair_destroy(&p);
	}
}

static void a_trailer_that_does_not_fit_is_refused(void **)
{
	for (size_t i = 0; i < sizeof(both); i++) {
		struct pair p = pair_create(both[i]);
		uint8_t packet[SIZE];
		size_t len = make_rtp(packet, 7, 1, 10);
		size_t tag_len = both[i] == SRTP_PROFILE_AEAD_AES_128_GCM ? 16 : 10;
		size_t need = len + tag_len;
		assert_int_equal(srtp_send_rtp(p.sender, packet, &len, need - 1), -ENOSPC);
		assert_int_equal(srtp_send_rtp(p.sender, packet, &len, need), 0);
		assert_int_equal(len, need);
		assert_true(tag_len <= SRTP_TRAILER_MAX);

		len = make_rtcp(packet, 7, 12);
		need = len + tag_len + 4;
		assert_int_equal(srtp_send_rtcp(p.sender, packet, &len, need - 1), -ENOSPC);
		assert_int_equal(srtp_send_rtcp(p.sender, packet, &len, need), 0);
		assert_int_equal(len, need);
		assert_true(tag_len + 4 <= SRTCP_TRAILER_MAX);

		len = RTP_HEADER_LEN - 1;
		assert_int_equal(srtp_send_rtp(p.sender, packet, &len, SIZE), -EINVAL);
		len = RTCP_HEADER_LEN - 1;
		assert_int_equal(srtp_send_rtcp(p.sender, packet, &len, SIZE), -EINVAL);
		pair_destroy(&p);
	}
}

static void rtcp_before_rtp_does_not_confuse_the_index(void **)
{
	struct pair p = pair_create(SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80);
	uint8_t packet[SIZE];
	size_t len = make_rtcp(packet, 7, 8);
	assert_int_equal(srtp_send_rtcp(p.sender, packet, &len, SIZE), 0);
	assert_int_equal(offer_rtcp(p.receiver, packet, len), 0);
	len = protect_rtp(p.sender, packet, 7, 60000);
	assert_int_equal(offer_rtp(p.receiver, packet, len), 0);
	pair_destroy(&p);
}

static void keys_are_checked_and_wiped(void **)
{
	struct srtp_keys keys = make_keys(0);
	errno = 0;
	assert_null(srtp_receiver_create(&keys));
	assert_int_equal(errno, EINVAL);
	errno = 0;
	assert_null(srtp_sender_create(&keys));
	assert_int_equal(errno, EINVAL);

	static const struct srtp_keys zero;
	srtp_keys_wipe(&keys);
	assert_memory_equal(&keys, &zero, sizeof(keys));
	srtp_receiver_destroy(NULL);
	srtp_sender_destroy(NULL);
}

static int init_library(void **)
{
	return srtp_init_library();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(reference_reproduces_rfc_3711),
	        cmocka_unit_test(reference_reproduces_rfc_7714),
	        cmocka_unit_test(libsrtp_reproduces_its_packet),
	        cmocka_unit_test(packets_equal_the_reference),
	        cmocka_unit_test(sides_use_their_own_keys),
	        cmocka_unit_test(rollover_survives_loss_and_reordering),
	        cmocka_unit_test(replays_are_refused),
	        cmocka_unit_test(a_wrong_tag_changes_nothing),
	        cmocka_unit_test(hostile_lengths_are_refused),
	        cmocka_unit_test(strangers_make_no_streams),
	        cmocka_unit_test(a_peer_makes_a_bounded_number_of_streams),
	        cmocka_unit_test(streams_that_nobody_holds_give_way),
	        cmocka_unit_test(an_index_is_never_sent_twice),
	        cmocka_unit_test(a_trailer_that_does_not_fit_is_refused),
	        cmocka_unit_test(rtcp_before_rtp_does_not_confuse_the_index),
	        cmocka_unit_test(keys_are_checked_and_wiped),
	};
	return cmocka_run_group_tests(tests, init_library, NULL);
}
