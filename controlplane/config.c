#include "config.h"

#include "base/address.h"
#include "hook/guard.h"
#include "store/history.h"
#include "terms/kinds.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const unknown_hosts[] = {"refuse", "default", NULL};
static const char *const levels[] = {"error", "warning", "info", "debug", NULL};

#define AT(field) offsetof(struct config, field)

static const struct am_setting link_settings[] = {
        {.name = "socket", .type = AM_SETTING_STRING, .offset = AT(socket)},
        {.name = "tap", .type = AM_SETTING_FOREIGN},
        {.name = "recorder", .type = AM_SETTING_STRING, .offset = AT(recorder)},
        {0},
};

static const struct am_setting recording_settings[] = {
        {.name = "directory", .type = AM_SETTING_STRING, .offset = AT(recordings)},
        {.name = "free_min_mib",
         .type = AM_SETTING_INT,
         .offset = AT(recording_free_min_mib),
         .min = 1,
         .max = 1 << 20},
        {.name = "log_level", .type = AM_SETTING_FOREIGN},
        {.name = "bucket", .type = AM_SETTING_STRING, .offset = AT(bucket)},
        {.name = "bucket_prefix", .type = AM_SETTING_STRING, .offset = AT(bucket_prefix)},
        {.name = "bucket_region", .type = AM_SETTING_STRING, .offset = AT(bucket_region)},
        {.name = "bucket_key_id", .type = AM_SETTING_STRING, .offset = AT(bucket_key_id)},
        {.name = "bucket_secret", .type = AM_SETTING_STRING, .offset = AT(bucket_secret)},
        {.name = "bucket_authorities", .type = AM_SETTING_STRING, .offset = AT(bucket_authorities)},
        {0},
};

static const struct am_setting controlplane_settings[] = {
        {.name = "log_level",
         .type = AM_SETTING_STRING,
         .offset = AT(log_level),
         .accepted = levels},
        {.name = "listen", .type = AM_SETTING_STRING, .offset = AT(http.listen)},
        {.name = "port", .type = AM_SETTING_INT, .offset = AT(http.port), .min = 1, .max = 65535},
        {.name = "certificate", .type = AM_SETTING_STRING, .offset = AT(http.certificate)},
        {.name = "private_key", .type = AM_SETTING_STRING, .offset = AT(http.private_key)},
        {.name = "pages", .type = AM_SETTING_STRING, .offset = AT(pages)},
        {.name = "store", .type = AM_SETTING_STRING, .offset = AT(store)},
        {.name = "accounts", .type = AM_SETTING_STRING, .offset = AT(accounts)},
        {.name = "admin", .type = AM_SETTING_STRING, .offset = AT(admin)},
        {.name = "history", .type = AM_SETTING_STRING, .offset = AT(history)},
        {.name = "session_days",
         .type = AM_SETTING_INT,
         .offset = AT(session_days),
         .min = 0,
         .max = HISTORY_SESSION_DAYS_MAX},
        {.name = "hook_allowed", .type = AM_SETTING_STRINGS, .offset = AT(hook_allowed)},
        {.name = "hook_authorities", .type = AM_SETTING_STRING, .offset = AT(hook_authorities)},
        {.name = "node", .type = AM_SETTING_INT, .offset = AT(rest.node), .min = 1, .max = 9999},
        {.name = "rest_per_s",
         .type = AM_SETTING_INT,
         .offset = AT(rest.rest_per_s),
         .min = 1,
         .max = 100000},
        {.name = "metrics_token", .type = AM_SETTING_STRING, .offset = AT(rest.metrics_token)},
        {.name = "metrics_addresses",
         .type = AM_SETTING_STRINGS,
         .offset = AT(rest.metrics_addresses)},
        {.name = "proxies", .type = AM_SETTING_STRINGS, .offset = AT(http.proxies)},
        {.name = "unknown_hosts",
         .type = AM_SETTING_STRING,
         .offset = AT(unknown_hosts),
         .accepted = unknown_hosts},
        {.name = "voices_webinar",
         .type = AM_SETTING_INT,
         .offset = AT(voices_webinar),
         .min = 0,
         .max = ROOM_PARTICIPANT_MAX},
        {.name = "voices_call",
         .type = AM_SETTING_INT,
         .offset = AT(voices_call),
         .min = 0,
         .max = ROOM_PARTICIPANT_MAX},
        {.name = "join_s", .type = AM_SETTING_INT, .offset = AT(join_s), .min = 1, .max = 86400},
        {.name = "address_connections",
         .type = AM_SETTING_INT,
         .offset = AT(http.address_connections),
         .min = 1,
         .max = 65536},
        {.name = "address_handshakes",
         .type = AM_SETTING_INT,
         .offset = AT(http.address_handshakes),
         .min = 1,
         .max = 65536},
        {.name = "address_websockets",
         .type = AM_SETTING_INT,
         .offset = AT(address_websockets),
         .min = 1,
         .max = 65536},
        {0},
};

static const struct am_config_group groups[] = {
        {"link", link_settings},
        {"dataplane", NULL},
        {"controlplane", controlplane_settings},
        {"recording", recording_settings},
        {0},
};

static const struct config defaults = {
        .socket = "/run/amphi/dataplane.sock",
        .recordings = "/var/lib/amphi/recordings",
        .recording_free_min_mib = 512,
        .bucket_region = "us-east-1",
        .log_level = "info",
        .http.listen = "127.0.0.1",
        .http.port = 8080,
        .pages = "web/dist",
        .store = "/run/amphi/store.db",
        .rest.node = 1,
        .rest.rest_per_s = 50,
        .unknown_hosts = "refuse",
        .voices_webinar = 3,
        .voices_call = 5,
        .join_s = 60,
        .http.address_connections = 16384,
        .http.address_handshakes = 200,
        .address_websockets = 2048,
};

// Sets an empty path to a file of this name beside the other file.
static int beside(const char *other, char *path, const char *name)
{
	const char *slash = strrchr(other, '/');
	int directory = slash ? (int)(slash - other) + 1 : 0;

	if (path[0])
		return 0;
	int len = snprintf(path, AM_CONFIG_STRING_MAX, "%.*s%s", directory, other, name);
	return len < AM_CONFIG_STRING_MAX ? 0 : -EINVAL;
}

// Whether each entry is an address or a network.
static bool
networks_are_good(const struct am_config_strings *list, const char *name, char *error, size_t size)
{
	for (int i = 0; i < list->count; i++) {
		if (address_network_is_good(list->values[i], strlen(list->values[i])))
			continue;
		snprintf(
		        error, size,
		        "controlplane.%s: \"%s\" is neither an address nor a network, such as "
		        "\"10.0.0.5\" or \"10.0.0.0/8\"",
		        name, list->values[i]
		);
		return false;
	}
	return true;
}

// A bucket has an address, and a key that opens it.
static bool bucket_is_good(const struct config *c, char *error, size_t size)
{
	size_t len = strlen(c->bucket);

	if (len == 0)
		return true;
	if ((strncmp(c->bucket, "https://", 8) != 0 && strncmp(c->bucket, "http://", 7) != 0) ||
	    c->bucket[len - 1] == '/') {
		snprintf(
		        error, size,
		        "recording.bucket = \"%s\" is not a URL such as "
		        "\"https://s3.example.com/recordings\", without a slash at its end",
		        c->bucket
		);
		return false;
	}
	if (!c->bucket_key_id[0] || !c->bucket_secret[0]) {
		snprintf(
		        error, size,
		        "recording.bucket requires recording.bucket_key_id and "
		        "recording.bucket_secret"
		);
		return false;
	}
	return true;
}

// Checks what the settings require of each other.
static int config_check(const struct config *c, char *error, size_t size)
{
	struct address listen;

	if (!address_read(&listen, c->http.listen)) {
		snprintf(
		        error, size, "controlplane.listen = \"%s\" is not an IP address",
		        c->http.listen
		);
		return -EINVAL;
	}
	if (!c->http.certificate[0] != !c->http.private_key[0]) {
		snprintf(
		        error, size,
		        "controlplane.certificate and controlplane.private_key go together: set "
		        "both or neither"
		);
		return -EINVAL;
	}
	if (!c->http.certificate[0] && !address_is_loopback(&listen)) {
		snprintf(
		        error, size,
		        "controlplane.listen = \"%s\" requires controlplane.certificate and "
		        "controlplane.private_key: without them, listen on 127.0.0.1",
		        c->http.listen
		);
		return -EINVAL;
	}
	if (c->rest.metrics_token[0] && strlen(c->rest.metrics_token) < 16) {
		snprintf(error, size, "controlplane.metrics_token is shorter than 16 characters");
		return -EINVAL;
	}
	if (!networks_are_good(&c->http.proxies, "proxies", error, size) ||
	    !networks_are_good(&c->rest.metrics_addresses, "metrics_addresses", error, size))
		return -EINVAL;
	for (int i = 0; i < c->hook_allowed.count; i++) {
		if (!guard_entry_is_good(c->hook_allowed.values[i])) {
			snprintf(
			        error, size,
			        "controlplane.hook_allowed: \"%s\" is not a host or host:port, "
			        "such as \"hooks.example\" or \"10.0.0.5:8443\"",
			        c->hook_allowed.values[i]
			);
			return -EINVAL;
		}
	}
	if (!bucket_is_good(c, error, size))
		return -EINVAL;
	return 0;
}

int config_read(struct config *c, const char *path, char *error, size_t error_size)
{
	*c = defaults;
	int ret = am_config_read(path, groups, c, error, error_size);
	if (ret < 0)
		return ret;
	if (beside(c->store, c->accounts, "accounts.db") < 0 ||
	    beside(c->store, c->admin, "admin.sock") < 0 ||
	    beside(c->accounts, c->history, "history.db") < 0) { // both outlive reboots
		snprintf(
		        error, error_size,
		        "controlplane.store or controlplane.accounts is too long a path"
		);
		return -EINVAL;
	}
	return config_check(c, error, error_size);
}
