// The dependency descriptor (RTP payload format for AV1, appendix A): a header extension that says
// which layer each packet's frame belongs to, and which layers may be entered with it. Most
// descriptors only name a template. The templates come with each key frame, so a reader keeps them.
// Pure functions on bytes, which a publisher chooses.
//
//	+-+-+-----------+---------------+---------------+- - - - - - - - - - - - - - - - -+
//	|B|E| template  |         frame number          | flags, templates, own values   |
//	+-+-+-----------+---------------+---------------+- - - - - - - - - - - - - - - - -+
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEPENDENCY_TEMPLATES 64 // A.8.2: ids have 6 bits
#define DEPENDENCY_TARGETS   32 // A.8.2, dt_cnt_minus_one
#define DEPENDENCY_TEMPORAL  8 // layers; AV1 5.3.3 has 3 bits for them, and 2 for spatial ones
#define DEPENDENCY_SPATIAL   4

// Decode target indications of one frame, two bits each (table A.1), the last target's lowest.
typedef uint64_t dependency_dtis;

// The templates of one stream, from its newest key frame. All zero: none yet.
struct dependency_structure {
	uint64_t seq; // extended number of the packet that brought them
	dependency_dtis dtis[DEPENDENCY_TEMPLATES];
	// Decode targets that have frames above this temporal layer: the lower bit of each.
	dependency_dtis above[DEPENDENCY_TEMPORAL];
	uint64_t intra; // bit per template that refers to no frame
	uint8_t temporal_id[DEPENDENCY_TEMPLATES];
	uint8_t spatial_id[DEPENDENCY_TEMPLATES];
	uint8_t id_offset; // id of the first template, modulo 64
	uint8_t template_count;
	uint8_t target_count;
	uint8_t chain_count;
	uint8_t spatial_layers;
};

// What a descriptor says about its packet's frame.
struct dependency_frame {
	bool begin, end; // this packet begins it, ends it
	bool key_frame; // brings templates and refers to no other frame
	bool switch_up; // all higher temporal layers may be entered with it (A.7)
	uint16_t number;
	uint8_t temporal_id;
	uint8_t spatial_id;
	uint8_t spatial_layers; // of the stream
};

// Read the descriptor of the packet with this extended number. Its templates, if any, replace the
// stream's unless those are newer. Returns 0; -EBADMSG: malformed, and nothing has changed;
// -ENOENT: the frame's templates are not known, because their packet is missing or was replaced.
[[nodiscard]] int
dependency_read(struct dependency_structure *, uint64_t seq, const uint8_t *bytes, size_t len, struct dependency_frame *);
