// The data plane as a host on its network: neighbours, echo, and ICE over time.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "am_clock.h"
#include "scene.h"

#define ECHO_MAX 1400

static const struct member_options top = {TOP_LAYERS};

static uint16_t checksum(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	if (len & 1)
		sum += (uint32_t)p[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

// Sends an echo request with n bytes and waits for the reply. The kernel fills in ICMPv6 checksums.
static bool echo(int fd, int family, uint16_t sequence, size_t n)
{
	struct sockaddr_storage to = scene_server(family);
	uint8_t out[8 + ECHO_MAX] = {0}, in[2048];
	size_t skip = family == AF_INET ? 20 : 0; // raw IPv4 sockets receive the IP header
	socklen_t to_len =
	        family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);

	out[0] = family == AF_INET ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
	am_put_u16(out + 4, (uint16_t)getpid());
	am_put_u16(out + 6, sequence);
	for (size_t i = 0; i < n; i++)
		out[8 + i] = (uint8_t)(i * 7 + sequence);
	if (family == AF_INET)
		am_put_u16(out + 2, checksum(out, 8 + n));
	((struct sockaddr_in *)&to)->sin_port = 0; // at the same place in both families
	if (sendto(fd, out, 8 + n, 0, (struct sockaddr *)&to, to_len) < 0)
		return false;
	uint64_t end = am_clock_ns() + 2 * NS_PER_S;
	while (am_clock_ns() < end) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		if (poll(&p, 1, 100) != 1)
			continue;
		ssize_t len = recv(fd, in, sizeof(in), 0);
		const uint8_t *m = in + skip;
		if (len != (ssize_t)(skip + 8 + n) ||
		    m[0] != (family == AF_INET ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY))
			continue;
		if (memcmp(m + 4, out + 4, 4 + n) == 0)
			return true;
	}
	return false;
}

// The kernel on our side must first resolve the address by ARP or neighbour discovery.
static void check_echo(int family)
{
	static const size_t sizes[] = {0, 1, 56, 1399, ECHO_MAX};
	int fd =
	        socket(family, SOCK_RAW,
	               family == AF_INET ? (int)IPPROTO_ICMP : (int)IPPROTO_ICMPV6);

	assert_true(fd >= 0);
	for (uint16_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		if (!echo(fd, family, i, sizes[i]))
			fail_msg("no echo of %zu bytes", sizes[i]);
	}
	close(fd);
}

static void ipv4_echo_is_answered(void **)
{
	check_echo(AF_INET);
}

static void ipv6_echo_is_answered(void **)
{
	check_echo(AF_INET6);
}

static void the_region_names_our_addresses(void **)
{
	const struct am_region_header *h = &scene.driver.region.map->header;
	uint8_t v4[4], v6[16];
	int found = 0;

	inet_pton(AF_INET, "198.18.0.2", v4);
	inet_pton(AF_INET6, "fd00:616d:7068::2", v6);
	for (int i = 0; i < AM_ADDRESS_MAX; i++) {
		found += h->addresses[i].family == 4 && !memcmp(h->addresses[i].bytes, v4, 4);
		found += h->addresses[i].family == 6 && !memcmp(h->addresses[i].bytes, v6, 16);
	}
	assert_int_equal(found, 2);
	assert_int_equal(h->udp_port, SERVER_PORT);
	assert_true(h->drop_count > 0);
	for (uint32_t w = 0; w < h->worker_count; w++)
		assert_int_equal(am_lifecycle_get(&h->workers[w]), AM_LIFECYCLE_RUN);
}

static void commands_about_nothing_are_refused(void **)
{
	const uint8_t fingerprint[32] = {0};
	struct am_msg wrong = {.type = 999};
	const am_id nobody = am_id_make(AM_TRANSPORT_MAX - 1, 77);
	struct driver *d = &scene.driver;

	assert_true(driver_command(d, &wrong) < 0);
	assert_true(driver_command(d, &wrong) != -ETIMEDOUT);
	assert_true(driver_transport_connect(d, nobody, fingerprint) < 0);
	assert_true(driver_remove(d, AM_CMD_TRACK_REMOVE, nobody) < 0);
	assert_true(driver_remove(d, AM_CMD_SUBSCRIPTION_REMOVE, nobody) < 0);
	assert_true(driver_layers(d, nobody, 0, 0) < 0);
	assert_true(driver_pause(d, AM_CMD_TRACK_PAUSE, nobody, true) < 0);
}

static void a_restart_of_ice_keeps_the_media(void **)
{
	struct party p;

	party_begin(&p);
	struct member *speaker = party_speaker(&p, &top);
	struct member *watcher = party_watcher(&p, speaker, &top);
	party_connect(&p);
	party_run(&p, 1000);
	const struct driver_transport old = watcher->transport;
	assert_int_equal(driver_transport_restart(&scene.driver, &watcher->transport), 0);
	uint64_t answered = watcher->client.peer.checks_answered;
	party_run(&p, 1500); // the old credentials stay valid until the new ones are used
	assert_true(watcher->client.peer.checks_answered > answered);
	client_restart(&watcher->client, watcher->transport.ufrag, watcher->transport.pwd);
	assert_int_equal(client_rebind(&watcher->client), 0);
	answered = watcher->client.peer.checks_answered;
	party_run(&p, 1500);
	assert_true(watcher->client.peer.checks_answered > answered);
	client_restart(&watcher->client, old.ufrag, old.pwd);
	answered = watcher->client.peer.checks_answered;
	party_run(&p, 1500);
	assert_int_equal(
	        watcher->client.peer.checks_answered, answered
	); // the old ones are invalid now
	party_settle(&p);
	assert_true(check_video(watcher).frames > 120);
	party_end(&p);
}

// RFC 7675 5.1: 30 s without a valid check, and nothing more is sent.
// proves F16
static void consent_expires_after_30_seconds(void **)
{
	struct party p;

	party_begin(&p);
	struct member *speaker = party_speaker(&p, &top);
	struct member *watcher = party_watcher(&p, speaker, &top);
	struct member *other = party_watcher(&p, speaker, &top);
	party_connect(&p);
	party_run(&p, 1200);
	watcher->client.peer.checks_off = true;
	uint32_t packets = watcher->video->packets;
	party_run(&p, 27000);
	assert_true(watcher->video->packets > packets + 500); // consent has not expired too early
	check_ice(&p, watcher, AM_ICE_EXPIRED, 6000);
	party_run(&p, 100);
	uint64_t datagrams = watcher->client.datagrams_in;
	uint32_t others = other->video->packets;
	party_run(&p, 1000);
	assert_int_equal(watcher->client.datagrams_in, datagrams);
	assert_true(other->video->packets > others + 20);
	party_settle(&p);
	check_video(other);
	party_end(&p);
}

// A removed transport does not answer any more, and its slot serves another one.
static void a_removed_transport_is_a_stranger(void **)
{
	struct party p;

	party_begin(&p);
	struct member *m = party_transport(&p, &top);
	party_connect(&p);
	assert_int_equal(driver_remove(&scene.driver, AM_CMD_TRANSPORT_REMOVE, m->transport.id), 0);
	party_run(&p, 100);
	uint64_t datagrams = m->client.datagrams_in;
	m->client.peer.check_next_ns = 0;
	party_run(&p, 1500);
	assert_int_equal(m->client.datagrams_in, datagrams);
	struct am_transport_state state;
	assert_false(driver_transport_state(&scene.driver, m->transport.id, &state));
	assert_true(driver_remove(&scene.driver, AM_CMD_TRANSPORT_REMOVE, m->transport.id) < 0);
	assert_int_equal(driver_transport_add(&scene.driver, p.room, &m->transport), 0);
	client_restart(&m->client, m->transport.ufrag, m->transport.pwd);
	party_run(&p, 500);
	assert_true(m->client.datagrams_in > datagrams);
	party_end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_region_names_our_addresses),
	        cmocka_unit_test(commands_about_nothing_are_refused),
	        cmocka_unit_test(ipv4_echo_is_answered),
	        cmocka_unit_test(ipv6_echo_is_answered),
	        cmocka_unit_test(a_removed_transport_is_a_stranger),
	        cmocka_unit_test(a_restart_of_ice_keeps_the_media),
	        cmocka_unit_test(consent_expires_after_30_seconds),
	};
	return SCENE_RUN(tests);
}
