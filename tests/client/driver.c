#include "driver.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "am_clock.h"
#include "client.h"

#define ACK_TIMEOUT_NS (5 * NS_PER_S)
#define RETRY_US       20000
#define UNANSWERED_MAX (AM_RING_SLOTS / 2)

int driver_open(struct driver *d, const char *socket_path, uint64_t timeout_ms)
{
	uint64_t end = am_clock_ns() + timeout_ms * NS_PER_MS;
	struct am_link_fds fds;

	*d = (struct driver){.id_epoch = 1, .link = -1, .region.fd = -1};
	for (;;) {
		d->link = am_link_connect(socket_path, &d->epoch, &fds);
		if (d->link >= 0 || d->link == -EPROTO || am_clock_ns() > end)
			break;
		usleep(RETRY_US);
	}
	if (d->link < 0)
		return d->link;
	d->command_wake = fds.command_wake;
	d->event_wake = fds.event_wake;
	int ret = am_region_join(&d->region, fds.region);
	if (ret < 0) {
		driver_close(d);
		return ret;
	}
	while (am_lifecycle_get(&d->region.map->header.service) == AM_LIFECYCLE_BOOT) {
		if (am_clock_ns() > end) {
			driver_close(d);
			return -ETIMEDOUT;
		}
		usleep(RETRY_US);
	}
	return 0;
}

void driver_close(struct driver *d)
{
	if (d->link >= 0) {
		close(d->link);
		close(d->command_wake);
		close(d->event_wake);
	}
	d->link = -1;
	am_region_leave(&d->region);
}

// Takes one event: 1 and its copy, or 0.
static int event_take(struct driver *d, struct am_msg *m)
{
	if (am_ring_pop(&d->region.map->events, m) != 1)
		return 0;
	d->events++;
	if (am_msg_check(m) < 0) {
		d->wrong_events++;
		m->type = AM_MSG_NONE;
	}
	if (m->type == AM_EVENT_ACK && m->epoch == d->epoch && d->unanswered > 0) {
		d->unanswered--;
		d->refused += m->ack.result < 0;
	}
	return 1;
}

void driver_events(struct driver *d)
{
	struct am_msg m;
	while (event_take(d, &m) == 1)
		;
}

int driver_post(struct driver *d, struct am_msg *command)
{
	command->epoch = d->epoch;
	command->sequence = d->sequence + 1;
	int ret = am_ring_push(&d->region.map->commands, command);
	if (ret == 0) {
		d->sequence++;
		d->unanswered++;
	}
	return ret;
}

int driver_wake(struct driver *d)
{
	const uint64_t one = 1;
	return write(d->command_wake, &one, sizeof(one)) == sizeof(one) ? 0 : -errno;
}

static bool is_ack(const struct driver *d, const struct am_msg *m)
{
	return m->type == AM_EVENT_ACK && m->epoch == d->epoch;
}

void driver_collect(
        struct driver *d, void (*ack)(void *context, uint32_t sequence, int32_t result),
        void *context
)
{
	struct am_msg m;

	while (event_take(d, &m) == 1) {
		if (is_ack(d, &m))
			ack(context, m.ack.sequence, m.ack.result);
	}
}

int driver_command(struct driver *d, struct am_msg *command)
{
	uint64_t end = am_clock_ns() + ACK_TIMEOUT_NS;

	int ret = driver_post(d, command);
	if (ret == 0)
		ret = driver_wake(d);
	if (ret < 0)
		return ret;
	while (am_clock_ns() < end) {
		struct am_msg m;
		while (event_take(d, &m) == 1) {
			if (is_ack(d, &m) && m.ack.sequence == command->sequence)
				return m.ack.result;
		}
		struct pollfd p = {.fd = d->event_wake, .events = POLLIN};
		uint64_t count;
		if (poll(&p, 1, 5) == 1 && read(d->event_wake, &count, sizeof(count)) < 0 &&
		    errno != EAGAIN)
			return -errno;
	}
	return -ETIMEDOUT;
}

// Waits until no more than so many commands are unanswered.
static int answers_await(struct driver *d, uint32_t unanswered)
{
	uint64_t end = am_clock_ns() + ACK_TIMEOUT_NS;

	int ret = driver_wake(d);
	while (ret == 0 && d->unanswered > unanswered) {
		uint32_t before = d->unanswered;
		driver_events(d);
		if (d->unanswered < before)
			end = am_clock_ns() + ACK_TIMEOUT_NS;
		else if (am_clock_ns() > end)
			ret = -ETIMEDOUT;
		else
			usleep(200);
	}
	return ret;
}

int driver_send(struct driver *d, struct am_msg *command)
{
	if (d->unanswered >= UNANSWERED_MAX) {
		int ret = answers_await(d, UNANSWERED_MAX / 2);
		if (ret < 0)
			return ret;
	}
	return driver_post(d, command);
}

int driver_settle(struct driver *d)
{
	int ret = answers_await(d, 0);

	if (ret == 0 && d->refused > 0)
		ret = -EREMOTEIO;
	d->refused = 0;
	return ret;
}

static void credentials_make(struct driver_transport *t)
{
	static const char chars[] =
	        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/";
	uint8_t random[AM_UFRAG_LEN + AM_PWD_LEN];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		memset(random, 0, sizeof(random));
	for (int i = 0; i < AM_UFRAG_LEN; i++)
		t->ufrag[i] = chars[random[i] % 64];
	for (int i = 0; i < AM_PWD_LEN; i++)
		t->pwd[i] = chars[random[AM_UFRAG_LEN + i] % 64];
	t->ufrag[AM_UFRAG_LEN] = '\0';
	t->pwd[AM_PWD_LEN] = '\0';
	am_ufrag_set_slot(t->ufrag, am_id_slot(t->id));
}

void driver_transport_fill(struct driver_transport *t, uint64_t room, struct am_msg *m)
{
	credentials_make(t);
	*m = (struct am_msg){
	        .type = AM_CMD_TRANSPORT_ADD,
	        .transport_add = {.transport_id = t->id, .room_id = room},
	};
	memcpy(m->transport_add.ufrag, t->ufrag, AM_UFRAG_LEN);
	memcpy(m->transport_add.pwd, t->pwd, AM_PWD_LEN);
}

int driver_transport_add(struct driver *d, uint64_t room, struct driver_transport *t)
{
	struct am_msg m;

	t->id = am_id_make(d->next_transport++ % AM_TRANSPORT_MAX, d->id_epoch);
	driver_transport_fill(t, room, &m);
	return driver_command(d, &m);
}

int driver_transport_restart(struct driver *d, struct driver_transport *t)
{
	struct am_msg m = {.type = AM_CMD_TRANSPORT_RESTART_ICE};

	credentials_make(t);
	m.transport_restart_ice.transport_id = t->id;
	memcpy(m.transport_restart_ice.ufrag, t->ufrag, AM_UFRAG_LEN);
	memcpy(m.transport_restart_ice.pwd, t->pwd, AM_PWD_LEN);
	return driver_command(d, &m);
}

int driver_transport_connect(struct driver *d, am_id transport, const uint8_t fingerprint[32])
{
	return driver_transport_connect_as(d, transport, AM_DTLS_SERVER, fingerprint);
}

int driver_transport_connect_as(
        struct driver *d, am_id transport, enum am_dtls_role role, const uint8_t fingerprint[32]
)
{
	struct am_msg m = {.type = AM_CMD_TRANSPORT_CONNECT};

	m.transport_connect.transport_id = transport;
	m.transport_connect.role = (uint8_t)role;
	memcpy(m.transport_connect.fingerprint.bytes, fingerprint, 32);
	return driver_command(d, &m);
}

int driver_pause(struct driver *d, uint16_t type, am_id id, bool paused)
{
	struct am_msg m = {.type = type, .id = {.id = id, .on = paused}};
	return driver_command(d, &m);
}

int driver_remove(struct driver *d, uint16_t type, am_id id)
{
	return driver_pause(d, type, id, false);
}

int driver_layers(struct driver *d, am_id subscription, uint8_t spatial, uint8_t temporal)
{
	struct am_msg m = {
	        .type = AM_CMD_SUBSCRIPTION_LAYERS,
	        .subscription_layers = {subscription, spatial, temporal},
	};
	return driver_command(d, &m);
}

am_id driver_track_id(struct driver *d)
{
	return am_id_make(d->next_track++ % AM_TRACK_MAX, d->id_epoch);
}

am_id driver_subscription_id(struct driver *d)
{
	return am_id_make(d->next_subscription++ % AM_SUBSCRIPTION_MAX, d->id_epoch);
}

uint32_t driver_ssrc(am_id subscription_id)
{
	uint32_t life = am_id_epoch(subscription_id) % 64;
	return 0x10000000u + 2 * (life * AM_SUBSCRIPTION_MAX + am_id_slot(subscription_id));
}

bool driver_transport_state(struct driver *d, am_id id, struct am_transport_state *out)
{
	const struct am_transport_state *entry = &d->region.map->transports[am_id_slot(id)];
	return am_table_read(entry, out, sizeof(*out)) && out->id == id;
}

static uint64_t value(const struct am_counters *c, enum am_counter which)
{
	return atomic_load_explicit(&c->value[which], memory_order_relaxed);
}

uint64_t driver_counter(const struct driver *d, enum am_counter which)
{
	uint64_t sum = 0;
	for (uint32_t w = 0; w < d->region.map->header.worker_count; w++)
		sum += value(&d->region.map->counters[w], which);
	return sum;
}

// The sum over all workers and the service thread; unused blocks are zero.
static uint64_t drop_sum(const struct driver *d, uint16_t which)
{
	uint64_t sum = 0;
	for (uint32_t w = 0; w < AM_COUNTER_BLOCKS; w++)
		sum += atomic_load_explicit(
		        &d->region.map->counters[w].drops[which], memory_order_relaxed
		);
	return sum;
}

uint64_t driver_drop(const struct driver *d, const char *name)
{
	const struct am_region_header *h = &d->region.map->header;

	for (uint16_t i = 0; i < h->drop_count; i++) {
		if (strncmp(h->drop_names[i].name, name, sizeof(h->drop_names[i].name)) == 0)
			return drop_sum(d, i);
	}
	return UINT64_MAX;
}

uint64_t driver_drops(const struct driver *d)
{
	uint64_t sum = 0;
	for (uint16_t i = 0; i < d->region.map->header.drop_count; i++)
		sum += drop_sum(d, i);
	return sum;
}

bool driver_books_balance(const struct driver *d, char *why, size_t size)
{
	for (uint32_t w = 0; w < d->region.map->header.worker_count; w++) {
		const struct am_counters *c = &d->region.map->counters[w];
		uint64_t in = value(c, AM_COUNTER_rx_packets) +
		              value(c, AM_COUNTER_service_packets) +
		              value(c, AM_COUNTER_handover_in) + value(c, AM_COUNTER_made_copies) +
		              value(c, AM_COUNTER_made_retransmissions) +
		              value(c, AM_COUNTER_made_probes) + value(c, AM_COUNTER_made_rtcp);
		uint64_t out = value(c, AM_COUNTER_tx_packets) + value(c, AM_COUNTER_punted) +
		               value(c, AM_COUNTER_handover_out) + value(c, AM_COUNTER_consumed);
		for (uint16_t i = 0; i < AM_DROP_MAX; i++)
			out += atomic_load_explicit(&c->drops[i], memory_order_relaxed);
		if (in != out) {
			snprintf(
			        why, size, "worker %u: %llu came in, %llu went out", w,
			        (unsigned long long)in, (unsigned long long)out
			);
			return false;
		}
	}
	return true;
}

void driver_print(const struct driver *d)
{
	static const char *const names[] = {
#define AM_COUNTER_NAME(name, unit, help) #name,
	        AM_COUNTERS(AM_COUNTER_NAME)
#undef AM_COUNTER_NAME
	};
	const struct am_region_header *h = &d->region.map->header;

	for (int i = 0; i < AM_COUNTER_COUNT; i++) {
		uint64_t n = driver_counter(d, (enum am_counter)i);
		if (n)
			fprintf(stderr, "  %-24s %llu\n", names[i], (unsigned long long)n);
	}
	for (uint16_t i = 0; i < h->drop_count; i++) {
		uint64_t n = drop_sum(d, i);
		if (n)
			fprintf(stderr, "  drop %-24.32s %llu\n", h->drop_names[i].name,
			        (unsigned long long)n);
	}
}
