#include "am_config.h"

#include <errno.h>
#include <libconfig.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct report {
	const char *path;
	char *text;
	size_t size;
};

static int refuse(const struct report *r, int line, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

static int refuse(const struct report *r, int line, const char *format, ...)
{
	va_list args;
	int n = line > 0 ? snprintf(r->text, r->size, "%s:%d: ", r->path, line)
	                 : snprintf(r->text, r->size, "%s: ", r->path);

	if (n < 0 || (size_t)n >= r->size)
		return -EINVAL;
	va_start(args, format);
	vsnprintf(r->text + n, r->size - (size_t)n, format, args);
	va_end(args);
	return -EINVAL;
}

static int refuse_value(
        const struct report *r, const config_setting_t *s, const char *name, const char *value,
        const char *const *accepted
)
{
	char list[512] = "";
	for (; *accepted; accepted++) {
		strncat(list, *accepted, sizeof(list) - strlen(list) - 1);
		if (accepted[1])
			strncat(list, ", ", sizeof(list) - strlen(list) - 1);
	}
	return refuse(
	        r, config_setting_source_line(s), "%s = \"%s\" is not one of: %s", name, value, list
	);
}

static int read_int(
        const struct report *r, const struct am_setting *want, const config_setting_t *s,
        int64_t *out
)
{
	int type = config_setting_type(s);
	int line = config_setting_source_line(s);

	if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
		return refuse(r, line, "%s takes a whole number", want->name);
	int64_t v = config_setting_get_int64(s);
	if ((want->min || want->max) && (v < want->min || v > want->max))
		return refuse(
		        r, line, "%s = %lld is not between %lld and %lld", want->name, (long long)v,
		        (long long)want->min, (long long)want->max
		);
	*out = v;
	return 0;
}

static int read_string(
        const struct report *r, const struct am_setting *want, const config_setting_t *s, char *out
)
{
	const char *v = config_setting_get_string(s);
	int line = config_setting_source_line(s);

	if (!v)
		return refuse(r, line, "%s takes a string in quotes", want->name);
	if (strlen(v) >= AM_CONFIG_STRING_MAX)
		return refuse(
		        r, line, "%s is longer than %d characters", want->name,
		        AM_CONFIG_STRING_MAX - 1
		);
	if (want->accepted) {
		const char *const *a = want->accepted;
		while (*a && strcmp(*a, v) != 0)
			a++;
		if (!*a)
			return refuse_value(r, s, want->name, v, want->accepted);
	}
	strcpy(out, v);
	return 0;
}

static int read_list(
        const struct report *r, const struct am_setting *want, const config_setting_t *s, void *out
)
{
	int n = config_setting_length(s);

	if (!config_setting_is_aggregate(s) || config_setting_is_group(s))
		return refuse(
		        r, config_setting_source_line(s), "%s takes a list: [ … ]", want->name
		);
	if (n > AM_CONFIG_LIST_MAX)
		return refuse(
		        r, config_setting_source_line(s), "%s has more than %d entries", want->name,
		        AM_CONFIG_LIST_MAX
		);
	for (int i = 0; i < n; i++) {
		const config_setting_t *e = config_setting_get_elem(s, (unsigned)i);
		int ret = want->type == AM_SETTING_INTS
		                  ? read_int(r, want, e, &((struct am_config_ints *)out)->values[i])
		                  : read_string(
		                            r, want, e, ((struct am_config_strings *)out)->values[i]
		                    );
		if (ret < 0)
			return ret;
	}
	if (want->type == AM_SETTING_INTS)
		((struct am_config_ints *)out)->count = (uint16_t)n;
	else
		((struct am_config_strings *)out)->count = (uint16_t)n;
	return 0;
}

static int read_setting(
        const struct report *r, const struct am_setting *want, const config_setting_t *s, void *out
)
{
	switch (want->type) {
	case AM_SETTING_BOOL:
		if (config_setting_type(s) != CONFIG_TYPE_BOOL)
			return refuse(
			        r, config_setting_source_line(s), "%s takes true or false",
			        want->name
			);
		*(bool *)out = config_setting_get_bool(s);
		return 0;
	case AM_SETTING_INT: return read_int(r, want, s, out);
	case AM_SETTING_STRING: return read_string(r, want, s, out);
	case AM_SETTING_INTS:
	case AM_SETTING_STRINGS: return read_list(r, want, s, out);
	case AM_SETTING_FOREIGN: return 0;
	}
	return -EINVAL;
}

static int read_group(
        const struct report *r, const struct am_config_group *group, const config_setting_t *g,
        void *out
)
{
	if (!config_setting_is_group(g))
		return refuse(
		        r, config_setting_source_line(g), "%s takes a group: { … }", group->name
		);
	for (int i = 0; i < config_setting_length(g); i++) {
		const config_setting_t *s = config_setting_get_elem(g, (unsigned)i);
		const char *name = config_setting_name(s);
		const struct am_setting *want = group->settings;

		while (want->name && strcmp(want->name, name) != 0)
			want++;
		if (!want->name)
			return refuse(
			        r, config_setting_source_line(s), "unknown setting %s.%s",
			        group->name, name
			);
		int ret = read_setting(r, want, s, (char *)out + want->offset);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int read_root(
        const struct report *r, const struct am_config_group *groups, const config_t *config,
        void *out
)
{
	const config_setting_t *root = config_root_setting(config);

	for (int i = 0; i < config_setting_length(root); i++) {
		const config_setting_t *g = config_setting_get_elem(root, (unsigned)i);
		const char *name = config_setting_name(g);
		const struct am_config_group *group = groups;

		while (group->name && strcmp(group->name, name) != 0)
			group++;
		if (!group->name)
			return refuse(r, config_setting_source_line(g), "unknown group %s", name);
		if (!group->settings)
			continue;
		int ret = read_group(r, group, g, out);
		if (ret < 0)
			return ret;
	}
	return 0;
}

int am_config_read(
        const char *path, const struct am_config_group *groups, void *out, char *error,
        size_t error_size
)
{
	const struct report r = {.path = path, .text = error, .size = error_size};
	config_t config;
	int ret;

	config_init(&config);
	if (config_read_file(&config, path) != CONFIG_TRUE) {
		if (config_error_type(&config) == CONFIG_ERR_FILE_IO)
			ret = refuse(&r, 0, "cannot be read");
		else
			ret =
			        refuse(&r, config_error_line(&config), "%s",
			               config_error_text(&config));
	} else {
		ret = read_root(&r, groups, &config, out);
	}
	config_destroy(&config);
	return ret;
}

int am_config_line(const char *path, const struct am_config_group *groups, const char *name)
{
	config_t config;
	int line = 0;

	config_init(&config);
	if (config_read_file(&config, path) == CONFIG_TRUE) {
		const config_setting_t *root = config_root_setting(&config);
		for (; groups->name && line == 0; groups++) {
			const config_setting_t *g = config_setting_get_member(root, groups->name);
			const config_setting_t *s =
			        g && groups->settings ? config_setting_get_member(g, name) : NULL;
			line = s ? config_setting_source_line(s) : 0;
		}
	}
	config_destroy(&config);
	return line;
}
