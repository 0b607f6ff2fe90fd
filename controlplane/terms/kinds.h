// Kinds of rooms, and the limits of rooms and peers that integrators know.
#pragma once

#define ROOM_NAME_MAX        64
#define ROOM_PARTICIPANT_MAX 50 // of a call
#define ROOM_SPEAKER_MAX     20 // of a webinar
#define ROOM_VIEWER_MAX      2000 // of a webinar
#define ROOM_PIN_MIN         4
#define ROOM_PIN_MAX         16
#define ROOM_KEY_SIZE        (20 + 1 + ROOM_NAME_MAX + 1)

enum room_kind {
	ROOM_CALL,
	ROOM_WEBINAR,
	ROOM_KIND_COUNT,
};

#define PEER_ID_MAX    128 // code points
#define PEER_ID_SIZE   (PEER_ID_MAX * 4 + 1)
#define PEER_NAME_MAX  64 // code points
#define PEER_NAME_SIZE (PEER_NAME_MAX * 4 + 1) // TEXT_NAME_SIZE
