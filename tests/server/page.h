// A participant without a browser: a protoo WebSocket to the real server, like a page's.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "server_process.h"

#define PAGE_INBOX_MAX 512

struct json;

struct page {
	struct server *server;
	int fd;
	char *in; // bytes of incomplete frames
	size_t in_len, in_size;
	struct json *inbox[PAGE_INBOX_MAX]; // messages that the test has not read yet
	int inbox_count;
	int next_id;
	uint16_t close_code; // 0: open
	int pings; // received so far: one every WEBSOCKET_PING_MS by the server's clock
};

// Opens a WebSocket. where: path and query, such as "/call/?roomId=r&peerId=p". host: a host of the
// account.
void page_open(struct page *, struct server *, const char *host, const char *where);

// Tries a handshake that must be refused; returns the status.
int page_refused(struct server *, const char *host, const char *where);

// Sends a request with this JSON and returns its answer, freed by the caller; NULL if the
// connection was closed.
struct json *page_ask(struct page *, const char *method, const char *data);

// The same, but returns 200 or the errorCode.
int page_ask_code(struct page *, const char *method, const char *data);

// Sends a notification, which has no answer.
void page_tell(struct page *, const char *method, const char *data);

// Sends a request without waiting.
void page_send(struct page *, const char *method, const char *data);

// Returns the data of the next notification of this name, freed by the caller; NULL if none came.
struct json *page_notified(struct page *, const char *method);

// Accepts the server's next request of this name and returns its data, freed by the caller.
struct json *page_requested(struct page *, const char *method);

// The same in two steps: page_question returns the request, then the answer is sent, as JSON or as
// an error.
struct json *page_question(struct page *, const char *method, int64_t *id);
void page_answer(struct page *, int64_t id, const char *data);
void page_answer_error(struct page *, int64_t id);

// Like page_notified, but `key` must have this text; other notifications of this name are dropped.
void page_expect(struct page *, const char *method, const char *key, const char *value);

// Asserts that there has been no notification of this name so far.
void page_expect_none(struct page *, const char *method);

// Waits for sessionClosed with this reason, and close code 4000.
void page_expect_end(struct page *, const char *reason);

// Joins with a name, without receiving.
void page_join(struct page *, const char *name);

// page_leave leaves in order, page_die ends without a close frame. Both do nothing if the server
// has closed the connection.
void page_leave(struct page *);
void page_die(struct page *);
