// The memory that one viewer of a webinar takes, by the stages of its join. The data plane's
// service thread and worker run in this process, the clients of real handshakes in another.
#include "memory_clients.h"
#include "record.h"

#include "am_region.h"
#include "host/config.h"
#include "path/inbox.h"
#include "path/worker.h"
#include "service/command.h"
#include "service/loop.h"
#include "service/mail.h"
#include "service/service.h"
#include "service/session.h"
#include "service/workers.h"
#include "wire/packet.h"

#include <errno.h>
#include <malloc.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mbuf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define VIEWERS_MAX   20000
#define SPEAKERS      20 // their transports have the first slots; viewer i has slot SPEAKERS + i
#define TRACKS        (2 * SPEAKERS) // their audio and video
#define ROOM          1
#define BUFFERS       4096
#define KEPT_MAX      2 // datagrams in one flight of the server
#define PORT_BASE     10000
#define CLIENT_ROUNDS 3 // flights that end a handshake

static const uint8_t router_mac[6] = {2, 0, 0, 0, 0, 1};

// Datagrams that the server has sent to a viewer, which has not received them yet.
struct kept {
	uint16_t count;
	uint16_t len[KEPT_MAX];
	uint8_t bytes[KEPT_MAX][CLIENTS_DATAGRAM_MAX];
};

struct bench {
	uint32_t viewers;
	struct config config;
	struct port port;
	struct am_region region;
	struct worker *worker;
	struct service service;
	struct clients *clients;
	struct kept *kept; // by viewer
	uint32_t sequence;
	uint32_t refused; // commands
	FILE *json;
};

// Bytes in use: allocated by malloc, and resident in this process, shared pages included.
struct usage {
	size_t heap;
	size_t resident;
};

static struct usage usage_now(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f) {
		if (fscanf(f, "%*u %lu", &pages) != 1)
			pages = 0;
		fclose(f);
	}
	struct mallinfo2 m = mallinfo2();
	return (struct usage){m.uordblks + m.hblkhd, pages * (size_t)sysconf(_SC_PAGESIZE)};
}

static int eal_begin(void)
{
	char *argv[] = {"bench-memory", "--no-huge",      "-m",
	                "256",          "--no-pci",       "--no-telemetry",
	                "--no-shconf",  "--iova-mode=va", "--log-level=critical"};

	return rte_eal_init((int)(sizeof(argv) / sizeof(argv[0])), argv) < 0 ? -rte_errno : 0;
}

static void config_fill(struct config *c)
{
	*c = (struct config){
	        .worker_count = 1,
	        .buffers = BUFFERS,
	        .ipv4 =
	                {{.family = 4, .bytes = {198, 18, 0, 2}},
	                 {.family = 4, .bytes = {198, 18, 0, 1}},
	                 24},
	        .udp_port = 40000,
	        .srtp_profile_count = 1,
	        .srtp_profiles = {SRTP_PROFILE_AEAD_AES_128_GCM},
	};
	snprintf(c->socket, sizeof(c->socket), "/tmp/amphi-bench-memory-%d", getpid());
}

// The data plane without a port: frames that the worker sends stay in its queue.
static int dataplane_begin(struct bench *b)
{
	config_fill(&b->config);
	b->port = (struct port
	){.queues = 1, .mac = {2, 0, 0, 0, 0, 8}, .mtu = 1500, .frame_max = 1514};
	b->port.pool = rte_pktmbuf_pool_create(
	        "bench", BUFFERS, 0, PORT_MBUF_PRIV, PORT_MBUF_DATA_ROOM, SOCKET_ID_ANY
	);
	b->port.small_pool = rte_pktmbuf_pool_create(
	        "small", BUFFERS, 0, PORT_MBUF_PRIV, PORT_SMALL_DATA_ROOM, SOCKET_ID_ANY
	);
	b->worker = aligned_alloc(64, (sizeof(*b->worker) + 63) / 64 * 64);
	if (!b->port.pool || !b->port.small_pool || !b->worker)
		return -ENOMEM;
	int ret = am_region_new(&b->region, 1);
	if (ret == 0)
		ret = worker_init(b->worker, 0, 1, &b->port, false);
	if (ret < 0)
		return ret;
	struct worker *w = b->worker;
	w->workers = w;
	w->port_stopped = true;
	w->counters = &b->region.map->counters[0];
	w->gauges = &b->region.map->gauges;
	w->figures = &b->region.map->figures;
	w->lifecycle = &b->region.map->header.workers[0];
	memcpy(w->local.mac, b->port.mac, 6);
	w->local.udp_port = b->config.udp_port;
	w->local.ipv4 = b->config.ipv4.address;
	return service_init(&b->service, &b->config, &b->port, &b->region, NULL, w);
}

static void viewer_ip(uint32_t viewer, uint8_t ip[16])
{
	const uint8_t bytes[16] = {198, 19, (uint8_t)(viewer >> 8), (uint8_t)viewer};
	memcpy(ip, bytes, sizeof(bytes));
}

// Keeps the payload of a frame to a viewer.
static void frame_keep(struct bench *b, const struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t viewer = (uint32_t)frame[32] << 8 | frame[33];
	size_t len = m->data_len - 42u;

	if (m->data_len < 42 || frame[12] != 8 || frame[13] != 0 || viewer >= b->viewers)
		return;
	struct kept *k = &b->kept[viewer];
	if (k->count == KEPT_MAX || len > CLIENTS_DATAGRAM_MAX)
		return;
	memcpy(k->bytes[k->count], frame + 42, len);
	k->len[k->count++] = (uint16_t)len;
}

// Runs the worker and the service thread for a turn.
static void turn(struct bench *b)
{
	struct tx *tx = &b->worker->tx;

	inbox_service(b->worker, WORKER_INBOX);
	while (tx->tail != tx->head) {
		struct rte_mbuf *m = tx->queue[tx->tail++ % TX_QUEUE];
		frame_keep(b, m);
		rte_pktmbuf_free(m);
	}
	mail_collect(&b->service.registry);
}

// Takes a datagram from a client.
static void datagram_arrives(void *context, uint32_t viewer, const uint8_t *datagram, size_t len)
{
	struct bench *b = context;
	struct packet_view v = {
	        .src_mac = router_mac,
	        .src_port = (uint16_t)(PORT_BASE + viewer),
	        .dst_port = b->config.udp_port,
	        .payload_len = (uint16_t)len,
	        .family = 4,
	};

	viewer_ip(viewer, v.src);
	if (datagram[0] < 4)
		session_stun(&b->service, 0, &v, datagram, len);
	else
		session_dtls(&b->service, &v, datagram, len);
	turn(b);
}

static int kept_deliver(struct bench *b, uint32_t viewer)
{
	struct kept k = b->kept[viewer];
	int ret = 0;

	b->kept[viewer].count = 0;
	for (uint16_t i = 0; i < k.count && ret == 0; i++)
		ret = clients_give(b->clients, viewer, k.bytes[i], k.len[i]);
	return ret;
}

// Sends a command like the control plane, and takes the acknowledgement.
static void command(struct bench *b, struct am_msg *m)
{
	struct am_msg event;

	m->sequence = ++b->sequence;
	if (am_ring_push(&b->region.map->commands, m) < 0 || command_handle(&b->service, 1) != 1)
		b->refused++;
	while (am_ring_pop(&b->region.map->events, &event) == 1) {
		if (event.type == AM_EVENT_ACK && event.ack.result < 0)
			b->refused++;
	}
	turn(b);
}

static am_id transport_id(uint32_t slot)
{
	return am_id_make(slot, 1);
}

static void transport_add(struct bench *b, uint32_t slot)
{
	struct am_msg m = {.type = AM_CMD_TRANSPORT_ADD};
	struct am_cmd_transport_add *t = &m.transport_add;

	t->transport_id = transport_id(slot);
	t->room_id = ROOM;
	memset(t->ufrag, 'u', sizeof(t->ufrag));
	memset(t->pwd, 'p', sizeof(t->pwd));
	am_ufrag_set_slot(t->ufrag, slot);
	command(b, &m);
}

static void track_add(struct bench *b, uint32_t i)
{
	bool video = i % 2;
	struct am_msg m = {
	        .type = AM_CMD_TRACK_ADD,
	        .track_add =
	                {
	                        .track_id = am_id_make(i, 1),
	                        .transport_id = transport_id(i / 2),
	                        .clock_rate = video ? 90000 : 48000,
	                        .codec = video ? AM_CODEC_VP8 : AM_CODEC_OPUS,
	                        .payload_type = 96,
	                        .room_payload_type = video ? 101 : 100,
	                        .encoding_count = 1,
	                        .encodings = {{.ssrc = 1000 + i}},
	                },
	};
	command(b, &m);
}

static void viewer_add(struct bench *b, uint32_t viewer)
{
	struct am_msg m = {.type = AM_CMD_TRANSPORT_CONNECT};

	transport_add(b, SPEAKERS + viewer);
	m.transport_connect.transport_id = transport_id(SPEAKERS + viewer);
	memcpy(m.transport_connect.fingerprint.bytes, clients_fingerprint(b->clients), 32);
	command(b, &m);
}

static void viewer_subscribe(struct bench *b, uint32_t viewer)
{
	for (uint32_t i = 0; i < TRACKS; i++) {
		uint32_t slot = viewer * TRACKS + i;
		struct am_msg m = {
		        .type = AM_CMD_SUBSCRIPTION_ADD,
		        .subscription_add =
		                {
		                        .subscription_id = am_id_make(slot, 1),
		                        .track_id = am_id_make(i, 1),
		                        .transport_id = transport_id(SPEAKERS + viewer),
		                        .ssrc = 1000000 + 2 * slot,
		                        .rtx_ssrc = i % 2 ? 1000001 + 2 * slot : 0,
		                        .mid = "1",
		                },
		};
		command(b, &m);
	}
}

static void viewer_check(struct bench *b, uint32_t viewer)
{
	char ufrag[AM_UFRAG_LEN + 1], pwd[AM_PWD_LEN + 1];

	memset(ufrag, 'u', sizeof(ufrag));
	memset(pwd, 'p', sizeof(pwd));
	am_ufrag_set_slot(ufrag, SPEAKERS + viewer);
	ufrag[AM_UFRAG_LEN] = pwd[AM_PWD_LEN] = '\0';
	if (clients_open(b->clients, viewer, ufrag, pwd) < 0)
		b->refused++;
}

// Gives the client the answer to its check, after which it sends its ClientHello.
static void viewer_hello(struct bench *b, uint32_t viewer)
{
	if (kept_deliver(b, viewer) < 0)
		b->refused++;
}

static void viewer_finish(struct bench *b, uint32_t viewer)
{
	struct am_transport_state *state = &b->region.map->transports[SPEAKERS + viewer];

	for (int i = 0; i < CLIENT_ROUNDS && b->kept[viewer].count > 0; i++) {
		if (kept_deliver(b, viewer) < 0)
			b->refused++;
	}
	if (state->dtls != AM_DTLS_CONNECTED)
		b->refused++;
}

static void viewer_remove(struct bench *b, uint32_t viewer)
{
	struct am_msg m = {
	        .type = AM_CMD_TRANSPORT_REMOVE, .id = {.id = transport_id(SPEAKERS + viewer)}};
	command(b, &m);
}

static const struct stage {
	const char *name;
	void (*run)(struct bench *, uint32_t viewer);
} stages[] = {
        {"transport added", viewer_add},   {"40 subscriptions added", viewer_subscribe},
        {"first ICE check", viewer_check}, {"ClientHello", viewer_hello},
        {"handshake done", viewer_finish}, {"removed", viewer_remove},
};

// The first viewer creates the fan-outs. Then all existing pages of rings and tables are made
// resident: they do not count for a viewer.
static void warm_up(struct bench *b)
{
	for (uint32_t i = 0; i < SPEAKERS; i++)
		transport_add(b, i);
	for (uint32_t i = 0; i < TRACKS; i++)
		track_add(b, i);
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]) - 1; i++)
		stages[i].run(b, 0);
	if (mlockall(MCL_CURRENT) < 0)
		record_missing(b->json, "resident", "", "no right to lock memory");
	munlockall();
}

static void
tell(struct bench *b, const char *kind, const char *name, const char *unit, double value)
{
	char text[64];

	snprintf(text, sizeof(text), "%s: %s", kind, name);
	record(b->json, &(struct figure){
	                        .name = text,
	                        .unit = unit,
	                        .load = "webinar",
	                        .profile = "gcm",
	                        .viewers = b->viewers - 1,
	                        .value = value,
	                });
}

// Measures, after each stage, the total that a viewer costs so far, and the CPU time of the stage.
// The data plane returns free pages after a storm, so that is also done before each measurement.
static void measure(struct bench *b)
{
	struct usage base = usage_now();
	double n = b->viewers - 1;

	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
		uint64_t start = thread_time_ns();
		for (uint32_t viewer = 1; viewer < b->viewers; viewer++)
			stages[i].run(b, viewer);
		double ns = (double)(thread_time_ns() - start);
		malloc_trim(0);
		struct usage now = usage_now();
		tell(b, "heap", stages[i].name, "B", ((double)now.heap - (double)base.heap) / n);
		tell(b, "resident", stages[i].name, "B",
		     ((double)now.resident - (double)base.resident) / n);
		tell(b, "time", stages[i].name, "us", ns / n / 1000);
	}
	tell(b, "tables", "in the region", "B",
	     sizeof(struct am_transport_state) + sizeof(struct am_transport_figures) +
	             TRACKS * (sizeof(struct am_subscription_state) +
	                       sizeof(struct am_subscription_figures)));
}

int main(int argc, char **argv)
{
	static struct bench b;

	if (argc != 3 || atoi(argv[2]) < 2 || atoi(argv[2]) > VIEWERS_MAX) {
		fprintf(stderr, "usage: bench-memory FILE VIEWERS\n");
		return 2;
	}
	b.viewers = (uint32_t)atoi(argv[2]) + 1;
	b.json = fopen(argv[1], "ae");
	b.clients = b.json ? clients_start(b.viewers, datagram_arrives, &b) : NULL;
	b.kept = calloc(b.viewers, sizeof(*b.kept));
	int ret = b.clients && b.kept ? eal_begin() : -EIO;
	if (ret == 0)
		ret = dataplane_begin(&b);
	if (ret < 0) {
		fprintf(stderr, "bench: %s\n", strerror(-ret));
		return 1;
	}
	warm_up(&b);
	measure(&b);
	viewer_remove(&b, 0);
	clients_stop(b.clients);
	service_fini(&b.service);
	fclose(b.json);
	if (b.refused > 0)
		fprintf(stderr, "bench: %u steps failed\n", b.refused);
	return b.refused > 0 ? 1 : 0;
}
