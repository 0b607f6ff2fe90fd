#include "client.h"

#include <errno.h>
#include <poll.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "am_clock.h"

#define GCM_ID      7 // RFC 7714 14.2
#define CLIENTS_MAX 256
#define CONSENT_MS  1000 // sooner than a browser, for short tests

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
		c->lost_out++; // lost, as on a wire
}

static void peer_send(void *context, const uint8_t *payload, size_t len)
{
	client_raw_send(context, payload, len);
}

static void data_take(void *context, const uint8_t *bytes, size_t len)
{
	struct client *c = context;

	if (c->events.data)
		c->events.data(c->context, bytes, len);
}

void client_data_send(struct client *c, const uint8_t *bytes, size_t len)
{
	peer_data_send(&c->peer, bytes, len);
}

void client_restart(struct client *c, const char *ufrag, const char *pwd)
{
	peer_restart(&c->peer, ufrag, pwd);
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
	const struct peer_config peer = {
	        .ufrag = config->ufrag,
	        .pwd = config->pwd,
	        .profiles = config->profiles,
	        .dtls_mtu = config->dtls_mtu,
	        .consent_ms = CONSENT_MS,
	        .server = (const struct sockaddr *)&config->server,
	        .keep_dtls = true,
	        .dtls_server = config->dtls_server,
	        .passive = config->passive,
	        .send = peer_send,
	        .data = data_take,
	        .context = c,
	};
	c->fd = socket_open(config->server.ss_family);
	if (c->fd < 0)
		return c->fd;
	int ret = peer_init(&c->peer, &peer);
	if (ret < 0)
		close(c->fd);
	return ret;
}

void client_fini(struct client *c)
{
	peer_fini(&c->peer);
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
	c->peer.check_next_ns = 0;
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
	const uint8_t *m = c->peer.material, *salts = m + 32;
	size_t salt_len = c->peer.profile == GCM_ID ? 12 : 14;
	bool passive = c->config.passive || c->config.dtls_server;

	return srtp_make(
	               &c->srtp_out, c->peer.profile, m + 16 * passive, salts + salt_len * passive,
	               false
	       ) &&
	       srtp_make(
	               &c->srtp_in, c->peer.profile, m + 16 * !passive, salts + salt_len * !passive,
	               true
	       );
}

static void media_take(struct client *c, uint8_t *bytes, size_t size, uint64_t now_ns)
{
	struct wire_rtp p;
	int len = (int)size;
	// RFC 5761 4: types 192 to 223 are RTCP.
	bool rtcp = size >= 2 && bytes[1] >= 192 && bytes[1] <= 223;

	if (c->peer.state != PEER_CONNECTED || !c->srtp_in)
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

static void peer_take(
        struct client *c, const uint8_t *bytes, size_t len, const struct sockaddr_storage *from,
        uint64_t now_ns
)
{
	if (c->config.passive) // a passive client serves one peer, whatever its address
		c->config.server = c->peer.server = *from;
	if (peer_receive(&c->peer, bytes, len, now_ns) == PEER_CONNECTED && !c->srtp_in &&
	    !c->peer.data_alone && !keys_install(c))
		c->peer.state = PEER_FAILED;
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
		// RFC 7983 7
		if (bytes[0] >= 128 && bytes[0] <= 191)
			media_take(c, bytes, (size_t)n, now_ns);
		else
			peer_take(c, bytes, (size_t)n, &from, now_ns);
	}
	peer_tick(&c->peer, now_ns);
	if (c->events.tick)
		c->events.tick(c->context, now_ns);
}

bool clients_run(
        struct client *const *clients, size_t count, uint64_t duration_ms,
        bool (*done)(void *context), void *context
)
{
	uint64_t end = am_clock_ns() + duration_ms * NS_PER_MS;
	struct pollfd fds[CLIENTS_MAX];

	if (count > CLIENTS_MAX)
		return false;
	do {
		uint64_t now = am_clock_ns();
		for (size_t i = 0; i < count; i++) {
			client_step(clients[i], now);
			fds[i] = (struct pollfd){.fd = clients[i]->fd, .events = POLLIN};
		}
		if (done && done(context))
			return true;
		poll(fds, count, 2);
	} while (am_clock_ns() < end);
	return false;
}

int client_rtp_send(struct client *c, const struct wire_rtp *p)
{
	alignas(8) uint8_t out[WIRE_MTU + SRTP_MAX_TRAILER_LEN];

	if (c->peer.state != PEER_CONNECTED || !c->srtp_out)
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

	if (c->peer.state != PEER_CONNECTED || !c->srtp_out)
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
