// How much one account uses at this moment. Exists as long as the account has a room.
#pragma once

#include <stdint.h>

#include "account/account.h"
#include "base/map.h"

struct usage {
	struct map_node by_account;
	char key[20 + 1];
	uint32_t count[QUOTA_COUNT];
	uint64_t told_ms; // when the log last said that it is too much; 0: never
};
