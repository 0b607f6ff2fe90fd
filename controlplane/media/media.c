#include "media/media.h"

#include "base/loop.h"
#include "base/memory.h"
#include "media/ids.h"
#include "media/inner.h"
#include "media/link.h"
#include "media/region.h"

#include "am_link.h"
#include "am_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define TICK_MS      100 // between checks for events whose wake-up was missed
#define PENDING_MAX  65536 // commands whose acknowledgement is awaited; power of two
#define OVERFLOW_MAX 65536 // commands that wait for room in the ring
#define DRAIN_MAX    1024 // events in one turn: each may be a message to a page
#define ANSWERS_MAX                                                                                \
	(AM_RING_SLOTS / 2                                                                         \
	) // commands without an answer: the other half of the event ring is for other events

enum media_state {
	MEDIA_DOWN,
	MEDIA_JOINING,
	MEDIA_UP,
};

struct pending {
	uint32_t sequence;
	uint16_t type; // of the command, AM_MSG_NONE: unused
	media_done *done;
	void *owner;
	struct media_call call;
	uint64_t deadline_ms;
};

struct media {
	struct loop *loop;
	const struct media_events *events;
	enum media_state state;
	struct media_link *link;
	struct loop_source connection;
	struct loop_source event_wake;
	int command_wake;
	struct am_region region;
	uint16_t epoch;
	struct media_info info;
	struct loop_timer tick;
	struct loop_hook hook;
	struct ids ids[MEDIA_TABLE_COUNT];
	uint64_t events_lost; // value at the last check
	uint64_t garbage; // messages that failed their check
	bool wake_due; // commands were pushed since the data plane was last woken
	uint32_t sequence; // of the next command
	uint32_t oldest; // no command before this one is pending
	uint32_t answered; // all commands before this one are answered; answers come in order
	bool answers_lost; // since the last answer; the next one may be the barrier's
	struct pending *pending; // by sequence
	struct am_msg *overflow; // ring buffer of OVERFLOW_MAX, allocated when first needed
	uint32_t overflow_first, overflow_count;
};

static const uint32_t table_slots[MEDIA_TABLE_COUNT] = {
        AM_TRANSPORT_MAX, AM_TRACK_MAX, AM_SUBSCRIPTION_MAX};

bool media_is_up(const struct media *m)
{
	return m->state == MEDIA_UP;
}

const struct media_info *media_info(const struct media *m)
{
	return &m->info;
}

const struct am_region_layout *media_map(const struct media *m)
{
	return m->region.map;
}

am_id media_id_new(struct media *m, enum media_table table)
{
	return m->state == MEDIA_UP ? ids_new(&m->ids[table]) : 0;
}

void media_id_free(struct media *m, enum media_table table, am_id id)
{
	ids_free(&m->ids[table], id);
}

static void disconnect(struct media *m);

static void pending_finish(struct media *m, struct pending *p, int result)
{
	struct pending done = *p;

	p->type = AM_MSG_NONE; // comes first, since done may send commands
	if (result < 0 && m->state == MEDIA_UP)
		am_warning(
		        "media: refused; command=%s id=%llx error=%s", am_msg_name(done.type),
		        (unsigned long long)done.call.id, strerror(-result)
		);
	done.done(done.owner, &done.call, result);
}

// How many commands have no answer yet: those in the ring and those that are done.
static uint32_t answers_due(const struct media *m)
{
	return m->sequence - m->overflow_count - m->answered;
}

// Sends a command or queues it; -ENOBUFS if too many wait already. The ring receives no more
// commands than the event ring is sure to have room for their answers.
static int push(struct media *m, const struct am_msg *msg)
{
	m->wake_due = true;
	if (m->overflow_count == 0 && answers_due(m) < ANSWERS_MAX) {
		int ret = am_ring_push(&m->region.map->commands, msg);
		if (ret != -ENOSPC)
			return ret;
	}
	if (m->overflow_count == OVERFLOW_MAX)
		return -ENOBUFS;
	if (!m->overflow)
		m->overflow = memory_new(OVERFLOW_MAX, sizeof(*m->overflow));
	m->overflow[(m->overflow_first + m->overflow_count++) % OVERFLOW_MAX] = *msg;
	return 0;
}

static void overflow_flush(struct media *m)
{
	while (m->overflow_count > 0 && answers_due(m) < ANSWERS_MAX) {
		if (am_ring_push(&m->region.map->commands, &m->overflow[m->overflow_first]) < 0)
			return;
		m->overflow_first = (m->overflow_first + 1) % OVERFLOW_MAX;
		m->overflow_count--;
		m->wake_due = true;
	}
}

int media_command(
        struct media *m, struct am_msg *msg, media_done *done, void *owner,
        const struct media_call *call
)
{
	if (m->state == MEDIA_DOWN || (m->state == MEDIA_JOINING && done))
		return -ENOTCONN;
	struct pending *p = &m->pending[m->sequence % PENDING_MAX];
	if (done && p->type != AM_MSG_NONE)
		return -ENOBUFS;

	msg->epoch = m->epoch;
	msg->sequence = m->sequence;
	int ret = am_msg_check(msg); // never send what the data plane would refuse
	if (ret == 0)
		ret = push(m, msg);
	if (ret < 0)
		return ret;
	m->sequence++;
	if (done)
		*p = (struct pending){
		        .sequence = msg->sequence,
		        .type = msg->type,
		        .done = done,
		        .owner = owner,
		        .call = *call,
		        .deadline_ms = loop_now_ms(m->loop) + MEDIA_ACK_MS,
		};
	return 0;
}

// Works out from the tables the result of a command whose acknowledgement did not arrive.
static int result_from_tables(const struct media *m, const struct pending *p)
{
	struct am_transport_state transport;
	struct am_track_state track;
	struct am_subscription_state subscription;
	uint32_t slot = am_id_slot(p->call.id);
	am_id id = 0;

	switch (p->type) {
	case AM_CMD_TRACK_ADD:
		if (media_read_track(m, slot, &track))
			id = track.id;
		break;
	case AM_CMD_SUBSCRIPTION_ADD:
		if (media_read_subscription(m, slot, &subscription))
			id = subscription.id;
		break;
	case AM_CMD_DATA_PRODUCER_ADD:
		if (media_read_transport(m, slot, &transport) &&
		    transport.data_producer != AM_DATA_NONE)
			id = transport.id;
		break;
	case AM_CMD_DATA_CONSUMER_ADD:
		if (media_read_transport(m, slot, &transport) &&
		    transport.data_consumer != AM_DATA_NONE)
			id = transport.id;
		break;
	default:
		if (media_read_transport(m, slot, &transport))
			id = transport.id;
	}
	return id == p->call.id ? 0 : -ETIMEDOUT;
}

static void pending_expire(struct media *m, uint64_t now_ms)
{
	for (; m->oldest != m->sequence; m->oldest++) {
		struct pending *p = &m->pending[m->oldest % PENDING_MAX];
		if (p->type == AM_MSG_NONE || p->sequence != m->oldest)
			continue;
		if (p->deadline_ms > now_ms)
			return;
		pending_finish(m, p, result_from_tables(m, p));
		if (m->state == MEDIA_DOWN)
			return;
	}
}

// Answers arrive in the order of the commands. If this one skips some, they are lost, and the
// tables show their results.
static void answer_handle(struct media *m, uint32_t sequence, int result)
{
	uint32_t first = m->answered;

	if (sequence - first >= answers_due(m)) // not an answer that is due
		return;
	bool barrier = m->answers_lost && result == -ENOENT;
	m->answered = sequence + 1;
	m->answers_lost = false;
	for (uint32_t s = first; s != sequence + 1 && m->state != MEDIA_DOWN; s++) {
		struct pending *p = &m->pending[s % PENDING_MAX];
		if (p->type == AM_MSG_NONE || p->sequence != s)
			continue;
		bool told = s == sequence && !barrier;
		pending_finish(m, p, told ? result : result_from_tables(m, p));
	}
}

static void event_handle(struct media *m, const struct am_msg *msg)
{
	const struct media_events *e = m->events;

	switch (msg->type) {
	case AM_EVENT_ACK:
		if (msg->epoch == m->epoch)
			answer_handle(m, msg->ack.sequence, msg->ack.result);
		return;
	case AM_EVENT_TRANSPORT_STATE:
		if (m->state == MEDIA_UP)
			e->transport_state(
			        e->owner, msg->transport_state.transport_id,
			        msg->transport_state.ice, msg->transport_state.dtls
			);
		return;
	case AM_EVENT_SUBSCRIPTION_LAYERS:
		if (m->state == MEDIA_UP)
			e->layers(e->owner, &msg->subscription_layer);
		return;
	case AM_EVENT_TRACK_TOO_LONG:
		if (m->state == MEDIA_UP)
			e->too_long(
			        e->owner, msg->track_too_long.track_id,
			        msg->track_too_long.payload_len
			);
		return;
	case AM_EVENT_TRACK_WANTED:
		if (m->state == MEDIA_UP)
			e->wanted(
			        e->owner, msg->track_wanted.track_id, msg->track_wanted.encodings
			);
		return;
	default: m->garbage++; // a command on the event ring
	}
}

static void events_drain(struct media *m)
{
	struct am_msg msg;
	uint64_t garbage = m->garbage;
	int left = DRAIN_MAX, ret = 0;

	while (m->state != MEDIA_DOWN && left-- > 0) {
		ret = am_ring_pop(&m->region.map->events, &msg);
		if (ret <= 0)
			break;
		if (am_msg_check(&msg) < 0)
			m->garbage++;
		else
			event_handle(m, &msg);
	}
	if (m->garbage != garbage)
		am_warning("media: bad events; total=%llu", (unsigned long long)m->garbage);
	if (ret == -EPROTO) {
		am_error("media: event ring is broken, leaving the data plane");
		disconnect(m);
	} else if (ret > 0 && m->state != MEDIA_DOWN) {
		loop_timer_set(m->loop, &m->tick, 0); // the rest follows after other sources' turn
	}
}

// Makes a command for a subscription that never existed: only the position of its answer matters.
static struct am_msg barrier_make(void)
{
	return (struct am_msg
	){.type = AM_CMD_SUBSCRIPTION_KEY_FRAME, .id.id = am_id_make(0, UINT32_MAX)};
}

// Requests another answer to the last command, which reveals the lost answers. There is room for
// it, since the ring holds no more than ANSWERS_MAX commands.
static void answers_ask(struct media *m)
{
	struct am_msg msg = barrier_make();

	msg.epoch = m->epoch;
	msg.sequence = m->sequence - m->overflow_count - 1;
	if (am_ring_push(&m->region.map->commands, &msg) == 0)
		m->wake_due = true;
}

static void lost_check(struct media *m)
{
	uint64_t lost =
	        atomic_load_explicit(&m->region.map->header.events_lost, memory_order_acquire);
	bool more = lost != m->events_lost;

	m->answers_lost = (m->answers_lost || more) && answers_due(m) > 0;
	if (m->answers_lost)
		answers_ask(m);
	if (!more || m->state != MEDIA_UP)
		return;
	am_warning(
	        "media: events were lost; count=%llu", (unsigned long long)(lost - m->events_lost)
	);
	m->events_lost = lost;
	m->events->resync(m->events->owner);
}

static void ticked(void *owner)
{
	struct media *m = owner;

	if (m->state == MEDIA_DOWN)
		return;
	loop_timer_set(m->loop, &m->tick, TICK_MS);
	events_drain(m);
	if (m->state != MEDIA_DOWN)
		overflow_flush(m);
	if (m->state != MEDIA_DOWN)
		pending_expire(m, loop_now_ms(m->loop));
	if (m->state != MEDIA_DOWN)
		lost_check(m);
}

static void event_woken(void *owner, uint32_t)
{
	struct media *m = owner;
	eventfd_t value;

	eventfd_read(m->event_wake.fd, &value);
	events_drain(m);
}

static void connection_ready(void *owner, uint32_t)
{
	struct media *m = owner;
	char byte;

	// Nothing is ever sent on this connection: its end reports the death of the data plane.
	ssize_t n = recv(m->connection.fd, &byte, 1, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	am_warning("media: the data plane is gone");
	disconnect(m);
}

static void before_wait(void *owner)
{
	struct media *m = owner;

	if (m->state == MEDIA_DOWN)
		return;
	overflow_flush(m);
	if (m->wake_due)
		eventfd_write(m->command_wake, 1);
	m->wake_due = false;
}

static void region_release(struct media *m)
{
	loop_remove(m->loop, &m->connection);
	loop_remove(m->loop, &m->event_wake);
	loop_timer_cancel(m->loop, &m->tick);
	close(m->connection.fd);
	close(m->event_wake.fd);
	close(m->command_wake);
	am_region_leave(&m->region);
	m->answered = m->sequence;
	m->overflow_count = 0;
}

static void search_start(struct media *m)
{
	int ret = media_link_start(m->link);
	if (ret < 0)
		am_error("media: cannot start a thread to connect; error=%s", strerror(-ret));
}

static void disconnect(struct media *m)
{
	bool was_up = m->state == MEDIA_UP;

	m->state = MEDIA_DOWN;
	region_release(m);
	for (uint32_t i = 0; i < PENDING_MAX; i++) {
		if (m->pending[i].type != AM_MSG_NONE)
			pending_finish(m, &m->pending[i], -ENOTCONN);
	}
	if (was_up)
		m->events->down(m->events->owner);
	search_start(m);
}

static void ids_from_tables(struct media *m)
{
	struct am_transport_state transport;
	struct am_track_state track;
	struct am_subscription_state subscription;

	for (int i = 0; i < MEDIA_TABLE_COUNT; i++)
		ids_reset(&m->ids[i], m->epoch);
	for (uint32_t i = 0; i < AM_TRANSPORT_MAX; i++) {
		if (media_read_transport(m, i, &transport))
			ids_take(&m->ids[MEDIA_TRANSPORTS], transport.id);
	}
	for (uint32_t i = 0; i < AM_TRACK_MAX; i++) {
		if (media_read_track(m, i, &track))
			ids_take(&m->ids[MEDIA_TRACKS], track.id);
	}
	for (uint32_t i = 0; i < AM_SUBSCRIPTION_MAX; i++) {
		if (media_read_subscription(m, i, &subscription))
			ids_take(&m->ids[MEDIA_SUBSCRIPTIONS], subscription.id);
	}
}

// The data plane has executed everything that was in the ring before the barrier: now the tables
// are up to date.
static void joined(void *owner, const struct media_call *, int result)
{
	struct media *m = owner;

	if (result == -ENOTCONN)
		return;
	ids_from_tables(m);
	m->events_lost =
	        atomic_load_explicit(&m->region.map->header.events_lost, memory_order_acquire);
	m->state = MEDIA_UP;
	am_info("media: data plane attached; epoch=%u", m->epoch);
	m->events->up(m->events->owner, m->info.generation);
}

static void info_copy(struct media *m)
{
	const struct am_region_header *h = &m->region.map->header;

	m->info = (struct media_info){.generation = h->generation, .udp_port = h->udp_port};
	memcpy(m->info.fingerprint, h->dtls_fingerprint, sizeof(m->info.fingerprint));
	memcpy(m->info.addresses, h->addresses, sizeof(m->info.addresses));
}

static void barrier_send(struct media *m)
{
	struct am_msg msg = barrier_make();
	struct media_call call = {.id = msg.id.id};

	m->state = MEDIA_UP; // for media_command()
	int ret = media_command(m, &msg, joined, m, &call);
	m->state = MEDIA_JOINING;
	if (ret < 0) {
		am_error("media: command ring is broken; error=%s", strerror(-ret));
		disconnect(m);
	}
}

static void connected(void *owner, int connection, uint16_t epoch, const struct am_link_fds *fds)
{
	struct media *m = owner;
	int ret = am_region_join(&m->region, fds->region);

	m->connection.fd = connection;
	m->event_wake.fd = fds->event_wake;
	m->command_wake = fds->command_wake;
	fcntl(fds->event_wake, F_SETFL, O_NONBLOCK);
	fcntl(fds->command_wake, F_SETFL, O_NONBLOCK); // a full counter wakes the data plane, too
	if (ret == 0)
		ret = loop_add(m->loop, &m->connection, EPOLLIN | EPOLLRDHUP);
	if (ret == 0)
		ret = loop_add(m->loop, &m->event_wake, EPOLLIN);
	if (ret < 0) {
		am_error("media: cannot join the region; error=%s", strerror(-ret));
		region_release(m);
		search_start(m);
		return;
	}
	m->epoch = epoch;
	m->answered = m->sequence;
	m->answers_lost = false;
	info_copy(m);
	m->state = MEDIA_JOINING;
	loop_timer_set(m->loop, &m->tick, TICK_MS);
	barrier_send(m);
}

struct media *media_create(struct loop *loop, const char *path, const struct media_events *events)
{
	struct media *m = memory_new(1, sizeof(*m));

	m->loop = loop;
	m->events = events;
	m->region.fd = -1;
	m->connection = (struct loop_source){.fd = -1, .ready = connection_ready, .owner = m};
	m->event_wake = (struct loop_source){.fd = -1, .ready = event_woken, .owner = m};
	m->tick = (struct loop_timer){.expired = ticked, .owner = m};
	m->hook = (struct loop_hook){.before_wait = before_wait, .owner = m};
	m->link = media_link_create(loop, path, connected, m);
	if (!m->link) {
		free(m);
		return NULL;
	}
	m->pending = memory_new(PENDING_MAX, sizeof(*m->pending));
	for (int i = 0; i < MEDIA_TABLE_COUNT; i++)
		ids_init(&m->ids[i], table_slots[i]);
	loop_hook_add(loop, &m->hook);
	search_start(m);
	return m;
}

void media_destroy(struct media *m)
{
	if (m->state != MEDIA_DOWN) {
		before_wait(m);
		region_release(m);
	}
	media_link_destroy(m->link);
	loop_hook_remove(m->loop, &m->hook);
	for (int i = 0; i < MEDIA_TABLE_COUNT; i++)
		ids_fini(&m->ids[i]);
	free(m->pending);
	free(m->overflow);
	free(m);
}
