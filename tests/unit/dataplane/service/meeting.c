#include "meeting.h"

#include <rte_eal.h>

#include "path/inbox.h"
#include "service/mail.h"
#include "service/reply.h"
#include "service/session.h"
#include "service/sink.h"
#include "service/source.h"
#include "test.h"

struct meeting meeting;

int meeting_open(void **)
{
	char *argv[] = {
	        "service_test",   "--no-huge",      "-m",          "64", "--no-pci",
	        "--no-telemetry", "--iova-mode=va", "--no-shconf", NULL,
	};
	if (rte_eal_init(8, argv) < 0)
		return -1;
	return rig_init_workers(&meeting.rig, MEETING_WORKERS, 1023, 0) < 0 ? -1 : 0;
}

void meeting_settle(void)
{
	for (int i = 0; i < MEETING_WORKERS; i++) {
		while (inbox_service(&meeting.rig.worker[i], WORKER_INBOX) > 0)
			mail_collect(&meeting.registry);
	}
	mail_collect(&meeting.registry);
}

struct session *meeting_session(uint32_t slot, uint64_t room_id)
{
	struct session *s = calloc(1, sizeof(*s));

	s->id = am_id_make(slot, 1);
	s->room_id = room_id;
	assert_int_equal(registry_add_session(&meeting.registry, s), 0);
	return s;
}

void meeting_leave(struct session *s)
{
	session_remove(&meeting.registry, s);
	free(s);
	meeting_settle();
}

void meeting_begin(bool screen)
{
	assert_int_equal(am_region_new(&meeting.region, MEETING_WORKERS), 0);
	registry_init(
	        &meeting.registry, &meeting.region, meeting.rig.worker, MEETING_WORKERS,
	        reply_handle
	);
	struct session *speaker = meeting_session(0, MEETING_ROOM),
	               *viewer = meeting_session(1, MEETING_ROOM);
	const struct am_cmd_track_add track = {
	        .track_id = MEETING_TRACK,
	        .transport_id = speaker->id,
	        .clock_rate = 90000,
	        .codec = AM_CODEC_VP8,
	        .room_rtx_payload_type = 102,
	        .screen = screen,
	        .encoding_count = 1,
	};
	assert_int_equal(source_add(&meeting.registry, &track), 0);
	assert_int_equal(session_place(&meeting.registry, speaker, 0), 0);
	assert_int_equal(session_place(&meeting.registry, viewer, 0), 0);
	meeting_settle();
}

void meeting_end(void)
{
	struct session *s;

	while ((s = TAILQ_FIRST(&meeting.registry.all)))
		meeting_leave(s);
	am_region_leave(&meeting.region);
}

int meeting_subscribe(uint32_t slot, uint32_t ssrc, uint32_t rtx_ssrc)
{
	const struct am_cmd_subscription_add add = {
	        .subscription_id = am_id_make(slot, 1),
	        .track_id = MEETING_TRACK,
	        .transport_id = MEETING_VIEWER,
	        .ssrc = ssrc,
	        .rtx_ssrc = rtx_ssrc,
	        .mid = "7",
	};
	int ret = sink_add(&meeting.registry, &add);
	meeting_settle();
	return ret;
}

void meeting_unsubscribe(uint32_t slot)
{
	sink_remove(&meeting.registry, registry_sink(&meeting.registry, am_id_make(slot, 1)));
	meeting_settle();
}
