// A guest who enters a webinar to speak. Makes the requests that a page makes over protoo, but has
// no media. Publishes one VP8 video and one opus audio track with the numbers below, and receives
// nothing.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define GUEST_SESSION_LEN   32
#define GUEST_WORD_MAX      64 // of ids, ufrags and passwords
#define GUEST_CANDIDATE_MAX 4

// Macros, since they are also used in text.
#define GUEST_VIDEO_PT       96
#define GUEST_VIDEO_RTX_PT   97
#define GUEST_AUDIO_PT       111
#define GUEST_VIDEO_SSRC     1001
#define GUEST_VIDEO_RTX_SSRC 1002
#define GUEST_AUDIO_SSRC     1003
#define GUEST_VIDEO_MID      "0"
#define GUEST_AUDIO_MID      "1"
#define GUEST_CNAME          "amphi-guest"
#define GUEST_EXT_LEVEL      1
#define GUEST_EXT_SEND_TIME  2
#define GUEST_EXT_TRANSPORT  3
#define GUEST_EXT_MID        4

struct json;
struct protoo;

struct guest {
	const char *url; // of the control plane
	const char *room;
	const char *peer_id; // a later guest with the same id replaces this one
	const char *name;
	char session[GUEST_SESSION_LEN + 1]; // random: distinguishes a resume from another guest
	struct protoo *protoo; // NULL: no WebSocket
	struct json *producers; // ids of what it publishes; NULL: not in the room
};

// The server's end of the transport.
struct guest_transport {
	char ufrag[GUEST_WORD_MAX + 1];
	char pwd[GUEST_WORD_MAX + 1];
	uint8_t fingerprint[32]; // SHA-256 of its certificate
	struct sockaddr_storage candidates[GUEST_CANDIDATE_MAX];
	uint8_t candidate_count;
};

// The strings stay the caller's.
void guest_init(
        struct guest *, const char *url, const char *room, const char *peer_id, const char *name
);

// Opens a WebSocket and enters, or resumes. fingerprint: of our own certificate. Returns 1 if the
// guest is in the room with a new transport, 0 if nothing has changed, or -errno: try again later.
// Media goes on while guest_is_in.
[[nodiscard]] int
guest_enter(struct guest *, const uint8_t fingerprint[32], struct guest_transport *);
bool guest_is_in(const struct guest *);

// A descriptor to poll for input; -1: no WebSocket.
int guest_fd(const struct guest *);

// Takes what has arrived. -EPIPE: the WebSocket is gone, to be opened again by guest_enter.
[[nodiscard]] int guest_step(struct guest *);

// Drops what it publishes, and the WebSocket: the next guest_enter starts afresh.
void guest_leave(struct guest *);
