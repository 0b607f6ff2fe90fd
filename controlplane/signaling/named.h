// The objects that requests name.
#pragma once

struct connection;
struct json;
struct subscription;
struct track;
struct transport;

// The object of the connection's peer that the request's data names, or NULL.
struct transport *named_transport(const struct connection *, const struct json *data);
struct track *named_track(const struct connection *, const struct json *data);
struct subscription *named_subscription(const struct connection *, const struct json *data);
