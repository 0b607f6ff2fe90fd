#include "conference/transport.h"

#include "base/memory.h"
#include "base/tally.h"
#include "conference/chat.h"
#include "conference/quota.h"
#include "conference/state.h"
#include "conference/store.h"
#include "conference/subscriptions.h"
#include "conference/tell.h"
#include "conference/tracks.h"
#include "room/replace.h"
#include "store/rooms.h"
#include "terms/metrics.h"

#include "am_log.h"

#include <errno.h>
#include <string.h>

void conference_transport_forget(struct conference *c, struct transport *t)
{
	struct subscription *s = LIST_FIRST(&t->peer->subscriptions), *next_s;
	struct track *track = LIST_FIRST(&t->peer->tracks), *next_t;

	for (; s; s = next_s) {
		next_s = LIST_NEXT(s, of_viewer);
		if (s->transport == t)
			conference_subscription_forget(c, s);
	}
	for (; track; track = next_t) {
		next_t = LIST_NEXT(track, of_owner);
		if (track->transport == t)
			conference_track_forget(c, track);
	}
	conference_chat_forget(c, t);
	if (t->client[0])
		tally_leave(c->transports_of, t->client);
	c->transports[am_id_slot(t->id)] = NULL;
	media_id_free(c->media, MEDIA_TRANSPORTS, t->id);
	peer_transport_remove(t);
}

void conference_transport_remove(struct conference *c, struct transport *t)
{
	if (conference_stores_media(c, t->peer))
		store_transport_remove(c->store, t->id);
	media_transport_remove(c->media, t->id);
	conference_transport_forget(c, t);
}

void conference_transport_close(struct conference *c, struct transport *t)
{
	struct peer *p = t->peer;
	bool consuming = t->consuming;

	conference_transport_remove(c, t);
	if (consuming)
		conference_subscribe_all(c, p);
}

void conference_transport_end(struct conference *c, struct transport *t, enum transport_end why)
{
	static const struct {
		const char *name;
		enum metric metric;
	} ends[] = {
	        [TRANSPORT_DTLS_FAILED] = {"DTLS failed", METRIC_transports_dtls_failed},
	        [TRANSPORT_DTLS_CLOSED] = {"close_notify", METRIC_transports_dtls_closed},
	        [TRANSPORT_REPLACED] = {"replaced", METRIC_transports_replaced},
	};
	struct peer *p = t->peer;
	am_id id = t->id;

	am_info("transport: ended; room=%s peer=%s id=%llx reason=%s", p->room->name,
	        am_log_value(p->id), (unsigned long long)id, ends[why].name);
	metric_count(ends[why].metric);
	conference_transport_close(c, t);
	if (p->connection)
		c->events->transport_closed(c->events->owner, p, id, why);
}

static void credentials_new(struct transport *t)
{
	static const char ice_chars[] = // RFC 8839 5.4
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t random[AM_UFRAG_LEN + AM_PWD_LEN];

	memory_random(random, sizeof(random));
	for (int i = 0; i < AM_UFRAG_LEN; i++)
		t->ufrag[i] = ice_chars[random[i] % 64];
	for (int i = 0; i < AM_PWD_LEN; i++)
		t->pwd[i] = ice_chars[random[AM_UFRAG_LEN + i] % 64];
	am_ufrag_set_slot(t->ufrag, am_id_slot(t->id));
}

static void transport_added(void *owner, const struct media_call *call, int result)
{
	struct conference *c = owner;
	struct transport *t = conference_transport(c, call->id);
	const struct asker by = conference_asker(call);

	if (t && result < 0)
		conference_transport_remove(c, t);
	if (!t || result < 0)
		return conference_tell_failed(c, call, result);
	t->ready = true;
	conference_store_transport(c, t);
	c->events->transport_made(c->events->owner, &by, t);
	// A member that makes its receiving transport after joining has missed all tracks so far.
	if (t->consuming && t->peer->joined)
		conference_subscribe_all(c, t->peer);
}

int conference_transport_add(
        struct conference *c, struct peer *p, bool consuming, bool data, const struct asker *by
)
{
	if (!consuming && !p->rights.speaker && !(data && p->rights.chat))
		return -EPERM;
	if (!media_is_up(c->media))
		return -ENOTCONN;
	if (consuming && !peer_receiving_allows(p, loop_now_ms(c->loop)))
		return -EAGAIN;
	struct transport *old = transport_replaceable(p, consuming);
	if (old)
		conference_transport_end(c, old, TRANSPORT_REPLACED);
	if (!conference_quota_allows(c, p->room->account_id, QUOTA_TRANSPORTS) ||
	    (c->client_transports && p->client[0] &&
	     tally_count(c->transports_of, p->client) >= c->client_transports))
		return -EDQUOT;
	am_id id = media_id_new(c->media, MEDIA_TRANSPORTS);
	if (!id)
		return -ENOBUFS;
	struct transport *t = peer_transport_add(p, id, consuming);
	if (!t) {
		media_id_free(c->media, MEDIA_TRANSPORTS, id);
		return -EMFILE;
	}
	t->takes_data = data;
	if (p->client[0] && tally_enter(c->transports_of, p->client, UINT32_MAX))
		strcpy(t->client, p->client);
	c->transports[am_id_slot(t->id)] = t;
	credentials_new(t);
	struct am_cmd_transport_add add = {.transport_id = t->id, .room_id = p->room->id};
	memcpy(add.ufrag, t->ufrag, sizeof(add.ufrag));
	memcpy(add.pwd, t->pwd, sizeof(add.pwd));
	const struct media_call call = conference_call(id, by);
	int ret = media_transport_add(c->media, &add, transport_added, c, &call);
	if (ret < 0)
		conference_transport_forget(c, t);
	return ret;
}

static void transport_connected(void *owner, const struct media_call *call, int result)
{
	struct conference *c = owner;
	const struct asker by = conference_asker(call);

	if (result < 0)
		conference_tell_failed(c, call, result);
	else
		c->events->transport_connected(c->events->owner, &by);
}

int conference_transport_connect(
        struct conference *c, struct transport *t, enum am_dtls_role role,
        const struct am_fingerprint *fingerprint, const struct asker *by
)
{
	const struct am_cmd_transport_connect connect = {
	        .transport_id = t->id,
	        .role = (uint8_t)role,
	        .fingerprint = *fingerprint,
	};
	const struct media_call call = conference_call(t->id, by);

	if (t->connected)
		return -EALREADY;
	int ret = media_transport_connect(c->media, &connect, transport_connected, c, &call);
	if (ret < 0)
		return ret;
	t->connected = true;
	conference_store_transport(c, t);
	return 0;
}

static void ice_restarted(void *owner, const struct media_call *call, int result)
{
	struct conference *c = owner;
	const struct transport *t = conference_transport(c, call->id);
	const struct asker by = conference_asker(call);

	if (!t || result < 0)
		conference_tell_failed(c, call, result);
	else
		c->events->ice_restarted(c->events->owner, &by, t);
}

int conference_transport_restart_ice(
        struct conference *c, struct transport *t, const struct asker *by
)
{
	struct am_cmd_transport_restart_ice restart = {.transport_id = t->id};
	const struct media_call call = conference_call(t->id, by);

	credentials_new(t);
	memcpy(restart.ufrag, t->ufrag, sizeof(restart.ufrag));
	memcpy(restart.pwd, t->pwd, sizeof(restart.pwd));
	return media_transport_restart_ice(c->media, &restart, ice_restarted, c, &call);
}
