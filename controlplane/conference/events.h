// What the conference reports to the layer that tells pages.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "room/peer.h"
#include "room/subscription.h"
#include "room/track.h"
#include "terms/refusal.h"

struct asker;
struct recording_view;
struct room;

// What signaling passes on. The peers that are told have a connection.
struct conference_events {
	void *owner;
	// Results of requests, each before anything else that follows from it. The connection may
	// be gone.
	void (*joined)(void *owner, const struct asker *, const struct peer *);
	void (*transport_made)(void *owner, const struct asker *, const struct transport *);
	void (*transport_connected)(void *owner, const struct asker *);
	void (*ice_restarted)(void *owner, const struct asker *, const struct transport *);
	void (*track_made)(void *owner, const struct asker *, const struct track *);
	void (*data_producer_made)(void *owner, const struct asker *, const struct transport *);
	void (*failed)(void *owner, const struct asker *, int error); // -errno
	void (*peer_joined)(void *owner, struct peer *to, const struct peer *who);
	void (*peer_left)(void *owner, struct peer *to, const char *peer_id);
	void (*peer_renamed)(void *owner, struct peer *to, const struct peer *who, const char *old);
	// To moderators, who know of viewers, too: a speaker has become a viewer, or the other way
	// round.
	void (*peer_changed)(void *owner, struct peer *to, const struct peer *who);
	// To moderators: somebody waits, or no longer waits.
	void (*waiting)(void *owner, struct peer *to, const struct peer *who, bool waits);
	void (*admitted)(void *owner, struct peer *to); // the wait is over
	void (*room_changed)(void *owner, struct peer *to);
	// What a moderator did to this peer: paused its tracks of a kind (muted), ended one
	// (producer_closed), or made it a speaker or a viewer (rights_changed).
	void (*muted)(void *owner, struct peer *to, enum track_kind);
	void (*producer_closed)(void *owner, struct peer *to, am_id);
	// Packets of this track are too long to reach every viewer.
	void (*producer_too_long)(void *owner, const struct track *, uint32_t payload_len);
	// Viewers want other encodings of this track than before.
	void (*encodings_wanted)(void *owner, const struct track *);
	// This screen share has a codec that somebody in the room does not decode, or that does not
	// go into the recording's file.
	void (*producer_unfit)(void *owner, const struct track *);
	// The track is about to be freed.
	void (*track_gone)(void *owner, struct track *);
	void (*rights_changed)(void *owner, struct peer *to);
	// There is no room for something that this peer should see or hear, or there is again
	// (news.lacks).
	void (*lacking)(void *owner, struct peer *to);
	void (*consumer_new)(void *owner, const struct subscription *);
	void (*consumer_closed)(void *owner, struct peer *to, am_id);
	void (*consumer_paused)(void *owner, struct subscription *, bool paused);
	void (*layers_changed)(void *owner, struct subscription *);
	// What everybody in the room is told: how many peers there are, who leads the talk, who
	// speaks, and how good a speaker's connection is. A viewer's quality is told to that viewer
	// alone.
	void (*counts)(void *owner, const struct room *);
	void (*leader)(void *owner, const struct room *);
	void (*speakers)(void *owner, const struct room *);
	void (*quality)(void *owner, const struct peer *who);
	// Somebody's hand went up or down.
	void (*hand)(void *owner, struct peer *to, const struct peer *who);
	// A recording of the room has changed.
	void (*recording)(void *owner, const struct room *, const struct recording_view *);
	// This speaker is recorded only after consenting, and has not decided yet.
	void (*consent_asked)(void *owner, struct peer *to);
	void (*data_consumer_new)(void *owner, const struct transport *);
	void (*data_consumer_closed)(void *owner, struct peer *to, am_id);
	// A transport of the peer has ended, with everything that it carried.
	void (*transport_closed)(void *owner, struct peer *to, am_id, enum transport_end);
	// A transport of the peer carries nothing any more, for lack of ICE checks; or it does
	// again.
	void (*transport_path)(void *owner, const struct transport *, bool lost);
	// For a peer with a stream for each sender of the chat: a sender begins on this stream, or
	// ends.
	void (*chat_sender_new)(void *owner, struct peer *to, uint8_t stream, const struct peer *);
	void (*chat_sender_gone)(void *owner, struct peer *to, uint8_t stream);
	void (*media_down)(void *owner, struct peer *to);
	// The peer is being removed: say why, and close its connection for good.
	void (*removed)(void *owner, struct peer *, enum refusal);
	// The peer has a new connection: this one is dead, although its end was not noticed.
	void (*superseded)(void *owner, uint64_t connection);
	void (*ready)(void *owner); // the rooms of the last control plane are restored
	void (*restart)(void *owner); // all rooms are gone: pages must connect again
};
