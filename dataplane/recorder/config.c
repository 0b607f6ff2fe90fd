#include "recorder/config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct raw {
	char log_level[AM_CONFIG_STRING_MAX];
	char tap[AM_CONFIG_STRING_MAX];
	char recorder[AM_CONFIG_STRING_MAX];
	char socket[AM_CONFIG_STRING_MAX]; // the others' own
	char directory[AM_CONFIG_STRING_MAX];
	int64_t free_min_mib;
};

#define FIELD(field) .name = #field, .offset = offsetof(struct raw, field)

static const char *const log_levels[] = {"error", "warning", "info", "debug", NULL};

static const struct am_setting link_settings[] = {
        {FIELD(socket), .type = AM_SETTING_STRING},
        {FIELD(tap), .type = AM_SETTING_STRING},
        {FIELD(recorder), .type = AM_SETTING_STRING},
        {0},
};

static const struct am_setting recording_settings[] = {
        {FIELD(directory), .type = AM_SETTING_STRING},
        {FIELD(free_min_mib), .type = AM_SETTING_INT, .min = 1, .max = 1 << 24},
        {FIELD(log_level), .type = AM_SETTING_STRING, .accepted = log_levels},
        {.name = "bucket", .type = AM_SETTING_FOREIGN},
        {.name = "bucket_prefix", .type = AM_SETTING_FOREIGN},
        {.name = "bucket_region", .type = AM_SETTING_FOREIGN},
        {.name = "bucket_key_id", .type = AM_SETTING_FOREIGN},
        {.name = "bucket_secret", .type = AM_SETTING_FOREIGN},
        {.name = "bucket_authorities", .type = AM_SETTING_FOREIGN},
        {0},
};

static const struct am_config_group groups[] = {
        {"link", link_settings},
        {"dataplane", NULL},
        {"controlplane", NULL},
        {"recording", recording_settings},
        {0},
};

static const struct raw defaults = {
        .log_level = "info",
        .socket = "/run/amphi/dataplane.sock",
        .recorder = "/run/amphi/recorder.sock",
        .directory = "/var/lib/amphi/recordings",
        .free_min_mib = 512,
};

static int
refuse(const char *path, const char *name, const char *value, const char *advice, char *error,
       size_t size)
{
	int line = am_config_line(path, groups, name);

	if (line > 0)
		snprintf(error, size, "%s:%d: %s = \"%s\" %s", path, line, name, value, advice);
	else
		snprintf(error, size, "%s: %s = \"%s\" %s", path, name, value, advice);
	return -EINVAL;
}

static bool is_socket_path(const char *path)
{
	return path[0] == '/' && strlen(path) < CONFIG_SOCKET_MAX;
}

// Empty: tap.sock next to the data plane's other socket, as there.
static void tap_default(struct raw *raw)
{
	const char *slash = strrchr(raw->socket, '/');
	int folder = slash ? (int)(slash + 1 - raw->socket) : 0;

	if (raw->tap[0] == '\0')
		snprintf(raw->tap, sizeof(raw->tap), "%.*stap.sock", folder, raw->socket);
}

int config_read(const char *path, struct config *out, char *error, size_t size)
{
	static const char socket_advice[] =
	        "is not the path of a socket: it begins with / and has at most 107 characters";
	struct raw raw = defaults;

	int ret = am_config_read(path, groups, &raw, error, size);
	if (ret < 0)
		return ret;
	if (raw.recorder[0] == '\0')
		return refuse(
		        path, "recorder", "",
		        "means that nothing is recorded: set a path, or do not "
		        "run the recorder",
		        error, size
		);
	tap_default(&raw);
	if (!is_socket_path(raw.tap))
		return refuse(path, "tap", raw.tap, socket_advice, error, size);
	if (!is_socket_path(raw.recorder))
		return refuse(path, "recorder", raw.recorder, socket_advice, error, size);
	if (raw.directory[0] != '/')
		return refuse(
		        path, "directory", raw.directory, "is not a path that begins with /", error,
		        size
		);
	*out = (struct config){
	        .log_level = (enum am_log_level)am_log_level_from_name(raw.log_level),
	        .free_min_bytes = (uint64_t)raw.free_min_mib << 20,
	};
	memcpy(out->tap, raw.tap, sizeof(out->tap));
	memcpy(out->recorder, raw.recorder, sizeof(out->recorder));
	memcpy(out->directory, raw.directory, sizeof(out->directory));
	return 0;
}
