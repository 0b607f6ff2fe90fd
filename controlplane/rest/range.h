// Which part of a file a request asks for, and whether the client has it already (RFC 9110 13 and
// 14): plain functions.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define RANGE_ETAG_SIZE 80
#define RANGE_DATE_SIZE 32

// The state of a file as clients know it.
struct validators {
	char etag[RANGE_ETAG_SIZE]; // weak, "W/…", while the file may still change
	char date[RANGE_DATE_SIZE]; // "Sun, 06 Nov 1994 08:49:37 GMT"
};

void validators_make(
        struct validators *v, uint64_t inode, uint64_t size, int64_t changed_ns, bool complete
);

// The headers of a request that matter here. Longer ones than these do not count.
struct range_headers {
	char range[64];
	char if_range[RANGE_ETAG_SIZE];
	char if_none_match[512];
	char if_modified_since[RANGE_DATE_SIZE];
};

// Whether the client has the file as it is: the answer is 304.
[[nodiscard]] bool range_is_known(const struct range_headers *, const struct validators *);

enum range_kind {
	RANGE_WHOLE, // 200
	RANGE_PART, // 206
	RANGE_OUTSIDE, // 416
};

// *first and *count are the bytes to send of a file with `size` bytes. A header with several
// ranges, or one that breaks the syntax, asks for the whole file (RFC 9110 14.2 allows that).
[[nodiscard]] enum range_kind range_choose(
        const struct range_headers *h, const struct validators *v, uint64_t size, uint64_t *first,
        uint64_t *count
);
