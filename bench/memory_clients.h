// The clients of bench-memory: ICE and DTLS of many viewers, in a separate process, so that they
// do not count. One thing at a time: each call lets one client act and passes on all that it sends.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define CLIENTS_DATAGRAM_MAX 1500

struct clients; // this side of the connection

// What a client sends to the server.
typedef void clients_receive(void *context, uint32_t client, const uint8_t *datagram, size_t len);

// Forks, so call it before anything is measured. NULL on failure.
struct clients *clients_start(uint32_t count, clients_receive *, void *context);
void clients_stop(struct clients *);

// The fingerprint that all clients share.
const uint8_t *clients_fingerprint(const struct clients *);

// A new client of a server with these credentials, and its first check. 0 or -errno, here and
// below.
int clients_open(struct clients *, uint32_t client, const char *ufrag, const char *pwd);

// A datagram from the server.
int clients_give(struct clients *, uint32_t client, const uint8_t *datagram, size_t len);

// Time passes.
int clients_tick(struct clients *, uint32_t client, uint64_t now_ns);
