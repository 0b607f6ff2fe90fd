// Sends requests to the control plane (account/admin.h).
#pragma once

#include "command.h"

#define DEFAULT_SOCKET "/run/amphi/admin.sock"

struct json;

// Sends a request, which it takes over. Returns STATUS_DONE or STATUS_NOT_WRITTEN with the answer's
// data, which the caller frees; otherwise the reason is on stderr.
[[nodiscard]] enum status
client_ask(const struct arguments *, struct json *request, struct json **data);
