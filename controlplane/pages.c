#include "pages.h"

#include "http.h"
#include "memory.h"
#include "room.h"
#include "text.h"

#include "am_log.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_LEN_MAX 255

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

// Scripts are our own files and nothing else; styles may be set from scripts. The external player
// of `video` (U17) is any https page, in a sandbox.
static const char content_policy[] =
        "default-src 'self'; script-src 'self'; connect-src 'self' ws: wss:; "
        "img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self' 'unsafe-inline'; "
        "worker-src 'self' blob:; frame-src https:; object-src 'none'; base-uri 'none'; "
        "form-action 'none'; ";

// What the page itself uses; an embedding page grants it by the iframe's allow (P05, G12).
static const char permissions_policy[] =
        "camera=(self), microphone=(self), display-capture=(self), fullscreen=(self), "
        "autoplay=(self), screen-wake-lock=(self), speaker-selection=(self), geolocation=(), "
        "payment=(), usb=(), serial=(), bluetooth=(), midi=()";

// Loaded by the embedding pages, from any site (P04).
static const char bridge[] = "meetBridgeApi.js";

struct pages *pages_open(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		am_error(
		        "pages: cannot open, build the web client or set controlplane.pages; "
		        "path=%s error=%s",
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

// Segments of letters, digits, '-', '_' and '.', none starting with '.': so nothing hidden, and no
// way out of the directory.
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

// The one page behind all addresses of rooms; "/call/<room>" is G01.
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

static void headers_add(struct http_response *r, const char *path, const char *frame_ancestors)
{
	char *policy = memory_new(1, sizeof(content_policy) + strlen(frame_ancestors));
	// The build puts a hash of the content into the names of assets.
	bool forever = strncmp(path, "assets/", 7) == 0;

	strcat(strcpy(policy, content_policy), frame_ancestors);
	http_add_header(r, "Content-Security-Policy", policy);
	free(policy);
	http_add_header(r, "Permissions-Policy", permissions_policy);
	http_add_header(
	        r, "Cache-Control", forever ? "public, max-age=31536000, immutable" : "no-cache"
	);
	if (strcmp(path, bridge) == 0) {
		http_add_header(r, "Access-Control-Allow-Origin", "*");
		http_add_header(r, "Cross-Origin-Resource-Policy", "cross-origin");
	}
}

void pages_respond(
        const struct pages *p, const char *frame_ancestors, const struct http_request *q,
        struct http_response *r
)
{
	const char *path = is_page(q->path) ? "index.html" : q->path + 1;
	struct stat st;

	if (strcmp(q->method, "GET") != 0 && strcmp(q->method, "HEAD") != 0) {
		r->status = 405;
		http_add_header(r, "Allow", "GET, HEAD");
		return;
	}
	if (q->path[0] != '/' || !path_is_safe(path))
		return not_found(r);
	// A FIFO must not hold up the loop, hence O_NONBLOCK.
	int fd = openat(p->directory, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
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
	headers_add(r, path, frame_ancestors);
}
