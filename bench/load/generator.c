#include "generator.h"

#include "am_clock.h"
#include "process.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NS_PER_MS 1000000ull
#define LINK_MS   60000 // until the server has opened its end, even with sanitizers
// How often to start Janus, which exits if its API thread runs before the plugin has registered: on
// one core, in about half of all starts.
#define STARTS       25
#define ARP_MS       10000
#define ARP_EVERY_MS 100
#define JOINS_MS     120000
#define JOINS_SAY_MS 5000
#define LEAVE_MS     1000 // an overloaded server may be half a second behind

static bool is_speaker(const struct generator *g, uint32_t member)
{
	return member < g->options.load->speakers;
}

static void answered(void *context, uint32_t member, const struct server_answer *answer)
{
	struct generator *g = context;

	if (is_speaker(g, member) || answer->stream_count == 0)
		return;
	int ret = audience_expect(
	        &g->audience, member - g->audience.options.first, answer->streams,
	        answer->stream_count
	);
	if (ret < 0) {
		fprintf(stderr, "bench-load: viewers are offered different streams\n");
		g->failure = ret;
	}
}

static void
offered(void *context, uint32_t member, uint16_t index, const struct server_stream *stream)
{
	struct generator *g = context;
	uint32_t viewer = member - g->audience.options.first;

	int ret = audience_expect_one(&g->audience, viewer, index, stream);
	if (ret < 0) {
		fprintf(stderr, "bench-load: viewers are offered different streams\n");
		g->failure = ret;
	}
}

static void here(void *context, uint32_t member)
{
	struct generator *g = context;

	if (!is_speaker(g, member)) {
		pictures_here(&g->pictures, member - g->audience.options.first, g->now_ns);
		return;
	}
	int ret = stage_start(&g->stage, member, g->now_ns);
	if (ret < 0) {
		fprintf(stderr, "bench-load: speaker %u: %s\n", member, strerror(-ret));
		g->failure = ret;
	}
}

// Lets members join, as many at a time as allowed.
static void join(struct generator *g)
{
	while (g->added < g->wanted) {
		uint32_t member = g->audience.options.first + g->added;
		int ret = members_add(&g->members, member, NULL, 0, g->now_ns);
		if (ret == -EAGAIN)
			return;
		if (ret < 0) {
			fprintf(stderr, "bench-load: the server does not accept %u viewers: %s\n",
			        g->added + 1, strerror(-ret));
			g->failure = ret;
			return;
		}
		pictures_click(&g->pictures, g->added, g->members.all[member].added_ns);
		g->added++;
	}
}

static void slow_turn(struct generator *g)
{
	if (g->now_ns < g->slow_ns)
		return;
	g->slow_ns = g->now_ns + NS_PER_MS;
	int ret = g->options.calls->poll(g->server);
	if (ret < 0 && g->failure == 0) {
		fprintf(stderr, "bench-load: the signaling was lost: %s\n", strerror(-ret));
		g->failure = ret;
	}
	join(g);
	members_tick(&g->members, g->now_ns);
	for (uint32_t i = 0; i < g->options.load->speakers; i++)
		members_visit(&g->members, i, g->now_ns);
	sample_tick(&g->sample, g->added, g->now_ns);
}

unsigned generator_turn(struct generator *g)
{
	struct rte_mbuf *mbufs[NIC_BURST];
	uint64_t start = rte_rdtsc();
	unsigned work = 0;

	g->now_ns = am_clock_ns();
	for (uint16_t q = 0; q < g->nic.queues; q++) {
		uint16_t n = rte_eth_rx_burst(g->nic.id, q, mbufs, NIC_BURST);
		if (n > 0)
			receive_burst(g, mbufs, n, rte_rdtsc());
		work += n;
	}
	if (g->server) {
		work += stage_tick(&g->stage, g->now_ns);
		work += reports_tick(&g->reports, g->added, g->now_ns);
		work += answers_tick(&g->answers, g->added, g->now_ns);
		reports_ask(&g->reports);
		slow_turn(g);
	}
	nic_flush(&g->nic);
	if (work > 0)
		g->busy += rte_rdtsc() - start;
	return work;
}

bool generator_run(struct generator *g, uint64_t ms, bool (*done)(struct generator *))
{
	uint64_t end = am_clock_ns() + ms * NS_PER_MS;

	do {
		unsigned work = generator_turn(g);
		if (g->failure != 0)
			return false;
		if (done && done(g))
			return true;
		if (work == 0 && (done || g->options.rests))
			usleep(g->options.rest_us);
	} while (g->now_ns < end);
	return done == NULL;
}

static bool viewers_here(struct generator *g)
{
	return g->added == g->wanted && g->members.joining_count == 0;
}

static int viewers_join(struct generator *g)
{
	for (uint32_t ms = 0; ms < JOINS_MS; ms += JOINS_SAY_MS) {
		if (generator_run(g, JOINS_SAY_MS, viewers_here))
			return g->members.failed == 0 ? 0 : -ECONNREFUSED;
		if (g->failure != 0)
			return g->failure;
		fprintf(stderr, "bench-load: %u of %u viewers are here; %lu frames not sent\n",
		        g->members.here - g->options.load->speakers, g->wanted, g->nic.unsent);
	}
	return -ETIMEDOUT;
}

static int viewers_leave(struct generator *g)
{
	while (g->added > g->wanted) {
		uint32_t viewer = g->added - 1;
		int ret = members_remove(&g->members, g->audience.options.first + viewer);
		if (ret == -EAGAIN) {
			generator_run(g, 1, NULL);
			continue;
		}
		if (ret < 0)
			return ret;
		sample_forget(&g->sample, viewer);
		audience_forget(&g->audience, viewer);
		answers_forget(&g->answers, viewer);
		g->added--;
	}
	// Packets still in transit to members that have left are not an error.
	generator_run(g, LEAVE_MS, NULL);
	g->audience.strangers = 0;
	return g->failure;
}

int generator_viewers(struct generator *g, uint32_t viewers)
{
	g->wanted = viewers;
	return viewers < g->added ? viewers_leave(g) : viewers_join(g);
}

static bool link_up(struct generator *g)
{
	if (!process_runs(g->pid)) {
		fprintf(stderr, "bench-load: the server has exited, see %s\n", g->options.log);
		g->failure = -ECHILD;
	}
	return nic_is_up(&g->nic);
}

static bool server_known(struct generator *g)
{
	return g->net.server_known;
}

static int server_find(struct generator *g)
{
	for (int ms = 0; ms < ARP_MS; ms += ARP_EVERY_MS) {
		uint8_t *frame = nic_reserve(&g->nic, 0);
		if (frame)
			nic_commit(&g->nic, 0, net_arp_request(&g->net, frame));
		if (generator_run(g, ARP_EVERY_MS, server_known))
			return 0;
		if (g->failure != 0)
			return g->failure;
	}
	fprintf(stderr, "bench-load: the server does not answer ARP, see %s\n", g->options.log);
	return -EHOSTUNREACH;
}

// The generator's port comes first: the server's connects to it.
static int process_begin(struct generator *g)
{
	const struct generator_options *o = &g->options;

	pid_t pid = process_start(o->command, o->log);
	if (pid < 0)
		return pid;
	g->pid = pid;
	if (!generator_run(g, LINK_MS, link_up)) {
		if (g->failure == 0)
			fprintf(stderr, "bench-load: the server did not open its port, see %s\n",
			        o->log);
		return g->failure ? g->failure : -ENOLINK;
	}
	return 0;
}

static int server_start(struct generator *g)
{
	const struct generator_options *o = &g->options;
	struct server_options options = {
	        .address = o->address,
	        .control = o->control,
	        .log = o->log,
	        .events =
	                {.ready = members_ready,
	                 .offered = members_offered,
	                 .context = &g->members},
	};
	struct server *server = NULL;
	int ret;

	for (int i = 0; i < STARTS && !server; i++) {
		ret = process_begin(g);
		if (ret < 0)
			return ret;
		options.pid = g->pid;
		server = o->calls->open(&options);
		if (!server && process_runs(g->pid))
			break;
	}
	if (!server)
		return -ECONNREFUSED;
	ret = server_find(g);
	if (ret < 0) {
		o->calls->close(server);
		return ret;
	}
	g->server = server;
	g->members.options.server = server;
	return 0;
}

static int parts_init(struct generator *g)
{
	const struct generator_options *o = &g->options;
	const struct members_options members = {
	        .capacity = o->load->speakers + o->viewers_max,
	        .joins_per_s = o->joins_per_s,
	        .joining_max = o->joining_max,
	        .profiles = o->profiles,
	        .feedback = o->feedback,
	        .events = {.answered = answered, .offered = offered, .here = here, .context = g},
	        .nic = &g->nic,
	        .net = &g->net,
	        .calls = o->calls,
	};
	const struct stage_options stage = {o->load, o->clips, &g->members, &g->nic};
	const struct audience_options audience = {
	        .first = o->load->speakers,
	        .capacity = o->viewers_max,
	        .stream_count = (uint16_t)(o->load->speakers * LOAD_TRACKS),
	};

	g->cipher = cipher_create();
	int ret = g->cipher ? members_init(&g->members, &members) : -ENOMEM;
	if (ret == 0)
		ret = stage_init(&g->stage, &stage);
	if (ret == 0)
		ret = audience_init(&g->audience, &audience);
	if (ret == 0)
		ret = sample_init(&g->sample, &g->members, &g->audience, g->stage.sources);
	uint64_t now_ns = am_clock_ns();
	reports_init(&g->reports, &g->members, &g->audience, now_ns);
	if (ret == 0)
		ret = answers_init(&g->answers, &g->members, &g->audience, o->feedback, now_ns);
	if (ret < 0)
		fprintf(stderr, "bench-load: %s\n", strerror(-ret));
	return ret;
}

int generator_init(struct generator *g, const struct generator_options *o)
{
	*g = (struct generator){.options = *o};
	int ret = nic_open(&g->nic, &o->nic);
	if (ret < 0)
		return ret;
	g->tsc_per_s = rte_get_tsc_hz();
	memcpy(g->net.mac, g->nic.mac, sizeof(g->net.mac));
	ret = parts_init(g);
	if (ret == 0)
		ret = server_start(g);
	if (ret < 0)
		generator_fini(g);
	return ret;
}

bool generator_fini(struct generator *g)
{
	sample_fini(&g->sample);
	pictures_fini(&g->pictures);
	if (g->server)
		g->options.calls->close(g->server);
	bool good = g->pid == 0 || process_stop(g->pid);
	stage_fini(&g->stage);
	members_fini(&g->members);
	audience_fini(&g->audience);
	answers_fini(&g->answers);
	cipher_destroy(g->cipher);
	nic_close(&g->nic);
	return good;
}
