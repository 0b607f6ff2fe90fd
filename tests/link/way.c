#include "way.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "am_clock.h"

#define BATCH 64 // frames of one direction at a time, so that the other one does not wait

int64_t way_now_us(void)
{
	return (int64_t)(am_clock_ns() / 1000);
}

int way_start(struct way *w, int64_t now_us)
{
	w->lane = lane_create(&w->direction.config, now_us);
	return w->lane ? 0 : -errno;
}

void way_stop(struct way *w)
{
	lane_destroy(w->lane, free);
	w->lane = NULL;
	direction_fini(&w->direction);
}

static double seconds(int64_t us)
{
	return (double)us / 1e6;
}

// The bytes that the model counts: those after the Ethernet header.
static uint32_t frame_wire(const struct frame *f)
{
	return f->len > FRAME_ETH ? f->len - FRAME_ETH : 0;
}

int way_receive(struct way *w, int64_t start_us, FILE *log)
{
	static const char *verdicts[] = {[LANE_DROPPED] = "dropped", [LANE_LOST] = "lost"};

	for (int i = 0; i < BATCH; i++) {
		struct frame *f = end_receive(w->from);
		if (!f)
			return end_is_gone(w->from, errno) ? -ENODEV : 0;
		int64_t now = way_now_us();
		uint32_t bytes = frame_wire(f);
		enum lane_verdict v = lane_send(w->lane, now, bytes, f);
		if (v == LANE_ACCEPTED)
			continue;
		free(f);
		if (log)
			fprintf(log, "{\"t\":%.6f,\"way\":\"%s\",\"bytes\":%u,\"end\":\"%s\"}\n",
			        seconds(now - start_us), w->name, bytes, verdicts[v]);
	}
	return 0;
}

void way_send(struct way *w, int64_t start_us, FILE *log)
{
	struct lane_packet p;
	int64_t now = way_now_us();

	for (int i = 0; i < BATCH && lane_take(w->lane, now, &p); i++) {
		end_send(w->to, p.packet);
		now = way_now_us();
		histogram_add(&w->queue_us, (uint64_t)p.queue_us);
		histogram_add(&w->late_us, (uint64_t)(now - p.out_us));
		if (log)
			fprintf(log, "{\"t\":%.6f,\"way\":\"%s\",\"bytes\":%u,\"queue_ms\":%.3f}\n",
			        seconds(p.out_us - start_us), w->name, p.bytes,
			        (double)p.queue_us / 1000);
		if (!p.again)
			free(p.packet);
	}
}

static void times_report(const char *name, const struct histogram *h, FILE *file)
{
	fprintf(file, ",\"%s\":{\"p50\":%.3f,\"p95\":%.3f,\"max\":%.3f}", name,
	        (double)histogram_percentile(h, 0.5) / 1000,
	        (double)histogram_percentile(h, 0.95) / 1000, (double)h->max / 1000);
}

void way_report(struct way *w, FILE *file)
{
	end_count(w->from);
	const struct lane_stats *s = lane_stats(w->lane);
	const struct {
		const char *name;
		uint64_t value;
	} figures[] = {
	        {"in_packets", s->in_packets},
	        {"in_bytes", s->in_bytes},
	        {"out_packets", s->out_packets},
	        {"out_bytes", s->out_bytes},
	        {"dropped_packets", s->dropped_packets},
	        {"dropped_bytes", s->dropped_bytes},
	        {"lost_packets", s->lost_packets},
	        {"lost_bytes", s->lost_bytes},
	        {"duplicates", s->duplicates},
	        {"reordered", s->reordered},
	        {"queue_bytes", lane_queue_bytes(w->lane)},
	        {"inside_packets", lane_inside_packets(w->lane)},
	        {"overrun", w->from->overrun},
	        {"refused", w->to->refused},
	};

	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
		fprintf(file, "%s\"%s\":%" PRIu64, i ? "," : "{", figures[i].name,
		        figures[i].value);
	times_report("queue_ms", &w->queue_us, file);
	times_report("late_ms", &w->late_us, file);
	fputc('}', file);
}
