#include "service/reply.h"

#include <stdlib.h>

#include "am_log.h"
#include "crypto/cipher.h"
#include "crypto/srtp.h"
#include "path/message.h"
#include "path/transport.h"
#include "service/fanouts.h"
#include "service/publish.h"
#include "service/registry.h"
#include "service/session.h"
#include "service/sink.h"
#include "service/source.h"

static void transport_free(struct transport *t)
{
	srtp_receiver_destroy(t->receiver);
	srtcp_receiver_destroy(t->rtcp_receiver);
	cipher_key_destroy(t->key);
	free(t->ssrcs);
	free(t->twcc);
	free(t->viewer);
	free(t);
}

static void too_long_told(struct registry *r, const struct message *msg)
{
	const struct am_msg event = {
	        .type = AM_EVENT_TRACK_TOO_LONG,
	        .track_too_long = {msg->id, msg->value},
	};

	am_warning(
	        "service: payloads are too long for some viewers' paths, see the drops too_long; "
	        "track=%lx bytes=%u",
	        msg->id, msg->value
	);
	publish_event(r->region, &event);
}

void reply_handle(struct registry *r, uint16_t worker, const struct message *msg)
{
	switch (msg->type) {
	case MESSAGE_FREE: free(msg->object); break;
	case MESSAGE_FREE_TRACK: source_free_track(msg->object); break;
	case MESSAGE_FREE_FANOUT: fanouts_free(msg->object); break;
	case MESSAGE_FREE_SUBSCRIPTION: fanouts_place_told(r, worker, msg); break;
	case MESSAGE_FREE_TRANSPORT: transport_free(msg->object); break;
	case MESSAGE_LAYERS: sink_layers_told(r, msg); break;
	case MESSAGE_PATH_PROVEN:
		session_proven(registry_session(r, msg->id), &msg->flow, msg->mac);
		break;
	case MESSAGE_WISHES: source_wishes_told(r, worker, msg); break;
	case MESSAGE_TOO_LONG: too_long_told(r, msg); break;
	case MESSAGE_PORT_STOPPED: r->workers_stopped++; break;
	}
}
