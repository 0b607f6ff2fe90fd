// How many encodings the viewers of a track request, so that its publisher may omit the rest.
#include "one_link.h"

#include <rte_ring_elem.h>

#include "path/inbox.h"
#include "path/post.h"
#include "path/layers.h"
#include "path/wish.h"

static int eal_begin(void **)
{
	return rig_port_begin("wish_test", NULL);
}

static void handle(uint16_t type, void *object, uint32_t value)
{
	struct message msg = {
	        .type = type, .object = object, .id = rig.fanouts[0]->track_id, .value = value};

	assert_true(message_post(rig.worker->inbox, &msg));
	inbox_service(rig.worker, 8);
}

// The number of encodings last reported to the service thread; -1: nothing new.
static int wished(void)
{
	struct message msg;
	int wished = -1;

	wish_tell(rig.worker);
	while (rte_ring_sc_dequeue_elem(rig.worker->replies, &msg, sizeof(msg)) == 0) {
		if (msg.type == MESSAGE_WISHES)
			wished = (int)msg.value;
	}
	return wished;
}

// The publisher sends this many encodings from now on.
static void sends(uint8_t count)
{
	rig.fanouts[0]->active = (uint8_t)((1 << count) - 1);
	selector_set_active(&subscription(0)->selector, rig.fanouts[0]->active);
}

// Switches encodings off as the service thread does: their weight is held from now on.
static void switch_off(uint8_t lowest)
{
	handle(MESSAGE_FANOUT_HOLD, NULL, lowest);
	sends(lowest);
}

static void what_a_client_asks_for_is_wished(void **)
{
	begin(1, false);
	wish_note(subscription(0));
	assert_int_equal(wished(), 3);
	assert_int_equal(wished(), -1);
	handle(MESSAGE_SUBSCRIPTION_LAYERS, subscription(0), 0 | 2 << 8);
	assert_int_equal(wished(), 1);
	switch_off(1);
	handle(MESSAGE_SUBSCRIPTION_LAYERS, subscription(0), 1 | 2 << 8);
	assert_int_equal(wished(), -1); // not before the first look at the viewer's link
	tick(VIEWER_TICKS + 1);
	assert_int_equal(wished(), 2);
	handle(MESSAGE_SUBSCRIPTION_PAUSE, subscription(0), 1);
	assert_int_equal(wished(), 0);
	handle(MESSAGE_SUBSCRIPTION_PAUSE, subscription(0), 0);
	assert_int_equal(wished(), 2);
	wish_end(subscription(0));
	assert_int_equal(wished(), 0);
	end();
}

// One of many subscriptions is enough, until the last one ends.
static void the_highest_wish_counts(void **)
{
	begin(1, false);
	struct subscription others[2] = {*subscription(0), *subscription(0)};
	others[0].asked = layers_make(0, 2);
	others[1].asked = layers_make(1, 2);
	wish_note(&others[0]);
	wish_note(subscription(0));
	wish_note(&others[1]);
	assert_int_equal(wished(), 3);
	wish_end(subscription(0));
	assert_int_equal(wished(), 2);
	wish_end(&others[1]);
	assert_int_equal(wished(), 1);
	end();
}

static void what_a_link_does_not_carry_is_not_wished(void **)
{
	begin(1, false);
	wish_note(subscription(0));
	carries(600000);
	assert_int_equal(wished(), 2);
	carries(70000); // starved
	assert_int_equal(wished(), 0);
	end();
}

// The weight of an encoding that is off is still known, so only a link with room for it brings it
// back.
static void what_is_off_is_wished_once_the_link_has_room(void **)
{
	begin(1, false);
	wish_note(subscription(0));
	carries(600000);
	switch_off(2);
	for (int i = 0; i < 6; i++) {
		carries(600000);
		expect_layer(0, 1);
	}
	assert_int_equal(wished(), 2);
	for (int i = 0; i < 6; i++)
		carries(4000000);
	assert_int_equal(wished(), 3);
	assert_int_equal(subscription(0)->given, SELECTOR_NONE);
	assert_int_equal(subscription(0)->selector.target, 1); // the highest that is sent
	sends(3);
	tick(TICKS);
	assert_int_equal(subscription(0)->selector.target, 2);
	end();
}

// A step of the encoding that is off may have a lower temporal limit, which does not apply to the
// encoding below.
static void until_it_is_on_the_one_beneath_comes_whole(void **)
{
	begin(1, false);
	struct subscription *s = subscription(0);
	rig.fanouts[0]->rates.layers[2].bps[0] = 1000000;
	switch_off(2);
	s->given = layers_make(2, 0);
	layers_prefer(rig.worker, s);
	assert_int_equal(limit_temporal(s->selector.preferred_limit), TEMPORAL_LIMITS - 1);
	sends(3);
	layers_prefer(rig.worker, s);
	assert_int_equal(limit_temporal(s->selector.preferred_limit), 0);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_a_client_asks_for_is_wished),
	        cmocka_unit_test(the_highest_wish_counts),
	        cmocka_unit_test(what_a_link_does_not_carry_is_not_wished),
	        cmocka_unit_test(what_is_off_is_wished_once_the_link_has_room),
	        cmocka_unit_test(until_it_is_on_the_one_beneath_comes_whole),
	};
	return cmocka_run_group_tests(tests, eal_begin, NULL);
}
