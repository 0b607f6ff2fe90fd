// amphi-demo URL FOLDER [ROOM [PEER]]: speaks in the webinar ROOM ("demo") of the control plane at
// URL and plays the clip in FOLDER, so that a newcomer sees and hears something without a camera.
// It is a client like any other, over a kernel UDP socket, and returns by itself whatever happens
// to the server.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "am_clock.h"
#include "am_log.h"
#include "guest.h"
#include "peer.h"
#include "speaker.h"

#define ROOM         "demo"
#define PEER_ID      "amphi-demo" // always the same, so a new one replaces one that died
#define DISPLAY_NAME "Amphi demo"
#define RETRY_NS     1000000000ull
#define DATAGRAM_MAX 2048
#define NS_PER_MS    1000000ull

struct demo {
	struct guest guest;
	uint64_t retry_ns; // when to enter again, if there is no WebSocket
	struct clip video, sound;
	int udp; // -1: no transport
	bool speaking;
	struct peer peer;
	struct speaker speaker;
};

// --- media ---

static void datagram_send(void *context, const uint8_t *bytes, size_t len)
{
	struct demo *d = context;

	// What the kernel does not take is lost, as on any network.
	(void)!send(d->udp, bytes, len, MSG_DONTWAIT);
}

static void media_stop(struct demo *d)
{
	if (d->speaking)
		speaker_fini(&d->speaker);
	if (d->udp >= 0) {
		peer_fini(&d->peer);
		close(d->udp);
	}
	d->speaking = false;
	d->udp = -1;
}

// Begins the clip once the keys are known. 0 or -errno.
static int speak(struct demo *d)
{
	const uint8_t *m = d->peer.material;
	struct srtp_keys keys = {.profile = d->peer.profile};
	uint8_t salt = srtp_salt_len(keys.profile);

	// RFC 5764 4.2
	memcpy(keys.client.key, m, SRTP_KEY_LEN);
	memcpy(keys.server.key, m + SRTP_KEY_LEN, SRTP_KEY_LEN);
	memcpy(keys.client.salt, m + 2 * SRTP_KEY_LEN, salt);
	memcpy(keys.server.salt, m + 2 * SRTP_KEY_LEN + salt, salt);
	const struct speaker_config config = {
	        .video = &d->video,
	        .audio = &d->sound,
	        .video_ssrc = GUEST_VIDEO_SSRC,
	        .video_rtx_ssrc = GUEST_VIDEO_RTX_SSRC,
	        .audio_ssrc = GUEST_AUDIO_SSRC,
	        .video_pt = GUEST_VIDEO_PT,
	        .video_rtx_pt = GUEST_VIDEO_RTX_PT,
	        .audio_pt = GUEST_AUDIO_PT,
	        .ext_id =
	                {[AM_EXT_MID] = GUEST_EXT_MID,
	                 [AM_EXT_ABS_SEND_TIME] = GUEST_EXT_SEND_TIME,
	                 [AM_EXT_TRANSPORT_CC] = GUEST_EXT_TRANSPORT,
	                 [AM_EXT_AUDIO_LEVEL] = GUEST_EXT_LEVEL},
	        .video_mid = GUEST_VIDEO_MID,
	        .audio_mid = GUEST_AUDIO_MID,
	        .cname = GUEST_CNAME,
	        .keys = &keys,
	        .send = datagram_send,
	        .context = d,
	};
	int ret = speaker_init(&d->speaker, &config);
	srtp_keys_wipe(&keys);
	d->speaking = ret == 0;
	if (d->speaking)
		am_info("demo: speaks; room=%s", d->guest.room);
	return ret;
}

// RFC 7983 and, between RTP and RTCP, RFC 5761 4.
static void datagram_take(struct demo *d, uint8_t *bytes, size_t len)
{
	if (len < 2 || bytes[0] < 128 || bytes[0] > 191)
		peer_receive(&d->peer, bytes, len, am_clock_ns());
	else if (d->speaking && bytes[1] >= 192 && bytes[1] <= 223)
		speaker_receive(&d->speaker, bytes, len, am_clock_ns());
}

// Takes what has arrived and sends what is due. 0, or -EPIPE if the transport has ended.
static int media_step(struct demo *d)
{
	uint8_t bytes[DATAGRAM_MAX];
	ssize_t n;
	int ret = 0;

	while ((n = recv(d->udp, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		datagram_take(d, bytes, (size_t)n);
	peer_tick(&d->peer, am_clock_ns());
	if (d->peer.state == PEER_FAILED || d->peer.state == PEER_CLOSED)
		return -EPIPE;
	if (d->peer.state == PEER_CONNECTED && !d->speaking)
		ret = speak(d);
	if (d->speaking)
		speaker_tick(&d->speaker, am_clock_ns());
	return ret;
}

// A UDP socket connected to the first candidate to which this machine has a route, or -errno.
static int socket_open(const struct guest_transport *t)
{
	int ret = -EHOSTUNREACH;

	for (uint8_t i = 0; i < t->candidate_count; i++) {
		const struct sockaddr *to = (const struct sockaddr *)&t->candidates[i];
		int fd = socket(to->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (fd >= 0 && connect(fd, to, sizeof(t->candidates[i])) == 0)
			return fd;
		ret = -errno;
		if (fd >= 0)
			close(fd);
	}
	return ret;
}

static int media_start(struct demo *d, const struct guest_transport *t)
{
	const struct peer_config config = {
	        .ufrag = t->ufrag,
	        .pwd = t->pwd,
	        .fingerprint = t->fingerprint,
	        .send = datagram_send,
	        .context = d,
	};
	int fd = socket_open(t);
	int ret = fd < 0 ? fd : peer_init(&d->peer, &config);

	if (ret == 0)
		d->udp = fd;
	else if (fd >= 0)
		close(fd);
	return ret;
}

// --- both ---

static void enter(struct demo *d)
{
	struct guest_transport transport;
	uint8_t fingerprint[32];

	peer_fingerprint(fingerprint);
	int ret = guest_enter(&d->guest, fingerprint, &transport);
	if (ret == 1 || !guest_is_in(&d->guest))
		media_stop(d);
	if (ret == 1 && media_start(d, &transport) < 0)
		guest_leave(&d->guest);
	d->retry_ns = am_clock_ns() + RETRY_NS;
}

static int timeout_ms(const struct demo *d)
{
	uint64_t due = guest_fd(&d->guest) < 0 ? d->retry_ns : UINT64_MAX, now = am_clock_ns();

	if (d->udp >= 0 && peer_deadline(&d->peer) < due)
		due = peer_deadline(&d->peer);
	if (d->speaking && speaker_deadline(&d->speaker) < due)
		due = speaker_deadline(&d->speaker);
	if (due == UINT64_MAX)
		return -1;
	return due > now ? (int)((due - now + NS_PER_MS - 1) / NS_PER_MS) : 0;
}

static void turn(struct demo *d)
{
	struct pollfd fds[2] = {
	        {.fd = guest_fd(&d->guest), .events = POLLIN},
	        {.fd = d->udp, .events = POLLIN},
	};

	poll(fds, 2, timeout_ms(d));
	if (fds[0].revents != 0 && guest_step(&d->guest) < 0)
		d->retry_ns = am_clock_ns() + RETRY_NS;
	if (guest_fd(&d->guest) < 0 && am_clock_ns() >= d->retry_ns)
		enter(d);
	if (d->udp >= 0 && media_step(d) < 0) {
		am_warning("demo: the transport is over");
		media_stop(d);
		guest_leave(&d->guest);
	}
}

static int open_clip(struct demo *d, const char *folder)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/720p.ivf", folder);
	int ret = clip_video_init(&d->video, path);
	if (ret < 0)
		return ret;
	snprintf(path, sizeof(path), "%s/sound.opus", folder);
	return clip_audio_init(&d->sound, path);
}

int main(int argc, char **argv)
{
	static struct demo d = {.udp = -1};

	signal(SIGHUP, SIG_IGN); // there is nothing to reload
	if (argc < 3 || argc > 5) {
		fputs("usage: amphi-demo http://HOST:PORT FOLDER [ROOM [PEER]]\n", stderr);
		return 2;
	}
	const char *room = argc > 3 ? argv[3] : ROOM;
	if (open_clip(&d, argv[2]) < 0 || srtp_init_library() < 0)
		return EXIT_FAILURE;
	guest_init(&d.guest, argv[1], room, argc > 4 ? argv[4] : PEER_ID, DISPLAY_NAME);
	while (true)
		turn(&d);
}
