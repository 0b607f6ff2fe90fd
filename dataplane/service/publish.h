// The region's state tables and events, as the data plane writes them. Service thread only.
#pragma once

#include <stdint.h>

#include "am_region.h"

struct session;
struct source;
struct sink;

void publish_session(struct am_region *, const struct session *);
void publish_source(struct am_region *, const struct source *);
void publish_sink(struct am_region *, const struct sink *);

// Frees a table's entry.
void publish_no_session(struct am_region *, uint32_t slot);
void publish_no_source(struct am_region *, uint32_t slot);
void publish_no_sink(struct am_region *, uint32_t slot);

// Puts an event into the ring. If the ring is full, counts the event in events_lost; then the
// reader reads the tables again. The caller wakes the reader once after a batch.
void publish_event(struct am_region *, const struct am_msg *);

// publish_session, and tells the control plane about its states.
void publish_session_state(struct am_region *, const struct session *);
