#include "stage.h"

#include "members.h"
#include "nic.h"

#include <rte_cycles.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TURN_NS     2000000000ull // how long the same voices are heard
#define OFFSET_US   1370000 // between two speakers' places in the clip
#define SSRC_FIRST  0x20000000u
#define SSRC_STRIDE 16
#define PT_VP8      96
#define PT_RTX      97
#define PT_OPUS     111
#define CNAME       "speaker"

static int clips_read(struct stage *s)
{
	const struct load *load = s->options.load;
	char path[512];

	snprintf(path, sizeof(path), "%s/720p.ivf", s->options.clips);
	int ret = clip_video_init(&s->large, path);
	if (ret == 0 && load->large < load->speakers) {
		snprintf(path, sizeof(path), "%s/180p.ivf", s->options.clips);
		ret = clip_video_init(&s->small, path);
		if (load->slow > 1)
			s->small.frame_ticks *= load->slow;
	}
	if (ret == 0) {
		snprintf(path, sizeof(path), "%s/sound.opus", s->options.clips);
		ret = clip_audio_init(&s->sound, path);
	}
	return ret;
}

int stage_init(struct stage *s, const struct stage_options *o)
{
	*s = (struct stage){
	        .options = *o,
	        .rehearsing = true,
	        .track_count = (uint16_t)(o->load->speakers * LOAD_TRACKS),
	};
	s->sources = calloc(s->track_count, sizeof(*s->sources));
	s->speakers = calloc(o->load->speakers, sizeof(*s->speakers));
	int ret = s->sources && s->speakers ? clips_read(s) : -ENOMEM;
	if (ret < 0)
		stage_fini(s);
	for (uint16_t i = 0; ret == 0 && i < s->track_count; i++)
		s->sources[i].video = i % LOAD_TRACKS == 0;
	return ret;
}

void stage_fini(struct stage *s)
{
	for (uint16_t i = 0; s->speakers && i < s->options.load->speakers; i++) {
		if (s->speakers[i].started_ns != 0)
			speaker_fini(&s->speakers[i].speaker);
	}
	clip_fini(&s->large);
	clip_fini(&s->small);
	clip_fini(&s->sound);
	free(s->sources);
	free(s->speakers);
	*s = (struct stage){0};
}

void stage_tracks(uint32_t speaker, struct server_track tracks[LOAD_TRACKS])
{
	uint32_t ssrc = SSRC_FIRST + speaker * SSRC_STRIDE;

	tracks[0] = (struct server_track){
	        .ssrc = ssrc,
	        .rtx_ssrc = ssrc + 1,
	        .payload_type = PT_VP8,
	        .rtx_payload_type = PT_RTX,
	        .video = true,
	        .mid = "0",
	};
	tracks[1] = (struct server_track){
	        .ssrc = ssrc + 2,
	        .payload_type = PT_OPUS,
	        .mid = "1",
	};
}

static void packet_sent(void *context, const struct speaker_packet *p)
{
	struct stage_speaker *sp = context;
	struct stage *s = sp->stage;
	struct source *source = &s->sources[sp->member * LOAD_TRACKS + (p->video ? 0 : 1)];

	if (p->resent)
		return;
	struct source_packet *kept =
	        source_add(source, &s->latency, p->seq, p->timestamp, p->payload, p->payload_len);
	kept->measured = s->measuring;
	kept->sent = rte_rdtsc();
	if (s->fresh_count < STAGE_PACKETS_TICK)
		s->fresh[s->fresh_count++] = kept;
}

static void packet_send(void *context, const uint8_t *packet, size_t len)
{
	struct stage_speaker *sp = context;
	members_send(sp->stage->options.members, sp->member, packet, len);
}

int stage_start(struct stage *s, uint32_t speaker, uint64_t now_ns)
{
	const struct load *load = s->options.load;
	struct stage_speaker *sp = &s->speakers[speaker];
	struct server_track tracks[LOAD_TRACKS];
	struct speaker_config config = {
	        .video = speaker < load->large ? &s->large : &s->small,
	        .audio = &s->sound,
	        .video_pt = PT_VP8,
	        .video_rtx_pt = PT_RTX,
	        .audio_pt = PT_OPUS,
	        .cname = CNAME,
	        .start_offset_us = (uint64_t)speaker * OFFSET_US,
	        .keys = &s->options.members->all[speaker].keys,
	        .send = packet_send,
	        .sent = packet_sent,
	        .context = sp,
	};

	stage_tracks(speaker, tracks);
	config.video_ssrc = tracks[0].ssrc;
	config.video_rtx_ssrc = tracks[0].rtx_ssrc;
	config.audio_ssrc = tracks[1].ssrc;
	strcpy(config.video_mid, tracks[0].mid);
	strcpy(config.audio_mid, tracks[1].mid);
	memcpy(config.ext_id, server_extension_ids, sizeof(config.ext_id));
	sp->stage = s;
	sp->member = speaker;
	int ret = speaker_init(&sp->speaker, &config);
	if (ret < 0)
		return ret;
	sp->started_ns = now_ns;
	s->due_ns = now_ns;
	return 0;
}

bool stage_in_step(const struct stage *s)
{
	for (uint16_t i = 0; i < s->options.load->speakers; i++) {
		const struct speaker *sp = &s->speakers[i].speaker;
		if (sp->key_wanted || sp->video.frame > sp->video.slot)
			return false;
	}
	return true;
}

bool stage_speaks(const struct stage *s, uint16_t track)
{
	const struct load *load = s->options.load;
	uint16_t speaker = track / LOAD_TRACKS;
	uint16_t turn = (uint16_t)((speaker + load->speakers - s->voice) % load->speakers);

	if (s->stopped || s->speakers[speaker].started_ns == 0)
		return false;
	return track % LOAD_TRACKS == 0 || s->rehearsing || turn < load->voices;
}

static void voices_turn(struct stage *s, uint64_t now_ns)
{
	if (now_ns < s->turn_ns)
		return;
	s->turn_ns = now_ns + TURN_NS;
	s->voice = (uint16_t)((s->voice + 1) % s->options.load->speakers);
}

// Flushes the port, and sets the sending time of this tick's packets.
static void packets_flush(struct stage *s)
{
	uint64_t now = rte_rdtsc();

	for (uint16_t i = 0; i < s->fresh_count; i++)
		s->fresh[i]->sent = now;
	s->fresh_count = 0;
	nic_flush(s->options.nic);
}

// Lets one speaker send; returns when it has something to send next.
static uint64_t speaker_turn(struct stage *s, uint16_t speaker, uint64_t now_ns, unsigned *sent)
{
	struct stage_speaker *sp = &s->speakers[speaker];

	if (sp->started_ns == 0)
		return UINT64_MAX;
	if (speaker_deadline(&sp->speaker) <= now_ns) {
		sp->speaker.muted = !stage_speaks(s, (uint16_t)(speaker * LOAD_TRACKS + 1));
		*sent += speaker_tick(&sp->speaker, now_ns);
		packets_flush(s);
	}
	return speaker_deadline(&sp->speaker);
}

unsigned stage_tick(struct stage *s, uint64_t now_ns)
{
	unsigned sent = 0;

	if (s->stopped || now_ns < s->due_ns)
		return 0;
	voices_turn(s, now_ns);
	s->due_ns = UINT64_MAX;
	for (uint16_t i = 0; i < s->options.load->speakers; i++) {
		uint64_t due_ns = speaker_turn(s, i, now_ns, &sent);
		if (due_ns < s->due_ns)
			s->due_ns = due_ns;
	}
	return sent;
}

void stage_receive(struct stage *s, uint32_t speaker, uint8_t *packet, size_t len, uint64_t now_ns)
{
	struct speaker *sp = &s->speakers[speaker].speaker;

	if (s->speakers[speaker].started_ns == 0)
		return;
	speaker_receive(sp, packet, len, now_ns);
	if (speaker_deadline(sp) < s->due_ns)
		s->due_ns = speaker_deadline(sp);
}
