// What accounts may have at a time.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "account/account.h"

struct conference;

// Whether the account may have one more; if not, logs that.
[[nodiscard]] bool conference_quota_allows(struct conference *, uint64_t account_id, enum quota);
