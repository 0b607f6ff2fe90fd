// What the conference reports: to whoever tells pages.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/refusal.h"
#include "room/peer.h"
#include "room/track.h"

struct asker;
struct room;

// What signaling passes on. Peers in here have a connection.
struct conference_events {
	void *owner;
	// Results, each before anything else that follows from it. The connection may be gone.
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
	// To moderators, who know of viewers too: a speaker is a viewer now, or the other way
	// round.
	void (*peer_changed)(void *owner, struct peer *to, const struct peer *who);
	// To moderators: somebody waits, or waits no more.
	void (*waiting)(void *owner, struct peer *to, const struct peer *who, bool waits);
	void (*admitted)(void *owner, struct peer *to); // the wait is over
	void (*room_changed)(void *owner, struct peer *to);
	// What a moderator did to this peer: turned off its tracks of a kind, ended one, made it a
	// speaker or a viewer.
	void (*muted)(void *owner, struct peer *to, enum track_kind);
	void (*producer_closed)(void *owner, struct peer *to, am_id);
	// Its packets do not reach every viewer.
	void (*producer_too_long)(void *owner, const struct track *, uint32_t payload_len);
	// Which of its encodings viewers wish for.
	void (*encodings_wanted)(void *owner, const struct track *);
	// Its screen is in a codec that somebody in the room does not decode.
	void (*producer_unfit)(void *owner, const struct track *);
	void (*rights_changed)(void *owner, struct peer *to);
	// p->lacks: something that it is to see or hear finds no room, or does so no more.
	void (*lacking)(void *owner, struct peer *to);
	void (*consumer_new)(void *owner, const struct subscription *);
	void (*consumer_closed)(void *owner, struct peer *to, am_id);
	void (*consumer_paused)(void *owner, struct subscription *, bool paused);
	void (*layers_changed)(void *owner, struct subscription *);
	// What everybody in the room is told: how many there are, who leads the talk, who speaks,
	// how good a speaker's connection is. A viewer's is told to the viewer alone.
	void (*counts)(void *owner, const struct room *);
	void (*leader)(void *owner, const struct room *);
	void (*speakers)(void *owner, const struct room *);
	void (*quality)(void *owner, const struct peer *who);
	// Somebody's hand went up or down.
	void (*hand)(void *owner, struct peer *to, const struct peer *who);
	void (*data_consumer_new)(void *owner, const struct transport *);
	void (*data_consumer_closed)(void *owner, struct peer *to, am_id);
	// A transport of the peer has ended, with what it carried.
	void (*transport_closed)(void *owner, struct peer *to, am_id, enum transport_end);
	// Nothing goes over a transport of the peer any more, for want of ICE checks; or it does
	// again.
	void (*transport_path)(void *owner, const struct transport *, bool lost);
	// A sender of the chat comes to one who gets them apart, on this stream, or goes.
	void (*data_source_new)(void *owner, struct peer *to, uint8_t stream, const struct peer *);
	void (*data_source_gone)(void *owner, struct peer *to, uint8_t stream);
	void (*media_down)(void *owner, struct peer *to);
	// The peer is being removed: say why, and close its connection for good.
	void (*removed)(void *owner, struct peer *, enum refusal);
	// The peer has another connection now: this one is dead, only nobody had heard of it.
	void (*superseded)(void *owner, uint64_t connection);
	void (*ready)(void *owner); // rooms are as the last control plane left them
	void (*restart)(void *owner); // all rooms are gone: connections must come back
};
