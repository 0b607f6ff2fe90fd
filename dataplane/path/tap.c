#include "path/tap.h"

#include "am_reader.h"
#include "path/incoming.h"
#include "path/pli.h"

// What entries of packets and of reports have in common.
static struct am_tap_entry *entry_begin(struct worker *w, const struct track *t, uint8_t stream)
{
	struct am_tap_entry *e = tap_writer_begin(&w->tap);

	e->id = t->params.track_id;
	e->codec = t->params.codec;
	e->encoding = stream;
	e->source = t->streams[stream].numbering.source;
	return e;
}

static void extensions_copy(const struct incoming *in, struct am_tap_entry *e)
{
	const uint8_t *level = incoming_ext(in, AM_EXT_AUDIO_LEVEL, 1);
	const uint8_t *sent = incoming_ext(in, AM_EXT_ABS_SEND_TIME, 3);

	if (level) {
		e->level = *level;
		e->flags |= AM_TAP_LEVEL;
	}
	if (sent && !in->rtx) { // an RTX packet tells when it was sent itself
		e->send_time = (uint32_t)sent[0] << 16 | (uint32_t)sent[1] << 8 | sent[2];
		e->flags |= AM_TAP_SEND_TIME;
	}
}

void tap_packet(struct worker *w, const struct incoming *in)
{
	if (!w->tap.ring || in->view.payload_len > AM_TAP_PAYLOAD_MAX)
		return;
	struct am_tap_entry *e = entry_begin(w, in->track, in->index);
	e->kind = AM_TAP_PACKET;
	e->source = in->source; // it may have waited
	e->arrival_us = in->arrival_us;
	e->seq = in->source_seq;
	e->timestamp = in->view.timestamp;
	e->flags = in->view.marker ? AM_TAP_MARKER : 0;
	extensions_copy(in, e);
	e->len = in->view.payload_len;
	memcpy(e->payload, in->bytes + in->view.payload_offset, e->len);
	tap_writer_end(&w->tap);
	worker_count(w, AM_COUNTER_tapped, 1);
}

void tap_report(struct worker *w, const struct track *t, uint8_t stream)
{
	const struct track_stream *s = &t->streams[stream];

	if (!w->tap.ring || !s->clock.known)
		return;
	struct am_tap_entry *e = entry_begin(w, t, stream);
	e->kind = AM_TAP_REPORT;
	e->arrival_us = s->reception.sr_arrival_us;
	e->ntp = s->clock.ntp;
	e->timestamp = s->clock.rtp_timestamp;
	tap_writer_end(&w->tap);
}

void tap_request_key_frames(struct worker *w, struct track *t)
{
	uint8_t active = track_active(t, w->now_us);

	for (uint8_t i = 0; i < t->params.encoding_count; i++) {
		if (active & 1 << i)
			pli_request(w, t, i);
	}
}

void tap_begin(struct worker *w, struct track *t)
{
	for (uint8_t i = 0; i < t->params.encoding_count; i++)
		tap_report(w, t, i);
	tap_request_key_frames(w, t);
}

bool tap_has_lost(const struct worker *w, const struct track *t, struct track_stream *s)
{
	if (!t->tapped || t->paused)
		return false;
	uint64_t missing = nack_missing_since(&s->nack, w->now_us - TAP_WAIT_US);
	uint64_t lost = RTE_MAX(s->nack.lost, missing);
	if (lost <= s->key_seq || lost <= s->tap_lost)
		return false;
	s->tap_lost = lost;
	return true;
}
