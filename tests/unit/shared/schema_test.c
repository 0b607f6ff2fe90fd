#include "am_schema.h"

#include <errno.h>
#include <string.h>

#include "test.h"

static struct am_msg transport_add(void)
{
	struct am_msg m = {.type = AM_CMD_TRANSPORT_ADD};
	m.transport_add.transport_id = am_id_make(5, 1);
	memset(m.transport_add.ufrag, 'u', AM_UFRAG_LEN);
	memset(m.transport_add.pwd, 'p', AM_PWD_LEN);
	am_ufrag_set_slot(m.transport_add.ufrag, 5);
	return m;
}

static struct am_msg track_add(void)
{
	struct am_msg m = {.type = AM_CMD_TRACK_ADD};
	struct am_cmd_track_add *t = &m.track_add;
	t->track_id = am_id_make(1, 1);
	t->transport_id = am_id_make(2, 1);
	t->clock_rate = 90000;
	t->codec = AM_CODEC_VP8;
	t->payload_type = 96;
	t->rtx_payload_type = 97;
	t->room_payload_type = 101;
	t->room_rtx_payload_type = 102;
	t->encoding_count = 3;
	strcpy(t->mid, "0");
	strcpy(t->cname, "cname");
	return m;
}

static struct am_msg subscription_add(void)
{
	struct am_msg m = {.type = AM_CMD_SUBSCRIPTION_ADD};
	struct am_cmd_subscription_add *s = &m.subscription_add;
	s->subscription_id = am_id_make(1, 1);
	s->track_id = am_id_make(2, 1);
	s->transport_id = am_id_make(3, 1);
	s->ssrc = 1;
	s->rtx_ssrc = 2;
	strcpy(s->mid, "12");
	return m;
}

static void whole_messages_pass(void **)
{
	struct am_msg m = transport_add();
	assert_int_equal(am_msg_check(&m), 0);
	m.type = AM_CMD_TRANSPORT_RESTART_ICE;
	m.transport_restart_ice =
	        (struct am_cmd_transport_restart_ice){.transport_id = am_id_make(5, 1)};
	memset(m.transport_restart_ice.ufrag, 'u', AM_UFRAG_LEN);
	memset(m.transport_restart_ice.pwd, 'p', AM_PWD_LEN);
	am_ufrag_set_slot(m.transport_restart_ice.ufrag, 5);
	assert_int_equal(am_msg_check(&m), 0);
	m = track_add();
	assert_int_equal(am_msg_check(&m), 0);
	m = subscription_add();
	assert_int_equal(am_msg_check(&m), 0);
}

static void every_type_is_checked(void **)
{
	for (uint32_t type = 0; type <= UINT16_MAX; type++) {
		struct am_msg m = {.type = (uint16_t)type};
		if (type == AM_EVENT_ACK)
			continue; // all zero is a good ack
		assert_int_equal(am_msg_check(&m), -EINVAL);
	}
}

static void ids_are_bounded(void **)
{
	static const struct {
		uint16_t type;
		uint32_t slots;
	} table[] = {
	        {AM_CMD_TRANSPORT_CONNECT, AM_TRANSPORT_MAX},
	        {AM_CMD_TRANSPORT_REMOVE, AM_TRANSPORT_MAX},
	        {AM_CMD_TRACK_PAUSE, AM_TRACK_MAX},
	        {AM_CMD_TRACK_TAP, AM_TRACK_MAX},
	        {AM_CMD_TRACK_KEY_FRAME, AM_TRACK_MAX},
	        {AM_CMD_TRACK_REMOVE, AM_TRACK_MAX},
	        {AM_CMD_SUBSCRIPTION_PAUSE, AM_SUBSCRIPTION_MAX},
	        {AM_CMD_SUBSCRIPTION_LAYERS, AM_SUBSCRIPTION_MAX},
	        {AM_CMD_SUBSCRIPTION_KEY_FRAME, AM_SUBSCRIPTION_MAX},
	        {AM_CMD_SUBSCRIPTION_REMOVE, AM_SUBSCRIPTION_MAX},
	        {AM_CMD_DATA_PRODUCER_REMOVE, AM_TRANSPORT_MAX},
	        {AM_CMD_DATA_CONSUMER_ADD, AM_TRANSPORT_MAX},
	        {AM_CMD_DATA_CONSUMER_SOURCE, AM_TRANSPORT_MAX},
	        {AM_CMD_DATA_CONSUMER_START, AM_TRANSPORT_MAX},
	        {AM_CMD_DATA_CONSUMER_REMOVE, AM_TRANSPORT_MAX},
	        {AM_EVENT_TRANSPORT_STATE, AM_TRANSPORT_MAX},
	        {AM_EVENT_SUBSCRIPTION_LAYERS, AM_SUBSCRIPTION_MAX},
	        {AM_EVENT_TRACK_TOO_LONG, AM_TRACK_MAX},
	        {AM_EVENT_TRACK_WANTED, AM_TRACK_MAX},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		// The id is the first field of each of these.
		struct am_msg m = {.type = table[i].type};
		m.id.id = am_id_make(table[i].slots - 1, 1);
		assert_int_equal(am_msg_check(&m), 0);
		m.id.id = am_id_make(table[i].slots, 1);
		assert_int_equal(am_msg_check(&m), -EINVAL);
		m.id.id = am_id_make(UINT32_MAX, UINT32_MAX);
		assert_int_equal(am_msg_check(&m), -EINVAL);
		m.id.id = am_id_make(0, 0);
		assert_int_equal(am_msg_check(&m), -EINVAL);
	}
}

static void wanted_encodings_are_bounded(void **)
{
	struct am_msg m = {.type = AM_EVENT_TRACK_WANTED, .track_wanted = {am_id_make(1, 1), 15}};

	assert_int_equal(am_msg_check(&m), 0);
	m.track_wanted.encodings = 1 << AM_ENCODING_MAX;
	assert_int_equal(am_msg_check(&m), -EINVAL);
}

static void flags_are_bounded(void **)
{
	static const uint16_t types[] = {
	        AM_CMD_TRACK_PAUSE, AM_CMD_TRACK_TAP, AM_CMD_SUBSCRIPTION_PAUSE};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct am_msg m = {.type = types[i], .id = {am_id_make(1, 1), 1}};
		assert_int_equal(am_msg_check(&m), 0);
		m.id.on = 2;
		assert_int_equal(am_msg_check(&m), -EINVAL);
	}
}

static void taps_of_rooms_are_bounded(void **)
{
	struct am_msg m = {.type = AM_CMD_ROOM_TAP, .room_tap = {.room_id = UINT64_MAX, .on = 1}};

	assert_int_equal(am_msg_check(&m), 0);
	m.room_tap.on = 2;
	assert_int_equal(am_msg_check(&m), -EINVAL);
	m.room_tap = (struct am_cmd_room_tap){.room_id = 0, .on = 1};
	assert_int_equal(am_msg_check(&m), -EINVAL);
}

static void roles_and_hashes_are_bounded(void **)
{
	struct am_msg m = {.type = AM_CMD_TRANSPORT_CONNECT};
	struct am_cmd_transport_connect *c = &m.transport_connect;

	c->transport_id = am_id_make(1, 1);
	c->role = AM_DTLS_ROLE_COUNT - 1;
	c->fingerprint.hash = AM_HASH_COUNT - 1;
	assert_int_equal(am_msg_check(&m), 0);
	assert_int_equal(am_hash_len(c->fingerprint.hash), AM_FINGERPRINT_MAX);
	c->role = AM_DTLS_ROLE_COUNT;
	assert_int_equal(am_msg_check(&m), -EINVAL);
	c->role = AM_DTLS_CLIENT;
	c->fingerprint.hash = AM_HASH_COUNT;
	assert_int_equal(am_msg_check(&m), -EINVAL);
}

static void tags_are_bounded_and_have_no_line_break(void **)
{
	struct am_msg m = {.type = AM_CMD_DATA_PRODUCER_ADD};
	struct am_cmd_data_add *d = &m.data_add;

	d->transport_id = am_id_make(1, 1);
	assert_int_equal(am_msg_check(&m), -EINVAL); // nobody speaks without
	d->tag_len = AM_DATA_TAG_MAX;
	memset(d->tag, 'x', sizeof(d->tag));
	assert_int_equal(am_msg_check(&m), 0);
	d->tag_len = AM_DATA_TAG_MAX + 1;
	assert_int_equal(am_msg_check(&m), -EINVAL);
	d->tag_len = 3;
	d->tag[3] = '\n'; // behind it
	assert_int_equal(am_msg_check(&m), 0);
	d->tag[2] = '\n';
	assert_int_equal(am_msg_check(&m), -EINVAL);
	d->tag[2] = 'x';
	d->stream = AM_DATA_STREAMS_IN;
	assert_int_equal(am_msg_check(&m), -EINVAL);
	d->stream = 0;
	m.type = AM_CMD_DATA_CONSUMER_ADD; // has none
	assert_int_equal(am_msg_check(&m), -EINVAL);
}

static void sources_are_bounded(void **)
{
	struct am_msg m = {.type = AM_CMD_DATA_CONSUMER_SOURCE};
	struct am_cmd_data_source *d = &m.data_source;

	d->transport_id = am_id_make(1, 1);
	assert_int_equal(am_msg_check(&m), 0); // nobody
	d->source_id = am_id_make(2, 1);
	d->stream = AM_DATA_SOURCES - 1;
	assert_int_equal(am_msg_check(&m), 0);
	d->stream = AM_DATA_SOURCES;
	assert_int_equal(am_msg_check(&m), -EINVAL);
	d->stream = 0;
	d->source_id = am_id_make(AM_TRANSPORT_MAX, 1);
	assert_int_equal(am_msg_check(&m), -EINVAL);
	m = (struct am_msg){.type = AM_CMD_DATA_CONSUMER_ADD};
	m.data_add.transport_id = am_id_make(1, 1);
	m.data_add.apart = 1;
	assert_int_equal(am_msg_check(&m), 0);
	m.data_add.apart = 2;
	assert_int_equal(am_msg_check(&m), -EINVAL);
}

static void credentials_are_ice_chars_of_the_own_slot(void **)
{
	struct am_msg m = transport_add();
	am_ufrag_set_slot(m.transport_add.ufrag, 6);
	assert_int_equal(am_msg_check(&m), -EINVAL);
	for (int i = 0; i < AM_UFRAG_LEN; i++) {
		m = transport_add();
		m.transport_add.ufrag[i] = '\0';
		assert_int_equal(am_msg_check(&m), -EINVAL);
		m.transport_add.ufrag[i] = ':';
		if (i < AM_UFRAG_SLOT_LEN)
			assert_int_equal(am_msg_check(&m), -EINVAL);
	}
	for (int i = 0; i < AM_PWD_LEN; i++) {
		m = transport_add();
		m.transport_add.pwd[i] = '\x7f';
		assert_int_equal(am_msg_check(&m), -EINVAL);
	}
}

// One field of track_add: its offset, a value that must be refused, one that must not.
struct byte_bound {
	size_t offset;
	uint8_t bad, good;
};
#define TRACK(field, bad, good)                                                                    \
	{                                                                                          \
		offsetof(struct am_cmd_track_add, field), bad, good                                \
	}

static void bytes_of_a_track_are_bounded(void **)
{
	static const struct byte_bound bounds[] = {
	        TRACK(codec, AM_CODEC_COUNT, AM_CODEC_COUNT - 1),
	        TRACK(payload_type, 64, 63),
	        TRACK(payload_type, 95, 96),
	        TRACK(payload_type, 128, 127),
	        TRACK(rtx_payload_type, 255, 0),
	        TRACK(room_payload_type, 72, 35),
	        TRACK(room_rtx_payload_type, 200, 127),
	        TRACK(paused, 2, 1),
	        TRACK(nack, 2, 1),
	        TRACK(transport_cc, 255, 1),
	        TRACK(screen, 2, 1),
	        TRACK(encoding_count, 0, 1),
	        TRACK(encoding_count, AM_ENCODING_MAX + 1, AM_ENCODING_MAX),
	};
	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		struct am_msg m = track_add();
		uint8_t *field = (uint8_t *)&m.track_add + bounds[i].offset;
		*field = bounds[i].bad;
		assert_int_equal(am_msg_check(&m), -EINVAL);
		*field = bounds[i].good;
		assert_int_equal(am_msg_check(&m), 0);
	}
}

static void the_rest_of_a_track_is_bounded(void **)
{
	struct am_msg m = track_add();
	m.track_add.track_id = am_id_make(AM_TRACK_MAX, 1);
	assert_int_equal(am_msg_check(&m), -EINVAL);
	m = track_add();
	m.track_add.transport_id = am_id_make(AM_TRANSPORT_MAX, 1);
	assert_int_equal(am_msg_check(&m), -EINVAL);
	m = track_add();
	m.track_add.clock_rate = 7999;
	assert_int_equal(am_msg_check(&m), -EINVAL);
	m.track_add.clock_rate = 192001;
	assert_int_equal(am_msg_check(&m), -EINVAL);
	m = track_add();
	memset(m.track_add.mid, 'm', sizeof(m.track_add.mid));
	assert_int_equal(am_msg_check(&m), -EINVAL);
	m = track_add();
	memset(m.track_add.cname, 'c', sizeof(m.track_add.cname));
	assert_int_equal(am_msg_check(&m), -EINVAL);
	m = track_add();
	memset(m.track_add.encodings[2].rid, 'r', sizeof(m.track_add.encodings[2].rid));
	assert_int_equal(am_msg_check(&m), -EINVAL);
	m.track_add.encoding_count = 2; // entries beyond the count are not checked
	assert_int_equal(am_msg_check(&m), 0);
}

static void subscriptions_are_bounded(void **)
{
	struct am_msg m = subscription_add();
	m.subscription_add.subscription_id = am_id_make(AM_SUBSCRIPTION_MAX, 1);
	assert_int_equal(am_msg_check(&m), -EINVAL);
	m = subscription_add();
	m.subscription_add.track_id = am_id_make(AM_TRACK_MAX, 1);
	assert_int_equal(am_msg_check(&m), -EINVAL);
	m = subscription_add();
	m.subscription_add.transport_id = am_id_make(AM_TRANSPORT_MAX, 1);
	assert_int_equal(am_msg_check(&m), -EINVAL);
	m = subscription_add();
	m.subscription_add.ssrc = 0;
	assert_int_equal(am_msg_check(&m), -EINVAL);
	m = subscription_add();
	m.subscription_add.rtx_ssrc = m.subscription_add.ssrc;
	assert_int_equal(am_msg_check(&m), -EINVAL);
	m = subscription_add();
	memset(m.subscription_add.mid, '1', sizeof(m.subscription_add.mid));
	assert_int_equal(am_msg_check(&m), -EINVAL);
	m = subscription_add();
	m.subscription_add.paused = 2;
	assert_int_equal(am_msg_check(&m), -EINVAL);
	m = subscription_add();
	m.subscription_add.transport_cc = 2;
	assert_int_equal(am_msg_check(&m), -EINVAL);
	m = subscription_add();
	m.subscription_add.red_payload_type = 128;
	assert_int_equal(am_msg_check(&m), -EINVAL);
}

static void events_are_bounded(void **)
{
	struct am_msg m = {.type = AM_EVENT_ACK, .ack.result = 1};
	assert_int_equal(am_msg_check(&m), -EINVAL);
	m.ack.result = -ENOENT;
	assert_int_equal(am_msg_check(&m), 0);
	m = (struct am_msg){.type = AM_EVENT_TRANSPORT_STATE};
	m.transport_state.transport_id = am_id_make(0, 1);
	m.transport_state.ice = AM_ICE_COUNT;
	assert_int_equal(am_msg_check(&m), -EINVAL);
	m.transport_state.ice = 0;
	m.transport_state.dtls = AM_DTLS_COUNT;
	assert_int_equal(am_msg_check(&m), -EINVAL);
}

static void ufrags_name_their_slot(void **)
{
	static const uint32_t slots[] = {0, 1, 0xabc, AM_TRANSPORT_MAX - 1};
	char ufrag[AM_UFRAG_LEN];

	memset(ufrag, 'z', sizeof(ufrag));
	assert_true(am_ufrag_slot(ufrag, sizeof(ufrag)) == -EINVAL);
	for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
		am_ufrag_set_slot(ufrag, slots[i]);
		assert_true(am_ufrag_slot(ufrag, sizeof(ufrag)) == slots[i]);
		assert_true(am_ufrag_slot(ufrag, sizeof(ufrag) - 1) == -EINVAL);
		assert_int_equal(ufrag[AM_UFRAG_SLOT_LEN], 'z');
	}
	am_ufrag_set_slot(ufrag, AM_TRANSPORT_MAX);
	assert_true(am_ufrag_slot(ufrag, sizeof(ufrag)) == -EINVAL);
	am_ufrag_set_slot(ufrag, UINT32_MAX);
	assert_true(am_ufrag_slot(ufrag, sizeof(ufrag)) == -EINVAL);
	am_ufrag_set_slot(ufrag, 0xa);
	ufrag[7] = 'A'; // one spelling only
	assert_true(am_ufrag_slot(ufrag, sizeof(ufrag)) == -EINVAL);
}

static void every_type_has_a_name(void **)
{
	for (uint16_t type = 0; type < AM_MSG_COUNT; type++)
		assert_string_not_equal(am_msg_name(type), "unknown");
	assert_string_equal(am_msg_name(AM_MSG_COUNT), "unknown");
	assert_string_equal(am_msg_name(UINT16_MAX), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(whole_messages_pass),
	        cmocka_unit_test(every_type_is_checked),
	        cmocka_unit_test(ids_are_bounded),
	        cmocka_unit_test(wanted_encodings_are_bounded),
	        cmocka_unit_test(flags_are_bounded),
	        cmocka_unit_test(taps_of_rooms_are_bounded),
	        cmocka_unit_test(roles_and_hashes_are_bounded),
	        cmocka_unit_test(sources_are_bounded),
	        cmocka_unit_test(tags_are_bounded_and_have_no_line_break),
	        cmocka_unit_test(credentials_are_ice_chars_of_the_own_slot),
	        cmocka_unit_test(bytes_of_a_track_are_bounded),
	        cmocka_unit_test(the_rest_of_a_track_is_bounded),
	        cmocka_unit_test(subscriptions_are_bounded),
	        cmocka_unit_test(events_are_bounded),
	        cmocka_unit_test(ufrags_name_their_slot),
	        cmocka_unit_test(every_type_has_a_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
