#include "recording/people.h"

#include "base/memory.h"
#include "recording/state.h"

#include <stdlib.h>

const struct participant *people_find(const struct recording *r, uint64_t publisher)
{
	for (uint32_t i = 0; i < r->participant_count; i++) {
		if (r->participants[i].publisher == publisher)
			return &r->participants[i];
	}
	return NULL;
}

void people_add(struct recording *r, uint64_t publisher, const char *peer_id, const char *name)
{
	if (r->participant_count == RECORDING_PARTICIPANT_MAX || people_find(r, publisher))
		return;
	r->participants =
	        memory_grow(r->participants, r->participant_count + 1, sizeof(*r->participants));
	r->participants[r->participant_count++] = (struct participant){
	        .publisher = publisher,
	        .peer_id = memory_copy_string(peer_id),
	        .name = memory_copy_string(name),
	};
	r->copy_due = true;
}

void people_lead(struct recording *r, uint64_t publisher, int64_t time_ms)
{
	if (r->leading_count == RECORDING_LEADER_MAX)
		return;
	r->leadings = memory_grow(r->leadings, r->leading_count + 1, sizeof(*r->leadings));
	r->leadings[r->leading_count++] = (struct leading){time_ms, publisher};
	r->copy_due = true;
}

void people_pause(struct recording *r, int64_t time_ms, int64_t since_us)
{
	if (r->pause_count == RECORDING_LEADER_MAX)
		return;
	r->pauses = memory_grow(r->pauses, r->pause_count + 1, sizeof(*r->pauses));
	r->pauses[r->pause_count++] = (struct pausing){time_ms, since_us, 0};
	r->copy_due = true;
}

void people_resume(struct recording *r, int64_t until_us)
{
	if (r->pause_count == 0 || r->pauses[r->pause_count - 1].until_us)
		return;
	r->pauses[r->pause_count - 1].until_us = until_us;
	r->copy_due = true;
}

void people_free(struct recording *r)
{
	for (uint32_t i = 0; i < r->participant_count; i++) {
		free(r->participants[i].peer_id);
		free(r->participants[i].name);
	}
	free(r->participants);
	free(r->leadings);
	free(r->pauses);
}
