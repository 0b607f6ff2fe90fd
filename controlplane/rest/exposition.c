#include "rest/exposition.h"

#include "account/account.h"
#include "conference/conference.h"
#include "hook/hook.h"
#include "media/media.h"
#include "media/region.h"
#include "recording/recording.h"
#include "rest/call.h"
#include "store/history.h"
#include "store/rooms.h"
#include "store/writer.h"
#include "terms/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void webhooks(FILE *f, const struct hooks *h)
{
	struct hook_counts c;

	hooks_count(h, &c);
	const struct {
		const char *name, *help;
		uint64_t value;
	} rows[] = {
	        {"calls", "Webhooks and access checks sent", c.calls},
	        {"unanswered", "Webhooks and access checks without an answer, or with 5xx",
	         c.unanswered},
	        {"blocked", "URLs and addresses that may not be called", c.refused},
	        {"given_up", "events, such as closePeer, that no receiver accepted", c.given_up},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char name[64];
		snprintf(name, sizeof(name), "amphi_controlplane_webhook_%s_total", rows[i].name);
		metric_head(f, name, "counter", rows[i].help);
		fprintf(f, "%s %llu\n", name, (unsigned long long)rows[i].value);
	}
	metric_gauge(
	        f, "amphi_controlplane_webhook_joins_waiting",
	        "Joins that wait for an integrator's answer", c.waiting
	);
	metric_gauge(
	        f, "amphi_controlplane_webhook_events_pending",
	        "events, such as closePeer, that are not delivered yet", c.pending
	);
}

static void files(FILE *f, const struct rest *r)
{
	static const char *const names[] = {"store", "accounts", "history"};
	static const struct {
		const char *name, *type, *help;
		size_t at;
	} rows[] = {
	        {"amphi_controlplane_store_failed_transactions_total", "counter",
	         "Transactions that could not be written to a file; each is tried again",
	         offsetof(struct store_counts, failed)},
	        {"amphi_controlplane_store_lost_writes_total", "counter",
	         "Writes that were lost because a file's queue was full",
	         offsetof(struct store_counts, lost)},
	        {"amphi_controlplane_store_waiting_writes", "gauge",
	         "Writes that are not in their file yet", offsetof(struct store_counts, waiting)},
	};
	struct store_counts of[3];

	store_rooms_count(r->store, &of[0]);
	accounts_count(r->accounts, &of[1]);
	history_count(r->history, &of[2]);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		metric_head(f, rows[i].name, rows[i].type, rows[i].help);
		for (int file = 0; file < 3; file++) {
			const char *value = (const char *)&of[file] + rows[i].at;
			fprintf(f, "%s{file=\"%s\"} %llu\n", rows[i].name, names[file],
			        (unsigned long long)*(const uint64_t *)value);
		}
	}
}

static void rooms(FILE *f, const struct rooms *all)
{
	static const char *const kinds[] = {[ROOM_CALL] = "call", [ROOM_WEBINAR] = "webinar"};
	uint64_t count[2] = {0}, speakers[2] = {0}, viewers[2] = {0};

	for (const struct room *r = NULL; (r = rooms_next(all, r));) {
		count[r->kind]++;
		speakers[r->kind] += r->speaker_count;
		viewers[r->kind] += r->viewer_count;
	}
	metric_head(f, "amphi_rooms", "gauge", "Rooms that exist now");
	for (int kind = 0; kind < 2; kind++)
		fprintf(f, "amphi_rooms{kind=\"%s\"} %llu\n", kinds[kind],
		        (unsigned long long)count[kind]);
	metric_head(f, "amphi_peers", "gauge", "Peers that have joined a room");
	for (int kind = 0; kind < 2; kind++) {
		fprintf(f, "amphi_peers{kind=\"%s\",role=\"speaker\"} %llu\n", kinds[kind],
		        (unsigned long long)speakers[kind]);
		fprintf(f, "amphi_peers{kind=\"%s\",role=\"viewer\"} %llu\n", kinds[kind],
		        (unsigned long long)viewers[kind]);
	}
}

static void recordings(FILE *f, const struct recordings *all)
{
	struct recordings_counts c;

	recordings_count(all, &c);
	metric_gauge(
	        f, "amphi_recorder_up", "1 while the recorder reports what it should",
	        c.recorder_up ? 1 : 0
	);
	metric_gauge(
	        f, "amphi_recorder_disk_free_bytes", "What the recorder's disk has left",
	        (double)c.free_bytes
	);
	metric_head(f, "amphi_recordings", "gauge", "Recordings that have not ended");
	for (int i = 0; i < RECORDING_READY; i++)
		fprintf(f, "amphi_recordings{state=\"%s\"} %u\n",
		        recording_state_name((enum recording_state)i), c.now[i]);
	metric_head(f, "amphi_recordings_ended_total", "counter", "Recordings that have ended");
	for (int i = RECORDING_READY; i < RECORDING_STATE_COUNT; i++)
		fprintf(f, "amphi_recordings_ended_total{state=\"%s\"} %llu\n",
		        recording_state_name((enum recording_state)i),
		        (unsigned long long)c.ended[i]);
	const struct {
		const char *name, *help;
		uint64_t value;
	} rows[] = {
	        {"amphi_recorder_missed_packets_total",
	         "Packets that were overwritten before the recorder read them", c.missed},
	        {"amphi_recorder_lost_packets_total", "Packets that never came to be recorded",
	         c.gaps},
	        {"amphi_recorder_written_bytes_total", "Bytes of recordings written", c.bytes},
	        {"amphi_bucket_sent_bytes_total", "Bytes of recordings copied to the bucket",
	         c.sent_bytes},
	        {"amphi_bucket_failures_total", "Requests to the bucket that failed", c.failures},
	};
	if (c.uploads) {
		metric_head(
		        f, "amphi_bucket_pending_recordings", "gauge",
		        "Recordings that are not all in the bucket yet"
		);
		fprintf(f, "amphi_bucket_pending_recordings %u\n", c.pending);
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		metric_head(f, rows[i].name, "counter", rows[i].help);
		fprintf(f, "%s %llu\n", rows[i].name, (unsigned long long)rows[i].value);
	}
}

// A process's figures, as Linux reports them (proc(5)).
struct process {
	const char *name;
	uint64_t cpu_ticks, resident_pages, threads;
	bool known;
};

static struct process process_read(const char *name, uint32_t pid)
{
	struct process p = {.name = name};
	char path[32], line[1024], *rest = NULL;
	unsigned long long user, system, threads, pages;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	FILE *f = pid ? fopen(path, "re") : NULL;
	if (f && fgets(line, sizeof(line), f))
		rest = strrchr(line, ')'); // the process's name may contain anything
	if (f)
		fclose(f);
	if (rest && sscanf(rest + 1,
	                   " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d "
	                   "%*d %llu %*d %*u %*u %llu",
	                   &user, &system, &threads, &pages) == 4) {
		p.cpu_ticks = user + system;
		p.threads = threads;
		p.resident_pages = pages;
		p.known = true;
	}
	return p;
}

static void processes(FILE *f, const struct process *p, int n)
{
	metric_head(f, "amphi_process_cpu_seconds_total", "counter", "CPU time used");
	for (int i = 0; i < n; i++) {
		if (p[i].known)
			fprintf(f, "amphi_process_cpu_seconds_total{process=\"%s\"} %.2f\n",
			        p[i].name, (double)p[i].cpu_ticks / (double)sysconf(_SC_CLK_TCK));
	}
	metric_head(
	        f, "amphi_process_resident_memory_bytes", "gauge",
	        "Resident memory, without hugepages"
	);
	for (int i = 0; i < n; i++) {
		if (p[i].known)
			fprintf(f, "amphi_process_resident_memory_bytes{process=\"%s\"} %llu\n",
			        p[i].name,
			        (unsigned long long)p[i].resident_pages *
			                (unsigned long long)sysconf(_SC_PAGESIZE));
	}
	metric_head(f, "amphi_process_threads", "gauge", "Threads");
	for (int i = 0; i < n; i++) {
		if (p[i].known)
			fprintf(f, "amphi_process_threads{process=\"%s\"} %llu\n", p[i].name,
			        (unsigned long long)p[i].threads);
	}
}

static const char *block_name(char text[12], uint32_t block)
{
	if (block == AM_COUNTER_SERVICE)
		return "service";
	snprintf(text, 12, "%u", block);
	return text;
}

// Runs for each worker, then for the service thread.
#define FOREACH_BLOCK(block, c)                                                                    \
	for (uint32_t block = 0; block <= AM_COUNTER_SERVICE;                                      \
	     block = block + 1 == (c)->worker_count ? AM_COUNTER_SERVICE : block + 1)

// Prometheus expects the unit in the name: rx_packets has it, punted does not.
static void counter_name(char *out, size_t size, const char *name, const char *unit)
{
	bool has = strstr(name, unit) != NULL;
	snprintf(out, size, "amphi_dataplane_%s%s%s_total", name, has ? "" : "_", has ? "" : unit);
}

static void shedding(FILE *f, const struct media_counters *c)
{
	static const char *const steps[AM_SHED_LEVELS] = {
#define STEP_NAME(name) [AM_SHED_##name] = #name,
	        AM_SHED_STEPS(STEP_NAME)
#undef STEP_NAME
	};

	metric_head(
	        f, "amphi_dataplane_shed_level", "gauge",
	        "How many steps a worker leaves out because it cannot keep up, in the order of "
	        "amphi_dataplane_shed_steps_total"
	);
	for (uint32_t worker = 0; worker < c->worker_count; worker++)
		fprintf(f, "amphi_dataplane_shed_level{worker=\"%u\"} %u\n", worker,
		        c->shed[worker]);
	metric_head(
	        f, "amphi_dataplane_shed_steps_total", "counter",
	        "How often a worker began to leave out a step because it could not keep up"
	);
	for (uint32_t worker = 0; worker < c->worker_count; worker++) {
		for (int i = AM_SHED_NOTHING + 1; i < AM_SHED_LEVELS; i++)
			fprintf(f,
			        "amphi_dataplane_shed_steps_total{worker=\"%u\",step=\"%s\"} "
			        "%llu\n",
			        worker, steps[i], (unsigned long long)c->shed_steps[worker][i]);
	}
}

static void dataplane_counters(FILE *f, const struct media_counters *c)
{
	static const struct {
		const char *name, *unit, *help;
	} rows[] = {
#define COUNTER_ROW(name, unit, help) {#name, #unit, help},
	        AM_COUNTERS(COUNTER_ROW)
#undef COUNTER_ROW
	};
	char name[96], block[12];

	for (int i = 0; i < AM_COUNTER_COUNT; i++) {
		counter_name(name, sizeof(name), rows[i].name, rows[i].unit);
		metric_head(f, name, "counter", rows[i].help);
		for (uint32_t worker = 0; worker < c->worker_count; worker++)
			fprintf(f, "%s{worker=\"%s\"} %llu\n", name, block_name(block, worker),
			        (unsigned long long)c->value[worker][i]);
	}
	metric_head(
	        f, "amphi_dataplane_dropped_packets_total", "counter", "Packets dropped, by reason"
	);
	for (uint32_t i = 0; i < c->drop_count; i++) {
		FOREACH_BLOCK (worker, c)
			fprintf(f,
			        "amphi_dataplane_dropped_packets_total{worker=\"%s\","
			        "reason=\"%s\"} %llu\n",
			        block_name(block, worker), c->drop_names[i].name,
			        (unsigned long long)c->drops[worker][i]);
	}
	metric_head(
	        f, "amphi_dataplane_heartbeat_age_seconds", "gauge",
	        "Time since a thread of the data plane last showed that it runs"
	);
	FOREACH_BLOCK (worker, c)
		fprintf(f, "amphi_dataplane_heartbeat_age_seconds{worker=\"%s\"} %.3f\n",
		        block_name(block, worker), (double)c->heartbeat_age_ns[worker] / 1e9);
	shedding(f, c);
}

char *exposition_print(const struct rest *r)
{
	const struct media *media = conference_media(r->conference);
	static struct media_counters counters; // 20 kB
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		abort(); // out of memory, as base/memory.h says
	bool known = media_read_counters(media, &counters);
	const struct process all[] = {
	        process_read("controlplane", (uint32_t)getpid()),
	        process_read("dataplane", known ? counters.pid : 0),
	};
	metric_gauge(
	        f, "amphi_dataplane_up", "1 while the data plane is attached",
	        media_is_up(media) ? 1 : 0
	);
	rooms(f, conference_rooms(r->conference));
	recordings(f, conference_recordings(r->conference));
	metrics_print(f);
	webhooks(f, r->hooks);
	files(f, r);
	processes(f, all, known ? 2 : 1);
	if (known)
		dataplane_counters(f, &counters);
	fclose(f);
	return text;
}
