#include "traces.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "xorshift.h"

#define LINE_BITS (RATE_MTU * 8.0)

// The bits that each millisecond carries, before they become lines.
struct course {
	double *bits;
	uint32_t n;
};

static int course_init(struct course *c, uint32_t duration_ms)
{
	if (duration_ms == 0 || duration_ms > TRACE_MS_MAX)
		return -EINVAL;
	c->n = duration_ms;
	c->bits = calloc(duration_ms, sizeof(*c->bits));
	return c->bits ? 0 : -ENOMEM;
}

static void course_scale(struct course *c, int64_t mean_bit_s)
{
	double sum = 0;

	for (uint32_t i = 0; i < c->n; i++)
		sum += c->bits[i];
	for (uint32_t i = 0; i < c->n && sum > 0; i++)
		c->bits[i] *= (double)mean_bit_s / 1000 * c->n / sum;
}

// Writes a line wherever enough bits have accumulated, and always one at the end, which is the
// period.
static int course_cut(struct course *c, struct trace *t)
{
	double sum = 0, gathered = 0;

	for (uint32_t i = 0; i < c->n; i++)
		sum += c->bits[i];
	double lines = sum / LINE_BITS + 2;
	t->n = 0;
	t->ms = lines <= TRACE_LINES_MAX ? calloc((size_t)lines, sizeof(*t->ms)) : NULL;
	if (!t->ms)
		return lines <= TRACE_LINES_MAX ? -ENOMEM : -EINVAL;
	for (uint32_t i = 0; i < c->n; i++)
		for (gathered += c->bits[i]; gathered >= LINE_BITS && t->n + 1 < lines;
		     gathered -= LINE_BITS)
			t->ms[t->n++] = i + 1;
	if (t->n == 0 || t->ms[t->n - 1] != c->n)
		t->ms[t->n++] = c->n;
	return 0;
}

static int course_finish(struct course *c, struct trace *t)
{
	int ret = course_cut(c, t);

	free(c->bits);
	return ret;
}

int trace_steps(
        struct trace *t, const struct rate_step *steps, uint32_t steps_n, uint32_t duration_ms
)
{
	struct rate rate = {.steps = steps, .steps_n = steps_n};
	struct course c;

	if (steps_n == 0 || !rate_is_valid(&rate)) // unlimited rates would take too many lines
		return -EINVAL;
	int ret = course_init(&c, duration_ms);
	if (ret < 0)
		return ret;
	for (uint32_t i = 0; i < c.n; i++)
		c.bits[i] = (double)rate_earned(&rate, i * INT64_C(1000), (i + 1) * INT64_C(1000)) /
		            1e6;
	return course_finish(&c, t);
}

// Uniformly from low to high.
static double between(struct xorshift *x, double low, double high)
{
	return low + (high - low) * xorshift_share(x);
}

// Time until the next random event, one per `mean` on average.
static double until_next(struct xorshift *x, double mean)
{
	return -mean * log(1 - xorshift_share(x));
}

// Close enough to a normal distribution with variance 1; within ±6.
static double normal(struct xorshift *x)
{
	double sum = -6;

	for (int i = 0; i < 12; i++)
		sum += xorshift_share(x);
	return sum;
}

// The logarithm of the rate does a random walk with a pull back to its mean: a deviation of 0.5,
// forgotten within 2 s.
static void lte_walk(struct course *c, struct xorshift *x)
{
	const double step_ms = 20, memory_ms = 2000, deviation = 0.5;
	double keep = exp(-step_ms / memory_ms), level = deviation * normal(x);

	for (uint32_t i = 0; i < c->n; i++) {
		if (i % (uint32_t)step_ms == 0)
			level = keep * level + deviation * sqrt(1 - keep * keep) * normal(x);
		c->bits[i] = exp(level);
	}
}

// A fade goes down and up again within 100 ms at each end.
static void lte_fades(struct course *c, struct xorshift *x)
{
	const double every_ms = 8000, edge_ms = 100;

	for (double at = until_next(x, every_ms); at < c->n; at += until_next(x, every_ms)) {
		double len = between(x, 300, 2000), depth = log(between(x, 0.01, 0.1));
		for (double i = 0; i < len && at + i < c->n; i++) {
			double edge = fmin(1, fmin(i, len - i) / edge_ms);
			c->bits[(uint32_t)(at + i)] *= exp(depth * edge);
		}
		at += len;
	}
}

static void wifi_bursts(struct course *c, struct xorshift *x)
{
	for (double at = 0; at < c->n;) {
		double gap = 1 + until_next(x, 6);
		c->bits[(uint32_t)at] = gap * between(x, 0.5, 1.5);
		at += gap;
	}
}

static void wifi_stalls(struct course *c, struct xorshift *x)
{
	const double every_ms = 3000;

	for (double at = until_next(x, every_ms); at < c->n; at += until_next(x, every_ms))
		for (double end = at + between(x, 50, 400); at < end && at < c->n; at++)
			c->bits[(uint32_t)at] = 0;
}

// A walk or bursts, then their interruptions.
static int trace_random(
        struct trace *t, int64_t mean_bit_s, uint32_t duration_ms, uint64_t seed,
        void (*course)(struct course *, struct xorshift *),
        void (*gaps)(struct course *, struct xorshift *)
)
{
	struct xorshift x;
	struct course c;

	if (mean_bit_s <= 0 || mean_bit_s > RATE_MAX)
		return -EINVAL;
	int ret = course_init(&c, duration_ms);
	if (ret < 0)
		return ret;
	xorshift_seed(&x, seed, 0);
	course(&c, &x);
	xorshift_seed(&x, seed, 1);
	gaps(&c, &x);
	course_scale(&c, mean_bit_s);
	return course_finish(&c, t);
}

int trace_lte(struct trace *t, int64_t mean_bit_s, uint32_t duration_ms, uint64_t seed)
{
	return trace_random(t, mean_bit_s, duration_ms, seed, lte_walk, lte_fades);
}

int trace_wifi(struct trace *t, int64_t mean_bit_s, uint32_t duration_ms, uint64_t seed)
{
	return trace_random(t, mean_bit_s, duration_ms, seed, wifi_bursts, wifi_stalls);
}

// Files

static int trace_append(struct trace *t, uint32_t *size, uint32_t ms)
{
	if (t->n == *size) {
		uint32_t more = *size ? 2 * *size : 1024;
		uint32_t *grown =
		        more <= 2 * TRACE_LINES_MAX ? realloc(t->ms, more * sizeof(*t->ms)) : NULL;
		if (!grown)
			return -ENOMEM;
		t->ms = grown;
		*size = more;
	}
	t->ms[t->n++] = ms;
	return 0;
}

// The number on a line, or -EINVAL.
static int64_t line_number(const char *text)
{
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	unsigned long value = strtoul(text, &end, 10);
	if (*end == '\r')
		end++;
	if (errno || value > UINT32_MAX || (*end != '\n' && *end != '\0'))
		return -EINVAL;
	return (int64_t)value;
}

int trace_read(struct trace *t, FILE *file, uint32_t *line)
{
	uint32_t size = 0;
	char text[32];
	int ret = 0;

	*t = (struct trace){0};
	for (*line = 1; ret == 0 && fgets(text, sizeof(text), file); (*line)++) {
		int64_t ms = line_number(text);
		if (ms < 0 || (t->n > 0 && ms < t->ms[t->n - 1])) {
			trace_fini(t);
			return -EINVAL;
		}
		ret = trace_append(t, &size, (uint32_t)ms);
	}
	if (ret == 0 && ferror(file))
		ret = -EIO;
	if (ret == 0 && (t->n == 0 || t->ms[t->n - 1] == 0)) {
		*line = 0;
		ret = -EINVAL;
	}
	if (ret < 0)
		trace_fini(t);
	return ret;
}

int trace_write(const struct trace *t, FILE *file)
{
	for (uint32_t i = 0; i < t->n; i++)
		fprintf(file, "%u\n", t->ms[i]);
	return fflush(file) == 0 && !ferror(file) ? 0 : -EIO;
}

void trace_fini(struct trace *t)
{
	free(t->ms);
	*t = (struct trace){0};
}
