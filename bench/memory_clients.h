// The clients of bench-memory: ICE and DTLS of many viewers, in a separate process, so that their
// memory does not count. Each call lets one client act and passes on all that it sends.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define CLIENTS_DATAGRAM_MAX 1500

struct clients; // this side of the connection

// Receives what a client sends to the server.
typedef void clients_receive(void *context, uint32_t client, const uint8_t *datagram, size_t len);

// Forks, so call it before anything is measured. NULL on failure.
struct clients *clients_start(uint32_t count, clients_receive *, void *context);
void clients_stop(struct clients *);

// The fingerprint that all clients share.
const uint8_t *clients_fingerprint(const struct clients *);

// Makes a client of a server with these credentials, which sends its first check. 0 or -errno, here
// and below.
int clients_open(struct clients *, uint32_t client, const char *ufrag, const char *pwd);

// Gives a client a datagram from the server.
int clients_give(struct clients *, uint32_t client, const uint8_t *datagram, size_t len);
