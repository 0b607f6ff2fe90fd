#include "path/pli.h"

#include <rte_mbuf.h>

#include "path/figures.h"
#include "path/post.h"
#include "path/rtcp_send.h"
#include "wire/rtcp.h"

#define PLI_SIZE 12 // bytes: RFC 4585 6.3.1

static void pli_send(struct worker *w, struct track *track, uint8_t stream)
{
	const struct track_stream *s = &track->streams[stream];
	struct transport *t = track->transport;
	uint8_t *payload;

	if (!transport_is_reachable(t) || s->ssrc == 0)
		return;
	struct rte_mbuf *m = rtcp_send_alloc(w, t, PLI_SIZE, &payload);
	if (!m)
		return;
	const struct rtcp_feedback f = {t->feedback_ssrc, s->ssrc};
	rtcp_send(w, t, m, payload, rtcp_build_pli(payload, PLI_SIZE, &f));
	worker_count(w, AM_COUNTER_plis_sent, 1);
	figures_stream_pli(w, track, stream);
}

void pli_request(struct worker *w, struct track *track, uint8_t stream)
{
	if (stream >= track->params.encoding_count || track->params.codec == AM_CODEC_OPUS)
		return;
	if (keyframe_request(&track->streams[stream].keyframe, w->now_us))
		pli_send(w, track, stream);
}

void pli_tick(struct worker *w, struct track *track, uint8_t stream)
{
	if (keyframe_due(&track->streams[stream].keyframe, w->now_us))
		pli_send(w, track, stream);
}

void pli_ask(struct worker *w, const struct fanout *f, uint8_t stream)
{
	const struct message msg = {.type = MESSAGE_KEY_FRAME, .id = f->track_id, .value = stream};

	if (f->owner == w->index) {
		struct track *track = worker_track(w, f->track_id);
		if (track)
			pli_request(w, track, stream);
		return;
	}
	if (f->owner == WORKER_NONE)
		return;
	// If the ring is full, viewers that still need a key frame request it again.
	(void)!message_post(w->workers[f->owner].handovers[w->index], &msg);
}
