// Runs receiver.py as a child process: an integrator's HTTPS server with a certificate of a test
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
	int input; // closing it ends the process
};

// Starts a server in a new directory; asserts that it answers.
void receiver_start(struct receiver *);

// Starts another server in the same directory, with the same authority and an empty log. port 0:
// any.
void receiver_start_again(struct receiver *, uint16_t port);
void receiver_kill(struct receiver *);

// Ends the server and removes the directory.
void receiver_stop(struct receiver *);

// Writes "https://localhost:<port>/<program>"; receiver.py describes programs.
const char *receiver_url(const struct receiver *, const char *program, char *out, size_t size);

// The requests so far, as an array that the caller frees.
struct json *receiver_log(const struct receiver *);
