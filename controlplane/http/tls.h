// TLS at the front of the HTTP server: does the handshake with each client, then pumps bytes
// between the client and one end of a socket pair, whose other end is plain to whoever serves it.
//
//	client ◀─ TLS over TCP ─▶ struct tls ◀─ socket pair ─▶ server
//
// libmicrohttpd has TLS as well, but relays an upgraded connection through what its memory pool has
// left, which is nothing once the headers are out: 4 bytes at a time each way.
#pragma once

#include <stdint.h>
#include <sys/socket.h>

#define TLS_HANDSHAKE_MS 15000 // for all of it
#define TLS_CLOSING_MS   30000 // for a client to take what is left once the server has closed
#define TLS_LINGER_MS    2000 // then for it to close, too
#define TLS_PIECE        16384 // bytes that are read at a time: a record (RFC 8446 5.1)
#define TLS_PAIR_BUFFER  65536 // SO_SNDBUF of the pair's ends; Linux takes twice that, with overhead

struct loop;
struct tls;

struct tls_handler {
	void *owner;
	// A client has connected. Returns the context for the calls below; NULL: cut it off.
	void *(*accepted)(void *owner, int fd, const struct sockaddr *);
	// The handshake is done. Takes fd, the server's end: non-blocking, and to be closed by it.
	void (*secured
	)(void *owner, void *context, int fd, const struct sockaddr *, socklen_t address_len);
	// The client's connection has ended, with or without a handshake. Takes the context.
	void (*ended)(void *owner, void *context);
};

// Serves TLS 1.2 and 1.3 on a listening, non-blocking socket, which it takes over, to at most
// `most` connections; others wait in the listen queue. certificate (with its chain) and private_key
// are PEM text. NULL after a line in the log, and the socket stays the caller's.
[[nodiscard]] struct tls *
tls_create(struct loop *, int listener, const char *certificate, const char *private_key, uint32_t most, const struct tls_handler *);

// Passes on what servers have written, as far as the kernel takes it, then cuts everybody off.
void tls_destroy(struct tls *);
