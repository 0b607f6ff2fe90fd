// One end of an SCTP association (RFC 9260), written by hand: without retransmission and congestion
// control, and able to send what no honest end would. It has no socket: a function sends packets.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ASSOCIATION_MESSAGE_MAX 65536
#define ASSOCIATION_STREAMS     1024 // each way, as older clients have

enum {
	DATA_END = 1,
	DATA_BEGIN = 2,
	DATA_UNORDERED = 4,
	DATA_WHOLE = DATA_BEGIN | DATA_END,
};

struct association {
	void (*send)(void *context, const uint8_t *packet, size_t len);
	// Receives a whole, reassembled message.
	void (*receive)(void *context, uint16_t stream, uint32_t ppid, const uint8_t *, size_t);
	void *context;
	bool up, aborted;
	bool deaf; // acknowledges nothing
	uint32_t own_tag, peer_tag;
	uint32_t tsn; // of the next DATA chunk
	uint32_t peer_tsn; // highest in order
	uint16_t ssn[ASSOCIATION_STREAMS]; // next, by stream
	uint16_t streams_in, streams_out; // as the peer counts them
	uint64_t packets_in, inits_in, init_acks_in, bad_in;
	uint8_t cookie[4096]; // of the last INIT ACK
	size_t cookie_len;
	uint8_t message[ASSOCIATION_MESSAGE_MAX]; // the message that is being reassembled
	size_t message_len;
};

// Sends INIT.
void association_start(struct association *);

void association_take(struct association *, const uint8_t *packet, size_t len);

// Sends a message in as many chunks as it requires.
void association_say(
        struct association *, uint16_t stream, uint32_t ppid, const void *message, size_t len
);

// Sends one DATA chunk with any flags.
void association_data(
        struct association *, uint8_t flags, uint16_t stream, uint32_t ppid, const void *, size_t
);

// Sends raw chunks, after a header with this tag and a correct checksum.
void association_raw(struct association *, uint32_t tag, const void *chunks, size_t len);

// Corrects the checksum of a whole packet.
void association_seal(uint8_t *packet, size_t len);
