#include "members.h"

#include "net.h"
#include "nic.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define NS_PER_S     1000000000ull
#define JOIN_MAX_NS  (MEMBERS_JOIN_S * NS_PER_S)
#define FAILURES_SAY 5 // failures that are reported one by one; others are only counted

int members_init(struct members *m, const struct members_options *o)
{
	*m = (struct members){.options = *o};
	peer_fingerprint(m->fingerprint);
	m->all = calloc(o->capacity, sizeof(*m->all));
	m->cipher = cipher_create();
	if (!m->all || !m->cipher) {
		members_fini(m);
		return -ENOMEM;
	}
	return 0;
}

static void member_clear(struct member *p)
{
	if (p->state == MEMBER_CONNECTING || p->state == MEMBER_HERE)
		peer_fini(&p->peer);
	cipher_key_destroy(p->key);
	*p = (struct member){0};
}

void members_fini(struct members *m)
{
	for (uint32_t i = 0; m->all && i < m->options.capacity; i++)
		member_clear(&m->all[i]);
	free(m->all);
	cipher_destroy(m->cipher);
	*m = (struct members){0};
}

// Random ice-chars (RFC 8445 5.3).
static void word_make(char *out, size_t len)
{
	static const char chars[] =
	        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/";

	if (getrandom(out, len, 0) != (ssize_t)len)
		abort(); // such short words are never cut
	for (size_t i = 0; i < len; i++)
		out[i] = chars[(uint8_t)out[i] % 64];
	out[len] = '\0';
}

static void joining_remove(struct members *m, uint32_t member)
{
	for (uint16_t i = 0; i < m->joining_count; i++) {
		if (m->joining[i] == member) {
			m->joining[i] = m->joining[--m->joining_count];
			return;
		}
	}
}

static void member_fail(struct members *m, uint32_t member, const char *why)
{
	struct member *p = &m->all[member];

	if (m->failed++ < FAILURES_SAY)
		fprintf(stderr, "bench-load: member %u did not join: %s\n", member, why);
	joining_remove(m, member);
	if (p->state == MEMBER_CONNECTING)
		peer_fini(&p->peer);
	p->state = MEMBER_FAILED;
}

int members_add(
        struct members *m, uint32_t member, const struct server_track *tracks, uint16_t count,
        uint64_t now_ns
)
{
	struct member *p = &m->all[member];
	const struct server_client client = {
	        .ufrag = p->ufrag,
	        .pwd = p->pwd,
	        .fingerprint = m->fingerprint,
	        .ip = net_ip(member),
	        .port = net_port(member),
	        .tracks = tracks,
	        .track_count = count,
	        .feedback = m->options.feedback,
	};

	if (m->joining_count == m->options.joining_max || now_ns < m->join_next_ns)
		return -EAGAIN;
	bool paced = m->options.joins_per_s != 0;
	uint64_t due_ns = paced && m->join_next_ns != 0 ? m->join_next_ns : now_ns;
	*p = (struct member){.members = m, .state = MEMBER_SIGNALED, .added_ns = due_ns};
	word_make(p->ufrag, 8);
	word_make(p->pwd, 24);
	m->joining[m->joining_count++] = member;
	int ret = m->options.calls->member_add(m->options.server, member, &client);
	if (ret < 0) {
		joining_remove(m, member);
		p->state = MEMBER_ABSENT;
		return ret;
	}
	if (paced)
		m->join_next_ns = due_ns + NS_PER_S / m->options.joins_per_s;
	return 0;
}

int members_remove(struct members *m, uint32_t member)
{
	int ret = m->options.calls->member_remove(m->options.server, member);
	if (ret < 0)
		return ret;
	switch (m->all[member].state) {
	case MEMBER_HERE: m->here--; break;
	case MEMBER_FAILED: m->failed--; break;
	default: joining_remove(m, member); break;
	}
	member_clear(&m->all[member]);
	return 0;
}

static void send_from_peer(void *context, const uint8_t *payload, size_t len)
{
	struct member *p = context;
	members_send(p->members, (uint32_t)(p - p->members->all), payload, len);
}

void members_ready(void *context, uint32_t member, int result, const struct server_answer *answer)
{
	struct members *m = context;
	struct member *p = &m->all[member];

	if (result < 0) {
		member_fail(m, member, strerror(-result));
		return;
	}
	const struct sockaddr_in server = {
	        .sin_family = AF_INET,
	        .sin_port = __builtin_bswap16(answer->port),
	        .sin_addr.s_addr = __builtin_bswap32(answer->ip),
	};
	const struct peer_config config = {
	        .ufrag = answer->ufrag,
	        .pwd = answer->pwd,
	        .fingerprint = answer->fingerprint,
	        .profiles = m->options.profiles,
	        .server = answer->full_ice ? (const struct sockaddr *)&server : NULL,
	        .controlled = answer->controlling,
	        .send = send_from_peer,
	        .context = p,
	};
	int ret = peer_init(&p->peer, &config);
	if (ret < 0) {
		member_fail(m, member, strerror(-ret));
		return;
	}
	memcpy(p->peer.ufrag, p->ufrag, sizeof(p->ufrag));
	memcpy(p->peer.pwd, p->pwd, sizeof(p->pwd));
	p->state = MEMBER_CONNECTING;
	m->options.net->server_ports[member] = answer->port;
	m->options.events.answered(m->options.events.context, member, answer);
}

void members_offered(
        void *context, uint32_t member, uint16_t index, const struct server_stream *stream
)
{
	struct members *m = context;

	m->options.events.offered(m->options.events.context, member, index, stream);
}

void members_pace(struct members *m, uint32_t joins_per_s)
{
	m->options.joins_per_s = joins_per_s;
	m->join_next_ns = 0;
}

// RFC 5764 4.2: both keys, then both salts.
static void keys_from_material(struct srtp_keys *keys, const struct peer *peer)
{
	const uint8_t *at = peer->material;
	uint8_t salt_len = srtp_salt_len(peer->profile);

	*keys = (struct srtp_keys){.profile = peer->profile};
	memcpy(keys->client.key, at, SRTP_KEY_LEN);
	memcpy(keys->server.key, at + SRTP_KEY_LEN, SRTP_KEY_LEN);
	memcpy(keys->client.salt, at + 2 * SRTP_KEY_LEN, salt_len);
	memcpy(keys->server.salt, at + 2 * SRTP_KEY_LEN + salt_len, salt_len);
}

static void member_here(struct members *m, uint32_t member, uint64_t now_ns)
{
	struct member *p = &m->all[member];

	keys_from_material(&p->keys, &p->peer);
	const struct srtp_keys ours = {
	        .profile = p->keys.profile,
	        .client = p->keys.server,
	        .server = p->keys.client, // a cipher_key sends as the server
	};
	p->key = cipher_key_create(&ours);
	if (!p->key) {
		member_fail(m, member, strerror(errno));
		return;
	}
	p->state = MEMBER_HERE;
	m->here++;
	joining_remove(m, member);
	histogram_add(&m->join_ns, now_ns - p->added_ns);
	if (m->options.calls->member_connected)
		m->options.calls->member_connected(m->options.server, member);
	m->options.events.here(m->options.events.context, member);
}

static void
member_follow(struct members *m, uint32_t member, enum peer_state state, uint64_t now_ns)
{
	if (m->all[member].state != MEMBER_CONNECTING)
		return;
	if (state == PEER_CONNECTED)
		member_here(m, member, now_ns);
	else if (state == PEER_FAILED || state == PEER_CLOSED)
		member_fail(m, member, "the DTLS handshake failed");
	else if (now_ns - m->all[member].added_ns > JOIN_MAX_NS)
		member_fail(
		        m, member,
		        state == PEER_CHECKING ? "no answer to its ICE checks"
		                               : "the DTLS handshake did not end"
		);
}

void members_receive(
        struct members *m, uint32_t member, const uint8_t *payload, size_t len, uint64_t now_ns
)
{
	struct member *p = &m->all[member];

	if (p->state == MEMBER_CONNECTING || p->state == MEMBER_HERE)
		member_follow(m, member, peer_receive(&p->peer, payload, len, now_ns), now_ns);
}

void members_tick(struct members *m, uint64_t now_ns)
{
	// Backwards: a member that leaves the list is replaced by the last one.
	for (uint16_t i = m->joining_count; i-- > 0;) {
		uint32_t member = m->joining[i];
		struct member *p = &m->all[member];
		if (p->state == MEMBER_CONNECTING && peer_deadline(&p->peer) <= now_ns)
			member_follow(m, member, peer_tick(&p->peer, now_ns), now_ns);
		else if (p->state == MEMBER_SIGNALED && now_ns - p->added_ns > JOIN_MAX_NS)
			member_fail(m, member, "no answer from the signaling");
	}
}

void members_visit(struct members *m, uint32_t member, uint64_t now_ns)
{
	struct member *p = &m->all[member];

	if (p->state == MEMBER_HERE && peer_deadline(&p->peer) <= now_ns)
		peer_tick(&p->peer, now_ns);
}

void members_send(struct members *m, uint32_t member, const uint8_t *payload, size_t len)
{
	uint16_t queue = (uint16_t)(member % m->options.nic->queues);
	uint8_t *frame = nic_reserve(m->options.nic, queue);

	if (!frame)
		return;
	if (len > NIC_FRAME_MAX - NET_HEADER_LEN)
		len = NIC_FRAME_MAX - NET_HEADER_LEN;
	memcpy(frame + NET_HEADER_LEN, payload, len);
	nic_commit(m->options.nic, queue, net_seal(m->options.net, member, frame, len));
}

void members_send_rtcp(
        struct members *m, uint32_t member, uint8_t *packet, size_t len, size_t capacity
)
{
	struct member *p = &m->all[member];

	// The server may have its keys, and send, a moment before the member has its own.
	if (len == 0 || !p->key ||
	    cipher_protect_rtcp(m->cipher, p->key, ++p->rtcp_index, packet, &len, capacity) < 0)
		return;
	members_send(m, member, packet, len);
}
