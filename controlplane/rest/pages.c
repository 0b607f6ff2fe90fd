#include "rest/pages.h"

#include "base/memory.h"
#include "base/text.h"
#include "http/http.h"
#include "terms/kinds.h"

#include "am_log.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_LEN_MAX 255
#define HOST_LEN_MAX 259 // a name, ':' and a port

struct pages {
	int directory;
};

static const struct {
	const char *extension, *type;
} types[] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".json", "application/json"},
        {".map", "application/json"},
        {".webmanifest", "application/manifest+json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".webp", "image/webp"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".wasm", "application/wasm"},
        {".mp3", "audio/mpeg"},
        {".ogg", "audio/ogg"},
        {".txt", "text/plain; charset=utf-8"},
};

// Scripts and styles are our own files and nothing else.
static const char content_policy[] =
        "default-src 'self'; script-src 'self'; "
        "img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self'; "
        "worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'none'; ";

// A room's external player may be any https page, since moderators choose it at any time. It runs
// in a sandbox.
static const char frames_of_rooms[] = "frame-src https:; ";
static const char frames_elsewhere[] = "frame-src 'self'; ";

// What the page itself uses. An embedding page grants this through the iframe's allow attribute.
static const char permissions_policy[] =
        "camera=(self), microphone=(self), display-capture=(self), fullscreen=(self), "
        "autoplay=(self), screen-wake-lock=(self), speaker-selection=(self), geolocation=(), "
        "payment=(), usb=(), serial=(), midi=()";

// Embedding pages of any site load this file.
static const char bridge[] = "meetBridgeApi.js";

struct pages *pages_open(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		am_error(
		        "pages: cannot open the pages, build the web client or set "
		        "controlplane.pages; path=%s error=%s",
		        directory, strerror(errno)
		);
		return NULL;
	}
	struct pages *p = memory_new(1, sizeof(*p));
	p->directory = fd;
	return p;
}

void pages_close(struct pages *p)
{
	close(p->directory);
	free(p);
}

// True if all segments consist of letters, digits, '-', '_' and '.' and none starts with '.', so
// that no hidden file and nothing outside the directory can be reached.
static bool path_is_safe(const char *path)
{
	if (strnlen(path, PATH_LEN_MAX + 1) > PATH_LEN_MAX || !*path)
		return false;
	for (const char *p = path; *p; p++) {
		bool starts = p == path || p[-1] == '/';
		if (!isalnum((unsigned char)*p) &&
		    (!strchr("-_./", *p) || (starts && *p != '-' && *p != '_')))
			return false;
	}
	return true;
}

// True for all addresses of rooms, which have the same page; "/call/<room>" is
// "/call/?roomId=<room>".
static bool is_page(const char *path)
{
	static const char *const pages[] = {"/", "/new", "/new/", "/call", "/webinar", NULL};
	const char *rest = strncmp(path, "/call/", 6) == 0      ? path + 6
	                   : strncmp(path, "/webinar/", 9) == 0 ? path + 9
	                                                        : NULL;

	for (const char *const *p = pages; *p; p++) {
		if (strcmp(*p, path) == 0)
			return true;
	}
	return rest && (!*rest || text_is_token(rest, ROOM_NAME_MAX));
}

// The file at an address: one of the two pages, or another file of the build.
static const char *file_at(const char *path)
{
	if (is_page(path))
		return "index.html";
	if (strcmp(path, "/bridge-demo") == 0 || strcmp(path, "/bridge-demo/") == 0)
		return "bridge-demo.html";
	return path + 1;
}

static const char *type_of(const char *path)
{
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot && i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(types[i].extension, dot) == 0)
			return types[i].type;
	}
	return "application/octet-stream";
}

static void not_found(struct http_response *r)
{
	r->status = 404;
	r->type = "text/plain; charset=utf-8";
	r->body = memory_copy_string("not found\n");
	r->body_len = strlen(r->body);
}

// Whether Accept-Encoding names this coding without refusing it (RFC 9110 12.5.3).
static bool is_accepted(const char *accepted, const char *coding)
{
	size_t len = strlen(coding);

	for (const char *p = accepted; p; p = strchr(p, ',')) {
		p += strspn(p, ", \t");
		if (strncasecmp(p, coding, len) != 0 || (p[len] && !strchr(",; \t", p[len])))
			continue;
		const char *weight = p + len + strspn(p + len, "; \t");
		return strncasecmp(weight, "q=", 2) != 0 || strtod(weight + 2, NULL) > 0;
	}
	return false;
}

static int file_open(const struct pages *p, const char *path)
{
	// A FIFO must not hold up the loop, hence O_NONBLOCK.
	return openat(p->directory, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

// The build has compressed files if that is worth it; the result is beside the original file.
static int
compressed_open(const struct pages *p, const char *path, const char *accepted, const char **coding)
{
	static const struct {
		const char *coding, *extension;
	} ways[] = {{"br", ".br"}, {"gzip", ".gz"}};
	char name[PATH_LEN_MAX + sizeof(".br")];

	for (size_t i = 0; accepted && i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (!is_accepted(accepted, ways[i].coding))
			continue;
		strcat(strcpy(name, path), ways[i].extension);
		int fd = file_open(p, name);
		if (fd >= 0) {
			*coding = ways[i].coding;
			return fd;
		}
	}
	return -1;
}

static const char *caching_of(const char *path)
{
	// The names of assets contain a hash of their content.
	if (strncmp(path, "assets/", 7) == 0)
		return "public, max-age=31536000, immutable";
	// Embedding pages load the bridge each time, and an older bridge still works with the page.
	return strcmp(path, bridge) == 0 ? "public, max-age=600" : "no-cache";
}

static bool host_is_plain(const char *host)
{
	size_t len = host ? strnlen(host, HOST_LEN_MAX + 1) : 0;

	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)host[i]) && !strchr(".-:[]", host[i]))
			return false;
	}
	return len > 0 && len <= HOST_LEN_MAX;
}

// Scripts may connect only to this host. Not every browser applies 'self' to WebSockets, so the
// host is listed as well, with both schemes, since a proxy may have removed TLS.
static void connect_policy(char *out, size_t size, const char *host)
{
	if (host_is_plain(host))
		snprintf(out, size, "connect-src 'self' ws://%s wss://%s; ", host, host);
	else
		snprintf(out, size, "connect-src 'self'; ");
}

static void
policy_add(struct http_response *r, const char *host, bool is_room, const char *frame_ancestors)
{
	const char *frames = is_room ? frames_of_rooms : frames_elsewhere;
	char connect[2 * HOST_LEN_MAX + 64];

	connect_policy(connect, sizeof(connect), host);
	size_t size =
	        sizeof(content_policy) + strlen(connect) + strlen(frames) + strlen(frame_ancestors);
	char *policy = memory_new(1, size);
	snprintf(policy, size, "%s%s%s%s", content_policy, connect, frames, frame_ancestors);
	http_add_header(r, "Content-Security-Policy", policy);
	free(policy);
}

static void headers_add(struct http_response *r, const char *path)
{
	http_add_header(r, "Permissions-Policy", permissions_policy);
	http_add_header(r, "Cache-Control", caching_of(path));
	if (strcmp(path, bridge) == 0) {
		http_add_header(r, "Access-Control-Allow-Origin", "*");
		http_add_header(r, "Cross-Origin-Resource-Policy", "cross-origin");
	}
}

static bool is_chromium(const struct http_request *q)
{
	const char *brands = http_header(q, "Sec-CH-UA");

	return brands && strstr(brands, "\"Chromium\"");
}

// A page with a Cross-Origin-Embedder-Policy shows only frames that have one, too, so ours has one
// when it is embedded. It then could not show a player, since hardly any player has one. So with a
// player, the page goes without, except in Chromium, where frames may be credentialless instead
// (the page's player.tsx).
static void embedding_add(struct http_response *r, const struct http_request *q, bool player)
{
	const char *destination = http_header(q, "Sec-Fetch-Dest");

	if (!destination || strcmp(destination, "iframe") != 0)
		return;
	http_add_header(r, "Cross-Origin-Resource-Policy", "cross-origin");
	if (!player || is_chromium(q))
		http_add_header(r, "Cross-Origin-Embedder-Policy", "require-corp");
}

void pages_respond(
        const struct pages *p, const char *frame_ancestors, bool player,
        const struct http_request *q, struct http_response *r
)
{
	bool is_room = strncmp(q->path, "/call", 5) == 0 || strncmp(q->path, "/webinar", 8) == 0;
	const char *path = file_at(q->path);
	const char *coding = NULL;
	struct stat st;

	if (strcmp(q->method, "GET") != 0 && strcmp(q->method, "HEAD") != 0) {
		r->status = 405;
		http_add_header(r, "Allow", "GET, HEAD");
		return;
	}
	if (q->path[0] != '/' || !path_is_safe(path))
		return not_found(r);
	int fd = compressed_open(p, path, http_header(q, "Accept-Encoding"), &coding);
	if (fd < 0)
		fd = file_open(p, path);
	if (fd < 0)
		return not_found(r);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return not_found(r);
	}
	r->status = 200;
	r->file = fd;
	r->file_size = (uint64_t)st.st_size;
	r->type = type_of(path);
	policy_add(r, http_header(q, "Host"), is_room, frame_ancestors);
	headers_add(r, path);
	if (is_room)
		embedding_add(r, q, player);
	http_add_header(r, "Vary", "Accept-Encoding");
	if (coding)
		http_add_header(r, "Content-Encoding", coding);
}
