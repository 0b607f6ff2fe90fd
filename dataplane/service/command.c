#include "service/command.h"

#include <errno.h>

#include "am_log.h"
#include "service/data.h"
#include "service/publish.h"
#include "service/room_taps.h"
#include "service/service.h"
#include "service/session.h"
#include "service/sink.h"
#include "service/source.h"

#define REFUSAL_LOG_NS 1000000000ull

static int transport_command(struct service *sv, const struct am_msg *m)
{
	struct registry *r = &sv->registry;
	struct session *s;

	switch (m->type) {
	case AM_CMD_TRANSPORT_ADD: return session_open(sv, &m->transport_add);
	case AM_CMD_TRANSPORT_CONNECT:
		s = registry_session(r, m->transport_connect.transport_id);
		if (!s)
			return -ENOENT;
		session_connect(sv, s, &m->transport_connect);
		return 0;
	case AM_CMD_TRANSPORT_RESTART_ICE:
		s = registry_session(r, m->transport_restart_ice.transport_id);
		if (!s)
			return -ENOENT;
		session_restart_ice(
		        sv, s, m->transport_restart_ice.ufrag, m->transport_restart_ice.pwd
		);
		return 0;
	default:
		s = registry_session(r, m->id.id);
		if (!s)
			return -ENOENT;
		session_close(sv, s);
		return 0;
	}
}

static int track_add(struct service *sv, const struct am_cmd_track_add *p)
{
	int ret = source_add(&sv->registry, p);

	if (ret == 0)
		session_receive(sv, registry_session(&sv->registry, p->transport_id));
	return ret;
}

static bool has_tap(const struct service *sv)
{
	return sv->room_taps.writer.ring != NULL;
}

static int track_command(struct service *sv, const struct am_msg *m)
{
	struct registry *r = &sv->registry;

	if (m->type == AM_CMD_TRACK_ADD)
		return track_add(sv, &m->track_add);
	struct source *s = registry_source(r, m->id.id);
	if (!s)
		return -ENOENT;
	switch (m->type) {
	case AM_CMD_TRACK_PAUSE: source_pause(r, s, m->id.on); break;
	case AM_CMD_TRACK_TAP:
		if (!has_tap(sv))
			return -EOPNOTSUPP;
		source_tap(r, s, m->id.on);
		break;
	case AM_CMD_TRACK_KEY_FRAME: source_request_key_frame(r, s); break;
	default: source_remove(r, s);
	}
	return 0;
}

static int room_command(struct service *sv, const struct am_cmd_room_tap *c)
{
	if (!has_tap(sv))
		return -EOPNOTSUPP;
	return room_taps_set(&sv->room_taps, sv->registry.region, c->room_id, c->on);
}

static int subscription_command(struct service *sv, const struct am_msg *m)
{
	struct registry *r = &sv->registry;
	am_id id = m->type == AM_CMD_SUBSCRIPTION_LAYERS ? m->subscription_layers.subscription_id
	                                                 : m->id.id;

	if (m->type == AM_CMD_SUBSCRIPTION_ADD)
		return sink_add(r, &m->subscription_add);
	struct sink *s = registry_sink(r, id);
	if (!s)
		return -ENOENT;
	switch (m->type) {
	case AM_CMD_SUBSCRIPTION_PAUSE: sink_pause(r, s, m->id.on); break;
	case AM_CMD_SUBSCRIPTION_LAYERS:
		sink_prefer(
		        r, s, m->subscription_layers.spatial_layer,
		        m->subscription_layers.temporal_layer, m->subscription_layers.priority
		);
		break;
	case AM_CMD_SUBSCRIPTION_KEY_FRAME: sink_request_key_frame(r, s); break;
	default: sink_remove(r, s);
	}
	return 0;
}

static int data_command(struct service *sv, const struct am_msg *m)
{
	// All of them begin with the transport's id.
	struct session *s = registry_session(&sv->registry, m->id.id);

	if (!s)
		return -ENOENT;
	switch (m->type) {
	case AM_CMD_DATA_PRODUCER_ADD: return data_add_producer(sv, s, &m->data_add);
	case AM_CMD_DATA_CONSUMER_ADD: return data_add_consumer(sv, s, &m->data_add);
	case AM_CMD_DATA_CONSUMER_SOURCE: return data_set_source(s, &m->data_source);
	case AM_CMD_DATA_CONSUMER_START: return data_start_consumer(s);
	case AM_CMD_DATA_PRODUCER_REMOVE: data_remove_producer(sv, s); break;
	default: data_remove_consumer(sv, s);
	}
	return 0;
}

static int command_run(struct service *sv, const struct am_msg *m)
{
	int ret = am_msg_check(m);

	if (ret < 0)
		return ret;
	switch (m->type) {
	case AM_CMD_TRANSPORT_ADD:
	case AM_CMD_TRANSPORT_CONNECT:
	case AM_CMD_TRANSPORT_RESTART_ICE:
	case AM_CMD_TRANSPORT_REMOVE: return transport_command(sv, m);
	case AM_CMD_TRACK_ADD:
	case AM_CMD_TRACK_PAUSE:
	case AM_CMD_TRACK_TAP:
	case AM_CMD_TRACK_KEY_FRAME:
	case AM_CMD_TRACK_REMOVE: return track_command(sv, m);
	case AM_CMD_SUBSCRIPTION_ADD:
	case AM_CMD_SUBSCRIPTION_PAUSE:
	case AM_CMD_SUBSCRIPTION_LAYERS:
	case AM_CMD_SUBSCRIPTION_KEY_FRAME:
	case AM_CMD_SUBSCRIPTION_REMOVE: return subscription_command(sv, m);
	case AM_CMD_DATA_PRODUCER_ADD:
	case AM_CMD_DATA_PRODUCER_REMOVE:
	case AM_CMD_DATA_CONSUMER_ADD:
	case AM_CMD_DATA_CONSUMER_SOURCE:
	case AM_CMD_DATA_CONSUMER_START:
	case AM_CMD_DATA_CONSUMER_REMOVE: return data_command(sv, m);
	case AM_CMD_ROOM_TAP: return room_command(sv, &m->room_tap);
	default: return -EINVAL;
	}
}

// At most one line per second, so a faulty control plane cannot fill the disk.
static void refusal_log(struct service *sv, const struct am_msg *m, int error)
{
	if (error == ENOENT) // the object has ended meanwhile, which is nobody's fault
		return;
	sv->refusals++;
	if (sv->now_ns - sv->refusal_ns < REFUSAL_LOG_NS)
		return;
	am_warning(
	        "service: command refused; command=%s sequence=%u errno=%d refusals=%u",
	        am_msg_name(m->type), m->sequence, error, sv->refusals
	);
	sv->refusal_ns = sv->now_ns;
	sv->refusals = 0;
}

int command_handle(struct service *sv, int n)
{
	struct am_region_layout *map = sv->registry.region->map;
	struct am_msg msg;
	int handled = 0;

	while (handled < n) {
		int ret = am_ring_pop(&map->commands, &msg);
		if (ret < 0)
			return ret;
		if (ret == 0)
			break;
		const struct am_msg ack = {
		        .type = AM_EVENT_ACK,
		        .epoch = msg.epoch,
		        .ack = {msg.sequence, command_run(sv, &msg)},
		};
		if (ack.ack.result < 0)
			refusal_log(sv, &msg, -ack.ack.result);
		publish_event(sv->registry.region, &ack);
		handled++;
	}
	return handled;
}
