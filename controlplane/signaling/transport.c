// createWebRtcTransport and related requests.
#include "signaling/handlers.h"

#include "base/json.h"
#include "conference/events.h"
#include "protoo/wire.h"
#include "signaling/chat.h"
#include "signaling/named.h"

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

static struct json *dtls_parameters_json(const struct endpoint *e)
{
	struct json *j = json_new_object(), *list = json_new_array(), *f = json_new_object();
	char text[sizeof(e->fingerprint) * 3 + 1];

	for (size_t i = 0; i < sizeof(e->fingerprint); i++)
		snprintf(text + i * 3, 4, "%02X:", e->fingerprint[i]);
	text[sizeof(e->fingerprint) * 3 - 1] = '\0';
	json_add_string(f, "algorithm", "sha-256");
	json_add_string(f, "value", text);
	json_push(list, f);
	json_add_string(j, "role", "auto");
	json_add(j, "fingerprints", list);
	return j;
}

static struct json *transport_json(const struct transport *t, const struct endpoint *e)
{
	struct json *j = wire_made("transportId", t->id), *candidates = json_new_array();

	for (int i = 0; i < AM_ADDRESS_MAX; i++) {
		if (e->addresses[i].family == 4 || e->addresses[i].family == 6)
			json_push(candidates, candidate_json(&e->addresses[i], i, e->udp_port));
	}
	json_add(j, "iceParameters", ice_parameters_json(t));
	json_add(j, "iceCandidates", candidates);
	json_add(j, "dtlsParameters", dtls_parameters_json(e));
	json_add(j, "sctpParameters", data_sctp_json());
	return j;
}

static void on_transport_made(void *owner, const struct asker *by, const struct transport *t)
{
	struct signaling *s = owner;
	struct connection *c = signaling_connection(s, by->connection);
	struct endpoint endpoint;

	if (!c)
		return;
	conference_endpoint(s->conference, &endpoint);
	connection_accept(c, by->request_id, transport_json(t, &endpoint));
}

void handle_create_transport(struct connection *c, int64_t id, const struct json *data)
{
	const char *direction = json_string(json_object(data, "appData"), "direction", 16);
	bool producing = json_is_true(data, "producing");
	bool consuming = json_is_true(data, "consuming");
	const struct asker by = {c->number, id};

	if (direction) {
		c->is_renamed = true;
		producing = strcmp(direction, "producer") == 0;
		consuming = strcmp(direction, "consumer") == 0;
	}

	if (producing == consuming)
		return connection_reject(c, id, 400, "bad-request: either producing or consuming");
	bool data_wanted = c->is_renamed || json_object(data, "sctpCapabilities");
	int ret = conference_transport_add(conference_of(c), c->peer, consuming, data_wanted, &by);
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

// Reads the fingerprint with the strongest hash that we know, as RFC 8122 5 requires. Returns NULL,
// or why there is none.
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

// Our DTLS role, from the client's own (RFC 8842 5). -EINVAL if there is no such role.
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

void handle_connect_transport(struct connection *c, int64_t id, const struct json *data)
{
	struct transport *t = named_transport(c, data);
	const struct asker by = {c->number, id};
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
	int ret = conference_transport_connect(
	        conference_of(c), t, (enum am_dtls_role)role, &fingerprint, &by
	);
	if (ret < 0)
		connection_reject_errno(c, id, ret);
}

static void on_ice_restarted(void *owner, const struct asker *by, const struct transport *t)
{
	struct connection *c = signaling_connection(owner, by->connection);

	if (!c)
		return;
	struct json *data = ice_parameters_json(t);
	json_add(data, "iceParameters", ice_parameters_json(t));
	connection_accept(c, by->request_id, data);
}

void handle_restart_ice(struct connection *c, int64_t id, const struct json *data)
{
	struct transport *t = named_transport(c, data);
	const struct asker by = {c->number, id};

	if (!t)
		return connection_reject_errno(c, id, -ENOENT);
	int ret = conference_transport_restart_ice(conference_of(c), t, &by);
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

void transport_events_init(struct conference_events *e)
{
	e->transport_made = on_transport_made;
	e->ice_restarted = on_ice_restarted;
}
