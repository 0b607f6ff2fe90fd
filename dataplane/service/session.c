#include "service/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "am_log.h"
#include "crypto/srtp.h"
#include "path/flow.h"
#include "path/message.h"
#include "path/transport.h"
#include "service/data.h"
#include "service/dtls.h"
#include "service/mail.h"
#include "service/neighbour.h"
#include "service/places.h"
#include "service/publish.h"
#include "service/records.h"
#include "service/registry.h"
#include "service/send.h"
#include "service/service.h"
#include "service/sink.h"
#include "service/source.h"
#include "wire/stun.h"

// All sessions send from one port of one address per family, so a tuple's `local` is the family.
static void tuple_from_view(struct ice_tuple *t, const struct packet_view *v)
{
	*t = (struct ice_tuple){.port = v->src_port, .family = v->family, .local = v->family};
	memcpy(t->ip, v->src, sizeof(t->ip));
}

static void flow_key_from_tuple(struct flow_key *key, const struct ice_tuple *t)
{
	*key = (struct flow_key){.port = t->port, .family = t->family};
	memcpy(key->ip, t->ip, sizeof(key->ip));
}

static void dtls_send(void *user, const uint8_t *datagram, size_t len)
{
	struct session *s = user;

	// Before a tuple is selected there is no route; DTLS will retransmit.
	if (s->route.len && s->worker != WORKER_NONE)
		service_send_payload(s->service, s->worker, &s->route, datagram, len);
}

static void dtls_receive_data(void *user, const uint8_t *data, size_t len)
{
	struct session *s = user;

	s->heard = true;
	data_receive(s->service, s, data, len);
}

int session_open(struct service *sv, const struct am_cmd_transport_add *p)
{
	struct session *s = calloc(1, sizeof(*s));
	int ret;

	if (!s)
		return -ENOMEM;
	s->id = p->transport_id;
	s->room_id = p->room_id;
	s->service = sv;
	ice_init(&s->ice, p->ufrag, p->pwd);
	s->dtls = dtls_create(
	        sv->dtls,
	        &(struct dtls_handler){.send = dtls_send, .receive = dtls_receive_data, .user = s}
	);
	if (!s->dtls) {
		ret = -ENOMEM;
		goto free;
	}
	ret = registry_add_session(&sv->registry, s);
	if (ret < 0)
		goto free_dtls;
	publish_session(sv->registry.region, s);
	return 0;

free_dtls:
	dtls_destroy(s->dtls);
free:
	ice_fini(&s->ice);
	free(s);
	return ret;
}

int session_place(struct registry *r, struct session *s, uint16_t worker)
{
	struct transport *t = aligned_alloc(alignof(struct transport), sizeof(*t));
	struct source *source;
	struct sink *sink;

	if (!t)
		return -ENOMEM;
	memset(t, 0, sizeof(*t));
	t->id = s->id;
	t->feedback_ssrc = am_id_slot(s->id) + 1;
	t->rtx.tokens = TRANSPORT_RTX_BURST;
	TAILQ_INIT(&t->tracks);
	TAILQ_INIT(&t->subscriptions);
	s->worker = worker;
	mail_post(r, worker, &(struct message){.type = MESSAGE_TRANSPORT_ADD, .object = t});
	TAILQ_FOREACH (source, &s->sources, entry) {
		if (source_place(r, source) < 0)
			am_error("service: out of memory; track=%lx", source->params.track_id);
	}
	TAILQ_FOREACH (sink, &s->sinks, of_session) {
		if (sink_place(r, sink) < 0)
			am_error("service: out of memory; subscription=%lx", sink->id);
	}
	return 0;
}

void session_remove(struct registry *r, struct session *s)
{
	while (!TAILQ_EMPTY(&s->sinks))
		sink_remove(r, TAILQ_FIRST(&s->sinks));
	while (!TAILQ_EMPTY(&s->sources))
		source_remove(r, TAILQ_FIRST(&s->sources));
	if (s->worker != WORKER_NONE)
		mail_post(
		        r, s->worker,
		        &(struct message){.type = MESSAGE_TRANSPORT_REMOVE, .id = s->id}
		);
	registry_remove_session(r, s);
	ssrc_set_fini(&s->ssrcs);
	publish_no_session(r->region, am_id_slot(s->id));
}

// True if another session has validated this tuple so recently that it is still there: a client
// that forges the tuple's address in its own check must not take over its flow. A NAT waits a few
// seconds before it gives a dead client's port to another one.
static bool flow_is_held(const struct service *sv, uint32_t slot, const struct ice_tuple *t)
{
	const struct session *holder = sv->registry.sessions[slot];

	for (uint8_t i = 0; holder && i < holder->ice.path_count; i++) {
		const struct ice_path *p = &holder->ice.paths[i];
		if (memcmp(&p->tuple, t, sizeof(*t)) == 0)
			return sv->now_ns - p->checked_ns < ICE_SILENCE_NS;
	}
	return false;
}

// Removes only the session's own flow: another session may have it by now.
static void flow_forget(struct service *sv, const struct session *s, const struct ice_tuple *t)
{
	struct message msg = {.type = MESSAGE_FLOW_REMOVE};
	struct flow flow;

	flow_key_from_tuple(&msg.flow, t);
	if (!flow_lookup(sv->flows, &msg.flow, &flow) || flow.slot != am_id_slot(s->id))
		return;
	flow_remove(sv->flows, &msg.flow);
	for (uint16_t i = 0; i < sv->registry.worker_count; i++)
		mail_post(&sv->registry, i, &msg);
}

// After each valid check: packets from this tuple belong to the session.
static void flow_learn(struct service *sv, const struct session *s, const struct ice_tuple *t)
{
	struct message msg = {
	        .type = MESSAGE_FLOW_ADD, .owner = s->worker, .value = am_id_slot(s->id)};
	struct flow flow;

	flow_key_from_tuple(&msg.flow, t);
	if (flow_lookup(sv->flows, &msg.flow, &flow) &&
	    (flow.slot == msg.value || flow_is_held(sv, flow.slot, t)))
		return;
	if (flow_add(sv->flows, &msg.flow, (struct flow){msg.value, s->worker}) < 0)
		return;
	for (uint16_t i = 0; i < sv->registry.worker_count; i++)
		mail_post(&sv->registry, i, &msg);
}

static void flows_forget(struct service *sv, const struct session *s)
{
	for (uint8_t i = 0; i < s->ice.path_count; i++)
		flow_forget(sv, s, &s->ice.paths[i].tuple);
}

void session_close(struct service *sv, struct session *s)
{
	if (s->is_shaking) {
		TAILQ_REMOVE(&sv->shaking, s, shaking);
		places_give(&sv->places, s->place);
	}
	if (s->ice.state == AM_ICE_CONNECTED)
		TAILQ_REMOVE(&sv->consenting, s, consenting);
	sv->trim_count++;
	data_end(sv, s);
	dtls_destroy(s->dtls); // sends close_notify while there is still a route
	flows_forget(sv, s);
	session_remove(&sv->registry, s);
	ice_fini(&s->ice);
	free(s);
}

// Tells the worker where to send. Until the next hop's MAC address is known from its own answer,
// the source of the check's frame serves, since the check was authentic.
static void route_update(struct service *sv, struct session *s)
{
	const struct ice_tuple *t = ice_selected(&s->ice);
	uint8_t mac[6];

	if (!t || s->worker == WORKER_NONE)
		return;
	memcpy(mac, s->mac, sizeof(mac));
	if (neighbour_next_hop(sv->neighbours, t->family, t->ip, &s->hop))
		(void)neighbour_lookup(sv->neighbours, &s->hop, sv->now_ns, mac);
	packet_route_init(&s->route, &sv->local, mac, t->family, t->ip, t->port);

	struct packet_route *route = malloc(sizeof(*route));
	if (!route) {
		am_error("service: no memory for a route; transport=%lx", s->id);
		return;
	}
	*route = s->route;
	mail_post(
	        &sv->registry, s->worker,
	        &(struct message){.type = MESSAGE_TRANSPORT_ROUTE, .object = route, .id = s->id}
	);
}

void session_hop_changed(struct service *sv, const struct am_address *hop, const uint8_t mac[6])
{
	struct session *s;

	TAILQ_FOREACH (s, &sv->registry.all, entry) {
		if (s->route.len && memcmp(&s->hop, hop, sizeof(*hop)) == 0 &&
		    memcmp(s->route.header, mac, 6) != 0)
			route_update(sv, s);
	}
}

void session_proven(struct session *s, const struct flow_key *from, const uint8_t mac[6])
{
	struct ice_tuple t = {.port = from->port, .family = from->family, .local = from->family};

	if (!s)
		return;
	memcpy(t.ip, from->ip, sizeof(t.ip));
	struct service *sv = s->service;
	uint8_t state = s->ice.state;
	if (!ice_prove(&s->ice, &t, sv->now_ns))
		return;
	if (state == AM_ICE_CONNECTED)
		TAILQ_REMOVE(&sv->consenting, s, consenting);
	TAILQ_INSERT_TAIL(&sv->consenting, s, consenting);
	memcpy(s->mac, mac, sizeof(s->mac));
	route_update(sv, s);
	if (state != AM_ICE_CONNECTED)
		publish_session_state(sv->registry.region, s);
}

// The worker is the first to see whether media comes from there.
static void path_await(struct service *sv, struct session *s, const struct ice_tuple *t)
{
	static_assert(TRANSPORT_AWAITED == ICE_TUPLE_MAX);
	struct message msg = {.type = MESSAGE_TRANSPORT_AWAIT, .id = s->id};

	flow_key_from_tuple(&msg.flow, t);
	mail_post(&sv->registry, s->worker, &msg);
}

// Gives the worker the SRTP keys, once the handshake is done and the fingerprint is correct.
static void keys_install(struct service *sv, struct session *s)
{
	struct srtp_keys keys;
	int ret = dtls_srtp_keys(s->dtls, &keys);

	if (ret == -ENOPROTOOPT) // no use_srtp: only for data
		return;
	struct transport_keys *box = calloc(1, sizeof(*box));
	if (!box || ret < 0)
		goto fail;
	box->key = cipher_key_create(&keys);
	box->rtcp_receiver = srtcp_receiver_create(&keys);
	srtp_keys_wipe(&keys);
	if (!box->key || !box->rtcp_receiver)
		goto fail;
	mail_post(
	        &sv->registry, s->worker,
	        &(struct message){.type = MESSAGE_TRANSPORT_KEYS, .object = box, .id = s->id}
	);
	s->keyed = true;
	ice_guard(&s->ice);
	session_receive(sv, s);
	return;

fail:
	am_error("service: no SRTP keys; transport=%lx", s->id);
	if (box) {
		srtcp_receiver_destroy(box->rtcp_receiver);
		cipher_key_destroy(box->key);
	}
	free(box);
}

void session_receive(struct service *sv, struct session *s)
{
	struct srtp_keys keys;

	if (s->receives || !s->keyed || TAILQ_EMPTY(&s->sources))
		return;
	if (dtls_srtp_keys(s->dtls, &keys) < 0) // it has ended
		return;
	struct srtp_receiver *receiver = srtp_receiver_create(&keys);
	srtp_keys_wipe(&keys);
	if (!receiver) {
		am_error("service: no SRTP keys; transport=%lx", s->id);
		return;
	}
	mail_post(
	        &sv->registry, s->worker,
	        &(struct message
	        ){.type = MESSAGE_TRANSPORT_RECEIVER, .object = receiver, .id = s->id}
	);
	s->receives = true;
}

// Call after each call that may begin or end a session's handshake. The timer runs exactly as long
// as the handshake.
static void shaking_update(struct service *sv, struct session *s)
{
	bool shaking = dtls_deadline(s->dtls) != UINT64_MAX;

	if (shaking == s->is_shaking)
		return;
	s->is_shaking = shaking;
	if (shaking) {
		TAILQ_INSERT_TAIL(&sv->shaking, s, shaking);
		places_take(&sv->places, s->place);
		return;
	}
	TAILQ_REMOVE(&sv->shaking, s, shaking);
	places_give(&sv->places, s->place);
	sv->trim_count++;
}

// Nothing more is sent to the client's paths, and packets from there count as a stranger's.
static void paths_end(struct service *sv, struct session *s)
{
	if (s->ice.state != AM_ICE_CONNECTED)
		return;
	TAILQ_REMOVE(&sv->consenting, s, consenting);
	flows_forget(sv, s);
	ice_expire(&s->ice);
	s->route.len = 0;
	struct packet_route *none = s->worker != WORKER_NONE ? calloc(1, sizeof(*none)) : NULL;
	if (none)
		mail_post(
		        &sv->registry, s->worker,
		        &(struct message
		        ){.type = MESSAGE_TRANSPORT_ROUTE, .object = none, .id = s->id}
		);
}

static bool is_over(const struct session *s)
{
	return s->dtls_state == AM_DTLS_FAILED || s->dtls_state == AM_DTLS_CLOSED;
}

static bool has_media(const struct session *s)
{
	return !TAILQ_EMPTY(&s->sources) || !TAILQ_EMPTY(&s->sinks);
}

static void dtls_state_set(struct service *sv, struct session *s, enum am_dtls_state state)
{
	shaking_update(sv, s);
	if (state == s->dtls_state)
		return;
	s->dtls_state = (uint8_t)state;
	if (state == AM_DTLS_CONNECTED && !s->keyed)
		keys_install(sv, s);
	if (state == AM_DTLS_CONNECTED && !s->keyed && has_media(s)) {
		am_warning("service: no SRTP profile for media; transport=%lx", s->id);
		s->dtls_state = (uint8_t)dtls_fail(s->dtls);
	}
	if (s->data)
		data_connect(sv, s);
	if (s->dtls_state == AM_DTLS_FAILED)
		am_warning("service: DTLS failed; transport=%lx", s->id);
	if (is_over(s)) // without waiting for the control plane to remove it
		paths_end(sv, s);
	publish_session_state(sv->registry.region, s);
}

// True if the session may begin a handshake with this address, or has begun one.
static bool handshake_has_place(
        struct service *sv, struct session *s, const uint8_t ip[static 16], uint8_t family
)
{
	if (dtls_state(s->dtls) != AM_DTLS_NEW || s->is_shaking)
		return true;
	s->place = places_of(&sv->places, s->room_id, ip, family);
	return places_free(&sv->places, s->place);
}

// Begins the handshake if that is our part, and only to a validated address.
static void handshake_begin(struct service *sv, struct session *s)
{
	const struct ice_tuple *to = ice_selected(&s->ice);

	if (s->dtls_role == AM_DTLS_SERVER || s->dtls_state != AM_DTLS_NEW || !to ||
	    !s->route.len || !handshake_has_place(sv, s, to->ip, to->family))
		return; // the next check may find a place
	dtls_start(s->dtls, sv->now_ns + (s->dtls_role == AM_DTLS_EITHER ? DTLS_EITHER_NS : 0));
	dtls_state_set(sv, s, dtls_timer(s->dtls, sv->now_ns));
}

void session_connect(
        struct service *sv, struct session *s, const struct am_cmd_transport_connect *p
)
{
	s->dtls_role = p->role;
	dtls_state_set(sv, s, dtls_set_fingerprint(s->dtls, &p->fingerprint));
	handshake_begin(sv, s);
}

void session_restart_ice(struct service *sv, struct session *s, const char *ufrag, const char *pwd)
{
	ice_restart(&s->ice, ufrag, pwd);
	publish_session_state(sv->registry.region, s);
}

// The session that a STUN message's USERNAME names. The message is not authenticated yet.
static struct session *stun_session(struct service *sv, const uint8_t *msg, size_t len)
{
	struct stun_message m;
	size_t ufrag_len;

	if (stun_parse(msg, len, &m) < 0) {
		service_count_drop(sv, DROP_stun_malformed);
		return NULL;
	}
	if (m.type != STUN_BINDING_REQUEST) {
		service_count_drop(sv, DROP_stun_not_request);
		return NULL;
	}
	if (!m.has_fingerprint) {
		service_count_drop(sv, DROP_stun_no_fingerprint);
		return NULL;
	}
	const uint8_t *ufrag = stun_local_ufrag(&m, &ufrag_len);
	int64_t slot = ufrag ? am_ufrag_slot((const char *)ufrag, (uint32_t)ufrag_len) : -1;
	struct session *s = slot < 0 ? NULL : sv->registry.sessions[slot];
	if (!s || is_over(s)) {
		service_count_drop(sv, DROP_stun_unknown_user);
		return NULL;
	}
	return s;
}

static void stun_respond(
        struct service *sv, uint16_t worker, const struct packet_view *v, const uint8_t *response,
        size_t len
)
{
	struct packet_route back;

	packet_route_init(&back, &sv->local, v->src_mac, v->family, v->src, v->src_port);
	service_send_payload(sv, worker, &back, response, len);
}

void session_stun(
        struct service *sv, uint16_t worker, const struct packet_view *v, const uint8_t *msg,
        size_t len
)
{
	uint8_t response[ICE_RESPONSE_LEN_MAX];
	struct ice_tuple from;
	struct session *s = stun_session(sv, msg, len);

	if (!s)
		return;
	tuple_from_view(&from, v);
	uint8_t state = s->ice.state;
	struct ice_outcome out = ice_handle_request(&s->ice, &from, msg, len, sv->now_ns, response);
	if (out.events & ICE_RESPOND)
		stun_respond(sv, worker, v, response, out.response_len);
	if (!(out.events & (ICE_CHECKED | ICE_AWAITED))) {
		if (!(out.events & ICE_RESPOND))
			service_count_drop(sv, DROP_stun_integrity);
		return;
	}
	if (out.events & ICE_CHECKED) {
		if (!(out.events & ICE_CONNECTED))
			TAILQ_REMOVE(&sv->consenting, s, consenting);
		TAILQ_INSERT_TAIL(&sv->consenting, s, consenting);
	}
	if (s->worker == WORKER_NONE && session_place(&sv->registry, s, worker) < 0) {
		am_error("service: out of memory; transport=%lx", s->id);
		return;
	}
	if (out.events & ICE_EVICTED)
		flow_forget(sv, s, &out.evicted);
	flow_learn(sv, s, &from);
	if (out.events & ICE_SELECTED) {
		memcpy(s->mac, v->src_mac, sizeof(s->mac));
		route_update(sv, s);
	}
	if (out.events & ICE_AWAITED)
		path_await(sv, s, &from);
	if (s->ice.state != state)
		publish_session_state(sv->registry.region, s);
	else
		publish_session(sv->registry.region, s); // updates the time of the check
	handshake_begin(sv, s);
}

void session_dtls(
        struct service *sv, const struct packet_view *v, const uint8_t *datagram, size_t len
)
{
	struct flow_key key;
	struct flow flow;

	flow_key_from_view(&key, v);
	if (!flow_lookup(sv->flows, &key, &flow)) {
		service_count_drop(sv, DROP_dtls_early);
		return;
	}
	struct session *s = sv->registry.sessions[flow.slot];
	if (!s)
		return;
	if (!handshake_has_place(sv, s, key.ip, key.family)) {
		service_count_drop(sv, DROP_dtls_refused);
		return;
	}
	s->heard = false;
	enum am_dtls_state state = dtls_receive(s->dtls, datagram, len, sv->now_ns);
	if (s->heard)
		session_proven(s, &key, v->src_mac);
	if (state == AM_DTLS_NEW)
		service_count_drop(sv, DROP_dtls_refused);
	dtls_state_set(sv, s, state);
}

// Consent has expired (RFC 7675 5.1): nothing more is sent there.
static void consent_end(struct service *sv, struct session *s)
{
	paths_end(sv, s);
	publish_session_state(sv->registry.region, s);
}

void session_tick_all(struct service *sv)
{
	struct session *s, *next;

	for (s = TAILQ_FIRST(&sv->shaking); s; s = next) {
		next = TAILQ_NEXT(s, shaking);
		if (dtls_deadline(s->dtls) <= sv->now_ns)
			dtls_state_set(sv, s, dtls_timer(s->dtls, sv->now_ns));
	}
	while ((s = TAILQ_FIRST(&sv->consenting)) && ice_expired(&s->ice, sv->now_ns))
		consent_end(sv, s);
}
