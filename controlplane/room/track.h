// What one peer publishes (signaling: producer). Plain state: the conference tells the data plane.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "am_schema.h"
#include "room/ortc.h"

#define TRACK_LAYER_MAX 7 // as an upper bound, this means all layers

struct json;
struct peer;
struct subscription;
struct transport;

// The kinds of tracks that people know.
enum track_kind {
	TRACK_AUDIO,
	TRACK_VIDEO, // the camera
	TRACK_SHARE, // audio and video of a screen
	TRACK_KIND_COUNT,
};

const char *track_kind_name(enum track_kind);
enum track_kind track_kind_of(enum ortc_kind, const struct json *app_data);

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
	bool unfit; // a screen share in a codec that does not suit the room any more
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
