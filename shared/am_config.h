// The configuration file: libconfig's syntax, read against a table of settings. A setting that is
// unknown, of the wrong type or out of bounds is reported with its line and the accepted values.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AM_CONFIG_STRING_MAX 256 // with its terminator
#define AM_CONFIG_LIST_MAX   16

enum am_setting_type {
	AM_SETTING_BOOL, // bool
	AM_SETTING_INT, // int64_t
	AM_SETTING_STRING, // char[AM_CONFIG_STRING_MAX]
	AM_SETTING_INTS, // struct am_config_ints
	AM_SETTING_STRINGS, // struct am_config_strings
	AM_SETTING_FOREIGN, // another process's: not read here
};

struct am_config_ints {
	uint16_t count;
	int64_t values[AM_CONFIG_LIST_MAX];
};

struct am_config_strings {
	uint16_t count;
	char values[AM_CONFIG_LIST_MAX][AM_CONFIG_STRING_MAX];
};

struct am_setting {
	const char *name; // within its group
	enum am_setting_type type;
	size_t offset; // of the field in the struct that am_config_read fills
	int64_t min, max; // of each integer; both 0: any
	const char *const *accepted; // of each string, NULL-terminated; NULL: any
};

struct am_config_group {
	const char *name; // e.g. "dataplane"
	const struct am_setting *settings; // ends with a NULL name; NULL: not checked here
};

// Reads the file into *out, which holds the defaults: settings that the file lacks stay as they
// are. groups ends with a NULL name; a group not listed is an error. 0, or -EINVAL with the reason
// ("amphi.conf:12: …") in error.
[[nodiscard]] int am_config_read(
        const char *path, const struct am_config_group *groups, void *out, char *error,
        size_t error_size
);

// The line of a setting in the file, in one of these groups that is checked; 0 if it is absent. It
// reads the file again: for reports of what am_config_read cannot check.
int am_config_line(const char *path, const struct am_config_group *groups, const char *name);
