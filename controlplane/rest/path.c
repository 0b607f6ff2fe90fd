#include "rest/path.h"

#include "http/http.h"

#include <string.h>
#include <strings.h>

// Unescapes one segment of a path. False if it is empty, too long, or contains a NUL, which no id
// does.
static bool segment_read(char out[REST_ARGUMENT_MAX + 1], const char *at, size_t len)
{
	char text[3 * REST_ARGUMENT_MAX + 1];

	if (len == 0 || len >= sizeof(text))
		return false;
	memcpy(text, at, len);
	text[len] = '\0';
	if (!http_unescape(text) || strlen(text) > REST_ARGUMENT_MAX)
		return false;
	strcpy(out, text);
	return true;
}

bool path_matches(const char *pattern, const char *path, struct rest_call *call)
{
	char segment[REST_ARGUMENT_MAX + 1];
	int n = 0;

	while (*pattern && *path == '/' && *pattern == '/') {
		pattern++, path++;
		size_t want = strcspn(pattern, "/"), have = strcspn(path, "/");
		if (want + have > 0 && !segment_read(segment, path, have))
			return false;
		if (pattern[0] == ':' && n < REST_ARGUMENTS)
			strcpy(call->arguments[n++], segment);
		else if (want > 0 && (strncmp(segment, pattern, want) != 0 || segment[want]))
			return false;
		pattern += want;
		path += have;
	}
	return !*pattern && !*path;
}

bool path_names(const char *path, const char *pattern)
{
	const char *name = pattern + strlen("/:");
	size_t len = 1 + strcspn(name + 1, "/");

	if (strncmp(pattern, "/:/", 3) != 0)
		return false;
	for (path = strchr(path + 1, '/'); path; path = strchr(path + 1, '/')) {
		if (strncmp(path, name, len) == 0 && (!path[len] || path[len] == '/'))
			return true;
	}
	return false;
}

bool path_is_under(const char *path, const char *root)
{
	char segment[REST_ARGUMENT_MAX + 1];

	while (*root) {
		size_t want = strcspn(++root, "/");
		path += strspn(path, "/");
		size_t have = strcspn(path, "/");
		if (!segment_read(segment, path, have) || strlen(segment) != want ||
		    strncasecmp(segment, root, want) != 0)
			return false;
		root += want;
		path += have;
	}
	return true;
}
