// The control plane's commands: each is checked, carried out and acknowledged.
#pragma once

struct service;

// Handles up to n commands of the ring. Returns how many, or -EPROTO if the ring is corrupt.
int command_handle(struct service *, int n);
