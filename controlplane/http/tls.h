// TLS in front of the HTTP server: does the handshake with each client, then pumps bytes between
// the client and one end of a socket pair. The server reads and writes plain bytes at the other
// end.
//
//	client ◀─ TLS over TCP ─▶ struct tls ◀─ socket pair ─▶ server
//
// libmicrohttpd has TLS as well, but relays an upgraded connection through what is left of its
// memory pool. That is next to nothing after the headers: 4 bytes at a time each way.
#pragma once

#include <stdint.h>
#include <sys/socket.h>

#define TLS_HANDSHAKE_MS 15000 // for the whole handshake
#define TLS_CLOSING_MS   30000 // for a client to read what is left once the server has closed
#define TLS_LINGER_MS    2000 // for the client to close after that
#define TLS_PIECE        16384 // bytes that are read at a time: one record (RFC 8446 5.1)
#define TLS_PAIR_BUFFER  65536 // SO_SNDBUF of the pair's ends; Linux takes twice that, with overhead

struct loop;
struct tls;

struct tls_handler {
	void *owner;
	// A client has connected. Returns the context for the calls below, or NULL to cut it off.
	void *(*accepted)(void *owner, int fd, const struct sockaddr *);
	// The handshake is done. Takes over fd, the server's non-blocking end, which the server
	// must close.
	void (*secured
	)(void *owner, void *context, int fd, const struct sockaddr *, socklen_t address_len);
	// The client's connection has ended, with or without a handshake. The context is not used
	// any more.
	void (*ended)(void *owner, void *context);
};

// Serves TLS 1.2 and 1.3 on a listening, non-blocking socket, which it takes over. It serves at
// most `most` connections; others wait in the listen queue. certificate (with its chain) and
// private_key are PEM text. NULL after a line in the log; the socket then stays the caller's.
[[nodiscard]] struct tls *
tls_create(struct loop *, int listener, const char *certificate, const char *private_key, uint32_t most, const struct tls_handler *);

// Passes on what the server has written, as far as the kernel takes it, then cuts off all clients.
void tls_destroy(struct tls *);
