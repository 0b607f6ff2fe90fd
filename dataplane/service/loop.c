#include "service/loop.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_mbuf.h>
#include <rte_ring_elem.h>

#include "am_clock.h"
#include "am_link.h"
#include "am_log.h"
#include "path/flow.h"
#include "service/command.h"
#include "service/data.h"
#include "service/dtls.h"
#include "service/fragment.h"
#include "service/mail.h"
#include "service/neighbour.h"
#include "service/newcomers.h"
#include "service/reply.h"
#include "service/send.h"
#include "service/service.h"
#include "service/session.h"
#include "service/source.h"
#include "wire/demux.h"

#define COMMANDS_PER_TURN 256
#define PUNTS_PER_TURN    64 // per worker and kind
#define TICK_NS           20000000ull // for timers of all sessions and neighbours
#define LOG_NS            1000000000ull // between two reports of what the log has left out
#define TRIM_SESSIONS     64
#define TRIM_NS           1000000000ull
#define TRIM_NS_MAX       10000000000ull // while handshakes are in progress
#define WAIT_MS           1 // longest sleep: workers do not wake us, so we poll their rings
#define WAIT_EMPTY_MS     5 // the same while there is no transport
#define OWN_FDS           3 // to poll, besides those of recorders

static void neighbour_send(void *user, const uint8_t *frame, uint16_t len)
{
	service_send_frame(user, 0, frame, len);
}

static void neighbour_changed(void *user, const struct am_address *address, const uint8_t mac[6])
{
	session_hop_changed(user, address, mac);
}

static void header_fill(struct service *s, struct am_region_header *h)
{
	uint8_t n = 0;

	for (uint16_t i = 0; i < s->config->announced_count; i++)
		h->addresses[n++] = s->config->announced[i];
	if (n == 0) {
		if (s->local.ipv4.family)
			h->addresses[n++] = s->local.ipv4;
		if (s->local.ipv6.family)
			h->addresses[n++] = s->local.ipv6;
	}
	h->udp_port = s->config->udp_port;
	memcpy(h->dtls_fingerprint, dtls_context_fingerprint(s->dtls), DTLS_FINGERPRINT_LEN);
	h->drop_count = DROP_COUNT;
	for (int i = 0; i < DROP_COUNT; i++)
		strcpy(h->drop_names[i].name, drop_name((enum drop)i));
	h->buffers = s->config->buffers;
	h->service.pid = (uint32_t)getpid();
}

static void listen_complain(const char *path, int error, const char *setting)
{
	am_error(
	        "service: cannot listen, make the socket's directory, or set %s; path=%s error=%s",
	        setting, path, strerror(-error)
	);
}

// 0 or -errno, logged.
static int sockets_open(struct service *s, const struct am_tap *tap)
{
	const struct config *c = s->config;

	s->listener = am_link_listen(c->socket);
	if (s->listener < 0) {
		listen_complain(c->socket, s->listener, "link.socket");
		return s->listener;
	}
	int ret = tap ? recorders_open(&s->recorders, c->tap_socket, c->tap_uid, tap) : 0;
	if (ret < 0)
		listen_complain(c->tap_socket, ret, "link.tap");
	return ret;
}

int service_init(
        struct service *s, const struct config *config, struct port *port, struct am_region *region,
        struct am_tap *tap, struct worker *workers
)
{
	*s = (struct service){
	        .config = config,
	        .port = port,
	        .port_watch = {.linked = port_is_linked(port)},
	        .local = workers[0].local,
	        .counters = &region->map->counters[AM_COUNTER_SERVICE],
	        .listener = -1,
	        .control = -1,
	        .command_wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
	        .event_wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
	        .now_ns = am_clock_ns(),
	};
	TAILQ_INIT(&s->consenting);
	TAILQ_INIT(&s->shaking);
	places_init(&s->places);
	recorders_init(&s->recorders);
	if (tap)
		s->room_taps.writer.ring = &tap->map->rings[config->worker_count];
	registry_init(&s->registry, region, workers, config->worker_count, reply_handle);
	const struct neighbour_hooks hooks = {neighbour_send, neighbour_changed, s};
	s->flows = flow_table_create("flows_service", SOCKET_ID_ANY);
	s->dtls = dtls_context_create(config->srtp_profiles, (uint8_t)config->srtp_profile_count);
	s->neighbours = neighbour_create(config, &s->local, &hooks);
	s->fragments = fragment_create(port->pool);
	if (s->command_wake < 0 || s->event_wake < 0 || !s->flows || !s->dtls || !s->neighbours ||
	    !s->fragments || srtp_init_library() < 0) {
		am_error("service: out of memory or descriptors");
		service_fini(s);
		return -ENOMEM;
	}
	data_open(s);
	header_fill(s, &region->map->header);
	int ret = sockets_open(s, tap);
	if (ret < 0)
		service_fini(s);
	return ret;
}

static void control_accept(struct service *s)
{
	const struct am_link_fds fds = {
	        .region = s->registry.region->fd,
	        .command_wake = s->command_wake,
	        .event_wake = s->event_wake,
	};

	// Commands of a control plane that died are handled before its successor reads the tables.
	if (s->control < 0) {
		if (command_handle(s, AM_RING_SLOTS) < 0)
			am_error("service: the command ring is corrupt, emptying it");
		am_ring_repair(&s->registry.region->map->commands);
		am_ring_repair(&s->registry.region->map->events);
	}
	int fd = am_link_accept(
	        s->listener, (uint16_t)(s->epoch + 1), s->control >= 0 ? EBUSY : 0, &fds
	);
	if (fd < 0) {
		am_warning(
		        "service: control plane refused; error=%s",
		        fd == -EPROTO ? "its version differs" : strerror(-fd)
		);
		return;
	}
	s->control = fd;
	s->epoch++;
	am_info("service: control plane attached; epoch=%u", s->epoch);
}

static void control_detach(struct service *s, const char *why)
{
	am_warning("service: control plane detached, media continues; reason=%s", why);
	close(s->control);
	s->control = -1;
}

static void control_read(struct service *s)
{
	char byte;

	if (recv(s->control, &byte, 1, MSG_DONTWAIT) <= 0 && errno != EAGAIN)
		control_detach(s, "its connection ended");
}

static void datagram_handle(
        struct service *s, uint16_t worker, const struct packet_view *v, const uint8_t *frame
)
{
	const uint8_t *payload = frame + v->payload_offset;

	switch (demux_class(payload, v->payload_len)) {
	case DEMUX_STUN: session_stun(s, worker, v, payload, v->payload_len); break;
	case DEMUX_DTLS: session_dtls(s, v, payload, v->payload_len); break;
	default: service_count_drop(s, DROP_unknown_class); // fragmented media is not supported
	}
}

static void control_packet_handle(
        struct service *s, uint16_t worker, enum packet_class class, const uint8_t *frame,
        const struct packet_view *v
)
{
	uint8_t reply[2048];

	if (class != PACKET_ICMP && neighbour_receive(s->neighbours, class, frame, v, s->now_ns))
		return;
	size_t len = icmp_answer(
	        &s->icmp, &s->local, frame, v, (int64_t)(s->now_ns / 1000), reply, sizeof(reply)
	);
	if (len)
		service_send_frame(s, worker, reply, (uint16_t)len);
}

// The whole datagram, once its last fragment has come; NULL while it waits or if it was refused.
static struct rte_mbuf *
fragment_take(struct service *s, struct rte_mbuf *m, const struct packet_view *v)
{
	uint64_t refused = fragment_counts(s->fragments)->refused;

	m = fragment_add(s->fragments, m, v, rte_rdtsc());
	if (fragment_counts(s->fragments)->refused != refused)
		service_count_drop(s, DROP_fragment_refused);
	return m;
}

static void punt_handle(struct service *s, uint16_t worker, struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	struct packet_view v;
	enum drop why;
	bool verified = s->port->rx_checksum && port_rx_verified(m);
	enum packet_class class = packet_parse(frame, m->data_len, verified, &s->local, &v, &why);

	switch (class) {
	case PACKET_MEDIA_PORT: datagram_handle(s, worker, &v, frame); break;
	case PACKET_ARP:
	case PACKET_ICMP:
	case PACKET_ICMP6: control_packet_handle(s, worker, class, frame, &v); break;
	case PACKET_FRAGMENT:
		m = fragment_take(s, m, &v);
		if (m) // it is whole now, so it cannot be a fragment again
			punt_handle(s, worker, m);
		return;
	case PACKET_DROP: service_count_drop(s, why); break;
	}
	rte_pktmbuf_free(m);
}

static unsigned punts_of(struct service *s, enum worker_punt kind, unsigned max)
{
	struct message batch[PUNTS_PER_TURN];
	unsigned total = 0;

	for (uint16_t i = 0; i < s->registry.worker_count; i++) {
		unsigned n = rte_ring_sc_dequeue_burst_elem(
		        s->registry.workers[i].punts[kind], batch, sizeof(*batch), max, NULL
		);
		for (unsigned j = 0; j < n; j++)
			punt_handle(s, i, batch[j].object);
		total += n;
	}
	return total;
}

// Packets from proven sources first; while there are many of them, only a few of the others.
static unsigned punts_handle(struct service *s)
{
	unsigned total = punts_of(s, PUNT_KNOWN, PUNTS_PER_TURN);
	unsigned max = total > PUNTS_PER_TURN / 2 ? PUNTS_PER_TURN / 8 : PUNTS_PER_TURN;

	for (enum worker_punt kind = PUNT_KNOWN + 1; kind < PUNT_COUNT; kind++)
		total += punts_of(s, kind, max);
	return total;
}

// After many joins or leaves, the heap is full of holes of several pages each. Trimming takes 3 ms
// for a thousand of them, so it waits for a quiet moment.
static void memory_trim(struct service *s)
{
	uint64_t pause_ns = TAILQ_EMPTY(&s->shaking) ? TRIM_NS : TRIM_NS_MAX;

	if (s->trim_count < TRIM_SESSIONS || s->now_ns - s->trimmed_ns < pause_ns)
		return;
	malloc_trim(0);
	s->trim_count = 0;
	s->trimmed_ns = s->now_ns;
}

// Ends what is kept for viewers who have not come, and checks which encodings viewers wish for.
static void viewers_look(struct service *s)
{
	int64_t now_us = (int64_t)(s->now_ns / 1000);

	if (now_us - s->looked_us < NEWCOMERS_LOOK_US)
		return;
	s->looked_us = now_us;
	newcomers_look(&s->registry);
	source_look_all(&s->registry, now_us);
}

static void tick(struct service *s)
{
	if (s->now_ns - s->ticked_ns < TICK_NS)
		return;
	s->ticked_ns = s->now_ns;
	session_tick_all(s);
	viewers_look(s);
	data_tick(s);
	neighbour_tick(s->neighbours, s->now_ns);
	fragment_expire(s->fragments, rte_rdtsc());
	memory_trim(s);
	recorders_tick(&s->recorders, s->now_ns);
	atomic_store_explicit(
	        &s->registry.region->map->header.buffers_in_use,
	        rte_mempool_in_use_count(s->port->pool), memory_order_relaxed
	);
	port_watch_tick(&s->port_watch, s->port, &s->registry, s->now_ns);
	am_lifecycle_beat(&s->registry.region->map->header.service, s->now_ns);
	if (s->now_ns - s->log_ns >= LOG_NS) {
		am_log_flush();
		s->log_ns = s->now_ns;
	}
}

// Wakes the control plane if there are new events. Only this thread may do that, since writing to
// an eventfd is a system call.
static void events_wake(struct service *s, uint32_t *head)
{
	const struct am_ring *events = &s->registry.region->map->events;
	uint32_t now = atomic_load_explicit(&events->head, memory_order_relaxed);
	const uint64_t one = 1;

	if (now == *head)
		return;
	*head = now;
	if (write(s->event_wake, &one, sizeof(one)) < 0 && errno != EAGAIN)
		am_error("service: cannot wake the control plane; error=%s", strerror(errno));
}

static void wait_for_work(struct service *s, bool busy)
{
	struct pollfd fds[OWN_FDS + RECORDERS_FDS] = {
	        {.fd = s->command_wake, .events = POLLIN},
	        {.fd = s->listener, .events = POLLIN},
	        {.fd = s->control, .events = POLLIN}, // -1: ignored
	};
	int timeout_ms = s->registry.session_count ? WAIT_MS : WAIT_EMPTY_MS;
	uint64_t count;

	recorders_poll(&s->recorders, fds + OWN_FDS);
	if (poll(fds, OWN_FDS + RECORDERS_FDS, busy ? 0 : timeout_ms) <= 0)
		return;
	if (fds[0].revents && read(s->command_wake, &count, sizeof(count)) < 0 && errno != EAGAIN)
		am_error("service: cannot read the wake for commands; error=%s", strerror(errno));
	if (fds[2].revents)
		control_read(s);
	if (fds[1].revents)
		control_accept(s);
	recorders_serve(&s->recorders, fds + OWN_FDS, s->now_ns);
}

void service_run(struct service *s, const volatile bool *stop)
{
	struct am_lifecycle *lifecycle = &s->registry.region->map->header.service;
	uint32_t events_head = 0;
	bool busy = false;

	am_lifecycle_set(lifecycle, AM_LIFECYCLE_RUN);
	neighbour_announce(s->neighbours, s->now_ns);
	while (!*stop) {
		wait_for_work(s, busy);
		s->now_ns = am_clock_ns();
		int commands = s->control >= 0 ? command_handle(s, COMMANDS_PER_TURN) : 0;
		if (commands < 0) {
			control_detach(s, "its command ring is corrupt");
			commands = 0;
		}
		busy = punts_handle(s) + mail_collect(&s->registry) + (unsigned)commands +
		               data_pump(s) >
		       0;
		tick(s);
		events_wake(s, &events_head);
	}
	am_log_flush();
	am_lifecycle_set(lifecycle, AM_LIFECYCLE_HALT);
}

// Ends all sessions; the workers have returned.
static void sessions_end(struct service *s)
{
	struct registry *r = &s->registry;

	r->workers_returned = true;
	while (!TAILQ_EMPTY(&r->all)) {
		session_close(s, TAILQ_FIRST(&r->all));
		mail_drain(r);
	}
}

static void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void service_fini(struct service *s)
{
	sessions_end(s);
	if (s->listener >= 0)
		unlink(s->config->socket);
	if (s->recorders.listener >= 0)
		unlink(s->config->tap_socket);
	recorders_close(&s->recorders);
	fd_close(&s->listener);
	fd_close(&s->control);
	fd_close(&s->command_wake);
	fd_close(&s->event_wake);
	data_close(s);
	if (s->fragments)
		fragment_destroy(s->fragments);
	if (s->neighbours)
		neighbour_destroy(s->neighbours);
	if (s->dtls)
		dtls_context_destroy(s->dtls);
	if (s->flows)
		flow_table_destroy(s->flows);
}
