// Incoming SRTCP: what libsrtp2 sends is accepted, what libsrtp2 refuses is refused.
#include "crypto/cipher.h"
#include "crypto/cipher_state.h"

#include "../../../vectors/srtp_vectors.h"
#include "am_reader.h"
#include "srtp_reference.h"
#include "srtp_sender.h"

#include <errno.h>
#include <openssl/hmac.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIZE      1500
#define SEED      20241123
#define INDEX_MAX 0x7fffffffu

static const uint8_t both[] = {SRTP_PROFILE_AEAD_AES_128_GCM, SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80};

static uint32_t random_state = SEED;

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(random_state >> 8) * n >> 24);
}

static void random_fill(void *to, size_t n)
{
	uint8_t *bytes = to;
	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)random_below(256);
}

// A client that sends with libsrtp2, or with the reference and any index; the server that receives.
struct pair {
	struct srtp_keys keys;
	struct cipher *cipher;
	struct srtcp_receiver *receiver;
	struct srtp_sender *sender;
	struct reference_keys reference;
	size_t trailer_len;
};

static void pair_init(struct pair *p, uint8_t profile)
{
	random_fill(&p->keys, sizeof(p->keys));
	p->keys.profile = profile;
	struct srtp_keys client = {profile, p->keys.server, p->keys.client};
	p->cipher = cipher_create();
	p->receiver = srtcp_receiver_create(&p->keys);
	p->sender = srtp_sender_create(&client);
	assert_non_null(p->cipher);
	assert_non_null(p->receiver);
	assert_non_null(p->sender);
	reference_derive_all(&p->reference, profile, &p->keys.client, REFERENCE_RTCP_CIPHER);
	p->trailer_len = profile == SRTP_PROFILE_AEAD_AES_128_GCM ? 20 : 14;
}

static void pair_fini(struct pair *p)
{
	srtp_sender_destroy(p->sender);
	srtcp_receiver_destroy(p->receiver);
	cipher_destroy(p->cipher);
}

static size_t make(uint8_t *packet, uint32_t ssrc, size_t body_len)
{
	random_fill(packet, 8 + body_len);
	packet[0] = 0x81;
	packet[1] = 201;
	am_put_u16(packet + 2, (uint16_t)(1 + body_len / 4));
	am_put_u32(packet + 4, ssrc);
	return 8 + body_len;
}

// A packet with this index, as the reference protects it.
static size_t protect(const struct pair *p, uint8_t *packet, uint32_t ssrc, uint32_t index)
{
	size_t len = make(packet, ssrc, 24);
	return reference_protect_rtcp(&p->reference, packet, len, index);
}

// Offers a copy in memory of exactly the packet's length.
static int offer(struct pair *p, const uint8_t *packet, size_t len)
{
	uint8_t *copy = malloc(len + 1);
	size_t n = len;

	memcpy(copy, packet, len);
	int ret = cipher_unprotect_rtcp(p->cipher, p->receiver, copy, &n);
	assert_int_equal(n, ret == 0 ? len - p->trailer_len : len);
	free(copy);
	return ret;
}

static int offer_index(struct pair *p, uint32_t ssrc, uint32_t index)
{
	uint8_t packet[SIZE];
	size_t len = protect(p, packet, ssrc, index);
	return offer(p, packet, len);
}

static void compounds_of_libsrtp_are_taken(void **)
{
	for (size_t i = 0; i < sizeof(both); i++) {
		struct pair p;
		pair_init(&p, both[i]);
		for (uint32_t n = 0; n < 500; n++) {
			uint8_t plain[SIZE], packet[SIZE];
			size_t plain_len = make(plain, n % 5, 4 * random_below(360)),
			       len = plain_len;
			memcpy(packet, plain, len);
			assert_int_equal(srtp_send_rtcp(p.sender, packet, &len, SIZE), 0);
			int ret = cipher_unprotect_rtcp(p.cipher, p.receiver, packet, &len);
			assert_int_equal(ret, 0);
			assert_int_equal(len, plain_len);
			assert_memory_equal(packet, plain, len);
		}
		pair_fini(&p);
	}
}

static void rfc_7714_is_understood(void **)
{
	uint8_t packet[SIZE], plain[SIZE];
	struct pair p;

	// The vectors give session keys, not the master key.
	pair_init(&p, SRTP_PROFILE_AEAD_AES_128_GCM);
	reference_hex(RFC7714_KEY, p.receiver->gcm_key, SRTP_KEY_LEN);
	memset(p.receiver->salt.bytes, 0, sizeof(p.receiver->salt.bytes));
	reference_hex(RFC7714_SALT, p.receiver->salt.bytes, SRTP_SALT_LEN_MAX);
	size_t plain_len = reference_hex(RFC7714_17_1_PLAIN, plain, sizeof(plain));
	size_t len = reference_hex(RFC7714_17_1_PACKET, packet, sizeof(packet));
	assert_int_equal(cipher_unprotect_rtcp(p.cipher, p.receiver, packet, &len), 0);
	assert_int_equal(len, plain_len);
	assert_memory_equal(packet, plain, len);

	// The same index once more, now not encrypted, is a replay; then it is offered as if it
	// were the first.
	len = reference_hex(RFC7714_17_3_PACKET, packet, sizeof(packet));
	assert_int_equal(offer(&p, packet, len), -EALREADY);
	memset(&p.receiver->replay, 0, sizeof(p.receiver->replay));
	for (size_t bit = 0; bit < len * 8; bit++) {
		packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(offer(&p, packet, len), -EBADMSG);
		packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(cipher_unprotect_rtcp(p.cipher, p.receiver, packet, &len), 0);
	assert_int_equal(len, plain_len);
	assert_memory_equal(packet, plain, len);
	pair_fini(&p);
}

// RFC 3711 lets SRTCP go unencrypted; DTLS-SRTP's profile does not (RFC 5764 4.1.2).
static void cm_is_always_encrypted(void **)
{
	uint8_t packet[SIZE];
	struct pair p;

	pair_init(&p, SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80);
	size_t len = protect(&p, packet, 7, 1);
	packet[len - 14] &= 0x7f;
	unsigned tag_len = 20;
	uint8_t tag[20];
	HMAC(EVP_sha1(), p.reference.auth, sizeof(p.reference.auth), packet, len - 10, tag,
	     &tag_len);
	memcpy(packet + len - 10, tag, 10);
	assert_int_equal(offer(&p, packet, len), -EINVAL);
	pair_fini(&p);
}

static void a_wrong_bit_changes_nothing(void **)
{
	for (size_t i = 0; i < sizeof(both); i++) {
		uint8_t packet[SIZE];
		struct pair p;
		pair_init(&p, both[i]);
		assert_int_equal(offer_index(&p, 7, 100), 0);
		size_t len = protect(&p, packet, 7, 101);
		struct srtcp_receiver before = *p.receiver;
		for (size_t bit = 0; bit < len * 8; bit++) {
			packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_true(offer(&p, packet, len) < 0);
			packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		assert_memory_equal(p.receiver, &before, sizeof(before));
		assert_int_equal(offer(&p, packet, len), 0);
		pair_fini(&p);
	}
}

// proves A07
static void replays_are_refused(void **)
{
	for (size_t i = 0; i < sizeof(both); i++) {
		struct pair p;
		pair_init(&p, both[i]);
		assert_int_equal(offer_index(&p, 7, 0), 0); // RFC 3711 3.4: the first may be 0
		assert_int_equal(offer_index(&p, 7, 0), -EALREADY);
		assert_int_equal(offer_index(&p, 7, 1000), 0);
		assert_int_equal(offer_index(&p, 7, 1000), -EALREADY);
		assert_int_equal(offer_index(&p, 7, 1000 - SRTCP_WINDOW), -EALREADY);
		assert_int_equal(offer_index(&p, 7, 1001 - SRTCP_WINDOW), 0);
		assert_int_equal(offer_index(&p, 7, 1001 - SRTCP_WINDOW), -EALREADY);
		assert_int_equal(offer_index(&p, 7, 1000 + SRTCP_WINDOW - 1), 0);
		assert_int_equal(offer_index(&p, 7, 1000), -EALREADY);
		assert_int_equal(offer_index(&p, 7, 1001), 0);
		assert_int_equal(offer_index(&p, 8, 1000), 0); // another sender counts by itself
		assert_int_equal(offer_index(&p, 7, INDEX_MAX), 0);
		assert_int_equal(offer_index(&p, 7, INDEX_MAX), -EALREADY);
		assert_int_equal(offer_index(&p, 7, 5), -EALREADY); // indexes do not wrap
		assert_int_equal(offer_index(&p, 8, 1001), 0);
		pair_fini(&p);
	}
}

// Compared with the set of all accepted indexes.
static void no_index_is_taken_twice(void **)
{
	static bool taken[1 << 20];
	struct srtcp_replay r = {0};
	uint32_t top = 0;

	memset(taken, 0, sizeof(taken));
	for (int n = 0; n < 1000000; n++) {
		uint32_t index = top + random_below(4);
		if (random_below(2) == 0)
			index = top - random_below(top < 100 ? top + 1 : 100);
		else if (random_below(5000) == 0)
			index = top + random_below(100);
		if (index >= sizeof(taken))
			break;
		uint32_t place = srtcp_replay_find(&r, 9);
		bool is_new = srtcp_replay_is_new(&r, place, index);
		bool within = index > top || top - index < SRTCP_WINDOW;
		assert_int_equal(is_new, within && !taken[index]);
		if (!is_new)
			continue;
		srtcp_replay_commit(&r, place, 9, index);
		taken[index] = true;
		top = index > top ? index : top;
	}
	assert_true(top > 100000);
}

// Like Firefox: SSRCs come and go.
static void silent_senders_give_way(void **)
{
	struct pair p;

	pair_init(&p, SRTP_PROFILE_AEAD_AES_128_GCM);
	for (uint32_t n = 0; n < 1000; n++) {
		assert_int_equal(offer_index(&p, 1000 + n, 1), 0);
		assert_int_equal(offer_index(&p, 2, n), 0);
	}
	assert_int_equal(p.receiver->replay.sender_count, SRTCP_SENDER_MAX);
	assert_int_equal(offer_index(&p, 2, 999), -EALREADY);
	for (uint32_t n = 0; n < SRTCP_SENDER_MAX - 1; n++)
		assert_int_equal(offer_index(&p, 1999 - n, 1), -EALREADY);
	// The steady sender has a place among the last SRTCP_SENDER_MAX, so this one is forgotten.
	assert_int_equal(offer_index(&p, 1999 - (SRTCP_SENDER_MAX - 1), 1), 0);
	pair_fini(&p);
}

static void hostile_lengths_are_refused(void **)
{
	for (size_t i = 0; i < sizeof(both); i++) {
		struct pair p;
		pair_init(&p, both[i]);
		struct srtcp_receiver before = *p.receiver;
		for (unsigned first = 0; first < 256; first++) {
			for (size_t len = 0; len < 80; len++) {
				uint8_t bytes[80];
				memset(bytes, 0xff, len);
				bytes[0] = (uint8_t)first;
				assert_true(offer(&p, bytes, len) < 0);
			}
		}
		uint8_t *huge = calloc(1, 70000);
		size_t n = 65536;
		int ret = cipher_unprotect_rtcp(p.cipher, p.receiver, huge, &n);
		assert_int_equal(ret, -EINVAL);
		n = SIZE_MAX;
		ret = cipher_unprotect_rtcp(p.cipher, p.receiver, huge, &n);
		assert_int_equal(ret, -EINVAL);
		free(huge);
		assert_memory_equal(p.receiver, &before, sizeof(before));
		pair_fini(&p);
	}
}

// Packets of several senders, repeated, late and damaged, also given to libsrtp2.
static void verdicts_equal_libsrtp(void **)
{
	static uint8_t packets[64][SIZE];
	size_t lens[64];

	for (size_t i = 0; i < sizeof(both); i++) {
		unsigned taken = 0, refused = 0;
		struct pair p;
		pair_init(&p, both[i]);
		struct srtp_receiver *libsrtp = srtp_receiver_create(&p.keys);
		for (unsigned n = 0; n < 20000; n++) {
			uint8_t *packet = packets[n % 32], ours[SIZE], theirs[SIZE];
			lens[n % 32] = make(packet, random_below(4), 4 * random_below(40));
			assert_int_equal(srtp_send_rtcp(p.sender, packet, &lens[n % 32], SIZE), 0);
			unsigned pick = n < 32 ? random_below(n + 1) : random_below(32);
			size_t our_len = lens[pick], their_len = our_len;
			memcpy(ours, packets[pick], our_len);
			if (random_below(4) == 0)
				ours[random_below((uint32_t)our_len)] ^=
				        (uint8_t)(1 << random_below(8));
			memcpy(theirs, ours, our_len);
			int ret = cipher_unprotect_rtcp(p.cipher, p.receiver, ours, &our_len);
			int want = srtp_receive_rtcp(libsrtp, theirs, &their_len);
			assert_int_equal(ret == 0, want == 0);
			if (ret == 0) {
				assert_int_equal(our_len, their_len);
				assert_memory_equal(ours, theirs, our_len);
				taken++;
			} else {
				refused++;
			}
		}
		assert_true(taken > 5000 && refused > 5000);
		srtp_receiver_destroy(libsrtp);
		pair_fini(&p);
	}
}

static void keys_are_those_of_the_client(void **)
{
	for (size_t i = 0; i < sizeof(both); i++) {
		uint8_t packet[SIZE];
		struct pair p;
		pair_init(&p, both[i]);
		// The server does not accept what it sends itself: a reflected packet is a
		// stranger's.
		struct cipher_key *server = cipher_key_create(&p.keys);
		size_t len = make(packet, 7, 24);
		assert_int_equal(cipher_protect_rtcp(p.cipher, server, 1, packet, &len, SIZE), 0);
		assert_int_equal(offer(&p, packet, len), -EBADMSG);
		cipher_key_destroy(server);
		pair_fini(&p);
	}
}

static void unknown_profiles_have_no_receiver(void **)
{
	for (unsigned profile = 0; profile < 256; profile++) {
		struct srtp_keys keys = {.profile = (uint8_t)profile};
		errno = 0;
		struct srtcp_receiver *r = srtcp_receiver_create(&keys);
		bool known = profile == both[0] || profile == both[1];
		assert_int_equal(r != NULL, known);
		assert_int_equal(errno, known ? 0 : EINVAL);
		srtcp_receiver_destroy(r);
	}
	srtcp_receiver_destroy(NULL);
}

static int init_library(void **)
{
	print_message("seed %u\n", SEED);
	return srtp_init_library();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(compounds_of_libsrtp_are_taken),
	        cmocka_unit_test(rfc_7714_is_understood),
	        cmocka_unit_test(cm_is_always_encrypted),
	        cmocka_unit_test(a_wrong_bit_changes_nothing),
	        cmocka_unit_test(replays_are_refused),
	        cmocka_unit_test(no_index_is_taken_twice),
	        cmocka_unit_test(silent_senders_give_way),
	        cmocka_unit_test(hostile_lengths_are_refused),
	        cmocka_unit_test(verdicts_equal_libsrtp),
	        cmocka_unit_test(keys_are_those_of_the_client),
	        cmocka_unit_test(unknown_profiles_have_no_receiver),
	};
	return cmocka_run_group_tests(tests, init_library, NULL);
}
