// The test client against itself, with one side as the server. The tools of the network tests must
// be right before they judge the data plane.
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "publisher.h"
#include "viewer.h"

#define UFRAG "0000000auvwxyz12"
#define PWD   "abcdefghijklmnopqrstuvwx"

struct pair {
	struct client a, b; // a: publishes, active; b: watches, passive
	struct publisher publisher;
	struct viewer viewer;
};

static void pair_open(
        struct pair *p, const char *profiles, uint16_t mtu, uint16_t loss_permille,
        uint8_t encodings
)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(any);
	struct client_config b = {.ufrag = UFRAG, .pwd = PWD, .passive = true, .seed = 1};
	struct client_config a = {.ufrag = UFRAG, .pwd = PWD, .profiles = profiles, .seed = 2};

	memcpy(&b.server, &any, sizeof(any));
	b.loss_in_permille = loss_permille;
	assert_int_equal(client_init(&p->b, &b, &viewer_events, &p->viewer), 0);
	assert_int_equal(bind(p->b.fd, (struct sockaddr *)&any, sizeof(any)), 0);
	assert_int_equal(getsockname(p->b.fd, (struct sockaddr *)&any, &len), 0);
	memcpy(&a.server, &any, sizeof(any));
	a.dtls_mtu = mtu;
	assert_int_equal(client_init(&p->a, &a, &publisher_events, &p->publisher), 0);
	publisher_init(&p->publisher, &p->a, 3, encodings);
	viewer_init(&p->viewer, &p->b);
}

static void pair_close(struct pair *p)
{
	client_fini(&p->a);
	client_fini(&p->b);
	free(p);
}

static bool connected(void *context)
{
	const struct pair *p = context;
	return p->a.peer.state == PEER_CONNECTED && p->b.peer.state == PEER_CONNECTED;
}

static void pair_connect(struct pair *p)
{
	struct client *both[] = {&p->a, &p->b};
	assert_true(clients_run(both, 2, 5000, connected, p));
}

static void pair_run(struct pair *p, uint64_t ms)
{
	struct client *both[] = {&p->a, &p->b};
	clients_run(both, 2, ms, NULL, NULL);
}

// No relay rewrites anything here, so the publisher's own numbers arrive.
static struct viewer_subscription *watch(struct pair *p)
{
	const struct publisher_stream *from = &p->publisher.video[0];
	struct viewer_subscription *s =
	        viewer_subscribe(&p->viewer, true, from->ssrc, from->rtx_ssrc, PUBLISHER_MID_VIDEO);
	s->payload_type = PUBLISHER_PT_VP8;
	s->rtx_payload_type = PUBLISHER_PT_RTX;
	return s;
}

static void each_profile_carries_media(void **)
{
	static const struct {
		const char *name;
		uint16_t id;
	} profiles[] = {{"SRTP_AEAD_AES_128_GCM", 7}, {"SRTP_AES128_CM_SHA1_80", 1}};

	for (int i = 0; i < 2; i++) {
		struct pair *p = calloc(1, sizeof(*p));
		pair_open(p, profiles[i].name, 1200, 0, 1);
		struct viewer_subscription *s = watch(p);
		pair_connect(p);
		assert_int_equal(p->a.peer.profile, profiles[i].id);
		assert_int_equal(p->b.peer.profile, profiles[i].id);
		pair_run(p, 700);
		struct viewer_verdict v = viewer_judge(s);
		assert_string_equal(v.error, "");
		assert_in_range(v.frames, 15, 30);
		assert_int_equal(s->wrong_bytes + s->wrong_type, 0);
		assert_int_equal(p->b.srtp_refused, 0);
		assert_true(s->reports >= 1);
		assert_string_equal(s->cname, PUBLISHER_CNAME);
		pair_close(p);
	}
}

// proves F12
static void a_small_mtu_splits_the_handshake(void **)
{
	struct pair *p = calloc(1, sizeof(*p));
	pair_open(p, NULL, 256, 0, 1);
	pair_connect(p);
	assert_int_equal(p->a.peer.profile, 7);
	assert_true(p->b.datagrams_in > 10);
	uint8_t own[32];
	peer_fingerprint(own);
	assert_memory_equal(p->a.peer.server_fingerprint, own, 32);
	pair_close(p);
}

static void loss_is_made_good_by_nack_and_rtx(void **)
{
	struct pair *p = calloc(1, sizeof(*p));
	pair_open(p, NULL, 1200, 50, 1);
	struct viewer_subscription *s = watch(p);
	pair_connect(p);
	p->publisher.audio_off = true;
	pair_run(p, 2000);
	p->publisher.video_off = true;
	p->b.config.loss_in_permille = 0;
	pair_run(p, 300);
	struct viewer_verdict v = viewer_judge(s);
	assert_string_equal(v.error, "");
	assert_true(p->b.lost_in > 0);
	assert_true(s->resent > 0);
	assert_int_equal(s->wrong_bytes, 0);
	pair_close(p);
}

static void a_pli_brings_a_key_frame(void **)
{
	struct pair *p = calloc(1, sizeof(*p));
	pair_open(p, NULL, 1200, 0, 1);
	struct viewer_subscription *s = watch(p);
	pair_connect(p);
	pair_run(p, 300);
	assert_int_equal(viewer_judge(s).key_frames, 1);
	viewer_pli_send(&p->viewer, s);
	pair_run(p, 300);
	assert_int_equal(p->publisher.video[0].plis, 1);
	assert_int_equal(viewer_judge(s).key_frames, 2);
	pair_close(p);
}

static void a_wrong_password_gets_no_answer(void **)
{
	struct pair *p = calloc(1, sizeof(*p));
	struct client *both[] = {&p->a, &p->b};
	pair_open(p, NULL, 1200, 0, 1);
	client_restart(&p->a, UFRAG, "wrongwrongwrongwrongwron");
	assert_false(clients_run(both, 2, 300, connected, p));
	assert_int_equal(p->a.peer.checks_answered, 0);
	assert_true(p->a.peer.checks_sent > 2);
	pair_close(p);
}

// Tests viewer_judge: each spoiled packet must be found.
static void spoiled_packets_are_found(void **)
{
	struct pair *p = calloc(1, sizeof(*p));
	pair_open(p, NULL, 1200, 0, 1);
	struct viewer_subscription *s = watch(p);
	pair_connect(p);
	pair_run(p, 600);
	assert_string_equal(viewer_judge(s).error, "");
	struct viewer_packet *k = &s->kept[8], saved = *k;
	const struct viewer_packet first = s->kept[0];

	k->here = false;
	assert_non_null(strstr(viewer_judge(s).error, "missing"));
	*k = saved;
	k->timestamp++;
	assert_non_null(strstr(viewer_judge(s).error, "timestamp"));
	*k = saved;
	k->vp8.picture_id++;
	assert_non_null(strstr(viewer_judge(s).error, "picture id"));
	*k = saved;
	k->vp8.tl0++;
	assert_non_null(strstr(viewer_judge(s).error, "TL0PICIDX"));
	*k = saved;
	k->marker = !k->marker;
	assert_non_null(strstr(viewer_judge(s).error, "marker"));
	*k = saved;
	k->vp8.part.encoding = 1;
	assert_non_null(strstr(viewer_judge(s).error, "without a key frame"));
	*k = saved;
	s->kept[0].vp8.part.key = false;
	assert_non_null(strstr(viewer_judge(s).error, "begins without a key frame"));
	s->kept[0] = first;
	pair_close(p);
}

static void every_flipped_byte_is_found(void **)
{
	uint8_t payload[300];
	struct media_vp8 v = {
	        .part = {.source = 1, .frame = 5, .len = 300, .parts = 1, .key = true}};
	struct media_part part = {.source = 1, .frame = 5, .len = 300, .parts = 1};

	for (size_t i = 0; i < sizeof(payload); i++) {
		struct media_vp8 got;
		media_vp8_build(&v, payload);
		assert_int_equal(media_vp8_check(&got, payload, sizeof(payload)), 0);
		payload[i] ^= 0x40;
		bool rewritable = i >= 2 && i <= 5; // picture id, TL0PICIDX, TID and KEYIDX
		if (!rewritable)
			assert_int_not_equal(media_vp8_check(&got, payload, sizeof(payload)), 0);
		struct media_part got_part;
		media_opus_build(&part, payload);
		assert_int_equal(media_opus_check(&got_part, payload, sizeof(payload)), 0);
		payload[i] ^= 0x40;
		assert_int_not_equal(media_opus_check(&got_part, payload, sizeof(payload)), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_profile_carries_media),
	        cmocka_unit_test(a_small_mtu_splits_the_handshake),
	        cmocka_unit_test(loss_is_made_good_by_nack_and_rtx),
	        cmocka_unit_test(a_pli_brings_a_key_frame),
	        cmocka_unit_test(a_wrong_password_gets_no_answer),
	        cmocka_unit_test(spoiled_packets_are_found),
	        cmocka_unit_test(every_flipped_byte_is_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
