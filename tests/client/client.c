#include "client.h"

#include <errno.h>
#include <poll.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define CHECK_FAST_NS (50 * NS_PER_MS) // until the first answer
#define CHECK_SLOW_NS (1000 * NS_PER_MS) // consent, well under 30 s (RFC 7675 5.1)
#define GCM_ID        7 // RFC 7714 14.2
#define CLIENTS_MAX   256

uint64_t clock_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static bool is_lost(struct client *c, uint16_t permille)
{
	c->random ^= c->random << 13; // xorshift: the same loss for the same seed
	c->random ^= c->random >> 7;
	c->random ^= c->random << 17;
	return c->random % 1000 < permille;
}

static socklen_t address_len(const struct sockaddr_storage *a)
{
	return a->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

static int socket_open(int family)
{
	const int size = 4 << 20;
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return fd;
}

void client_raw_send(struct client *c, const void *bytes, size_t len)
{
	const struct sockaddr *to = (const struct sockaddr *)&c->config.server;
	if (sendto(c->fd, bytes, len, 0, to, address_len(&c->config.server)) < 0 && errno != EAGAIN)
		c->lost_out++; // as on a wire
}

static void dtls_send(void *owner, const uint8_t *bytes, size_t len)
{
	client_raw_send(owner, bytes, len);
}

void client_restart(struct client *c, const char *ufrag, const char *pwd)
{
	snprintf(c->ufrag, sizeof(c->ufrag), "%s", ufrag);
	snprintf(c->pwd, sizeof(c->pwd), "%s", pwd);
	snprintf(c->username, sizeof(c->username), "%s:test", c->ufrag);
	c->check_next_ns = 0;
}

int client_init(
        struct client *c, const struct client_config *config, const struct client_events *events,
        void *context
)
{
	static bool srtp_ready;

	if (!srtp_ready && srtp_init() != srtp_err_status_ok)
		return -EIO;
	srtp_ready = true;
	*c = (struct client){.config = *config, .context = context};
	if (events)
		c->events = *events;
	c->random = config->seed * 2654435761u + 88172645463325252ull;
	if (getrandom(&c->tie_breaker, sizeof(c->tie_breaker), 0) < 0)
		return -errno;
	client_restart(c, config->ufrag, config->pwd);
	c->fd = socket_open(config->server.ss_family);
	if (c->fd < 0)
		return c->fd;
	c->dtls = handshake_create(
	        config->passive,
	        config->profiles ? config->profiles
	                         : "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80",
	        config->dtls_mtu ? config->dtls_mtu : 1200, dtls_send, c
	);
	if (!c->dtls) {
		close(c->fd);
		return -ENOMEM;
	}
	return 0;
}

void client_fini(struct client *c)
{
	handshake_destroy(c->dtls);
	if (c->srtp_in)
		srtp_dealloc(c->srtp_in);
	if (c->srtp_out)
		srtp_dealloc(c->srtp_out);
	if (c->fd >= 0)
		close(c->fd);
	*c = (struct client){.fd = -1};
}

int client_rebind(struct client *c)
{
	int fd = socket_open(c->config.server.ss_family);
	if (fd < 0)
		return fd;
	close(c->fd);
	c->fd = fd;
	c->check_next_ns = 0;
	return 0;
}

static bool
srtp_make(srtp_t *out, uint16_t profile, const uint8_t *key, const uint8_t *salt, bool in)
{
	bool gcm = profile == GCM_ID;
	srtp_profile_t p = gcm ? srtp_profile_aead_aes_128_gcm : srtp_profile_aes128_cm_sha1_80;
	srtp_policy_t policy = {.window_size = 1024, .allow_repeat_tx = 1};
	uint8_t both[30];

	memcpy(both, key, 16);
	memcpy(both + 16, salt, gcm ? 12 : 14);
	policy.key = both;
	policy.ssrc.type = in ? ssrc_any_inbound : ssrc_any_outbound;
	if (srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, p) != srtp_err_status_ok ||
	    srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, p) != srtp_err_status_ok)
		return false;
	return srtp_create(out, &policy) == srtp_err_status_ok;
}

// Layout of the material: client key, server key, client salt, server salt (RFC 5764 4.2).
static bool keys_install(struct client *c)
{
	uint8_t m[HANDSHAKE_MATERIAL_MAX];
	size_t len = handshake_material(c->dtls, m, &c->profile);

	if (len == 0 || !handshake_peer_fingerprint(c->dtls, c->server_fingerprint))
		return false;
	const uint8_t *salts = m + 32;
	size_t salt_len = (len - 32) / 2;
	bool passive = c->config.passive;
	return srtp_make(
	               &c->srtp_out, c->profile, m + 16 * passive, salts + salt_len * passive, false
	       ) &&
	       srtp_make(
	               &c->srtp_in, c->profile, m + 16 * !passive, salts + salt_len * !passive, true
	       );
}

static void dtls_take(struct client *c, const uint8_t *bytes, size_t len)
{
	enum handshake_result result = handshake_step(c->dtls, bytes, len);

	if (result == HANDSHAKE_CLOSED)
		c->state = CLIENT_CLOSED;
	else if (result == HANDSHAKE_FAILED && c->state == CLIENT_HANDSHAKE)
		c->state = CLIENT_FAILED;
	else if (result == HANDSHAKE_DONE && c->state == CLIENT_HANDSHAKE)
		c->state = keys_install(c) ? CLIENT_CONNECTED : CLIENT_FAILED;
}

static void check_send(struct client *c, uint64_t now_ns)
{
	uint8_t out[BINDING_LEN_MAX];
	struct binding_request check = {
	        .username = c->username,
	        .password = c->pwd,
	        .tie_breaker = c->tie_breaker,
	        .priority = 1853824767, // prflx of a host (RFC 8445 5.1.2)
	        .use_candidate = true,
	};

	if (c->checks_off || c->config.passive || now_ns < c->check_next_ns)
		return;
	c->check_next_ns = now_ns + (c->checks_answered ? CHECK_SLOW_NS : CHECK_FAST_NS);
	if (getrandom(c->transaction, sizeof(c->transaction), 0) < 0)
		return;
	memcpy(check.transaction, c->transaction, sizeof(check.transaction));
	client_raw_send(c, out, binding_request_build(&check, out));
	c->checks_sent++;
}

static void passive_answer(
        struct client *c, const struct binding_message *m, const struct sockaddr_storage *from
)
{
	uint8_t out[BINDING_LEN_MAX];

	if (m->type != BINDING_REQUEST || !m->integrity_ok || !m->fingerprint_ok || c->answers_off)
		return;
	c->config.server = *from;
	if (c->state == CLIENT_CHECKING)
		c->state = CLIENT_HANDSHAKE;
	client_raw_send(
	        c, out, binding_answer_build(m, c->pwd, (const struct sockaddr *)from, out)
	);
	c->checks_answered++;
}

static void
stun_take(struct client *c, const uint8_t *bytes, size_t len, const struct sockaddr_storage *from)
{
	struct binding_message m;

	if (binding_parse(&m, bytes, len, c->pwd) < 0) {
		c->unknown_in++;
		return;
	}
	if (c->config.passive) {
		passive_answer(c, &m, from);
		return;
	}
	if (memcmp(m.transaction, c->transaction, sizeof(m.transaction)) != 0)
		return; // an answer to an older check
	if (m.type == BINDING_ERROR) {
		c->check_errors++;
		c->check_error_last = m.error;
	}
	if (m.type != BINDING_SUCCESS || !m.integrity_ok || !m.fingerprint_ok)
		return;
	c->checks_answered++;
	c->mapped = m.mapped;
	if (c->state == CLIENT_CHECKING)
		c->state = CLIENT_HANDSHAKE;
}

static void media_take(struct client *c, uint8_t *bytes, size_t size, uint64_t now_ns)
{
	struct wire_rtp p;
	int len = (int)size;
	// RFC 5761 4: types 192 to 223 are RTCP.
	bool rtcp = size >= 2 && bytes[1] >= 192 && bytes[1] <= 223;

	if (c->state != CLIENT_CONNECTED)
		return;
	if (is_lost(c, c->config.loss_in_permille)) {
		c->lost_in++;
		return;
	}
	srtp_err_status_t status = rtcp ? srtp_unprotect_rtcp(c->srtp_in, bytes, &len)
	                                : srtp_unprotect(c->srtp_in, bytes, &len);
	if (status != srtp_err_status_ok) {
		c->srtp_refused++;
		return;
	}
	if (rtcp) {
		c->rtcp_in++;
		if (c->events.rtcp)
			c->events.rtcp(c->context, bytes, (size_t)len, now_ns);
	} else if (wire_rtp_parse(&p, bytes, (size_t)len) == 0) {
		c->rtp_in++;
		if (c->events.rtp)
			c->events.rtp(c->context, &p, now_ns);
	} else {
		c->unknown_in++;
	}
}

void client_step(struct client *c, uint64_t now_ns)
{
	for (int i = 0; i < 512; i++) {
		alignas(8) uint8_t bytes[2048];
		struct sockaddr_storage from = {0};
		socklen_t from_len = sizeof(from);
		ssize_t n = recvfrom(
		        c->fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &from_len
		);
		if (n <= 0)
			break;
		c->datagrams_in++;
		if (bytes[0] <= 3) // RFC 7983 7
			stun_take(c, bytes, (size_t)n, &from);
		else if (bytes[0] >= 20 && bytes[0] <= 63)
			dtls_take(c, bytes, (size_t)n);
		else if (bytes[0] >= 128 && bytes[0] <= 191)
			media_take(c, bytes, (size_t)n, now_ns);
		else
			c->unknown_in++;
	}
	check_send(c, now_ns);
	if (c->state == CLIENT_HANDSHAKE)
		dtls_take(c, NULL, 0);
	if (c->events.tick)
		c->events.tick(c->context, now_ns);
}

bool clients_run(
        struct client *const *clients, size_t count, uint64_t duration_ms,
        bool (*done)(void *context), void *context
)
{
	uint64_t end = clock_ns() + duration_ms * NS_PER_MS;
	struct pollfd fds[CLIENTS_MAX];

	if (count > CLIENTS_MAX)
		return false;
	do {
		uint64_t now = clock_ns();
		for (size_t i = 0; i < count; i++) {
			client_step(clients[i], now);
			fds[i] = (struct pollfd){.fd = clients[i]->fd, .events = POLLIN};
		}
		if (done && done(context))
			return true;
		poll(fds, count, 2);
	} while (clock_ns() < end);
	return false;
}

int client_rtp_send(struct client *c, const struct wire_rtp *p)
{
	alignas(8) uint8_t out[WIRE_MTU + SRTP_MAX_TRAILER_LEN];

	if (c->state != CLIENT_CONNECTED)
		return -ENOTCONN;
	int len = (int)wire_rtp_build(p, out);
	if (srtp_protect(c->srtp_out, out, &len) != srtp_err_status_ok)
		return -EIO;
	c->rtp_out++;
	if (is_lost(c, c->config.loss_out_permille))
		c->lost_out++;
	else
		client_raw_send(c, out, (size_t)len);
	return 0;
}

int client_rtcp_send(struct client *c, const uint8_t *bytes, size_t size)
{
	alignas(8) uint8_t out[WIRE_MTU + SRTP_MAX_TRAILER_LEN + 4];
	int len = (int)size;

	if (c->state != CLIENT_CONNECTED)
		return -ENOTCONN;
	memcpy(out, bytes, size);
	if (srtp_protect_rtcp(c->srtp_out, out, &len) != srtp_err_status_ok)
		return -EIO;
	c->rtcp_out++;
	if (is_lost(c, c->config.loss_out_permille))
		c->lost_out++;
	else
		client_raw_send(c, out, (size_t)len);
	return 0;
}
