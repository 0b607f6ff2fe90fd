#include "peer.h"

#include <errno.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "am_reader.h"
#include "binding.h"

#define CHECK_NS   50000000ull // until the first answer (RFC 8445 14.2)
#define CONSENT_MS 2500 // as Chrome; well under 30 s (RFC 7675 5.1)
#define OWN_UFRAG  8
#define OWN_PWD    24
#define PRIORITY   1853824767u // prflx of a host (RFC 8445 5.1.2)
#define MTU        1200
#define PROFILES   "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80"

static void handshake_out(void *owner, const uint8_t *bytes, size_t len)
{
	const struct peer *p = owner;
	p->config.send(p->config.context, bytes, len);
}

static void data_in(void *owner, const uint8_t *bytes, size_t len)
{
	const struct peer *p = owner;
	p->config.data(p->config.context, bytes, len);
}

// n characters of RFC 8445's ice-char.
static bool word_make(char *out, size_t n)
{
	static const char chars[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t random[OWN_PWD];

	if (RAND_bytes(random, (int)n) != 1)
		return false;
	for (size_t i = 0; i < n; i++)
		out[i] = chars[random[i] & 63];
	out[n] = '\0';
	return true;
}

static bool address_copy(struct sockaddr_storage *out, const struct sockaddr *from)
{
	if (!from)
		return true;
	if (from->sa_family != AF_INET && from->sa_family != AF_INET6)
		return false;
	memcpy(out, from,
	       from->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
	                                   : sizeof(struct sockaddr_in));
	return true;
}

static int words_init(struct peer *p, const struct peer_config *config)
{
	if (strlen(config->ufrag) > PEER_WORD_MAX || strlen(config->pwd) > PEER_WORD_MAX)
		return -EINVAL;
	if (config->passive) {
		strcpy(p->ufrag, config->ufrag);
		strcpy(p->pwd, config->pwd);
		return 0;
	}
	peer_restart(p, config->ufrag, config->pwd);
	return word_make(p->ufrag, OWN_UFRAG) && word_make(p->pwd, OWN_PWD) ? 0 : -EIO;
}

int peer_init(struct peer *p, const struct peer_config *config)
{
	*p = (struct peer){.config = *config};
	p->config.ufrag = p->config.pwd = p->config.profiles = NULL;
	p->config.fingerprint = NULL;
	p->data_alone = config->profiles && !config->profiles[0];
	p->config.server = NULL;
	if (!config->consent_ms)
		p->config.consent_ms = CONSENT_MS;
	if (config->fingerprint) {
		p->fingerprint_wanted = true;
		memcpy(p->server_fingerprint, config->fingerprint, sizeof(p->server_fingerprint));
	}
	if (!address_copy(&p->server, config->server))
		return -EAFNOSUPPORT;
	int ret = words_init(p, config);
	if (ret < 0)
		return ret;
	if (RAND_bytes((uint8_t *)&p->tie_breaker, sizeof(p->tie_breaker)) != 1)
		return -EIO;
	p->dtls = handshake_create(
	        config->passive || config->dtls_server,
	        config->profiles ? config->profiles : PROFILES,
	        config->dtls_mtu ? config->dtls_mtu : MTU, handshake_out, p
	);
	if (!p->dtls)
		return -ENOMEM;
	if (p->config.data)
		handshake_on_data(p->dtls, data_in);
	return 0;
}

void peer_fini(struct peer *p)
{
	handshake_destroy(p->dtls);
	OPENSSL_cleanse(p, sizeof(*p));
}

void peer_fingerprint(uint8_t out[32])
{
	handshake_fingerprint(out);
}

void peer_restart(struct peer *p, const char *ufrag, const char *pwd)
{
	snprintf(p->server_ufrag, sizeof(p->server_ufrag), "%s", ufrag);
	snprintf(p->server_pwd, sizeof(p->server_pwd), "%s", pwd);
	RAND_bytes(p->transaction, sizeof(p->transaction)); // answers to older checks are void
	p->transactions = 0;
	p->check_next_ns = 0;
}

void peer_data_send(struct peer *p, const uint8_t *bytes, size_t len)
{
	if (p->dtls && p->state == PEER_CONNECTED)
		handshake_send(p->dtls, bytes, len);
}

void peer_close(struct peer *p)
{
	if (p->dtls)
		handshake_close(p->dtls);
}

static bool fingerprint_good(struct peer *p)
{
	uint8_t got[32];

	if (!handshake_peer_fingerprint(p->dtls, got))
		return false;
	if (p->fingerprint_wanted)
		return CRYPTO_memcmp(got, p->server_fingerprint, sizeof(got)) == 0;
	memcpy(p->server_fingerprint, got, sizeof(got));
	return true;
}

// A DTLS 1.2 client has finished here: the server sends the last flight of a full handshake, and
// only its sender must be able to repeat it (RFC 6347 4.2.4). Sessions are never resumed.
static enum peer_state keys_take(struct peer *p)
{
	if (!fingerprint_good(p))
		return PEER_FAILED;
	if (!p->data_alone && handshake_material(p->dtls, p->material, &p->profile) == 0)
		return PEER_FAILED;
	if (!p->config.keep_dtls && !p->config.passive && !p->config.dtls_server) {
		handshake_destroy(p->dtls);
		p->dtls = NULL;
	}
	return PEER_CONNECTED;
}

// bytes: NULL runs the timers.
static void dtls_take(struct peer *p, const uint8_t *bytes, size_t len, uint64_t now_ns)
{
	if (!p->dtls || (p->state != PEER_HANDSHAKE && p->state != PEER_CONNECTED))
		return;
	enum handshake_result result = handshake_step(p->dtls, bytes, len);
	uint64_t left = handshake_timeout_ns(p->dtls);
	p->timer_ns = left == UINT64_MAX ? UINT64_MAX : now_ns + left;

	if (result == HANDSHAKE_CLOSED)
		p->state = PEER_CLOSED;
	else if (result == HANDSHAKE_FAILED && p->state == PEER_HANDSHAKE)
		p->state = PEER_FAILED;
	else if (result == HANDSHAKE_DONE && p->state == PEER_HANDSHAKE)
		p->state = keys_take(p);
}

static void checks_succeeded(struct peer *p, uint64_t now_ns)
{
	p->checks_answered++;
	if (p->state != PEER_CHECKING)
		return;
	p->state = PEER_HANDSHAKE;
	dtls_take(p, NULL, 0, now_ns);
}

// Each check has an id of its own, and a late answer to an earlier one is valid as well: a server
// that is busy with a thousand joins may take longer than the time between two checks.
static void transaction_next(struct peer *p, uint8_t out[12])
{
	memcpy(out, p->transaction, sizeof(p->transaction));
	am_put_u32(out + sizeof(p->transaction), ++p->transactions);
}

static bool transaction_is_ours(const struct peer *p, const uint8_t transaction[12])
{
	struct am_reader count = am_reader_init(transaction + sizeof(p->transaction), 4);

	return memcmp(transaction, p->transaction, sizeof(p->transaction)) == 0 &&
	       am_read_u32(&count) <= p->transactions;
}

static void check_send(struct peer *p, uint64_t now_ns)
{
	char username[2 * PEER_WORD_MAX + 2];
	uint8_t out[BINDING_LEN_MAX];
	struct binding_request check = {
	        .username = username,
	        .password = p->server_pwd,
	        .tie_breaker = p->tie_breaker,
	        .priority = PRIORITY,
	        .controlled = p->config.controlled,
	        .use_candidate = !p->config.controlled,
	};

	if (p->checks_off || p->config.passive || now_ns < p->check_next_ns)
		return;
	p->check_next_ns =
	        now_ns + (p->checks_answered ? p->config.consent_ms * 1000000ull : CHECK_NS);
	transaction_next(p, check.transaction);
	snprintf(username, sizeof(username), "%s:%s", p->server_ufrag, p->ufrag);
	p->config.send(p->config.context, out, binding_request_build(&check, out));
	p->checks_sent++;
}

// A check from the server, or from the client of a passive peer.
static void request_take(struct peer *p, const struct binding_message *m, uint64_t now_ns)
{
	uint8_t out[BINDING_LEN_MAX];

	if (!m->integrity_ok || !m->fingerprint_ok || p->answers_off ||
	    p->server.ss_family == AF_UNSPEC)
		return;
	p->config.send(
	        p->config.context, out,
	        binding_answer_build(m, p->pwd, (const struct sockaddr *)&p->server, out)
	);
	p->requests_answered++;
	if (p->config.passive)
		checks_succeeded(p, now_ns);
	else if (p->state == PEER_CHECKING)
		p->check_next_ns = 0; // a triggered check (RFC 8445 7.3.1.4)
}

static void response_take(struct peer *p, const struct binding_message *m, uint64_t now_ns)
{
	if (!transaction_is_ours(p, m->transaction))
		return;
	if (m->type == BINDING_ERROR) {
		p->check_errors++;
		p->check_error_last = m->error;
	}
	if (m->type != BINDING_SUCCESS || !m->integrity_ok || !m->fingerprint_ok)
		return;
	p->mapped = m->mapped;
	checks_succeeded(p, now_ns);
}

static void stun_take(struct peer *p, const uint8_t *bytes, size_t len, uint64_t now_ns)
{
	struct binding_message m;
	bool request = len >= 2 && bytes[0] == 0 && bytes[1] == BINDING_REQUEST;

	if (binding_parse(&m, bytes, len, request ? p->pwd : p->server_pwd) < 0)
		p->unknown_in++;
	else if (request)
		request_take(p, &m, now_ns);
	else if (!p->config.passive)
		response_take(p, &m, now_ns);
}

enum peer_state peer_receive(struct peer *p, const uint8_t *payload, size_t len, uint64_t now_ns)
{
	if (len > 0 && payload[0] <= 3) // RFC 7983 7
		stun_take(p, payload, len, now_ns);
	else if (len > 0 && payload[0] >= 20 && payload[0] <= 63)
		dtls_take(p, payload, len, now_ns);
	else
		p->unknown_in++;
	return p->state;
}

enum peer_state peer_tick(struct peer *p, uint64_t now_ns)
{
	check_send(p, now_ns);
	if (p->state == PEER_HANDSHAKE && now_ns >= p->timer_ns)
		dtls_take(p, NULL, 0, now_ns);
	return p->state;
}

uint64_t peer_deadline(const struct peer *p)
{
	uint64_t check = p->checks_off || p->config.passive ? UINT64_MAX : p->check_next_ns;

	return p->state == PEER_HANDSHAKE && p->timer_ns < check ? p->timer_ns : check;
}
