// How fast a restarted control plane restores its rooms: bench-restore FIGURES.jsonl DIRECTORY
//
// Creates a store as a dead control plane leaves it, and restores it: SQLite's rows, rooms, peers,
// and their sessions in the statistics. There is no data plane, so transports end at the lookup in
// its table.
#include "record.h"

#include "base/loop.h"
#include "conference/restore.h"
#include "conference/state.h"
#include "statistics/statistics.h"
#include "store/history.h"
#include "store/rooms.h"

#include "am_clock.h"
#include "am_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PEERS      16000
#define TRANSPORTS 2 // per peer
#define BATCH      10000 // below the writer's queue
#define ROUNDS     20
#define GENERATION 1
#define CODECS                                                                                     \
	"{\"codecs\":[{\"kind\":\"audio\",\"mimeType\":\"audio/"                                   \
	"opus\",\"preferredPayloadType\":100,"                                                     \
	"\"clockRate\":48000,\"channels\":2,\"rtcpFeedback\":[]},{\"kind\":\"video\","             \
	"\"mimeType\":\"video/VP8\",\"preferredPayloadType\":101,\"clockRate\":90000,"             \
	"\"rtcpFeedback\":[]}],\"headerExtensions\":[]}"

struct bench {
	FILE *json;
	char store[256], history[256], socket[256];
	uint32_t rooms;
	uint32_t writes; // since the store was opened
};

static double now_ms(void)
{
	return (double)am_clock_ns() / 1e6;
}

static void file_remove(const char *path)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	char name[300];

	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		unlink(name);
	}
}

static struct store_rooms *store_begin(const struct bench *b)
{
	struct store_rooms *s = store_rooms_open(b->store);

	if (!s)
		exit(1);
	return s;
}

// Writes the queue to the file before it overflows.
static struct store_rooms *store_next(struct bench *b, struct store_rooms *s)
{
	if (++b->writes % BATCH != 0)
		return s;
	store_rooms_close(s);
	return store_begin(b);
}

// Room ids in random order, as in a real store.
static uint64_t room_id(uint32_t n)
{
	return (n + 1) * 0x9e3779b97f4a7c15u;
}

static struct store_rooms *peer_write(struct bench *b, struct store_rooms *s, uint32_t n)
{
	char id[16], session[24];

	snprintf(id, sizeof(id), "peer-%u", n);
	snprintf(session, sizeof(session), "session-%u", n);
	const struct store_peer p = {
	        .room_id = room_id(n % b->rooms),
	        .id = id,
	        .session = session,
	        .flags = STORE_SPEAKER | STORE_JOINED,
	        .display_name = id,
	        .device = "{}",
	        .capabilities = CODECS,
	};
	store_peer_put(s, &p);
	s = store_next(b, s);
	for (uint32_t i = 0; i < TRANSPORTS; i++) {
		const struct store_transport t = {
		        .id = am_id_make(n % AM_TRANSPORT_MAX, n * TRANSPORTS + i + 1),
		        .room_id = p.room_id,
		        .peer_id = id,
		        .cname = "",
		};
		store_transport_put(s, &t);
		s = store_next(b, s);
	}
	return s;
}

static void fill(struct bench *b)
{
	file_remove(b->store);
	struct store_rooms *s = store_begin(b);
	store_rooms_reset(s, GENERATION);
	for (uint32_t n = 0; n < b->rooms; n++) {
		char name[16];
		snprintf(name, sizeof(name), "room-%u", n);
		const struct store_room r = {
		        .id = room_id(n),
		        .account_id = 1,
		        .name = name,
		        .kind = ROOM_WEBINAR,
		        .pin = "",
		        .video = "",
		};
		store_room_put(s, &r);
		s = store_next(b, s);
	}
	for (uint32_t n = 0; n < PEERS; n++)
		s = peer_write(b, s, n);
	store_rooms_close(s);
}

static void round_run(struct bench *b, struct series *times, struct series *cpu)
{
	static const struct conference_events nobody;

	file_remove(b->history);
	struct loop *l = loop_create();
	struct store_rooms *s = store_begin(b);
	struct history *h = history_open(l, b->history, 0);
	if (!h)
		exit(1);
	struct statistics *st = statistics_create(l, h);
	struct conference *c = conference_create(&(struct conference_settings){
	        .loop = l,
	        .socket = b->socket,
	        .store = s,
	        .statistics = st,
	        .events = &nobody,
	});
	if (!c)
		exit(1);
	double start = now_ms();
	uint64_t start_ns = thread_time_ns();
	conference_restore(c);
	series_add(cpu, (double)(thread_time_ns() - start_ns) / 1e6);
	series_add(times, now_ms() - start);
	uint32_t peers = 0;
	for (struct room *r = NULL; (r = rooms_next(&c->rooms, r));)
		peers += r->speaker_count;
	if (peers != PEERS || c->rooms.by_key.count != b->rooms) {
		fprintf(stderr, "bench-restore: %u peers of %u are back\n", peers, PEERS);
		exit(1);
	}
	conference_destroy(c);
	statistics_destroy(st);
	history_close(h);
	store_rooms_close(s);
	loop_destroy(l);
}

static void measure(struct bench *b, uint32_t rooms)
{
	struct series times = {0}, cpu = {0};
	char load[64];

	b->rooms = rooms;
	fill(b);
	for (int i = 0; i < ROUNDS; i++)
		round_run(b, &times, &cpu);
	snprintf(load, sizeof(load), "%u peers in %u rooms", PEERS, rooms);
	struct figure f = {.name = "restore", .unit = "ms", .load = load};
	f.value = series_min(&times);
	f.median = series_median(&times);
	record(b->json, &f);
	f.name = "restore, CPU time";
	f.value = series_min(&cpu);
	f.median = series_median(&cpu);
	record(b->json, &f);
}

int main(int argc, char **argv)
{
	struct bench b = {0};

	if (argc != 3) {
		fputs("usage: bench-restore FIGURES.jsonl DIRECTORY\n", stderr);
		return 2;
	}
	am_log_level = AM_LOG_ERROR; // hides the warnings that there is no data plane
	snprintf(b.store, sizeof(b.store), "%s/restore.db", argv[2]);
	snprintf(b.history, sizeof(b.history), "%s/restore-history.db", argv[2]);
	snprintf(b.socket, sizeof(b.socket), "%s/restore.sock", argv[2]); // nothing listens there
	b.json = fopen(argv[1], "a");
	if (!b.json) {
		perror("bench-restore");
		return 1;
	}
	record_title();
	measure(&b, 8);
	measure(&b, 500);
	measure(&b, 5000);
	file_remove(b.store);
	file_remove(b.history);
	fclose(b.json);
	return 0;
}
