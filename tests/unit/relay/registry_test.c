#include "service/registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <rte_eal.h>
#include <stdlib.h>

#include "inbox.h"
#include "rig.h"

#define ROOM  7
#define TRACK am_id_make(3, 1)
#define SSRC  1000 // of the first subscription; the next one's is ten more

static struct rig rig;
static struct am_region region;
static struct registry registry;

static int eal_begin(void **)
{
	char *argv[] = {
	        "registry_test",  "--no-huge",      "-m",          "64", "--no-pci",
	        "--no-telemetry", "--iova-mode=va", "--no-shconf", NULL,
	};
	return rte_eal_init(8, argv) < 0 || rig_init(&rig, 1023, 0) < 0 ? -1 : 0;
}

static void settle(void)
{
	while (inbox_service(rig.worker, WORKER_INBOX) > 0)
		registry_collect(&registry);
	registry_collect(&registry);
}

static struct session *session_begin(uint32_t slot)
{
	struct session *s = calloc(1, sizeof(*s));

	s->id = am_id_make(slot, 1);
	s->room_id = ROOM;
	assert_int_equal(registry_add_session(&registry, s), 0);
	return s;
}

// A speaker with one track of video, and a viewer, both on the worker.
static struct session *begin(void)
{
	assert_int_equal(am_region_new(&region, 1), 0);
	registry_init(&registry, &region, rig.worker, 1);
	rig.worker->workers = rig.worker;
	struct session *speaker = session_begin(0), *viewer = session_begin(1);
	const struct am_cmd_track_add track = {
	        .track_id = TRACK,
	        .transport_id = speaker->id,
	        .clock_rate = 90000,
	        .codec = AM_CODEC_VP8,
	        .room_rtx_payload_type = 102,
	        .encoding_count = 1,
	};
	assert_int_equal(registry_add_track(&registry, &track), 0);
	assert_int_equal(registry_place(&registry, speaker, 0), 0);
	assert_int_equal(registry_place(&registry, viewer, 0), 0);
	settle();
	return viewer;
}

static void end(void)
{
	struct session *s;

	while ((s = TAILQ_FIRST(&registry.all))) {
		registry_remove_session(&registry, s);
		free(s);
	}
	settle();
	am_region_leave(&region);
}

static int subscribe(uint32_t slot, uint32_t ssrc, uint32_t rtx_ssrc)
{
	const struct am_cmd_subscription_add add = {
	        .subscription_id = am_id_make(slot, 1),
	        .track_id = TRACK,
	        .transport_id = am_id_make(1, 1),
	        .ssrc = ssrc,
	        .rtx_ssrc = rtx_ssrc,
	        .mid = "7",
	};
	int ret = registry_add_subscription(&registry, &add);
	settle();
	return ret;
}

static void unsubscribe(uint32_t slot)
{
	registry_remove_subscription(&registry, registry_sink(&registry, am_id_make(slot, 1)));
	settle();
}

// A viewer who loses the first packets must not meet the wrap in them: RFC 3711 3.3.1.
static void numbers_begin_in_the_lower_half(void **)
{
	uint16_t all = 0, all_rtx = 0;

	begin();
	for (uint32_t i = 0; i < 256; i++) {
		assert_int_equal(subscribe(i, SSRC + 10 * i, SSRC + 10 * i + 1), 0);
		const struct sink *k = registry_sink(&registry, am_id_make(i, 1));
		uint16_t first = (uint16_t)(k->object->selector.seq + 1);
		assert_in_range(first, 0, 0x7FFF);
		assert_in_range(k->object->rtx_index, 0, 0x7FFF);
		all |= first;
		all_rtx |= (uint16_t)k->object->rtx_index;
	}
	assert_int_equal(all, 0x7FFF); // and anywhere in it
	assert_int_equal(all_rtx, 0x7FFF);
	end();
}

// Two guards of one (key, SSRC) would each give out the same index.
static void an_ssrc_is_given_to_one_subscription_of_a_transport(void **)
{
	begin();
	assert_int_equal(subscribe(0, 1000, 1001), 0);
	assert_int_equal(subscribe(1, 1000, 2001), -EADDRINUSE);
	assert_int_equal(subscribe(1, 2000, 1001), -EADDRINUSE);
	assert_int_equal(subscribe(1, 1001, 2001), -EADDRINUSE);
	assert_int_equal(subscribe(1, 2000, 1000), -EADDRINUSE);
	assert_int_equal(subscribe(1, 2000, 2000), -EADDRINUSE);
	assert_null(registry_sink(&registry, am_id_make(1, 1)));
	assert_int_equal(subscribe(1, 2000, 2001), 0); // refusals leave nothing behind
	assert_int_equal(subscribe(2, 3000, 0), 0);
	assert_int_equal(subscribe(3, 4000, 0), 0);
	end();
}

// The key outlives a subscription, and a new one would begin its indexes anew.
static void an_ssrc_does_not_come_back_under_its_key(void **)
{
	begin();
	assert_int_equal(subscribe(0, 1000, 1001), 0);
	unsubscribe(0);
	assert_int_equal(subscribe(0, 1000, 1002), -EADDRINUSE);
	assert_int_equal(subscribe(0, 1002, 1001), -EADDRINUSE);
	for (uint32_t i = 0; i < 100; i++) {
		assert_int_equal(subscribe(0, 100000 - 2 * i, 200000 + 2 * i), 0);
		unsubscribe(0);
	}
	for (uint32_t i = 0; i < 100; i++) {
		assert_int_equal(subscribe(0, 100000 - 2 * i, 0), -EADDRINUSE);
		assert_int_equal(subscribe(0, 200000 + 2 * i, 0), -EADDRINUSE);
	}
	// A new transport has a new key.
	struct session *viewer = registry_session(&registry, am_id_make(1, 1));
	registry_remove_session(&registry, viewer);
	free(viewer);
	assert_int_equal(registry_place(&registry, session_begin(1), 0), 0);
	assert_int_equal(subscribe(0, 1000, 1001), 0);
	end();
}

static void a_transport_has_a_limited_number_of_ssrcs(void **)
{
	struct ssrc_set set = {0};

	for (uint32_t i = 0; i < SSRC_SET_MAX / 2; i++)
		assert_int_equal(ssrc_set_add(&set, 2 * i + 2, 2 * i + 3), 0);
	assert_int_equal(ssrc_set_add(&set, 1000000, 0), -ENOSPC);
	assert_int_equal(ssrc_set_add(&set, 2, 0), -EADDRINUSE);
	ssrc_set_fini(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(numbers_begin_in_the_lower_half),
	        cmocka_unit_test(an_ssrc_is_given_to_one_subscription_of_a_transport),
	        cmocka_unit_test(an_ssrc_does_not_come_back_under_its_key),
	        cmocka_unit_test(a_transport_has_a_limited_number_of_ssrcs),
	};
	return cmocka_run_group_tests(tests, eal_begin, NULL);
}
