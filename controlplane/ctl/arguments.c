#include "arguments.h"

#include "account/setting.h"
#include "client.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_SIZE 4096

static const struct option common[] = {
        {"--socket", "PATH",
         "socket of amphi-controlplane (controlplane.admin in its configuration); default: "
         "AMPHI_ADMIN_SOCKET, then " DEFAULT_SOCKET},
        {"--json", NULL, "print the answer as one line of JSON"},
        {"--help", NULL, "print this help"},
        {0},
};

static const char intro[] =
        "usage: amphictl NOUN VERB [ARGUMENT…] [OPTION…]\n"
        "\n"
        "Shows and changes the accounts of a running amphi-controlplane. Changes apply at once "
        "and do not disturb\n"
        "anybody in a room. Also creates key pairs and signed test tokens, which requires no "
        "server.\n"
        "\n";

static const char outro[] =
        "\n"
        "Exit status: 0 done, 1 refused, 2 wrong usage, 3 no server answers, 4 in "
        "effect but not saved to the file yet.\n"
        "\n"
        "Example: let company.example embed rooms that only its own tokens open\n"
        "  amphictl account add company --jwt-required on\n"
        "  amphictl host add company meet.company.example\n"
        "  amphictl domain add company https://company.example\n"
        "  amphictl jwt keygen company.key\n"
        "  amphictl key add company company.key.pub\n"
        "  amphictl jwt sign company.key --room serv1test --claim role=moderator\n";

enum status fail(enum status s, const char *format, ...)
{
	va_list list;

	fputs("amphictl: ", stderr);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
	return s;
}

const char *option_get(const struct arguments *a, const char *name, const char *otherwise)
{
	for (int i = 0; i < a->option_count; i++) {
		if (strcmp(a->options[i].name, name) == 0)
			otherwise = a->options[i].value;
	}
	return otherwise;
}

static void append(char names[NAMES_SIZE], const char *name, const char *value)
{
	size_t len = strlen(names);
	snprintf(
	        names + len, NAMES_SIZE - len, "%s%s%s%s", len ? ", " : "", name, value ? " " : "",
	        value ? value : ""
	);
}

// "--kid KID, --socket PATH, …"
static void options_name(const struct command *c, char names[NAMES_SIZE])
{
	names[0] = '\0';
	for (const struct option *o = c ? c->options : NULL; o && o->name; o++)
		append(names, o->name, o->value);
	for (const struct account_setting *s = account_settings; c && c->settings && s->name; s++) {
		char dashed[64];
		snprintf(dashed, sizeof(dashed), "--%s", s->name);
		append(names, dashed, s->accepted);
	}
	for (const struct option *o = common; o->name; o++)
		append(names, o->name, o->value);
}

// Lists the nouns, or the verbs of one noun.
static void commands_name(const char *noun, char names[NAMES_SIZE])
{
	names[0] = '\0';
	for (const struct command *c = commands; c->noun; c++) {
		if (noun && strcmp(c->noun, noun) == 0)
			append(names, c->verb, NULL);
		else if (!noun && (c == commands || strcmp(c->noun, c[-1].noun) != 0))
			append(names, c->noun, NULL);
	}
}

static bool noun_is_known(const char *noun)
{
	for (const struct command *c = commands; c->noun; c++) {
		if (strcmp(c->noun, noun) == 0)
			return true;
	}
	return false;
}

static const struct command *command_find(const char *noun, const char *verb)
{
	for (const struct command *c = commands; c->noun; c++) {
		if (strcmp(c->noun, noun) == 0 && strcmp(c->verb, verb) == 0)
			return c;
	}
	return NULL;
}

// What an option takes; "" for one that takes nothing; NULL if it is unknown.
static const char *option_takes(const struct command *c, const char *name)
{
	for (const struct option *o = common; o->name; o++) {
		if (strcmp(o->name, name) == 0)
			return o->value ? o->value : "";
	}
	for (const struct option *o = c ? c->options : NULL; o && o->name; o++) {
		if (strcmp(o->name, name) == 0)
			return o->value ? o->value : "";
	}
	for (const struct account_setting *s = account_settings; c && c->settings && s->name; s++) {
		if (strcmp(s->name, name + 2) == 0)
			return s->accepted;
	}
	return NULL;
}

static int argument_count(const struct command *c)
{
	int n = c->arguments[0] != '\0';

	for (const char *p = c->arguments; *p; p++)
		n += *p == ' ';
	return n;
}

static enum status option_take(struct arguments *a, const char *name, const char *value)
{
	if (strcmp(name, "--json") == 0)
		a->json = true;
	else if (strcmp(name, "--help") == 0)
		a->help = true;
	else if (strcmp(name, "--socket") == 0)
		a->socket = value;
	else if (a->option_count == OPTION_MAX)
		return fail(STATUS_USAGE, "more than %d options", OPTION_MAX);
	else {
		a->options[a->option_count].name = name + 2;
		a->options[a->option_count++].value = value;
	}
	return STATUS_DONE;
}

static enum status
options_read(struct arguments *a, const char *names[], const char *values[], int n)
{
	for (int i = 0; i < n; i++) {
		const char *takes = option_takes(a->command, names[i]);
		char accepted[NAMES_SIZE];
		if (!takes) {
			options_name(a->command, accepted);
			return fail(
			        STATUS_USAGE, "unknown option %s; accepted: %s", names[i], accepted
			);
		}
		if (*takes && !values[i])
			return fail(STATUS_USAGE, "%s takes a value: %s", names[i], takes);
		enum status s = option_take(a, names[i], values[i]);
		if (s != STATUS_DONE)
			return s;
	}
	return STATUS_DONE;
}

// Reads noun and verb; without them, which only --help allows, command stays NULL.
static enum status command_read(struct arguments *a, const char *noun, const char *verb)
{
	char accepted[NAMES_SIZE];

	if (noun && !noun_is_known(noun)) {
		commands_name(NULL, accepted);
		return fail(STATUS_USAGE, "unknown noun %s; accepted: %s", noun, accepted);
	}
	if (verb) {
		a->command = command_find(noun, verb);
		commands_name(noun, accepted);
		if (!a->command)
			return fail(
			        STATUS_USAGE, "unknown verb %s of %s; accepted: %s", verb, noun,
			        accepted
			);
	}
	return STATUS_DONE;
}

enum status arguments_read(struct arguments *a, int argc, char **argv)
{
	const char *words[ARGUMENT_MAX + 3], *names[OPTION_MAX], *values[OPTION_MAX];
	int word_count = 0, option_count = 0;
	char accepted[NAMES_SIZE];
	enum status s;

	*a = (struct arguments){0};
	for (int i = 1; i < argc; i++) {
		bool option = strncmp(argv[i], "--", 2) == 0;
		if (option ? option_count == OPTION_MAX : word_count == ARGUMENT_MAX + 3)
			return fail(STATUS_USAGE, "too many arguments; see amphictl --help");
		if (!option) {
			words[word_count++] = argv[i];
			continue;
		}
		bool alone = strcmp(argv[i], "--json") == 0 || strcmp(argv[i], "--help") == 0;
		names[option_count] = argv[i];
		values[option_count++] = alone || i + 1 == argc ? NULL : argv[++i];
	}
	s = command_read(a, word_count > 0 ? words[0] : NULL, word_count > 1 ? words[1] : NULL);
	if (s == STATUS_DONE)
		s = options_read(a, names, values, option_count);
	if (s != STATUS_DONE || a->help) {
		a->list[0] = word_count > 0 ? words[0] : NULL;
		return s;
	}
	if (!a->command) {
		commands_name(word_count > 0 ? words[0] : NULL, accepted);
		return fail(
		        STATUS_USAGE, "%s is missing; accepted: %s; see amphictl --help",
		        word_count > 0 ? "the verb" : "the noun", accepted
		);
	}
	if (word_count - 2 != argument_count(a->command))
		return fail(
		        STATUS_USAGE, "%s %s takes %s; see amphictl %s %s --help", a->command->noun,
		        a->command->verb,
		        a->command->arguments[0] ? a->command->arguments : "no argument",
		        a->command->noun, a->command->verb
		);
	for (int i = 2; i < word_count; i++)
		a->list[a->count++] = words[i];
	return STATUS_DONE;
}

static void option_print(const char *name, const char *value, const char *help)
{
	char left[128];

	snprintf(left, sizeof(left), "%s%s%s", name, value ? " " : "", value ? value : "");
	printf("  %-36s %s\n", left, help);
}

static void command_print(const struct command *c)
{
	char left[128];

	snprintf(left, sizeof(left), "%s %s %s", c->noun, c->verb, c->arguments);
	printf("  %-36s %s\n", left, c->help);
}

static void command_help(const struct command *c)
{
	printf("usage: amphictl %s %s%s%s [OPTION…]\n\n%s.\n\n", c->noun, c->verb,
	       c->arguments[0] ? " " : "", c->arguments, c->help);
	for (const struct option *o = c->options; o && o->name; o++)
		option_print(o->name, o->value, o->help);
	for (const struct account_setting *s = account_settings; c->settings && s->name; s++) {
		char dashed[64];
		snprintf(dashed, sizeof(dashed), "--%s", s->name);
		option_print(dashed, s->accepted, s->help);
	}
}

void help_print(const struct arguments *a, const char *noun)
{
	if (a->command) {
		command_help(a->command);
	} else {
		fputs(noun ? "" : intro, stdout);
		for (const struct command *c = commands; c->noun; c++) {
			if (!noun || strcmp(c->noun, noun) == 0)
				command_print(c);
		}
		putchar('\n');
	}
	for (const struct option *o = common; o->name; o++)
		option_print(o->name, o->value, o->help);
	fputs(noun ? "" : outro, stdout);
}
