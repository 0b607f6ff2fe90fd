// Outgoing packets, compared with libsrtp2 and the published vectors, with each instruction set of
// this machine. ipsec-mb would choose one itself; the tests choose instead.
#include <intel-ipsec-mb.h>
#include <stdlib.h>

static void chosen_init(IMB_MGR *, IMB_ARCH *);
static void checked_free(void *);
#define init_mb_mgr_auto chosen_init
#define free             checked_free
#include "crypto/cipher.c"
#include "crypto/cipher_key.c"
#undef init_mb_mgr_auto
#undef free

#include "../../../vectors/srtp_vectors.h"
#include "srtp_reference.h"
#include "srtp_sender.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define SIZE        2048
#define VIEWERS     4
#define SSRCS       3 // of each viewer
#define PAYLOAD_MAX 1300
#define HEADER_MAX  (RTP_HEADER_LEN + 15 * 4 + 4 + 64)
#define CANARY      0xee
#define SEED        20240607

static const uint8_t both[] = {SRTP_PROFILE_AEAD_AES_128_GCM, SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80};

static const struct arch {
	const char *name;
	void (*init)(IMB_MGR *);
	uint64_t needs;
} archs[] = {
        {"auto", NULL, 0},
        {"sse", init_mb_mgr_sse, IMB_CPUFLAGS_SSE},
        {"avx", init_mb_mgr_avx, IMB_CPUFLAGS_AVX},
        {"avx2", init_mb_mgr_avx2, IMB_CPUFLAGS_AVX2},
        {"avx512", init_mb_mgr_avx512, IMB_CPUFLAGS_AVX512},
};

static const struct arch *chosen = &archs[0];

static void chosen_init(IMB_MGR *m, IMB_ARCH *arch)
{
	if (chosen->init != NULL)
		chosen->init(m);
	else
		init_mb_mgr_auto(m, arch);
}

// Memory passed here while this is set must have been wiped.
static size_t wiped_size;
static unsigned wiped_count;
static void checked_free(void *p)
{
	static const uint8_t zero[sizeof(struct cipher_key_gcm)];

	if (wiped_size > 0) {
		assert_memory_equal(p, zero, wiped_size);
		wiped_count++;
	}
	free(p);
}

// Makes every following key and cipher use these instructions; false if the machine lacks them.
static bool choose(const struct arch *a)
{
	IMB_MGR *m = alloc_mb_mgr(0);
	init_mb_mgr_auto(m, NULL);
	bool has = (m->features & a->needs) == a->needs;
	free_mb_mgr(m);
	if (!has) {
		print_message("not measured on this machine: %s\n", a->name);
		return false;
	}
	chosen = a;
	pthread_once(&expander_once, expander_create);
	free_mb_mgr(expander);
	expander_create();
	assert_non_null(expander);
	return true;
}

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

static struct srtp_keys random_keys(uint8_t profile)
{
	struct srtp_keys keys;
	random_fill(&keys, sizeof(keys));
	keys.profile = profile;
	return keys;
}

static void assert_hex(const uint8_t *bytes, size_t len, const char *text)
{
	uint8_t want[SIZE];
	assert_int_equal(len, reference_hex(text, want, sizeof(want)));
	assert_memory_equal(bytes, want, len);
}

// A receiver, to which we and libsrtp2 send under the same keys.
struct viewer {
	struct cipher_key *key;
	struct srtp_sender *sender;
	struct cipher_index index[SSRCS];
	uint16_t seq[SSRCS];
};

static struct srtp_keys viewer_init(struct viewer *v, uint8_t profile)
{
	struct srtp_keys keys = random_keys(profile);

	*v = (struct viewer){cipher_key_create(&keys), srtp_sender_create(&keys), {{0}}, {0}};
	assert_non_null(v->key);
	assert_non_null(v->sender);
	for (int i = 0; i < SSRCS; i++)
		v->seq[i] = (uint16_t)(65535 - random_below(400)); // wraps during the test
	return keys;
}

static void viewer_fini(struct viewer *v)
{
	wiped_size = key_size(v->key->salt.profile);
	cipher_key_destroy(v->key);
	wiped_size = 0;
	srtp_sender_destroy(v->sender);
}

// A copy to make, and what libsrtp2 makes of it.
struct copy {
	uint8_t *packet; // in memory of its own, with room for the trailer and canaries after it
	uint8_t *payload;
	uint8_t *payload_before;
	uint8_t want[SIZE];
	size_t want_len;
};

static size_t random_header(uint8_t *to, uint32_t ssrc, uint16_t seq)
{
	uint8_t csrcs = (uint8_t)random_below(16);
	uint16_t words = (uint16_t)random_below(17);
	size_t len = RTP_HEADER_LEN + csrcs * 4u;

	random_fill(to, len + 4 + words * 4u);
	to[0] = (uint8_t)(0x80 | csrcs);
	am_put_u16(to + 2, seq);
	am_put_u32(to + 8, ssrc);
	if (random_below(4) == 0)
		return len;
	to[0] |= 0x10;
	am_put_u16(to + len + 2, words);
	return len + 4 + words * 4u;
}

static uint16_t random_len(void)
{
	static const uint16_t edges[] = {0, 1, 15, 16, 17, 63, 64, 65, 255, 256, 1200, PAYLOAD_MAX};
	uint32_t edge = random_below(24);
	return edge < 12 ? edges[edge] : (uint16_t)random_below(PAYLOAD_MAX + 1);
}

static void copy_init(struct copy *c, struct cipher_job *j, struct viewer *v)
{
	uint32_t i = random_below(SSRCS);
	uint16_t seq = v->seq[i];
	uint8_t header[HEADER_MAX];

	v->seq[i] = (uint16_t)(seq + 1 + random_below(5));
	*j = (struct cipher_job){
	        .key = v->key,
	        .header_len = (uint8_t)random_header(header, 1000 + i, seq),
	        .payload_len = random_len(),
	};
	if (random_below(3) == 0)
		j->prefix_len = (uint8_t)(1 + random_below(CIPHER_PREFIX_MAX));
	size_t plain_len = (size_t)j->header_len + j->prefix_len + j->payload_len;
	assert_true(cipher_index_take(&v->index[i], seq, &j->roc));

	c->packet = malloc(plain_len + 64);
	c->payload = malloc(j->payload_len + 1u);
	c->payload_before = malloc(j->payload_len + 1u);
	random_fill(c->payload, j->payload_len);
	memcpy(c->payload_before, c->payload, j->payload_len);
	memset(c->packet, CANARY, plain_len + 64);
	memcpy(c->packet, header, j->header_len);
	random_fill(c->packet + j->header_len, j->prefix_len);
	j->packet = c->packet;
	j->payload = c->payload;

	memcpy(c->want, c->packet, (size_t)j->header_len + j->prefix_len);
	memcpy(c->want + j->header_len + j->prefix_len, c->payload, j->payload_len);
	c->want_len = plain_len;
	assert_int_equal(srtp_send_rtp(v->sender, c->want, &c->want_len, SIZE), 0);
}

static void copy_check(struct copy *c, const struct cipher_job *j)
{
	size_t plain_len = (size_t)j->header_len + j->prefix_len + j->payload_len;

	assert_int_equal(j->len, c->want_len);
	assert_memory_equal(c->packet, c->want, c->want_len);
	assert_memory_equal(c->payload, c->payload_before, j->payload_len);
	for (size_t i = c->want_len; i < plain_len + 64; i++)
		assert_int_equal(c->packet[i], CANARY);
	free(c->packet);
	free(c->payload);
	free(c->payload_before);
}

// Bursts of every size for viewers of both profiles, mixed.
static void bursts_equal_libsrtp(struct cipher *cipher)
{
	static struct copy copies[2 * CIPHER_BURST + 1];
	struct cipher_job jobs[2 * CIPHER_BURST + 1];
	struct viewer viewers[VIEWERS];

	for (int i = 0; i < VIEWERS; i++)
		viewer_init(&viewers[i], both[i % 2]);
	for (unsigned n = 0; n <= 2 * CIPHER_BURST + 1; n++) {
		uint32_t first = random_below(VIEWERS), count = 1 + random_below(VIEWERS);
		for (unsigned i = 0; i < n; i++) {
			uint32_t v = (first + random_below(count)) % VIEWERS;
			copy_init(&copies[i], &jobs[i], &viewers[v]);
		}
		cipher_protect_burst(cipher, jobs, n);
		for (unsigned i = 0; i < n; i++)
			copy_check(&copies[i], &jobs[i]);
	}
	for (int i = 0; i < VIEWERS; i++) {
		for (int s = 0; s < SSRCS; s++)
			assert_true(viewers[i].index[s].top >> 16 >= 1); // it did wrap
		viewer_fini(&viewers[i]);
	}
}

static void copies_equal_libsrtp(void **)
{
	for (size_t a = 0; a < sizeof(archs) / sizeof(archs[0]); a++) {
		if (!choose(&archs[a]))
			continue;
		struct cipher *c = cipher_create();
		assert_non_null(c);
		bursts_equal_libsrtp(c);
		IMB_MGR *few = c->hmac_few;
		c->hmac_few = c->hmac; // as without SHA instructions
		bursts_equal_libsrtp(c);
		c->hmac_few = few;
		cipher_destroy(c);
	}
	choose(&archs[0]);
}

// A call with one viewer: bursts of one profile, all of one size.
static void full_bursts_equal_libsrtp(void **)
{
	static struct copy copies[CIPHER_BURST];
	struct cipher_job jobs[CIPHER_BURST];
	struct cipher *c = cipher_create();

	for (size_t p = 0; p < sizeof(both); p++) {
		struct viewer v;
		viewer_init(&v, both[p]);
		for (int round = 0; round < 20; round++) {
			for (unsigned i = 0; i < CIPHER_BURST; i++)
				copy_init(&copies[i], &jobs[i], &v);
			cipher_protect_burst(c, jobs, CIPHER_BURST);
			for (unsigned i = 0; i < CIPHER_BURST; i++)
				copy_check(&copies[i], &jobs[i]);
		}
		viewer_fini(&v);
	}
	cipher_destroy(c);
}

static void rtcp_equals_libsrtp(struct cipher *c, uint8_t profile)
{
	struct viewer v;
	uint8_t got[SIZE], want[SIZE], plain[SIZE];

	struct srtp_keys keys = viewer_init(&v, profile);
	keys.client = keys.server; // so that the receiver accepts what is sent
	struct srtcp_receiver *receiver = srtcp_receiver_create(&keys);
	for (uint32_t index = 1; index < 400; index++) { // libsrtp counts from 1, per SSRC
		size_t len = 8 + 4u * (index < 60 ? index - 1 : random_below(340)), want_len = len;
		random_fill(want, len);
		want[0] = 0x80;
		want[1] = 200;
		am_put_u32(want + 4, 0xcafe);
		memcpy(plain, want, len);
		memset(got, CANARY, sizeof(got));
		memcpy(got, want, len);
		assert_int_equal(srtp_send_rtcp(v.sender, want, &want_len, SIZE), 0);
		assert_int_equal(cipher_protect_rtcp(c, v.key, index, got, &len, want_len), 0);
		assert_int_equal(len, want_len);
		assert_memory_equal(got, want, len);
		for (size_t i = len; i < len + 32; i++)
			assert_int_equal(got[i], CANARY);
		assert_int_equal(cipher_unprotect_rtcp(c, receiver, got, &len), 0);
		assert_memory_equal(got, plain, len);
	}
	wiped_size = offsetof(struct srtcp_receiver, replay);
	srtcp_receiver_destroy(receiver);
	wiped_size = 0;
	viewer_fini(&v);
}

static void compounds_equal_libsrtp(void **)
{
	for (size_t a = 0; a < sizeof(archs) / sizeof(archs[0]); a++) {
		if (!choose(&archs[a]))
			continue;
		struct cipher *c = cipher_create();
		rtcp_equals_libsrtp(c, both[0]);
		rtcp_equals_libsrtp(c, both[1]);
		cipher_destroy(c);
	}
	choose(&archs[0]);
}

// States that a test of libsrtp2 cannot reach: the last rollover counters, and the last RTCP
// indexes.
static void high_indexes_equal_the_reference(void **)
{
	static const uint32_t rocs[] = {0, 1, 0xffff, 0x10000, 0x80000000, 0xfffffffe, 0xffffffff};
	struct cipher *c = cipher_create();

	for (size_t n = 0; n < 2 * sizeof(rocs) / sizeof(rocs[0]); n++) {
		struct srtp_keys keys = random_keys(both[n % 2]);
		struct cipher_key *k = cipher_key_create(&keys);
		struct reference_keys ref;
		uint8_t want[SIZE], got[SIZE], payload[500];
		uint32_t roc = rocs[n / 2];
		reference_derive_all(&ref, keys.profile, &keys.server, REFERENCE_RTP_CIPHER);
		random_fill(payload, sizeof(payload));
		random_fill(got, RTP_HEADER_LEN);
		memcpy(want, got, RTP_HEADER_LEN);
		memcpy(want + RTP_HEADER_LEN, payload, sizeof(payload));
		struct cipher_job j = {
		        .key = k,
		        .packet = got,
		        .payload = payload,
		        .roc = roc,
		        .payload_len = sizeof(payload),
		        .header_len = RTP_HEADER_LEN,
		};
		cipher_protect_burst(c, &j, 1);
		size_t len = RTP_HEADER_LEN + sizeof(payload);
		len = reference_protect_rtp(&ref, want, RTP_HEADER_LEN, len, roc);
		assert_int_equal(j.len, len);
		assert_memory_equal(got, want, len);

		uint32_t index = CIPHER_RTCP_INDEX_MAX - (uint32_t)n;
		reference_derive_all(&ref, keys.profile, &keys.server, REFERENCE_RTCP_CIPHER);
		random_fill(got, len = 100);
		memcpy(want, got, len);
		assert_int_equal(cipher_protect_rtcp(c, k, index, got, &len, SIZE), 0);
		assert_int_equal(len, reference_protect_rtcp(&ref, want, 100, index));
		assert_memory_equal(got, want, len);
		cipher_key_destroy(k);
	}
	cipher_destroy(c);
}

static void rfc_7714_is_reproduced(void **)
{
	struct srtp_keys keys = random_keys(SRTP_PROFILE_AEAD_AES_128_GCM);
	struct cipher_key_gcm *k = (struct cipher_key_gcm *)cipher_key_create(&keys);
	struct cipher *c = cipher_create();
	uint8_t session_key[SRTP_KEY_LEN], plain[SIZE], packet[SIZE];

	// The vectors give session keys, not the master key.
	reference_hex(RFC7714_KEY, session_key, sizeof(session_key));
	reference_hex(RFC7714_SALT, k->head.salt.bytes, sizeof(k->head.salt.bytes));
	reference_hex(RFC7714_SALT, k->rtcp_salt.bytes, sizeof(k->rtcp_salt.bytes));
	memcpy(k->rtcp_key, session_key, sizeof(session_key));
	expander->gcm128_pre(session_key, &k->rtp);

	size_t len = reference_hex(RFC7714_16_1_1_PLAIN, plain, sizeof(plain));
	for (uint8_t prefix_len = 0; prefix_len < 20; prefix_len++) {
		memcpy(packet, plain, RTP_HEADER_LEN + prefix_len);
		struct cipher_job j = {
		        .key = &k->head,
		        .packet = packet,
		        .payload = plain + RTP_HEADER_LEN + prefix_len,
		        .payload_len = (uint16_t)(len - RTP_HEADER_LEN - prefix_len),
		        .header_len = RTP_HEADER_LEN,
		        .prefix_len = prefix_len,
		};
		cipher_protect_burst(c, &j, 1);
		assert_hex(packet, j.len, RFC7714_16_1_1_PACKET);
	}
	len = reference_hex(RFC7714_17_1_PLAIN, packet, sizeof(packet));
	assert_int_equal(cipher_protect_rtcp(c, &k->head, 0x5d4, packet, &len, SIZE), 0);
	assert_hex(packet, len, RFC7714_17_1_PACKET);
	cipher_key_destroy(&k->head);
	cipher_destroy(c);
}

static void rfc_3711_is_reproduced(void **)
{
	struct srtp_keys keys = {.profile = SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80};
	struct cipher *c = cipher_create();
	uint8_t bytes[SIZE] = {0}, block[16];

	// B.3: the first round key of AES is the key itself; the HMAC's states are one-way.
	reference_hex(RFC3711_B3_MASTER_KEY, keys.server.key, SRTP_KEY_LEN);
	reference_hex(RFC3711_B3_MASTER_SALT, keys.server.salt, SRTP_SALT_LEN_MAX);
	struct cipher_key *key = cipher_key_create(&keys);
	struct cipher_key_cm *k = (struct cipher_key_cm *)key;
	assert_hex(k->rtp.round_keys, SRTP_KEY_LEN, RFC3711_B3_CIPHER_KEY);
	assert_hex(k->head.salt.bytes, SRTP_SALT_LEN_MAX, RFC3711_B3_CIPHER_SALT);

	struct cipher_job j = {
	        .key = key, .packet = bytes, .header_len = RTP_HEADER_LEN, .payload_len = 16};
	uint8_t plain[SIZE];
	reference_hex(LIBSRTP_CM_PLAIN, plain, sizeof(plain));
	memcpy(bytes, plain, RTP_HEADER_LEN);
	j.payload = plain + RTP_HEADER_LEN;
	cipher_protect_burst(c, &j, 1);
	assert_hex(bytes, j.len, LIBSRTP_CM_PACKET);

	// B.2: key stream of zeros.
	uint8_t session_key[SRTP_KEY_LEN];
	struct cipher_cm cm;
	reference_hex(RFC3711_B2_KEY, session_key, sizeof(session_key));
	reference_hex(RFC3711_B2_BLOCK, block, sizeof(block));
	expander->keyexp_128(session_key, cm.round_keys, bytes + 16);
	memset(bytes, 0, 48);
	ctr_encrypt(c, &cm, block, bytes, bytes, 48);
	assert_hex(bytes, 48, RFC3711_B2_STREAM);
	cipher_key_destroy(key);
	cipher_destroy(c);
}

static void keys_are_those_of_the_server(void **)
{
	for (size_t p = 0; p < sizeof(both); p++) {
		struct srtp_keys keys = random_keys(both[p]), swapped = keys;
		struct cipher_key *k = cipher_key_create(&keys);
		struct cipher *c = cipher_create();
		swapped.client = keys.server;
		struct srtp_receiver *r = srtp_receiver_create(&swapped);
		uint8_t packet[SIZE] = {0x80, 96, 0, 1}, payload[50] = {1};
		struct cipher_job j = {
		        .key = k,
		        .packet = packet,
		        .payload = payload,
		        .payload_len = 50,
		        .header_len = RTP_HEADER_LEN};
		cipher_protect_burst(c, &j, 1);
		size_t len = j.len;
		assert_int_equal(srtp_receive_rtp(r, packet, &len), 0);
		assert_int_equal(len, RTP_HEADER_LEN + 50);
		srtp_receiver_destroy(r);
		cipher_key_destroy(k);
		cipher_destroy(c);
	}
}

static void compounds_that_cannot_be_sent_are_refused(void **)
{
	struct cipher *c = cipher_create();

	for (size_t p = 0; p < sizeof(both); p++) {
		struct srtp_keys keys = random_keys(both[p]);
		struct cipher_key *k = cipher_key_create(&keys);
		size_t trailer = both[p] == SRTP_PROFILE_AEAD_AES_128_GCM ? 20 : 14;
		uint8_t packet[SIZE], before[SIZE];
		random_fill(packet, sizeof(packet));
		memcpy(before, packet, sizeof(packet));

		size_t len = 7;
		assert_int_equal(cipher_protect_rtcp(c, k, 1, packet, &len, SIZE), -EINVAL);
		len = 28;
		for (size_t room = 0; room < 28 + trailer; room++)
			assert_int_equal(cipher_protect_rtcp(c, k, 1, packet, &len, room), -ENOSPC);
		len = SIZE_MAX;
		assert_int_equal(cipher_protect_rtcp(c, k, 1, packet, &len, SIZE), -ENOSPC);
		len = 28;
		assert_int_equal(
		        cipher_protect_rtcp(c, k, 0x80000000, packet, &len, SIZE), -EKEYEXPIRED
		);
		assert_int_equal(len, 28);
		assert_memory_equal(packet, before, sizeof(packet));
		assert_int_equal(
		        cipher_protect_rtcp(c, k, 0x7fffffff, packet, &len, 28 + trailer), 0
		);
		cipher_key_destroy(k);
	}
	cipher_destroy(c);
}

static void unknown_profiles_have_no_key(void **)
{
	for (unsigned profile = 0; profile < 256; profile++) {
		struct srtp_keys keys = random_keys((uint8_t)profile);
		errno = 0;
		struct cipher_key *k = cipher_key_create(&keys);
		bool known = profile == both[0] || profile == both[1];
		assert_int_equal(k != NULL, known);
		assert_int_equal(errno, known ? 0 : EINVAL);
		cipher_key_destroy(k);
	}
}

static void keys_are_wiped(void **)
{
	wiped_count = 0;
	for (size_t p = 0; p < sizeof(both); p++) {
		struct viewer v;
		viewer_init(&v, both[p]);
		viewer_fini(&v);
	}
	assert_int_equal(wiped_count, 2);
	cipher_key_destroy(NULL);
	cipher_destroy(NULL);
}

// The inputs of the guard, in order, and its expected results.
struct offer {
	uint16_t seq;
	bool taken;
	uint32_t roc;
};

static void offer_all(const struct offer *offers, size_t n)
{
	struct cipher_index i = {0};
	for (size_t k = 0; k < n; k++) {
		uint32_t roc = 0xdead;
		assert_int_equal(cipher_index_take(&i, offers[k].seq, &roc), offers[k].taken);
		assert_int_equal(roc, offers[k].taken ? offers[k].roc : 0xdead);
	}
}
#define OFFER(...)                                                                                 \
	offer_all(                                                                                 \
	        (const struct offer[]){__VA_ARGS__},                                               \
	        sizeof((const struct offer[]){__VA_ARGS__}) / sizeof(struct offer)                 \
	)

static void an_index_is_taken_once(void **)
{
	OFFER({0, true, 0}, {0, false, 0});
	OFFER({5, true, 0}, {5, false, 0}, {6, true, 0}, {5, false, 0}, {6, false, 0});
	OFFER({100, true, 0}, {98, true, 0}, {98, false, 0}, {99, true, 0}, {99, false, 0});
	// The window, and numbers older than it.
	OFFER({2000, true, 0}, {977, true, 0}, {977, false, 0}, {976, false, 0});
	OFFER({977, true, 0}, {2000, true, 0}, {977, false, 0}, {978, true, 0});
	OFFER({976, true, 0}, {2000, true, 0}, {976, false, 0}, {977, true, 0});
	// The window moves on by less and by more than a word of its bits.
	OFFER({63, true, 0}, {64, true, 0}, {63, false, 0}, {64, false, 0}, {65, true, 0});
	OFFER({63, true, 0}, {1087, true, 0}, {63, false, 0}, {64, true, 0}, {1087, false, 0});
	OFFER({63, true, 0}, {1088, true, 0}, {64, false, 0}, {65, true, 0}, {1088, false, 0});
	// A jump empties the window; what was before it stays refused.
	OFFER({10, true, 0}, {20000, true, 0}, {10, false, 0}, {19999, true, 0}, {20000, false, 0});
}

static void rollover_follows_the_nearest(void **)
{
	OFFER({65535, true, 0}, {0, true, 1}, {65535, false, 0}, {65534, true, 0}, {1, true, 1});
	OFFER({65530, true, 0}, {5, true, 1}, {65535, true, 0}, {5, false, 0}, {65530, false, 0});
	// No index precedes the first wrap.
	OFFER({0, true, 0}, {65535, false, 0}, {1, true, 0});
	OFFER({3, true, 0}, {65000, false, 0}, {2, true, 0});
	// A number less than half the number space ahead is ahead; any other is behind.
	OFFER({0, true, 0}, {32767, true, 0}, {65534, true, 0}, {32765, true, 1});
	OFFER({40000, true, 0}, {7232, false, 0}, {7231, true, 1});
}

static void indexes_end_where_the_key_does(void **)
{
	struct cipher_index i = {.top = (UINT64_C(1) << 48) - 2};
	i.current = UINT64_C(1) << (i.top & 63);
	uint32_t roc;
	assert_true(cipher_index_take(&i, 65535, &roc));
	assert_int_equal(roc, 0xffffffff);
	assert_false(cipher_index_take(&i, 0, &roc));
	assert_false(cipher_index_take(&i, 65535, &roc));
	assert_true(cipher_index_take(&i, 65533, &roc));
	assert_int_equal(roc, 0xffffffff);
}

// A publisher's repairs are accepted up to SRTP_WINDOW packets late, and can be sent just as late.
static void a_late_repair_goes_out_as_long_as_it_comes_in(void **)
{
	for (uint16_t late = 1; late < SRTP_WINDOW; late++) {
		struct cipher_index i = {0};
		uint32_t roc;
		for (uint16_t n = 0; n <= late + 1; n++) {
			if (n != 1)
				assert_true(cipher_index_take(&i, (uint16_t)(65500 + n), &roc));
		}
		assert_true(cipher_index_take(&i, 65501, &roc));
		assert_false(cipher_index_take(&i, 65501, &roc));
	}
}

// Compared with the set of all accepted indexes.
static void the_guard_never_gives_an_index_twice(void **)
{
	static uint8_t taken[1 << 22];
	struct cipher_index i = {0};
	uint32_t roc;
	uint16_t seq = 60000;
	unsigned count = 0;

	memset(taken, 0, sizeof(taken));
	for (int n = 0; n < 2000000; n++) {
		uint32_t kind = random_below(50000);
		if (kind < 45000)
			seq = (uint16_t)(i.top + random_below(10));
		else if (kind < 49999)
			seq = (uint16_t)(i.top - random_below(1100));
		else
			seq = (uint16_t)random_below(65536);
		if (!cipher_index_take(&i, seq, &roc))
			continue;
		uint64_t index = (uint64_t)roc << 16 | seq;
		if (index >= sizeof(taken))
			break;
		assert_int_equal(taken[index], 0);
		taken[index] = 1;
		count++;
	}
	assert_true(count > 100000);
}

static int init_library(void **)
{
	print_message("seed %u\n", SEED);
	return srtp_init_library();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(copies_equal_libsrtp),
	        cmocka_unit_test(full_bursts_equal_libsrtp),
	        cmocka_unit_test(compounds_equal_libsrtp),
	        cmocka_unit_test(high_indexes_equal_the_reference),
	        cmocka_unit_test(rfc_7714_is_reproduced),
	        cmocka_unit_test(rfc_3711_is_reproduced),
	        cmocka_unit_test(keys_are_those_of_the_server),
	        cmocka_unit_test(compounds_that_cannot_be_sent_are_refused),
	        cmocka_unit_test(unknown_profiles_have_no_key),
	        cmocka_unit_test(keys_are_wiped),
	        cmocka_unit_test(an_index_is_taken_once),
	        cmocka_unit_test(rollover_follows_the_nearest),
	        cmocka_unit_test(indexes_end_where_the_key_does),
	        cmocka_unit_test(a_late_repair_goes_out_as_long_as_it_comes_in),
	        cmocka_unit_test(the_guard_never_gives_an_index_twice),
	};
	return cmocka_run_group_tests(tests, init_library, NULL);
}
