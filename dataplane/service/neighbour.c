#include "service/neighbour.h"

#include "host/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ASK_NS            3000000000ull // an unanswered request is forgotten after this
#define USED_NS           60000000000ull // a neighbour not looked up for this long is not kept
#define ANNOUNCE_EVERY_NS 10000000000ull // between two defences of our address (RFC 5227 2.4)

#define ARP_REQUEST 1
#define ARP_REPLY   2

#define ND_FIRST          133 // router solicitation
#define ND_SOLICITATION   135
#define ND_ADVERTISEMENT  136
#define ND_LAST           137 // redirect
#define ND_OPTION_SOURCE  1
#define ND_OPTION_TARGET  2
#define ND_FLAG_SOLICITED 0x40
#define ND_FLAG_OVERRIDE  0x20
#define ND_MESSAGE_LEN    24 // solicitation or advertisement without options
#define ND_OPTION_LEN     8 // with a MAC address

static const uint8_t mac_broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
static const uint8_t ip_zero[16];
static const uint8_t ip_all_nodes[16] = {0xff, 2, [15] = 1};

struct neighbour {
	struct am_address address;
	uint8_t mac[6];
	bool known; // mac was proven at proved_ns, less than NEIGHBOUR_LIVE_NS ago
	bool asking; // a request is out, since asking_ns
	bool router; // configured, so never evicted or forgotten
	uint64_t proved_ns;
	uint64_t asking_ns;
	uint64_t asked_ns; // last request, 0: never
	uint64_t used_ns; // last lookup, 0: never
};

struct neighbour_counts {
	uint64_t answered; // requests for our addresses
	uint64_t learned;
	uint64_t refused; // claims against a live neighbour, or in conflict with our own address
	uint64_t ignored; // malformed, not for us, not asked for
	uint64_t evicted; // entries that a full table gave up
};

struct neighbour_table {
	const struct config *config;
	const struct packet_local *local;
	struct neighbour_hooks hooks;
	struct neighbour_counts counts;
	uint64_t defended_ns;
	uint32_t count;
	struct neighbour entries[NEIGHBOUR_MAX]; // the first `count`, in no order
};

static size_t address_size(const struct am_address *a)
{
	return a->family == 4 ? 4 : 16;
}

static struct am_address address_of(uint8_t family, const uint8_t *ip)
{
	struct am_address a = {.family = family};

	memcpy(a.bytes, ip, address_size(&a));
	return a;
}

static bool address_equal(const struct am_address *a, const struct am_address *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, 16) == 0;
}

static bool is_link_local(const uint8_t *ip)
{
	return ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80;
}

// True if a neighbour can have the address: on the link, not ours.
static bool on_link(const struct neighbour_table *t, const struct am_address *a)
{
	const struct config_network *n = a->family == 4 ? &t->config->ipv4 : &t->config->ipv6;

	if (n->address.family == 0 || address_equal(a, &n->address))
		return false;
	return (a->family == 6 && is_link_local(a->bytes)) || config_network_contains(n, a->bytes);
}

static void expire(struct neighbour *e, uint64_t now)
{
	if (e->known && now - e->proved_ns >= NEIGHBOUR_LIVE_NS) {
		e->known = false;
		e->asking = false; // its next request starts over, to everyone
	}
}

// The entry of an address, or NULL. An entry that is no longer believed becomes unknown again.
static struct neighbour *find(struct neighbour_table *t, const struct am_address *a, uint64_t now)
{
	for (uint32_t i = 0; i < t->count; i++) {
		struct neighbour *e = &t->entries[i];
		if (address_equal(&e->address, a)) {
			expire(e, now);
			return e;
		}
	}
	return NULL;
}

// A new entry, or NULL: a full table evicts only entries last looked up no later than used_ns, so
// strangers that ask us evict one another and never the entries that we use.
static struct neighbour *
insert(struct neighbour_table *t, const struct am_address *a, uint64_t used_ns)
{
	struct neighbour *e = NULL;

	if (t->count < NEIGHBOUR_MAX) {
		e = &t->entries[t->count++];
	} else {
		for (uint32_t i = 0; i < t->count; i++) {
			struct neighbour *c = &t->entries[i];
			if (!c->router && c->used_ns <= (e ? e->used_ns : used_ns))
				e = c;
		}
		if (!e)
			return NULL;
		t->counts.evicted++;
	}
	*e = (struct neighbour){.address = *a, .used_ns = used_ns};
	return e;
}

static void forget(struct neighbour_table *t, struct neighbour *e)
{
	*e = t->entries[--t->count];
}

struct neighbour_table *neighbour_create(
        const struct config *config, const struct packet_local *local,
        const struct neighbour_hooks *hooks
)
{
	const struct am_address *routers[] = {&config->ipv4.gateway, &config->ipv6.gateway};
	struct neighbour_table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->config = config;
	t->local = local;
	t->hooks = *hooks;
	for (int i = 0; i < 2; i++) {
		if (routers[i]->family != 0)
			insert(t, routers[i], 0)->router = true;
	}
	return t;
}

void neighbour_destroy(struct neighbour_table *t)
{
	free(t);
}

bool neighbour_next_hop(
        const struct neighbour_table *t, uint8_t family, const uint8_t *ip, struct am_address *hop
)
{
	const struct config_network *n = family == 4 ? &t->config->ipv4 : &t->config->ipv6;

	*hop = address_of(family, ip);
	if (on_link(t, hop))
		return true;
	if (n->gateway.family == 0 || address_equal(hop, &n->address))
		return false;
	*hop = n->gateway;
	return true;
}

// Frames ------------------------------------------------------------------------------------------

static void send_arp(
        struct neighbour_table *t, uint16_t operation, const uint8_t *dst_mac,
        const uint8_t *target_mac, const uint8_t *target_ip
)
{
	static const uint8_t ethernet_ipv4[6] = {0, 1, 8, 0, 6, 4};
	uint8_t frame[NEIGHBOUR_FRAME_MAX];
	uint8_t *p = packet_write_ethernet(frame, t->local, dst_mac, PACKET_ETHERTYPE_ARP);

	memcpy(p, ethernet_ipv4, 6);
	am_put_u16(p + 6, operation);
	memcpy(p + 8, t->local->mac, 6);
	memcpy(p + 14, t->local->ipv4.bytes, 4);
	memcpy(p + 18, target_mac, 6);
	memcpy(p + 24, target_ip, 4);
	t->hooks.send(t->hooks.user, frame, (uint16_t)(p + 28 - frame));
}

// A solicitation or advertisement with our MAC address as its one option.
static void
send_nd(struct neighbour_table *t, uint8_t type, uint8_t flags, const uint8_t *dst_mac,
        const uint8_t *dst_ip, const uint8_t *target)
{
	const uint16_t len = ND_MESSAGE_LEN + ND_OPTION_LEN;
	uint8_t frame[NEIGHBOUR_FRAME_MAX];
	uint8_t *ip = packet_write_ethernet(frame, t->local, dst_mac, PACKET_ETHERTYPE_IPV6);
	uint8_t *nd = ip + 40;

	memset(ip, 0, 40 + (size_t)len);
	ip[0] = 0x60;
	am_put_u16(ip + 4, len);
	ip[6] = PACKET_PROTOCOL_ICMP6;
	ip[7] = 255; // RFC 4861 7.1: proves that no router forwarded it
	memcpy(ip + 8, t->local->ipv6.bytes, 16);
	memcpy(ip + 24, dst_ip, 16);

	nd[0] = type;
	nd[4] = flags;
	memcpy(nd + 8, target, 16);
	nd[24] = type == ND_SOLICITATION ? ND_OPTION_SOURCE : ND_OPTION_TARGET;
	nd[25] = 1; // in units of 8 bytes
	memcpy(nd + 26, t->local->mac, 6);
	uint64_t sum = packet_sum_pseudo(6, ip + 8, dst_ip, PACKET_PROTOCOL_ICMP6, len);
	uint16_t check = packet_sum_fold(packet_sum(nd, len, sum));
	memcpy(nd + 2, &check, 2);
	t->hooks.send(t->hooks.user, frame, (uint16_t)(nd + len - frame));
}

// Asks who has the entry's address: the neighbour itself while we believe its MAC address, after
// that everyone.
static void ask(struct neighbour_table *t, struct neighbour *e, uint64_t now)
{
	bool unicast = e->known;
	const uint8_t *ip = e->address.bytes;

	if (e->asked_ns != 0 && now - e->asked_ns < NEIGHBOUR_ASK_EVERY_NS)
		return;
	e->asked_ns = now;
	if (!e->asking) {
		e->asking = true;
		e->asking_ns = now;
	}
	if (e->address.family == 4) {
		send_arp(t, ARP_REQUEST, unicast ? e->mac : mac_broadcast, ip_zero, ip);
		return;
	}
	uint8_t group[16] = {0xff, 2, [11] = 1, 0xff, ip[13], ip[14], ip[15]};
	uint8_t group_mac[6] = {0x33, 0x33, 0xff, ip[13], ip[14], ip[15]};
	send_nd(t, ND_SOLICITATION, 0, unicast ? e->mac : group_mac, unicast ? ip : group, ip);
}

// Learning ----------------------------------------------------------------------------------------

static void prove(struct neighbour_table *t, struct neighbour *e, const uint8_t *mac, uint64_t now)
{
	bool new = !e->known || memcmp(e->mac, mac, 6) != 0;

	memcpy(e->mac, mac, 6);
	e->known = true;
	e->asking = false;
	e->proved_ns = now;
	if (!new)
		return;
	t->counts.learned++;
	if (t->hooks.changed)
		t->hooks.changed(t->hooks.user, &e->address, e->mac);
}

static bool mac_is_host(const struct neighbour_table *t, const uint8_t *mac)
{
	return !(mac[0] & 1) && memcmp(mac, ip_zero, 6) != 0 && memcmp(mac, t->local->mac, 6) != 0;
}

// `from` claims to be at mac. asked: it answers our request; otherwise it sent us one.
static void
learn(struct neighbour_table *t, const struct am_address *from, const uint8_t *mac, bool asked,
      uint64_t now)
{
	struct neighbour *e = find(t, from, now);

	if (!on_link(t, from) || !mac_is_host(t, mac) || (asked && (!e || !e->asking))) {
		t->counts.ignored++;
		return;
	}
	if (e && e->known && memcmp(e->mac, mac, 6) != 0) {
		t->counts.refused++;
		return;
	}
	if (e && e->known && !asked) // only answers to our own requests prolong its life
		return;
	if (!e)
		e = insert(t, from, 0);
	if (e)
		prove(t, e, mac, now);
}

// Somebody else uses our address: tell the link who owns it, at most every 10 s.
static void defend(struct neighbour_table *t, uint64_t now)
{
	t->counts.refused++;
	if (t->defended_ns != 0 && now - t->defended_ns < ANNOUNCE_EVERY_NS)
		return;
	t->defended_ns = now;
	neighbour_announce(t, now);
}

// ARP ---------------------------------------------------------------------------------------------

static void receive_arp(
        struct neighbour_table *t, const uint8_t *frame, const struct packet_view *view,
        uint64_t now
)
{
	static const uint8_t ethernet_ipv4[6] = {0, 1, 8, 0, 6, 4};
	struct am_reader r = am_reader_init(frame + view->payload_offset, view->payload_len);
	const uint8_t *kind = am_reader_take(&r, 6);
	uint16_t operation = am_read_u16(&r);
	const uint8_t *sender_mac = am_reader_take(&r, 6);
	const uint8_t *sender_ip = am_reader_take(&r, 4);
	(void)am_reader_take(&r, 6);
	const uint8_t *target_ip = am_reader_take(&r, 4);
	const uint8_t *our_ip = t->local->ipv4.bytes;

	if (r.failed || t->local->ipv4.family != 4 || memcmp(kind, ethernet_ipv4, 6) != 0 ||
	    !mac_is_host(t, sender_mac)) {
		t->counts.ignored++;
		return;
	}
	if (memcmp(sender_ip, our_ip, 4) == 0) {
		defend(t, now);
		return;
	}
	// Neither a broadcast reply nor a request for another address is for us.
	bool reply = operation == ARP_REPLY && !(frame[0] & 1);
	if ((!reply && operation != ARP_REQUEST) || memcmp(target_ip, our_ip, 4) != 0) {
		t->counts.ignored++;
		return;
	}
	struct am_address from = address_of(4, sender_ip);
	if (!reply) {
		t->counts.answered++;
		send_arp(t, ARP_REPLY, sender_mac, sender_mac, sender_ip);
	}
	// A probe (RFC 5227 2.1.1) comes from 0.0.0.0, which is not a neighbour.
	learn(t, &from, sender_mac, reply, now);
}

// Neighbour discovery -----------------------------------------------------------------------------

// Finds an option with a MAC address; *mac stays NULL without one. False if an option is malformed;
// then the whole message is ignored (RFC 4861 4.6).
static bool find_option(struct am_reader *r, uint8_t type, const uint8_t **mac)
{
	*mac = NULL;
	while (am_reader_left(r) > 0) {
		const uint8_t *option = am_reader_take(r, 2);
		if (!option || option[1] == 0)
			return false;
		const uint8_t *body = am_reader_take(r, (size_t)option[1] * 8 - 2);
		if (!body)
			return false;
		if (option[0] == type && option[1] == 1)
			*mac = body;
	}
	return true;
}

static void receive_solicitation(
        struct neighbour_table *t, const struct packet_view *view, const uint8_t *target,
        const uint8_t *option_mac, uint64_t now
)
{
	const uint8_t all_nodes_mac[6] = {0x33, 0x33, 0, 0, 0, 1};
	const uint8_t *our_ip = t->local->ipv6.bytes;

	if (memcmp(target, our_ip, 16) != 0) {
		t->counts.ignored++;
		return;
	}
	if (memcmp(view->src, ip_zero, 16) == 0) {
		// Somebody is about to take our address (RFC 4861 7.1.1, 7.2.4).
		if (option_mac || memcmp(view->dst, our_ip, 16) == 0) {
			t->counts.ignored++;
			return;
		}
		t->counts.answered++;
		send_nd(t, ND_ADVERTISEMENT, ND_FLAG_OVERRIDE, all_nodes_mac, ip_all_nodes, our_ip);
		return;
	}
	const uint8_t *mac = option_mac ? option_mac : view->src_mac;
	if (!mac_is_host(t, mac)) {
		t->counts.ignored++;
		return;
	}
	t->counts.answered++;
	send_nd(t, ND_ADVERTISEMENT, ND_FLAG_SOLICITED | ND_FLAG_OVERRIDE, mac, view->src, our_ip);
	struct am_address from = address_of(6, view->src);
	if (option_mac)
		learn(t, &from, option_mac, false, now);
}

static void receive_advertisement(
        struct neighbour_table *t, const struct packet_view *view, uint8_t flags,
        const uint8_t *target, const uint8_t *option_mac, uint64_t now
)
{
	struct am_address from = address_of(6, target);

	if (memcmp(target, t->local->ipv6.bytes, 16) == 0) {
		defend(t, now);
		return;
	}
	struct neighbour *e = find(t, &from, now);
	// A probe sent to the neighbour itself may be answered without the option (RFC 4861 4.4).
	if (!option_mac && e && e->known)
		option_mac = e->mac;
	if (!(flags & ND_FLAG_SOLICITED) || !option_mac ||
	    memcmp(view->dst, t->local->ipv6.bytes, 16) != 0) {
		t->counts.ignored++;
		return;
	}
	learn(t, &from, option_mac, true, now);
}

static void receive_nd(
        struct neighbour_table *t, const uint8_t *frame, const struct packet_view *view,
        uint64_t now
)
{
	const uint8_t *nd = frame + view->payload_offset;
	struct am_reader r = am_reader_init(nd, view->payload_len);
	uint8_t type = am_read_u8(&r);
	uint8_t code = am_read_u8(&r);
	(void)am_read_u16(&r); // checksum, summed below
	uint8_t flags = am_read_u8(&r);
	(void)am_read_u24(&r);
	const uint8_t *target = am_reader_take(&r, 16);
	uint64_t sum = packet_sum_pseudo(
	        6, view->src, view->dst, PACKET_PROTOCOL_ICMP6, view->payload_len
	);
	const uint8_t *mac;

	// RFC 4861 7.1: hop limit 255, code 0, a correct checksum, whole options. Router
	// solicitations, router advertisements and redirects are not for us.
	if (r.failed || view->hop_limit != 255 || code != 0 ||
	    (type != ND_SOLICITATION && type != ND_ADVERTISEMENT) ||
	    packet_sum_fold(packet_sum(nd, view->payload_len, sum)) != 0 ||
	    !find_option(&r, type == ND_SOLICITATION ? ND_OPTION_SOURCE : ND_OPTION_TARGET, &mac)) {
		t->counts.ignored++;
		return;
	}
	if (type == ND_SOLICITATION)
		receive_solicitation(t, view, target, mac, now);
	else
		receive_advertisement(t, view, flags, target, mac, now);
}

bool neighbour_receive(
        struct neighbour_table *t, enum packet_class class, const uint8_t *frame,
        const struct packet_view *view, uint64_t now
)
{
	if (class == PACKET_ARP) {
		receive_arp(t, frame, view, now);
		return true;
	}
	if (class != PACKET_ICMP6 || view->payload_len == 0)
		return false;
	uint8_t type = frame[view->payload_offset];
	if (type < ND_FIRST || type > ND_LAST)
		return false;
	receive_nd(t, frame, view, now);
	return true;
}

// Time --------------------------------------------------------------------------------------------

void neighbour_announce(struct neighbour_table *t, uint64_t now)
{
	const uint8_t all_nodes_mac[6] = {0x33, 0x33, 0, 0, 0, 1};

	if (t->local->ipv4.family == 4)
		send_arp(t, ARP_REQUEST, mac_broadcast, ip_zero, t->local->ipv4.bytes);
	if (t->local->ipv6.family == 6)
		send_nd(t, ND_ADVERTISEMENT, ND_FLAG_OVERRIDE, all_nodes_mac, ip_all_nodes,
		        t->local->ipv6.bytes);
	for (uint32_t i = 0; i < t->count; i++) {
		if (t->entries[i].router && !t->entries[i].known)
			ask(t, &t->entries[i], now);
	}
}

bool neighbour_lookup(
        struct neighbour_table *t, const struct am_address *hop, uint64_t now, uint8_t mac[6]
)
{
	struct neighbour *e = find(t, hop, now);

	if (!e && on_link(t, hop))
		e = insert(t, hop, now);
	if (!e)
		return false;
	e->used_ns = now;
	if (!e->known) {
		ask(t, e, now);
		return false;
	}
	memcpy(mac, e->mac, 6);
	return true;
}

// True if the entry should be forgotten.
static bool entry_tick(struct neighbour_table *t, struct neighbour *e, uint64_t now)
{
	bool wanted = e->router || (e->used_ns != 0 && now - e->used_ns < USED_NS);

	expire(e, now);
	if (e->known) {
		if (wanted && now - e->proved_ns >= NEIGHBOUR_PROBE_NS)
			ask(t, e, now);
		return false;
	}
	if (!wanted || (!e->router && e->asking && now - e->asking_ns >= ASK_NS))
		return true;
	ask(t, e, now);
	return false;
}

void neighbour_tick(struct neighbour_table *t, uint64_t now)
{
	for (uint32_t i = t->count; i-- > 0;) {
		if (entry_tick(t, &t->entries[i], now))
			forget(t, &t->entries[i]);
	}
}
