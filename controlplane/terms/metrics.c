#include "terms/metrics.h"

#include <stdio.h>

#define LAYERS AM_ENCODING_MAX // counted apart

static struct {
	uint64_t value[METRIC_COUNT];
	uint64_t responses[METRICS_STATUS_CLASSES];
	uint64_t refusals[REFUSAL_COUNT];
	uint64_t pictures[LAYERS + 1][AM_LIMIT_COUNT]; // the last index: nothing is sent
	struct {
		uint64_t buckets[METRICS_BOUNDS_MAX + 1]; // the last index: above all bounds
		double sum;
	} histograms[HISTOGRAM_COUNT];
} counts;

static const struct {
	const char *name, *help;
	double bounds[METRICS_BOUNDS_MAX]; // ascending; the rest is 0
} histograms[] = {
#define HISTOGRAM_ROW(key, name, help, ...) {name, help, __VA_ARGS__},
        METRICS_HISTOGRAMS(HISTOGRAM_ROW)
#undef HISTOGRAM_ROW
};

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

void metric_count_picture(uint8_t layer, enum am_limit limit)
{
	uint8_t row = layer == AM_LAYER_NONE ? LAYERS : layer < LAYERS ? layer : LAYERS - 1;

	if (limit < AM_LIMIT_COUNT)
		counts.pictures[row][limit]++;
}

static int bound_count(enum histogram h)
{
	int n = 1;

	while (n < METRICS_BOUNDS_MAX && histograms[h].bounds[n] > 0)
		n++;
	return n;
}

void metric_observe(enum histogram h, double value)
{
	int i = 0, n = bound_count(h);

	while (i < n && value > histograms[h].bounds[i])
		i++;
	counts.histograms[h].buckets[i]++;
	counts.histograms[h].sum += value;
}

void metric_head(FILE *f, const char *name, const char *type, const char *help)
{
	fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metric_gauge(FILE *f, const char *name, const char *help, double value)
{
	metric_head(f, name, "gauge", help);
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
		metric_head(f, rows[i].name, "counter", rows[i].help);
		fprintf(f, "%s %llu\n", rows[i].name, (unsigned long long)counts.value[i]);
	}
	metric_head(
	        f, "amphi_controlplane_http_responses_total", "counter",
	        "HTTP responses by status class"
	);
	for (int i = 1; i < METRICS_STATUS_CLASSES; i++)
		fprintf(f, "amphi_controlplane_http_responses_total{code=\"%dxx\"} %llu\n", i,
		        (unsigned long long)counts.responses[i]);
}

static void distributions(FILE *f)
{
	for (int h = 0; h < HISTOGRAM_COUNT; h++) {
		const char *name = histograms[h].name;
		unsigned long long sum = 0;
		int n = bound_count((enum histogram)h);
		metric_head(f, name, "histogram", histograms[h].help);
		for (int i = 0; i <= n; i++) {
			sum += counts.histograms[h].buckets[i];
			if (i < n)
				fprintf(f, "%s_bucket{le=\"%.15g\"} %llu\n", name,
				        histograms[h].bounds[i], sum);
		}
		fprintf(f, "%s_bucket{le=\"+Inf\"} %llu\n%s_sum %.15g\n%s_count %llu\n", name, sum,
		        name, counts.histograms[h].sum, name, sum);
	}
}

static void refusals(FILE *f)
{
	metric_head(
	        f, "amphi_controlplane_refusals_total", "counter",
	        "Peers that were not let in, by reason"
	);
	for (int i = REFUSAL_NONE + 1; i < REFUSAL_COUNT; i++)
		fprintf(f, "amphi_controlplane_refusals_total{reason=\"%s\"} %llu\n",
		        refusal_code((enum refusal)i), (unsigned long long)counts.refusals[i]);
}

static void pictures(FILE *f)
{
	metric_head(
	        f, "amphi_viewer_pictures_total", "counter",
	        "Viewers' videos, each counted every two seconds: which layer was sent, 0 being "
	        "the smallest, and why no larger one"
	);
	for (int layer = 0; layer <= LAYERS; layer++) {
		for (int limit = 0; limit < AM_LIMIT_COUNT; limit++) {
			const char *why = am_limit_name((enum am_limit)limit);
			char name[12] = "none";
			if (layer < LAYERS)
				snprintf(name, sizeof(name), "%d", layer);
			fprintf(f,
			        "amphi_viewer_pictures_total{layer=\"%s\",limited_by=\"%s\"} "
			        "%llu\n",
			        name, why ? why : "nothing",
			        (unsigned long long)counts.pictures[layer][limit]);
		}
	}
}

void metrics_print(FILE *f)
{
	own_counters(f);
	refusals(f);
	pictures(f);
	distributions(f);
}
