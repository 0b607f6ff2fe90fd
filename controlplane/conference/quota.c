#include "conference/quota.h"

#include "conference/state.h"
#include "terms/metrics.h"

#include "am_log.h"

#define QUOTA_TOLD_MS 60000 // between two lines in the log about one account

bool conference_quota_allows(struct conference *c, uint64_t account_id, enum quota q)
{
	static const char *const settings[] = {
#define QUOTA_NAME(quota, setting, standard, help) [QUOTA_##quota] = setting,
	        QUOTAS(QUOTA_NAME)
#undef QUOTA_NAME
	};
	const struct account *a = c->accounts ? accounts_by_id(c->accounts, account_id) : NULL;
	struct usage *u = rooms_usage(&c->rooms, account_id);
	uint64_t now_ms = loop_now_ms(c->loop);

	if (!a || (u ? u->count[q] : 0) < a->quotas[q])
		return true;
	metric_count(METRIC_quota_refused);
	if (!u || (u->told_ms && now_ms - u->told_ms < QUOTA_TOLD_MS))
		return false;
	u->told_ms = now_ms;
	am_warning(
	        "accounts: %s has reached its %s of %u; to raise it: amphictl account set %s "
	        "--%s NUMBER",
	        a->name, settings[q], a->quotas[q], a->name, settings[q]
	);
	return false;
}
