// One protoo connection to a control plane, like a page's: requests in JSON over a WebSocket (RFC
// 6455, client side), with or without TLS. Requests block until the answer, since the caller does
// one thing at a time; protoo_step takes what arrives in between.
#pragma once

struct json;
struct protoo;

#define PROTOO_TIMEOUT_MS 5000 // for an answer

// url: http://host:port or https://host:port, whose certificate is not verified: it is our own
// server on this machine. path begins with a slash. NULL and errno: EPROTO if it is not a protoo
// server or refuses.
[[nodiscard]] struct protoo *protoo_open(const char *url, const char *path);
void protoo_close(struct protoo *); // NULL is allowed

int protoo_fd(const struct protoo *);

// Sends a request and waits for its answer. Takes ownership of data. 0 and the answer's data, which
// the caller frees, or -EPROTO: refused, which is logged; -EPIPE: the connection is gone;
// -ETIMEDOUT.
[[nodiscard]] int
protoo_request(struct protoo *, const char *method, struct json *data, struct json **answer);

// Takes what has arrived: answers pings, drops notifications. 0 or -EPIPE.
[[nodiscard]] int protoo_step(struct protoo *);
