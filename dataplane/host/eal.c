#include "host/eal.h"

#include "host/config.h"
#include "host/port.h"

#include "am_log.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mempool.h>

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARG_MAX_COUNT 24
#define ARG_SIZE      512

#define BASE_MB   96 // EAL, drivers, reassembly, the service
#define WORKER_MB 32 // flow table, rings, queues of one worker

// The arguments being built. They live as long as the process, because EAL keeps pointers to some.
struct args {
	int count;
	bool overflow;
	char text[ARG_MAX_COUNT][ARG_SIZE];
	char *argv[ARG_MAX_COUNT + 1];
};

static void add(struct args *, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct args *a, const char *format, ...)
{
	va_list list;

	if (a->count == ARG_MAX_COUNT) {
		a->overflow = true;
		return;
	}
	va_start(list, format);
	int n = vsnprintf(a->text[a->count], ARG_SIZE, format, list);
	va_end(list);
	if (n < 0 || n >= ARG_SIZE)
		a->overflow = true;
	a->argv[a->count] = a->text[a->count];
	a->count++;
}

// Text being built. If it does not fit, it is cut off; len then exceeds the size.
struct text {
	size_t len;
	char bytes[ARG_SIZE];
};

static void append(struct text *, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void append(struct text *t, const char *format, ...)
{
	size_t left = t->len < sizeof(t->bytes) ? sizeof(t->bytes) - t->len : 0;
	va_list list;

	va_start(list, format);
	int n = vsnprintf(t->bytes + sizeof(t->bytes) - left, left, format, list);
	va_end(list);
	t->len += n > 0 ? (size_t)n : 0;
}

// The service's CPUs: this process's except the workers', or all of them if none is left.
static void service_cpus(const struct config *config, const cpu_set_t *ours, cpu_set_t *set)
{
	*set = *ours;
	for (uint16_t i = 0; i < config->worker_count; i++)
		CPU_CLR(config->cores[i], set);
	if (CPU_COUNT(set) == 0)
		*set = *ours;
}

static void append_cpus(struct text *t, const cpu_set_t *set)
{
	const char *comma = "";

	for (int first = 0, last; first < CPU_SETSIZE; first = last + 1) {
		last = first;
		if (!CPU_ISSET(first, set))
			continue;
		while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, set))
			last++;
		append(t, "%s%d-%d", comma, first, last);
		comma = ",";
	}
}

// "0@(2-7),1@c1,2@c2": the service next to the workers, each worker on its own core.
static int add_lcores(struct args *a, const struct config *config)
{
	struct text text = {0};
	cpu_set_t ours, service;

	if (sched_getaffinity(0, sizeof(ours), &ours) < 0)
		return -errno;
	service_cpus(config, &ours, &service);
	append(&text, "%u@(", EAL_SERVICE_LCORE);
	append_cpus(&text, &service);
	append(&text, ")");
	for (uint16_t i = 0; i < config->worker_count; i++) {
		if (!CPU_ISSET(config->cores[i], &ours)) {
			am_error(
			        "eal: a worker's core is not available to us; worker=%u core=%u", i,
			        config->cores[i]
			);
			return -EINVAL;
		}
		append(&text, ",%u@%u", EAL_WORKER_LCORE + i, config->cores[i]);
	}
	if (text.len >= sizeof(text.bytes))
		return -E2BIG;
	add(a, "--lcores=%s", text.bytes);
	add(a, "--main-lcore=%u", EAL_SERVICE_LCORE);
	return 0;
}

static uint64_t pool_bytes(const struct config *config, uint32_t data_room)
{
	const uint64_t page = config->hugepages ? 2 << 20 : 4 << 10;
	struct rte_mempool_objsz size;

	rte_mempool_calc_obj_size(sizeof(struct rte_mbuf) + PORT_MBUF_PRIV + data_room, 0, &size);
	// No buffer crosses a page. Each also takes a pointer in the list of free ones.
	uint64_t pages = config->buffers / (page / size.total_size) + 1;
	return pages * page + config->buffers * 2 * sizeof(void *);
}

static uint64_t memory_mb(const struct config *config)
{
	uint64_t bytes =
	        pool_bytes(config, PORT_MBUF_DATA_ROOM) + pool_bytes(config, PORT_SMALL_DATA_ROOM);

	return (bytes >> 20) + BASE_MB + (uint64_t)WORKER_MB * config->worker_count;
}
static_assert(sizeof(struct rte_mbuf) + PORT_MBUF_PRIV + PORT_MBUF_DATA_ROOM < 4096 - 256);

static uint64_t read_number(const char *path)
{
	unsigned long long value = 0;
	FILE *f = fopen(path, "re");

	if (!f)
		return 0;
	if (fscanf(f, "%llu", &value) != 1)
		value = 0;
	fclose(f);
	return value;
}

// Free hugepages of all sizes, in MB.
static uint64_t hugepages_free_mb(void)
{
	static const char root[] = "/sys/kernel/mm/hugepages";
	uint64_t free_kb = 0;
	DIR *dir = opendir(root);

	if (!dir)
		return 0;
	for (struct dirent *e; (e = readdir(dir)) != NULL;) {
		unsigned long long page_kb;
		char path[512];

		if (sscanf(e->d_name, "hugepages-%llukB", &page_kb) != 1)
			continue;
		snprintf(path, sizeof(path), "%s/%s/free_hugepages", root, e->d_name);
		free_kb += read_number(path) * page_kb;
	}
	closedir(dir);
	return free_kb >> 10;
}

static bool port_is(const char *port, const char *driver)
{
	return strncmp(port, driver, strlen(driver)) == 0;
}

static bool port_has(const char *port, const char *key)
{
	const char *at = strstr(port, key);
	return at && at[-1] == ',' && at[strlen(key)] == '=';
}

// True if the peer maps our packet buffers. Then it gets one file for all our memory, not one per
// page.
static bool memory_is_shared(const char *port)
{
	return port_is(port, "net_virtio_user") ||
	       (port_is(port, "net_memif") && strstr(port, ",zero-copy=yes"));
}

static int check_hugepages(uint64_t want_mb)
{
	uint64_t have_mb = hugepages_free_mb();

	if (have_mb >= want_mb)
		return 0;
	am_error(
	        "eal: too few hugepages, write %llu to /proc/sys/vm/nr_hugepages, or set hugepages "
	        "to false; want_mb=%llu free_mb=%llu",
	        (unsigned long long)(want_mb + 1) / 2, (unsigned long long)want_mb,
	        (unsigned long long)have_mb
	);
	return -ENOMEM;
}

// All memory is taken at the start, so none is missing later, and a peer that maps it sees all of
// it. No memory file has a name, so several processes do not collide.
static int add_memory(struct args *a, const struct config *config)
{
	uint64_t want_mb = memory_mb(config);

	add(a, "--iova-mode=va");
	add(a, "-m");
	add(a, "%llu", (unsigned long long)want_mb);
	if (memory_is_shared(config->port))
		add(a, "--single-file-segments");
	if (!config->hugepages) {
		add(a, "--no-huge");
		add(a, "--no-shconf");
		return 0;
	}
	add(a, "--in-memory");
	return check_hugepages(want_mb);
}

// A virtual device gets one queue per worker, unless the configuration says otherwise.
static void add_device(struct args *a, const struct config *config)
{
	const char *port = config->port;
	const char *queues = port_is(port, "net_af_packet") ? "qpairs"
	                     : port_is(port, "net_af_xdp")  ? "queue_count"
	                     : port_is(port, "net_vhost") || port_is(port, "net_virtio_user")
	                             ? "queues"
	                             : NULL;

	if (strncmp(port, "net_", 4) != 0) {
		add(a, "--allow=%s", port);
		return;
	}
	add(a, "--no-pci");
	if (queues && !port_has(port, queues))
		add(a, "--vdev=%s,%s=%u", port, queues, config->worker_count);
	else
		add(a, "--vdev=%s", port);
}

int eal_start(const struct config *config)
{
	static struct args args;
	int ret;

	args.count = 0;
	add(&args, "amphi-dataplane");
	ret = add_lcores(&args, config);
	if (ret < 0)
		return ret;
	ret = add_memory(&args, config);
	if (ret < 0)
		return ret;
	add_device(&args, config);
	add(&args, "--no-telemetry");
	add(&args, "--log-level=warning");
	add(&args,
	    "--log-level=pmd.net.memif:critical"); // memif would log each call to an absent peer
	if (args.overflow) {
		am_error("eal: arguments too long");
		return -E2BIG;
	}

	if (rte_eal_init(args.count, args.argv) < 0) {
		am_error(
		        "eal: start failed; port=%s error=%s", config->port, rte_strerror(rte_errno)
		);
		return rte_errno > 0 ? -rte_errno : -EIO;
	}
	return 0;
}
