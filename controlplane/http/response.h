// An answer as a handler leaves it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_HEADERS_MAX 12 // besides those that all responses have

struct http_response {
	unsigned status;
	const char *type; // MIME; literal
	char *body; // owned; NULL: file, or none
	size_t body_len;
	int file; // owned; -1: none
	uint64_t file_from, file_size; // the bytes that are sent
	bool in_pieces; // a thread reads the file, which may be large and on a slow disk
	void (*ended)(void *owner); // of a file in pieces: it is not read any more; or NULL
	void *owner;
	int header_count;
	struct {
		const char *name; // literal
		char *value; // owned
	} headers[HTTP_HEADERS_MAX];
};

// Copies value. More than HTTP_HEADERS_MAX headers are a bug.
void http_add_header(struct http_response *, const char *name, const char *value);

// Removes all headers.
void http_clear_headers(struct http_response *);

// A body that is JSON already; it is copied.
void http_set_json(struct http_response *, unsigned status, const char *body);
