// When viewers see their first video: a key frame of which every packet has arrived.
// Retransmissions are ignored, so a viewer that has lost a packet of its first key frame waits for
// the next one.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "histogram.h"

struct cipher;
struct srtp_keys;
struct stream;

struct picture {
	bool begun; // its key frame's first packet has come
	bool ended; // … and its last one
	bool seen; // all of it has arrived
	bool tried; // some packet has arrived
	uint16_t first, last; // numbers of its first and last packet
};

struct picture_viewer {
	uint64_t click_ns; // 0: not measured
	uint64_t here_ns; // when its transport was connected; 0: not yet
	uint16_t seen; // number of videos that it has seen
};

struct pictures {
	uint32_t capacity; // viewers
	uint16_t videos; // of each
	struct cipher *cipher; // the owner's
	struct picture *all; // NULL: nothing is examined
	struct picture_viewer *viewers;
	uint32_t watched, with_one, with_all; // viewers
	uint64_t no_key; // streams that began with something other than a key frame
	// From the click to the transport's keys, from the click and from the keys to the first
	// picture of any speaker, and from the click to the last speaker's first one.
	struct histogram connected, first, first_of_connected, last;
};

// 0 or -errno.
[[nodiscard]] int
pictures_init(struct pictures *, uint32_t capacity, uint16_t videos, struct cipher *);
void pictures_fini(struct pictures *);

// A viewer clicks "join"; its transport is connected.
void pictures_click(struct pictures *, uint32_t viewer, uint64_t now_ns);
void pictures_here(struct pictures *, uint32_t viewer, uint64_t now_ns);

static inline bool pictures_wait(const struct pictures *p, uint32_t viewer, uint16_t video)
{
	return p->all && p->viewers[viewer].here_ns != 0 &&
	       !p->all[(size_t)viewer * p->videos + video].seen;
}

// Takes a packet of a video for which pictures_wait is true, after it was counted in its stream.
// len: of SRTP.
void pictures_take(
        struct pictures *, uint32_t viewer, uint16_t video, const struct stream *,
        const struct srtp_keys *, const uint8_t *packet, size_t len, uint64_t now_ns
);
