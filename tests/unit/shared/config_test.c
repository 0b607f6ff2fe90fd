#include "am_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

struct conf {
	bool flag;
	int64_t number;
	int64_t any;
	char level[AM_CONFIG_STRING_MAX];
	char path[AM_CONFIG_STRING_MAX];
	struct am_config_ints cores;
	struct am_config_strings profiles;
};

static const char *const levels[] = {"error", "info", NULL};
static const char *const profiles[] = {"GCM", "CM", NULL};

#define FIELD(f) offsetof(struct conf, f)
static const struct am_setting settings[] = {
        {.name = "flag", .type = AM_SETTING_BOOL, .offset = FIELD(flag)},
        {.name = "number", .type = AM_SETTING_INT, .offset = FIELD(number), .min = 1, .max = 16},
        {.name = "any", .type = AM_SETTING_INT, .offset = FIELD(any)},
        {.name = "level", .type = AM_SETTING_STRING, .offset = FIELD(level), .accepted = levels},
        {.name = "path", .type = AM_SETTING_STRING, .offset = FIELD(path)},
        {.name = "cores", .type = AM_SETTING_INTS, .offset = FIELD(cores), .min = 0, .max = 63},
        {.name = "profiles",
         .type = AM_SETTING_STRINGS,
         .offset = FIELD(profiles),
         .accepted = profiles},
        {.name = "foreign", .type = AM_SETTING_FOREIGN},
        {.name = NULL},
};
static const struct am_config_group groups[] = {
        {.name = "mine", .settings = settings},
        {.name = "other", .settings = NULL},
        {.name = NULL},
};

static struct conf conf;
static char error[512];

static void make_file(char *path, const char *text)
{
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static int read_text(const char *text)
{
	char path[] = "/tmp/amphi-config-XXXXXX";
	make_file(path, text);
	error[0] = '\0';
	int ret = am_config_read(path, groups, &conf, error, sizeof(error));
	unlink(path);
	return ret;
}

static void check_refused(const char *text, const char *line, const char *reason)
{
	assert_int_equal(read_text(text), -EINVAL);
	if (!strstr(error, line) || !strstr(error, reason))
		fail_msg("\"%s\" lacks \"%s\" or \"%s\"", error, line, reason);
}

static void every_type_is_read(void **)
{
	conf = (struct conf){.any = 42};
	assert_int_equal(
	        read_text("other: { what = 1; };\n"
	                  "mine: { flag = true; number = 16; level = \"info\"; path = \"/x\";\n"
	                  " cores = [0, 63]; profiles = [\"CM\", \"GCM\"]; };\n"),
	        0
	);
	assert_true(conf.flag);
	assert_int_equal(conf.number, 16);
	assert_int_equal(conf.any, 42); // what the file lacks stays
	assert_string_equal(conf.level, "info");
	assert_string_equal(conf.path, "/x");
	assert_int_equal(conf.cores.count, 2);
	assert_int_equal(conf.cores.values[1], 63);
	assert_int_equal(conf.profiles.count, 2);
	assert_string_equal(conf.profiles.values[0], "CM");
	assert_int_equal(read_text("mine: { cores = []; any = -5; };"), 0);
	assert_int_equal(conf.cores.count, 0);
	assert_int_equal(conf.any, -5);
	assert_int_equal(read_text("mine: { foreign = [\"whatever\"]; any = 6; };"), 0);
	assert_int_equal(conf.any, 6);
}

static void unknown_settings_are_named_with_their_line(void **)
{
	check_refused("mine: { flag = true; };\n\nyours: { };\n", ":3:", "unknown group yours");
	check_refused("mine: {\n flag = true;\n flagg = true;\n};\n", ":3:", "mine.flagg");
	check_refused("flag = true;\n", ":1:", "unknown group flag");
}

static void wrong_types_are_named(void **)
{
	check_refused("mine: {\n flag = 1; };", ":2:", "true or false");
	check_refused("mine: {\n number = \"1\"; };", ":2:", "whole number");
	check_refused("mine: {\n number = 1.5; };", ":2:", "whole number");
	check_refused("mine: {\n path = 5; };", ":2:", "string");
	check_refused("mine: {\n cores = 5; };", ":2:", "list");
	check_refused("mine: {\n cores = { a = 5; }; };", ":2:", "list");
	check_refused("mine: {\n cores = [\"0\"]; };", ":2:", "whole number");
	check_refused("mine: {\n profiles = [1]; };", ":2:", "string");
	check_refused("\nmine = 5;", ":2:", "takes a group");
}

static void bounds_are_held(void **)
{
	check_refused("mine: { number = 0; };", ":1:", "between 1 and 16");
	check_refused("mine: { number = 17; };", ":1:", "between 1 and 16");
	check_refused("mine: { cores = [0, 64]; };", ":1:", "between 0 and 63");
	assert_int_equal(read_text("mine: { number = 1; cores = [0]; };"), 0);
}

static void accepted_values_are_listed(void **)
{
	check_refused("mine: { level = \"loud\"; };", ":1:", "error, info");
	check_refused("mine: { profiles = [\"CM\", \"X\"]; };", ":1:", "GCM, CM");
}

static void lengths_are_bounded(void **)
{
	char text[1024], value[AM_CONFIG_STRING_MAX + 1];

	memset(value, 'a', sizeof(value));
	value[AM_CONFIG_STRING_MAX] = '\0';
	snprintf(text, sizeof(text), "mine: { path = \"%s\"; };", value);
	check_refused(text, ":1:", "longer than 255");
	value[AM_CONFIG_STRING_MAX - 1] = '\0';
	snprintf(text, sizeof(text), "mine: { path = \"%s\"; };", value);
	assert_int_equal(read_text(text), 0);
	assert_string_equal(conf.path, value);
	assert_int_equal(
	        read_text("mine: { cores = [0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]; };"), 0
	);
	check_refused(
	        "mine: { cores = [0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]; };",
	        ":1:", "more than 16"
	);
}

static void syntax_errors_have_a_line(void **)
{
	check_refused("mine: {\n flag = true;\n number = ;\n};\n", ":3:", "syntax");
}

static void the_line_of_a_setting_is_found(void **)
{
	char path[] = "/tmp/amphi-config-XXXXXX";

	make_file(path, "other: {\n any = 1; };\nmine: {\n flag = true;\n cores = [\n 1 ]; };\n");
	assert_int_equal(am_config_line(path, groups, "flag"), 4);
	assert_int_equal(am_config_line(path, groups, "cores"), 5);
	assert_int_equal(am_config_line(path, groups, "any"), 0); // of a group that is not checked
	assert_int_equal(am_config_line(path, groups, "path"), 0);
	unlink(path);
	assert_int_equal(am_config_line(path, groups, "flag"), 0);
}

static void a_missing_file_is_named(void **)
{
	assert_int_equal(
	        am_config_read("/nonexistent/a.conf", groups, &conf, error, sizeof(error)), -EINVAL
	);
	assert_string_equal(error, "/nonexistent/a.conf: cannot be read");
}

static void a_short_error_buffer_is_terminated(void **)
{
	char small[8];
	memset(small, 'x', sizeof(small));
	assert_int_equal(
	        am_config_read("/nonexistent/a.conf", groups, &conf, small, sizeof(small)), -EINVAL
	);
	assert_non_null(memchr(small, '\0', sizeof(small)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_type_is_read),
	        cmocka_unit_test(unknown_settings_are_named_with_their_line),
	        cmocka_unit_test(wrong_types_are_named),
	        cmocka_unit_test(bounds_are_held),
	        cmocka_unit_test(accepted_values_are_listed),
	        cmocka_unit_test(lengths_are_bounded),
	        cmocka_unit_test(syntax_errors_have_a_line),
	        cmocka_unit_test(the_line_of_a_setting_is_found),
	        cmocka_unit_test(a_missing_file_is_named),
	        cmocka_unit_test(a_short_error_buffer_is_terminated),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
