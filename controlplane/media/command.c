// How the commands of media.h are built.
#include "media/media.h"

#include "media/inner.h"

#include "am_log.h"

#include <errno.h>
#include <string.h>

int media_transport_add(
        struct media *m, const struct am_cmd_transport_add *c, media_done *done, void *owner,
        const struct media_call *call
)
{
	struct am_msg msg = {.type = AM_CMD_TRANSPORT_ADD, .transport_add = *c};
	return media_command(m, &msg, done, owner, call);
}

int media_transport_connect(
        struct media *m, const struct am_cmd_transport_connect *c, media_done *done, void *owner,
        const struct media_call *call
)
{
	struct am_msg msg = {.type = AM_CMD_TRANSPORT_CONNECT, .transport_connect = *c};
	return media_command(m, &msg, done, owner, call);
}

int media_transport_restart_ice(
        struct media *m, const struct am_cmd_transport_restart_ice *c, media_done *done,
        void *owner, const struct media_call *call
)
{
	struct am_msg msg = {.type = AM_CMD_TRANSPORT_RESTART_ICE, .transport_restart_ice = *c};
	return media_command(m, &msg, done, owner, call);
}

int media_track_add(
        struct media *m, const struct am_cmd_track_add *c, media_done *done, void *owner,
        const struct media_call *call
)
{
	struct am_msg msg = {.type = AM_CMD_TRACK_ADD, .track_add = *c};
	return media_command(m, &msg, done, owner, call);
}

int media_subscription_add(
        struct media *m, const struct am_cmd_subscription_add *c, media_done *done, void *owner,
        const struct media_call *call
)
{
	struct am_msg msg = {.type = AM_CMD_SUBSCRIPTION_ADD, .subscription_add = *c};
	return media_command(m, &msg, done, owner, call);
}

int media_data_producer_add(
        struct media *m, const struct am_cmd_data_add *c, media_done *done, void *owner,
        const struct media_call *call
)
{
	struct am_msg msg = {.type = AM_CMD_DATA_PRODUCER_ADD, .data_add = *c};
	return media_command(m, &msg, done, owner, call);
}

int media_data_consumer_add(
        struct media *m, const struct am_cmd_data_add *c, media_done *done, void *owner,
        const struct media_call *call
)
{
	struct am_msg msg = {.type = AM_CMD_DATA_CONSUMER_ADD, .data_add = *c};
	return media_command(m, &msg, done, owner, call);
}

static void tell(struct media *m, struct am_msg *msg)
{
	int ret = media_command(m, msg, NULL, NULL, NULL);
	if (ret < 0 && ret != -ENOTCONN)
		am_error(
		        "media: command lost; command=%s error=%s", am_msg_name(msg->type),
		        strerror(-ret)
		);
}

static void tell_id(struct media *m, enum am_msg_type type, am_id id, bool on)
{
	struct am_msg msg = {.type = (uint16_t)type, .id = {.id = id, .on = on}};
	tell(m, &msg);
}

void media_transport_remove(struct media *m, am_id id)
{
	tell_id(m, AM_CMD_TRANSPORT_REMOVE, id, false);
	media_id_free(m, MEDIA_TRANSPORTS, id);
}

void media_track_pause(struct media *m, am_id id, bool paused)
{
	tell_id(m, AM_CMD_TRACK_PAUSE, id, paused);
}

void media_track_tap(struct media *m, am_id id, bool on)
{
	tell_id(m, AM_CMD_TRACK_TAP, id, on);
}

void media_track_key_frame(struct media *m, am_id id)
{
	tell_id(m, AM_CMD_TRACK_KEY_FRAME, id, false);
}

void media_room_tap(struct media *m, uint64_t room_id, bool on)
{
	struct am_msg msg = {.type = AM_CMD_ROOM_TAP, .room_tap = {.room_id = room_id, .on = on}};
	tell(m, &msg);
}

void media_track_remove(struct media *m, am_id id)
{
	tell_id(m, AM_CMD_TRACK_REMOVE, id, false);
	media_id_free(m, MEDIA_TRACKS, id);
}

void media_subscription_pause(struct media *m, am_id id, bool paused)
{
	tell_id(m, AM_CMD_SUBSCRIPTION_PAUSE, id, paused);
}

void media_subscription_layers(
        struct media *m, am_id id, uint8_t spatial, uint8_t temporal, uint8_t priority
)
{
	struct am_msg msg = {
	        .type = AM_CMD_SUBSCRIPTION_LAYERS,
	        .subscription_layers = {id, spatial, temporal, priority},
	};
	tell(m, &msg);
}

void media_subscription_key_frame(struct media *m, am_id id)
{
	tell_id(m, AM_CMD_SUBSCRIPTION_KEY_FRAME, id, false);
}

void media_subscription_remove(struct media *m, am_id id)
{
	tell_id(m, AM_CMD_SUBSCRIPTION_REMOVE, id, false);
	media_id_free(m, MEDIA_SUBSCRIPTIONS, id);
}

void media_data_producer_change(struct media *m, const struct am_cmd_data_add *c)
{
	struct am_msg msg = {.type = AM_CMD_DATA_PRODUCER_ADD, .data_add = *c};
	tell(m, &msg);
}

void media_data_producer_remove(struct media *m, am_id transport)
{
	tell_id(m, AM_CMD_DATA_PRODUCER_REMOVE, transport, false);
}

void media_data_consumer_source(struct media *m, const struct am_cmd_data_source *c)
{
	struct am_msg msg = {.type = AM_CMD_DATA_CONSUMER_SOURCE, .data_source = *c};
	tell(m, &msg);
}

void media_data_consumer_start(struct media *m, am_id transport)
{
	tell_id(m, AM_CMD_DATA_CONSUMER_START, transport, false);
}

void media_data_consumer_remove(struct media *m, am_id transport)
{
	tell_id(m, AM_CMD_DATA_CONSUMER_REMOVE, transport, false);
}
