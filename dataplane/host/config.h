// The data plane's configuration: read from the file and checked once at start, then constant.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "am_config.h"
#include "am_log.h"
#include "am_region.h"
#include "crypto/profile.h"

#define CONFIG_SOCKET_MAX 108 // with its terminator; the limit of a Unix socket's address

enum config_idle {
	CONFIG_IDLE_POLL,
	CONFIG_IDLE_ADAPTIVE,
};

// One address family of the port. address.family 0: not used; then the rest means nothing.
struct config_network {
	struct am_address address;
	struct am_address gateway; // family 0: none
	uint8_t prefix_len; // bits
};

struct config {
	enum am_log_level log_level;
	enum config_idle idle;
	bool adapt; // fit what viewers are sent to their links
	bool udp_checksum; // compute it over IPv4, too, if the port does not
	uint16_t worker_count; // 1..AM_WORKER_MAX
	uint16_t cores[AM_WORKER_MAX]; // CPU of each worker, always filled
	char port[AM_CONFIG_STRING_MAX]; // PCI address, or a virtual device with its arguments
	bool hugepages;
	uint32_t buffers;
	uint32_t publisher_packets_per_s; // RTP that one transport may send
	uint32_t publisher_mbit_per_s; // likewise
	uint16_t vlan; // 0: none
	struct config_network ipv4, ipv6; // at least one is used
	uint16_t announced_count; // 0: the port's own addresses
	struct am_address announced[AM_ADDRESS_MAX];
	uint16_t udp_port; // host order
	uint16_t srtp_profile_count; // at least one
	uint8_t srtp_profiles[SRTP_PROFILE_COUNT]; // enum srtp_profile_id, most preferred first
	char socket[CONFIG_SOCKET_MAX];
	bool tap; // packets can be copied for recorders
	char tap_socket[CONFIG_SOCKET_MAX]; // at which they get the copies
	uint32_t tap_uid; // user that may get them; 0: only root and our own
};

// Reads and checks the file. 0, or -EINVAL with the reason ("amphi.conf:12: …") in error.
[[nodiscard]] int config_read(const char *path, struct config *, char *error, size_t error_size);

// True if ip, of the network's family and in network order, is on the link.
[[nodiscard]] bool config_network_contains(const struct config_network *, const uint8_t *ip);
