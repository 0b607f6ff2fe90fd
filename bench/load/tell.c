#include "tell.h"

#include "measure.h"
#include "record.h"
#include "run.h"

#define GOT_MIN 0.97 // share of a core; below it, a note says that others used the rest

static struct figure case_of(const struct run_options *o, uint32_t viewers)
{
	return (struct figure){
	        .server = o->server,
	        .load = o->generator.load->name,
	        .port = o->port,
	        .profile = o->profile,
	        .viewers = viewers,
	        .workers = o->generator.workers,
	};
}

void tell(
        const struct run_options *o, uint32_t viewers, const char *name, double value,
        const char *unit
)
{
	struct figure f = case_of(o, viewers);

	f.name = name;
	f.value = value;
	f.unit = unit;
	record_value(o->json, &f);
}

void tell_joins(const struct run_options *o, const struct generator *g, double seconds)
{
	const struct histogram *h = &g->members.join_ns;

	tell(o, g->added, "joins", g->added / seconds, "per s");
	tell(o, g->added, "join, p50", (double)histogram_percentile(h, 0.5) / 1e6, "ms");
	tell(o, g->added, "join, p99", (double)histogram_percentile(h, 0.99) / 1e6, "ms");
}

static double latency_us(const struct generator *g, const struct histogram *h, double share)
{
	return (double)histogram_percentile(h, share) * 1e6 / (double)g->tsc_per_s;
}

static void tell_latency(
        const struct run_options *o, const struct generator *g, uint32_t viewers, const char *which,
        const struct histogram *h
)
{
	static const struct {
		const char *name;
		double share;
	} places[] = {{"p50", 0.5}, {"p99", 0.99}, {"p99.9", 0.999}};
	char name[64];

	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "latency to the %s, %s", which, places[i].name);
		tell(o, viewers, name, latency_us(g, h, places[i].share), "us");
	}
}

void tell_measure(const struct run_options *o, const struct generator *g, const struct measure *m)
{
	uint32_t n = m->viewers;

	tell(o, n, "offered", (double)m->offered / m->seconds, "packets/s");
	tell(o, n, "delivered", (double)m->delivered / m->seconds, "packets/s");
	tell(o, n, "lost", (double)measure_lost(m), "packets");
	tell(o, n, "loss", measure_loss(m) * 1e6, "packets per million");
	tell(o, n, "lost of sound", (double)m->sound_lost, "packets");
	tell(o, n, "left out at most", m->shed, "steps");
	tell(o, n, "subscriptions that received nothing", (double)m->silent, "subscriptions");
	tell(o, n, "duplicates", (double)m->duplicates, "packets");
	tell(o, n, "asked for again", (double)m->nacked, "packets");
	tell(o, n, "sent again", (double)m->resent, "packets");
	tell(o, n, "taken by the host", (double)m->steal_ms, "ms");
	tell(o, n, "worker busy", 100 * m->worker_busy, "%");
	tell(o, n, "core per copy", m->copy_ns, "ns");
	tell_latency(o, g, n, "first copy", &g->stage.latency.first);
	tell_latency(o, g, n, "last copy", &g->stage.latency.last);
	tell_latency(o, g, n, "last copy of sound", &g->stage.latency.sound);
	tell(o, n, "generator busy", 100 * m->generator_busy, "%");
}

// Work of the server per second, as a share of one core.
static double work(const struct measure *m)
{
	return m->worker_busy * m->worker_got;
}

void tell_feedback(
        const struct run_options *o, const struct measure *without, const struct measure *with,
        uint64_t messages
)
{
	const struct measure *a = &without[0], *b = &without[1];
	double copies = (double)(a->delivered + b->delivered) / (a->seconds + b->seconds);
	double share = (work(a) * a->seconds + work(b) * b->seconds) / (a->seconds + b->seconds);
	double sent = (double)with->delivered / with->seconds;
	uint32_t n = with->viewers;

	tell(o, n, "worker busy without feedback, before", 100 * a->worker_busy, "%");
	tell(o, n, "worker busy without feedback, after", 100 * b->worker_busy, "%");
	tell(o, n, "feedback", (double)messages / with->seconds, "messages/s");
	tell(o, n, "feedback's share of a core", 100 * (work(with) - share / copies * sent), "%");
}

void tell_memory(
        const struct run_options *o, const struct generator *g, uint64_t before, uint64_t after
)
{
	double kib = ((double)after - (double)before) / 1024;
	tell(o, g->added, "memory per viewer", kib / g->added, "KiB");
}

struct teller {
	const struct run_options *options;
	uint32_t viewers;
};

static void tell_drop(void *context, const char *name, uint64_t count)
{
	const struct teller *t = context;
	char text[64];

	snprintf(text, sizeof(text), "dropped, joins included: %s", name);
	tell(t->options, t->viewers, text, (double)count, "packets");
}

void tell_drops(const struct run_options *o, const struct generator *g)
{
	struct teller t = {o, g->added};
	g->options.calls->drops(g->server, tell_drop, &t);
}

void tell_notes(const struct run_options *o, const struct generator *g, const struct measure *m)
{
	const struct load *load = o->generator.load;

	printf("Memory is the %s.\n", g->options.calls->memory_counted);
	printf("Fully checked: %lu packets and %lu RTCP packets of %lu viewers in turn.\n",
	       g->sample.packets, g->sample.reports, g->sample.viewers);
	printf("A video frame's packets arrive in one burst, as browsers send them: the last one "
	       "waits for the copies of all the others.\n");
	printf("Viewers send RR with REMB every second, and a NACK once for each gap. %s\n",
	       o->generator.feedback
	               ? "They send transport-wide feedback every 50 ms; packets sent again "
	                 "include probes."
	               : "Copies carry no transport-wide numbers, so there is no such feedback.");
	if (load->voices < load->speakers)
		printf("%u of %u microphones speak at a time, in turn; the others are muted and "
		       "send nothing. This models the choice of the loudest voices.\n",
		       load->voices, load->speakers);
	if (m->unknown > 0)
		printf("%lu subscriptions were not compared, for lack of time.\n", m->unknown);
	if (g->nic.unsent > 0)
		printf("The generator's port refused %lu frames.\n", g->nic.unsent);
	if (m->missed > 0)
		printf("The generator's port lost %lu frames.\n", m->missed);
	if (g->options.calls->polls && m->worker_got < GOT_MIN)
		printf("Other work ran on the workers' cores: the workers had %.0f %% of them.\n",
		       100 * m->worker_got);
	if (!g->options.rests && m->generator_got < GOT_MIN)
		printf("Other work ran on the generator's core: the generator had %.0f %% of it.\n",
		       100 * m->generator_got);
	if (m->worker_busy > MEASURE_FULL)
		printf("The worker's core is the limit.\n");
	else if (m->generator_busy > MEASURE_FULL)
		printf("The generator's core is the limit, not the worker's.\n");
	fflush(stdout);
}

void tell_step_title(void)
{
	printf("%8s %12s %12s %8s %9s %12s %12s %10s\n", "viewers", "packets/s", "lost", "worker",
	       "ns/copy", "first p99", "last p99", "generator");
}

void tell_step(
        const struct run_options *o, const struct generator *g, const struct measure *m,
        uint64_t memory_before
)
{
	const struct source_latency *l = &g->stage.latency;
	double first = latency_us(g, &l->first, 0.99), last = latency_us(g, &l->last, 0.99);
	double sound = latency_us(g, &l->sound, 0.99);
	const struct {
		const char *name, *unit;
		double value;
	} figures[] = {
	        {"offered", "packets/s", (double)m->offered / m->seconds},
	        {"delivered", "packets/s", (double)m->delivered / m->seconds},
	        {"loss", "packets per million", measure_loss(m) * 1e6},
	        {"worker busy", "%", 100 * m->worker_busy},
	        {"core per copy", "ns", m->copy_ns},
	        {"memory per viewer", "KiB",
	         ((double)m->memory - (double)memory_before) / 1024 / m->viewers},
	        {"latency to the first copy, p50", "us", latency_us(g, &l->first, 0.5)},
	        {"latency to the first copy, p99", "us", first},
	        {"latency to the last copy, p50", "us", latency_us(g, &l->last, 0.5)},
	        {"latency to the last copy, p99", "us", last},
	        {"latency to the last copy of sound, p99", "us", sound},
	        {"generator busy", "%", 100 * m->generator_busy},
	};

	printf("%8u %12.0f %12lu %6.1f %% %9.0f %9.0f us %9.0f us %8.1f %%\n", m->viewers,
	       (double)m->delivered / m->seconds, measure_lost(m), 100 * m->worker_busy, m->copy_ns,
	       first, last, 100 * m->generator_busy);
	fflush(stdout);
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
		struct figure f = case_of(o, m->viewers);
		f.name = figures[i].name;
		f.unit = figures[i].unit;
		f.value = figures[i].value;
		record_json(o->json, &f);
	}
}
