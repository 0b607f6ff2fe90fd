// receiver.py as a child process: an integrator's HTTPS server with a certificate of a test
// authority.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct json;

struct receiver {
	char directory[64];
	char authority[96]; // PEM file, for controlplane.hook_authorities
	uint16_t port;
	pid_t pid;
	int input; // ends it when closed
};

// A fresh directory and, in it, a server; asserts that it is there.
void receiver_start(struct receiver *);

// Another on the same directory, with the same authority and an empty log. port 0: any.
void receiver_start_again(struct receiver *, uint16_t port);
void receiver_kill(struct receiver *);

// Ends it and removes the directory.
void receiver_stop(struct receiver *);

// "https://localhost:<port>/<program>"; a program is as receiver.py describes it.
const char *receiver_url(const struct receiver *, const char *program, char *out, size_t size);

// The requests so far: an array, freed by the caller.
struct json *receiver_log(const struct receiver *);
