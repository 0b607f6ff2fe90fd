// Unix sockets of type SOCK_SEQPACKET, over which the processes hand each other descriptors.
#pragma once

#include <stddef.h>

#define AM_SOCKET_FDS_MAX 4

// Listening socket at path (an older socket file there is replaced), to which only this process's
// user and root can connect. -errno.
[[nodiscard]] int am_socket_listen(const char *path);

// Accepts one connection, or connects. Calls on the connection wait for 1 s at most. -errno.
[[nodiscard]] int am_socket_accept(int listener);
[[nodiscard]] int am_socket_connect(const char *path);

// Sends one message, with fd_count descriptors, which stay the caller's. 0 or -errno.
[[nodiscard]] int
am_socket_send(int fd, const void *message, size_t len, const int *fds, int fd_count);

// Receives one message of exactly len bytes, and fd_max descriptors at most, which become the
// caller's. Returns their number; -EPROTO if the message is another, or -errno.
[[nodiscard]] int am_socket_receive(int fd, void *message, size_t len, int *fds, int fd_max);
