// Links to files of recordings, which need no token.
#pragma once

#include <stdbool.h>

#include "rest/call.h"

#define REST_FILE_NAME_SIZE (2 * REST_ARGUMENT_MAX + 2)

// The file that the call's path names after the recording, in one argument or two.
void rest_file_name(const struct rest_call *, char name[REST_FILE_NAME_SIZE]);

// Whether the request's address is a link, good or bad.
[[nodiscard]] bool rest_link_is_given(const struct rest_call *);

// 0 if the link admits to the call's file, whose account is then the call's; -EKEYEXPIRED, or
// -EKEYREJECTED.
[[nodiscard]] int rest_link_check(struct rest_call *);
