#include "fake_dataplane.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void require(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "fake data plane: %s\n", what);
	abort();
}

void fake_dataplane_start(struct fake_dataplane *f, const char *path)
{
	*f = (struct fake_dataplane){.connection = -1};
	require(am_region_new(&f->region, 1) == 0, "no region");
	struct am_region_header *h = &f->region.map->header;
	h->udp_port = 40000;
	h->addresses[0].family = 4;
	inet_pton(AF_INET, "198.18.0.2", h->addresses[0].bytes);
	memset(h->dtls_fingerprint, 0xab, sizeof(h->dtls_fingerprint));
	f->fds = (struct am_link_fds){
	        .region = f->region.fd,
	        .command_wake = eventfd(0, EFD_NONBLOCK),
	        .event_wake = eventfd(0, EFD_NONBLOCK),
	};
	f->listener = am_link_listen(path);
	require(f->listener >= 0, "cannot listen");
}

void fake_dataplane_stop(struct fake_dataplane *f)
{
	close(f->connection);
	close(f->listener);
	close(f->fds.command_wake);
	close(f->fds.event_wake);
	am_region_leave(&f->region);
}

int fake_dataplane_push(struct fake_dataplane *f, const struct am_msg *msg)
{
	return am_ring_push(&f->region.map->events, msg);
}

void fake_dataplane_wake(struct fake_dataplane *f)
{
	eventfd_write(f->fds.event_wake, 1);
}

static int transport_add(struct am_region_layout *m, const struct am_msg *msg)
{
	struct am_transport_state *t = &m->transports[am_id_slot(msg->transport_add.transport_id)];

	if (t->id)
		return -EEXIST;
	am_table_begin(&t->version);
	t->id = msg->transport_add.transport_id;
	t->room_id = msg->transport_add.room_id;
	t->ice = t->dtls = 0;
	t->data_producer = t->data_consumer = AM_DATA_NONE;
	am_table_end(&t->version);
	return 0;
}

static int data_change(struct am_region_layout *m, const struct am_msg *msg)
{
	bool adds = msg->type == AM_CMD_DATA_PRODUCER_ADD || msg->type == AM_CMD_DATA_CONSUMER_ADD;
	am_id id = adds ? msg->data_add.transport_id : msg->id.id;
	uint16_t stream = adds ? msg->data_add.stream : AM_DATA_NONE;
	struct am_transport_state *t = &m->transports[am_id_slot(id)];

	if (t->id != id)
		return -ENOENT;
	am_table_begin(&t->version);
	if (msg->type == AM_CMD_DATA_PRODUCER_ADD || msg->type == AM_CMD_DATA_PRODUCER_REMOVE)
		t->data_producer = stream;
	else
		t->data_consumer = stream;
	am_table_end(&t->version);
	return 0;
}

static int track_add(struct am_region_layout *m, const struct am_msg *msg)
{
	struct am_track_state *t = &m->tracks[am_id_slot(msg->track_add.track_id)];

	if (t->id)
		return -EEXIST;
	am_table_begin(&t->version);
	t->id = msg->track_add.track_id;
	t->transport_id = msg->track_add.transport_id;
	t->paused = msg->track_add.paused;
	t->tapped = false;
	t->wanted = (uint8_t)((1u << msg->track_add.encoding_count) - 1);
	am_table_end(&t->version);
	return 0;
}

static int subscription_add(struct am_region_layout *m, const struct am_msg *msg)
{
	const struct am_cmd_subscription_add *add = &msg->subscription_add;
	struct am_subscription_state *s = &m->subscriptions[am_id_slot(add->subscription_id)];

	if (s->id)
		return -EEXIST;
	am_table_begin(&s->version);
	s->id = add->subscription_id;
	s->track_id = add->track_id;
	s->transport_id = add->transport_id;
	s->ssrc = add->ssrc;
	s->rtx_ssrc = add->rtx_ssrc;
	s->paused = add->paused;
	s->spatial_layer = add->spatial_layer;
	s->temporal_layer = add->temporal_layer;
	s->spatial_layer_now = s->temporal_layer_now = AM_LAYER_NONE;
	memcpy(s->mid, add->mid, sizeof(s->mid));
	am_table_end(&s->version);
	return 0;
}

// Removes subscriptions of a track or a transport.
static void subscriptions_remove(struct am_region_layout *m, am_id track, am_id transport)
{
	for (uint32_t i = 0; i < AM_SUBSCRIPTION_MAX; i++) {
		struct am_subscription_state *s = &m->subscriptions[i];
		if (!s->id || (s->track_id != track && s->transport_id != transport))
			continue;
		am_table_begin(&s->version);
		s->id = 0;
		am_table_end(&s->version);
	}
}

static int track_remove(struct am_region_layout *m, am_id id)
{
	struct am_track_state *t = &m->tracks[am_id_slot(id)];

	if (t->id != id)
		return -ENOENT;
	subscriptions_remove(m, id, 0);
	am_table_begin(&t->version);
	t->id = 0;
	am_table_end(&t->version);
	return 0;
}

static int transport_remove(struct am_region_layout *m, am_id id)
{
	struct am_transport_state *t = &m->transports[am_id_slot(id)];

	if (t->id != id)
		return -ENOENT;
	for (uint32_t i = 0; i < AM_TRACK_MAX; i++) {
		if (m->tracks[i].id && m->tracks[i].transport_id == id)
			track_remove(m, m->tracks[i].id);
	}
	subscriptions_remove(m, 0, id);
	am_table_begin(&t->version);
	t->id = 0;
	am_table_end(&t->version);
	return 0;
}

static int subscription_change(struct am_region_layout *m, const struct am_msg *msg)
{
	struct am_subscription_state *s = &m->subscriptions[am_id_slot(msg->id.id)];

	if (s->id != msg->id.id)
		return -ENOENT;
	am_table_begin(&s->version);
	if (msg->type == AM_CMD_SUBSCRIPTION_PAUSE)
		s->paused = msg->id.on;
	if (msg->type == AM_CMD_SUBSCRIPTION_REMOVE)
		s->id = 0;
	am_table_end(&s->version);
	return 0;
}

static int room_tap(struct am_region_layout *m, uint64_t room_id, bool on)
{
	for (int i = 0; on && i < AM_ROOM_TAP_MAX; i++) {
		if (m->header.tapped_rooms[i] == room_id)
			return 0;
	}
	for (int i = 0; i < AM_ROOM_TAP_MAX; i++) {
		if (m->header.tapped_rooms[i] == (on ? 0 : room_id)) {
			m->header.tapped_rooms[i] = on ? room_id : 0;
			return 0;
		}
	}
	return on ? -ENOSPC : -ENOENT;
}

static int command_do(struct fake_dataplane *f, const struct am_msg *msg)
{
	struct am_region_layout *m = f->region.map;

	switch (msg->type) {
	case AM_CMD_TRANSPORT_ADD: return f->result ? f->result : transport_add(m, msg);
	case AM_CMD_TRACK_ADD: return f->result ? f->result : track_add(m, msg);
	case AM_CMD_SUBSCRIPTION_ADD:
		if (f->subscription_result)
			return f->subscription_result;
		return f->result ? f->result : subscription_add(m, msg);
	case AM_CMD_DATA_PRODUCER_ADD:
	case AM_CMD_DATA_CONSUMER_ADD: return f->result ? f->result : data_change(m, msg);
	case AM_CMD_DATA_PRODUCER_REMOVE:
	case AM_CMD_DATA_CONSUMER_REMOVE: return data_change(m, msg);
	case AM_CMD_TRANSPORT_REMOVE: return transport_remove(m, msg->id.id);
	case AM_CMD_TRACK_REMOVE: return track_remove(m, msg->id.id);
	case AM_CMD_TRACK_PAUSE: {
		struct am_track_state *t = &m->tracks[am_id_slot(msg->id.id)];
		t->paused = msg->id.on;
		return 0;
	}
	case AM_CMD_TRACK_TAP: {
		struct am_track_state *t = &m->tracks[am_id_slot(msg->id.id)];
		t->tapped = msg->id.on;
		return 0;
	}
	case AM_CMD_ROOM_TAP: return room_tap(m, msg->room_tap.room_id, msg->room_tap.on);
	case AM_CMD_SUBSCRIPTION_PAUSE:
	case AM_CMD_SUBSCRIPTION_KEY_FRAME:
	case AM_CMD_SUBSCRIPTION_REMOVE: return subscription_change(m, msg);
	default: return 0;
	}
}

static void connection_check(struct fake_dataplane *f)
{
	struct pollfd p = {.fd = f->connection, .events = POLLIN};

	if (f->connection >= 0 && poll(&p, 1, 0) > 0) { // the control plane never sends anything
		close(f->connection);
		f->connection = -1;
	}
	if (f->connection >= 0)
		return;
	int fd = am_link_accept(f->listener, (uint16_t)(f->epoch + 1), 0, &f->fds);
	if (fd < 0)
		return;
	f->connection = fd;
	f->epoch++;
}

void fake_dataplane_turn(struct fake_dataplane *f)
{
	struct am_msg msg;

	connection_check(f);
	while (am_ring_pop(&f->region.map->commands, &msg) == 1) {
		f->commands++;
		f->last = msg;
		int result = am_msg_check(&msg) < 0 ? -EINVAL : command_do(f, &msg);
		struct am_msg ack = {
		        .type = AM_EVENT_ACK,
		        .epoch = msg.epoch,
		        .ack = {.sequence = msg.sequence, .result = result},
		};
		if (!f->mute)
			(void)!fake_dataplane_push(f, &ack);
	}
	fake_dataplane_wake(f);
}
