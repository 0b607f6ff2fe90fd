// What the conference's own files share.
#pragma once

#include "base/loop.h"
#include "conference/conference.h"
#include "conference/events.h"
#include "media/media.h"
#include "recording/recording.h"
#include "terms/quality.h"

struct shelves;
struct tally;

// How a worker of the data plane keeps up.
struct worker_look {
	uint64_t copies, late; // so far
	enum quality quality; // of the last look
	uint64_t weak_ms; // when it was last not good; 0: never
};

struct conference {
	struct loop *loop;
	struct media *media;
	struct store_rooms *store;
	struct hooks *hooks;
	struct statistics *statistics;
	const struct conference_events *events;
	struct media_events media_events;
	struct recordings *recordings;
	struct recordings_events recordings_events;
	struct rooms rooms;
	const struct accounts *accounts; // from the settings, like the next three
	uint64_t join_ms;
	uint8_t voices[ROOM_KIND_COUNT];
	uint32_t client_transports;
	struct tally *transports_of; // by address
	struct peer_list gone; // oldest first
	struct peer_list idle; // admitted but not joined; oldest first
	struct shelves *turned_away, *kept_rules; // recall.c
	struct loop_timer absence; // leave.c, for the peers that are gone or idle
	struct loop_timer activity; // activity.c
	uint32_t looks; // how often that timer has expired
	struct worker_look workers[AM_WORKER_MAX]; // quality.c
	uint64_t generation; // of the data plane that has the rooms' media; 0: none yet
	// Indexed by the id's slot.
	struct transport *transports[AM_TRANSPORT_MAX];
	struct track *tracks[AM_TRACK_MAX];
	struct subscription *subscriptions[AM_SUBSCRIPTION_MAX];
};

// Commands whose result a page waits for: the object, and who made the request.
static inline struct media_call conference_call(am_id id, const struct asker *by)
{
	return (struct media_call){id, by->connection, by->request_id};
}

static inline struct asker conference_asker(const struct media_call *call)
{
	return (struct asker){call->connection, call->request_id};
}
