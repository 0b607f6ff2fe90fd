// The configuration as this process uses it: read and checked once, at start.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/settings.h"
#include "rest/call.h"

#include "am_config.h"

struct config {
	char socket[AM_CONFIG_STRING_MAX]; // of the data plane
	char recorder[AM_CONFIG_STRING_MAX]; // its socket; empty: there is none
	char recordings[AM_CONFIG_STRING_MAX]; // their directory
	char bucket[AM_CONFIG_STRING_MAX]; // URL without a slash at its end; empty: none, and no
	                                   // more follows
	char bucket_prefix[AM_CONFIG_STRING_MAX], bucket_region[AM_CONFIG_STRING_MAX];
	char bucket_key_id[AM_CONFIG_STRING_MAX], bucket_secret[AM_CONFIG_STRING_MAX];
	char bucket_authorities[AM_CONFIG_STRING_MAX];
	int64_t recording_free_min_mib; // of the disk; none starts below four times as much
	char log_level[AM_CONFIG_STRING_MAX];
	struct http_settings http;
	struct rest_settings rest;
	char pages[AM_CONFIG_STRING_MAX];
	char store[AM_CONFIG_STRING_MAX];
	char accounts[AM_CONFIG_STRING_MAX]; // not empty once read, like admin and history
	char admin[AM_CONFIG_STRING_MAX]; // socket of amphictl
	char history[AM_CONFIG_STRING_MAX];
	int64_t session_days; // how long finished sessions are kept; 0: forever
	struct am_config_strings hook_allowed; // hosts that may have any address
	char hook_authorities[AM_CONFIG_STRING_MAX]; // PEM file; empty: only the system's
	char unknown_hosts[AM_CONFIG_STRING_MAX]; // "refuse", "default"
	int64_t voices_webinar, voices_call; // how many of the loudest are forwarded; 0: all
	int64_t join_s; // the time that an admitted peer has to join
	int64_t address_websockets; // that one client may have open at once
};

// Takes the defaults, then the file at path. Returns 0, or -EINVAL with one line for the operator
// in error.
[[nodiscard]] int config_read(struct config *, const char *path, char *error, size_t error_size);
