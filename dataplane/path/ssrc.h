// The SSRCs that a publisher's transport receives: as signaled, or learned from MID and RID
// (RFC 8843 9.2). Each encoding has one for media and one for RTX; a new one takes the old one's
// place, since a source that begins anew may choose another (RFC 3550 8.2).
#pragma once

#include "path/relay.h"

// NULL: the SSRC is no track's. The transport has a table.
struct ssrc_route *ssrc_find(const struct transport *, uint32_t ssrc);

// Gives the SSRC to an encoding. The one that it had before is over: its SRTP stream is freed, and
// since the replay window is gone with it, nothing is taken from that SSRC any more. NULL: this one
// was over before, or the table is full.
struct ssrc_route *
ssrc_learn(struct transport *, struct track *, uint32_t ssrc, uint8_t stream, bool rtx);

// The SSRCs of the track as signaled.
void ssrc_add_track(struct transport *, struct track *);

// The track's SSRCs are over: its last packets, late or said again, are no other track's that has
// the same MID. Where a later track signals them they are back.
void ssrc_remove_track(struct transport *, const struct track *);
