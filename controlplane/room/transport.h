// A connection between a peer's client and the data plane. A peer sends on some of its transports
// (signaling: producing) and receives on the others (consuming).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "am_schema.h"
#include "base/address.h"

struct peer;

// Why a transport ended, if its owner neither closed it nor left.
enum transport_end {
	TRANSPORT_DTLS_FAILED, // no handshake, or not with the certificate that was signaled
	TRANSPORT_DTLS_CLOSED, // the client's close_notify
	TRANSPORT_REPLACED, // it had no path, and a new transport needed its place
};

struct transport {
	am_id id; // 0: unused
	char client[ADDRESS_TEXT_SIZE]; // the client whose limit counts this transport; empty: none
	uint64_t number; // in the order of the peer's transports
	struct peer *peer;
	bool consuming; // false: it is producing
	bool ready; // the data plane has it
	bool connected; // the client's fingerprint is known
	bool takes_data; // the client requested SCTP when it made the transport
	bool data_ready; // the data plane has the data producer or, if consuming, consumer
	bool data_confirmed; // the page has the data consumer
	uint16_t data_stream; // of that data producer or consumer, or AM_DATA_NONE
	uint8_t ice; // enum am_ice_state
	uint8_t dtls; // enum am_dtls_state
	uint32_t mid_next; // for subscription_mid_new
	uint32_t mid_reserved; // the store knows that MIDs below this may be in use
	char cname[AM_CNAME_MAX + 1]; // for publishers that do not give one
	char ufrag[AM_UFRAG_LEN + 1]; // newest credentials that the client was sent or will be sent
	char pwd[AM_PWD_LEN + 1];
};

// Notes that the data plane has added the transport's data producer or consumer (result 0) or
// refused it (-errno). False if the transport has none, perhaps because it was closed meanwhile.
[[nodiscard]] bool transport_data_added(struct transport *, int result);
