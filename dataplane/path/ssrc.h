// The SSRCs that a publisher's transport receives: as signaled, or learned from MID and RID (RFC
// 8843 9.2). Each encoding has one for media and one for RTX; a new one replaces the old, since a
// source that restarts may choose another SSRC (RFC 3550 8.2).
#pragma once

#include "path/track.h"
#include "path/transport.h"

// NULL: the SSRC belongs to no track. The transport must have a table.
struct ssrc_route *ssrc_find(const struct transport *, uint32_t ssrc);

// Assigns the SSRC to an encoding. The encoding's previous SSRC ends: its SRTP stream is freed, and
// since the replay window goes with it, nothing is accepted from that SSRC any more. NULL: this
// SSRC has already ended, or the table is full.
struct ssrc_route *
ssrc_learn(struct transport *, struct track *, uint32_t ssrc, uint8_t stream, bool rtx);

// Adds the track's signaled SSRCs.
void ssrc_add_track(struct transport *, struct track *);

// The track's SSRCs end, so its last packets, late or replayed, are not taken for those of another
// track with the same MID. If a later track signals these SSRCs, they are valid again.
void ssrc_remove_track(struct transport *, const struct track *);
