// createWebRtcTransport and what goes with it.
#include "signaling/handlers.h"

#include "base/ids.h"
#include "base/json.h"
#include "protoo/wire.h"
#include "signaling/data.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FINGERPRINT_MAX 8 // in a list

static struct json *ice_parameters_json(const struct transport *t)
{
	struct json *j = json_new_object();

	json_add_string(j, "usernameFragment", t->ufrag);
	json_add_string(j, "password", t->pwd);
	json_add_bool(j, "iceLite", true);
	return j;
}

static struct json *candidate_json(const struct am_address *a, int index, uint16_t port)
{
	char text[INET6_ADDRSTRLEN], foundation[32];
	struct json *j = json_new_object();

	inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->bytes, text, sizeof(text));
	snprintf(foundation, sizeof(foundation), "udpcandidate%d", index);
	json_add_string(j, "foundation", foundation);
	// RFC 8445 5.1.2.1 with type preference 64, component 1
	json_add_int(j, "priority", (64 << 24) + ((10000 - index) << 8) + 255);
	json_add_string(j, "ip", text);
	json_add_string(j, "address", text);
	json_add_string(j, "protocol", "udp");
	json_add_int(j, "port", port);
	json_add_string(j, "type", "host");
	return j;
}

static struct json *dtls_parameters_json(const struct media_info *info)
{
	struct json *j = json_new_object(), *list = json_new_array(), *f = json_new_object();
	char text[sizeof(info->fingerprint) * 3 + 1];

	for (size_t i = 0; i < sizeof(info->fingerprint); i++)
		snprintf(text + i * 3, 4, "%02X:", info->fingerprint[i]);
	text[sizeof(info->fingerprint) * 3 - 1] = '\0';
	json_add_string(f, "algorithm", "sha-256");
	json_add_string(f, "value", text);
	json_push(list, f);
	json_add_string(j, "role", "auto");
	json_add(j, "fingerprints", list);
	return j;
}

static struct json *transport_json(const struct transport *t, const struct media_info *info)
{
	struct json *j = wire_made("transportId", t->id), *candidates = json_new_array();

	for (int i = 0; i < AM_ADDRESS_MAX; i++) {
		if (info->addresses[i].family == 4 || info->addresses[i].family == 6)
			json_push(
			        candidates, candidate_json(&info->addresses[i], i, info->udp_port)
			);
	}
	json_add(j, "iceParameters", ice_parameters_json(t));
	json_add(j, "iceCandidates", candidates);
	json_add(j, "dtlsParameters", dtls_parameters_json(info));
	json_add(j, "sctpParameters", data_sctp_json());
	return j;
}

static struct media_call call_of(const struct connection *c, int64_t id)
{
	return (struct media_call){.connection = c->number, .request_id = id};
}

static void transport_added(void *owner, const struct media_call *call, int result)
{
	struct signaling *s = owner;
	struct transport *t = conference_transport_added(s->conference, call->id, result);
	struct connection *c = signaling_connection(s, call->connection);

	if (c && t)
		connection_accept(
		        c, call->request_id, transport_json(t, media_info(s->conference->media))
		);
	else if (c)
		connection_reject_errno(c, call->request_id, result < 0 ? result : -ENOENT);
	// A member who makes its receiving transport late has missed all tracks so far.
	if (t && t->consuming && t->peer->joined)
		conference_subscribe_all(s->conference, t->peer);
}

void handle_create_transport(struct connection *c, int64_t id, const struct json *data)
{
	const char *direction = json_string(json_object(data, "appData"), "direction", 16);
	bool producing = json_is_true(data, "producing");
	bool consuming = json_is_true(data, "consuming");
	struct media_call call = call_of(c, id);

	if (direction) {
		c->is_renamed = true;
		producing = strcmp(direction, "producer") == 0;
		consuming = strcmp(direction, "consumer") == 0;
	}

	if (producing == consuming)
		return connection_reject(c, id, 400, "bad-request: either producing or consuming");
	bool data_wanted = c->is_renamed || json_object(data, "sctpCapabilities");
	int ret = conference_transport_add(
	        conference_of(c), c->peer, consuming, data_wanted, transport_added, signaling_of(c),
	        &call
	);
	if (ret < 0)
		connection_reject_errno(c, id, ret);
}

// "AB:CD:…" (RFC 8122 5).
static bool fingerprint_parse(const char *s, struct am_fingerprint *out)
{
	uint32_t len = am_hash_len(out->hash);

	for (uint32_t i = 0; i < len; i++, s += 3) {
		if (!isxdigit((unsigned char)s[0]) || !isxdigit((unsigned char)s[1]) ||
		    s[2] != (i < len - 1 ? ':' : '\0'))
			return false;
		const char digits[] = {s[0], s[1], '\0'};
		out->bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return true;
}

static int hash_read(const char *algorithm)
{
	static const char *const names[AM_HASH_COUNT] = {
	        [AM_HASH_SHA256] = "sha-256",
	        [AM_HASH_SHA384] = "sha-384",
	        [AM_HASH_SHA512] = "sha-512",
	};
	int hash = AM_HASH_COUNT - 1;

	while (hash >= 0 && (!algorithm || strcasecmp(algorithm, names[hash]) != 0))
		hash--;
	return hash;
}

// The strongest that we know, as RFC 8122 5 asks for. NULL, or why there is none.
static const char *fingerprint_read(const struct json *data, struct am_fingerprint *out)
{
	const struct json *list = json_array(json_object(data, "dtlsParameters"), "fingerprints");
	const char *strongest = NULL;
	int left = FINGERPRINT_MAX, best = -1;

	for (const struct json *f = json_first(list); f && left-- > 0; f = json_next(f)) {
		int hash = hash_read(json_string(f, "algorithm", 16));
		if (hash <= best)
			continue;
		best = hash;
		strongest = json_string(f, "value", 3 * AM_FINGERPRINT_MAX - 1);
	}
	if (best < 0)
		return "bad-request: a fingerprint of sha-256, sha-384 or sha-512 is needed";
	*out = (struct am_fingerprint){.hash = (uint8_t)best};
	if (!strongest || !fingerprint_parse(strongest, out))
		return "bad-request: the strongest fingerprint is malformed";
	return NULL;
}

// Ours, from the client's own (RFC 8842 5). -EINVAL: there is no such role.
static int role_read(const struct json *data)
{
	const struct json *parameters = json_object(data, "dtlsParameters");
	const char *role = json_string(parameters, "role", 8);

	if (!json_has(parameters, "role") || (role && strcmp(role, "auto") == 0))
		return AM_DTLS_EITHER;
	if (role && strcmp(role, "client") == 0)
		return AM_DTLS_SERVER;
	return role && strcmp(role, "server") == 0 ? AM_DTLS_CLIENT : -EINVAL;
}

// Acknowledges with {}.
static void done(void *owner, const struct media_call *call, int result)
{
	struct connection *c = signaling_connection(owner, call->connection);

	if (c && result < 0)
		connection_reject_errno(c, call->request_id, result);
	else if (c)
		connection_accept(c, call->request_id, NULL);
}

void handle_connect_transport(struct connection *c, int64_t id, const struct json *data)
{
	struct transport *t = named_transport(c, data);
	struct media_call call = call_of(c, id);
	struct am_fingerprint fingerprint;
	int role = role_read(data);

	if (!t)
		return connection_reject_errno(c, id, -ENOENT);
	const char *why = fingerprint_read(data, &fingerprint);
	if (why)
		return connection_reject(c, id, 400, why);
	if (role < 0)
		return connection_reject(
		        c, id, 400, "bad-request: the DTLS role is auto, client or server"
		);
	call.id = t->id;
	int ret = conference_transport_connect(
	        conference_of(c), t, (enum am_dtls_role)role, &fingerprint, done, signaling_of(c),
	        &call
	);
	if (ret < 0)
		connection_reject_errno(c, id, ret);
}

static void ice_restarted(void *owner, const struct media_call *call, int result)
{
	struct signaling *s = owner;
	struct transport *t = conference_transport(s->conference, call->id);
	struct connection *c = signaling_connection(s, call->connection);

	if (!c)
		return;
	if (result < 0 || !t)
		return connection_reject_errno(c, call->request_id, result < 0 ? result : -ENOENT);
	struct json *data = ice_parameters_json(t);
	json_add(data, "iceParameters", ice_parameters_json(t));
	connection_accept(c, call->request_id, data);
}

void handle_restart_ice(struct connection *c, int64_t id, const struct json *data)
{
	struct transport *t = named_transport(c, data);
	struct media_call call = call_of(c, id);

	if (!t)
		return connection_reject_errno(c, id, -ENOENT);
	call.id = t->id;
	int ret = conference_transport_restart_ice(
	        conference_of(c), t, ice_restarted, signaling_of(c), &call
	);
	if (ret < 0)
		connection_reject_errno(c, id, ret);
}

void handle_close_transport(struct connection *c, int64_t id, const struct json *data)
{
	struct transport *t = named_transport(c, data);

	if (!t)
		return connection_reject_errno(c, id, -ENOENT);
	conference_transport_close(conference_of(c), t);
	connection_accept(c, id, NULL);
}
