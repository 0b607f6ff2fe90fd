// How fast statistics of a million sessions are answered: bench-statistics FIGURES.jsonl HISTORY.db
//
// They are in one room that is used every day; a tenth as many more are in a thousand other rooms.
// The file is created anew; each query runs in full, through the reader's thread, to the text of
// the answer.
#include "record.h"

#include "am_clock.h"
#include "base/json.h"
#include "base/loop.h"
#include "statistics/statistics.h"
#include "store/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SESSIONS      1100000 // one in OTHERS is not in the big room
#define OTHERS        11
#define BATCH         10000 // below the writer's queue
#define ROOMS         1000
#define PERSONS       20000 // in the big room
#define DAYS          400
#define DAY_MS        INT64_C(86400000)
#define START_MS      INT64_C(1609459200000) // 2021-01-01T00:00:00Z
#define ROUNDS        20
#define ROUNDS_MS_MAX 10000

struct bench {
	FILE *json;
	const char *path;
	struct loop *loop;
	struct history *history;
	struct statistics *statistics;
	uint64_t random;
	bool answered;
	unsigned status;
	size_t len; // of the answer
};

static double now_ms(void)
{
	return (double)am_clock_ns() / 1e6;
}

static uint64_t pick(struct bench *b, uint64_t below)
{
	b->random = b->random * 6364136223846793005u + 1442695040888963407u;
	return (b->random >> 33) % below;
}

static void history_begin(struct bench *b)
{
	b->history = history_open(b->loop, b->path, 0);
	if (!b->history)
		exit(1);
}

static void session_write(struct bench *b, uint64_t n)
{
	char room[16] = "big", person[24];

	if (n % OTHERS == 0)
		snprintf(room, sizeof(room), "r%d", (int)pick(b, ROOMS));
	snprintf(person, sizeof(person), "person-%d", (int)pick(b, PERSONS));
	struct history_session s = {
	        .id = n + 1,
	        .account_id = 1,
	        .room = room,
	        .person = person,
	        .joined_ms = START_MS + (int64_t)pick(b, DAYS) * DAY_MS +
	                     (int64_t)pick(b, (uint64_t)DAY_MS / 2),
	};
	s.left_ms = s.joined_ms + (int64_t)pick(b, 4 * 3600 * 1000);
	history_session_open(b->history, &s);
	history_session_close(b->history, &s);
}

static void fill(struct bench *b)
{
	double start = now_ms();
	struct stat st;

	for (uint64_t n = 0; n < SESSIONS; n++) {
		if (n % BATCH == 0)
			history_begin(b);
		session_write(b, n);
		if (n % BATCH == BATCH - 1)
			history_close(b->history); // returns once all is written
	}
	struct figure f = {
	        .name = "session written",
	        .unit = "us",
	        .load = "1 000 000 sessions",
	        .value = (now_ms() - start) * 1e3 / SESSIONS,
	};
	f.median = f.value;
	record(b->json, &f);
	if (stat(b->path, &st) == 0) {
		f.name = "file for a session";
		f.unit = "bytes";
		f.value = f.median = (double)st.st_size / SESSIONS;
		record(b->json, &f);
	}
}

static void answered(void *owner, uint64_t, unsigned status, struct json *body)
{
	struct bench *b = owner;
	char *text = json_print(body);

	b->answered = true;
	b->status = status;
	b->len = strlen(text);
	free(text);
	json_free(body);
}

static void measure(struct bench *b, const char *name, bool summary, struct statistics_query q)
{
	struct series times = {0};
	struct figure f = {.name = name, .unit = "ms", .load = "1 000 000 sessions"};

	q.account_id = 1;
	double end = now_ms() + ROUNDS_MS_MAX;
	for (int i = 0; i < ROUNDS && now_ms() < end; i++) {
		double start = now_ms();
		b->answered = false;
		if (summary)
			statistics_summary(b->statistics, &q, answered, b);
		else
			statistics_peers(b->statistics, &q, answered, b);
		while (!b->answered)
			loop_turn(b->loop, 100);
		series_add(&times, now_ms() - start);
	}
	if (b->status != 200) {
		record_missing(b->json, name, "", "the answer is an error");
		return;
	}
	f.value = series_min(&times);
	f.median = series_median(&times);
	f.payload = (uint32_t)b->len;
	record(b->json, &f);
}

int main(int argc, char **argv)
{
	struct bench b = {.random = 1};

	if (argc != 3) {
		fputs("usage: bench-statistics FIGURES.jsonl HISTORY.db\n", stderr);
		return 2;
	}
	b.path = argv[2];
	b.json = fopen(argv[1], "a");
	if (!b.json || (unlink(b.path) < 0 && access(b.path, F_OK) == 0)) {
		perror("bench-statistics");
		return 1;
	}
	b.loop = loop_create();
	record_title();
	fill(&b);
	history_begin(&b);
	b.statistics = statistics_create(b.loop, b.history);
	measure(&b, "summary, all of a big room", true,
	        (struct statistics_query){.room_id = "big"});
	measure(&b, "summary, a day of a big room", true,
	        (struct statistics_query
	        ){.room_id = "big", .from = "2021-07-01T00:00:00Z", .to = "2021-07-02T00:00:00Z"});
	measure(&b, "summary, all of a small room", true,
	        (struct statistics_query){.room_id = "r1"});
	measure(&b, "peers, a day of a big room", false,
	        (struct statistics_query
	        ){.room_id = "big", .from = "2021-07-01T00:00:00Z", .to = "2021-07-02T00:00:00Z"});
	measure(&b, "peers, the longest page", false, (struct statistics_query){.room_id = "big"});
	statistics_destroy(b.statistics);
	history_close(b.history);
	loop_destroy(b.loop);
	fclose(b.json);
	return 0;
}
