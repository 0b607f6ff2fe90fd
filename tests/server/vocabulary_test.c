// Hand-written third-party clients on the real server: the classic vocabulary of mediasoup-demo and
// that of 2026, whose fields have other names, in one room.
#include "stage.h"
#include "test.h"

#include "am_clock.h"
#include "base/json.h"
#include "store/rooms.h"

#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPEAKER "{\"itisparticipant\":true}"
#define CAPABILITIES                                                                               \
	"{\"codecs\":[{\"kind\":\"video\",\"mimeType\":\"video/VP8\","                             \
	"\"preferredPayloadType\":101,\"clockRate\":90000,\"rtcpFeedback\":[]},"                   \
	"{\"kind\":\"audio\",\"mimeType\":\"audio/opus\",\"preferredPayloadType\":100,"            \
	"\"clockRate\":48000,\"channels\":2,\"rtcpFeedback\":[]}],\"headerExtensions\":[]}"

// Sends a request that must succeed; returns the answer's data, freed by the caller.
static struct json *ask(struct page *p, const char *method, const char *data)
{
	struct json *answer = page_ask(p, method, data);

	if (!json_is_true(answer, "ok"))
		fail_msg("%s %s: %s", method, data, json_string(answer, "errorReason", 256));
	struct json *found = json_copy(json_member(answer, "data"));
	json_free(answer);
	return found;
}

static void text_of(const struct json *j, const char *key, char out[64])
{
	const char *text = json_string(j, key, 63);

	if (!text)
		fail_msg("no %s", key);
	strcpy(out, text);
}

// Opens and connects a transport in the newer vocabulary.
static void transport_open(struct page *p, const char *direction, char id[64])
{
	char data[512];

	snprintf(
	        data, sizeof(data), "{\"forceTcp\":false,\"appData\":{\"direction\":\"%s\"}}",
	        direction
	);
	struct json *answer = ask(p, "createWebRtcTransport", data);
	text_of(answer, "transportId", id);
	assert_non_null(json_object(answer, "sctpParameters"));
	assert_non_null(json_object(answer, "iceParameters"));
	json_free(answer);
	snprintf(
	        data, sizeof(data),
	        "{\"transportId\":\"%s\",\"dtlsParameters\":{\"role\":\"client\",\"fingerprints\":["
	        "{\"algorithm\":\"sha-256\",\"value\":\"00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:"
	        "EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\"}]}}",
	        id
	);
	json_free(ask(p, "connectWebRtcTransport", data));
}

static void newer_begin(struct page *p, const char *room, char receive[64], char send[64])
{
	come(p, "free", room, "newer", SPEAKER, NULL);
	page_expect(p, "mediasoupVersion", "version", "3.14.16");
	json_free(page_notified(p, "admitted"));
	json_free(ask(p, "getRtcStatsUrl", "{}"));
	struct json *answer = ask(p, "getRouterRtpCapabilities", "{}");
	const struct json *codecs =
	        json_array(json_object(answer, "routerRtpCapabilities"), "codecs");
	assert_true(json_count(codecs) > 0);
	json_free(answer);
	transport_open(p, "producer", send);
	transport_open(p, "consumer", receive);
}

// The server's next newConsumer about this source.
static struct json *consumer_of(struct page *p, const char *source)
{
	for (;;) {
		struct json *data = page_requested(p, "newConsumer");
		const char *is = json_string(json_object(data, "appData"), "source", 32);
		assert_non_null(is);
		if (strcmp(is, source) == 0)
			return data;
		json_free(data);
	}
}

static void expect_paused(am_id id, bool paused)
{
	const struct am_subscription_state *s =
	        &integrator.server.dataplane.region.map->subscriptions[am_id_slot(id)];

	for (int i = 0; i < SERVER_WAIT_MS && s->paused != paused; i++)
		server_turn(&integrator.server);
	assert_int_equal(s->paused, paused);
}

static void layers_change(am_id id, uint8_t layer)
{
	const struct am_msg m = {
	        .type = AM_EVENT_SUBSCRIPTION_LAYERS,
	        .epoch = integrator.server.dataplane.epoch,
	        .subscription_layer = {id, layer, layer},
	};

	assert_int_equal(fake_dataplane_push(&integrator.server.dataplane, &m), 0);
	fake_dataplane_wake(&integrator.server.dataplane);
}

static void the_newer_vocabulary_is_served(void **)
{
	static const char join[] =
	        "{\"displayName\":\"Newer\",\"device\":{\"flag\":\"chrome\",\"name\":\"Chrome\","
	        "\"version\":\"1\"},\"rtpCapabilities\":" CAPABILITIES "}";
	struct page classic, newer, third;
	char receive[64], send[64], classic_send[32], id[64], data[128];

	come(&classic, "free", "both", "classic", SPEAKER, "Classic");
	transport_make(&classic, "producing", classic_send);
	assert_int_equal(publish(&classic, classic_send, MICROPHONE, NULL), 200);
	assert_int_equal(publish(&classic, classic_send, SCREEN, NULL), 200);
	newer_begin(&newer, "both", receive, send);
	struct json *answer = ask(&newer, "join", join);
	text_of(json_first(json_array(answer, "peers")), "peerId", id);
	assert_string_equal(id, "classic");
	json_free(answer);

	struct json *consumer = consumer_of(&newer, "screensharing");
	text_of(consumer, "transportId", id);
	assert_string_equal(id, receive);
	assert_non_null(json_object(consumer, "consumerScore"));
	text_of(consumer, "consumerId", id);
	json_free(consumer);
	am_id subscription = strtoull(id, NULL, 16);
	expect_paused(subscription, false);
	snprintf(data, sizeof(data), "{\"consumerId\":\"%s\"}", id);
	page_tell(&newer, "pauseConsumer", data); // controls are notifications here
	expect_paused(subscription, true);
	page_tell(&newer, "resumeConsumer", data);
	expect_paused(subscription, false);

	layers_change(subscription, 0);
	struct json *layers = page_notified(&newer, "consumerLayersChanged");
	int64_t layer;
	assert_true(json_int(json_object(layers, "layers"), "spatialLayer", 0, 0, &layer));
	json_free(layers);
	layers_change(subscription, AM_LAYER_NONE);
	layers = page_notified(&newer, "consumerLayersChanged");
	assert_false(json_has(layers, "layers"));
	json_free(layers);

	assert_int_equal(publish(&newer, send, CAMERA, NULL), 200);
	come(&third, "free", "both", "third", SPEAKER, "Third");
	struct json *news = page_notified(&newer, "newPeer");
	text_of(json_object(news, "peer"), "peerId", id);
	assert_string_equal(id, "third");
	json_free(news);
	page_expect(&classic, "newPeer", "id", "newer");
	page_expect(&classic, "newPeer", "id", "third");
	assert_int_equal(page_ask_code(&newer, "stopNetworkThrottle", "{\"secret\":\"x\"}"), 403);
	page_leave(&third);
	page_leave(&newer);
	page_leave(&classic);
}

// What a client of 2026 publishes, one of before sees, and the screen is known as a screen.
// proves M06
static void both_vocabularies_meet_in_a_room(void **)
{
	static const char join[] =
	        "{\"displayName\":\"C\",\"device\":{},\"rtpCapabilities\":" CAPABILITIES "}";
	struct page classic, newer;
	char receive[64], send[64], classic_receive[32], data[1024];

	newer_begin(&newer, "meet", receive, send);
	json_free(ask(&newer, "join", "{\"displayName\":\"N\",\"device\":{}}"));
	snprintf(
	        data, sizeof(data),
	        "{\"transportId\":\"%s\",\"kind\":\"video\",\"rtpParameters\":{\"mid\":\"0\","
	        "\"codecs\":[{\"mimeType\":\"video/VP8\",\"payloadType\":96,\"clockRate\":90000}],"
	        "\"encodings\":[{\"ssrc\":77}]},\"appData\":{\"source\":\"screensharing\"}}",
	        send
	);
	struct json *answer = ask(&newer, "produce", data);
	assert_non_null(json_string(answer, "producerId", 63));
	json_free(answer);
	come(&classic, "free", "meet", "classic", NULL, NULL);
	json_free(page_notified(&classic, "admitted"));
	transport_make(&classic, "consuming", classic_receive);
	json_free(ask(&classic, "join", join));
	struct json *consumer = page_requested(&classic, "newConsumer");
	assert_true(json_is_true(json_object(consumer, "appData"), "share"));
	json_free(consumer);
	page_leave(&classic);
	page_leave(&newer);
}

// Takes lists until this many consumers have been offered; refuses the first one and accepts the
// others. ids receives their ids in the order of the offers. Returns how many lists there were.
static int lists_take(struct page *p, int count, am_id ids[])
{
	char answer[128];
	int lists = 0, n = 0;
	int64_t id;

	while (n < count) {
		struct json *data = page_question(p, "newConsumers", &id);
		const struct json *e = json_first(json_array(data, "consumers"));
		snprintf(
		        answer, sizeof(answer), "{\"refused\":[\"%s\"]}",
		        lists++ == 0 ? json_string(e, "id", 63) : "0000000000000000"
		);
		for (; e; e = json_next(e)) {
			assert_true(n < count && json_object(e, "rtpParameters"));
			ids[n++] = strtoull(json_string(e, "id", 63), NULL, 16);
		}
		json_free(data);
		page_answer(p, id, answer);
	}
	return lists;
}

static int pause_code(struct page *p, am_id consumer)
{
	char data[64];

	snprintf(data, sizeof(data), "{\"consumerId\":\"%016" PRIx64 "\"}", (uint64_t)consumer);
	return page_ask_code(p, "pauseConsumer", data);
}

// Makes a speaker with microphone and camera, and a viewer that takes lists and has received no
// offer yet.
static void come_for_lists(struct page *speaker, struct page *viewer, const char *room)
{
	static const char join[] = "{\"displayName\":\"L\",\"device\":{},\"newConsumers\":true,"
	                           "\"rtpCapabilities\":" CAPABILITIES "}";
	char send[32], receive[32];

	come(speaker, "free", room, "speaker", SPEAKER, "S");
	transport_make(speaker, "producing", send);
	assert_int_equal(publish(speaker, send, MICROPHONE, NULL), 200);
	assert_int_equal(publish(speaker, send, CAMERA, NULL), 200);
	come(viewer, "free", room, "viewer", NULL, NULL);
	json_free(page_notified(viewer, "admitted"));
	transport_make(viewer, "consuming", receive);
	json_free(ask(viewer, "join", join));
}

static void a_client_that_takes_lists_gets_one_list_per_turn(void **)
{
	struct page speaker, viewer;
	am_id ids[3];

	come_for_lists(&speaker, &viewer, "lists");
	assert_int_equal(lists_take(&viewer, 2, ids), 1);
	expect_paused(ids[1], false);
	assert_int_equal(pause_code(&viewer, ids[0]), 404); // refused: there is none
	assert_int_equal(pause_code(&viewer, ids[1]), 200);
	page_leave(&speaker);
	page_leave(&viewer);
}

static void a_list_with_an_error_is_offered_one_by_one(void **)
{
	struct page speaker, viewer;
	am_id ids[2];
	int64_t id;

	come_for_lists(&speaker, &viewer, "errors");
	json_free(page_question(&viewer, "newConsumers", &id));
	page_answer_error(&viewer, id);
	for (int i = 0; i < 2; i++) {
		struct json *data = page_question(&viewer, "newConsumer", &id);
		ids[i] = strtoull(json_string(data, "id", 63), NULL, 16);
		json_free(data);
		if (i == 0)
			page_answer_error(&viewer, id);
		else
			page_answer(&viewer, id, "{}");
	}
	assert_true(ids[0] != ids[1]);
	expect_paused(ids[1], false);
	assert_int_equal(pause_code(&viewer, ids[0]), 404); // refused for good
	assert_int_equal(pause_code(&viewer, ids[1]), 200);
	page_leave(&speaker);
	page_leave(&viewer);
}

static void a_client_that_takes_lists_gets_them_after_a_crash(void **)
{
	static const char resume[] =
	        "{\"session\":\"s-viewer\",\"producerIds\":[],\"consumerIds\":[]}";
	struct page speaker, viewer;
	int64_t id;

	come_for_lists(&speaker, &viewer, "listed");
	json_free(page_question(&viewer, "newConsumers", &id)); // the viewer never answers it
	server_wait_stored(&integrator.server, "viewer", STORE_JOINED);
	server_stop(&integrator.server, SIGKILL);
	page_die(&viewer);
	page_die(&speaker);
	server_start(&integrator.server);
	come(&viewer, "free", "listed", "viewer", NULL, NULL);
	json_free(ask(&viewer, "resume", resume));
	json_free(page_requested(&viewer, "newConsumers"));
	page_leave(&viewer);
}

// Expects the first object of a list of statistics to have this type and this number.
static void expect_stat(const struct json *list, const char *type, const char *number)
{
	const struct json *stat = json_first(list);
	int64_t value;

	assert_true(json_is_array(list));
	if (!stat)
		fail_msg("no %s", type);
	assert_string_equal(json_string(stat, "type", 32), type);
	assert_true(json_int(stat, "timestamp", 1700000000000, INT64_MAX, &value));
	if (number)
		assert_true(json_int(stat, number, 1, UINT32_MAX, &value));
}

// Expects the first object to have these numbers: "name=number …".
static void expect_numbers(const struct json *list, const char *numbers)
{
	char name[32];
	int64_t want, have;
	int len;

	for (; sscanf(numbers, " %31[a-zA-Z]=%" SCNd64 "%n", name, &want, &len) == 2;
	     numbers += len) {
		if (!json_int(json_first(list), name, INT64_MIN, INT64_MAX, &have) || have != want)
			fail_msg("%s is not %" PRId64, name, want);
	}
}

static void transport_has(am_id id, uint64_t octets, uint32_t bps)
{
	struct am_figures *f = &integrator.server.dataplane.region.map->figures;

	f->transports[am_id_slot(id)] = (struct am_transport_figures
	){.epoch = am_id_epoch(id), .octets = octets, .bps = bps};
}

static void encoding_has(am_id track, const struct am_encoding_figures *e)
{
	struct am_figures *f = &integrator.server.dataplane.region.map->figures;

	f->tracks[am_id_slot(track)].epoch = am_id_epoch(track);
	f->tracks[am_id_slot(track)].encodings[0] = *e;
}

static void statistics_are_answered_in_either_form(void **)
{
	static const char join[] =
	        "{\"displayName\":\"V\",\"device\":{},\"rtpCapabilities\":" CAPABILITIES "}";
	struct page speaker, viewer, newer;
	char send[32], receive[32], data[128];
	am_id microphone;

	come(&speaker, "free", "stats", "speaker", SPEAKER, "S");
	transport_make(&speaker, "producing", send);
	assert_int_equal(publish(&speaker, send, MICROPHONE, &microphone), 200);
	come(&viewer, "free", "stats", "viewer", NULL, NULL);
	json_free(page_notified(&viewer, "admitted"));
	transport_make(&viewer, "consuming", receive);
	json_free(ask(&viewer, "join", join));
	struct json *consumer = page_requested(&viewer, "newConsumer");

	// 51/256 are lost, 8 ms of jitter, 120 ms there and back.
	struct am_gauges *g = &integrator.server.dataplane.region.map->gauges;
	am_gauge_set(g->transports, strtoull(send, NULL, 16), am_gauge_link(51, 8, 120));
	transport_has(strtoull(send, NULL, 16), 4000, 32000);
	encoding_has(
	        microphone, &(struct am_encoding_figures
	                    ){.octets = 5000000000,
	                      .packets = 70,
	                      .bps = 32000,
	                      .loss = am_loss_make(51, 9),
	                      .nacks = 4,
	                      .repaired = 3,
	                      .jitter_ms = 8}
	);
	snprintf(data, sizeof(data), "{\"transportId\":\"%s\"}", send);
	struct json *list = ask(&speaker, "getTransportStats", data);
	expect_stat(list, "webrtc-transport", NULL);
	assert_string_equal(json_string(json_first(list), "iceState", 16), "new");
	assert_string_equal(json_string(json_first(list), "transportId", 32), send);
	expect_numbers(list, "bytesReceived=4000 recvBitrate=32000 roundTripTime=120");
	assert_false(json_has(json_first(list), "bytesSent"));
	json_free(list);
	snprintf(
	        data, sizeof(data), "{\"producerId\":\"%016llx\"}", (unsigned long long)microphone
	);
	list = ask(&speaker, "getProducerStats", data);
	expect_stat(list, "inbound-rtp", "ssrc");
	expect_numbers(list, "ssrc=1111 packetCount=70 byteCount=5000000000 bitrate=32000");
	expect_numbers(list, "packetsLost=9 fractionLost=51 nackCount=4 packetsRepaired=3");
	expect_numbers(list, "jitter=384 roundTripTime=120"); // in units of 48 kHz
	assert_string_equal(json_string(json_first(list), "mimeType", 32), "audio/opus");
	json_free(list);
	snprintf(data, sizeof(data), "{\"consumerId\":\"%s\"}", json_string(consumer, "id", 32));
	list = ask(&viewer, "getConsumerStats", data);
	expect_stat(list, "outbound-rtp", "ssrc");
	expect_numbers(list, "packetCount=0 bitrate=0"); // it has just begun
	json_free(list);
	json_free(consumer);
	list = ask(&viewer, "getTransportStats", "{}"); // all transports
	assert_int_equal(json_count(list), 1);
	json_free(list);
	// Nobody else's.
	assert_int_equal(page_ask_code(&speaker, "getConsumerStats", data), 404);
	snprintf(data, sizeof(data), "{\"transportId\":\"%s\"}", send);
	assert_int_equal(page_ask_code(&viewer, "getTransportStats", data), 404);

	char newer_receive[64], newer_send[64];
	newer_begin(&newer, "stats", newer_receive, newer_send);
	list = ask(&newer, "getTransportStats", "{}");
	assert_int_equal(json_count(json_array(list, "stats")), 2);
	expect_stat(json_array(list, "stats"), "webrtc-transport", NULL);
	json_free(list);
	page_leave(&newer);
	page_leave(&viewer);
	page_leave(&speaker);
}

// Expects these numbers in a viewer's getConsumerStats, from the figures of its copies of a camera.
static void expect_consumer(const char *numbers, enum am_limit limit, const char *why)
{
	static const char join[] =
	        "{\"displayName\":\"V\",\"device\":{},\"rtpCapabilities\":" CAPABILITIES "}";
	struct am_figures *f = &integrator.server.dataplane.region.map->figures;
	struct page speaker, viewer;
	char send[32], receive[32], data[128];

	come(&speaker, "free", "why", "speaker", SPEAKER, "S");
	transport_make(&speaker, "producing", send);
	assert_int_equal(publish(&speaker, send, CAMERA, NULL), 200);
	come(&viewer, "free", "why", "viewer", NULL, NULL);
	json_free(page_notified(&viewer, "admitted"));
	transport_make(&viewer, "consuming", receive);
	json_free(ask(&viewer, "join", join));
	struct json *consumer = page_requested(&viewer, "newConsumer");
	snprintf(data, sizeof(data), "{\"consumerId\":\"%s\"}", json_string(consumer, "id", 32));
	am_id id = strtoull(json_string(consumer, "id", 32), NULL, 16);
	f->subscriptions[am_id_slot(id)] = (struct am_subscription_figures){
	        .epoch = am_id_epoch(id),
	        .octets = 125000,
	        .packets = 100,
	        .bps = 1000000,
	        .retransmitted = 2,
	        .nacks = 3,
	        .plis = 1,
	        .loss = am_loss_make(5, 6),
	        .jitter_ms = 10,
	        .limit = (uint8_t)limit,
	};
	struct json *list = ask(&viewer, "getConsumerStats", data);
	assert_string_equal(
	        json_string(json_first(list), "consumerId", 32), json_string(consumer, "id", 32)
	);
	const char *have = json_string(json_first(list), "limitedBy", 32);
	assert_string_equal(have ? have : "nothing", why);
	expect_numbers(list, numbers);
	json_free(list);
	json_free(consumer);
	page_leave(&viewer);
	page_leave(&speaker);
}

static void consumer_stats_show_figures_and_their_limit(void **)
{
	const char *numbers = "packetCount=100 byteCount=125000 bitrate=1000000 packetsLost=6 "
	                      "fractionLost=5 packetsRetransmitted=2 nackCount=3 pliCount=1 "
	                      "jitter=900";

	expect_consumer(numbers, AM_LIMIT_NONE, "nothing");
	expect_consumer(numbers, AM_LIMIT_BANDWIDTH, "bandwidth");
	expect_consumer(numbers, AM_LIMIT_ASKED, "asked");
	expect_consumer(numbers, AM_LIMIT_SPEAKER, "speaker");
	expect_consumer(numbers, AM_LIMIT_OVERLOAD, "overload");
	expect_consumer(numbers, AM_LIMIT_COUNT, "nothing"); // another process wrote it
}

static int produce_data(struct page *p, const char *transport, const char *channel, char id[64])
{
	char data[256];

	snprintf(
	        data, sizeof(data),
	        "{\"transportId\":\"%s\",\"sctpStreamParameters\":{\"streamId\":1,"
	        "\"ordered\":true},\"label\":\"%s\",\"protocol\":\"\",\"appData\":{}}",
	        transport, channel
	);
	struct json *answer = page_ask(p, "produceData", data);
	int64_t code = 200;
	if (json_is_true(answer, "ok"))
		text_of(json_object(answer, "data"), "id", id);
	else
		assert_true(json_int(answer, "errorCode", 1, 999, &code));
	json_free(answer);
	return (int)code;
}

static void the_bot_channel_is_accepted_and_stays_silent(void **)
{
	struct page p;
	char send[32], id[64], data[128];

	come(&p, "free", "bot", "p", SPEAKER, "P");
	transport_make(&p, "producing", send);
	assert_int_equal(produce_data(&p, send, "bot", id), 200);
	snprintf(data, sizeof(data), "{\"dataProducerId\":\"%s\"}", id);
	struct json *list = ask(&p, "getDataProducerStats", data);
	assert_int_equal(json_count(list), 0);
	json_free(list);
	json_free(ask(&p, "closeDataProducer", data));
	assert_int_equal(produce_data(&p, send, "nonsense", id), 404);
	page_leave(&p);
}

static uint64_t now_ms(void)
{
	return am_clock_ns() / 1000000;
}

// Expects that this many credits were paid, at 100 a second after the first 1000
// (http/websocket.h); one read may cost 200 more.
static void expect_paid(uint64_t since_ms, int credits)
{
	assert_in_range(now_ms() - since_ms, (uint64_t)(credits - 1200) * 10, UINT64_MAX);
}

// Clients without the envelope are told about each sender that comes or goes.
static void coming_and_going_as_a_sender_has_a_price(void **)
{
	struct page p;
	char send[32], id[64], data[128];

	come(&p, "free", "price", "p", SPEAKER, "P");
	transport_make(&p, "producing", send);
	uint64_t since_ms = now_ms();
	for (int i = 0; i < 35; i++) {
		assert_int_equal(produce_data(&p, send, "chat", id), 200);
		snprintf(data, sizeof(data), "{\"dataProducerId\":\"%s\"}", id);
		json_free(ask(&p, "closeDataProducer", data));
	}
	expect_paid(since_ms, 70 * 20);
	page_leave(&p);
}

static void a_list_of_figures_has_a_price_by_length(void **)
{
	struct page p;
	char send[32];

	come(&p, "free", "figures", "p", SPEAKER, "P");
	transport_make(&p, "producing", send);
	for (int i = 0; i < 3; i++)
		assert_int_equal(publish(&p, send, (enum published)i, NULL), 200);
	uint64_t since_ms = now_ms();
	for (int i = 1; i < 480; i++)
		page_send(&p, "getProducerStats", "{}");
	struct json *list = ask(&p, "getProducerStats", "{}"); // answered last
	assert_int_equal(json_count(list), 3);
	json_free(list);
	expect_paid(since_ms, 480 * 3);
	page_leave(&p);
}

// Expects the last command to put this sender on a stream of the chat.
static void expect_source(am_id source, uint8_t stream)
{
	const struct am_msg *last = &integrator.server.dataplane.last;

	for (int i = 0; i < SERVER_WAIT_MS && (last->type != AM_CMD_DATA_CONSUMER_SOURCE ||
	                                       last->data_source.source_id != source);
	     i++)
		server_turn(&integrator.server);
	assert_int_equal(last->type, AM_CMD_DATA_CONSUMER_SOURCE);
	assert_int_equal(last->data_source.source_id, source);
	assert_int_equal(last->data_source.stream, stream);
}

// A client that does not know envelopes has a data consumer for each sender, and gave no
// sctpCapabilities.
static void strangers_hear_each_sender_apart(void **)
{
	static const char join[] =
	        "{\"displayName\":\"S\",\"device\":{},\"rtpCapabilities\":" CAPABILITIES "}";
	struct page ann, bob, stranger;
	char ann_send[32], bob_send[32], receive[32], id[64], other[64];

	come(&ann, "free", "chat", "ann", SPEAKER, "Ann");
	transport_make(&ann, "producing", ann_send);
	assert_int_equal(produce_data(&ann, ann_send, "chat", id), 200);
	come(&stranger, "free", "chat", "stranger", NULL, NULL);
	json_free(page_notified(&stranger, "admitted"));
	transport_make(&stranger, "consuming", receive);
	json_free(ask(&stranger, "join", join));
	struct json *consumer = page_requested(&stranger, "newDataConsumer");
	assert_string_equal(json_string(consumer, "peerId", 64), "ann");
	assert_string_equal(json_string(consumer, "dataProducerId", 64), ann_send);
	assert_string_equal(json_string(consumer, "label", 64), "chat");
	text_of(consumer, "id", id);
	json_free(consumer);
	expect_source(strtoull(ann_send, NULL, 16), 0);

	come(&bob, "free", "chat", "bob", SPEAKER, "Bob");
	transport_make(&bob, "producing", bob_send);
	assert_int_equal(produce_data(&bob, bob_send, "chat", other), 200);
	consumer = page_requested(&stranger, "newDataConsumer");
	assert_string_equal(json_string(consumer, "peerId", 64), "bob");
	int64_t number;
	assert_true(
	        json_int(json_object(consumer, "sctpStreamParameters"), "streamId", 1, 1, &number)
	);
	json_free(consumer);
	expect_source(strtoull(bob_send, NULL, 16), 1);

	page_leave(&ann);
	page_expect(&stranger, "dataConsumerClosed", "dataConsumerId", id);
	page_leave(&stranger);
	page_leave(&bob);
}

// A client that reads envelopes says so, and has one data consumer for everybody.
static void our_pages_hear_all_on_one_channel(void **)
{
	static const char join[] =
	        "{\"displayName\":\"O\",\"device\":{},\"rtpCapabilities\":" CAPABILITIES
	        ",\"sctpCapabilities\":{},\"chat\":\"envelope\"}";
	struct page ours;
	char receive[32];

	come(&ours, "free", "ours", "ours", NULL, NULL);
	json_free(page_notified(&ours, "admitted"));
	transport_make(&ours, "consuming", receive);
	json_free(ask(&ours, "join", join));
	struct json *consumer = page_requested(&ours, "newDataConsumer");
	assert_false(json_has(consumer, "peerId"));
	assert_string_equal(json_string(consumer, "id", 64), receive);
	json_free(consumer);
	page_leave(&ours);
}

// With more senders than streams, the first are heard, and a stream that becomes free is reused.
static void a_stranger_hears_sixteen_senders(void **)
{
	static const char join[] =
	        "{\"displayName\":\"S\",\"device\":{},\"rtpCapabilities\":" CAPABILITIES "}";
	struct page senders[AM_DATA_SOURCES + 1], stranger;
	char send[32], receive[32], id[64], name[16];

	for (int i = 0; i <= AM_DATA_SOURCES; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		come(&senders[i], "free", "many", name, SPEAKER, name);
		transport_make(&senders[i], "producing", send);
		assert_int_equal(produce_data(&senders[i], send, "chat", id), 200);
	}
	come(&stranger, "free", "many", "stranger", NULL, NULL);
	json_free(page_notified(&stranger, "admitted"));
	transport_make(&stranger, "consuming", receive);
	json_free(ask(&stranger, "join", join));
	for (int i = 0; i < AM_DATA_SOURCES; i++) {
		struct json *consumer = page_requested(&stranger, "newDataConsumer");
		assert_string_not_equal(json_string(consumer, "peerId", 64), "s16");
		json_free(consumer);
	}
	page_leave(&senders[3]);
	struct json *consumer = page_requested(&stranger, "newDataConsumer");
	assert_string_equal(json_string(consumer, "peerId", 64), "s16");
	int64_t number;
	assert_true(
	        json_int(json_object(consumer, "sctpStreamParameters"), "streamId", 3, 3, &number)
	);
	json_free(consumer);
	page_leave(&stranger);
	for (int i = 0; i <= AM_DATA_SOURCES; i++) {
		if (i != 3)
			page_leave(&senders[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_newer_vocabulary_is_served),
	        cmocka_unit_test(both_vocabularies_meet_in_a_room),
	        cmocka_unit_test(a_client_that_takes_lists_gets_one_list_per_turn),
	        cmocka_unit_test(a_list_with_an_error_is_offered_one_by_one),
	        cmocka_unit_test(a_client_that_takes_lists_gets_them_after_a_crash),
	        cmocka_unit_test(statistics_are_answered_in_either_form),
	        cmocka_unit_test(consumer_stats_show_figures_and_their_limit),
	        cmocka_unit_test(the_bot_channel_is_accepted_and_stays_silent),
	        cmocka_unit_test(coming_and_going_as_a_sender_has_a_price),
	        cmocka_unit_test(a_list_of_figures_has_a_price_by_length),
	        cmocka_unit_test(strangers_hear_each_sender_apart),
	        cmocka_unit_test(our_pages_hear_all_on_one_channel),
	        cmocka_unit_test(a_stranger_hears_sixteen_senders),
	};
	return cmocka_run_group_tests(tests, stage_setup, stage_teardown);
}
