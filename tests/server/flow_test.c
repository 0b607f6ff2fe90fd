// Which media flows, as shown by the data plane's tables and commands: screens, what a viewer's
// page requests, and what a page that comes back is told.
#include "stage.h"

#include "base/json.h"
#include "store/rooms.h"
#include "test.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPEAKER "{\"itisparticipant\":true}"

static struct fake_dataplane *dataplane(void)
{
	return &integrator.server.dataplane;
}

// proves M06, E08
static void one_screen_is_shared_at_a_time(void **)
{
	struct page speaker;
	char send[32], data[64];
	am_id screen;

	come(&speaker, "free", "share", "speaker", SPEAKER, "S");
	transport_make(&speaker, "producing", send);
	assert_int_equal(publish(&speaker, send, CAMERA, NULL), 200);
	assert_int_equal(publish(&speaker, send, SCREEN, &screen), 200);
	assert_int_equal(publish(&speaker, send, SCREEN, NULL), 409);
	expect_tracks(2, 0);
	snprintf(data, sizeof(data), "{\"producerId\":\"%016llx\"}", (unsigned long long)screen);
	assert_int_equal(page_ask_code(&speaker, "closeProducer", data), 200);
	assert_int_equal(publish(&speaker, send, SCREEN, NULL), 200);
	expect_tracks(2, 0);
	page_leave(&speaker);
}

// A track that the data plane cannot take is reported, and leaves nothing behind.
static void a_track_that_is_refused_says_why(void **)
{
	struct page speaker;
	char send[32];

	come(&speaker, "free", "refused", "speaker", SPEAKER, "S");
	transport_make(&speaker, "producing", send);
	assert_int_equal(publish(&speaker, send, CAMERA, NULL), 200);
	dataplane()->result = -E2BIG;
	assert_int_equal(publish(&speaker, send, MICROPHONE, NULL), 409);
	dataplane()->result = 0;
	expect_tracks(1, 0);
	assert_int_equal(publish(&speaker, send, MICROPHONE, NULL), 200);
	expect_tracks(2, 0);
	page_leave(&speaker);
}

static struct json *ask_resume(struct page *p, const char *id, const char *more)
{
	char data[512];

	snprintf(
	        data, sizeof(data), "{\"session\":\"s-%s\",\"producerIds\":[]%s}", id,
	        more ? more : ",\"consumerIds\":[]"
	);
	struct json *answer = page_ask(p, "resume", data);
	struct json *found = json_copy(json_object(answer, "data"));
	json_free(answer);
	assert_true(json_is_true(found, "resumed"));
	return found;
}

static bool lists(const struct json *answer, const char *key, const char *id)
{
	for (const struct json *j = json_first(json_array(answer, key)); j; j = json_next(j)) {
		if (strcmp(json_text(j, 64), id) == 0)
			return true;
	}
	return false;
}

// proves B07
static void a_returning_page_learns_which_transports_live(void **)
{
	struct page speaker, moderator;
	char send[32], receive[32];

	come(&moderator, "free", "dead", "moderator", MODERATOR, "M");
	come(&speaker, "free", "dead", "speaker", SPEAKER, "S");
	transport_make(&speaker, "producing", send);
	transport_make(&speaker, "consuming", receive);
	page_die(&speaker);
	assert_int_equal(page_ask_code(&moderator, "demotePeer", about("speaker")), 200);
	assert_int_equal(page_ask_code(&moderator, "promotePeer", about("speaker")), 200);
	come(&speaker, "free", "dead", "speaker", SPEAKER, NULL);
	struct json *answer = ask_resume(&speaker, "speaker", NULL);
	assert_true(lists(answer, "transportIds", receive));
	assert_false(lists(answer, "transportIds", send));
	json_free(answer);
	assert_int_equal(publish(&speaker, send, MICROPHONE, NULL), 404);
	transport_make(&speaker, "producing", send);
	assert_int_equal(publish(&speaker, send, MICROPHONE, NULL), 200);
	page_leave(&speaker);
	page_leave(&moderator);
}

static bool is_missing(struct page *p)
{
	struct json *data = page_notified(p, "consumersMissing");
	assert_non_null(data);
	bool missing = json_is_true(data, "missing");
	json_free(data);
	return missing;
}

// If there is no room for a viewer's subscriptions, its page is told, and they are added later.
static void a_viewer_gets_media_later_if_there_is_no_room(void **)
{
	static const char join[] =
	        "{\"displayName\":\"V\",\"device\":{},\"rtpCapabilities\":{\"codecs\":["
	        "{\"kind\":\"audio\",\"mimeType\":\"audio/opus\",\"preferredPayloadType\":100,"
	        "\"clockRate\":48000,\"channels\":2,\"rtcpFeedback\":[]}]}}";
	struct page speaker, viewer;
	char send[32], receive[32];

	come(&speaker, "free", "full", "speaker", "{\"itisparticipant\":true}", "Speaker");
	transport_make(&speaker, "producing", send);
	assert_int_equal(publish(&speaker, send, MICROPHONE, NULL), 200);
	integrator.server.dataplane.subscription_result = -ENOSPC;
	come(&viewer, "free", "full", "viewer", NULL, NULL);
	json_free(page_notified(&viewer, "admitted"));
	transport_make(&viewer, "consuming", receive);
	assert_int_equal(page_ask_code(&viewer, "join", join), 200);
	assert_true(is_missing(&viewer));
	page_die(&viewer);
	come(&viewer, "free", "full", "viewer", NULL, NULL);
	json_free(ask_resume(&viewer, "viewer", NULL));
	assert_true(is_missing(&viewer)); // said again, since a returning page cannot know
	integrator.server.dataplane.subscription_result = 0;
	json_free(page_requested(&viewer, "newConsumer"));
	assert_false(is_missing(&viewer));
	page_leave(&viewer);
	page_leave(&speaker);
}

// Makes a viewer that receives two consumers, both confirmed.
static void watch(struct page *p, const char *room, const char *id, char consumers[2][32])
{
	static const char join[] =
	        "{\"displayName\":\"V\",\"device\":{},\"rtpCapabilities\":{\"codecs\":["
	        "{\"kind\":\"video\",\"mimeType\":\"video/VP8\",\"preferredPayloadType\":101,"
	        "\"clockRate\":90000,\"rtcpFeedback\":[]},{\"kind\":\"audio\","
	        "\"mimeType\":\"audio/opus\",\"preferredPayloadType\":100,\"clockRate\":48000,"
	        "\"channels\":2,\"rtcpFeedback\":[]}],\"headerExtensions\":[]}}";
	char receive[32];

	come(p, "free", room, id, NULL, NULL);
	json_free(page_notified(p, "admitted"));
	transport_make(p, "consuming", receive);
	assert_int_equal(page_ask_code(p, "join", join), 200);
	for (int i = 0; i < 2; i++) {
		struct json *data = page_requested(p, "newConsumer");
		int at = strcmp(json_string(data, "kind", 8), "video") == 0 ? 0 : 1;
		strcpy(consumers[at], json_string(data, "id", 31));
		json_free(data);
	}
}

static bool is_paused(const char *consumer)
{
	am_id id = strtoull(consumer, NULL, 16);
	return dataplane()->region.map->subscriptions[am_id_slot(id)].paused;
}

static void expect_paused(const char *consumer, bool paused)
{
	for (int i = 0; i < SERVER_WAIT_MS && is_paused(consumer) != paused; i++)
		server_turn(&integrator.server);
	assert_int_equal(is_paused(consumer), paused);
}

static int ask_about(struct page *p, const char *method, const char *consumer)
{
	char data[128];

	snprintf(
	        data, sizeof(data),
	        "{\"consumerId\":\"%s\",\"spatialLayer\":0,\"temporalLayer\":1}", consumer
	);
	return page_ask_code(p, method, data);
}

static void begin_stage(struct page *speaker, const char *room)
{
	char send[32];

	come(speaker, "free", room, "speaker", SPEAKER, "S");
	transport_make(speaker, "producing", send);
	assert_int_equal(publish(speaker, send, MICROPHONE, NULL), 200);
	assert_int_equal(publish(speaker, send, CAMERA, NULL), 200);
}

static void layers_now(const char *consumer, uint8_t spatial, enum am_limit withheld)
{
	const struct am_msg event = {
	        .type = AM_EVENT_SUBSCRIPTION_LAYERS,
	        .subscription_layer = {strtoull(consumer, NULL, 16), spatial, 2, withheld},
	};

	assert_int_equal(fake_dataplane_push(dataplane(), &event), 0);
	fake_dataplane_wake(dataplane());
	server_turn(&integrator.server);
}

// Audio has no layers, whatever the data plane says.
static void a_page_is_told_the_layers_of_pictures(void **)
{
	struct page speaker, viewer;
	char consumers[2][32], more[128];

	begin_stage(&speaker, "layers");
	watch(&viewer, "layers", "viewer", consumers);
	layers_now(consumers[1], 0, AM_LIMIT_NONE);
	layers_now(consumers[0], 1, AM_LIMIT_NONE);
	struct json *data = page_notified(&viewer, "consumerLayersChanged");
	assert_string_equal(json_string(data, "consumerId", 31), consumers[0]);
	int64_t spatial;
	assert_true(json_int(data, "spatialLayer", 0, 9, &spatial));
	assert_int_equal(spatial, 1);
	assert_false(json_has(data, "reason"));
	json_free(data);
	page_expect_none(&viewer, "consumerLayersChanged");
	layers_now(consumers[0], AM_LAYER_NONE, AM_LIMIT_BANDWIDTH);
	data = page_notified(&viewer, "consumerLayersChanged");
	assert_false(json_int(data, "spatialLayer", 0, 255, &spatial));
	assert_string_equal(json_string(data, "reason", 31), "bandwidth");
	json_free(data);
	layers_now(consumers[0], AM_LAYER_NONE, AM_LIMIT_OVERLOAD);
	data = page_notified(&viewer, "consumerLayersChanged");
	assert_string_equal(json_string(data, "reason", 31), "overload");
	json_free(data);

	// A page that was away no longer knows its layers.
	page_die(&viewer);
	come(&viewer, "free", "layers", "viewer", NULL, NULL);
	snprintf(
	        more, sizeof(more), ",\"consumerIds\":[\"%s\",\"%s\"]", consumers[0], consumers[1]
	);
	json_free(ask_resume(&viewer, "viewer", more));
	data = page_notified(&viewer, "consumerLayersChanged");
	assert_string_equal(json_string(data, "consumerId", 31), consumers[0]);
	assert_string_equal(json_string(data, "reason", 31), "overload");
	json_free(data);
	page_leave(&viewer);
	page_leave(&speaker);
}

static void what_a_page_does_not_show_is_paused(void **)
{
	struct page speaker, viewer;
	char consumers[2][32];
	const char *video = consumers[0];

	begin_stage(&speaker, "scroll");
	watch(&viewer, "scroll", "viewer", consumers);
	expect_paused(video, false);
	assert_int_equal(ask_about(&viewer, "pauseConsumer", video), 200);
	expect_paused(video, true);
	expect_paused(consumers[1], false);
	assert_int_equal(ask_about(&viewer, "setConsumerPreferredLayers", video), 200);
	server_turn(&integrator.server); // the command was sent before the answer
	assert_int_equal(dataplane()->last.type, AM_CMD_SUBSCRIPTION_LAYERS);
	assert_int_equal(dataplane()->last.subscription_layers.temporal_layer, 1);

	// A request for the current state causes no command.
	uint32_t commands = dataplane()->commands;
	assert_int_equal(ask_about(&viewer, "pauseConsumer", video), 200);
	assert_int_equal(ask_about(&viewer, "setConsumerPreferredLayers", video), 200);
	assert_int_equal(ask_about(&viewer, "resumeConsumer", consumers[1]), 200);
	server_turn(&integrator.server);
	assert_int_equal(dataplane()->commands, commands);
	assert_int_equal(ask_about(&viewer, "resumeConsumer", video), 200);
	expect_paused(video, false);

	// Not those of anybody else.
	assert_int_equal(ask_about(&speaker, "pauseConsumer", video), 404);
	page_leave(&viewer);
	page_leave(&speaker);
}

// The data plane's table does not say who paused it: a page's consumers continue, until it pauses
// again.
static void after_a_crash_a_page_pauses_again(void **)
{
	struct page speaker, viewer;
	char consumers[2][32], more[128];

	begin_stage(&speaker, "back");
	watch(&viewer, "back", "viewer", consumers);
	expect_paused(consumers[0], false);
	assert_int_equal(ask_about(&viewer, "pauseConsumer", consumers[0]), 200);
	expect_paused(consumers[0], true);
	server_wait_stored(&integrator.server, "viewer", STORE_JOINED);
	server_stop(&integrator.server, SIGKILL);
	page_die(&viewer);
	server_start(&integrator.server);
	come(&viewer, "free", "back", "viewer", NULL, NULL);
	snprintf(
	        more, sizeof(more), ",\"consumerIds\":[\"%s\",\"%s\"]", consumers[0], consumers[1]
	);
	struct json *answer = ask_resume(&viewer, "viewer", more);
	assert_true(lists(answer, "consumerIds", consumers[0]));
	json_free(answer);
	expect_paused(consumers[0], false);
	assert_int_equal(ask_about(&viewer, "pauseConsumer", consumers[0]), 200);
	expect_paused(consumers[0], true);
	expect_paused(consumers[1], false);

	// A lost socket changes nothing.
	page_die(&viewer);
	come(&viewer, "free", "back", "viewer", NULL, NULL);
	json_free(ask_resume(&viewer, "viewer", more));
	server_turn(&integrator.server);
	assert_true(is_paused(consumers[0]));
	page_leave(&viewer);
	page_die(&speaker);
}

// The speaker's microphone was turned off while the viewer could not be told.
static void a_pause_during_an_absence_is_reported(void **)
{
	struct page speaker, viewer;
	char consumers[2][32], send[32], more[128], data[64];
	am_id microphone;

	come(&speaker, "free", "paused", "speaker", SPEAKER, "S");
	transport_make(&speaker, "producing", send);
	assert_int_equal(publish(&speaker, send, MICROPHONE, &microphone), 200);
	assert_int_equal(publish(&speaker, send, CAMERA, NULL), 200);
	watch(&viewer, "paused", "viewer", consumers);
	page_die(&viewer);
	snprintf(
	        data, sizeof(data), "{\"producerId\":\"%016llx\"}", (unsigned long long)microphone
	);
	assert_int_equal(page_ask_code(&speaker, "pauseProducer", data), 200);
	come(&viewer, "free", "paused", "viewer", NULL, NULL);
	snprintf(
	        more, sizeof(more), ",\"consumerIds\":[\"%s\",\"%s\"]", consumers[0], consumers[1]
	);
	struct json *answer = ask_resume(&viewer, "viewer", more);
	assert_true(lists(answer, "pausedConsumerIds", consumers[1]));
	assert_false(lists(answer, "pausedConsumerIds", consumers[0]));
	json_free(answer);
	page_leave(&viewer);
	page_leave(&speaker);
}

// Makes a speaker whose camera has three encodings, and whose page supports encodingsWanted or not.
static void come_simulcast(struct page *p, const char *room, bool heeds, char track[32])
{
	char send[32], data[512];

	come(p, "free", room, "speaker", SPEAKER, NULL);
	json_free(page_notified(p, "admitted"));
	snprintf(
	        data, sizeof(data), "{\"displayName\":\"S\",\"device\":{}%s}",
	        heeds ? ",\"encodingsWanted\":true" : ""
	);
	assert_int_equal(page_ask_code(p, "join", data), 200);
	transport_make(p, "producing", send);
	snprintf(
	        data, sizeof(data),
	        "{\"transportId\":\"%s\",\"kind\":\"video\",\"rtpParameters\":{\"mid\":\"0\","
	        "\"codecs\":["
	        "{\"mimeType\":\"video/VP8\",\"payloadType\":96,\"clockRate\":90000}],"
	        "\"encodings\":[{\"ssrc\":3001},{\"ssrc\":3002},{\"ssrc\":3003}]}}",
	        send
	);
	struct json *answer = page_ask(p, "produce", data);
	strcpy(track, json_string(json_object(answer, "data"), "id", 31));
	json_free(answer);
}

// Lets the data plane report these encodings as wanted; if is_lost, the event is only counted as
// lost.
static void want(const char *track, uint8_t encodings, bool is_lost)
{
	am_id id = strtoull(track, NULL, 16);
	struct am_region_layout *m = dataplane()->region.map;
	const struct am_msg event = {
	        .type = AM_EVENT_TRACK_WANTED, .track_wanted = {id, encodings}};

	m->tracks[am_id_slot(id)].wanted = encodings;
	if (is_lost)
		atomic_fetch_add(&m->header.events_lost, 1);
	else
		assert_int_equal(fake_dataplane_push(dataplane(), &event), 0);
	fake_dataplane_wake(dataplane());
}

static void expect_wanted(struct page *p, const char *track, uint8_t encodings)
{
	struct json *data = page_notified(p, "encodingsWanted");
	assert_non_null(data);
	assert_string_equal(json_string(data, "producerId", 31), track);
	char *text = json_print(json_array(data, "active"));
	assert_string_equal(
	        text, encodings == 1   ? "[true,false,false]"
	              : encodings == 3 ? "[true,true,false]"
	                               : "[true,true,true]"
	);
	free(text);
	json_free(data);
}

static void resume(struct page *p, const char *room, const char *track)
{
	char data[128];

	come(p, "free", room, "speaker", SPEAKER, NULL);
	snprintf(
	        data, sizeof(data),
	        "{\"session\":\"s-speaker\",\"consumerIds\":[],\"producerIds\":[\"%s\"]}", track
	);
	assert_int_equal(page_ask_code(p, "resume", data), 200);
}

static void a_publisher_hears_which_encodings_are_wanted(void **)
{
	struct page speaker;
	char track[32];

	come_simulcast(&speaker, "wanted", true, track);
	page_expect_none(&speaker, "encodingsWanted");
	want(track, 1, false);
	expect_wanted(&speaker, track, 1);
	want(track, 3, true);
	expect_wanted(&speaker, track, 3);
	page_die(&speaker);
	want(track, 7, false);
	server_turn(&integrator.server);
	resume(&speaker, "wanted", track);
	expect_wanted(&speaker, track, 7);
	page_leave(&speaker);
}

// Neither crash loses the wanted encodings, since they are in the table.
static void after_a_crash_a_publisher_learns_which_encodings_are_wanted(void **)
{
	struct page speaker;
	char track[32];

	come_simulcast(&speaker, "crash", true, track);
	server_wait_stored(&integrator.server, "speaker", STORE_JOINED | STORE_HEEDS_WANTED);
	server_stop(&integrator.server, SIGKILL);
	page_die(&speaker);
	want(track, 3, false);
	server_start(&integrator.server);
	resume(&speaker, "crash", track);
	expect_wanted(&speaker, track, 3);
	want(track, 1, false);
	expect_wanted(&speaker, track, 1);
	page_leave(&speaker);
}

static void a_page_without_encodings_wanted_gets_none(void **)
{
	struct page speaker;
	char track[32];

	come_simulcast(&speaker, "alone", false, track);
	want(track, 1, false);
	for (int i = 0; i < 20; i++)
		server_turn(&integrator.server);
	page_die(&speaker);
	resume(&speaker, "alone", track);
	page_expect_none(&speaker, "encodingsWanted");
	page_leave(&speaker);
}

static void
share_in(struct page *p, const char *send, const char *mime, uint32_t ssrc, char track[32])
{
	char data[512];

	snprintf(
	        data, sizeof(data),
	        "{\"transportId\":\"%s\",\"kind\":\"video\",\"appData\":{\"share\":true},"
	        "\"rtpParameters\":{\"mid\":\"0\",\"codecs\":[{\"mimeType\":\"%s\","
	        "\"payloadType\":45,\"clockRate\":90000}],\"encodings\":[{\"ssrc\":%u}]}}",
	        send, mime, ssrc
	);
	struct json *answer = page_ask(p, "produce", data);
	strcpy(track, json_string(json_object(answer, "data"), "id", 31));
	json_free(answer);
}

static void come_decoding(struct page *p, const char *room, const char *id, const char *codecs)
{
	char receive[32], join[512];

	come(p, "free", room, id, NULL, NULL);
	json_free(page_notified(p, "admitted"));
	transport_make(p, "consuming", receive);
	snprintf(
	        join, sizeof(join),
	        "{\"displayName\":\"V\",\"device\":{},\"rtpCapabilities\":{\"codecs\":[%s],"
	        "\"headerExtensions\":[]}}",
	        codecs
	);
	assert_int_equal(page_ask_code(p, "join", join), 200);
}

static void expect_screen_codec(struct page *p, const char *mime)
{
	struct json *answer = page_ask(p, "getScreenCodec", "{}");
	assert_string_equal(json_string(json_object(answer, "data"), "mimeType", 31), mime);
	json_free(answer);
}

static void expect_unfit(struct page *p, const char *track)
{
	struct json *data = page_notified(p, "producerUnfit");
	assert_non_null(data);
	assert_string_equal(json_string(data, "producerId", 31), track);
	json_free(data);
}

#define VP8                                                                                        \
	"{\"kind\":\"video\",\"mimeType\":\"video/VP8\",\"preferredPayloadType\":101,"             \
	"\"clockRate\":90000,\"rtcpFeedback\":[]}"
#define AV1                                                                                        \
	"{\"kind\":\"video\",\"mimeType\":\"video/AV1\",\"preferredPayloadType\":107,"             \
	"\"clockRate\":90000,\"rtcpFeedback\":[]}"

#define H264                                                                                       \
	"{\"kind\":\"video\",\"mimeType\":\"video/H264\",\"preferredPayloadType\":103,"            \
	"\"clockRate\":90000,\"parameters\":{\"packetization-mode\":1,"                            \
	"\"profile-level-id\":\"42e01f\",\"level-asymmetry-allowed\":1},\"rtcpFeedback\":[]}"

// A screen is shared in AV1 as long as everybody decodes it.
static void a_screen_is_in_a_codec_that_all_decode(void **)
{
	struct page speaker, modern, old, another;
	char send[32], track[32];

	come(&speaker, "free", "codec", "speaker", SPEAKER, "S");
	transport_make(&speaker, "producing", send);
	expect_screen_codec(&speaker, "video/AV1"); // nobody watches yet
	come_decoding(&modern, "codec", "modern", VP8 "," AV1);
	expect_screen_codec(&speaker, "video/AV1");
	assert_int_equal(page_ask_code(&modern, "getScreenCodec", "{}"), 403);

	share_in(&speaker, send, "video/AV1", 3001, track);
	json_free(page_requested(&modern, "newConsumer"));
	page_expect_none(&speaker, "producerUnfit");

	come_decoding(&old, "codec", "old", VP8);
	expect_unfit(&speaker, track);
	expect_screen_codec(&speaker, "video/VP8");
	come_decoding(&another, "codec", "another", VP8);
	page_expect_none(&speaker, "producerUnfit"); // once is enough
	page_die(&speaker);
	resume(&speaker, "codec", track);
	expect_unfit(&speaker, track);
	page_leave(&old);
	page_leave(&another);
	expect_screen_codec(&speaker, "video/AV1");
	page_leave(&modern);
	page_leave(&speaker);
}

// A participant who decodes none of the possible codecs is no reason to restart the screen.
static void a_screen_is_not_restarted_in_vain(void **)
{
	struct page speaker, deaf, other;
	char send[32], track[32];

	come(&speaker, "free", "vain", "speaker", SPEAKER, "S");
	transport_make(&speaker, "producing", send);
	come_decoding(&deaf, "vain", "deaf", "");
	expect_screen_codec(&speaker, "video/AV1");
	share_in(&speaker, send, "video/AV1", 3001, track);
	come_decoding(&other, "vain", "other", H264);
	expect_unfit(&speaker, track);
	expect_screen_codec(&speaker, "video/VP8");
	char data[64];
	snprintf(data, sizeof(data), "{\"producerId\":\"%s\"}", track);
	assert_int_equal(page_ask_code(&speaker, "closeProducer", data), 200);
	share_in(&speaker, send, "video/VP8", 3002, track);
	expect_screen_codec(&speaker, "video/VP8");
	page_expect_none(&speaker, "producerUnfit");
	page_leave(&deaf);
	page_leave(&other);
	page_leave(&speaker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_viewer_gets_media_later_if_there_is_no_room),
	        cmocka_unit_test(one_screen_is_shared_at_a_time),
	        cmocka_unit_test(a_track_that_is_refused_says_why),
	        cmocka_unit_test(a_returning_page_learns_which_transports_live),
	        cmocka_unit_test(a_page_is_told_the_layers_of_pictures),
	        cmocka_unit_test(what_a_page_does_not_show_is_paused),
	        cmocka_unit_test(after_a_crash_a_page_pauses_again),
	        cmocka_unit_test(a_pause_during_an_absence_is_reported),
	        cmocka_unit_test(a_publisher_hears_which_encodings_are_wanted),
	        cmocka_unit_test(after_a_crash_a_publisher_learns_which_encodings_are_wanted),
	        cmocka_unit_test(a_page_without_encodings_wanted_gets_none),
	        cmocka_unit_test(a_screen_is_in_a_codec_that_all_decode),
	        cmocka_unit_test(a_screen_is_not_restarted_in_vain),
	};
	return cmocka_run_group_tests(tests, stage_setup, stage_teardown);
}
