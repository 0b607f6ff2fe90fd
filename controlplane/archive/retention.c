#include "archive/retention.h"

#include "account/account.h"
#include "archive/archive.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/memory.h"

#include "am_log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)

// One look goes through the accounts in the order of their names. A step asks for expired
// recordings of one account, and removes these one after the other.
struct retention {
	struct archive *archive;
	struct loop *loop;
	const struct accounts *accounts;
	struct loop_timer timer;
	char account[ACCOUNT_NAME_MAX + 1]; // whose turn it is; empty: a look begins
	bool more; // the account may have more of them
	uint64_t account_id;
	uint32_t count, removed; // of this step
	uint64_t ids[ARCHIVE_EXPIRED_MAX];
};

static void step_go_on(struct retention *r);

static void recording_removed(void *owner, int result)
{
	struct retention *r = owner;

	if (result == -ECANCELED) // the process ends
		return;
	r->more &= result == 0; // else the same ones would come again at once
	step_go_on(r);
}

// Removes the step's next recording, or ends the step.
static void step_go_on(struct retention *r)
{
	if (r->removed == r->count) {
		loop_timer_set(r->loop, &r->timer, RETENTION_NEXT_MS);
		return;
	}
	uint64_t id = r->ids[r->removed++];
	am_info("archive: removing an expired recording; account=%s recording=%016" PRIx64,
	        r->account, id);
	archive_remove(r->archive, r->account_id, id, recording_removed, r);
}

static void expired_found(void *owner, int result, const uint64_t ids[], uint32_t count)
{
	struct retention *r = owner;

	if (result == -ECANCELED)
		return;
	r->count = count;
	r->removed = 0;
	r->more = count == ARCHIVE_EXPIRED_MAX;
	memcpy(r->ids, ids, count * sizeof(ids[0]));
	step_go_on(r);
}

// The account whose turn it is, or NULL at the end of a look.
static const struct account *account_next(const struct retention *r)
{
	const struct account *a = accounts_next(r->accounts, NULL);

	for (; a; a = accounts_next(r->accounts, a)) {
		int order = strcmp(a->name, r->account);
		if (a->record_days && (order > 0 || (order == 0 && r->more)))
			return a;
	}
	return NULL;
}

static void step(void *owner)
{
	struct retention *r = owner;
	const struct account *a = account_next(r);

	r->more = false;
	if (!a) {
		r->account[0] = '\0';
		loop_timer_set(r->loop, &r->timer, RETENTION_MS);
		return;
	}
	strcpy(r->account, a->name);
	r->account_id = a->id;
	archive_find_expired(
	        r->archive, a->id, clock_real_ms() - a->record_days * DAY_MS, expired_found, r
	);
}

struct retention *
retention_create(struct loop *l, struct archive *a, const struct accounts *accounts)
{
	struct retention *r = memory_new(1, sizeof(*r));

	r->archive = a;
	r->loop = l;
	r->accounts = accounts;
	r->timer = (struct loop_timer){.expired = step, .owner = r};
	loop_timer_set(r->loop, &r->timer, RETENTION_NEXT_MS);
	return r;
}

void retention_destroy(struct retention *r)
{
	loop_timer_cancel(r->loop, &r->timer);
	free(r);
}
