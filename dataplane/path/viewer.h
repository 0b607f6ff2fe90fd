// What each viewer's way carries: its feedback becomes an estimate, and the estimate becomes layers
// of pictures (media/downlink.h, media/allocation.h).
#pragma once

#include "path/worker.h"
#include "wire/rtcp.h"

#define VIEWER_TICK_US 5000 // between two calls of viewer_tick
#define VIEWER_TICKS   20 // in so many of them each viewer is looked at once

#define VIEWER_PROBE_US PROBE_STEP_US // between two calls of viewer_probe

// A transport becomes a viewer's.
void viewer_add(struct worker *, struct transport *, struct viewer *);

// It has agreed to answer transport-wide numbers with feedback.
void viewer_answers(struct transport *);

// Whether it is known what the subscription's picture weighs.
bool viewer_weighs(const struct worker *, const struct subscription *);
void viewer_remove(struct worker *, struct transport *);

// How many packets a transport-wide feedback message speaks of, as it says itself.
uint32_t viewer_feedback_statuses(const struct rtcp_view *);

// Transport-wide feedback of a viewer; its REMB. Ignored where the transport is none.
void viewer_feedback(struct worker *, struct transport *, const struct rtcp_view *);
void viewer_remb(struct worker *, struct transport *, const struct rtcp_view *);

// The loss that a viewer's reception reports tell, in 1/256.
void viewer_report(struct worker *, struct transport *, uint8_t fraction_lost);

// Whether the viewer's way takes so many bytes in one go, in half a second.
bool viewer_carries_at_once(const struct worker *, const struct transport *, uint32_t bytes);

// A round trip to the viewer and back, as far as it is known.
uint32_t viewer_rtt_us(const struct transport *);

// Whether the viewer's way has room for one retransmission more; that one was made.
bool viewer_may_repeat(struct worker *, struct transport *);
void viewer_repeated(struct transport *, uint32_t bytes);

// Whether the number is to be sent again, since it is not on its way already. It is noted then.
bool viewer_repeats(const struct worker *, const struct subscription *, uint16_t seq);

// Gives the selector what the client asks for, its way carries and the worker keeps up with.
void viewer_prefer(const struct worker *, struct subscription *);

// The client has paused or left a video: where most are left out, another may be the one that
// stays.
void viewer_regroup(struct transport *);

// True if the worker leaves out something of what the client asks for, its way carries and there
// is.
bool viewer_is_shed(const struct worker *, const struct subscription *);

// Looks at some of the viewers: their estimates, and what they are sent for them.
void viewer_tick(struct worker *);

// Sends what is due of the probes under way.
void viewer_probe(struct worker *);
