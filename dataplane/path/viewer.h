// What each viewer's link carries: feedback becomes an estimate (media/downlink.h), which decides
// what the viewer is sent (layers.h).
#pragma once

#include "path/worker.h"
#include "wire/rtcp.h"

#define VIEWER_TICK_US 5000 // between two calls of viewer_tick
#define VIEWER_TICKS   20 // in this many ticks each viewer is looked at once

#define VIEWER_PROBE_US PROBE_STEP_US // between two calls of viewer_probe

// A transport becomes a viewer.
void viewer_add(struct worker *, struct transport *, struct viewer *);

// It has negotiated transport-wide feedback.
void viewer_answers(struct transport *);

void viewer_remove(struct worker *, struct transport *);

// How many packets a transport-wide feedback message says that it covers.
uint32_t viewer_feedback_statuses(const struct rtcp_view *);

// A viewer's transport-wide feedback; its REMB. Ignored if the transport is not a viewer.
void viewer_feedback(struct worker *, struct transport *, const struct rtcp_view *);
void viewer_remb(struct worker *, struct transport *, const struct rtcp_view *);

// The loss in a viewer's reception reports, in 1/256.
void viewer_report(struct worker *, struct transport *, uint8_t fraction_lost);

// Whether the viewer's link takes this many bytes at once, within half a second.
bool viewer_carries_at_once(const struct worker *, const struct transport *, uint32_t bytes);

// Looks at some of the viewers: updates their estimates and what they are sent.
void viewer_tick(struct worker *);

// Sends the due packets of all current probes.
void viewer_probe(struct worker *);
