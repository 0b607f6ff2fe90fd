// The server under load, with one room. One of the implementations (amphi.c, control.c, janus.c)
// speaks its signaling. The generator numbers members from 0, speakers first; each has an address
// of its own (net.h).
//
//     generator                              implementation
//     server_calls.member_add ─────────────▶ signals, as many members at a time as it likes
//     server_calls.poll ───────────────────▶ takes what came; calls ready once for each member
//     (ICE and DTLS over the port, by tests/client/peer.h)
//     server_calls.member_connected ───────▶ for servers that must know it
//
// Nothing blocks but open and close. One thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "am_schema.h"

#define SERVER_ICE_MAX     256 // characters of a ufrag or password, RFC 8839 5.4
#define SERVER_STREAM_MAX  64 // streams that one viewer receives
#define SERVER_MID_MAX     AM_MID_MAX
#define SERVER_SPEAKER_MAX 32

// A media source of a speaker, as the speaker sends it: the generator chooses the numbers.
struct server_track {
	uint32_t ssrc;
	uint32_t rtx_ssrc; // 0: none
	uint8_t payload_type;
	uint8_t rtx_payload_type;
	bool video; // VP8 at 90 kHz, otherwise opus at 48 kHz
	char mid[SERVER_MID_MAX + 1];
};

// The ids of header extensions that all speakers send with.
extern const uint8_t server_extension_ids[AM_EXT_COUNT];

// A member that joins. Pointers are valid during the call only.
struct server_client {
	const char *ufrag, *pwd; // its ICE credentials, as given to peer_init
	const uint8_t *fingerprint; // SHA-256 of its certificate, 32 bytes
	uint32_t ip; // host byte order, here and below
	uint16_t port;
	const struct server_track *tracks; // a speaker's; NULL: a viewer, of all tracks
	uint16_t track_count;
	bool feedback; // a viewer that negotiates transport-wide numbers, and sends feedback
};

// What a viewer will receive of one track.
struct server_stream {
	uint32_t ssrc;
	uint32_t rtx_ssrc; // 0: none
	uint16_t speaker; // member number
	uint16_t track; // index in its tracks
	uint8_t payload_type;
	uint8_t rtx_payload_type; // 0: none
	uint8_t mid_id; // header extension of the MID; 0: not sent
	char mid[SERVER_MID_MAX + 1];
};

// What the server answered. Pointers are valid during the call only.
struct server_answer {
	const char *ufrag, *pwd;
	const uint8_t *fingerprint; // SHA-256, 32 bytes
	uint32_t ip;
	uint16_t port;
	bool full_ice; // the server sends checks, too
	bool controlling; // full ICE, and the server made the offer (RFC 8445 6.1.1)
	const struct server_stream *streams; // a viewer's
	uint16_t stream_count;
};

struct server_events {
	// result: 0, or -errno, and then there is no answer.
	void (*ready
	)(void *context, uint32_t member, int result, const struct server_answer *answer);
	// A stream of a viewer whose answer had none, because streams are signaled separately;
	// comes before its first packet. index: its place in every viewer's layout.
	void (*offered
	)(void *context, uint32_t member, uint16_t index, const struct server_stream *);
	void *context;
};

struct server_options {
	const char *address; // of the signaling: a socket's path or a URL
	const char *control; // command that starts the signaling, if that is a separate process
	const char *log; // the log of that process
	int pid; // of the process whose memory is measured
	struct server_events events;
};

// Counted from the server's start; the figures are differences.
struct server_counts {
	uint64_t busy, total; // of the threads that carry media, in the same unit
	uint64_t cpu_ns; // CPU time of these threads, including busy waiting if they poll
	uint64_t packets_in, packets_out;
	uint64_t drops; // of all kinds
	uint64_t memory; // bytes that the process occupies now
	// CPU time of signaling and of handshakes, if they can be told apart.
	uint64_t signaling_ns, handshakes_ns;
};

struct server; // the implementation's own

struct server_calls {
	const char *name;
	const char *memory_counted; // what `memory` includes, for the output
	bool polls; // its threads never sleep: they should have their cores to themselves
	// Its kernel leaves UDP checksums to the network card, so they are missing on a veth pair.
	bool card_checksums;
	// It sends with libsrtp, which takes a packet from before a stream's first one for the end
	// of a rollover: the stream then continues with a rollover counter of 1.
	bool early_rollovers;
	// NULL on failure; logs the reason on stderr.
	struct server *(*open)(const struct server_options *);
	void (*close)(struct server *);
	// 0; -EAGAIN: too much is pending, try again after a poll; other -errno: failed for good.
	int (*member_add)(struct server *, uint32_t member, const struct server_client *);
	void (*member_connected)(struct server *, uint32_t member); // may be NULL
	// The member leaves, without an answer; its number may join again. 0 or -EAGAIN as above.
	int (*member_remove)(struct server *, uint32_t member);
	int (*poll)(struct server *); // 0, or -errno if the signaling is lost
	void (*counts)(struct server *, struct server_counts *);
	// How many steps of work the server sheds now, for lack of time. NULL: it sheds nothing.
	uint32_t (*shed)(struct server *);
	// Calls one() for each kind of drop that is not 0.
	void (*drops
	)(struct server *, void (*one)(void *context, const char *name, uint64_t count),
	  void *context);
};

extern const struct server_calls server_amphi, server_control, server_janus;
