// Whose quality is bad, and what causes it: from the data plane's measurements and a page's report
// to the answer over REST, while the room exists and afterwards.
#include "stage.h"
#include "test.h"

#include "am_clock.h"
#include "am_region.h"
#include "base/json.h"
#include "terms/quality.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SPEAKER "{\"itisparticipant\":true}"
#define CAPABILITIES                                                                               \
	"{\"codecs\":[{\"kind\":\"video\",\"mimeType\":\"video/VP8\","                             \
	"\"preferredPayloadType\":101,\"clockRate\":90000,\"rtcpFeedback\":[]}],"                  \
	"\"headerExtensions\":[]}"
#define TRIES 150 // of a tenth of a second

static struct am_region_layout *region(void)
{
	return integrator.server.dataplane.region.map;
}

// Makes the data plane show a transport that carries media.
static void connect_transport(const char *text)
{
	am_id id = strtoull(text, NULL, 16);
	struct am_transport_state *t = &region()->transports[am_id_slot(id)];

	am_table_begin(&t->version);
	t->ice = AM_ICE_CONNECTED;
	t->dtls = AM_DTLS_CONNECTED;
	t->checked_ns = am_clock_ns() + UINT64_C(60000000000); // and stays so
	t->worker = 0;
	am_table_end(&t->version);
}

static void set_link(const char *text, uint8_t lost, uint16_t rtt_ms, uint32_t kbps)
{
	am_id id = strtoull(text, NULL, 16);

	am_gauge_set(region()->gauges.transports, id, am_gauge_link(lost, 0, rtt_ms));
	am_gauge_set(region()->gauges.downlinks, id, kbps);
}

struct scene {
	struct page speaker, viewer;
	char send[32], receive[32], consumer[32];
};

// A speaker's camera, and a viewer of it.
static void scene_begin(struct scene *s, const char *room)
{
	static const char join[] =
	        "{\"displayName\":\"V\",\"device\":{},\"rtpCapabilities\":" CAPABILITIES "}";

	come(&s->speaker, "free", room, "ada", SPEAKER, "Ada");
	transport_make(&s->speaker, "producing", s->send);
	assert_int_equal(publish(&s->speaker, s->send, CAMERA, NULL), 200);
	come(&s->viewer, "free", room, "eve", NULL, NULL);
	json_free(page_notified(&s->viewer, "admitted"));
	transport_make(&s->viewer, "consuming", s->receive);
	json_free(page_ask(&s->viewer, "join", join));
	struct json *consumer = page_requested(&s->viewer, "newConsumer");
	strcpy(s->consumer, json_string(consumer, "id", 31));
	json_free(consumer);
	set_link(s->send, 0, 0, 0);
	set_link(s->receive, 0, 20, 4000);
	connect_transport(s->send);
	connect_transport(s->receive);
}

static void scene_end(struct scene *s)
{
	page_leave(&s->viewer);
	page_leave(&s->speaker);
}

static struct json *quality_of_room(const char *room, int want)
{
	char path[128], answer[16384];

	snprintf(path, sizeof(path), "/rooms/%s/quality", room);
	int status = integrator_rest(&integrator, "free", "GET", path, "", answer, sizeof(answer));
	assert_int_equal(status, want);
	const char *body = strstr(answer, "\r\n\r\n");
	assert_non_null(body);
	struct json *j = json_parse(body + 4, strlen(body + 4));
	assert_non_null(j);
	return j;
}

// The peer's object of the list, or NULL.
static const struct json *of_peer(const struct json *answer, const char *list, const char *peer)
{
	const struct json *j = json_first(json_array(answer, list));

	while (j && strcmp(json_string(j, "peerId", 64), peer) != 0)
		j = json_next(j);
	return j;
}

static bool has_text(const struct json *j, const char *key, const char *want)
{
	const char *have = json_string(j, key, 64);
	return have && strcmp(have, want) == 0;
}

// Waits until the peer is in the list with this text.
static struct json *
expect_peer(const char *room, const char *list, const char *peer, const char *key, const char *want)
{
	for (int i = 0; i < TRIES; i++) {
		struct json *answer = quality_of_room(room, 200);
		if (has_text(of_peer(answer, list, peer), key, want))
			return answer;
		json_free(answer);
		usleep(100000);
	}
	fail_msg("%s of %s in %s is not %s", key, peer, list, want);
	return NULL;
}

static struct json *
expect_cause(const char *room, const char *list, const char *peer, const char *cause)
{
	return expect_peer(room, list, peer, "cause", cause);
}

static int report(struct scene *s, int frozen_ms, int concealed)
{
	char data[256];

	snprintf(
	        data, sizeof(data),
	        "{\"span\":10000,\"consumers\":[{\"consumerId\":\"%s\",\"frozen\":%d,"
	        "\"concealed\":%d}]}",
	        s->consumer, frozen_ms, concealed
	);
	return page_ask_code(&s->viewer, "reportQuality", data);
}

static char metrics[262144]; // when they were last read

// A sample of the metrics when they were last read.
static double then(const char *sample)
{
	char line[128];
	double value = -1;

	snprintf(line, sizeof(line), "\n%s ", sample);
	const char *found = strstr(metrics, line);
	assert_non_null(found);
	assert_int_equal(sscanf(found + strlen(line), "%lf", &value), 1);
	return value;
}

static double metric(const char *sample)
{
	assert_int_equal(
	        integrator_rest(&integrator, NULL, "GET", "/metrics", "", metrics, sizeof(metrics)),
	        200
	);
	return then(sample);
}

static void a_bad_link_is_its_owners(void **)
{
	struct scene s;
	double loss;
	int64_t n;

	scene_begin(&s, "own");
	set_link(s.receive, 64, 900, 200);
	struct json *answer = expect_cause("own", "participants", "eve", "own link");
	const struct json *eve = of_peer(answer, "participants", "eve");
	assert_true(has_text(eve, "quality", "bad"));
	const struct json *link = json_object(eve, "downlink");
	assert_true(json_number(json_member(link, "lossPercent"), &loss) && loss == 25);
	assert_true(json_int(link, "roundTripTime", 900, 900, &n));
	assert_true(json_int(link, "estimate", 200000, 200000, &n));
	assert_false(json_has(eve, "uplink"));
	assert_non_null(json_object(of_peer(answer, "participants", "ada"), "uplink"));
	assert_null(of_peer(answer, "stretches", "eve")); // it is not over yet
	json_free(answer);

	// The room is gone, but what happened is known.
	scene_end(&s);
	answer = expect_cause("own", "stretches", "eve", "own link");
	const struct json *then = of_peer(answer, "stretches", "eve");
	assert_true(has_text(then, "quality", "bad"));
	assert_true(json_int(then, "roundTripTime", 900, 900, &n));
	assert_int_equal(json_count(json_array(answer, "participants")), 0);
	assert_null(of_peer(answer, "stretches", "ada")); // her link was good
	json_free(answer);
}

static void bad_video_may_be_caused_by_the_speakers_link(void **)
{
	struct scene s;
	int64_t n;

	scene_begin(&s, "theirs");
	set_link(s.send, 64, 0, 0);
	json_free(expect_cause("theirs", "participants", "ada", "own link"));
	assert_int_equal(report(&s, 3000, 0), 200);
	struct json *answer = expect_cause("theirs", "participants", "eve", "speaker's link");
	const struct json *eve = of_peer(answer, "participants", "eve");
	assert_true(has_text(eve, "causePeerId", "ada"));
	double frozen;
	assert_true(json_number(json_member(eve, "frozenSeconds"), &frozen) && frozen == 3);
	assert_true(json_int(eve, "to", 1700000000, INT64_MAX, &n));
	json_free(answer);
	scene_end(&s);
	answer = expect_cause("theirs", "stretches", "eve", "speaker's link");
	assert_true(has_text(of_peer(answer, "stretches", "eve"), "causePeerId", "ada"));
	json_free(answer);
}

// Makes the data plane show video that the viewer's link cannot carry in full.
static void set_limit(const struct scene *s, enum am_limit limit)
{
	am_id id = strtoull(s->consumer, NULL, 16);

	region()->figures.subscriptions[am_id_slot(id)] = (struct am_subscription_figures){
	        .epoch = am_id_epoch(id),
	        .limit = (uint8_t)limit,
	};
}

static void expect_narrow(enum am_limit limit, const char *room, const char *cause)
{
	struct scene s;

	scene_begin(&s, room);
	set_link(s.receive, 0, 20, 250);
	set_limit(&s, limit);
	json_free(expect_peer(room, "participants", "eve", "quality", "good"));
	assert_int_equal(report(&s, 2000, 0), 200);
	struct json *answer = expect_cause(room, "participants", "eve", cause);
	assert_true(has_text(of_peer(answer, "participants", "eve"), "quality", "bad"));
	json_free(answer);
	scene_end(&s);
}

// The video is paced, so next to nothing is lost.
static void a_narrow_link_is_its_owners_doing(void **)
{
	expect_narrow(AM_LIMIT_BANDWIDTH, "narrow", "own link");
	expect_narrow(AM_LIMIT_ASKED, "small", "unknown");
}

// Even if a viewer's video is always below what was requested, a fault may come from a speaker's
// link.
static void a_speakers_bad_link_comes_before_a_narrow_one(void **)
{
	struct scene s;

	scene_begin(&s, "both");
	set_limit(&s, AM_LIMIT_BANDWIDTH);
	set_link(s.send, 64, 0, 0);
	json_free(expect_cause("both", "participants", "ada", "own link"));
	assert_int_equal(report(&s, 2000, 0), 200);
	json_free(expect_cause("both", "participants", "eve", "speaker's link"));
	scene_end(&s);
}

// Even if the starvation is over before the next look.
static void starved_video_is_caused_by_the_own_link(void **)
{
	struct scene s;

	scene_begin(&s, "starved");
	json_free(expect_peer("starved", "participants", "eve", "quality", "good"));
	for (int starved = 1; starved >= 0; starved--) {
		const struct am_msg m = {
		        .type = AM_EVENT_SUBSCRIPTION_LAYERS,
		        .subscription_layer =
		                {
		                        .subscription_id = strtoull(s.consumer, NULL, 16),
		                        .spatial_layer = starved ? AM_LAYER_NONE : 0,
		                        .withheld = starved ? AM_LIMIT_BANDWIDTH : AM_LIMIT_NONE,
		                },
		};
		assert_int_equal(fake_dataplane_push(&integrator.server.dataplane, &m), 0);
	}
	fake_dataplane_wake(&integrator.server.dataplane);
	for (int i = 0; i < 2; i++)
		json_free(page_notified(&s.viewer, "consumerLayersChanged"));
	assert_int_equal(report(&s, 2000, 0), 200);
	json_free(expect_cause("starved", "participants", "eve", "own link"));
	scene_end(&s);
}

static void set_figures(const struct scene *s, uint32_t packets, uint32_t repeats, uint32_t bps)
{
	am_id id = strtoull(s->consumer, NULL, 16), transport = strtoull(s->receive, NULL, 16);
	struct am_subscription_figures *f = &region()->figures.subscriptions[am_id_slot(id)];
	struct am_transport_figures *t = &region()->figures.transports[am_id_slot(transport)];

	am_table_begin(&f->version);
	f->packets = packets;
	f->retransmitted = repeats;
	am_table_end(&f->version);
	am_table_begin(&t->version);
	t->epoch = am_id_epoch(transport);
	t->bps = bps;
	am_table_end(&t->version);
}

// Waits for more of the sample; returns how much more.
static double grown(const char *sample, double before)
{
	for (int i = 0; i < TRIES; i++) {
		double now = metric(sample);
		if (now > before)
			return now - before;
		usleep(100000);
	}
	fail_msg("%s does not grow", sample);
	return 0;
}

static bool is_near(double value, double want)
{
	return value > want * 0.999 && value < want * 1.001;
}

#define REPEATED "amphi_viewer_retransmitted_ratio_sum"
#define BITRATE  "amphi_viewer_bits_per_second_bucket{le=\"500000\"}"
#define ALL      "amphi_viewer_bits_per_second_count"
#define JITTER   "amphi_viewer_jitter_seconds_sum"
#define FROZEN   "amphi_viewer_frozen_seconds_sum"
#define PICTURES "amphi_viewer_pictures_total{layer=\"none\",limited_by=\"bandwidth\"}"

static void operators_see_how_all_viewers_fare(void **)
{
	struct scene s;

	scene_begin(&s, "all");
	am_gauge_set(
	        region()->gauges.transports, strtoull(s.receive, NULL, 16), am_gauge_link(0, 7, 20)
	);
	set_limit(&s, AM_LIMIT_BANDWIDTH);
	set_figures(&s, 900, 100, 450000);
	double repeated = metric(REPEATED), bitrate = then(BITRATE), all = then(ALL);
	double frozen = then(FROZEN), jitter = then(JITTER), pictures = then(PICTURES);
	assert_true(is_near(grown(REPEATED, repeated), 0.1));
	double looks = then(ALL) - all;
	assert_true(is_near(then(JITTER) - jitter, 0.007 * looks));
	assert_true(then(PICTURES) - pictures == looks);
	assert_true(then(BITRATE) - bitrate == looks);
	assert_int_equal(report(&s, 2000, 0), 200);
	assert_true(is_near(metric(FROZEN) - frozen, 2));

	// A value is not counted twice, and a new process does not count what it finds.
	repeated = metric(REPEATED);
	all = then(ALL);
	set_figures(&s, 1000, 100, 450000);
	(void)grown(ALL, all + 1);
	assert_true(then(REPEATED) == repeated);
	set_figures(&s, 10, 10, 450000);
	all = metric(ALL);
	(void)grown(ALL, all + 1);
	assert_true(then(REPEATED) == repeated);
	scene_end(&s);
}

static void a_late_worker_is_the_servers_doing(void **)
{
	struct scene s;
	struct am_counters *c = &region()->counters[0];
	int late = region()->header.drop_count;

	scene_begin(&s, "ours");
	strcpy(region()->header.drop_names[late].name, AM_DROP_LATE);
	region()->header.drop_count++;
	struct json *answer = NULL;
	for (int i = 0; i < TRIES && !answer; i++) { // ten of a hundred copies are late
		c->value[AM_COUNTER_made_copies] += 100;
		c->drops[late] += 10;
		answer = quality_of_room("ours", 200);
		if (!has_text(of_peer(answer, "participants", "eve"), "cause", "server")) {
			json_free(answer);
			answer = NULL;
			usleep(100000);
		}
	}
	assert_non_null(answer);
	json_free(answer);
	region()->header.drop_count--;
	scene_end(&s);
}

// The server is also the cause if a worker sheds layers to keep up.
static void a_worker_that_sheds_is_the_servers_doing(void **)
{
	struct scene s;

	scene_begin(&s, "shed");
	strcpy(region()->header.drop_names[region()->header.drop_count++].name, AM_DROP_LATE);
	am_lifecycle_shed(&region()->header.workers[0], AM_SHED_PICTURES);
	struct json *answer = expect_cause("shed", "participants", "eve", "server");
	assert_true(has_text(of_peer(answer, "participants", "eve"), "quality", "fair"));
	json_free(answer);
	region()->counters[0].shed[AM_SHED_probes] = 2;
	region()->counters[0].shed[AM_SHED_middle_encodings] = 1;
#define STEP(name) "amphi_dataplane_shed_steps_total{worker=\"0\",step=\"" name "\"}"
	assert_true(metric("amphi_dataplane_shed_level{worker=\"0\"}") == AM_SHED_PICTURES);
	assert_true(metric(STEP("probes")) == 2);
	assert_true(metric(STEP("retransmissions")) == 0);
	assert_true(metric(STEP("middle_encodings")) == 1);
	am_lifecycle_shed(&region()->header.workers[0], 0);
	region()->header.drop_count--;
	scene_end(&s);
}

static void no_link_is_the_cause_if_all_are_good(void **)
{
	struct scene s;

	scene_begin(&s, "nobodys");
	struct json *answer = expect_peer("nobodys", "participants", "eve", "quality", "good");
	assert_false(json_has(of_peer(answer, "participants", "eve"), "cause"));
	json_free(answer);
	assert_int_equal(report(&s, 0, 300), 200);
	assert_int_equal(report(&s, 0, 300), 429);
	json_free(expect_cause("nobodys", "participants", "eve", "unknown"));
	scene_end(&s);
	answer = expect_cause("nobodys", "stretches", "eve", "unknown");
	double concealed;
	const struct json *eve = of_peer(answer, "stretches", "eve");
	assert_true(json_number(json_member(eve, "concealedPercent"), &concealed));
	assert_true(concealed == 30);
	json_free(answer);
}

static void reports_are_checked(void **)
{
	static const char *const bad[] = {
	        "{}",
	        "{\"span\":10000}",
	        "{\"span\":999,\"consumers\":[]}",
	        "{\"span\":60001,\"consumers\":[]}",
	        "{\"span\":\"x\",\"consumers\":[]}",
	        "{\"span\":10000,\"consumers\":{}}",
	};
	struct scene s;
	char many[2048] = "{\"span\":10000,\"consumers\":[0";

	scene_begin(&s, "hostile");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(page_ask_code(&s.viewer, "reportQuality", bad[i]), 400);
	for (int i = 0; i < 64; i++)
		strcat(many, ",0");
	strcat(many, "]}");
	assert_int_equal(page_ask_code(&s.viewer, "reportQuality", many), 400);
	assert_int_equal(
	        page_ask_code(
	                &s.speaker, "reportQuality",
	                "{\"span\":10000,\"consumers\":"
	                "[1,{},{\"consumerId\":\"x\"}]}"
	        ),
	        200
	);
	// A report may not name others' consumers, nor freezes longer than its span.
	char data[128];
	snprintf(
	        data, sizeof(data),
	        "{\"span\":2000,\"consumers\":[{\"consumerId\":\"%s\","
	        "\"frozen\":60000}]}",
	        s.consumer
	);
	assert_int_equal(page_ask_code(&s.viewer, "reportQuality", data), 200);
	for (int i = 0; i < TRIES; i++) {
		struct json *answer = quality_of_room("hostile", 200);
		double frozen = 0;
		(void)json_number(
		        json_member(of_peer(answer, "participants", "eve"), "frozenSeconds"),
		        &frozen
		);
		json_free(answer);
		if (frozen > 0) {
			assert_true(frozen == 2);
			break;
		}
		assert_true(i < TRIES - 1);
		usleep(100000);
	}
	scene_end(&s);
}

static void rooms_are_their_accounts(void **)
{
	struct scene s;
	char answer[1024];

	scene_begin(&s, "mine");
	assert_int_equal(
	        integrator_rest(
	                &integrator, "other", "GET", "/rooms/mine/quality", "", answer,
	                sizeof(answer)
	        ),
	        400
	);
	assert_non_null(strstr(answer, "room not found"));
	assert_int_equal(
	        integrator_rest(
	                &integrator, NULL, "GET", "/rooms/mine/quality", "", answer, sizeof(answer)
	        ),
	        403
	);
	scene_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_bad_link_is_its_owners),
	        cmocka_unit_test(bad_video_may_be_caused_by_the_speakers_link),
	        cmocka_unit_test(no_link_is_the_cause_if_all_are_good),
	        cmocka_unit_test(reports_are_checked),
	        cmocka_unit_test(rooms_are_their_accounts),
	        cmocka_unit_test(a_narrow_link_is_its_owners_doing),
	        cmocka_unit_test(a_speakers_bad_link_comes_before_a_narrow_one),
	        cmocka_unit_test(starved_video_is_caused_by_the_own_link),
	        cmocka_unit_test(operators_see_how_all_viewers_fare),
	        cmocka_unit_test(a_worker_that_sheds_is_the_servers_doing),
	        cmocka_unit_test(a_late_worker_is_the_servers_doing), // last: it stays late
	};
	return cmocka_run_group_tests(tests, stage_setup, stage_teardown);
}
