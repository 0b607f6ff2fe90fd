// amphi-dataplane: start and stop, in order.
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <rte_launch.h>
#include <rte_lcore.h>

#include "am_log.h"
#include "am_tap.h"
#include "host/config.h"
#include "host/eal.h"
#include "path/loop.h"
#include "service/loop.h"
#include "service/service.h"
#include "service/workers.h"

static volatile bool stop;

static void on_signal(int signal)
{
	(void)signal;
	stop = true;
}

static void local_fill(struct packet_local *l, const struct config *c, const struct port *p)
{
	memcpy(l->mac, p->mac, sizeof(l->mac));
	l->vlan = c->vlan;
	l->udp_port = c->udp_port;
	l->ipv4 = c->ipv4.address;
	l->ipv6 = c->ipv6.address;
}

static int workers_init(
        struct worker *workers, const struct config *c, const struct port *port,
        struct am_region *region, struct am_tap *tap
)
{
	for (uint16_t i = 0; i < c->worker_count; i++) {
		struct worker *w = &workers[i];
		int ret = worker_init(w, i, c->worker_count, port, c->idle == CONFIG_IDLE_ADAPTIVE);
		if (ret < 0)
			return ret;
		w->workers = workers;
		w->adapts = c->adapt;
		w->port_stopped = !port->started;
		w->publisher_packets_per_s = c->publisher_packets_per_s;
		w->publisher_bytes_per_s = c->publisher_mbit_per_s * (1000000 / 8);
		w->counters = &region->map->counters[i];
		w->gauges = &region->map->gauges;
		w->figures = &region->map->figures;
		w->lifecycle = &region->map->header.workers[i];
		w->tap.ring = tap ? &tap->map->rings[i] : NULL;
		local_fill(&w->local, c, port);
	}
	return 0;
}

static int
serve(const struct config *c, struct port *port, struct am_region *region, struct am_tap *tap)
{
	static struct worker workers[AM_WORKER_MAX];
	static struct service service;

	int ret = workers_init(workers, c, port, region, tap);
	if (ret < 0)
		goto fini_workers;
	ret = service_init(&service, c, port, region, tap, workers);
	if (ret < 0)
		goto fini_workers;
	for (uint16_t i = 0; i < c->worker_count; i++)
		rte_eal_remote_launch(worker_run, &workers[i], EAL_WORKER_LCORE + i);
	am_info("dataplane: running; workers=%u udp_port=%u", c->worker_count, c->udp_port);

	service_run(&service, &stop);
	worker_stop_all();
	rte_eal_mp_wait_lcore();
	service_fini(&service);

fini_workers:
	for (uint16_t i = 0; i < c->worker_count; i++)
		worker_fini(&workers[i]);
	return ret;
}

static int run(const struct config *c)
{
	struct port port;
	struct am_region region;
	struct am_tap tap = {.fd = -1};

	// EAL is never shut down, because its interrupt thread would access memory that is gone.
	int ret = eal_start(c);
	if (ret < 0)
		return ret;
	ret = port_open(&port, c);
	if (ret < 0)
		return ret;
	ret = am_region_new(&region, c->worker_count);
	if (ret < 0) {
		am_error("dataplane: no memory for the shared region; error=%s", strerror(-ret));
		goto close_port;
	}
	if (c->tap)
		ret = am_tap_new(&tap, c->worker_count, region.map->header.generation);
	if (ret < 0) {
		am_error(
		        "dataplane: no memory for the tap, set dataplane.tap to \"off\"; error=%s",
		        strerror(-ret)
		);
		goto leave_region;
	}
	ret = serve(c, &port, &region, c->tap ? &tap : NULL);
	am_tap_leave(&tap);
leave_region:
	am_region_leave(&region);
close_port:
	port_close(&port);
	return ret;
}

static const char usage[] = "usage: amphi-dataplane -c FILE\n"
                            "  -c, --config FILE  configuration file, such as shared/amphi.conf\n"
                            "  -h, --help         this text\n";

int main(int argc, char **argv)
{
	static const struct option options[] = {
	        {"config", required_argument, NULL, 'c'},
	        {"help", no_argument, NULL, 'h'},
	        {},
	};
	static struct config config;
	const char *path = NULL;
	char error[512];
	int option;

	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		if (option == 'c') {
			path = optarg;
			continue;
		}
		fputs(usage, option == 'h' ? stdout : stderr);
		return option == 'h' ? 0 : 2;
	}
	if (!path || optind != argc) {
		fputs(usage, stderr);
		return 2;
	}
	if (config_read(path, &config, error, sizeof(error)) < 0) {
		fprintf(stderr, "amphi-dataplane: %s\n", error);
		return 2;
	}
	am_log_level = config.log_level;
	const struct sigaction action = {.sa_handler = on_signal};
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN); // there is nothing to reload
	return run(&config) < 0 ? 1 : 0;
}
