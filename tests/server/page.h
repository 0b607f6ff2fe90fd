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
	char *in; // bytes of frames that are not complete
	size_t in_len, in_size;
	struct json *inbox[PAGE_INBOX_MAX]; // messages that nobody has asked for yet
	int inbox_count;
	int next_id;
	uint16_t close_code; // 0: open
	int pings; // heard so far: the server's own clock, one each WEBSOCKET_PING_MS
};

// Opens a WebSocket. where: path and query, as "/call/?roomId=r&peerId=p". host: of the account.
void page_open(struct page *, struct server *, const char *host, const char *where);

// The status of a refused handshake.
int page_refused(struct server *, const char *host, const char *where);

// A request and its answer, freed by the caller; data is JSON. NULL: the connection was closed.
struct json *page_ask(struct page *, const char *method, const char *data);

// 200, or the errorCode.
int page_ask_code(struct page *, const char *method, const char *data);

// A notification: there is no answer.
void page_tell(struct page *, const char *method, const char *data);

// Sends a request without waiting.
void page_send(struct page *, const char *method, const char *data);

// The next notification of this name: its data, freed by the caller. NULL: none came.
struct json *page_notified(struct page *, const char *method);

// The next request of the server: its data, freed by the caller. It is accepted.
struct json *page_requested(struct page *, const char *method);

// … in two steps: first without an answer, then the answer's data as JSON, or an error.
struct json *page_question(struct page *, const char *method, int64_t *id);
void page_answer(struct page *, int64_t id, const char *data);
void page_answer_error(struct page *, int64_t id);

// The same as page_notified, where `key` must have this text; others of the name are dropped.
void page_expect(struct page *, const char *method, const char *key, const char *value);

// Asserts that there has been no notification of this name so far.
void page_expect_none(struct page *, const char *method);

// Waits for sessionClosed and its close code 4000; the reason is as given.
void page_expect_end(struct page *, const char *reason);

// Joins with a name, without receiving.
void page_join(struct page *, const char *name);

// Leaves in order, or dies without a close frame; does nothing if the server has closed it.
void page_leave(struct page *);
void page_die(struct page *);
