#include "metrics.h"

#include "account.h"
#include "conference.h"
#include "hook.h"
#include "media.h"
#include "store.h"
#include "store_history.h"
#include "store_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
	uint64_t value[METRIC_COUNT];
	uint64_t responses[METRICS_STATUS_CLASSES];
	uint64_t refusals[REFUSAL_COUNT];
} counts;

void metric_count(enum metric m)
{
	counts.value[m]++;
}

void metric_count_response(unsigned status)
{
	if (status / 100 < METRICS_STATUS_CLASSES)
		counts.responses[status / 100]++;
}

void metric_count_refusal(enum refusal r)
{
	counts.refusals[r]++;
}

static void head(FILE *f, const char *name, const char *type, const char *help)
{
	fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void gauge(FILE *f, const char *name, const char *help, double value)
{
	head(f, name, "gauge", help);
	fprintf(f, "%s %.15g\n", name, value);
}

static void own_counters(FILE *f)
{
	static const struct {
		const char *name, *help;
	} rows[] = {
#define METRIC_ROW(name, help) {"amphi_controlplane_" #name "_total", help},
	        METRICS(METRIC_ROW)
#undef METRIC_ROW
	};
	for (int i = 0; i < METRIC_COUNT; i++) {
		head(f, rows[i].name, "counter", rows[i].help);
		fprintf(f, "%s %llu\n", rows[i].name, (unsigned long long)counts.value[i]);
	}
	head(f, "amphi_controlplane_http_responses_total", "counter",
	     "HTTP responses by class of status");
	for (int i = 1; i < METRICS_STATUS_CLASSES; i++)
		fprintf(f, "amphi_controlplane_http_responses_total{code=\"%dxx\"} %llu\n", i,
		        (unsigned long long)counts.responses[i]);
}

static void refusals(FILE *f)
{
	head(f, "amphi_controlplane_refusals_total", "counter",
	     "Peers that were not let in, by reason");
	for (int i = REFUSAL_NONE + 1; i < REFUSAL_COUNT; i++)
		fprintf(f, "amphi_controlplane_refusals_total{reason=\"%s\"} %llu\n",
		        refusal_code((enum refusal)i), (unsigned long long)counts.refusals[i]);
}

static void webhooks(FILE *f, const struct hooks *h)
{
	struct hook_counts c;

	hooks_count(h, &c);
	const struct {
		const char *name, *help;
		uint64_t value;
	} rows[] = {
	        {"calls", "Webhooks and access checks sent", c.calls},
	        {"unanswered", "Of them: without an answer, or with 5xx", c.unanswered},
	        {"blocked", "URLs and addresses that may not be called", c.refused},
	        {"given_up", "closePeer events that nobody has taken", c.given_up},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char name[64];
		snprintf(name, sizeof(name), "amphi_controlplane_webhook_%s_total", rows[i].name);
		head(f, name, "counter", rows[i].help);
		fprintf(f, "%s %llu\n", name, (unsigned long long)rows[i].value);
	}
	gauge(f, "amphi_controlplane_webhook_joins_waiting",
	      "Joins that wait for an integrator's answer", c.waiting);
	gauge(f, "amphi_controlplane_webhook_events_pending",
	      "closePeer events that are not delivered yet", c.pending);
}

static void files(FILE *f, const struct conference *c, const struct history *h)
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
	         "Writes that found the queue of a file full, and are lost",
	         offsetof(struct store_counts, lost)},
	        {"amphi_controlplane_store_waiting_writes", "gauge",
	         "Writes that are not in their file yet", offsetof(struct store_counts, waiting)},
	};
	struct store_counts of[3];

	store_count(c->store, &of[0]);
	accounts_count(c->accounts, &of[1]);
	history_count(h, &of[2]);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		head(f, rows[i].name, rows[i].type, rows[i].help);
		for (int file = 0; file < 3; file++) {
			const char *value = (const char *)&of[file] + rows[i].at;
			fprintf(f, "%s{file=\"%s\"} %llu\n", rows[i].name, names[file],
			        (unsigned long long)*(const uint64_t *)value);
		}
	}
}

static void rooms(FILE *f, const struct conference *c)
{
	static const char *const kinds[] = {[ROOM_CALL] = "call", [ROOM_WEBINAR] = "webinar"};
	uint64_t count[2] = {0}, speakers[2] = {0}, viewers[2] = {0};

	for (const struct room *r = NULL; (r = rooms_next(&c->rooms, r));) {
		count[r->kind]++;
		speakers[r->kind] += r->speaker_count;
		viewers[r->kind] += r->viewer_count;
	}
	head(f, "amphi_rooms", "gauge", "Rooms that exist now");
	for (int kind = 0; kind < 2; kind++)
		fprintf(f, "amphi_rooms{kind=\"%s\"} %llu\n", kinds[kind],
		        (unsigned long long)count[kind]);
	head(f, "amphi_peers", "gauge", "Peers that have joined a room");
	for (int kind = 0; kind < 2; kind++) {
		fprintf(f, "amphi_peers{kind=\"%s\",role=\"speaker\"} %llu\n", kinds[kind],
		        (unsigned long long)speakers[kind]);
		fprintf(f, "amphi_peers{kind=\"%s\",role=\"viewer\"} %llu\n", kinds[kind],
		        (unsigned long long)viewers[kind]);
	}
}

// Of a process, as Linux tells them (proc(5)).
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
		rest = strrchr(line, ')'); // the name may hold anything
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
	head(f, "amphi_process_cpu_seconds_total", "counter", "CPU time used");
	for (int i = 0; i < n; i++) {
		if (p[i].known)
			fprintf(f, "amphi_process_cpu_seconds_total{process=\"%s\"} %.2f\n",
			        p[i].name, (double)p[i].cpu_ticks / (double)sysconf(_SC_CLK_TCK));
	}
	head(f, "amphi_process_resident_memory_bytes", "gauge",
	     "Resident memory, without hugepages");
	for (int i = 0; i < n; i++) {
		if (p[i].known)
			fprintf(f, "amphi_process_resident_memory_bytes{process=\"%s\"} %llu\n",
			        p[i].name,
			        (unsigned long long)p[i].resident_pages *
			                (unsigned long long)sysconf(_SC_PAGESIZE));
	}
	head(f, "amphi_process_threads", "gauge", "Threads");
	for (int i = 0; i < n; i++) {
		if (p[i].known)
			fprintf(f, "amphi_process_threads{process=\"%s\"} %llu\n", p[i].name,
			        (unsigned long long)p[i].threads);
	}
}

static const char *block_name(char text[8], uint32_t block)
{
	if (block == AM_COUNTER_SERVICE)
		return "service";
	snprintf(text, 8, "%u", block);
	return text;
}

// Calls for each worker, then for the service thread.
#define FOREACH_BLOCK(block, c)                                                                    \
	for (uint32_t block = 0; block <= AM_COUNTER_SERVICE;                                      \
	     block = block + 1 == (c)->worker_count ? AM_COUNTER_SERVICE : block + 1)

// Prometheus wants the unit in the name: rx_packets has it, punted lacks it.
static void counter_name(char *out, size_t size, const char *name, const char *unit)
{
	bool has = strstr(name, unit) != NULL;
	snprintf(out, size, "amphi_dataplane_%s%s%s_total", name, has ? "" : "_", has ? "" : unit);
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
	char name[96], block[8];

	for (int i = 0; i < AM_COUNTER_COUNT; i++) {
		counter_name(name, sizeof(name), rows[i].name, rows[i].unit);
		head(f, name, "counter", rows[i].help);
		for (uint32_t worker = 0; worker < c->worker_count; worker++)
			fprintf(f, "%s{worker=\"%s\"} %llu\n", name, block_name(block, worker),
			        (unsigned long long)c->value[worker][i]);
	}
	head(f, "amphi_dataplane_dropped_packets_total", "counter", "Packets dropped, by reason");
	for (uint32_t i = 0; i < c->drop_count; i++) {
		FOREACH_BLOCK(worker, c)
		fprintf(f,
		        "amphi_dataplane_dropped_packets_total{worker=\"%s\",reason=\"%s\"} %llu\n",
		        block_name(block, worker), c->drop_names[i].name,
		        (unsigned long long)c->drops[worker][i]);
	}
	head(f, "amphi_dataplane_heartbeat_age_seconds", "gauge",
	     "Time since a thread of the data plane last showed that it turns");
	FOREACH_BLOCK(worker, c)
	fprintf(f, "amphi_dataplane_heartbeat_age_seconds{worker=\"%s\"} %.3f\n",
	        block_name(block, worker), (double)c->heartbeat_age_ns[worker] / 1e9);
}

char *metrics_print(const struct conference *c, const struct history *h)
{
	static struct media_counters counters; // 20 kB
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		abort(); // out of memory, as memory.h says
	bool known = media_read_counters(c->media, &counters);
	const struct process all[] = {
	        process_read("controlplane", (uint32_t)getpid()),
	        process_read("dataplane", known ? counters.pid : 0),
	};
	gauge(f, "amphi_dataplane_up", "1 while the data plane is attached",
	      media_is_up(c->media) ? 1 : 0);
	rooms(f, c);
	own_counters(f);
	refusals(f);
	webhooks(f, c->hooks);
	files(f, c, h);
	processes(f, all, known ? 2 : 1);
	if (known)
		dataplane_counters(f, &counters);
	fclose(f);
	return text;
}
