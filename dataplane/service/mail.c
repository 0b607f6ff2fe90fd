#include "service/mail.h"

#include <stdlib.h>
#include <unistd.h>

#include <rte_ring_elem.h>

#include "am_log.h"
#include "path/inbox.h"
#include "path/post.h"
#include "path/worker.h"
#include "service/records.h"
#include "service/registry.h"

#define COLLECT_BATCH  32
#define POST_WAIT_US   20
#define POST_WAITS_MAX 250000 // 5 s: a worker that takes nothing for so long is dead

unsigned mail_collect(struct registry *r)
{
	struct message batch[COLLECT_BATCH];
	unsigned total = 0, n;

	for (uint16_t i = 0; i < r->worker_count; i++) {
		do {
			n = rte_ring_sc_dequeue_burst_elem(
			        r->workers[i].replies, batch, sizeof(*batch), COLLECT_BATCH, NULL
			);
			for (unsigned j = 0; j < n; j++)
				r->reply(r, i, &batch[j]);
			total += n;
		} while (n == COLLECT_BATCH);
	}
	return total;
}

void mail_drain(struct registry *r)
{
	for (uint16_t i = 0; i < r->worker_count; i++) {
		while (inbox_service(&r->workers[i], WORKER_INBOX) > 0)
			mail_collect(r);
	}
	mail_collect(r);
}

void mail_post(struct registry *r, uint16_t worker, const struct message *msg)
{
	struct rte_ring *inbox = r->workers[worker].inbox;

	for (int waits = 0; !message_post(inbox, msg); waits++) {
		// The worker may wait for room in its replies: collecting goes first.
		mail_collect(r);
		if (r->workers_returned) {
			mail_drain(r);
			continue;
		}
		if (waits == POST_WAITS_MAX) {
			am_error(
			        "service: a worker takes no messages, giving up; worker=%u", worker
			);
			abort();
		}
		usleep(POST_WAIT_US);
	}
}

void mail_post_track(struct registry *r, const struct source *s, uint16_t type, uint32_t value)
{
	if (s->placed)
		mail_post(
		        r, s->session->worker,
		        &(struct message){.type = type, .id = s->params.track_id, .value = value}
		);
}
