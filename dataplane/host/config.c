#include "host/config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CPU_MAX            1023
#define TAP_SOCKET_NAME    "tap.sock"
#define BUFFERS_PER_WORKER 4096 // for its descriptors, caches and rings, with room to spare

// The settings as they are in the file.
struct raw {
	char log_level[AM_CONFIG_STRING_MAX];
	char idle[AM_CONFIG_STRING_MAX];
	char adapt[AM_CONFIG_STRING_MAX];
	char udp_checksum[AM_CONFIG_STRING_MAX];
	char dataplane_tap[AM_CONFIG_STRING_MAX];
	char port[AM_CONFIG_STRING_MAX];
	char ipv4[AM_CONFIG_STRING_MAX];
	char ipv4_gateway[AM_CONFIG_STRING_MAX];
	char ipv6[AM_CONFIG_STRING_MAX];
	char ipv6_gateway[AM_CONFIG_STRING_MAX];
	char socket[AM_CONFIG_STRING_MAX];
	char tap[AM_CONFIG_STRING_MAX];
	struct am_config_ints cores;
	struct am_config_strings announced;
	struct am_config_strings srtp_profiles;
	int64_t workers, buffers, vlan, udp_port, tap_uid;
	int64_t publisher_packets_per_s, publisher_mbit_per_s;
	bool hugepages;
};

static const char *const log_levels[] = {"error", "warning", "info", "debug", NULL};
static const char *const switches[] = {"off", "on", NULL};
static const char *const idles[] = {"poll", "adaptive", NULL};

#define PROFILE_NAME(name, id, openssl, salt, tag) #name,
static const char *const profiles[] = {SRTP_PROFILES(PROFILE_NAME) NULL};

#define FIELD(field) .name = #field, .offset = offsetof(struct raw, field)

static const struct am_setting dataplane_settings[] = {
        {FIELD(log_level), .type = AM_SETTING_STRING, .accepted = log_levels},
        {FIELD(workers), .type = AM_SETTING_INT, .min = 1, .max = AM_WORKER_MAX},
        {FIELD(cores), .type = AM_SETTING_INTS, .min = 0, .max = CPU_MAX},
        {FIELD(idle), .type = AM_SETTING_STRING, .accepted = idles},
        {FIELD(adapt), .type = AM_SETTING_STRING, .accepted = switches},
        {FIELD(udp_checksum), .type = AM_SETTING_STRING, .accepted = switches},
        {.name = "tap",
         .offset = offsetof(struct raw, dataplane_tap),
         .type = AM_SETTING_STRING,
         .accepted = switches},
        {FIELD(tap_uid), .type = AM_SETTING_INT, .min = 0, .max = UINT32_MAX - 1},
        {FIELD(port), .type = AM_SETTING_STRING},
        {FIELD(hugepages), .type = AM_SETTING_BOOL},
        {FIELD(buffers), .type = AM_SETTING_INT, .min = 4096, .max = 4 << 20},
        {FIELD(publisher_packets_per_s), .type = AM_SETTING_INT, .min = 100, .max = 1000000},
        {FIELD(publisher_mbit_per_s), .type = AM_SETTING_INT, .min = 1, .max = 10000},
        {FIELD(vlan), .type = AM_SETTING_INT, .min = 0, .max = 4094},
        {FIELD(ipv4), .type = AM_SETTING_STRING},
        {FIELD(ipv4_gateway), .type = AM_SETTING_STRING},
        {FIELD(ipv6), .type = AM_SETTING_STRING},
        {FIELD(ipv6_gateway), .type = AM_SETTING_STRING},
        {FIELD(announced), .type = AM_SETTING_STRINGS},
        {FIELD(udp_port), .type = AM_SETTING_INT, .min = 1, .max = 65535},
        {FIELD(srtp_profiles), .type = AM_SETTING_STRINGS, .accepted = profiles},
        {0},
};

static const struct am_setting link_settings[] = {
        {FIELD(socket), .type = AM_SETTING_STRING},
        {FIELD(tap), .type = AM_SETTING_STRING},
        {.name = "recorder", .type = AM_SETTING_FOREIGN},
        {0},
};

static const struct am_config_group groups[] = {
        {"link", link_settings},
        {"dataplane", dataplane_settings},
        {"controlplane", NULL},
        {"recording", NULL},
        {0},
};

static const struct raw defaults = {
        .log_level = "info",
        .idle = "adaptive",
        .adapt = "on",
        .udp_checksum = "on",
        .dataplane_tap = "on",
        .socket = "/run/amphi/dataplane.sock",
        .srtp_profiles = {SRTP_PROFILE_COUNT, {SRTP_PROFILES(PROFILE_NAME)}},
        .workers = 1,
        .buffers = 32768,
        .publisher_packets_per_s = 5000,
        .publisher_mbit_per_s = 50,
        .udp_port = 40000,
        .hugepages = true,
};

struct report {
	const char *path;
	char *text;
	size_t size;
};

static int refuse(const struct report *, const char *name, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

static int refuse(const struct report *r, const char *name, const char *format, ...)
{
	int line = am_config_line(r->path, groups, name);
	va_list args;
	int n = line > 0 ? snprintf(r->text, r->size, "%s:%d: %s ", r->path, line, name)
	                 : snprintf(r->text, r->size, "%s: %s ", r->path, name);

	if (n < 0 || (size_t)n >= r->size)
		return -EINVAL;
	va_start(args, format);
	vsnprintf(r->text + n, r->size - (size_t)n, format, args);
	va_end(args);
	return -EINVAL;
}

// True if a host can have the address: not unspecified, loopback, multicast or broadcast.
static bool address_is_host(const struct am_address *a)
{
	static const uint8_t zero[16];
	const uint8_t *b = a->bytes;

	if (a->family == 4)
		return b[0] != 0 && b[0] != 127 && b[0] < 224;
	return b[0] != 0xff && memcmp(b, zero, 12) != 0 && // ::, ::1 and the old ::a.b.c.d
	       !(memcmp(b, zero, 10) == 0 && b[10] == 0xff && b[11] == 0xff); // IPv4-mapped
}

static bool address_parse(const char *text, uint8_t family, struct am_address *out)
{
	*out = (struct am_address){.family = family};
	return inet_pton(family == 4 ? AF_INET : AF_INET6, text, out->bytes) == 1 &&
	       address_is_host(out);
}

bool config_network_contains(const struct config_network *n, const uint8_t *ip)
{
	size_t whole = n->prefix_len / 8;
	uint8_t mask = (uint8_t)(0xff00 >> n->prefix_len % 8);

	if (n->address.family == 0 || memcmp(ip, n->address.bytes, whole) != 0)
		return false;
	return mask == 0 || ((ip[whole] ^ n->address.bytes[whole]) & mask) == 0;
}

// "address/length" with a decimal length of at least 1.
static bool prefix_parse(const char *text, uint8_t family, struct config_network *out)
{
	char address[AM_CONFIG_STRING_MAX];
	const char *slash = strchr(text, '/');
	char *end;

	if (!slash || slash[1] < '0' || slash[1] > '9')
		return false;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	unsigned long len = strtoul(slash + 1, &end, 10);
	if (*end != '\0' || len < 1 || len > (family == 4 ? 32 : 128))
		return false;
	out->prefix_len = (uint8_t)len;
	return address_parse(address, family, &out->address);
}

// True if the address is the network's own number or its broadcast address.
static bool ipv4_is_network_edge(const struct config_network *n)
{
	if (n->prefix_len >= 31) // RFC 3021
		return false;
	uint32_t ip = (uint32_t)n->address.bytes[0] << 24 | (uint32_t)n->address.bytes[1] << 16 |
	              (uint32_t)n->address.bytes[2] << 8 | n->address.bytes[3];
	uint32_t host = UINT32_MAX >> n->prefix_len;
	return (ip & host) == 0 || (ip & host) == host;
}

static int read_network(
        const struct report *r, uint8_t family, const char *name, const char *text,
        const char *gateway_name, const char *gateway, struct config_network *out
)
{
	if (text[0] == '\0') {
		if (gateway[0] != '\0')
			return refuse(r, gateway_name, "= \"%s\" requires %s", gateway, name);
		return 0;
	}
	if (!prefix_parse(text, family, out) || (family == 4 && ipv4_is_network_edge(out)))
		return refuse(
		        r, name,
		        "= \"%s\" is not a host's address with its prefix length, as in %s", text,
		        family == 4 ? "192.0.2.10/24" : "2001:db8::10/64"
		);
	if (gateway[0] == '\0')
		return 0;
	if (!address_parse(gateway, family, &out->gateway))
		return refuse(r, gateway_name, "= \"%s\" is not a host's address", gateway);

	const uint8_t *ip = out->gateway.bytes;
	bool link_local = family == 6 && ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80;
	if (!link_local && !config_network_contains(out, ip))
		return refuse(r, gateway_name, "= \"%s\" is not within %s", gateway, text);
	if (memcmp(ip, out->address.bytes, 16) == 0)
		return refuse(r, gateway_name, "= \"%s\" is the port's own address", gateway);
	return 0;
}

static int read_cores(const struct report *r, const struct raw *raw, struct config *out)
{
	const struct am_config_ints *cores = &raw->cores;

	if (cores->count != 0 && cores->count != raw->workers)
		return refuse(
		        r, "cores", "has %u entries for %u workers", cores->count, out->worker_count
		);
	for (uint16_t i = 0; i < out->worker_count; i++) {
		out->cores[i] = cores->count != 0 ? (uint16_t)cores->values[i] : i;
		for (uint16_t j = 0; j < i; j++) {
			if (out->cores[j] == out->cores[i])
				return refuse(r, "cores", "has %u twice", out->cores[i]);
		}
	}
	return 0;
}

static int read_announced(const struct report *r, const struct raw *raw, struct config *out)
{
	if (raw->announced.count > AM_ADDRESS_MAX)
		return refuse(r, "announced", "has more than %d entries", AM_ADDRESS_MAX);
	for (uint16_t i = 0; i < raw->announced.count; i++) {
		const char *text = raw->announced.values[i];
		struct am_address *a = &out->announced[i];

		if (!address_parse(text, 4, a) && !address_parse(text, 6, a))
			return refuse(r, "announced", "has \"%s\", not a host's address", text);
		const struct config_network *n = a->family == 4 ? &out->ipv4 : &out->ipv6;
		if (n->address.family == 0)
			return refuse(
			        r, "announced", "has \"%s\", but the port has no address of IPv%u",
			        text, a->family
			);
	}
	out->announced_count = raw->announced.count;
	return 0;
}

static int read_profiles(const struct report *r, const struct raw *raw, struct config *out)
{
	const struct am_config_strings *list = &raw->srtp_profiles;

	if (list->count == 0)
		return refuse(r, "srtp_profiles", "is empty");
	for (uint16_t i = 0; i < list->count; i++) {
		for (uint16_t j = 0; j < i; j++) {
			if (strcmp(list->values[i], list->values[j]) == 0)
				return refuse(r, "srtp_profiles", "has %s twice", list->values[i]);
		}
		// Without duplicates there are no more entries than accepted names.
		out->srtp_profiles[i] = srtp_profile_named(list->values[i])->id;
	}
	out->srtp_profile_count = list->count;
	return 0;
}

// Empty: tap.sock next to the other socket.
static int read_tap_socket(const struct report *r, const char *path, struct config *out)
{
	const char *slash = strrchr(out->socket, '/');
	int dir_len = slash ? (int)(slash + 1 - out->socket) : 0;
	int n = path[0] ? snprintf(out->tap_socket, CONFIG_SOCKET_MAX, "%s", path)
	                : snprintf(
	                          out->tap_socket, CONFIG_SOCKET_MAX, "%.*s%s", dir_len,
	                          out->socket, TAP_SOCKET_NAME
	                  );

	if (n >= CONFIG_SOCKET_MAX)
		return refuse(r, "tap", "is longer than %d characters", CONFIG_SOCKET_MAX - 1);
	if (strcmp(out->tap_socket, out->socket) == 0)
		return refuse(r, "tap", "= \"%s\" is also link.socket", out->tap_socket);
	return 0;
}

static int check(const struct report *r, const struct raw *raw, struct config *out)
{
	int ret;

	*out = (struct config){
	        .log_level = (enum am_log_level)am_log_level_from_name(raw->log_level),
	        .adapt = strcmp(raw->adapt, "on") == 0,
	        .udp_checksum = strcmp(raw->udp_checksum, "on") == 0,
	        .idle = strcmp(raw->idle, "poll") == 0 ? CONFIG_IDLE_POLL : CONFIG_IDLE_ADAPTIVE,
	        .tap = strcmp(raw->dataplane_tap, "on") == 0,
	        .tap_uid = (uint32_t)raw->tap_uid,
	        .worker_count = (uint16_t)raw->workers,
	        .hugepages = raw->hugepages,
	        .buffers = (uint32_t)raw->buffers,
	        .publisher_packets_per_s = (uint32_t)raw->publisher_packets_per_s,
	        .publisher_mbit_per_s = (uint32_t)raw->publisher_mbit_per_s,
	        .vlan = (uint16_t)raw->vlan,
	        .udp_port = (uint16_t)raw->udp_port,
	};
	if (raw->buffers < raw->workers * BUFFERS_PER_WORKER)
		return refuse(
		        r, "buffers", "= %u is less than %d for each worker", out->buffers,
		        BUFFERS_PER_WORKER
		);
	if (raw->port[0] == '\0')
		return refuse(r, "port", "names no port");
	strcpy(out->port, raw->port);
	if (raw->socket[0] == '\0' || strlen(raw->socket) >= CONFIG_SOCKET_MAX)
		return refuse(
		        r, "socket", "is empty or longer than %d characters", CONFIG_SOCKET_MAX - 1
		);
	strcpy(out->socket, raw->socket);

	ret = read_tap_socket(r, raw->tap, out);
	if (ret < 0)
		return ret;
	ret = read_cores(r, raw, out);
	if (ret < 0)
		return ret;
	ret = read_network(r, 4, "ipv4", raw->ipv4, "ipv4_gateway", raw->ipv4_gateway, &out->ipv4);
	if (ret < 0)
		return ret;
	ret = read_network(r, 6, "ipv6", raw->ipv6, "ipv6_gateway", raw->ipv6_gateway, &out->ipv6);
	if (ret < 0)
		return ret;
	if (out->ipv4.address.family == 0 && out->ipv6.address.family == 0)
		return refuse(r, "ipv4", "and ipv6 are both empty: the port requires an address");
	ret = read_announced(r, raw, out);
	if (ret < 0)
		return ret;
	return read_profiles(r, raw, out);
}

int config_read(const char *path, struct config *out, char *error, size_t error_size)
{
	const struct report r = {.path = path, .text = error, .size = error_size};
	struct raw raw = defaults;

	int ret = am_config_read(path, groups, &raw, error, error_size);
	return ret < 0 ? ret : check(&r, &raw, out);
}
