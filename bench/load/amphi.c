// The server under load is amphi-dataplane: the generator plays its control plane.
#include "server.h"

#include "driver.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net.h"
#include "process.h"

#define START_MS      60000 // for DPDK's memory, even with sanitizers
#define POSTED_MAX    4096 // unanswered commands; the event ring holds twice as many
#define ROOM          1
#define SSRC_BASE     0x10000000u
#define SSRC_BITS     7 // low bits of an SSRC, below the member's number: stream index and RTX
#define SSRC_RTX      (1u << (SSRC_BITS - 1))
#define ROOM_OPUS     100 // payload types
#define ROOM_VP8      101
#define ROOM_RTX      102
#define VIDEO_CLOCK   90000
#define AUDIO_CLOCK   48000
#define CNAME         "speaker"
#define WORKER_THREAD "rte-worker"
static_assert(SERVER_STREAM_MAX <= SSRC_RTX);

// The room and the speakers use the same ids, so nothing has to be translated.
const uint8_t server_extension_ids[AM_EXT_COUNT] = {
        [AM_EXT_MID] = AM_EXT_MID,
        [AM_EXT_ABS_SEND_TIME] = AM_EXT_ABS_SEND_TIME,
        [AM_EXT_TRANSPORT_CC] = AM_EXT_TRANSPORT_CC,
        [AM_EXT_AUDIO_LEVEL] = AM_EXT_AUDIO_LEVEL,
};

// A member in terms of the data plane.
struct seat {
	struct driver_transport transport;
	uint32_t epoch; // of its ids: counts joins of this member number
	uint32_t waiting; // commands without an answer
	int result; // the first one that failed
	bool joining; // ready has not been called yet
	bool viewer;
};

// A track of a speaker.
struct source_track {
	am_id id;
	uint32_t speaker;
	uint16_t index;
	bool video;
};

struct server {
	struct driver driver;
	struct server_events events;
	int pid;
	uint32_t posted; // commands without an answer
	bool asleep; // the data plane has not been woken for the latest commands
	uint16_t track_count;
	struct source_track tracks[SERVER_STREAM_MAX];
	uint32_t owners[POSTED_MAX]; // members of the commands, by sequence
	struct seat seats[NET_MEMBER_MAX];
};

static struct server *amphi_open(const struct server_options *o)
{
	struct server *s = calloc(1, sizeof(*s));

	if (!s) {
		perror("bench-load");
		return NULL;
	}
	s->events = o->events;
	s->pid = o->pid;
	int ret = driver_open(&s->driver, o->address, START_MS);
	if (ret < 0) {
		fprintf(stderr, "bench-load: no data plane at %s: %s\n", o->address,
		        strerror(-ret));
		free(s);
		return NULL;
	}
	return s;
}

static void amphi_close(struct server *s)
{
	driver_close(&s->driver);
	free(s);
}

// The ring has room: member_add has checked.
static void post(struct server *s, uint32_t member, struct am_msg *m)
{
	struct seat *seat = &s->seats[member];

	int ret = driver_post(&s->driver, m);
	if (ret < 0) {
		seat->result = ret;
		return;
	}
	s->owners[m->sequence % POSTED_MAX] = member;
	s->posted++;
	s->asleep = true;
	seat->waiting++;
}

static void
post_track(struct server *s, uint32_t member, uint16_t index, const struct server_track *track)
{
	const struct seat *seat = &s->seats[member];
	struct source_track *t = &s->tracks[s->track_count];
	struct am_msg m = {
	        .type = AM_CMD_TRACK_ADD,
	        .track_add =
	                {
	                        .track_id = am_id_make(s->track_count++, seat->epoch),
	                        .transport_id = seat->transport.id,
	                        .clock_rate = track->video ? VIDEO_CLOCK : AUDIO_CLOCK,
	                        .codec = track->video ? AM_CODEC_VP8 : AM_CODEC_OPUS,
	                        .payload_type = track->payload_type,
	                        .rtx_payload_type = track->rtx_payload_type,
	                        .room_payload_type = track->video ? ROOM_VP8 : ROOM_OPUS,
	                        .room_rtx_payload_type = track->video ? ROOM_RTX : 0,
	                        .nack = track->video,
	                        .transport_cc = 1,
	                        .encoding_count = 1,
	                        .encodings = {{track->ssrc, track->rtx_ssrc, ""}},
	                        .cname = CNAME,
	                },
	};

	*t = (struct source_track){m.track_add.track_id, member, index, track->video};
	memcpy(m.track_add.extension_id, server_extension_ids, AM_EXT_COUNT);
	snprintf(m.track_add.mid, sizeof(m.track_add.mid), "%s", track->mid);
	post(s, member, &m);
}

static struct server_stream stream_of(const struct server *s, uint32_t member, uint16_t index)
{
	const struct source_track *t = &s->tracks[index];
	struct server_stream stream = {
	        .ssrc = (SSRC_BASE + (member << SSRC_BITS)) | index,
	        .speaker = (uint16_t)t->speaker,
	        .track = t->index,
	        .payload_type = t->video ? ROOM_VP8 : ROOM_OPUS,
	        .rtx_payload_type = t->video ? ROOM_RTX : 0,
	        .mid_id = AM_EXT_MID,
	};

	stream.rtx_ssrc = t->video ? stream.ssrc | SSRC_RTX : 0;
	snprintf(stream.mid, sizeof(stream.mid), "%u", index);
	return stream;
}

static void post_subscription(struct server *s, uint32_t member, uint16_t index, bool feedback)
{
	const struct server_stream stream = stream_of(s, member, index);
	const struct seat *seat = &s->seats[member];
	struct am_msg m = {
	        .type = AM_CMD_SUBSCRIPTION_ADD,
	        .subscription_add =
	                {
	                        .subscription_id =
	                                am_id_make(member * s->track_count + index, seat->epoch),
	                        .track_id = s->tracks[index].id,
	                        .transport_id = seat->transport.id,
	                        .ssrc = stream.ssrc,
	                        .rtx_ssrc = stream.rtx_ssrc,
	                        .spatial_layer = AM_ENCODING_MAX - 1,
	                        .temporal_layer = AM_ENCODING_MAX - 1,
	                        .transport_cc = feedback,
	                },
	};

	memcpy(m.subscription_add.mid, stream.mid, sizeof(m.subscription_add.mid));
	post(s, member, &m);
}

static void post_transport(struct server *s, uint32_t member, const uint8_t fingerprint[32])
{
	struct seat *seat = &s->seats[member];
	struct am_msg m;

	seat->transport.id = am_id_make(member, seat->epoch);
	driver_transport_fill(&seat->transport, ROOM, &m);
	post(s, member, &m);
	m = (struct am_msg){
	        .type = AM_CMD_TRANSPORT_CONNECT,
	        .transport_connect = {.transport_id = seat->transport.id},
	};
	memcpy(m.transport_connect.fingerprint.bytes, fingerprint, 32);
	post(s, member, &m);
}

static int amphi_member_add(struct server *s, uint32_t member, const struct server_client *c)
{
	uint16_t tracks = c->tracks ? c->track_count : s->track_count;
	struct seat *seat = &s->seats[member];

	if (member >= AM_TRANSPORT_MAX ||
	    (!c->tracks && (member + 1) * s->track_count > AM_SUBSCRIPTION_MAX) ||
	    (c->tracks && s->track_count + tracks > SERVER_STREAM_MAX))
		return -ENOSPC;
	if (s->posted + 2u + tracks > POSTED_MAX || seat->waiting != 0)
		return -EAGAIN;
	*seat = (struct seat){.epoch = seat->epoch + 1, .joining = true, .viewer = !c->tracks};
	post_transport(s, member, c->fingerprint);
	for (uint16_t i = 0; i < tracks; i++) {
		if (c->tracks)
			post_track(s, member, i, &c->tracks[i]);
		else
			post_subscription(s, member, i, c->feedback);
	}
	return 0;
}

static int amphi_member_remove(struct server *s, uint32_t member)
{
	struct am_msg m = {
	        .type = AM_CMD_TRANSPORT_REMOVE,
	        .id = {.id = s->seats[member].transport.id},
	};

	if (s->posted + 1 > POSTED_MAX || s->seats[member].waiting != 0)
		return -EAGAIN;
	post(s, member, &m);
	return 0;
}

static void ready(struct server *s, uint32_t member)
{
	const struct am_region_header *h = &s->driver.region.map->header;
	struct server_stream streams[SERVER_STREAM_MAX];
	struct seat *seat = &s->seats[member];
	struct server_answer answer = {
	        .ufrag = seat->transport.ufrag,
	        .pwd = seat->transport.pwd,
	        .fingerprint = h->dtls_fingerprint,
	        .ip = NET_SERVER,
	        .port = h->udp_port,
	        .streams = streams,
	        .stream_count = seat->viewer ? s->track_count : 0,
	};

	seat->joining = false;
	for (uint16_t i = 0; i < answer.stream_count; i++)
		streams[i] = stream_of(s, member, i);
	s->events.ready(s->events.context, member, seat->result, seat->result < 0 ? NULL : &answer);
}

static void acked(void *context, uint32_t sequence, int32_t result)
{
	struct server *s = context;
	uint32_t member = s->owners[sequence % POSTED_MAX];
	struct seat *seat = &s->seats[member];

	s->posted--;
	seat->waiting--;
	if (result < 0 && seat->result == 0)
		seat->result = result;
	if (seat->waiting == 0 && seat->joining)
		ready(s, member);
}

static int amphi_poll(struct server *s)
{
	if (s->asleep) {
		int ret = driver_wake(&s->driver);
		if (ret < 0)
			return ret;
		s->asleep = false;
	}
	driver_collect(&s->driver, acked, s);
	return 0;
}

static void amphi_counts(struct server *s, struct server_counts *c)
{
	const struct driver *d = &s->driver;

	*c = (struct server_counts){
	        .busy = driver_counter(d, AM_COUNTER_busy_cycles),
	        .total = driver_counter(d, AM_COUNTER_busy_cycles) +
	                 driver_counter(d, AM_COUNTER_idle_cycles),
	        .cpu_ns = process_cpu_ns(s->pid, WORKER_THREAD),
	        .packets_in = driver_counter(d, AM_COUNTER_rx_packets),
	        .packets_out = driver_counter(d, AM_COUNTER_tx_packets),
	        .drops = driver_drops(d),
	        .memory = process_memory(s->pid),
	};
}

static uint32_t amphi_shed(struct server *s)
{
	struct am_region_header *h = &s->driver.region.map->header;
	uint32_t most = 0;

	for (uint32_t i = 0; i < h->worker_count; i++) {
		uint32_t shed = atomic_load(&h->workers[i].shed);
		most = shed > most ? shed : most;
	}
	return most;
}

static void amphi_drops(
        struct server *s, void (*one)(void *context, const char *name, uint64_t count),
        void *context
)
{
	const struct am_region_header *h = &s->driver.region.map->header;

	for (uint16_t i = 0; i < h->drop_count && i < AM_DROP_MAX; i++) {
		uint64_t n = driver_drop(&s->driver, h->drop_names[i].name);
		if (n > 0)
			one(context, h->drop_names[i].name, n);
	}
}

const struct server_calls server_amphi = {
        .name = "amphi",
        .memory_counted = "resident memory of the data plane (Rss of smaps_rollup: heap, and its "
                          "part of the shared region) with hugepages",
        .polls = true,
        .open = amphi_open,
        .close = amphi_close,
        .member_add = amphi_member_add,
        .member_remove = amphi_member_remove,
        .poll = amphi_poll,
        .counts = amphi_counts,
        .shed = amphi_shed,
        .drops = amphi_drops,
};
