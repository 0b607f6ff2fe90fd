// A track is what one peer publishes (signaling: producer); a subscription is one viewer's copy of
// it (signaling: consumer). Plain state: the conference tells the data plane.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "am_schema.h"
#include "room/news.h"
#include "room/ortc.h"

#define TRACK_LAYER_MAX 7 // as an upper bound, this means all layers

struct json;
struct peer;
struct transport;

// The kinds of tracks that people know.
enum track_kind {
	TRACK_AUDIO,
	TRACK_VIDEO, // the camera
	TRACK_SHARE, // audio and video of a screen
	TRACK_KIND_COUNT,
};

// A subscription's priority, until its viewer sets another: 1 to 255, the highest served first.
#define TRACK_PRIORITY       100
#define TRACK_PRIORITY_SHARE 255

const char *track_kind_name(enum track_kind);
enum track_kind track_kind_of(enum ortc_kind, const struct json *app_data);

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

// What signaling tells viewers about a track. It keeps and frees these texts.
LIST_HEAD(offer_texts, offer_text);

struct track {
	am_id id;
	struct peer *owner;
	struct transport *transport;
	struct ortc_media media;
	uint8_t encoding_count;
	struct am_encoding encodings[AM_ENCODING_MAX]; // as its publisher has announced them
	uint8_t wanted; // a bit for each encoding that viewers want
	char *app_data; // JSON object, owned
	enum track_kind kind;
	bool paused;
	bool ready; // the data plane has it, so others may subscribe
	bool unfit; // somebody in the room does not decode it
	struct offer_texts offer_texts;
	LIST_HEAD(, subscription) subscriptions;
	LIST_ENTRY(track) of_owner;
};

// Takes over media and app_data.
struct track *
track_create(am_id, struct transport *, const struct ortc_media *, char *app_data, bool paused);

// Sets the encodings as the publisher has announced them.
void track_set_encodings(struct track *, const struct am_cmd_track_add *);

// The peer's screen share of this kind, or NULL. A peer may share one screen.
const struct track *track_share_of(const struct peer *, enum ortc_kind);

// The track must have no subscriptions left.
void track_destroy(struct track *);

struct subscription *subscription_create(am_id, struct track *, struct transport *viewer);
void subscription_destroy(struct subscription *);

// Whether the subscription should carry media: neither its viewer nor its publisher has paused it.
bool subscription_is_due(const struct subscription *);

// Why the viewer receives less than the speaker could send. limit comes from the data plane and may
// be any value.
enum am_limit subscription_limit(const struct subscription *, uint8_t limit);

// The MID as text.
void subscription_mid_text(const struct subscription *, char out[AM_SUBSCRIPTION_MID_MAX + 1]);
