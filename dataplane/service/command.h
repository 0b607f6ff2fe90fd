// The control plane's commands, each checked, carried out and acknowledged.
#pragma once

struct service;

// Handles up to n commands of the ring. Returns how many; -EPROTO where the ring is not sane.
int command_handle(struct service *, int n);
