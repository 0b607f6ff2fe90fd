// A webinar of 20 speakers and 2000 viewers: 80 000 subscriptions come and go. Most of these
// members are only signaled, so their subscriptions wait in the registry; some are connected, and
// see and hear.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "am_clock.h"
#include "scene.h"

#define SPEAKERS      20
#define VIEWERS       2000
#define WATCHERS      6 // viewers that are really connected
#define TRACKS        (2 * SPEAKERS)
#define BUFFERS_SPARE 64 // buffers that each worker keeps in reserve
#define WAIT_MS       5000

static const struct member_options top = {TOP_LAYERS};

// The other speakers and viewers, by their ids.
struct crowd {
	am_id tracks[TRACKS];
	am_id speakers[SPEAKERS];
	am_id viewers[VIEWERS];
};

// Used entries in the region's tables.
struct entries {
	uint32_t transports, tracks, subscriptions;
};

static struct entries entries_now(void)
{
	const struct am_region_layout *map = scene.driver.region.map;
	struct entries n = {0};

	for (uint32_t i = 0; i < AM_TRANSPORT_MAX; i++)
		n.transports += map->transports[i].id != 0;
	for (uint32_t i = 0; i < AM_TRACK_MAX; i++)
		n.tracks += map->tracks[i].id != 0;
	for (uint32_t i = 0; i < AM_SUBSCRIPTION_MAX; i++)
		n.subscriptions += map->subscriptions[i].id != 0;
	return n;
}

static uint32_t buffers_in_use(void)
{
	const struct am_region_header *h = &scene.driver.region.map->header;
	return atomic_load_explicit(&h->buffers_in_use, memory_order_relaxed);
}

static void post(struct am_msg m)
{
	assert_int_equal(driver_send(&scene.driver, &m), 0);
}

static am_id post_transport(uint64_t room)
{
	struct driver *d = &scene.driver;
	struct am_msg m = {.type = AM_CMD_TRANSPORT_ADD};
	struct am_cmd_transport_add *t = &m.transport_add;

	t->transport_id = am_id_make(d->next_transport++ % AM_TRANSPORT_MAX, d->id_epoch);
	t->room_id = room;
	memset(t->ufrag, 'u', sizeof(t->ufrag));
	memset(t->pwd, 'p', sizeof(t->pwd));
	am_ufrag_set_slot(t->ufrag, am_id_slot(t->transport_id));
	post(m);
	return t->transport_id;
}

static am_id post_track(am_id speaker, bool video)
{
	struct am_msg m = {.type = AM_CMD_TRACK_ADD};
	struct am_cmd_track_add *t = &m.track_add;

	*t = (struct am_cmd_track_add){
	        .track_id = driver_track_id(&scene.driver),
	        .transport_id = speaker,
	        .clock_rate = video ? 90000 : 48000,
	        .codec = video ? AM_CODEC_VP8 : AM_CODEC_OPUS,
	        .payload_type = 96,
	        .room_payload_type = video ? ROOM_PT_VP8 : ROOM_PT_OPUS,
	        .encoding_count = 1,
	        .encodings = {{.ssrc = 1 + am_id_slot(speaker) * 2 + video}},
	};
	post(m);
	return t->track_id;
}

static void post_subscription(am_id viewer, am_id track)
{
	struct am_msg m = {.type = AM_CMD_SUBSCRIPTION_ADD};
	struct am_cmd_subscription_add *s = &m.subscription_add;

	s->subscription_id = driver_subscription_id(&scene.driver);
	s->track_id = track;
	s->transport_id = viewer;
	s->ssrc = driver_ssrc(s->subscription_id);
	strcpy(s->mid, "1");
	post(m);
}

static void post_remove(uint16_t type, am_id id)
{
	post((struct am_msg){.type = type, .id = {.id = id}});
}

static void speakers_add(struct crowd *c, uint64_t room, const struct member *speaker)
{
	c->tracks[0] = speaker->video_id;
	c->tracks[1] = speaker->sound_id;
	for (int i = 1; i < SPEAKERS; i++) {
		c->speakers[i] = post_transport(room);
		c->tracks[2 * i] = post_track(c->speakers[i], true);
		c->tracks[2 * i + 1] = post_track(c->speakers[i], false);
	}
	assert_int_equal(driver_settle(&scene.driver), 0);
}

// Everyone subscribes to everything; a watcher already has the first speaker's tracks.
static void viewers_add(struct crowd *c, uint64_t room, struct member *const *watchers)
{
	for (int i = 0; i < VIEWERS; i++) {
		bool is_watcher = i < WATCHERS;
		c->viewers[i] = is_watcher ? watchers[i]->transport.id : post_transport(room);
		for (int k = is_watcher ? 2 : 0; k < TRACKS; k++)
			post_subscription(c->viewers[i], c->tracks[k]);
	}
	assert_int_equal(driver_settle(&scene.driver), 0);
}

static void viewers_remove(struct crowd *c)
{
	for (int i = WATCHERS; i < VIEWERS; i++)
		post_remove(AM_CMD_TRANSPORT_REMOVE, c->viewers[i]);
	assert_int_equal(driver_settle(&scene.driver), 0);
}

static void check_entries(uint32_t transports, uint32_t tracks, uint32_t subscriptions)
{
	struct entries n = entries_now();

	assert_int_equal(n.transports, transports);
	assert_int_equal(n.tracks, tracks);
	assert_int_equal(n.subscriptions, subscriptions);
}

static void check_buffers(uint32_t before)
{
	uint32_t most = before + BUFFERS_SPARE * scene.driver.region.map->header.worker_count;

	for (int ms = 0; ms < WAIT_MS && buffers_in_use() > most; ms += 20)
		usleep(20000);
	assert_in_range(buffers_in_use(), 0, most);
}

static void eighty_thousand_subscriptions_come_and_go(void **)
{
	static struct crowd crowd;
	struct member *watchers[WATCHERS];
	struct party p;

	party_begin(&p);
	usleep(100000);
	uint32_t buffers = buffers_in_use();
	assert_true(buffers < scene.driver.region.map->header.buffers);
	check_entries(0, 0, 0);
	struct member *speaker = party_speaker(&p, &top);
	for (int i = 0; i < WATCHERS; i++)
		watchers[i] = party_watcher(&p, speaker, &top);
	speakers_add(&crowd, p.room, speaker);
	party_connect(&p);
	uint32_t first = scene.driver.next_subscription;
	for (int round = 0; round < 2; round++) {
		uint64_t start = am_clock_ns();
		viewers_add(&crowd, p.room, watchers);
		print_message(
		        "%d subscriptions added in %llu ms\n", VIEWERS * TRACKS,
		        (unsigned long long)((am_clock_ns() - start) / NS_PER_MS)
		);
		check_entries(SPEAKERS + VIEWERS, TRACKS, VIEWERS * TRACKS);
		party_run(&p, 1500);
		start = am_clock_ns();
		viewers_remove(&crowd);
		print_message(
		        "removed in %llu ms\n",
		        (unsigned long long)((am_clock_ns() - start) / NS_PER_MS)
		);
		check_entries(SPEAKERS + WATCHERS, TRACKS, WATCHERS * TRACKS);
		// The watchers' own subscriptions, except those to the first speaker.
		for (uint32_t i = 0; i < AM_SUBSCRIPTION_MAX; i++) {
			const struct am_subscription_state *s =
			        &scene.driver.region.map->subscriptions[i];
			if (s->id && s->track_id != crowd.tracks[0] &&
			    s->track_id != crowd.tracks[1])
				post_remove(AM_CMD_SUBSCRIPTION_REMOVE, s->id);
		}
		assert_int_equal(driver_settle(&scene.driver), 0);
		check_entries(SPEAKERS + WATCHERS, TRACKS, WATCHERS * 2);
		scene.driver.next_subscription = first; // the same slots, other ids
		scene.driver.id_epoch++;
	}
	party_settle(&p);
	for (int i = 0; i < WATCHERS; i++) {
		assert_true(check_video(watchers[i]).frames > 60);
		check_sound(watchers[i]);
	}
	for (int i = 1; i < SPEAKERS; i++)
		post_remove(AM_CMD_TRANSPORT_REMOVE, crowd.speakers[i]);
	assert_int_equal(driver_settle(&scene.driver), 0);
	party_end(&p);
	check_entries(0, 0, 0);
	check_buffers(buffers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(eighty_thousand_subscriptions_come_and_go),
	};
	return SCENE_RUN(tests);
}
