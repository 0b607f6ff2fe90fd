#include "memory_clients.h"

#include "peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#define NOW_NS 1 // the clients' clock stands still

enum kind {
	OPEN, // bytes: ufrag and password, each with its terminator
	GIVE,
	SENT, // a datagram of a client
	DONE, // nothing more follows
};

// One message in either direction.
struct line {
	uint32_t kind;
	uint32_t client;
	uint32_t len;
	uint8_t bytes[CLIENTS_DATAGRAM_MAX];
};

struct clients {
	int fd;
	pid_t pid;
	clients_receive *receive;
	void *context;
	uint8_t fingerprint[32];
};

// The clients' process.

struct client {
	struct peer peer;
	uint32_t index;
	int fd;
};

static void line_send(int fd, const struct line *line)
{
	size_t size = offsetof(struct line, bytes) + line->len;

	if (send(fd, line, size, MSG_NOSIGNAL) != (ssize_t)size)
		_exit(1);
}

static void client_send(void *context, const uint8_t *payload, size_t len)
{
	const struct client *c = context;
	struct line line = {.kind = SENT, .client = c->index, .len = (uint32_t)len};

	if (len > sizeof(line.bytes))
		_exit(1);
	memcpy(line.bytes, payload, len);
	line_send(c->fd, &line);
}

static void client_act(struct client *c, const struct line *line)
{
	const struct peer_config config = {
	        .ufrag = (const char *)line->bytes,
	        .pwd = (const char *)line->bytes + strlen((const char *)line->bytes) + 1,
	        .send = client_send,
	        .context = c,
	};

	if (line->kind == GIVE) {
		peer_receive(&c->peer, line->bytes, line->len, NOW_NS);
		return;
	}
	if (peer_init(&c->peer, &config) < 0)
		_exit(1);
	peer_tick(&c->peer, NOW_NS);
}

static void serve(int fd, uint32_t count)
{
	struct client *clients = calloc(count, sizeof(*clients));
	struct line line = {0};

	if (clients == NULL)
		_exit(1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (uint32_t i = 0; i < count; i++) {
		clients[i].index = i;
		clients[i].fd = fd;
	}
	peer_fingerprint(line.bytes);
	line.len = 32;
	line_send(fd, &line);
	while (recv(fd, &line, sizeof(line), 0) > 0) {
		client_act(&clients[line.client], &line);
		line_send(fd, &(struct line){.kind = DONE});
	}
	_exit(0);
}

// This process.

struct clients *clients_start(uint32_t count, clients_receive *receive, void *context)
{
	struct clients *c = calloc(1, sizeof(*c));
	struct line line;
	int fds[2];

	if (c == NULL || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0) {
		free(c);
		return NULL;
	}
	c->pid = fork();
	if (c->pid == 0) {
		close(fds[0]);
		serve(fds[1], count);
	}
	close(fds[1]);
	c->fd = fds[0];
	c->receive = receive;
	c->context = context;
	if (recv(c->fd, &line, sizeof(line), 0) <= 0) {
		clients_stop(c);
		return NULL;
	}
	memcpy(c->fingerprint, line.bytes, sizeof(c->fingerprint));
	return c;
}

void clients_stop(struct clients *c)
{
	close(c->fd);
	if (c->pid > 0)
		waitpid(c->pid, NULL, 0);
	free(c);
}

const uint8_t *clients_fingerprint(const struct clients *c)
{
	return c->fingerprint;
}

// Sends a message and takes what the client sends, until it is done.
static int act(struct clients *c, struct line *line)
{
	size_t size = offsetof(struct line, bytes) + line->len;

	if (send(c->fd, line, size, MSG_NOSIGNAL) != (ssize_t)size)
		return -errno;
	while (recv(c->fd, line, sizeof(*line), 0) > 0) {
		if (line->kind == DONE)
			return 0;
		c->receive(c->context, line->client, line->bytes, line->len);
	}
	return -EPIPE;
}

int clients_open(struct clients *c, uint32_t client, const char *ufrag, const char *pwd)
{
	struct line line = {.kind = OPEN, .client = client};
	size_t ufrag_len = strlen(ufrag), pwd_len = strlen(pwd);

	memcpy(line.bytes, ufrag, ufrag_len);
	memcpy(line.bytes + ufrag_len + 1, pwd, pwd_len);
	line.len = (uint32_t)(ufrag_len + pwd_len + 2);
	return act(c, &line);
}

int clients_give(struct clients *c, uint32_t client, const uint8_t *datagram, size_t len)
{
	struct line line = {.kind = GIVE, .client = client, .len = (uint32_t)len};

	if (len > sizeof(line.bytes))
		return -EMSGSIZE;
	memcpy(line.bytes, datagram, len);
	return act(c, &line);
}
