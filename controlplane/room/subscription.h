// One viewer's copy of a track (signaling: consumer). Plain state: the conference tells the data
// plane.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "am_schema.h"
#include "room/news.h"

#define SUBSCRIPTION_MID_BLOCK 64 // MIDs that are reserved in the store at once
#define SUBSCRIPTION_MID_COUNT 10000 // AM_SUBSCRIPTION_MID_MAX digits

// A subscription's priority, until its viewer sets another: 1 to 255, the highest served first.
#define SUBSCRIPTION_PRIORITY       100
#define SUBSCRIPTION_PRIORITY_SHARE 255

struct peer;
struct track;
struct transport;

struct subscription {
	am_id id;
	struct track *track;
	struct transport *transport; // the viewer's
	struct peer *viewer;
	uint32_t ssrc;
	uint32_t rtx_ssrc; // 0: none
	uint16_t mid;
	uint8_t spatial_layer; // preferred
	uint8_t temporal_layer;
	uint8_t spatial_layer_now; // or AM_LAYER_NONE
	uint8_t temporal_layer_now;
	uint8_t priority; // among the viewer's tracks, if the link does not carry all
	uint8_t withheld; // enum am_limit: why nothing is sent
	bool ready; // the data plane has it, and the viewer was told of it
	bool confirmed; // the viewer's page has it
	bool paused_by_viewer;
	struct subscription_seen seen;
	LIST_ENTRY(subscription) of_track;
	LIST_ENTRY(subscription) of_viewer;
};

struct subscription *subscription_create(am_id, struct track *, struct transport *viewer);
void subscription_destroy(struct subscription *);

// Whether the subscription should carry media: neither its viewer nor its publisher has paused it.
bool subscription_is_due(const struct subscription *);

// Why the viewer receives less than the speaker could send. limit comes from the data plane and may
// be any value.
enum am_limit subscription_limit(const struct subscription *, uint8_t limit);

// The MID as text.
void subscription_mid_text(const struct subscription *, char out[AM_SUBSCRIPTION_MID_MAX + 1]);

// An SSRC that no subscription of the peer uses; never 0 nor 1234 (a client's own probe stream).
uint32_t subscription_ssrc_new(const struct peer *);

// The next MID that the transport does not use. *reserve is set if mid_reserved has grown, which
// the store must be told.
uint16_t subscription_mid_new(struct transport *, bool *reserve);
