// Files that are sent while a thread reads them, since the loop must not wait for a disk: each
// download has a buffer, which is filled again once it is empty. Until then, its connection is
// suspended. A client that reads slowly takes no thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#define HTTP_DOWNLOAD_BUFFER 131072 // bytes
#define HTTP_READERS         2 // threads

struct http_response;
struct loop;
struct MHD_Connection;
struct MHD_Response;
struct workers;

struct http_downloads {
	struct workers *workers; // NULL until the first download
	struct loop *loop;
	bool *turn_due; // set when a connection has been resumed
	bool ending;
	LIST_HEAD(, http_download) all;
};

void http_downloads_init(struct http_downloads *, struct loop *, bool *turn_due);

// Cuts the downloads off: their connections will close in the library's next turn.
void http_downloads_end(struct http_downloads *);

// To be called after the library has been stopped.
void http_downloads_fini(struct http_downloads *);

// Makes the library's response for the response's file, which it takes over. NULL if that fails;
// the file is then still the response's.
struct MHD_Response *
http_download_create(struct http_downloads *, struct MHD_Connection *, const struct http_response *);
