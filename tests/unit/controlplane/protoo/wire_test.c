// How people, rooms and rights look on the wire.
#include "test.h"

#include "base/json.h"
#include "base/memory.h"
#include "protoo/wire.h"
#include "room/peer.h"
#include "room/room.h"

static void is(struct json *j, const char *text)
{
	char *printed = json_print(j);

	assert_string_equal(printed, text);
	free(printed);
	json_free(j);
}

static void objects_are_named_by_id(void **)
{
	is(wire_id("consumerId", 0x1234), "{\"consumerId\":\"0000000000001234\"}");
	is(wire_made("producerId", 0x1234),
	   "{\"id\":\"0000000000001234\",\"producerId\":\"0000000000001234\"}");
}

static void people_are_told_with_role_and_device(void **)
{
	struct peer *p = peer_create("ann", "", &(struct rights){.speaker = true});

	assert_int_equal(peer_set_display_name(p, "Ann"), 0);
	peer_set_device(p, memory_copy_string("{\"flag\":\"firefox\"}"));
	is(wire_peer(p), "{\"id\":\"ann\",\"peerId\":\"ann\",\"displayName\":\"Ann\","
	                 "\"device\":{\"flag\":\"firefox\"},\"speaker\":true,\"moderator\":false}");
	is(wire_waiting(p), "{\"id\":\"ann\",\"peerId\":\"ann\",\"displayName\":\"Ann\"}");
	peer_set_device(p, memory_copy_string("{"));
	is(wire_peer(p), "{\"id\":\"ann\",\"peerId\":\"ann\",\"displayName\":\"Ann\","
	                 "\"device\":{},\"speaker\":true,\"moderator\":false}");
	peer_destroy(p);
}

static void a_room_tells_what_it_has(void **)
{
	struct room r = {0};

	is(wire_room(&r, false), "{\"waitingRoom\":false}");
	r.rules.video = (char[]){"https://example.org/"};
	r.rules.start_time_ms = 5;
	r.bitrate = 100000;
	is(wire_room(&r, true), "{\"waitingRoom\":true,\"video\":\"https://example.org/\","
	                        "\"startTime\":5,\"bitrate\":100000}");
}

static void rights_are_all_told(void **)
{
	struct json *j = json_new_object();

	wire_add_rights(j, &(struct rights){.moderator = true, .chat = true});
	is(j, "{\"speaker\":false,\"moderator\":true,\"canRecord\":false,\"chat\":true,"
	      "\"hand\":false}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(objects_are_named_by_id),
	        cmocka_unit_test(people_are_told_with_role_and_device),
	        cmocka_unit_test(a_room_tells_what_it_has),
	        cmocka_unit_test(rights_are_all_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
