// The recorder's configuration: read from the file and checked once at start, then constant.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "am_config.h"
#include "am_log.h"

#define CONFIG_SOCKET_MAX 108 // with its terminator; the limit of a Unix socket's address

struct config {
	enum am_log_level log_level;
	char tap[AM_CONFIG_STRING_MAX]; // the data plane's socket
	char recorder[AM_CONFIG_STRING_MAX]; // ours, for the control plane
	char directory[AM_CONFIG_STRING_MAX]; // of all recordings
	uint64_t free_min_bytes; // of the disk: below, recordings stop
};

// Reads and checks the file. 0, or -EINVAL with the reason ("amphi.conf:12: …") in error.
[[nodiscard]] int config_read(const char *path, struct config *, char *error, size_t error_size);
